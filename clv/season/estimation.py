"""A season from purchases before a day, growth and ageing of the customer base taken out."""

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

import duckdb
import jinja2
import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from clv.season.curves import LEAST_DAYS, POINTS, Season
from clv.season.process import Series, Yearly, own_covariance, yearly

_WEEKS, _DAYS = (
    jinja2.Template((Path(__file__).parent / "sql" / f"{name}.sql").read_text(), undefined=jinja2.StrictUndefined)
    for name in ("weeks", "days")
)
_MOST_WEEKS = 6 * 52  # older ones say little of the season now
_LEAST_REPEATS = 100  # repeat orders; fewer do not tell a season from chance
# weeks since the first order at which a rate begins
_AGES = np.array([1, 2, 3, 4, 6, 8, 12, 16, 24, 36, 52, 78, 104, 156, 208])
_ROUNDS = 3  # of rates by age and the curve, each given the other
_YEAR, _STEP = 365.25, 5  # days; the doubt is worked out for every fifth day of the year
_MOMENTS = (np.arange(POINTS) + 0.5) / POINTS
_UNIVERSAL = 2 * np.log(POINTS)


@dataclass(frozen=True)
class _Weeks:
    """Newest first. day, phase: the middle of each week, as days before the last one and as a moment of the year.
    repeats: orders of customers who had ordered in an earlier week, by week and age.   exposed: such customers, by week and age.
    above, variance: mean logarithm of an order's value beside its customer's own, and the variance of that mean; infinite without orders.
    day_of_year, by_day: of the seven days of each week, newest first: day of a year without 29 February (0 to 364), orders.
    """

    day: np.ndarray
    phase: np.ndarray
    repeats: np.ndarray
    exposed: np.ndarray
    above: np.ndarray
    variance: np.ndarray
    day_of_year: np.ndarray
    by_day: np.ndarray


def estimate(purchases: duckdb.DuckDBPyRelation, before: dt.date, horizon_days: int) -> Season:
    """Returns the season that the purchases before a day show, drawn to none as far as they say little.

    Repeat orders of a week are counted beside those that as many customers of as many weeks since their first order place in an
    average week, so a growing or an ageing customer base is not taken for a season. The logarithm of the ratio is a trend, a
    season, and what a year has of its own; how alike the years were says how much of it is season. Days of the year that stand out
    in every year, such as the last one, are kept as they are. The value of an order is taken beside the mean of the same
    customer's orders.

    Args:
        purchases: one row per customer and day: customer_id, order_date, positive_revenue (currency), orders (0 or 1).
        before: first day that is not seen.
        horizon_days: length of the stretches that the doubt is about.
    Source:
        A Poisson process by age and period, as in Clayton and Schifflers (1987), doi:10.1002/sim.4780060405; iterated weighted least
        squares for its noise, as in Breslow and Clayton (1993), doi:10.1080/01621459.1993.10594284. process.yearly() for the rest.
    """
    first_day = _first_day(purchases, before)
    if first_day is None or (before - first_day).days < LEAST_DAYS:
        return _unknown(first_day, before, _too_short(first_day, before))
    weeks = _weeks(purchases, before)
    if (repeats := int(weeks.repeats.sum())) < _LEAST_REPEATS:
        few = f"The season is not known: {repeats} repeat orders before {before}, and {_LEAST_REPEATS} are needed to tell it from chance."
        return _unknown(first_day, before, few)
    with threadpool_limits(1):  # small matrices: threads wait for each other, and their sums differ in the last digits
        (orders, days), value = _orders(weeks), _value(weeks)
    rates, values = np.exp(orders.mean) * days, np.exp(value.mean)
    rates = rates / rates.mean()
    values = values / np.average(values, weights=rates)
    doubt = np.hypot(_doubt(orders, rates, horizon_days), _doubt(value, rates, horizon_days))
    return Season(_rounded(rates), _rounded(values), _rounded(doubt), first_day, before, "")


def _first_day(purchases: duckdb.DuckDBPyRelation, before: dt.date) -> dt.date | None:
    orders = purchases.filter(f"orders > 0 AND order_date < DATE '{before}'")
    return orders.aggregate("MIN(CAST(order_date AS DATE)) AS first_day").fetchall()[0][0]


def _unknown(first_day: dt.date | None, before: dt.date, why_not: str) -> Season:
    return Season(first_day=first_day, seen_until=before, why_not=why_not)


def _too_short(first_day: dt.date | None, before: dt.date) -> str:
    if first_day is None:
        return f"The season is not known: there is no order before {before}."
    known = first_day + dt.timedelta(days=LEAST_DAYS)
    return f"The season is not known until {known}: there are {(before - first_day).days} days of orders before {before}, and a year is needed."


