"""From snapshots to a version that waits for a person."""

import platform
from importlib import metadata
from pathlib import Path

import numpy as np
import pandas as pd

from clv import clusters, features, model, windows
from clv.evaluation import metrics
from clv.evaluation.leaderboard import compared, resampled, sentence, standing
from clv.evaluation.measure import OURS, Measured, measure
from clv.monitor import baseline
from clv.record import Candidate, Record
from clv.steps.training_figures import details, pictures, tables
from clv.workspace import Workspace

LIBRARIES = (
    "duckdb",
    "kmeans1d",
    "mlflow",
    "numpy",
    "pandas",
    "scikit-learn",
    "scipy",
    "xgboost",
)  # what a prediction depends on


def train(work: Workspace) -> Record:
    """Fit on the training snapshots, measure out of time on the evaluation snapshot, and hand over the model that was measured."""
    found = measure(work, work.plan)
    draws, confidence = resampled(work, found), work.config.evaluation.confidence
    figures = {name: metrics.intervals(drawn, confidence) for name, drawn in draws.items()}
    evaluation = found.evaluation.assign(predicted_clv=found.predicted[OURS])
    covered, groups = tables(found)
    facts, board, against = describe_facts(work, found), leaderboard(figures, found), compared(work, found, draws)
    warnings = doubts(against) + without_labels(found)
    contributions = model.contributions(found.model, work.sample(found.evaluation, work.config.monitor.shap_drift.customers))
    chosen = work.config.clusters
    groups_now = clusters.assign(evaluation["predicted_clv"], chosen.k, chosen.scale).to_numpy()
    known = baseline.describe(facts, evaluation, figures[OURS], groups_now, contributions)
    return Record(
        f"{recipe(found.model)}, {len(found.plan.training)} snapshots; on {len(evaluation):,} customers out of time, "
        + sentence(against),
        outputs={"clv_model_metrics.csv": board},
        artifacts=pictures(found, covered, groups, contributions)
        | baseline.files(known)
        | {f"features/evaluation_{found.plan.evaluation}.parquet": work.loggable(evaluation)},
        metrics=headline(figures) | details(found, covered, groups) | {"evaluation/customers": len(evaluation)},
        dataset=work.dataset,
        warnings=warnings,
        title=f"{len(found.model.chains)} chains, {found.plan.horizon_days} days"
        if len(found.model.chains) > 1
        else f"{recipe(found.model)}, {found.plan.horizon_days} days",
        candidate=Candidate(
            found.model, facts, evaluation[found.model.inputs].head(5), description(work, found, board, warnings)
        ),
    )


def recipe(fitted: model.Model) -> str:
    return (
        "mean of " + ", ".join("+".join(chain) for chain in fitted.chains)
        if len(fitted.chains) > 1
        else "+".join(fitted.chains[0])
    )


def doubts(against: pd.DataFrame) -> tuple[str, ...]:
    """What a reviewer should know before anything else: that nothing is better than the mean, or something than the model."""
    ours = against.set_index("recipe").loc[OURS]
    if against["beats_the_mean"].any() and standing(ours) == "better than":
        return ()
    return (f"on the same customers, {sentence(against)}",)


def without_labels(found: Measured) -> tuple[str, ...]:
    """What to know of a model that saw no label."""
    if found.plan.training:
        return ()
    return (
        f"the history is shorter than two horizons of {found.plan.horizon_days} days: nothing could be learnt from what came "
        "after a cutoff; this is BTYD alone, and its intervals are rough.",
    )


def describe_facts(work: Workspace, found: Measured) -> dict:
    """What a version carries with it: all that scoring and the monitor need, and where it comes from."""
    plan = found.plan
    return {
        "definition": work.definition(plan).as_dict(),
        "feature_digest": features.digest(work.definition(plan)),
        "history_days": (plan.evaluation - plan.first_day).days,
        "inputs": found.model.inputs,
        "chains": ["+".join(chain) for chain in found.model.chains],
        "horizon_days": plan.horizon_days,
        "training_cutoffs": [day.isoformat() for day in plan.training],
        "evaluation_cutoff": plan.evaluation.isoformat(),
        "evaluation_revenue": windows.net_revenue(work.purchases, plan.evaluation, plan.as_of),
        "seed": work.config.seed,
        "data": Path(work.config.data.path).name,
        "data_sha256": work.transactions.quality["sha256"],
        "data_counts": work.dataset["profile"],
        "model": work.config.tracking.model_name,
        "python": platform.python_version(),
        "libraries": {name: metadata.version(name) for name in LIBRARIES},
    }


def leaderboard(figures: dict[str, pd.DataFrame], found: Measured) -> pd.DataFrame:
    """One row per recipe and metric, with its interval."""
    table = pd.concat({name: rows.round(6) for name, rows in figures.items()}, names=["recipe", "metric"]).reset_index()
    return table.assign(evaluation_cutoff=found.plan.evaluation.isoformat(), horizon_days=found.plan.horizon_days)


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


def description(work: Workspace, found: Measured, leaderboard: pd.DataFrame, warnings: tuple[str, ...]) -> str:
    """What a reviewer reads in the registry, as Markdown."""
    quality, plan, shown = (
        work.transactions.quality,
        found.plan,
        ["rmse", "mae", "r2", "spearman", "normalized_gini", "bias"],
    )
    wide = leaderboard.pivot(index="recipe", columns="metric", values="value").loc[
        leaderboard["recipe"].unique(), shown
    ]
    rows = ["| recipe | " + " | ".join(shown) + " |", "|---" * (len(shown) + 1) + "|"]
    rows += [
        f"| {name} | " + " | ".join("-" if np.isnan(value) else f"{value:.4g}" for value in values) + " |"
        for name, values in zip(wide.index, wide.to_numpy(), strict=True)
    ]
    trained = (
        f"Trained on {len(plan.training)} snapshots, {plan.training[0]} to {plan.training[-1]}; "
        if plan.training
        else ""
    )
    return "\n".join(
        [
            f"Net revenue per customer over {plan.horizon_days} days, predicted by {recipe(found.model)}.",
            *(f"**WARNING** {warning}" for warning in warnings),
            f"{trained}measured out of time at {plan.evaluation}, on the same customers as the recipes it must beat:",
            "",
            *rows,
            "",
            f"Data: {work.config.data.path}, {quality['rows']:,} rows, {quality['customers']:,} customers, {quality['first_day']} to "
            f"{quality['last_day']}, sha256 {quality['sha256'][:12]}. Figures with intervals and pictures are in the run's artifacts.",
            "",
            "A person decides whether it goes into production.",
        ]
    )
