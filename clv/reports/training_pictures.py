"""What a reviewer looks at in a training run: who brings the revenue, how far predictions are off, why they are what they are, and
how the probability model stands beside what customers did."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from clv import model
from clv.evaluation import metrics
from clv.evaluation.breakdown import Breakdown
from clv.evaluation.measure import OURS, Measured
from clv.reports import figures
from clv.reports.amounts import Money
from clv.reports.canvas import laid_out
from clv.reports.purchase_pictures import Purchases, purchase_pictures, purchase_tables
from clv.season import Season


@dataclass(frozen=True)
class Seen:
    """What the history shows beside a measurement.

    year: the season, and the last year over it: one row a week; day, season, last_year.
    weekly: of purchase_model.orders_by_week(), at the cutoff of the evaluation.   ordered: of windows.ordered(), in the horizon after it.
    season: of the features.   money: how amounts are written.
    """

    year: pd.DataFrame
    weekly: pd.DataFrame
    ordered: pd.DataFrame
    season: Season
    money: Money


def training_pictures(
    measured: Measured, breakdown: Breakdown, contributions: pd.DataFrame, seen: Seen
) -> dict[str, Any]:
    """Returns the pictures of a measurement and the tables behind them, by path.

    Args: contributions: of model.contributions(), for a sample of the evaluation's customers.
          seen: what the history shows.
    """
    made = _of_predictions(measured, breakdown, contributions, seen) | _of_purchases(measured, seen)
    return {name: laid_out(content) if name.endswith(".png") else content for name, content in made.items()}


def _of_predictions(
    measured: Measured, breakdown: Breakdown, contributions: pd.DataFrame, seen: Seen
) -> dict[str, Any]:
    actual, ours, days = (
        measured.evaluation["actual_clv"].to_numpy(),
        measured.predicted[OURS],
        measured.plan.horizon_days,
    )
    orders = {name: measured.predicted[name] for name in (OURS, "btyd", "naive_last")} | {"perfect": actual}
    deciles = metrics.deciles(actual, ours)
    shap = _importance(measured, contributions)
    curves = {name: metrics.gain_curve(actual, order) for name, order in orders.items()}
    return {
        "figures/season.png": figures.season_chart("The season, with the last year over it", seen.year),
        "figures/season.csv": seen.year,
        "figures/gain_curve.png": figures.gain_curve(curves, days),
        "figures/deciles.png": figures.decile_chart(deciles, seen.money, days),
        "figures/deciles.csv": deciles,
        "figures/predicted_against_actual.png": figures.predicted_chart(actual, ours, seen.money, days),
        "figures/residuals.png": figures.residual_chart(actual, ours, seen.money, days),
        "figures/interval_coverage.png": figures.coverage_chart(breakdown.coverage, measured.model.interval),
        "figures/interval_coverage.csv": breakdown.coverage,
        "figures/by_number_of_orders.csv": breakdown.by_orders,
        "figures/importance.png": figures.importance_chart(shap["mean_absolute_shap"], direction=shap["direction"]),
        "figures/importance.csv": shap.reset_index(),
    }


def _importance(measured: Measured, contributions: pd.DataFrame) -> pd.DataFrame:
    """By feature, most important first: mean_absolute_shap, and direction, the rank correlation of its values with what they add."""
    values = model.with_answers(measured.model, measured.evaluation.loc[contributions.index])
    with np.errstate(all="ignore"):  # what is the same for everybody has no direction
        direction = {name: values[name].rank().corr(contributions[name].rank()) for name in contributions}
    table = pd.DataFrame(
        {"mean_absolute_shap": contributions.abs().mean(), "direction": pd.Series(direction, dtype="float64").round(4)}
    )
    return table.sort_values("mean_absolute_shap", ascending=False).rename_axis("feature")


def _of_purchases(measured: Measured, seen: Seen) -> dict[str, Any]:
    plan = measured.plan
    ordered = Purchases(
        measured.model.customers,
        measured.evaluation,
        seen.weekly,
        plan.evaluation,
        seen.season,
        plan.horizon_days,
        seen.ordered,
    )
    tables = purchase_tables(ordered)
    pictures = purchase_pictures(tables, plan.horizon_days, seen.money)
    return {f"figures/{name}.png": figure for name, figure in pictures.items()} | {
        f"figures/{name}.csv": table for name, table in tables.items()
    }
