"""The newest horizon that has come in whole: what the version in production says of the day before it, and what it brought."""

import datetime as dt
from dataclasses import dataclass

import numpy as np
import pandas as pd

from clv import model
from clv.evaluation import economics, metrics
from clv.evaluation.contest import Side
from clv.evaluation.economics import Terms
from clv.history import History

OURS, PAST_SPEND, EARLIER = (
    "this version",
    "past spend",
    "the version before",
)  # orders in which customers may be contacted


@dataclass(frozen=True)
class Hindsight:
    """The customers of one day in the past.

    cutoff: the day.   actual: net revenue of each customer in the horizon after it.   predicted: of model.predict(), for the same customers.
    total: low and high of the sum of the predictions.   orders: name -> a value a customer; the highest would be contacted first.
    stages: the lifecycle stage of each.
    """

    cutoff: dt.date
    actual: np.ndarray
    predicted: pd.DataFrame
    total: tuple[float, float]
    orders: dict[str, np.ndarray]
    stages: pd.Series

    @property
    def deciles(self) -> pd.DataFrame:
        """Of metrics.deciles()."""
        return metrics.deciles(self.actual, self.orders[OURS])

    @property
    def coverage(self) -> float:
        """The share of the customers whose revenue lay in their interval."""
        return float(metrics.coverage(self.actual, self.predicted, self.stages)["coverage"].iloc[0])

    def budget(self, terms: Terms, depths: list[float], replicates: int, confidence: float, seed: int) -> pd.DataFrame:
        """Returns economics.intervals() of these customers."""
        return economics.intervals(self.actual, self.orders, terms, depths, replicates, confidence, seed)


def look_back(history: History, version: Side, earlier: Side | None) -> Hindsight | None:
    """Returns what the version says a horizon before the day of scoring; None where it learnt from the revenue since then, or
    where refunds outweighed it.

    Args: earlier: the version that was in production before; left out where it learnt from that revenue.
    """
    cutoff = history.as_of - dt.timedelta(days=version.horizon_days)
    if version.learnt_until > cutoff:
        return None
    table = history.panel.labelled(cutoff, version.definition)
    if not table["actual_clv"].sum() > 0:
        return None
    predicted = model.predict(version.model, table)
    orders = {
        OURS: predicted["predicted_clv"].to_numpy(),
        PAST_SPEND: table["calendar_revenue_total"].to_numpy("float64"),
    }
    if earlier and earlier.learnt_until <= cutoff:
        its_table = history.panel.snapshot(cutoff, earlier.definition)
        orders[EARLIER] = model.predict(earlier.model, its_table)["predicted_clv"].to_numpy()
    total = model.total(version.model, orders[OURS])
    return Hindsight(cutoff, table["actual_clv"].to_numpy(), predicted, total, orders, table["lifecycle_stage"])
