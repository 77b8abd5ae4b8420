"""Shops with a season, with known truth, and a clairvoyant who knows every customer's rate, order value, end, and the season.

The process is that of seasons/README.md beside the sets: first orders and orders are thinned by the season, a customer orders at
a rate of his own until an exponential end. The shapes `movable`, `two_peaks` and `value` go beyond it, and so do growth, a single
cohort, and events.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

BEGIN = pd.Timestamp("2020-01-01")  # day 0 of every shop and of every truth file
LEVELS = {  # January to December
    "christmas": (0.7, 0.65, 0.8, 0.85, 0.9, 0.85, 0.75, 0.75, 0.9, 1.05, 1.7, 2.1),
    "summer": (0.5, 0.55, 0.8, 1.0, 1.4, 1.7, 1.8, 1.6, 1.0, 0.7, 0.5, 0.45),
    "flat": (1.0,) * 12,
    "two_peaks": (0.7, 0.7, 0.9, 1.4, 1.7, 1.1, 0.7, 0.7, 0.8, 0.9, 1.1, 1.3),
    "movable": (1.0,) * 12,  # and a peak whose day moves
    "value": (1.0,) * 12,  # orders come evenly, and their value has the season
}
VALUE_LEVELS = {"value": (0.8, 0.8, 0.9, 0.95, 1.0, 0.95, 0.9, 0.9, 0.95, 1.1, 1.3, 1.45)}
MIDDLE_OF_PEAK, SHIFT_DAYS, WIDTH_DAYS, HEIGHT = 110, (8, -10, 13, -4, 4, -14, 9, -6), 12, 2.0  # of the movable peak
WARM_UP_DAYS, OF_ALL_DAYS = 730, 2192


@dataclass(frozen=True)
class Shop:
    """How a shop is drawn.

    shape: a name of LEVELS.
    customers: with a first order between two years before the first day and the last one.
    days: from 2020-01-01 on.
    growth: of the inflow of customers, a year; 0: steady.
    cohort_days: all first orders come within so many days from the first on; None: all the time.
    dearer: a day, and by what every amount is multiplied from it on.
    leaving: a day, and the share of the customers who are there before it and order no more from it on.
    """

    shape: str = "christmas"
    customers: int = 9_000
    days: int = OF_ALL_DAYS
    growth: float = 0.0
    cohort_days: int | None = None
    dearer: tuple[int, float] | None = None
    leaving: tuple[int, float] | None = None


def rate_level(shape: str, days: np.ndarray) -> np.ndarray:
    """Returns the level of the rate on each day (counted from 2020-01-01); 1 is the average."""
    level = _of_year(LEVELS[shape], days)
    if shape != "movable":
        return level
    return (level + HEIGHT * _movable(days)) / (1 + HEIGHT * WIDTH_DAYS * np.sqrt(2 * np.pi) / 365.25)


def value_level(shop: Shop, days: np.ndarray) -> np.ndarray:
    """Returns the level of an order's value on each day, its events included; 1 is a customer's mean."""
    level = _of_year(VALUE_LEVELS.get(shop.shape, (1.0,) * 12), days)
    return level * np.where(days >= shop.dearer[0], shop.dearer[1], 1.0) if shop.dearer else level


def _of_year(levels: tuple[float, ...], days: np.ndarray) -> np.ndarray:
    """Levels over their mean, at mid-months, and a line between them."""
    day_of_year = (BEGIN + pd.to_timedelta(np.floor(days), "D")).dayofyear.to_numpy() - 1
    return np.interp(day_of_year, 30.5 * np.arange(12) + 15, np.array(levels) / np.mean(levels), period=366)


def _movable(days: np.ndarray) -> np.ndarray:
    """A bell around a day that is another one every year, as Easter is."""
    dates = BEGIN + pd.to_timedelta(np.floor(days), "D")
    middle = MIDDLE_OF_PEAK + np.array(SHIFT_DAYS)[dates.year.to_numpy() % len(SHIFT_DAYS)]
    return np.exp(-0.5 * ((dates.dayofyear.to_numpy() - middle) / WIDTH_DAYS) ** 2)


def draw(shop: Shop, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Returns the orders of a shop (customer_id, order_date, revenue), and its truth.

    Truth: customer_id, rate (orders a day at season 1), mean_value (of an order at season 1), last_day (counted from 2020-01-01).
    """
    chance = np.random.default_rng([seed, *shop.shape.encode()])
    first = _first_days(shop, chance)
    n = shop.customers
    rate, value = chance.gamma(1.0, 1 / 70, n), 18.0 / chance.gamma(4.0, 1 / 120, n)
    last = first + chance.exponential(1 / chance.gamma(1.5, 1 / 500, n))
    if shop.leaving:
        day, share = shop.leaving
        last = np.where((first < day) & (last > day) & (chance.random(n) < share), day, last)
    ids = np.char.mod("s%06d", np.arange(n))
    who, when = _orders(shop, first, np.minimum(last, shop.days), rate, chance)
    revenue = np.round(chance.gamma(6.0, value[who] / 6) * value_level(shop, when), 2)
    days = pd.DataFrame({"customer_id": ids[who], "day": when, "revenue": np.maximum(revenue, 0.01)})
    rows = days.sort_values(["day", "customer_id"], ignore_index=True)
    rows.insert(1, "order_date", (BEGIN + pd.to_timedelta(rows.pop("day"), "D")).dt.strftime("%Y-%m-%d"))
    return rows, pd.DataFrame({"customer_id": ids, "rate": rate, "mean_value": value, "last_day": last})


