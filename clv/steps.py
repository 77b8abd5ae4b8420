"""The steps, in the README's order. Each takes the workspace and hands back its record; `pipeline.py` writes and logs it."""

import datetime as dt
import json
import tempfile
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd

from clv import clusters, drift, metrics, model, naive, ranking, reports, review, store, tracking, transactions, windows
from clv import simulate as simulation
from clv.errors import InputError, UserError
from clv.record import Candidate, Record
from clv.workspace import Workspace

RANKED, CLUSTERED, RANKINGS = "clv_ranked_predictions.csv", "clv_clustered_customers.csv", "clv_cluster_rankings.csv"
FEATURES, PICTURE = "clv_features.parquet", "clv_by_rank_and_cluster.png"
LONG_SILENCE_DAYS = 31      # without an order before the as-of date: the export may have stopped
SAME_HISTORY = 0.2          # revenue of the same days may differ by this share (late returns) and be the same business


def simulate(work: Workspace) -> Record:
    """Write a purchase history with known true CLV; a file with other content is never overwritten."""
    chosen = work.config.simulate
    history, truth = simulation.simulate(chosen.customers, chosen.first_day, chosen.days, work.config.seed)
    path, text = Path(chosen.path), history.to_csv(index=False)
    if path.exists() and path.read_text() != text:
        raise UserError(f"{path} exists and holds something else; nothing was written."
                        "\nHint: choose another simulate.path, or move that file away.")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    end = (dt.date.fromisoformat(chosen.first_day) + dt.timedelta(days=chosen.days)).isoformat()
    clv = simulation.true_clv(truth, chosen.first_day, end, work.config.window.horizon_days).reset_index()
    return Record(f"{len(history):,} rows of {history['customer_id'].nunique():,} customers in {path}",
                  artifacts={f"true_clv_{end}.csv": clv}, metrics={"rows": len(history)})


def read(work: Workspace) -> Record:
    """The purchase history, typed and checked. The rejects and the counts are kept even when the run is refused."""
    data, found = work.config.data, work.transactions
    quality = {"path": data.path} | found.quality
    folder = Path(work.config.outputs) / "data_quality"
    store.replace(folder / "rejected_rows.csv", found.rejected)
    store.replace(folder / "data_quality.json", store.as_json(quality))
    counts = {name: quality[name] for name in ("rows", "rejected_rows", "return_rows", "customers")}
    return Record(
        f"{quality['rows']:,} rows, {quality['customers_with_an_order']:,} customers with an order, {quality['first_day']} to {quality['last_day']}, "
        f"{quality['rejected_rows']:,} rows rejected",
        artifacts={"data_quality/rejected_rows.csv": found.rejected, "data_quality/data_quality.json": quality},
        metrics={f"data/{name}": value for name, value in counts.items()}, tags={"data_sha256": quality["sha256"]},
        dataset=dataset(work),
        refused=transactions.refusal(found, data.max_rejected_share, data.path))


def dataset(work: Workspace) -> dict:
    """The data that the run read, as the UI shows it: a digest and counts."""
    path, quality = work.config.data.path, work.transactions.quality
    profile = {name: quality[name] for name in ("rows", "rejected_rows", "return_rows", "customers", "first_day", "last_day")}
    return {"name": Path(path).name, "digest": quality["sha256"][:32], "source": path, "profile": {"num_rows": quality["rows"]} | profile}


def features(work: Workspace) -> Record:
    """The feature table at the as-of date."""
    table = work.snapshot(work.as_of, work.definition)
    return Record(f"{len(table):,} customers x {table.shape[1] - 2} features as of {work.as_of}",
                  outputs={FEATURES: table.assign(as_of=work.as_of.isoformat())},
                  artifacts={f"outputs/{FEATURES}": without_ids(table, work).assign(as_of=work.as_of.isoformat())},
                  metrics={"features/customers": len(table), "features/columns": table.shape[1] - 2})


def without_ids(table: pd.DataFrame, work: Workspace) -> pd.DataFrame:
    return table if work.config.tracking.log_customer_ids else table.drop(columns="customer_id")


