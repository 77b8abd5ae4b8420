"""Have the shares of customer groups moved? Lifecycle stages, and clusters within the baseline's limits."""

import numpy as np
import pandas as pd
from scipy import stats

from clv.monitor import ALERT, INSUFFICIENT, STABLE, Finding, grade, worst


def limits_of(predicted_clv: np.ndarray, cluster_id: np.ndarray) -> list[float]:
    """Upper limit of every cluster but the highest: halfway to the next one, to three digits, so that no customer shows."""
    values, ids = np.asarray(predicted_clv, float), np.asarray(cluster_id)
    highest = [values[ids == one].max() for one in np.unique(ids)]
    lowest = [values[ids == one].min() for one in np.unique(ids)]
    return [float(f"{(high + low) / 2:.3g}") for high, low in zip(highest, lowest[1:], strict=False)]


def within(predicted_clv: np.ndarray, limits: list[float]) -> dict[str, int]:
    """Customers by cluster (1 = lowest predictions) where today's predictions meet known limits."""
    place = np.searchsorted(limits, np.asarray(predicted_clv, float))
    return {str(number + 1): int(count) for number, count in enumerate(np.bincount(place, minlength=len(limits) + 1))}


def compare(reference: dict[str, dict[str, int]], current: dict[str, dict[str, int]], limits: dict) -> Finding:
    """Contingency chi-square of each grouping, corrected over the groupings, and the largest change of a share.

    Args:    reference, current: grouping -> group -> customers; a group that cannot be empty by chance alone is listed with 0.
             limits: significance, warn, alert (change of a share, 0 to 1), min_customers.
    Returns: a group that the baseline does not list is an alert.
    Source:  Pearson's chi-square of a two-row table; scipy.stats.chi2_contingency.
    """
    known = [name for name in reference if name in current]
    tables = {name: counted(reference[name], current[name]) for name in known}
    fewest = min((table[side].sum() for table in tables.values() for side in table), default=0)
    if fewest < limits["min_customers"]:
        return Finding(INSUFFICIENT, f"{fewest} customers on one of the sides are too few to compare groups.")
    p_values = {name: p_value(table) for name, table in tables.items()}
    corrected = dict(zip(known, stats.false_discovery_control(list(p_values.values())), strict=True))
    judged = {}
    for name, table in tables.items():
        shares = table / table.sum()
        change = shares["current"] - shares["reference"]
        most = change.abs().idxmax()
        status = grade(
            abs(change[most]), limits["warn"], limits["alert"], not corrected[name] >= limits["significance"]
        )
        said = f"{name} {most}: {shares.loc[most, 'current']:.0%} of customers, it was {shares.loc[most, 'reference']:.0%}."
        if unknown := sorted(set(current[name]) - set(reference[name])):
            status, said = ALERT, f"{name} {', '.join(unknown)}: the baseline knows no such group."
        figures = {
            "status": status,
            "p_value": p_values[name],
            "q_value": float(corrected[name]),
            "largest_change": float(abs(change[most])),
        }
        judged[name] = figures | {"reason": said, "shares": shares.to_dict("index")}
    status = worst([found["status"] for found in judged.values()])
    calm = f"No share of {' or '.join(known)} moved by {limits['warn']:.0%} of customers or more beyond chance."
    reasons = [found["reason"] for found in judged.values() if found["status"] == status]
    return Finding(status, calm if status == STABLE else " ".join(reasons), judged)


def counted(reference: dict[str, int], current: dict[str, int]) -> pd.DataFrame:
    return pd.DataFrame({"reference": pd.Series(reference), "current": pd.Series(current)}).fillna(0.0)


def p_value(table: pd.DataFrame) -> float:
    filled = table[table.sum(axis=1) > 0].to_numpy()
    return float(stats.chi2_contingency(filled, correction=False).pvalue) if len(filled) > 1 else 1.0
