"""Shares of customers by range of values, for a picture."""

from itertools import pairwise

import numpy as np
import pandas as pd

from clv.monitor import sketches


def ranges(reference: sketches.Sketch, values: np.ndarray, most: int = 8) -> pd.DataFrame:
    """Returns shares of customers by range of values, as a person looks at them: ranges that held about as many customers each.

    Args:    reference: the sketch of the baseline.
             values: of the customers now, NaN where one is missing.
             most: ranges at most, beside the one of missing values.
    Returns: range (text), reference, current (shares of all customers, 0 to 1; missing values have a row of their own).
    """
    current = sketches.counted(values, reference.at)
    cuts = _cuts(reference, most)
    group = np.searchsorted(cuts, sketches.representatives(reference))
    table = pd.DataFrame({"range": _range_names(cuts)})
    missing: dict[str, str | float] = {"range": "no value"}
    for side, counts in (("reference", reference), ("current", current)):
        table[side] = np.bincount(group, counts.cells, len(table)) / max(counts.customers, 1)
        missing[side] = counts.missing / max(counts.customers, 1)
    table = pd.concat([table, pd.DataFrame([missing])], ignore_index=True)
    return table[(table["reference"] > 0) | (table["current"] > 0)].reset_index(drop=True)


def _cuts(reference: sketches.Sketch, most: int) -> np.ndarray:
    """The ends of the ranges, to three digits."""
    if not len(reference.at):
        return np.empty(0)
    places = np.linspace(0, len(reference.at) - 1, most).round().astype(int)
    return np.unique([float(f"{point:.3g}") for point in reference.at[places][:-1]])


def _range_names(cuts: np.ndarray) -> list[str]:
    """As in "up to 10", "10 to 25", "more than 25"."""
    if not len(cuts):
        return ["all"]
    ends = [f"{cut:,g}" for cut in cuts]
    first = "none" if cuts[0] == 0 else f"up to {ends[0]}"
    return [first, *(f"{low} to {high}" for low, high in pairwise(ends)), f"more than {ends[-1]}"]