def train(work: Workspace) -> Record:
    """Fit on the training snapshots, measure out of time on the evaluation snapshot, and hand over the model that was measured."""
    config, plan = work.config, work.windows
    snapshots = [work.labelled(cutoff, work.definition) for cutoff in plan.training]
    columns = work.definition.columns(config.features.moving)
    booster = model.fit(snapshots, columns, asdict(config.model), config.seed, config.compute.threads)
    evaluation = work.labelled(plan.evaluation, work.definition)
    evaluation["predicted_clv"] = model.predict(booster, evaluation)
    last = windows.actual_clv(evaluation["customer_id"], work.purchases,
                              plan.evaluation - dt.timedelta(days=plan.horizon_days), plan.horizon_days)
    recipes = {"model": evaluation["predicted_clv"].to_numpy()} | naive.predictions(
        evaluation, snapshots[-1]["actual_clv"].mean(), last.to_numpy(), plan.horizon_days)
    figures = {name: intervals(work, evaluation["actual_clv"], predicted) for name, predicted in recipes.items()}
    quality = work.transactions.quality
    facts = {"data": Path(config.data.path).name, "data_sha256": quality["sha256"],
             "evaluation_revenue": windows.net_revenue(work.purchases, plan.evaluation, plan.as_of), "definition": work.definition.as_dict(), "inputs": columns, "horizon_days": plan.horizon_days,
             "training_cutoffs": [day.isoformat() for day in plan.training], "evaluation_cutoff": plan.evaluation.isoformat(),
             "seed": config.seed}
    ours = figures["model"]["value"]
    leaderboard = pd.concat({name: table.round(6) for name, table in figures.items()}, names=["recipe", "metric"]).reset_index()
    leaderboard = leaderboard.assign(evaluation_cutoff=facts["evaluation_cutoff"], horizon_days=plan.horizon_days)
    return Record(
        f"{len(plan.training)} snapshots, {booster.num_boosted_rounds()} trees; on {len(evaluation):,} customers out of time "
        f"({plan.evaluation}): RMSE {ours['rmse']:.4g}, R2 {ours['r2']:.3f}, Gini {ours['normalized_gini']:.3f}, bias {ours['bias']:.2f}",
        outputs={"clv_model_metrics.csv": leaderboard},
        artifacts=pictures(evaluation, recipes, booster) | baseline(work, evaluation, figures["model"], facts)
        | {f"features/evaluation_{plan.evaluation}.parquet": without_ids(evaluation, work)},
        metrics=headline(figures, booster, len(evaluation)), dataset=dataset(work),
        warnings=beaten(figures),
        candidate=Candidate(booster, facts, evaluation[columns].head(5), description(work, leaderboard, facts)))


def beaten(figures: dict[str, pd.DataFrame]) -> tuple[str, ...]:
    """A sentence for each headline metric on which a naive recipe does better than the model."""
    found = []
    for metric, sign in (("rmse", -1), ("normalized_gini", 1)):
        value = {name: table.loc[metric, "value"] for name, table in figures.items()}
        best = max((name for name in value if name != "model"), key=lambda name: sign * value[name])
        if not sign * value["model"] > sign * value[best]:
            found.append(f"the model does not beat {best} on {metric}: {value['model']:.4g} against {value[best]:.4g}, on the same customers.")
    return tuple(found)


def intervals(work: Workspace, actual: pd.Series, predicted: np.ndarray) -> pd.DataFrame:
    chosen = work.config.evaluation
    return metrics.bootstrap(actual.to_numpy(), predicted, chosen.bootstrap_replicates, chosen.confidence, work.config.seed)


def headline(figures: dict[str, pd.DataFrame], booster: object, customers: int) -> dict[str, float]:
    """The model's metrics by their plain names, with their intervals; the naive recipes' under recipe/metric."""
    ours = figures["model"]
    found = ours["value"].to_dict() | {"evaluation_customers": customers, "trees": booster.num_boosted_rounds()}
    found |= {f"interval/{metric}_{end}": ours.loc[metric, end] for metric in ours.index for end in ("low", "high")}
    return found | {f"{name}/{metric}": value for name, table in figures.items() if name != "model"
                    for metric, value in table["value"].items()}


