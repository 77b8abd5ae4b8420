"""From snapshots to a version that waits for a person."""

from pathlib import Path

import numpy as np
import pandas as pd

from clv import drift, metrics, model, reports, windows
from clv.recipes import OURS, Measured, measure
from clv.record import Candidate, Record
from clv.workspace import Workspace


def train(work: Workspace) -> Record:
    """Fit on the training snapshots, measure out of time on the evaluation snapshot, and hand over the model that was measured."""
    found = measure(work, work.plan)
    figures = {
        name: work.intervals(found.evaluation["actual_clv"], predicted) for name, predicted in found.predicted.items()
    }
    evaluation = found.evaluation.assign(predicted_clv=found.predicted[OURS])
    facts, board, ours = describe_facts(work, found), leaderboard(figures, found), figures[OURS]["value"]
    return Record(
        f"{len(found.plan.training)} snapshots, {found.booster.num_boosted_rounds()} trees; on {len(evaluation):,} customers out of time "
        f"({found.plan.evaluation}): RMSE {ours['rmse']:.4g}, R2 {ours['r2']:.3f}, Gini {ours['normalized_gini']:.3f}, bias {ours['bias']:.2f}",
        outputs={"clv_model_metrics.csv": board},
        artifacts=pictures(found)
        | baseline(work, evaluation, figures[OURS], facts)
        | {f"features/evaluation_{found.plan.evaluation}.parquet": work.loggable(evaluation)},
        metrics=headline(figures)
        | {"evaluation_customers": len(evaluation), "trees": found.booster.num_boosted_rounds()},
        dataset=work.dataset,
        warnings=beaten(figures),
        candidate=Candidate(found.booster, facts, evaluation[found.inputs].head(5), description(work, board, facts)),
    )


def describe_facts(work: Workspace, found: Measured) -> dict:
    """What a version carries with it: all that scoring and the monitor need, and where it comes from."""
    plan = found.plan
    return {
        "definition": work.definition(plan).as_dict(),
        "inputs": found.inputs,
        "horizon_days": plan.horizon_days,
        "training_cutoffs": [day.isoformat() for day in plan.training],
        "evaluation_cutoff": plan.evaluation.isoformat(),
        "evaluation_revenue": windows.net_revenue(work.purchases, plan.evaluation, plan.as_of),
        "seed": work.config.seed,
        "data": Path(work.config.data.path).name,
        "data_sha256": work.transactions.quality["sha256"],
    }


def leaderboard(figures: dict[str, pd.DataFrame], found: Measured) -> pd.DataFrame:
    """One row per recipe and metric, with its interval."""
    table = pd.concat({name: rows.round(6) for name, rows in figures.items()}, names=["recipe", "metric"]).reset_index()
    return table.assign(evaluation_cutoff=found.plan.evaluation.isoformat(), horizon_days=found.plan.horizon_days)


def beaten(figures: dict[str, pd.DataFrame]) -> tuple[str, ...]:
    """A sentence for each headline metric on which another recipe does at least as well as the model."""
    found = []
    for metric, sign in (("rmse", -1), ("normalized_gini", 1)):
        value = {name: table.loc[metric, "value"] for name, table in figures.items()}
        best = max((name for name in value if name != OURS), key=lambda name: sign * value[name])
        if not sign * value[OURS] > sign * value[best]:
            found.append(
                f"the model does not beat {best} on {metric}: {value[OURS]:.4g} against {value[best]:.4g}, "
                "on the same customers."
            )
    return tuple(found)


def headline(figures: dict[str, pd.DataFrame]) -> dict[str, float]:
    """Our metrics by their plain names, with their intervals; the other recipes' under recipe/metric."""
    ours = figures[OURS]
    ends = {f"interval/{metric}_{end}": ours.loc[metric, end] for metric in ours.index for end in ("low", "high")}
    return (
        ours["value"].to_dict()
        | ends
        | {
            f"{name}/{metric}": value
            for name, table in figures.items()
            if name != OURS
            for metric, value in table["value"].items()
        }
    )


def pictures(found: Measured) -> dict:
    actual, ours = found.evaluation["actual_clv"].to_numpy(), found.predicted[OURS]
    orders = {name: found.predicted[name] for name in (OURS, "btyd", "naive_last")} | {"perfect": actual}
    importance, deciles = model.importance(found.booster), metrics.deciles(actual, ours)
    return {
        "figures/gain_curve.png": reports.gain_curve(
            {name: metrics.gain_curve(actual, order) for name, order in orders.items()}
        ),
        "figures/deciles.png": reports.decile_chart(deciles),
        "figures/deciles.csv": deciles,
        "figures/residuals.png": reports.residual_chart(actual, ours),
        "figures/importance.png": reports.importance_chart(importance),
        "figures/importance.csv": importance.rename_axis("feature").reset_index(),
    }


def baseline(work: Workspace, evaluation: pd.DataFrame, figures: pd.DataFrame, facts: dict) -> dict:
    """What the monitor compares with: from the evaluation snapshot, never from training rows; no ids and no extremes."""
    watched = evaluation.select_dtypes("number").drop(columns="actual_clv")
    sketches = {name: drift.sketch(watched[name]) for name in watched}
    sample = work.sample(watched, work.config.tracking.reference_customers)
    content = {
        "facts": facts,
        "customers": len(evaluation),
        "sketches": sketches,
        "metrics": figures.to_dict("index"),
        "lifecycle_shares": evaluation["lifecycle_stage"].value_counts(normalize=True).sort_index().to_dict(),
    }
    return {"baseline/baseline.json": content, "baseline/reference_sample.parquet": drift.masked(sample, sketches)}


def description(work: Workspace, leaderboard: pd.DataFrame, facts: dict) -> str:
    """What a reviewer reads in the registry, as Markdown."""
    quality, shown = work.transactions.quality, ["rmse", "mae", "r2", "spearman", "normalized_gini", "bias"]
    wide = leaderboard.pivot(index="recipe", columns="metric", values="value").loc[
        leaderboard["recipe"].unique(), shown
    ]
    rows = ["| recipe | " + " | ".join(shown) + " |", "|---" * (len(shown) + 1) + "|"]
    rows += [
        f"| {name} | " + " | ".join("-" if np.isnan(value) else f"{value:.4g}" for value in values) + " |"
        for name, values in zip(wide.index, wide.to_numpy(), strict=True)
    ]
    return "\n".join(
        [
            f"XGBoost ({work.config.model.objective}) predicting net revenue per customer over {facts['horizon_days']} days.",
            f"Trained on {len(facts['training_cutoffs'])} snapshots, {facts['training_cutoffs'][0]} to {facts['training_cutoffs'][-1]}; "
            f"measured out of time at {facts['evaluation_cutoff']}, on the same customers as the recipes it must beat:",
            "",
            *rows,
            "",
            f"Data: {work.config.data.path}, {quality['rows']:,} rows, {quality['customers']:,} customers, {quality['first_day']} to "
            f"{quality['last_day']}, sha256 {quality['sha256'][:12]}. Figures with intervals and pictures are in the run's artifacts.",
            "",
            "A person decides whether it goes into production.",
        ]
    )
