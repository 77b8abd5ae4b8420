"""From snapshots to a version that waits for a person."""

import datetime as dt
import platform
from pathlib import Path

import pandas as pd

from clv import clusters, data, features, libraries, model, progress, reports, settings, windows
from clv.config import recipe_name
from clv.errors import hidden
from clv.evaluation import leaderboard, metrics, purchase_model
from clv.evaluation.breakdown import Breakdown, break_down
from clv.evaluation.measure import OURS, Measured, measure
from clv.features import Definition
from clv.history import History
from clv.monitor import baseline
from clv.monitor.evidence import Measured as MadeOn
from clv.outcome import METRICS, Outcome, Register, Run
from clv.registry.pages import figure
from clv.registry.registration import Candidate
from clv.steps.evidence import in_average_season, ordered_since, over_year
from clv.wording import counted, literal

_HEADLINE = ("rmse", "normalized_gini", "bias")  # and coverage
_SHOWN = ["rmse", "mae", "r2", "spearman", "normalized_gini", "bias"]


def train(run: Run, history: History) -> Outcome:
    """Fits on the training snapshots, measures out of time on the evaluation snapshot, and hands over the model that was measured."""
    section, plan = run.config.evaluation, settings.plan(run.config, history)
    measured = measure(history, plan, settings.recipe(run.config, plan, history))
    draws = leaderboard.resampled(measured, section.bootstrap_replicates, run.config.seed)
    figures = {name: metrics.intervals(drawn, section.confidence) for name, drawn in draws.items()}
    evaluation = measured.evaluation.assign(predicted_clv=measured.predicted[OURS])
    against, board = (
        leaderboard.leaderboard(measured, draws, section.confidence),
        leaderboard.metric_table(figures, measured),
    )
    warnings = leaderboard.doubts(against) + leaderboard.without_labels(plan)
    warnings += (measured.model.alone,) if measured.model.alone else ()
    facts = facts_of(run, history, measured)
    with progress.doing("explaining a sample"):
        contributions = model.contributions(
            measured.model, run.sample(measured.evaluation, run.config.monitor.shap_drift.customers)
        )
    breakdown = break_down(measured)
    definition = settings.definition(run.config, plan, history)
    with progress.doing("drawing pictures"):
        pictures = reports.training_pictures(
            measured, breakdown, contributions, _seen(run, history, measured, definition)
        )
    return Outcome(
        f"{_recipe_in_words(measured.model)}, {_learnt_from(measured)}; on {len(evaluation):,} customers{history.panel_in_words} out of time, "
        + leaderboard.in_words(against),
        outputs={METRICS: board},
        artifacts=pictures
        | baseline.files(baseline_of(run, history, facts, measured, figures[OURS]))
        | {f"features/evaluation_{plan.evaluation}.parquet": run.loggable(evaluation)},
        metrics=_metrics(figures, breakdown) | {"evaluation/customers": len(evaluation)},
        tags={
            "recipe": recipe_name(run.config.model.chains),
            "measured": f"{plan.horizon_days} days from {plan.evaluation}, {counted(len(evaluation), 'customer')}",
        },
        dataset=history.dataset,
        warnings=warnings,
        title=f"{recipe_name(run.config.model.chains)} {plan.horizon_days}d",
        effects=(
            Register(
                Candidate(
                    measured.model,
                    facts,
                    _description(history, measured, definition, board, warnings),
                    recipe_name(run.config.model.chains),
                ),
                board,
            ),
        ),
    )


def _seen(run: Run, history: History, measured: Measured, definition: Definition) -> reports.Seen:
    """What the history shows beside the measurement, for the pictures."""
    plan, purchases = measured.plan, history.panel.purchases
    weekly = purchase_model.orders_by_week(purchases, plan.evaluation, plan.as_of)
    ordered = windows.ordered(measured.evaluation["customer_id"], purchases, plan.evaluation, plan.horizon_days)
    year, money = over_year(history, definition.season), reports.Money(run.config.data.currency)
    return reports.Seen(year, weekly, ordered, definition.season, money)


def _metrics(figures: dict[str, pd.DataFrame], breakdown: Breakdown) -> dict[str, float]:
    """The headline by plain names, and all the rest under names with a /."""
    named = leaderboard.headline(figures)
    ours = {name if "/" in name or name in _HEADLINE else f"{OURS}/{name}": value for name, value in named.items()}
    return ours | breakdown.metrics | {"coverage": breakdown.metrics["coverage/all"]}


def baseline_of(
    run: Run, history: History, facts: dict, measured: Measured, figures: pd.DataFrame
) -> baseline.Baseline:
    """Returns what the monitor will compare later days with.

    Args: facts: of facts_of().   figures: of metrics.intervals(), of the model.
    """
    section, labelled = run.config.clusters, measured.evaluation.assign(predicted_clv=measured.predicted[OURS])
    definition = settings.definition(run.config, measured.plan, history)
    newest = history.panel.snapshot(measured.plan.as_of, definition)
    scored = newest.assign(predicted_clv=in_average_season(measured.model, newest))
    groups = clusters.assign(scored["predicted_clv"], section.k, section.scale).to_numpy()
    sample = run.sample(newest, run.config.monitor.shap_drift.customers)
    contributions = model.contributions(measured.model, features.in_average_season(sample))
    recent, fold = _recent(run, history, measured, definition), definition.fold(measured.plan.evaluation)
    return baseline.describe(facts, MadeOn(scored, groups, contributions, labelled, figures, recent, fold))