def _weeks(purchases: duckdb.DuckDBPyRelation, before: dt.date) -> _Weeks:
    """The weeks whose customers were seen at least a week before, the newest ones alone."""
    counts = _counted(purchases, _WEEKS, before)
    cohorts = counts["cohort"].max() + 1
    number = min(cohorts - 1, _MOST_WEEKS)
    age = np.subtract.outer(np.arange(cohorts), np.arange(number)).T  # of a cohort in a week
    group = np.where(age >= 1, np.searchsorted(_AGES, age, "right") - 1, len(_AGES))
    first, again = np.zeros(cohorts), np.zeros((number, cohorts))
    np.add.at(first, counts["cohort"], counts["first_orders"])
    recent = counts[counts["week"] < number]
    again[recent["week"], recent["cohort"]] = recent["repeat_orders"]
    groups = [group == name for name in range(len(_AGES))]
    sums = recent.groupby("week")[["above", "freedom"]].sum().reindex(range(number), fill_value=0.0)
    freedom = sums["freedom"].to_numpy()
    spread = recent["squares"].sum() / max(freedom.sum(), 1.0)
    days = pd.DatetimeIndex([before - dt.timedelta(days=number + 1) for number in range(7 * number)])
    daily = (
        _counted(purchases, _DAYS, before).set_index("day")["repeat_orders"].reindex(range(7 * number), fill_value=0.0)
    )
    day_of_year = (
        pd.to_datetime("2001" + days.strftime("-%m-%d").str.replace("-02-29", "-02-28")).dayofyear - 1
    ).to_numpy()
    return _Weeks(
        day=-7.0 * np.arange(number),
        phase=(days[3::7].dayofyear.to_numpy() - 0.5) / _YEAR,
        repeats=np.stack([(again * inside).sum(axis=1) for inside in groups], axis=1),
        exposed=np.stack([(first * inside).sum(axis=1) for inside in groups], axis=1),
        above=sums["above"].to_numpy() / np.maximum(freedom, 1e-9),
        variance=np.where(freedom > 0, spread / np.maximum(freedom, 1e-9), np.inf),
        day_of_year=day_of_year.reshape(-1, 7),
        by_day=daily.to_numpy("float64").reshape(-1, 7),
    )


def _counted(purchases: duckdb.DuckDBPyRelation, query: jinja2.Template, before: dt.date) -> pd.DataFrame:
    counts = purchases.query("purchases", query.render(before=before))
    assert counts is not None  # DuckDB's types allow None, for statements that return no rows
    table = counts.df().astype("float64")
    return table.astype({name: int for name in ("week", "cohort", "day") if name in table})


def _orders(weeks: _Weeks) -> tuple[Yearly, np.ndarray]:
    """The curve of the rate of repeat orders, and by how many times each day of the year lies above it."""
    repeats, log_ratio = weeks.repeats.sum(axis=1), np.zeros(len(weeks.day))
    parameters, days = None, np.ones(POINTS)
    for _ in range(_ROUNDS):
        exposed = weeks.exposed * days[weeks.day_of_year].mean(axis=1)[:, None]
        rates = weeks.repeats.sum(axis=0) / np.maximum((exposed * np.exp(log_ratio)[:, None]).sum(axis=0), 1e-9)
        usual = np.maximum(exposed @ rates, 1e-6)
        expected = usual * np.exp(log_ratio)
        weight = np.maximum(expected, 0.1)
        working = log_ratio + (repeats - expected) / weight
        curve = yearly(Series(weeks.day, weeks.phase, working, 1 / weight), _MOMENTS, parameters)
        log_ratio, parameters = np.clip(curve.fitted, -3, 3), curve.parameters
        days = _days_that_stand_out(weeks, weeks.exposed @ rates * np.exp(log_ratio) / 7)
    return curve, days


def _days_that_stand_out(weeks: _Weeks, expected: np.ndarray) -> np.ndarray:
    """By how many times the orders of each day of the year lie above those that are expected; 1 where chance may have done it.

    A day that was seen in one year alone says nothing of the next one.   expected: orders a day, by week.
    Source: the non-negative garrote, Breiman (1995), doi:10.1080/00401706.1995.10484371, at the universal threshold of Donoho and
            Johnstone (1994), doi:10.1093/biomet/81.3.425.
    """
    usual, day = np.repeat(np.maximum(expected, 1e-6), 7), weeks.day_of_year.ravel()
    seen, orders = np.bincount(day, minlength=POINTS), weeks.by_day.ravel()
    sums = np.maximum(np.bincount(day, usual, POINTS), 1e-9)
    times = np.bincount(day, orders, POINTS) / sums
    apart = np.bincount(day, (orders - usual * times[day]) ** 2, POINTS) / sums**2 * seen / np.maximum(seen - 1, 1)
    chance = np.mean((orders - usual) ** 2 / usual) / sums
    doubt = _UNIVERSAL * np.maximum(apart, chance) / np.maximum((times - 1) ** 2, 1e-12)
    return np.where(seen > 1, 1 + np.maximum(1 - doubt, 0) * (times - 1), 1.0)


def _value(weeks: _Weeks) -> Yearly:
    """The curve of the value of an order."""
    there = np.isfinite(weeks.variance)
    return yearly(Series(weeks.day[there], weeks.phase[there], weeks.above[there], weeks.variance[there]), _MOMENTS)


def _doubt(curve: Yearly, rates: np.ndarray, horizon_days: int) -> np.ndarray:
    """The standard deviation of the mean of the curve over a horizon beside that over a year, by the day on which it begins: of the
    curve itself, and of what the coming year will have of its own."""
    own, variances = own_covariance(curve.own, np.arange(horizon_days)), []
    for begin in range(0, POINTS, _STEP):
        places = (begin + np.arange(horizon_days)) % POINTS
        weights = rates[places] / rates[places].sum()
        apart = np.bincount(places, weights, POINTS) - rates / rates.sum()
        variances.append(apart @ curve.covariance @ apart + weights @ own @ weights)
    return np.repeat(np.sqrt(np.maximum(variances, 0)), _STEP)


def _rounded(curve: np.ndarray) -> tuple[float, ...]:
    return tuple(curve.round(4).tolist())
