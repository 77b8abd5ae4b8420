"""A season as curves over the year, and season time: the integral of the rate of orders."""

import calendar
import datetime as dt
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np

POINTS = 365  # of a curve: the days of a year without 29 February
LEAST_DAYS = 365  # of purchases, from which a season can be told
_FLAT = (1.0,) * POINTS
_LEAP_DAY = 59  # days of the year before it
_DIGITS = 3  # of a day of season time


@dataclass(frozen=True)
class Season:
    """Curves over the days of the year; all flat where no season is known.

    orders: rate of orders, mean 1.   value: value of an order; its mean over all orders is 1.
    doubt: standard deviation of the logarithm of what a horizon brings, beside the curves, by the day on which it begins.
    first_day, seen_until: of the purchases that it was estimated from (the last one is not seen); None where there were none.
    why_not: a sentence that says why no season is known; empty where one is.
    """

    orders: tuple[float, ...] = _FLAT
    value: tuple[float, ...] = _FLAT
    doubt: tuple[float, ...] = (0.0,) * POINTS
    first_day: dt.date | None = None
    seen_until: dt.date | None = None
    why_not: str = "No season was looked for."

    @property
    def is_known(self) -> bool:
        """Whether there were enough purchases to tell a season; it may still be flat."""
        return not self.why_not

    @property
    def years(self) -> float:
        """Years of purchases behind the curves."""
        return (self.seen_until - self.first_day).days / 365.25 if self.seen_until and self.first_day else 0.0

    def day(self, date: dt.date) -> float:
        """Returns the days of season time from 1970 to the beginning of a date; a whole year has as many as on the calendar.

        >>> NONE.day(dt.date(1970, 2, 1))
        31.0
        """
        start = (dt.date(date.year, 1, 1) - dt.date(1970, 1, 1)).days
        return round(start + float(self.offsets(calendar.isleap(date.year))[date.timetuple().tm_yday - 1]), _DIGITS)

    def offsets(self, is_leap: bool) -> np.ndarray:
        """Returns the days of season time from 1 January to the beginning of each day of a year; 365 or 366 values."""
        return self._leap_offsets if is_leap else self._plain_offsets

    def values(self, is_leap: bool) -> np.ndarray:
        """Returns the value of an order on each day of a year, beside its mean over all orders; 365 or 366 values."""
        return _by_day(self.value, is_leap).round(4)

    def rates(self, is_leap: bool = False) -> np.ndarray:
        """Returns the rate of orders on each day of a year; its mean is 1."""
        rates = _by_day(self.orders, is_leap)
        return rates / rates.mean()

    def fold(self, begin: dt.date, days: int) -> float:
        """Returns how many times the orders of an average stretch as long fall into [begin, begin + days); 1 is an average stretch."""
        return round((self.day(begin + dt.timedelta(days=days)) - self.day(begin)) / days, 6)

    def fold_of_value(self, begin: dt.date, days: int) -> float:
        """Returns the value of the orders in [begin, begin + days) beside their mean over the year."""
        dates = [begin + dt.timedelta(days=number) for number in range(days)]
        rates = np.array([self.rates(calendar.isleap(date.year))[date.timetuple().tm_yday - 1] for date in dates])
        values = np.array([self.values(calendar.isleap(date.year))[date.timetuple().tm_yday - 1] for date in dates])
        return round(float((rates * values).sum() / rates.sum()), 6)

    def doubt_at(self, begin: dt.date) -> float:
        """Returns the standard deviation of the logarithm of what a horizon from a day on brings, beside the curves."""
        return float(_by_day(self.doubt, calendar.isleap(begin.year))[begin.timetuple().tm_yday - 1])

    def back(self, date: dt.date, season_days: float) -> dt.date:
        """Returns the last day from which at least so many days of season time pass until a date."""
        begin = date - dt.timedelta(days=round(season_days))
        while self.day(date) - self.day(begin) > season_days:
            begin += dt.timedelta(days=1)
        while self.day(date) - self.day(begin) < season_days:
            begin -= dt.timedelta(days=1)
        return begin

    def as_dict(self) -> dict[str, Any]:
        """Returns the season as values that JSON can hold."""
        days = {name: day.isoformat() if (day := getattr(self, name)) else None for name in ("first_day", "seen_until")}
        return asdict(self) | {name: list(getattr(self, name)) for name in ("orders", "value", "doubt")} | days

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """Returns the season that as_dict() gave."""
        days = {
            name: dt.date.fromisoformat(values[name]) if values[name] else None for name in ("first_day", "seen_until")
        }
        return cls(**values | {name: tuple(values[name]) for name in ("orders", "value", "doubt")} | days)

    @cached_property
    def _plain_offsets(self) -> np.ndarray:
        return _sums(self.rates(False))

    @cached_property
    def _leap_offsets(self) -> np.ndarray:
        return _sums(self.rates(True))


def _by_day(curve: tuple[float, ...], is_leap: bool) -> np.ndarray:
    """29 February is the mean of its neighbours."""
    return np.insert(curve, _LEAP_DAY, np.mean(curve[_LEAP_DAY - 1 : _LEAP_DAY + 1])) if is_leap else np.array(curve)


def _sums(rates: np.ndarray) -> np.ndarray:
    return np.concatenate([[0.0], np.cumsum(rates)[:-1]]).round(_DIGITS)


NONE = Season()
