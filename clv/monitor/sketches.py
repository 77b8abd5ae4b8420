"""A distribution without rows or extremes: counts of customers in cells between quantiles.

Whatever is compared is compared on the cells: a Kolmogorov-Smirnov distance, quantile PSI and the Wasserstein distance are
sums over them, so a million customers cost one pass.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

POINTS = 200  # distance on the sketch: at most 1 / POINTS below the exact one
HIDDEN = 2  # customers beyond each end at least, so that no extreme is a point
GROUPS = 10  # bins of the PSI


@dataclass(frozen=True)
class Sketch:
    """at: k points, ascending.   cells: 2k + 1 counts of customers below the first point, at it, between it and the second, ...
    customers, missing, zeros: counts."""

    customers: int
    missing: int
    zeros: int
    at: np.ndarray
    cells: np.ndarray

    @property
    def present(self) -> int:
        return self.customers - self.missing


def exact(values: np.ndarray) -> Sketch:
    """Every distinct value is a point: for a comparison without any loss. values: n numbers, NaN where one is missing."""
    return counted(values, np.unique(values[~np.isnan(values)]))


def sketch(values: np.ndarray, points: int = POINTS) -> Sketch:
    """At most `points` quantiles between the tails are points. values: n numbers, NaN where one is missing.

    The distance to any other sample is at most 1 / points (or HIDDEN / n, where that is more) below the exact one.
    """
    present = np.sort(values[~np.isnan(values)])
    tail = max(1 / points, (HIDDEN + 0.5) / max(len(present), 1))
    shares = np.linspace(tail, 1 - tail, points) if tail < 0.5 else []
    at = np.unique(np.quantile(present, shares, method="inverted_cdf")) if len(present) else present
    return counted(values, at)


def counted(values: np.ndarray, at: np.ndarray) -> Sketch:
    """The values in the cells of points that are known."""
    present = values[~np.isnan(values)]
    cells = np.bincount(cell(present, at), minlength=2 * len(at) + 1)
    return Sketch(len(values), len(values) - len(present), int((present == 0).sum()), at, cells)


def cell(present: np.ndarray, at: np.ndarray) -> np.ndarray:
    """The number of each value's cell: even between points, odd on one."""
    place = np.searchsorted(at, present)
    return 2 * place + (at[np.minimum(place, len(at) - 1)] == present if len(at) else 0)


def distance(reference: np.ndarray, current: np.ndarray) -> tuple[float, float]:
    """Two-sample Kolmogorov-Smirnov distance and its asymptotic p-value, from the counts of the same cells.

    Source: Hodges (1958), doi:10.1007/BF02589501; scipy.stats.ks_2samp(method="asymp") on the rows gives the same.
    """
    n, m = int(reference.sum()), int(current.sum())
    if not n or not m:
        return np.nan, np.nan
    found = float(np.abs(np.cumsum(reference) / n - np.cumsum(current) / m).max())
    return found, float(stats.kstwo.sf(found, np.round(n * m / (n + m)) or 1))


def positives(known: Sketch) -> np.ndarray:
    """The counts of the cells above zero."""
    return known.cells[2 * int(np.searchsorted(known.at, 0.0, "right")) + (0 if 0.0 in known.at else 1) :]


def psi(reference: np.ndarray, current: np.ndarray) -> float:
    """Population stability index over tenths of the reference; half a customer is added to every bin.

    Source: Siddiqi (2006), Credit Risk Scorecards, chapter 9; quantile bins, since equal widths are blind on heavy tails.
    """
    n, m = reference.sum(), current.sum()
    if not n or not m:
        return np.nan
    middle = (np.cumsum(reference) - reference / 2) / n
    group = np.minimum((middle * GROUPS).astype(int), GROUPS - 1)
    before, now = (np.bincount(group, cells, GROUPS) for cells in (reference, current))
    used = (before > 0) | (now > 0)
    before, now = ((counts[used] + 0.5) / (counts[used] + 0.5).sum() for counts in (before, now))
    return float(((now - before) * np.log(now / before)).sum())


def wasserstein(known: Sketch, current: np.ndarray) -> float:
    """Area between the two distribution functions over the points, in standard deviations of the reference."""
    n, m, at = known.cells.sum(), current.sum(), known.at
    if not n or not m or len(at) < 2:
        return np.nan
    gap = np.abs(np.cumsum(known.cells) / n - np.cumsum(current) / m)
    area = ((gap[1:-2:2] + gap[2:-1:2]) / 2 * np.diff(at)).sum()
    values = representatives(known)
    mean = np.average(values, weights=known.cells)
    return float(area / np.sqrt(np.average((values - mean) ** 2, weights=known.cells)))


def representatives(known: Sketch) -> np.ndarray:
    """One value a cell: the point, or the middle between two; beyond the ends, the end moved by a little.

    Raises nothing and shows no customer: every value is a point or lies between two.
    """
    at = known.at
    if not len(at):
        return np.zeros(1)
    step = np.diff(at).min() / 2 if len(at) > 1 else max(abs(at[0]), 1.0) * 0.01
    found = np.empty(2 * len(at) + 1)
    found[1::2] = at
    found[2:-1:2] = (at[1:] + at[:-1]) / 2
    found[0], found[-1] = at[0] - step, at[-1] + step
    return found


def rows(known: Sketch, cells: np.ndarray, most: int) -> np.ndarray:
    """The counts as rows again, at most so many, each in the middle of its cell: what a library that wants rows may see."""
    share = min(1.0, most / max(cells.sum(), 1))
    ends = np.round(np.cumsum(cells) * share).astype(int)
    return np.repeat(representatives(known), np.diff(ends, prepend=0))


def to_table(known: dict[str, Sketch]) -> pd.DataFrame:
    """Sketches as one table: feature, point, below (customers under the point and above the last one), at (customers on it).

    The customers above the last point are on a row without a point.
    """
    parts = []
    for name, found in known.items():
        point, at = np.append(found.at, np.nan), np.append(found.cells[1::2], 0)
        parts.append(pd.DataFrame({"feature": name, "point": point, "below": found.cells[::2], "at": at}))
    return pd.concat(parts, ignore_index=True)


def from_table(table: pd.DataFrame, counts: dict[str, dict]) -> dict[str, Sketch]:
    """counts: by feature, customers, missing and zeros.

    Raises: ValueError: points or counts are none that to_table() writes.
    """
    if set(counts) != set(table["feature"]):
        raise ValueError(
            f"counts and sketches are of different columns: {sorted(set(counts) ^ set(table['feature']))[:5]}"
        )
    found = {}
    for name, part in table.groupby("feature", sort=False):
        cells = np.empty(2 * len(part) - 1, "int64")
        cells[::2], cells[1::2] = part["below"], part["at"].iloc[:-1]
        found[name] = Sketch(**counts[name], at=part["point"].to_numpy("float64")[:-1], cells=cells)
        if not whole(found[name]):
            raise ValueError(f"the sketch of {name} holds points that do not ascend, or counts that do not add up")
    return found


def whole(one: Sketch) -> bool:
    counts = (one.customers, one.missing, one.zeros)
    numbers = all(type(count) is int and count >= 0 for count in counts) and (one.cells >= 0).all()
    points = np.isfinite(one.at).all() and (np.diff(one.at) > 0).all()
    return bool(numbers and points and one.cells.sum() == one.present and one.zeros <= one.present)


def snapped(known: Sketch, values: np.ndarray) -> np.ndarray:
    """Each value as the middle of its cell; what is missing stays so."""
    found, there = np.full(len(values), np.nan), ~np.isnan(values)
    found[there] = representatives(known)[cell(values[there], known.at)]
    return found
