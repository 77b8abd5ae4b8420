"""What is measured of one column: distances, changes of shares, and their p-values before any correction."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Self

import numpy as np
import pandas as pd
from scipy import stats

from clv.monitor import sketches

_NOT_APART = {"positives_moved_share": np.nan, "positives_moved_p_value": np.nan}
_NOTHING = 0.01  # of a column's mean: less than that is nothing
_QUANTILES = {"p05": 0.05, "p25": 0.25, "p50": 0.5, "p75": 0.75, "p95": 0.95}


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
