"""Where a measured model is right and where it is off: by lifecycle stage, by number of orders, and in the total."""

from dataclasses import dataclass

import pandas as pd

from clv import model
from clv.evaluation import metrics, naive
from clv.evaluation.measure import OURS, Measured


@dataclass(frozen=True)
class Breakdown:
    """Tables of a measurement.

    coverage: of metrics.coverage(), how often the intervals held.   by_orders: of metrics.by_group(), errors by number of orders beside
    BTYD and the group's training mean.   metrics: the same as metrics of a run; of the total, low, high, what came (currency), and
    whether its interval held (1 yes, 0 no).
    """

    coverage: pd.DataFrame
    by_orders: pd.DataFrame
    metrics: dict[str, float]


def break_down(measured: Measured) -> Breakdown:
    """Returns the tables of a measurement."""
    actual = measured.evaluation["actual_clv"].to_numpy()
    recipes = {name: measured.predicted[name] for name in (OURS, "btyd")} | {"group_mean": measured.group_means}
    coverage = metrics.coverage(actual, measured.ours, measured.evaluation["lifecycle_stage"])
    by_orders = metrics.by_group(actual, recipes, naive.by_orders(measured.evaluation))
    low, high = model.total(measured.model, measured.predicted[OURS])
    total = float(measured.evaluation["actual_clv"].sum())
    return Breakdown(
        coverage,
        by_orders,
        {f"coverage/{row.group}": row.coverage for row in coverage.itertuples()}
        | {f"{row.group}/{row.recipe}_rmse": row.rmse for row in by_orders.itertuples()}
        | {"total/low": low, "total/high": high, "total/actual": total, "total/held": float(low <= total <= high)},
    )
