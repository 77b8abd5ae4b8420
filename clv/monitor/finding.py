"""What a check found: a status, one sentence, the figures behind it, and the pictures of it."""

import datetime as dt
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

STABLE, WARN, ALERT, INSUFFICIENT = "stable", "warn", "alert", "insufficient"
STATUSES = (INSUFFICIENT, STABLE, WARN, ALERT)  # from the mildest to the most severe


@dataclass(frozen=True)
class Shares:
    """A picture: shares of customers, the baseline beside now.

    Args: title: stands above the picture.
          table: one row a bar; the label in the first column, then reference and current (0 to 1).
          caption: a sentence below the picture.
    """

    title: str
    table: pd.DataFrame
    caption: str = ""


@dataclass(frozen=True)
class OverDays:
    """A picture: metrics of several days, each with its interval.

    Args: title: stands above the picture.
          table: one row a day; as_of, version, and for each metric its value, and its ends in METRIC_low and METRIC_high.
          metrics: those that are drawn, with what the axis says of them; all of them are best at 1.
          bands: by metric, what the version was measured to do (value), and from where to where the check calls that the same (low, high).
          caption: a sentence below the picture.
    """

    title: str
    table: pd.DataFrame
    metrics: dict[str, str]
    bands: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    caption: str = ""


@dataclass(frozen=True)
class OverYear:
    """A picture: the season, and the last year over it.

    Args: title: stands above the picture.
          table: one row a week, oldest first; day (its first), season (rate of orders, mean 1), last_year (orders beside their mean).
          caption: a sentence below the picture.
    """

    title: str
    table: pd.DataFrame
    caption: str = ""


@dataclass(frozen=True)
class Finding:
    """What one check says.

    Args: status: stable, warn, alert, or insufficient (there is too little to judge by).
          reason: one sentence for a manager.
          figures: JSON-ready; the summary of the run holds them.
          metrics: name -> value; the UI charts them over the runs.
          series: name -> day -> value; the UI charts them over the days in one run.
          reports: name of a file -> a table, or JSON-ready content.
          pictures: for the page.
    """

    status: str
    reason: str
    figures: dict[str, Any] = field(default_factory=dict)
    metrics: dict[str, float] = field(default_factory=dict)
    series: dict[str, dict[dt.date, float]] = field(default_factory=dict)
    reports: dict[str, pd.DataFrame | dict[str, Any]] = field(default_factory=dict)
    pictures: tuple[Shares | OverDays | OverYear, ...] = ()


def grade(size: float, warn: float, alert: float, beyond_chance: bool = True) -> str:
    """Returns the status of a change, which counts when it is both beyond chance and large enough to matter.

    Args:    size: of the change; a size that is not a number is an alert.
             warn, alert: the sizes from which it is a warning and an alert.
             beyond_chance: whether a test says so.
    Returns: stable, warn or alert.

    >>> grade(0.07, warn=0.05, alert=0.10), grade(0.07, 0.05, 0.10, beyond_chance=False), grade(float("nan"), 0.05, 0.10)
    ('warn', 'stable', 'alert')
    """
    if math.isnan(size):
        return ALERT
    if not beyond_chance or size < warn:
        return STABLE
    return ALERT if size >= alert else WARN


def worst(statuses: Iterable[str]) -> str:
    """Returns the most severe of the statuses; insufficient where there are none."""
    return max(statuses, key=STATUSES.index, default=INSUFFICIENT)
