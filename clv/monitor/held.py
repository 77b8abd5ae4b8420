"""How far predictions held against what came in: their ranking (whom to care for) and their level (how much to expect)."""

import datetime as dt
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from clv.monitor.evidence import ACTUAL, PREDICTED, Evidence
from clv.monitor.stored_scores import Limits, graded, wider


@dataclass(frozen=True)
class Held:
    """One horizon of predictions beside what came in, and beside what the version was measured to do.

    Args: begin, days: the horizon.   customers: who were scored.   are_used: the scores that people used, not computed again.
          predicted, actual: totals in currency.
          figures: of metrics.intervals(); bias (predicted / actual) and normalized_gini, with value, low and high.
          measured: the same when the version was measured.
          level, ranking: stable, warn or alert; the level has the room of the season.   off: the level without that room.
          room: relative change of a total that the season may make by itself.
          limit: relative change of the level from which on it no longer holds, that room included.
          is_new: whether it is another horizon than the one on which the version was measured.
    """

    begin: dt.date
    days: int
    customers: int
    are_used: bool
    predicted: float
    actual: float
    figures: pd.DataFrame
    measured: pd.DataFrame
    level: str
    ranking: str
    off: str
    room: float
    limit: float
    is_new: bool = True


def held(part: Mapping[str, Any], evidence: Evidence, days: int, limits: Limits) -> Held | None:
    """Returns the newest horizon that has come in: of scores that were used, else of the customers of a horizon ago; None: there is none.

    Args: part: of the baseline, of Performance over time.
          days: the horizon.
          limits: of Performance over time.
    """
    ours = [vintage for vintage in evidence.vintages or [] if vintage.version == evidence.version]
    if ours:
        newest = ours[-1]
        totals = newest.predicted_total, float(newest.actual[ACTUAL].sum())
        found = newest.as_of, newest.figures, len(newest.actual)
    elif evidence.matured.table is not None and evidence.matured.intervals is not None:
        table = evidence.matured.table
        totals = float(table[PREDICTED].sum()), float(table[ACTUAL].sum())
        found = evidence.matured.cutoff, evidence.matured.intervals, len(table)
    else:
        return None
    begin, figures, customers = found
    measured = pd.DataFrame.from_dict(dict(part), orient="index").astype("float64")
    if not _can_be_judged(measured, figures, customers, limits):
        return None
    widened = wider(limits, evidence.room)
    level, ranking = graded(measured, figures, widened)
    off, is_new = graded(measured, figures, limits)[0], bool(ours) or not evidence.matured.tells_nothing_new
    statuses, room = (level, ranking, off), (evidence.room, widened.warn_bias)
    return Held(begin, days, customers, bool(ours), *totals, figures, measured, *statuses, *room, is_new)


def _can_be_judged(measured: pd.DataFrame, figures: pd.DataFrame, customers: int, limits: Limits) -> bool:
    """Whether there are enough customers, and revenue."""
    if customers < limits.min_customers or not {"bias", "normalized_gini"} <= set(measured.index):
        return False
    both = pd.concat([side.loc[["bias", "normalized_gini"], "value"] for side in (measured, figures)])
    return all(map(math.isfinite, both))
