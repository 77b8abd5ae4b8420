"""What a reviewer looks at in a training run: who brings the revenue, how far predictions are off, and why they are what they are."""

from typing import Any

import pandas as pd

from clv.evaluation import metrics
from clv.evaluation.breakdown import Breakdown
from clv.evaluation.measure import OURS, Measured
from clv.reports import figures


def training_pictures(
    measured: Measured, breakdown: Breakdown, contributions: pd.DataFrame, year: pd.DataFrame
) -> dict[str, Any]:
    """Returns the pictures of a measurement and the tables behind them, by path.

    Args: contributions: of model.contributions(), for a sample of the evaluation's customers.
          year: the season, and the last year over it: one row a week; day, season, last_year.
    """
    actual, ours = measured.evaluation["actual_clv"].to_numpy(), measured.predicted[OURS]
    orders = {name: measured.predicted[name] for name in (OURS, "btyd", "naive_last")} | {"perfect": actual}
    deciles = metrics.deciles(actual, ours)
    shap = contributions.abs().mean().sort_values(ascending=False).rename("mean_absolute_shap")
    curves = {name: metrics.gain_curve(actual, order) for name, order in orders.items()}
    return {
        "figures/season.png": figures.season_chart("The season, with the last year over it", year),
        "figures/season.csv": year,
        "figures/gain_curve.png": figures.gain_curve(curves),
        "figures/deciles.png": figures.decile_chart(deciles),
        "figures/deciles.csv": deciles,
        "figures/predicted_against_actual.png": figures.predicted_chart(actual, ours),
        "figures/residuals.png": figures.residual_chart(actual, ours),
        "figures/interval_coverage.png": figures.coverage_chart(breakdown.coverage, measured.model.interval),
        "figures/interval_coverage.csv": breakdown.coverage,
        "figures/by_number_of_orders.csv": breakdown.by_orders,
        "figures/importance.png": figures.importance_chart(shap),
        "figures/importance.csv": shap.rename_axis("feature").reset_index(),
    }