def _first_days(shop: Shop, chance: np.random.Generator) -> np.ndarray:
    """The time of each customer's first order: growing with the inflow, thinned by the season."""
    begin, end = (0, shop.cohort_days) if shop.cohort_days else (-WARM_UP_DAYS, shop.days)
    steepness = np.log1p(shop.growth) / 365 * (end - begin)
    first = np.empty(0)
    while len(first) < shop.customers:
        even = chance.random(4 * shop.customers)
        place = np.log1p(even * np.expm1(steepness)) / steepness if steepness else even
        drawn = begin + place * (end - begin)
        first = np.concatenate([first, _thinned(shop.shape, drawn, chance)])
    return first[: shop.customers]


def _thinned(shape: str, times: np.ndarray, chance: np.random.Generator) -> np.ndarray:
    return times[chance.random(len(times)) < rate_level(shape, times) / _highest(shape)]


def _highest(shape: str) -> float:
    return float(rate_level(shape, np.arange(-WARM_UP_DAYS, 8 * 366)).max())


def _orders(
    shop: Shop, first: np.ndarray, end: np.ndarray, rate: np.ndarray, chance: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Number of the customer and day of each order that lies in the shop's days."""
    alive, most = np.maximum(end - first, 0), _highest(shop.shape)
    later = np.repeat(np.arange(len(first)), chance.poisson(rate * most * alive))
    when = first[later] + chance.random(len(later)) * alive[later]
    kept = (when >= 0) & (chance.random(len(later)) < rate_level(shop.shape, when) / most)
    who = np.concatenate([np.flatnonzero(first >= 0), later[kept]])
    return who, np.floor(np.concatenate([first[first >= 0], when[kept]])).astype(int)


def clairvoyant(truth: pd.DataFrame, shop: Shop, cutoff: str, horizon_days: int) -> pd.Series:
    """Returns rate * mean_value * the season over the days in [cutoff, cutoff + horizon) that the customer lives; index customer_id.

    It knows all but the chance of orders and of their values, so no prediction is better in the long run.
    """
    day = (pd.Timestamp(cutoff) - BEGIN).days
    days = np.arange(day, day + horizon_days)
    summed = np.concatenate([[0.0], np.cumsum(rate_level(shop.shape, days) * value_level(shop, days))])
    lived = np.interp(truth["last_day"], np.arange(day, day + horizon_days + 1), summed)  # 0 before the cutoff
    return pd.Series(truth["rate"] * truth["mean_value"] * lived).set_axis(truth["customer_id"])
