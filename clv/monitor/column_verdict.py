"""Whether one column has moved, and the sentence that says so."""

from collections.abc import Iterable

import numpy as np
import pandas as pd

from clv import features
from clv.monitor.finding import ALERT, INSUFFICIENT, STABLE, WARN, grade, worst

NOT_JUDGED = "moves by itself"
_MATTERS = 0.5  # of warn_ks: the least share of customers who must have moved by more than what is the same to a person
_IN_WORDS = {
    "p50": "the median",
    "p75": "the 75th percentile",
    "p25": "the 25th percentile",
    "p95": "the 95th percentile",
    "p05": "the 5th percentile",
}


def judge(
    row: pd.Series, judged: bool, moving: Iterable[str], significance: float, ageing: str = ""
) -> tuple[str, str]:
    """Returns the status of one column and its sentence: the worst of its tests.

    Args: row: of compare(), without status and reason.
          judged: whether both sides have enough customers.
          moving: columns that are not judged.
          ageing: a sentence where the customer base grows older; only missing and frozen values count then.
    """
    if row["feature"] in moving:
        return NOT_JUDGED, "It moves with the calendar or the length of the history, so it is reported and not judged."
    if not row["reference_customers"]:
        return INSUFFICIENT, "The baseline does not have this column; a version trained now has it."
    if not row["current_customers"]:
        return ALERT, "The column is gone: the feature table no longer has it."
    if not judged:
        return INSUFFICIENT, "There are too few customers on one of the sides."
    if row["frozen_q_value"] < significance:
        return ALERT, _frozen_at(row["current_p50"])
    return _worst_test(row, significance, ageing)


def _frozen_at(value: float) -> str:
    return "Nobody has a value." if np.isnan(value) else f"Every customer has the value {value:g}."


def _worst_test(row: pd.Series, significance: float, ageing: str) -> tuple[str, str]:
    moved, positives_moved = (_matters(row, test, significance) for test in ("", "positives_"))
    tests = [
        ("missing_", abs(row["missing_share_change"]), "share", _share(row, "missing", "have no value"), True),
        ("zero_", abs(row["zero_share_change"]), "share", _share(row, "zero", "are at zero"), moved),
        ("", row["ks_statistic"], "ks", _moved(row), moved),
        ("positives_", row["positives_ks_statistic"], "ks", _among_positives(row), positives_moved),
    ]
    if ageing:  # whoever orders again has gaps: the share of those without moves as well
        tests = [] if row["feature"] in features.OF_GAPS else tests[:1]
    there = [test for test in tests if not np.isnan(test[1])]  # the share of missing values always is
    graded = [
        (grade(size, row[f"warn_{kind}"], row[f"alert_{kind}"], not row[f"{test}q_value"] >= significance), reason)
        for test, size, kind, reason, matters in there
        if matters
    ]
    status = worst([STABLE, *(status for status, _ in graded)])
    if status in (WARN, ALERT):
        return status, next(reason for other, reason in graded if other == status)
    if ageing:
        return STABLE, "It moves as the customers grow older."
    large = [test for test, size, kind, *_ in there if size >= row[f"warn_{kind}"]]
    if not large:
        return STABLE, "No change that matters."
    if any(row[f"{test}q_value"] < significance for test in large):
        return STABLE, "No change that matters: hardly anybody's value moved by more than is the same to a person."
    return STABLE, "No change that matters; the difference may be chance."


def _matters(row: pd.Series, test: str, significance: float) -> bool:
    """Whether enough customers moved by more than what is the same to a person, and chance alone would hardly do that."""
    share, p_value = row[f"{test}moved_share"], row[f"{test}moved_p_value"]
    return not (share < _MATTERS * row["warn_ks"] or p_value >= significance)


def _moved(row: pd.Series) -> str:
    """The quantile that changed by the largest ratio, in words, with the distance."""

    def ratio(q: str) -> float:
        before, now = (abs(row[f"{side}_{q}"]) + 1e-9 for side in ("reference", "current"))
        return max(before / now, now / before) if np.isfinite(before + now) else 0.0

    q = max(_IN_WORDS, key=ratio)
    before, now = row[f"reference_{q}"], row[f"current_{q}"]
    return f"{_IN_WORDS[q]} went from {before:g} to {now:g} (distance {row['ks_statistic']:.2f})."


def _among_positives(row: pd.Series) -> str:
    before, now = (row[f"{side}_positives_p50"] for side in ("reference", "current"))
    distance = row["positives_ks_statistic"]
    return f"Among customers above zero, the median went from {before:g} to {now:g} (distance {distance:.2f})."


def _share(row: pd.Series, what: str, verb: str) -> str:
    return f"{row[f'current_{what}_share']:.0%} of customers {verb}, it was {row[f'reference_{what}_share']:.0%}."
