"""Which cutoffs train, evaluate and score, and what each customer brought after a cutoff."""

import datetime as dt
import math
from dataclasses import dataclass

import duckdb
import pandas as pd

from clv.errors import Code, InputError

_NEARLY_ALL, _FEW_MONTHS = 0.9, 4  # share of the orders; distinct days below which nothing can be told


@dataclass(frozen=True)
class Rule:
    """How cutoffs are laid out in a history.

    horizon_days: length of a label.   snapshot_step_days: distance of training cutoffs.   max_snapshots: training cutoffs at most.
    min_history_days: purchases that the earliest cutoff must have before it.
    """

    horizon_days: int
    snapshot_step_days: int
    max_snapshots: int
    min_history_days: int


@dataclass(frozen=True)
class Plan:
    """The cutoffs of one model.

    training: oldest first, all labels end by `evaluation`; empty in a short history.   evaluation: as_of - horizon.
    first_day: of the history.
    """

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
    """Returns the as-of date: the configured one, or the day after the last order date.

    Raises: InputError: there is nothing before that day.
    """
    day = dt.date.fromisoformat(as_of) if as_of else last_day + dt.timedelta(days=1)
    if day <= first_day:
        raise InputError(
            Code.AS_OF_TOO_EARLY,
            what=f"window.as_of={day} lies on or before the first order date {first_day}; there is nothing to score",
            fix="choose a later window.as_of",
        )
    return day


