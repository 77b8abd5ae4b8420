"""From snapshots to a version that waits for a person."""

import platform
from importlib import metadata
from pathlib import Path

import numpy as np
import pandas as pd

from clv import clusters, features, model, settings
from clv.evaluation import leaderboard, metrics
from clv.evaluation.measure import OURS, Measured, measure
from clv.history import History
from clv.monitor import baseline
from clv.outcome import Outcome, Register, Run
from clv.registry.registration import Candidate
from clv.steps import training_figures

_LIBRARIES = (  # what a prediction depends on
    *("duckdb", "kmeans1d", "mlflow", "numpy", "pandas", "scikit-learn", "scipy", "xgboost"),
)
_SHOWN = ["rmse", "mae", "r2", "spearman", "normalized_gini", "bias"]


def train(run: Run, history: History) -> Outcome:
    """Fits on the training snapshots, measures out of time on the evaluation snapshot, and hands over the model that was measured."""
    section, plan = run.config.evaluation, settings.plan(run.config, history)
    measured = measure(history, plan, settings.recipe(run.config, plan))
    draws = leaderboard.resampled(measured, section.bootstrap_replicates, run.config.seed)
    figures = {name: metrics.intervals(drawn, section.confidence) for name, drawn in draws.items()}
    evaluation = measured.evaluation.assign(predicted_clv=measured.predicted[OURS])
    against, board = leaderboard.leaderboard(measured, draws, section.confidence), _metric_table(figures, measured)
    warnings = doubts(against) + _without_labels(measured)
    facts = facts_of(run, history, measured)
    contributions = model.contributions(
        measured.model, run.sample(measured.evaluation, run.config.monitor.shap_drift.customers)
    )
    covered, groups = training_figures.tables(measured)
    return Outcome(
        f"{recipe_in_words(measured.model)}, {len(plan.training)} snapshots; on {len(evaluation):,} customers out of time, "
        + leaderboard.in_words(against),
        outputs={"clv_model_metrics.csv": board},
        artifacts=training_figures.pictures(measured, covered, groups, contributions)
        | baseline.files(_baseline(run, facts, evaluation, figures[OURS], contributions))
        | {f"features/evaluation_{plan.evaluation}.parquet": run.loggable(evaluation)},
        metrics=_headline(figures)
        | training_figures.details(measured, covered, groups)
        | {"evaluation/customers": len(evaluation)},
        dataset=history.dataset,
        warnings=warnings,
        title=_title(measured),
        effects=(
            Register(
                Candidate(
                    measured.model,
                    facts,
                    evaluation[measured.model.inputs].head(5),
                    _description(history, measured, board, warnings),
                )
            ),
        ),
    )


def _baseline(
    run: Run, facts: dict, evaluation: pd.DataFrame, figures: pd.DataFrame, contributions: pd.DataFrame
) -> baseline.Baseline:
    section = run.config.clusters
    groups = clusters.assign(evaluation["predicted_clv"], section.k, section.scale).to_numpy()
    return baseline.describe(facts, evaluation, figures, groups, contributions)


def recipe_in_words(fitted: model.Model) -> str:
    """Returns the chains of a model: `mean of btyd+trees, btyd+glm`."""
    chains = ", ".join("+".join(chain) for chain in fitted.chains)
    return f"mean of {chains}" if len(fitted.chains) > 1 else chains


def _title(measured: Measured) -> str:
    chains, horizon = measured.model.chains, measured.plan.horizon_days
    recipe = f"{len(chains)} chains" if len(chains) > 1 else recipe_in_words(measured.model)
    return f"{recipe}, {horizon} days"


def doubts(against: pd.DataFrame) -> tuple[str, ...]:
    """Returns what a reviewer should know first: that nothing is better than the mean, or that something is better than the model."""
    ours = against.set_index("recipe").loc[OURS]
    if against["beats_the_mean"].any() and leaderboard.standing(ours) == "better than":
        return ()
    return (f"on the same customers, {leaderboard.in_words(against)}",)


