"""A distribution without rows or extremes: counts of customers in cells between quantiles.

Whatever is compared is compared on the cells: a Kolmogorov-Smirnov distance, quantile PSI and the Wasserstein distance are
sums over them, so a million customers cost one pass.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import special, stats

POINTS = 200  # distance on the sketch: at most 1 / POINTS below the exact one
HIDDEN = 2  # customers beyond each end at least, so that no extreme is a point
_GROUPS = 10  # bins of the PSI
_EXACT = 5_000  # customers of a Kolmogorov-Smirnov test, beyond which its limit is used


@dataclass(frozen=True)
class Sketch:
    """Args: customers, missing, zeros: counts.
    at: k points, ascending.
    cells: 2k + 1 counts of customers below the first point, at it, between it and the second, and so on.
    """

    customers: int
    missing: int
    zeros: int
    at: np.ndarray
    cells: np.ndarray

    @property
    def present(self) -> int:
        """Returns the number of customers who have a value."""
        return self.customers - self.missing


def exact(values: np.ndarray) -> Sketch:
    """Returns a sketch in which every distinct value is a point, for a comparison without any loss.

    Args: values: n numbers, NaN where one is missing.
    """
    return counted(values, np.unique(values[~np.isnan(values)]))


def sketch(values: np.ndarray, points: int = POINTS) -> Sketch:
    """Returns a sketch whose points are quantiles between the tails. The distance to any other sample is at most 1 / points
    (or HIDDEN / n, where that is more) below the exact one.

    Args: values: n numbers, NaN where one is missing.
          points: how many there are at most.
    """
    present = np.sort(values[~np.isnan(values)])
    tail = max(1 / points, (HIDDEN + 0.5) / max(len(present), 1))
    shares = np.linspace(tail, 1 - tail, points) if tail < 0.5 else np.empty(0)
    at = np.unique(np.quantile(present, shares, method="inverted_cdf")) if len(present) else present
    return counted(values, at)


def counted(values: np.ndarray, at: np.ndarray) -> Sketch:
    """Returns the values counted in the cells of given points.

    Args: values: n numbers, NaN where one is missing.
          at: k points, ascending.
    """
    present = values[~np.isnan(values)]
    cells = np.bincount(_cell(present, at), minlength=2 * len(at) + 1)
    return Sketch(len(values), len(values) - len(present), int((present == 0).sum()), at, cells)


def _cell(present: np.ndarray, at: np.ndarray) -> np.ndarray:
    """The number of each value's cell: even between points, odd on one."""
    place = np.searchsorted(at, present)
    return 2 * place + (at[np.minimum(place, len(at) - 1)] == present if len(at) else 0)


def distance(reference: np.ndarray, current: np.ndarray) -> tuple[float, float]:
    """Returns the two-sample Kolmogorov-Smirnov distance and its asymptotic p-value, from the counts of the same cells.

    Args:    reference, current: counts of customers in 2k + 1 cells.
    Returns: the distance from 0 (the same distribution) to 1 (no value in common), and p; NaN where one side is empty.
    Source:  Hodges (1958), doi:10.1007/BF02589501; scipy.stats.ks_2samp(method="asymp") on the rows gives the same, p as in chance_of().
    """
    n, m = int(reference.sum()), int(current.sum())
    if not n or not m:
        return np.nan, np.nan
    largest = float(np.abs(np.cumsum(reference) / n - np.cumsum(current) / m).max())
    return largest, chance_of(largest, n * m / (n + m))


def chance_of(distance: float, customers: float) -> float:
    """Returns the chance of at least such a Kolmogorov-Smirnov distance where nothing moved.

    Args:   customers: n m / (n + m) of two samples.
    Source: up to _EXACT customers Kolmogorov's distribution; beyond, where that takes seconds, its limit with Stephens' correction
            (1970), doi:10.1111/j.2517-6161.1970.tb00821.x, which is off by less than 1 % of p where p matters (0.001 to 0.1).
    """
    if customers <= _EXACT:
        return float(stats.kstwo.sf(distance, np.round(customers) or 1))
    root = np.sqrt(customers)
    return float(special.kolmogorov((root + 0.12 + 0.11 / root) * distance))


def beyond(reference: Sketch, values: np.ndarray, tolerance: np.ndarray) -> tuple[float, float]:
    """Returns the least share of customers whose value moved by more than a tolerance, and the p-value of that share.

    It is the Kolmogorov-Smirnov distance with room: the share up to a point before, less the share now up to the point and its
    tolerance (they moved up), or the share now below the point less its tolerance, less the share below the point before (down).

    Args:    values: m numbers without a missing one.
             tolerance: of each point of the reference, in its unit; where all are 0, the share is the distance on the points.
    Returns: from 0 (nobody moved so far) to 1 (everybody), and p, which is on the safe side; NaN where one side is empty.
    """
    n, m, at = int(reference.cells.sum()), len(values), reference.at
    if not n or not m:
        return np.nan, np.nan
    below = np.cumsum(reference.cells) / n  # even places: below a point; odd ones: up to it
    ordered = np.sort(values)
    up = below[1::2] - np.searchsorted(ordered, at + tolerance, "right") / m
    down = np.searchsorted(ordered, at - tolerance, "left") / m - below[:-1:2]
    largest = float(np.max([0.0, *up, *down]))
    return largest, chance_of(largest, n * m / (n + m))


def mean_size(sketch: Sketch) -> float:
    """Returns the mean absolute value, from the cells; 0 where there is no value."""
    if not sketch.present:
        return 0.0
    return float(np.average(np.abs(representatives(sketch)), weights=sketch.cells))