def plan(first_day: dt.date, as_of: dt.date, rule: Rule) -> Plan:
    """Lays training cutoffs every step back from as_of - 2 horizons, and the evaluation at as_of - horizon.

    Returns: no training cutoffs where the history holds the evaluation's horizon but not another one before it.
    Raises:  InputError: the history is too short for that.
    """
    days, needed = (as_of - first_day).days, rule.horizon_days + rule.min_history_days
    if days < needed:
        raise _too_short(days, needed, as_of, rule)
    count = min(rule.max_snapshots, (days - needed - rule.horizon_days) // rule.snapshot_step_days + 1)
    newest = as_of - dt.timedelta(days=2 * rule.horizon_days)
    training = tuple(newest - dt.timedelta(days=rule.snapshot_step_days * i) for i in reversed(range(count)))
    return Plan(training, as_of - dt.timedelta(days=rule.horizon_days), as_of, rule.horizon_days, first_day)


def first_possible(first_day: dt.date, rule: Rule) -> dt.date:
    """Returns the first cutoff that has a horizon of training labels, and min_history_days of purchases before them.

    >>> first_possible(dt.date(2024, 1, 1), Rule(90, 30, 12, 60)).isoformat()
    '2024-05-30'
    """
    return first_day + dt.timedelta(days=rule.horizon_days + rule.min_history_days)


def rolling(first_day: dt.date, newest: dt.date, most: int, rule: Rule) -> list[Plan]:
    """Returns plans as of `newest` and a horizon earlier each, at most `most`, while there are labels to train on."""
    horizon, earliest = dt.timedelta(days=rule.horizon_days), first_possible(first_day, rule)
    days = (newest - number * horizon for number in range(most))
    return [plan(first_day, day, rule) for day in days if day - horizon >= earliest]


def day_of_customers(purchases: duckdb.DuckDBPyRelation, customers: int) -> dt.date | None:
    """Returns the first cutoff before which so many customers had ordered; None where the history has fewer.

    Args: purchases: one row per customer and day: customer_id, order_date, orders.
    """
    first = purchases.filter("orders > 0").aggregate("customer_id, MIN(order_date) AS first_day", "customer_id")
    newest = first.order("first_day").limit(1, offset=customers - 1).fetchall() if customers > 0 else []
    return newest[0][1] + dt.timedelta(days=1) if newest else None


def day_of_month(purchases: duckdb.DuckDBPyRelation) -> int | None:
    """Returns the one day of the month on which nearly all orders are dated; None where they lie on several days.

    Args: purchases: one row per customer and day: order_date, orders.
    """
    days = purchases.filter("orders > 0").aggregate("order_date, COUNT(*) AS orders", "order_date").df()
    if days["order_date"].nunique() < _FEW_MONTHS:
        return None
    shares = days.groupby(pd.to_datetime(days["order_date"]).dt.day)["orders"].sum() / days["orders"].sum()
    return int(shares.idxmax()) if shares.max() >= _NEARLY_ALL else None


def days_held(begin: dt.date, days: int, day_of_month: int) -> int:
    """Returns how many times the day of the month lies in [begin, begin + days).

    >>> days_held(dt.date(2026, 5, 2), 90, 1), days_held(dt.date(2026, 1, 1), 90, 1)
    (2, 3)
    """
    return sum((begin + dt.timedelta(days=number)).day == day_of_month for number in range(days))


def labels(
    purchases: duckdb.DuckDBPyRelation, cutoff: dt.date, horizon_days: int, discount_rate: float = 0.0
) -> pd.Series:
    """Returns the net revenue in [cutoff, cutoff + horizon_days) of the customers who appear in it; index customer_id.

    Args: discount_rate: a year; a purchase t days after the cutoff counts (1 + rate)^(-t / 365) of its amount. 0: all of it.
    """
    rows = purchases.query("purchases", label_query(cutoff, horizon_days, discount_rate))
    assert rows is not None  # DuckDB's types allow None, for statements that return no rows
    return rows.df().set_index("customer_id")["actual_clv"]


def label_query(cutoff: dt.date, horizon_days: int, discount_rate: float = 0.0) -> str:
    """Returns the SQL of labels(), on `purchases`: one text for every engine, of exact sums that no order of rows changes."""
    end = cutoff + dt.timedelta(days=horizon_days)
    years = f"CAST(DATEDIFF('day', DATE '{cutoff}', order_date) AS DOUBLE) / 365"
    factor = f"POWER(CAST({1 + discount_rate!r} AS DOUBLE), -{years})"
    worth = f"CAST(revenue AS DECIMAL(27,4)) * CAST(ROUND({factor}, 9) AS DECIMAL(10,9))"
    amount = worth if discount_rate else "revenue"
    return (
        f"SELECT customer_id, CAST(SUM({amount}) AS DOUBLE) AS actual_clv FROM purchases "
        f"WHERE order_date >= DATE '{cutoff}' AND order_date < DATE '{end}' GROUP BY customer_id"
    )


def actual_clv(
    customers: pd.Series,
    purchases: duckdb.DuckDBPyRelation,
    cutoff: dt.date,
    horizon_days: int,
    discount_rate: float = 0.0,
) -> pd.Series:
    """Returns the label of each customer, in the customers' order: net revenue in the horizon, 0 where there is none."""
    revenue = labels(purchases, cutoff, horizon_days, discount_rate)
    return customers.map(revenue).fillna(0.0).astype("float64").rename("actual_clv")


def ordered(customers: pd.Series, purchases: duckdb.DuckDBPyRelation, begin: dt.date, days: int) -> pd.DataFrame:
    """Returns what each customer ordered in [begin, begin + days), in the customers' order.

    Args:    customers: ids.   purchases: one row per customer and day: customer_id, order_date, positive_revenue, orders.
    Returns: orders (days with one), revenue (in currency, before refunds); 0 where there are none.
    """
    end = begin + dt.timedelta(days=days)
    inside = purchases.filter(f"order_date >= DATE '{begin}' AND order_date < DATE '{end}' AND orders > 0")
    sums = "customer_id, CAST(SUM(orders) AS DOUBLE) AS orders, CAST(SUM(positive_revenue) AS DOUBLE) AS revenue"
    table = inside.aggregate(sums, "customer_id").df().set_index("customer_id")
    return table.reindex(customers).fillna(0.0).reset_index(drop=True)


def orders_by_week(purchases: duckdb.DuckDBPyRelation, begin: dt.date, weeks: int) -> pd.Series:
    """Returns the orders of all customers in each week from a day on. purchases: order_date, orders."""
    end = begin + dt.timedelta(days=7 * weeks)
    inside = purchases.filter(f"order_date >= DATE '{begin}' AND order_date < DATE '{end}' AND orders > 0")
    week = f"(CAST(order_date AS DATE) - DATE '{begin}') // 7"
    counts = inside.project(f"{week} AS week, orders").aggregate("week, SUM(orders) AS orders", "week").df()
    return counts.set_index("week")["orders"].astype("float64").reindex(range(weeks), fill_value=0.0)


def customers(purchases: duckdb.DuckDBPyRelation, before: dt.date) -> int:
    """Returns how many customers had ordered before the day. purchases: customer_id, order_date, orders."""
    ordered = purchases.filter(f"order_date < DATE '{before}' AND orders > 0")
    return ordered.aggregate("COUNT(DISTINCT customer_id)").fetchall()[0][0]


def net_revenue(
    purchases: duckdb.DuckDBPyRelation, begin: dt.date, end: dt.date, known_before: dt.date | None = None
) -> float:
    """Returns the net revenue of all customers in [begin, end); known_before: of those alone who had ordered before a day."""
    inside = purchases.filter(f"order_date >= DATE '{begin}' AND order_date < DATE '{end}'")
    if known_before:
        ordered = purchases.filter(f"order_date < DATE '{known_before}' AND orders > 0").project("customer_id")
        inside = inside.set_alias("inside").join(ordered.distinct().set_alias("known"), "customer_id", how="semi")
    return float(inside.aggregate("CAST(COALESCE(SUM(revenue), 0) AS DOUBLE)").fetchall()[0][0])


def mean_discount(horizon_days: int, discount_rate: float) -> float:
    """Returns what an amount is worth on average that comes at any moment of the horizon: 1 without a discount rate.

    Source: the mean of exp(-d t) over [0, h] is (1 - exp(-d h)) / (d h), with d = ln(1 + rate) a year.

    >>> round(mean_discount(365, 0.1), 4)
    0.9538
    """
    exponent = math.log1p(discount_rate) * horizon_days / 365
    return -math.expm1(-exponent) / exponent if exponent else 1.0


def _too_short(days: int, needed: int, as_of: dt.date, rule: Rule) -> InputError:
    fits = days - rule.min_history_days
    least = f"at least {rule.min_history_days + 1} days are needed for any horizon (window.min_history_days={rule.min_history_days})"
    return InputError(
        Code.HISTORY_TOO_SHORT,
        what=f"The history has {days} days before {as_of}, and {needed} are needed: a horizon of {rule.horizon_days} days to "
        f"measure on and {rule.min_history_days} days before it; twice the horizon to learn corrections from",
        fix=f"window.horizon_days={fits} would fit" if fits >= 1 else least,
    )
