"""Column by column: the whole distribution, the values above zero, the shares of missing values and of zeros."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Self

import numpy as np
import pandas as pd
from scipy import stats

from clv import features
from clv.monitor import sketches
from clv.monitor.evidence import ACTUAL
from clv.monitor.finding import ALERT, INSUFFICIENT, STABLE, WARN, grade, worst

TESTS = ("", "positives_", "missing_", "zero_", "frozen_")
_NOT_JUDGED = "moves by itself"
_MATTERS = 0.5  # of warn_ks: the least share of customers who must have moved by more than what is the same to a person
_NOT_APART = {"positives_moved_share": np.nan, "positives_moved_p_value": np.nan}
_NOTHING = 0.01  # of a column's mean: less than that is nothing
_QUANTILES = {"p05": 0.05, "p25": 0.25, "p50": 0.5, "p75": 0.75, "p95": 0.95}
_IN_WORDS = {
    "p50": "the median",
    "p75": "the 75th percentile",
    "p25": "the 25th percentile",
    "p95": "the 95th percentile",
    "p05": "the 5th percentile",
}


@dataclass(frozen=True)
class Thresholds:
    """Args: warn_ks, alert_ks: Kolmogorov-Smirnov distance, 0 (the same) to 1 (no value in common).
    warn_share, alert_share: change of the share of missing values, and of zeros, 0 to 1.
    """

    warn_ks: float
    alert_ks: float
    warn_share: float
    alert_share: float


@dataclass(frozen=True)
class Limits:
    """Args: significance: largest corrected p-value that is beyond chance.
    positives_apart: share of zeros from which the values above zero are compared on their own as well.
    usual: thresholds of a column.
    overrides: other thresholds by column.
    min_customers: fewer on either side cannot be judged.
    same_days, same_share: a value that moved by no more days, or by no larger share of itself, is the same to a person.
    """

    significance: float
    positives_apart: float
    usual: Thresholds
    overrides: Mapping[str, Thresholds]
    min_customers: int
    same_days: float = 1.0
    same_share: float = 0.05


def watched(scored: pd.DataFrame) -> pd.DataFrame:
    """Returns the columns whose distributions are compared: the numbers that are known at the cutoff, in season time."""
    unwatched = [ACTUAL, features.LAST_YEAR, *features.FOR_PEOPLE, *features.OF_THE_HORIZON]
    return scored.select_dtypes("number").drop(columns=unwatched, errors="ignore")


def compare(
    reference: Mapping[str, sketches.Sketch],
    current: pd.DataFrame,
    moving: Iterable[str],
    limits: Limits,
    ageing: str = "",
) -> pd.DataFrame:
    """Returns each column of the reference beside now: p-values corrected over all columns and tests that are judged, and sizes.

    Args:    reference: the sketches of the baseline by column.
             current: one row a customer, numbers.
             moving: columns that are reported and not judged.
             ageing: a sentence where the customer base grows older; only missing and frozen values count then.
    Returns: one row per column, those of the reference first: feature, status (stable, warn, alert, insufficient, moves by itself),
             reason, ks_statistic, p_value, q_value, psi, wasserstein, then the same for the positives, the changes of the missing and
             the zero share with their q, the thresholds, and counts, shares and quantiles of both sides.
    Source:  Benjamini and Hochberg (1995), doi:10.1111/j.2517-6161.1995.tb02031.x.
    """
    names, unjudged = dict.fromkeys([*reference, *current]), set(moving)
    table = pd.DataFrame([measured(name, reference.get(name), current.get(name), limits) for name in names])
    fewest = table[["reference_customers", "current_customers"]].min(axis=1)
    judged = ~table["feature"].isin(unjudged) & (fewest >= limits.min_customers)
    p_values = table[[f"{test}p_value" for test in TESTS]].where(judged, np.nan, axis=0)
    table[[f"{test}q_value" for test in TESTS]] = _corrected(p_values.to_numpy("float64"))
    verdicts = [judge(row, judged[index], unjudged, limits.significance, ageing) for index, row in table.iterrows()]
    table.insert(1, "status", [status for status, _ in verdicts])
    table.insert(2, "reason", [reason for _, reason in verdicts])
    return table


def milder(table: pd.DataFrame, other: pd.DataFrame) -> pd.DataFrame:
    """Returns the table with the rows of the other one where that is milder: what either side explains is not drift.

    Args: table, other: of compare(), of the same columns.
    """
    other = other.set_index("feature").reindex(table["feature"]).reset_index()
    drifted = table["status"].isin([WARN, ALERT])
    calmer = drifted & ~other["status"].isin([ALERT]) & (other["status"] != table["status"])
    return table.where(~calmer, other)


def _corrected(p_values: np.ndarray) -> np.ndarray:
    """Over all that are there; the shape stays."""
    q_values, there = np.full(p_values.shape, np.nan), np.isfinite(p_values)
    if there.any():
        q_values[there] = stats.false_discovery_control(p_values[there])
    return q_values


def measured(name: str, reference: sketches.Sketch | None, values: pd.Series | None, limits: Limits) -> dict:
    """Returns sizes and uncorrected p-values of one column; a column that one side lacks has no customers there."""
    nothing = np.empty(0)
    now = nothing if values is None else values.to_numpy("float64")
    reference = reference or sketches.sketch(nothing)
    current = sketches.counted(now, reference.at)
    before = sketches.rows(reference, reference.cells, 20_000)
    apart = reference.zeros > limits.positives_apart * reference.present
    distance, p_value = sketches.distance(reference.cells, current.cells)
    room = _Room.of(name, reference, limits)
    moved, moved_p_value = sketches.beyond(reference, now[~np.isnan(now)], room.around(reference.at))
    positives_distance, positives_p_value = (
        sketches.distance(sketches.positives(reference), sketches.positives(current)) if apart else (np.nan, np.nan)
    )
    return {
        "feature": name,
        "ks_statistic": distance,
        "p_value": p_value,
        "moved_share": moved,
        "moved_p_value": moved_p_value,
        "psi": sketches.psi(reference.cells, current.cells),
        "wasserstein": sketches.wasserstein(reference, current.cells),
        "positives_ks_statistic": positives_distance,
        "positives_p_value": positives_p_value,
        **(_positives_moved(reference, now[now > 0], room) if apart else _NOT_APART),
        **_changed("missing", (reference.missing, reference.customers), (current.missing, current.customers)),
        "frozen_p_value": _frozen(reference, current, room),
        **_changed("zero", (reference.zeros, reference.present), (current.zeros, current.present)),
        **asdict(limits.overrides.get(name, limits.usual)),
        "reference_customers": reference.customers,
        "current_customers": current.customers,
        "reference_positives_p50": _quantiles(before[before > 0])["p50"],
        "current_positives_p50": _quantiles(now[now > 0])["p50"],
        **{f"reference_{q}": value for q, value in _quantiles(before).items()},
        **{f"current_{q}": value for q, value in _quantiles(now[~np.isnan(now)]).items()},
    }


@dataclass(frozen=True)
class _Room:
    """By how much a value may move and be the same to a person: an amount in the unit of the column, or a share of the value."""

    least: float
    share: float

    @classmethod
    def of(cls, name: str, reference: sketches.Sketch, limits: Limits) -> Self:
        days = limits.same_days if name.endswith("_days") else 0.0
        return cls(max(days, _NOTHING * sketches.mean_size(reference)), limits.same_share)

    def around(self, values: np.ndarray) -> np.ndarray:
        return np.maximum(self.share * np.abs(values), self.least)


def _positives_moved(reference: sketches.Sketch, positives: np.ndarray, room: _Room) -> dict[str, float]:
    above = sketches.above_zero(reference)
    moved, p_value = sketches.beyond(above, positives, room.around(above.at))
    return {"positives_moved_share": moved, "positives_moved_p_value": p_value}


def _changed(what: str, before: tuple[int, int], now: tuple[int, int]) -> dict[str, float]:
    """Change of a share with its p-value: two counts and the customers they are out of.

    Source: two-proportion z test with a pooled share; Fleiss, Levin and Paik (2003), Statistical Methods for Rates and Proportions.
    """
    shares = [count / total if total else np.nan for count, total in (before, now)]
    pooled = (before[0] + now[0]) / max(before[1] + now[1], 1)
    noise = np.sqrt(pooled * (1 - pooled) * (1 / max(before[1], 1) + 1 / max(now[1], 1)))
    change = shares[1] - shares[0]
    p_value = float(2 * stats.norm.sf(abs(change) / noise)) if noise else 1.0
    return {
        f"reference_{what}_share": shares[0],
        f"current_{what}_share": shares[1],
        f"{what}_share_change": change,
        f"{what}_p_value": p_value if np.isfinite(change) else np.nan,
    }


def _frozen(reference: sketches.Sketch, current: sketches.Sketch, room: _Room) -> float:
    """Chance that as many customers of the reference would all have the one value, give or take what is the same to a person, or
    all lack one, as now; NaN where they do not."""
    if not reference.customers or not current.customers:
        return np.nan
    if not current.present:
        return (reference.missing / reference.customers) ** current.customers
    if current.cells.max() < current.present or not reference.present:
        return np.nan
    middles = sketches.representatives(reference)
    value = middles[[current.cells.argmax()]]
    near = reference.cells[np.abs(middles - value) <= room.around(value)].sum()
    return float((near / reference.present) ** current.present)


def _quantiles(values: np.ndarray) -> dict[str, float]:
    """To three digits: enough to see a change, too little to see a customer."""
    shares = list(_QUANTILES.values())
    cuts = np.quantile(values, shares) if len(values) else [np.nan] * len(shares)
    return {q: float(f"{value:.3g}") for q, value in zip(_QUANTILES, cuts, strict=True)}


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
        return _NOT_JUDGED, "It moves with the calendar or the length of the history, so it is reported and not judged."
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