def pictures(evaluation: pd.DataFrame, recipes: dict[str, np.ndarray], booster: object) -> dict:
    actual, ours = evaluation["actual_clv"].to_numpy(), recipes["model"]
    curves = {"model": ours, "naive_rate": recipes["naive_rate"], "naive_last": recipes["naive_last"], "perfect": actual}
    gain, deciles = {name: metrics.gain_curve(actual, order) for name, order in curves.items()}, metrics.deciles(actual, ours)
    importance = model.importance(booster)
    return {"figures/gain_curve.png": reports.gain_curve(gain), "figures/deciles.png": reports.decile_chart(deciles),
            "figures/importance.png": reports.importance_chart(importance), "figures/residuals.png": reports.residual_chart(actual, ours),
            "figures/deciles.csv": deciles, "figures/importance.csv": importance.rename_axis("feature").reset_index()}


def baseline(work: Workspace, evaluation: pd.DataFrame, figures: pd.DataFrame, facts: dict) -> dict:
    """What the monitor compares with: from the evaluation snapshot, never from training rows; no ids and no extremes."""
    watched = evaluation.select_dtypes("number").drop(columns="actual_clv")
    sketches = {name: drift.sketch(watched[name]) for name in watched}
    sample = sampled(watched, work.config.tracking.reference_customers, work.config.seed)
    content = {"facts": facts, "customers": len(evaluation), "sketches": sketches, "metrics": figures.to_dict("index"),
               "lifecycle_shares": evaluation["lifecycle_stage"].value_counts(normalize=True).sort_index().to_dict()}
    return {"baseline/baseline.json": content, "baseline/reference_sample.parquet": drift.masked(sample, sketches)}


def sampled(table: pd.DataFrame, most: int, seed: int) -> pd.DataFrame:
    return table.sample(min(most, len(table)), random_state=seed)


def description(work: Workspace, leaderboard: pd.DataFrame, facts: dict) -> str:
    """What a reviewer reads in the registry, as Markdown."""
    quality, shown = work.transactions.quality, ["rmse", "mae", "r2", "spearman", "normalized_gini", "bias"]
    wide = leaderboard.pivot(index="recipe", columns="metric", values="value").loc[leaderboard["recipe"].unique(), shown]
    rows = ["| recipe | " + " | ".join(shown) + " |", "|---" * (len(shown) + 1) + "|"]
    rows += [f"| {name} | " + " | ".join("-" if np.isnan(value) else f"{value:.4g}" for value in values) + " |" for name, values in zip(wide.index, wide.to_numpy())]
    return "\n".join([
        f"XGBoost ({work.config.model.objective}) predicting net revenue per customer over {facts['horizon_days']} days.",
        f"Trained on {len(facts['training_cutoffs'])} snapshots, {facts['training_cutoffs'][0]} to {facts['training_cutoffs'][-1]}; "
        f"measured out of time at {facts['evaluation_cutoff']}, on the same customers as the naive recipes:", "", *rows, "",
        f"Data: {work.config.data.path}, {quality['rows']:,} rows, {quality['customers']:,} customers, {quality['first_day']} to "
        f"{quality['last_day']}, sha256 {quality['sha256'][:12]}. Figures with intervals and pictures are in the run's artifacts.",
        "", "A person decides whether it goes into production."])


def bootstrap(work: Workspace) -> Record:
    """The first version ever becomes Production, loudly; from then on only a person moves the alias."""
    name = work.config.tracking.model_name
    if promoted := tracking.find_production(name):
        return Record(f"nothing moved: version {promoted.number} was promoted in the meantime")
    number = tracking.newest_version(name)
    tracking.promote(name, number, {"promoted_by": "bootstrap", "promoted_at": work.now.isoformat(timespec="seconds"),
                                    "promotion_reason": "first version: nothing was in production (tracking.bootstrap)"})
    return Record(f"version {number} is Production because there was none before (tracking.bootstrap)",
                  tags={"bootstrapped_version": number}, warnings=(f"NOBODY REVIEWED version {number}: it scores because it is the first.",))


def score(work: Workspace) -> Record:
    """Every customer with an order before the as-of date, once, by the version in production."""
    version = work.production
    table = work.snapshot(work.as_of, work.production_definition)
    if table.empty:
        raise InputError(f"No customer ordered before {work.as_of}; there is nothing to score.\nHint: choose a later window.as_of.")
    ranked = ranking.rank(table, model.predict(work.production_model, table), version.number, work.as_of)
    horizon, total = version.facts["horizon_days"], ranked["predicted_clv"].sum()
    return Record(f"{len(ranked):,} customers by version {version.number} ({version.alias}): {total:,.0f} predicted over {horizon} days "
                  f"from {work.as_of}", outputs={RANKED: ranked}, warnings=tuple(doubts(work)),
                  metrics={"predicted_clv_total": total, "predicted_clv_mean": ranked["predicted_clv"].mean(), "scored_customers": len(ranked)},
                  tags=production_tags(work))


