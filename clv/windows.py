"""Which cutoffs train, evaluate and score, and what each customer brought after a cutoff."""

import datetime as dt
from dataclasses import dataclass

import duckdb
import pandas as pd

from clv.errors import Code, InputError


@dataclass(frozen=True)
class Windows:
    """training: cutoffs, oldest first, whose labels end by `evaluation`; none in a short history.   evaluation: as_of - horizon.
    first_day: of the history."""

    training: tuple[dt.date, ...]
    evaluation: dt.date
    as_of: dt.date
    horizon_days: int
    first_day: dt.date

    @property
    def shortest_history_days(self) -> int:
        """Days of history before the earliest cutoff: no feature window may be longer."""
        return (min([*self.training, self.evaluation]) - self.first_day).days


def scoring_day(first_day: dt.date, last_day: dt.date, as_of: str | None) -> dt.date:
    """The as-of date: the configured one, or the day after the last order date."""
    day = dt.date.fromisoformat(as_of) if as_of else last_day + dt.timedelta(days=1)
    if day <= first_day:
        raise InputError(
            Code.AS_OF_TOO_EARLY,
            what=f"window.as_of={day} lies on or before the first order date {first_day}; there is nothing to score",
            fix="choose a later window.as_of",
        )
    return day


def plan(
    first_day: dt.date, as_of: dt.date, horizon_days: int, step_days: int, most: int, min_history_days: int
) -> Windows:
    """Training cutoffs every `step_days` back from as_of - 2 horizons, evaluation at as_of - horizon.

    Args:    most: training cutoffs at most.   min_history_days: history before the earliest cutoff.
    Returns: no training cutoffs where the history holds the evaluation's horizon but not another one before it.
    Raises:  InputError: the history is too short for that.
    """
    days, needed = (as_of - first_day).days, horizon_days + min_history_days
    if days < needed:
        fits = days - min_history_days
        hint = (
            f"window.horizon_days={fits} would fit"
            if fits >= 1
            else f"at least {min_history_days + 1} days are needed for any horizon (window.min_history_days={min_history_days})"
        )
        raise InputError(
            Code.HISTORY_TOO_SHORT,
            what=f"The history has {days} days before {as_of}, and {needed} are needed: a horizon of {horizon_days} days to "
            f"measure on and {min_history_days} days before it; twice the horizon to learn corrections from",
            fix=hint,
        )
    count = min(most, (days - needed - horizon_days) // step_days + 1)
    newest = as_of - dt.timedelta(days=2 * horizon_days)
    training = tuple(newest - dt.timedelta(days=step_days * i) for i in reversed(range(count)))
    return Windows(training, as_of - dt.timedelta(days=horizon_days), as_of, horizon_days, first_day)


def labels(purchases: duckdb.DuckDBPyRelation, cutoff: dt.date, horizon_days: int) -> pd.Series:
    """Net revenue in [cutoff, cutoff + horizon_days) of the customers who appear in it; index customer_id."""
    end = cutoff + dt.timedelta(days=horizon_days)
    table = purchases.query(
        "purchases",
        f"""
        SELECT customer_id, CAST(SUM(revenue) AS DOUBLE) AS actual_clv FROM purchases
        WHERE order_date >= DATE '{cutoff}' AND order_date < DATE '{end}' GROUP BY customer_id""",
    ).df()
    return table.set_index("customer_id")["actual_clv"]


def actual_clv(
    customers: pd.Series, purchases: duckdb.DuckDBPyRelation, cutoff: dt.date, horizon_days: int
) -> pd.Series:
    """The label of each customer, in the customers' order: net revenue in the horizon, 0 where there is none."""
    found = labels(purchases, cutoff, horizon_days)
    return customers.map(found).fillna(0.0).astype("float64").rename("actual_clv")


def net_revenue(purchases: duckdb.DuckDBPyRelation, begin: dt.date, end: dt.date) -> float:
    """Net revenue of all customers in [begin, end)."""
    return float(labels(purchases, begin, (end - begin).days).sum())
