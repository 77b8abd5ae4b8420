"""What a reviewer looks at in a training run: who brings the revenue, how far predictions are off, and why they are what they are."""

import pandas as pd

from clv import model, reports
from clv.evaluation import metrics, naive
from clv.evaluation.measure import OURS, Measured


def tables(measured: Measured) -> tuple[pd.DataFrame, pd.DataFrame]:
    """How often the intervals held; errors by number of orders, beside BTYD and the group's training mean."""
    actual = measured.evaluation["actual_clv"].to_numpy()
    beside = {name: measured.predicted[name] for name in (OURS, "btyd")} | {"group_mean": measured.group_means}
    groups = metrics.by_group(actual, beside, naive.by_orders(measured.evaluation))
    return metrics.coverage(actual, measured.ours, measured.evaluation["lifecycle_stage"]), groups


def details(measured: Measured, covered: pd.DataFrame, groups: pd.DataFrame) -> dict[str, float]:
    """The same as metrics of the run, and whether the interval of the total held."""
    low, high = model.total(measured.model, measured.predicted[OURS])
    actual = measured.evaluation["actual_clv"].sum()
    return (
        {f"coverage/{row.group}": row.coverage for row in covered.itertuples()}
        | {f"{row.group}/{row.recipe}_rmse": row.rmse for row in groups.itertuples()}
        | {"total/low": low, "total/high": high, "total/actual": actual, "total/held": float(low <= actual <= high)}
    )


def pictures(measured: Measured, covered: pd.DataFrame, groups: pd.DataFrame, contributions: pd.DataFrame) -> dict:
    """contributions: SHAP values of a sample of the evaluation."""
    actual, ours = measured.evaluation["actual_clv"].to_numpy(), measured.predicted[OURS]
    orders = {name: measured.predicted[name] for name in (OURS, "btyd", "naive_last")} | {"perfect": actual}
    deciles = metrics.deciles(actual, ours)
    shap = contributions.abs().mean().sort_values(ascending=False).rename("mean_absolute_shap")
    return {
        "figures/gain_curve.png": reports.gain_curve(
            {name: metrics.gain_curve(actual, order) for name, order in orders.items()}
        ),
        "figures/deciles.png": reports.decile_chart(deciles),
        "figures/deciles.csv": deciles,
        "figures/predicted_against_actual.png": reports.predicted_chart(actual, ours),
        "figures/residuals.png": reports.residual_chart(actual, ours),
        "figures/interval_coverage.png": reports.coverage_chart(covered, measured.model.interval),
        "figures/interval_coverage.csv": covered,
        "figures/by_number_of_orders.csv": groups,
        "figures/importance.png": reports.importance_chart(shap),
        "figures/importance.csv": shap.rename_axis("feature").reset_index(),
    }