def doubts(work: Workspace) -> Iterator[str]:
    """Reasons not to take these scores at their word."""
    facts, version = work.production.facts, f"version {work.production.number}"
    asked, last_day = work.config.window.horizon_days, dt.date.fromisoformat(work.transactions.quality["last_day"])
    if asked != facts["horizon_days"]:
        yield f"{version} predicts {facts['horizon_days']} days; window.horizon_days={asked} was asked. Promote a version trained for it."
    begin = dt.date.fromisoformat(facts["evaluation_cutoff"])
    then, now = facts["evaluation_revenue"], windows.net_revenue(work.purchases, begin, begin + dt.timedelta(days=facts["horizon_days"]))
    if not abs(now - then) <= SAME_HISTORY * abs(then):
        yield (f"{version} learnt from another history, {facts['data']}: the {facts['horizon_days']} days from {begin} brought {then:,.0f} there and "
               f"{now:,.0f} here. Promote a version trained on this one, or give this history a model of its own: tracking.model_name=NAME.")
    if work.as_of < learnt_until(work):
        yield f"{version} learnt from revenue up to {learnt_until(work)}: scores as of {work.as_of} know the future."
    if (work.as_of - last_day).days > LONG_SILENCE_DAYS:
        yield f"the last order, {last_day}, lies {(work.as_of - last_day).days} days before the as-of date {work.as_of}: is the history complete?"


def learnt_until(work: Workspace) -> dt.date:
    """First day whose revenue the version in production has not learnt from."""
    facts = work.production.facts
    return dt.date.fromisoformat(facts["training_cutoffs"][-1]) + dt.timedelta(days=facts["horizon_days"])


def production_tags(work: Workspace) -> dict[str, str]:
    return {"production_version": work.production.number, "production_alias": work.production.alias, "as_of": work.as_of.isoformat()}


def cluster(work: Workspace) -> Record:
    """Clusters of predicted CLV alone."""
    ranked, chosen = work.table(RANKED, "score"), work.config.clusters
    clustered = ranked.assign(cluster_id=clusters.assign(ranked["predicted_clv"], chosen.k, chosen.scale))
    found = clustered["cluster_id"].nunique()
    fewer = (f"clusters.k={chosen.k} was asked, but there are only {found} distinct predictions.",) if found < chosen.k else ()
    return Record(f"{found} clusters of {len(clustered):,} customers", outputs={CLUSTERED: clustered}, warnings=fewer,
                  metrics={"clusters": found}, tags=made_by(ranked))


def rank_clusters(work: Workspace) -> Record:
    """Clusters by median predicted CLV, with the picture of the result."""
    clustered = work.table(CLUSTERED, "cluster")
    rankings = clusters.rank_clusters(clustered)
    version = made_by(clustered)
    top = rankings.iloc[0]
    return Record(f"top cluster: {top['customers']:,.0f} customers with {top['share_of_total']:.0%} of predicted CLV, median {top['median_clv']:,.2f}",
                  outputs={RANKINGS: rankings.assign(model_version=version["production_version"], as_of=version["as_of"]),
                           PICTURE: reports.result_picture(clustered, rankings)},
                  metrics={f"cluster_rank_{row.cluster_rank}/{name}": getattr(row, name) for row in rankings.itertuples()
                           for name in ("customers", "median_clv", "share_of_total")}, tags=version)


def made_by(scores: pd.DataFrame) -> dict[str, str]:
    """Which version and day a table of scores came from, read from the table itself."""
    return {"production_version": scores["model_version"].iloc[0], "as_of": scores["as_of"].iloc[0]}