def positives(sketch: Sketch) -> np.ndarray:
    """Returns the counts of the cells above zero."""
    first = 2 * int(np.searchsorted(sketch.at, 0.0, "right")) + (0 if 0.0 in sketch.at else 1)
    return sketch.cells[first:]


def above_zero(sketch: Sketch) -> Sketch:
    """Returns the part of a sketch above zero, with the counts of positives()."""
    at, cells = sketch.at[sketch.at > 0], positives(sketch)
    cells = cells if len(cells) > 2 * len(at) else np.concatenate([[0], cells])  # the cell around zero is left out
    customers = int(cells.sum())
    return Sketch(customers, 0, 0, at, cells)


def psi(reference: np.ndarray, current: np.ndarray) -> float:
    """Returns the population stability index over tenths of the reference; half a customer is added to every bin.

    Args:    reference, current: counts of customers in the same cells.
    Returns: 0 where the shares are the same, without an upper end; NaN where one side is empty.
    Source:  Siddiqi (2006), Credit Risk Scorecards, chapter 9; quantile bins, since equal widths are blind on heavy tails.
    """
    n, m = reference.sum(), current.sum()
    if not n or not m:
        return np.nan
    middle = (np.cumsum(reference) - reference / 2) / n
    group = np.minimum((middle * _GROUPS).astype(int), _GROUPS - 1)
    before, now = (np.bincount(group, cells, _GROUPS) for cells in (reference, current))
    used = (before > 0) | (now > 0)
    before, now = ((counts[used] + 0.5) / (counts[used] + 0.5).sum() for counts in (before, now))
    return float(((now - before) * np.log(now / before)).sum())


def wasserstein(reference: Sketch, current: np.ndarray) -> float:
    """Returns the area between the two distribution functions over the points, in standard deviations of the reference.

    Args:    current: counts of customers in the cells of the reference.
    Returns: 0 where they are the same, without an upper end; NaN where one side is empty or has fewer than two points.
    """
    n, m, at = reference.cells.sum(), current.sum(), reference.at
    if not n or not m or len(at) < 2:
        return np.nan
    gap = np.abs(np.cumsum(reference.cells) / n - np.cumsum(current) / m)
    area = ((gap[1:-2:2] + gap[2:-1:2]) / 2 * np.diff(at)).sum()
    values = representatives(reference)
    mean = np.average(values, weights=reference.cells)
    return float(area / np.sqrt(np.average((values - mean) ** 2, weights=reference.cells)))


def representatives(sketch: Sketch) -> np.ndarray:
    """Returns one value a cell: the point, or the middle between two; beyond the ends, the end moved by a little.

    It shows no customer: every value is a point or lies between two.
    """
    at = sketch.at
    if not len(at):
        return np.zeros(1)
    step = np.diff(at).min() / 2 if len(at) > 1 else max(abs(at[0]), 1.0) * 0.01
    values = np.empty(2 * len(at) + 1)
    values[1::2] = at
    values[2:-1:2] = (at[1:] + at[:-1]) / 2
    values[0], values[-1] = at[0] - step, at[-1] + step
    return values


def rows(sketch: Sketch, cells: np.ndarray, most: int) -> np.ndarray:
    """Returns the counts as rows again, each in the middle of its cell: what a library that wants rows may see.

    Args: cells: counts of customers in the cells of the sketch.
          most: rows that are returned at most.
    """
    share = min(1.0, most / max(cells.sum(), 1))
    ends = np.round(np.cumsum(cells) * share).astype(int)
    return np.repeat(representatives(sketch), np.diff(ends, prepend=0))


def snapped(sketch: Sketch, values: np.ndarray) -> np.ndarray:
    """Returns each value as the middle of its cell; a missing value stays missing."""
    middles, there = np.full(len(values), np.nan), ~np.isnan(values)
    middles[there] = representatives(sketch)[_cell(values[there], sketch.at)]
    return middles


def to_table(by_column: dict[str, Sketch]) -> pd.DataFrame:
    """Returns sketches as one table: feature, point, below (customers under the point and above the last one), at (customers on it).

    The customers above the last point are on a row without a point.
    """
    parts = []
    for name, sketch in by_column.items():
        point, at = np.append(sketch.at, np.nan), np.append(sketch.cells[1::2], 0)
        parts.append(pd.DataFrame({"feature": name, "point": point, "below": sketch.cells[::2], "at": at}))
    return pd.concat(parts, ignore_index=True)


def from_table(table: pd.DataFrame, counts: dict[str, dict[str, int]]) -> dict[str, Sketch]:
    """Returns the sketches that to_table() wrote, by column.

    Args:   counts: by column, customers, missing and zeros.
    Raises: ValueError: to_table() does not write such points or counts.
    """
    if set(counts) != set(table["feature"]):
        different = sorted(set(counts) ^ set(table["feature"]))
        raise ValueError(f"counts and sketches are of different columns: {different[:5]}")
    by_column = {}
    for feature, part in table.groupby("feature", sort=False):
        name = str(feature)
        cells = np.empty(2 * len(part) - 1, "int64")
        cells[::2], cells[1::2] = part["below"], part["at"].iloc[:-1]
        by_column[name] = Sketch(**counts[name], at=part["point"].to_numpy("float64")[:-1], cells=cells)
        if not _whole(by_column[name]):
            raise ValueError(f"the sketch of {name} holds points that do not ascend, or counts that do not add up")
    return by_column


def _whole(sketch: Sketch) -> bool:
    counts = (sketch.customers, sketch.missing, sketch.zeros)
    numbers = all(type(count) is int and count >= 0 for count in counts) and (sketch.cells >= 0).all()
    points = np.isfinite(sketch.at).all() and (np.diff(sketch.at) > 0).all()
    return bool(numbers and points and sketch.cells.sum() == sketch.present and sketch.zeros <= sketch.present)
