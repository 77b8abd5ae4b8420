"""Column by column: the whole distribution, the values above zero, the shares of missing values and of zeros."""

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd
from scipy import stats

from clv import features
from clv.monitor import sketches
from clv.monitor.column_figures import Limits, Thresholds, measured
from clv.monitor.column_verdict import judge
from clv.monitor.evidence import ACTUAL
from clv.monitor.finding import ALERT, WARN

__all__ = ["TESTS", "Limits", "Thresholds", "compare", "milder", "watched"]

TESTS = ("", "positives_", "missing_", "zero_", "frozen_")


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