def monitor(work: Workspace) -> Record:
    """Features and predictions now against the baseline of the version in production; errors where labels have matured."""
    chosen = work.config.monitor
    with tempfile.TemporaryDirectory() as folder:
        path = tracking.download_baseline(work.production, Path(folder))
        known = json.loads((path / "baseline.json").read_text())
        reference = sampled(pd.read_parquet(path / "reference_sample.parquet"), chosen.sample_customers, work.config.seed)
    now = work.snapshot(work.as_of, work.production_definition)
    now = now.assign(predicted_clv=model.predict(work.production_model, now))
    current = drift.masked(sampled(now, chosen.sample_customers, work.config.seed), known["sketches"])
    found = drift.compare(reference, current, work.config.features.moving, chosen.significance, chosen.min_ks, chosen.min_customers)
    errors, not_judged = matured(work, known)
    verdict, reasons = review.verdict(found, errors, not_judged)
    with tempfile.TemporaryDirectory() as folder:
        page, evidently = reports.evidently_drift(reference, current, found, Path(folder))
    files = {ending: f"monitoring/{name}_{work.stamp}.{ending}" for ending, name in (
        ("csv", "feature_drift_report"), ("json", "prediction_drift_report"), ("html", "evidently"))}
    where = {"model_version": work.production.number, "as_of": work.as_of.isoformat()}
    report = {"verdict": verdict, "reasons": reasons, "decision": review.PERSON_DECIDES, **where,
              "baseline_cutoff": known["facts"]["evaluation_cutoff"], "matured_cutoff": matured_cutoff(work).isoformat(),
              "not_judged": not_judged, "metrics": errors,
              "predicted_clv": found[found["feature"] == "predicted_clv"].iloc[0].to_dict()}
    return Record(
        f"{verdict.upper()}: {reasons[0]}" + (f" ({len(reasons) - 1} more in {files['json']})" if len(reasons) > 1 else ""),
        outputs={files["csv"]: found[found["feature"] != "predicted_clv"].assign(**where), files["json"]: report, files["html"]: page},
        metrics={f"ks/{row.feature}": row.ks_statistic for row in found.itertuples()} | {"drifted_features": int(found["drifted"].sum())}
        | {f"monitor/{metric}": figure["current"]["value"] for metric, figure in errors.items()},
        tags=production_tags(work) | {"verdict": verdict, "verdict_reasons": " ".join(reasons)[:4000]})


def matured_cutoff(work: Workspace) -> dt.date:
    return work.as_of - dt.timedelta(days=work.production.facts["horizon_days"])


def matured(work: Workspace, known: dict) -> tuple[dict, str | None]:
    """Errors on the newest snapshot whose labels have come in, or why there are none. Labels the version learnt are refused."""
    facts, cutoff, chosen, learnt = work.production.facts, matured_cutoff(work), work.config.monitor, learnt_until(work)
    if cutoff < learnt:
        return {}, (f"RMSE and R2 are not judged: version {work.production.number} learnt from labels up to {learnt}, and the newest "
                    f"matured window begins {cutoff}; judge it with an as-of date from {learnt + dt.timedelta(days=facts['horizon_days'])} on.")
    table = work.labelled(cutoff, work.production_definition)
    now = intervals(work, table["actual_clv"], model.predict(work.production_model, table))
    before = pd.DataFrame.from_dict(known["metrics"], orient="index").astype("float64")
    same = cutoff.isoformat() == facts["evaluation_cutoff"] and work.transactions.quality["sha256"] == facts["data_sha256"]
    return review.performance(before, now, chosen.max_error_increase, chosen.max_r2_decrease, chosen.min_z), (
        "RMSE, MAE and R2 tell nothing new: the newest matured window is the one the baseline was measured on." if same else None)


def promote(work: Workspace) -> Record:
    """A person puts a version into production; who, when and why are kept on it."""
    chosen, name = work.config.promote, work.config.tracking.model_name
    missing = [key for key in ("version", "reviewer", "reason") if not (getattr(chosen, key) or "").strip()]
    if missing:
        raise UserError(f"A promotion needs a version, a reviewer and a reason; missing: {', '.join(missing)}."
                        f"\nHint: {tracking.PROMOTE.format(version=chosen.version or 'N')}")
    before = tracking.promote(name, chosen.version, {
        "promoted_by": chosen.reviewer, "promotion_reason": chosen.reason, "promoted_at": work.now.isoformat(timespec="seconds")})
    return Record(f"version {chosen.version} of model {name} is Production (before: {before or 'none'}), promoted by {chosen.reviewer}",
                  tags={"promoted_version": chosen.version, "promoted_by": chosen.reviewer, "promotion_reason": chosen.reason})