def _recent(run: Run, history: History, measured: Measured, definition: Definition) -> pd.DataFrame:
    """What customers ordered in the stretches between the measurement and the training, beside what the model expects of them."""
    section, plan = run.config.monitor.recent_orders, measured.plan
    days = min(section.days, plan.horizon_days)
    begins = [plan.as_of - dt.timedelta(days=days * number) for number in range(1, section.windows + 1)]
    tables = [
        ordered_since(history, measured.model, definition, begin, days) for begin in begins if begin >= plan.evaluation
    ]
    return pd.concat(tables, ignore_index=True)


def _recipe_in_words(fitted: model.Model) -> str:
    """Returns the chains of a model: `mean of btyd+trees, btyd+glm`."""
    chains = ", ".join("+".join(chain) for chain in fitted.chains)
    if fitted.alone:
        return f"{chains} alone"
    return f"mean of {chains}" if len(fitted.chains) > 1 else chains


def _learnt_from(measured: Measured) -> str:
    return (
        "too few customers for corrections"
        if measured.model.alone
        else counted(len(measured.plan.training), "snapshot")
    )


def facts_of(run: Run, history: History, measured: Measured) -> dict:
    """Returns what a version carries with it: all that scoring and the monitor need, and where it comes from. JSON-ready."""
    plan, definition = measured.plan, settings.definition(run.config, measured.plan, history)
    return {
        "definition": definition.as_dict(),
        "feature_digest": features.digest(definition),
        "history_days": (plan.evaluation - plan.first_day).days,
        "inputs": measured.model.inputs,
        "chains": ["+".join(chain) for chain in measured.model.chains],
        "alone": measured.model.alone,
        "horizon_days": plan.horizon_days,
        "training_cutoffs": [day.isoformat() for day in plan.training],
        "evaluation_cutoff": plan.evaluation.isoformat(),
        "as_of": plan.as_of.isoformat(),
        "customers_and_days": " ".join(history.sample(plan.as_of)),
        "evaluation_revenue": history.net_revenue(plan.evaluation, plan.as_of),
        "seed": run.config.seed,
        "data": Path(history.path).name,
        "data_sha256": history.quality.sha256,
        "data_counts": history.dataset["profile"],
        "model": run.config.tracking.model_name,
        "python": platform.python_version(),
        "libraries": libraries.versions(libraries.PREDICTING),
    } | ({} if history.is_plain_revenue else {"money": history.money})


def _description(
    history: History, measured: Measured, definition: Definition, board: pd.DataFrame, warnings: tuple[str, ...]
) -> str:
    """What a reviewer reads in the registry, as Markdown."""
    quality, plan = history.quality, measured.plan
    trained = (
        f"Trained on {counted(len(plan.training), 'snapshot')}, {plan.training[0]} to {plan.training[-1]}; "
        if plan.training and not measured.model.alone
        else ""
    )
    return "\n".join(
        [
            f"{history.money[0].upper()}{history.money[1:]} per customer over {plan.horizon_days} days, predicted by {_recipe_in_words(measured.model)}.",
            *(f"**WARNING** {literal(warning)}" for warning in warnings),
            f"{trained}measured out of time at {plan.evaluation}, on the same customers as the recipes it must beat{history.panel_in_words}:",
            "",
            *_markdown(board),
            "",
            f"Data: {literal(hidden(history.path))}, {quality.rows:,} rows, {quality.customers:,} customers, {quality.first_day} to "
            f"{quality.last_day}, sha256 {quality.sha256[:12]}{''.join(f'; {part}' for part in data.left_out(quality))}. Figures with intervals and pictures are in the run's artifacts.",
            "",
            _season(definition, plan.as_of),
        ]
    )


def _season(definition: Definition, as_of: dt.date) -> str:
    """Where the season comes from, and what it says of the horizon after the training."""
    season = definition.season
    if not season.is_known:
        return f"Season: {season.why_not} Days and amounts are those of the calendar."
    return (
        f"Season: of {season.years:.1f} years of orders before {season.seen_until}; as of {as_of}, {definition.season_in_words(as_of)}. It does "
        "not see feasts that move through the year, such as Easter, Ramadan and Black Friday."
    )


def _markdown(board: pd.DataFrame) -> list[str]:
    """The values of the metric table, a row a recipe."""
    wide = board.pivot(index="recipe", columns="metric", values="value").loc[board["recipe"].unique(), _SHOWN]
    rows = [
        f"| {name}&emsp; | " + " | ".join(f"{figure(value)}&emsp;" for value in values) + " |"
        for name, values in zip(wide.index, wide.to_numpy(), strict=True)
    ]
    return [
        "| recipe&emsp; | " + " | ".join(f"{name}&emsp;" for name in _SHOWN) + " |",
        "|---" * (len(_SHOWN) + 1) + "|",
        *rows,
    ]
