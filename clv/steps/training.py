"""From snapshots to a version that waits for a person."""

import datetime as dt
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd

from clv import btyd, drift, metrics, model, naive, reports, windows
from clv.errors import InputError
from clv.record import Candidate, Record
from clv.workspace import Workspace


def train(work: Workspace) -> Record:
    """Fit on the training snapshots, measure out of time on the evaluation snapshot, and hand over the model that was measured."""
    config, plan = work.config, work.windows
    if work.silent_days > config.window.max_silent_days:
        raise InputError(f"There is no order in the {work.silent_days} days before the as-of date {work.as_of}, more than "
                         f"window.max_silent_days={config.window.max_silent_days}: labels would be zeros that nobody observed."
                         "\nHint: an as-of date nearer to the last order, or a history that reaches further.")
    snapshots = [work.labelled(cutoff, work.definition) for cutoff in plan.training]
    columns = work.definition.columns(config.features.moving)
    booster = model.fit(snapshots, columns, asdict(config.model), config.seed, config.compute.threads)
    evaluation = work.labelled(plan.evaluation, work.definition)
    evaluation["predicted_clv"] = model.predict(booster, evaluation)
    last = windows.actual_clv(evaluation["customer_id"], work.purchases,
                              plan.evaluation - dt.timedelta(days=plan.horizon_days), plan.horizon_days)
    recipes = {"model": evaluation["predicted_clv"].to_numpy()} | naive.predictions(
        evaluation, snapshots[-1]["actual_clv"].mean(), last.to_numpy(), plan.horizon_days) | {
        "btyd": btyd.expected_revenue(evaluation, config.evaluation.probability_model, plan.horizon_days)}
    figures = {name: work.intervals(evaluation["actual_clv"], predicted) for name, predicted in recipes.items()}
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
        | {f"features/evaluation_{plan.evaluation}.parquet": work.loggable(evaluation)},
        metrics=headline(figures, booster, len(evaluation)), dataset=work.dataset,
        warnings=beaten(figures),
        candidate=Candidate(booster, facts, evaluation[columns].head(5), description(work, leaderboard, facts)))


def beaten(figures: dict[str, pd.DataFrame]) -> tuple[str, ...]:
    """A sentence for each headline metric on which another recipe does at least as well as the model."""
    found = []
    for metric, sign in (("rmse", -1), ("normalized_gini", 1)):
        value = {name: table.loc[metric, "value"] for name, table in figures.items()}
        best = max((name for name in value if name != "model"), key=lambda name: sign * value[name])
        if not sign * value["model"] > sign * value[best]:
            found.append(f"the model does not beat {best} on {metric}: {value['model']:.4g} against {value[best]:.4g}, on the same customers.")
    return tuple(found)


def headline(figures: dict[str, pd.DataFrame], booster: object, customers: int) -> dict[str, float]:
    """The model's metrics by their plain names, with their intervals; the other recipes' under recipe/metric."""
    ours = figures["model"]
    found = ours["value"].to_dict() | {"evaluation_customers": customers, "trees": booster.num_boosted_rounds()}
    found |= {f"interval/{metric}_{end}": ours.loc[metric, end] for metric in ours.index for end in ("low", "high")}
    return found | {f"{name}/{metric}": value for name, table in figures.items() if name != "model"
                    for metric, value in table["value"].items()}


def pictures(evaluation: pd.DataFrame, recipes: dict[str, np.ndarray], booster: object) -> dict:
    actual, ours = evaluation["actual_clv"].to_numpy(), recipes["model"]
    curves = {"model": ours, "btyd": recipes["btyd"], "naive_last": recipes["naive_last"], "perfect": actual}
    gain, deciles = {name: metrics.gain_curve(actual, order) for name, order in curves.items()}, metrics.deciles(actual, ours)
    importance = model.importance(booster)
    return {"figures/gain_curve.png": reports.gain_curve(gain), "figures/deciles.png": reports.decile_chart(deciles),
            "figures/importance.png": reports.importance_chart(importance), "figures/residuals.png": reports.residual_chart(actual, ours),
            "figures/deciles.csv": deciles, "figures/importance.csv": importance.rename_axis("feature").reset_index()}


def baseline(work: Workspace, evaluation: pd.DataFrame, figures: pd.DataFrame, facts: dict) -> dict:
    """What the monitor compares with: from the evaluation snapshot, never from training rows; no ids and no extremes."""
    watched = evaluation.select_dtypes("number").drop(columns="actual_clv")
    sketches = {name: drift.sketch(watched[name]) for name in watched}
    sample = work.sample(watched, work.config.tracking.reference_customers)
    content = {"facts": facts, "customers": len(evaluation), "sketches": sketches, "metrics": figures.to_dict("index"),
               "lifecycle_shares": evaluation["lifecycle_stage"].value_counts(normalize=True).sort_index().to_dict()}
    return {"baseline/baseline.json": content, "baseline/reference_sample.parquet": drift.masked(sample, sketches)}


def description(work: Workspace, leaderboard: pd.DataFrame, facts: dict) -> str:
    """What a reviewer reads in the registry, as Markdown."""
    quality, shown = work.transactions.quality, ["rmse", "mae", "r2", "spearman", "normalized_gini", "bias"]
    wide = leaderboard.pivot(index="recipe", columns="metric", values="value").loc[leaderboard["recipe"].unique(), shown]
    rows = ["| recipe | " + " | ".join(shown) + " |", "|---" * (len(shown) + 1) + "|"]
    rows += [f"| {name} | " + " | ".join("-" if np.isnan(value) else f"{value:.4g}" for value in values) + " |" for name, values in zip(wide.index, wide.to_numpy())]
    return "\n".join([
        f"XGBoost ({work.config.model.objective}) predicting net revenue per customer over {facts['horizon_days']} days.",
        f"Trained on {len(facts['training_cutoffs'])} snapshots, {facts['training_cutoffs'][0]} to {facts['training_cutoffs'][-1]}; "
        f"measured out of time at {facts['evaluation_cutoff']}, on the same customers as the recipes it must beat:", "", *rows, "",
        f"Data: {work.config.data.path}, {quality['rows']:,} rows, {quality['customers']:,} customers, {quality['first_day']} to "
        f"{quality['last_day']}, sha256 {quality['sha256'][:12]}. Figures with intervals and pictures are in the run's artifacts.",
        "", "A person decides whether it goes into production."])