def _without_labels(measured: Measured) -> tuple[str, ...]:
    """What to know of a model that saw no label."""
    if measured.plan.training:
        return ()
    return (
        f"the history is shorter than two horizons of {measured.plan.horizon_days} days: nothing could be learnt from what came "
        "after a cutoff; this is BTYD alone, and its intervals are rough.",
    )


def facts_of(run: Run, history: History, measured: Measured) -> dict:
    """Returns what a version carries with it: all that scoring and the monitor need, and where it comes from. JSON-ready."""
    plan, definition = measured.plan, settings.definition(run.config, measured.plan)
    return {
        "definition": definition.as_dict(),
        "feature_digest": features.digest(definition),
        "history_days": (plan.evaluation - plan.first_day).days,
        "inputs": measured.model.inputs,
        "chains": ["+".join(chain) for chain in measured.model.chains],
        "horizon_days": plan.horizon_days,
        "training_cutoffs": [day.isoformat() for day in plan.training],
        "evaluation_cutoff": plan.evaluation.isoformat(),
        "evaluation_revenue": history.net_revenue(plan.evaluation, plan.as_of),
        "seed": run.config.seed,
        "data": Path(history.path).name,
        "data_sha256": history.quality.sha256,
        "data_counts": history.dataset["profile"],
        "model": run.config.tracking.model_name,
        "python": platform.python_version(),
        "libraries": {name: metadata.version(name) for name in _LIBRARIES},
    }


def _metric_table(figures: dict[str, pd.DataFrame], measured: Measured) -> pd.DataFrame:
    """One row per recipe and metric, with its interval."""
    table = pd.concat({name: rows.round(6) for name, rows in figures.items()}, names=["recipe", "metric"]).reset_index()
    return table.assign(evaluation_cutoff=measured.plan.evaluation.isoformat(), horizon_days=measured.plan.horizon_days)


def _headline(figures: dict[str, pd.DataFrame]) -> dict[str, float]:
    """Our metrics by their plain names, with their intervals; the other recipes' under recipe/metric."""
    ours = figures[OURS]
    ends = {f"interval/{metric}_{end}": ours.loc[metric, end] for metric in ours.index for end in ("low", "high")}
    others = {
        f"{name}/{metric}": value
        for name, table in figures.items()
        if name != OURS
        for metric, value in table["value"].items()
    }
    return ours["value"].to_dict() | ends | others


def _description(history: History, measured: Measured, board: pd.DataFrame, warnings: tuple[str, ...]) -> str:
    """What a reviewer reads in the registry, as Markdown."""
    quality, plan = history.quality, measured.plan
    trained = (
        f"Trained on {len(plan.training)} snapshots, {plan.training[0]} to {plan.training[-1]}; "
        if plan.training
        else ""
    )
    return "\n".join(
        [
            f"Net revenue per customer over {plan.horizon_days} days, predicted by {recipe_in_words(measured.model)}.",
            *(f"**WARNING** {warning}" for warning in warnings),
            f"{trained}measured out of time at {plan.evaluation}, on the same customers as the recipes it must beat:",
            "",
            *_markdown(board),
            "",
            f"Data: {history.path}, {quality.rows:,} rows, {quality.customers:,} customers, {quality.first_day} to "
            f"{quality.last_day}, sha256 {quality.sha256[:12]}. Figures with intervals and pictures are in the run's artifacts.",
            "",
            "A person decides whether it goes into production.",
        ]
    )


def _markdown(board: pd.DataFrame) -> list[str]:
    """The values of the metric table, a row a recipe."""
    wide = board.pivot(index="recipe", columns="metric", values="value").loc[board["recipe"].unique(), _SHOWN]
    rows = [
        f"| {name} | " + " | ".join("-" if np.isnan(value) else f"{value:.4g}" for value in values) + " |"
        for name, values in zip(wide.index, wide.to_numpy(), strict=True)
    ]
    return ["| recipe | " + " | ".join(_SHOWN) + " |", "|---" * (len(_SHOWN) + 1) + "|", *rows]
