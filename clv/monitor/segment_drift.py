"""Have the shares of customer groups moved? Lifecycle stages, and clusters within the limits of the baseline."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from clv.monitor.evidence import PREDICTED, Evidence, Measured
from clv.monitor.finding import ALERT, INSUFFICIENT, STABLE, WARN, Finding, Shares, grade, worst

_STAGES = ("new", "active", "lagging", "dormant", "lost")
_TITLES = {
    "stage": "Lifecycle stages",
    "cluster_rank": "Clusters of predicted CLV (1 = highest), within the limits of the baseline",
}
_IN_WORDS = {"stage": "lifecycle stage", "cluster_rank": "cluster"}
_Groups = dict[str, dict[str, int]]  # grouping -> group -> customers


@dataclass(frozen=True)
class Limits:
    """Args: significance: largest corrected p-value of the chi-square that is beyond chance.
    warn, alert: change of a share of customers, 0 to 1.
    min_customers: fewer on either side cannot be judged.
    """

    significance: float
    warn: float
    alert: float
    min_customers: int


class SegmentDrift:
    """The shares of lifecycle stages and of clusters."""

    name, section, pictured = "Segment drift", "segment_drift", "Groups of customers"

    def limits(self, settings: Mapping[str, Any]) -> Limits:
        """Returns the changes of a share that count."""
        return Limits(**settings)

    def describe(self, measured: Measured) -> dict[str, Any]:
        """Returns the customers in each group, and the limits between the clusters."""
        cluster_limits = limits_of(measured.scored[PREDICTED], measured.cluster_id)
        return {"groups": groups(measured.scored, cluster_limits), "cluster_limits": cluster_limits}

    def compare(self, part: dict[str, Any], evidence: Evidence, limits: Limits) -> Finding:
        """Returns the groups whose shares moved most."""
        if evidence.too_short:
            return Finding(INSUFFICIENT, evidence.too_short)
        now = groups(evidence.scored, part["cluster_limits"])
        finding = compare_groups(part["groups"], now, limits)
        if evidence.ageing and finding.status in (WARN, ALERT):
            return replace(finding, status=STABLE, reason=evidence.ageing)
        if evidence.last_year is None or finding.status == STABLE:
            return finding
        then = compare_groups(groups(evidence.last_year, part["cluster_limits"]), now, limits)
        return then if then.status == STABLE else finding


def groups(scored: pd.DataFrame, cluster_limits: list[float]) -> _Groups:
    """Returns the customers in each lifecycle stage and in each cluster.

    Args: scored: one row a customer; lifecycle_stage and predicted_clv.
          cluster_limits: of limits_of(), on the customers of the baseline.
    """
    stages = scored["lifecycle_stage"].value_counts(dropna=False)
    counts = dict.fromkeys(_STAGES, 0) | {str(stage): int(count) for stage, count in stages.items()}
    return {"stage": counts, "cluster_rank": within(scored[PREDICTED], cluster_limits)}


def limits_of(predicted_clv: np.ndarray | pd.Series, cluster_id: np.ndarray) -> list[float]:
    """Returns the lower limit of every cluster but the lowest: halfway to the next one, to three digits, so that no customer shows.

    >>> limits_of([1, 2, 4, 5, 10, 20], [3, 3, 2, 2, 1, 1])
    [7.5, 3.0]
    """
    values, ids = np.asarray(predicted_clv, float), np.asarray(cluster_id)
    highest = [values[ids == cluster].max() for cluster in np.unique(ids)]
    lowest = [values[ids == cluster].min() for cluster in np.unique(ids)]
    return [float(f"{(high + low) / 2:.3g}") for low, high in zip(lowest, highest[1:], strict=False)]


def within(predicted_clv: np.ndarray | pd.Series, limits: list[float]) -> dict[str, int]:
    """Returns the customers in each cluster (1 = highest predictions) when today's predictions meet known limits.

    >>> within([0, 2.9, 3.1, 99, 99], limits=[7.5, 3])
    {'1': 2, '2': 1, '3': 2}
    """
    place = np.searchsorted(-np.asarray(limits), -np.asarray(predicted_clv, float))
    return {str(number + 1): int(count) for number, count in enumerate(np.bincount(place, minlength=len(limits) + 1))}


def compare_groups(reference: _Groups, current: _Groups, limits: Limits) -> Finding:
    """Returns a contingency chi-square of each grouping, corrected over the groupings, and the largest change of a share.

    Args:    reference, current: grouping -> group -> customers; a group that cannot be empty by chance alone is listed with 0.
    Returns: a group that the baseline does not list is an alert.
    Source:  Pearson's chi-square of a two-row table; scipy.stats.chi2_contingency.
    """
    names = [name for name in reference if name in current]
    tables = {name: _counts(reference[name], current[name]) for name in names}
    fewest = min((int(table[side].sum()) for table in tables.values() for side in table), default=0)
    if fewest < limits.min_customers:
        return Finding(INSUFFICIENT, f"There are too few customers to compare groups: {fewest} on one of the sides.")
    p_values = [_p_value(table) for table in tables.values()]
    q_values = stats.false_discovery_control(p_values)
    judged = {
        name: _judge(name, tables[name], float(p), float(q), limits)
        for name, p, q in zip(names, p_values, q_values, strict=True)
    }
    status = worst(figures["status"] for figures in judged.values())
    called = " or ".join(_IN_WORDS.get(name, name) for name in names)
    calm = f"No share of a {called} moved by {limits.warn:.0%} of customers or more beyond chance."
    reasons = [figures["reason"] for figures in judged.values() if figures["status"] == status]
    return Finding(
        status,
        calm if status == STABLE else " ".join(reasons),
        judged,
        metrics={
            f"segments/{name}_{group}": share["current"]
            for name, figures in judged.items()
            for group, share in figures["shares"].items()
        },
        pictures=tuple(_picture(name, figures["shares"]) for name, figures in judged.items()),
    )


def _judge(name: str, table: pd.DataFrame, p: float, q: float, limits: Limits) -> dict[str, Any]:
    """One grouping, JSON-ready. table: customers by group; a group that is not in the baseline has NaN in reference."""
    unknown = sorted(table.index[table["reference"].isna()])
    counts = table.fillna(0.0)
    shares = counts / counts.sum()
    change = shares["current"] - shares["reference"]
    most = change.abs().idxmax()
    status = grade(abs(change[most]), limits.warn, limits.alert, not q >= limits.significance)
    current, reference = shares.loc[most, "current"], shares.loc[most, "reference"]
    called = _IN_WORDS.get(name, name)
    reason = (
        f"{called} {_group_in_words(name, str(most), len(table))}: {current:.0%} of customers, it was {reference:.0%}."
    )
    if unknown:
        status, reason = ALERT, f"{called} {', '.join(unknown)}: the baseline has no such group."
    return {
        "status": status,
        "p_value": p,
        "q_value": q,
        "largest_change": float(abs(change[most])),
        "reason": reason,
        "shares": shares.to_dict("index"),
    }


def _group_in_words(name: str, group: str, groups: int) -> str:
    """Of a cluster, which end it is."""
    ends = {"1": "1 (highest)", str(groups): f"{groups} (lowest)"} if name == "cluster_rank" else {}
    return ends.get(group, group)


def _counts(reference: dict[str, int], current: dict[str, int]) -> pd.DataFrame:
    return pd.DataFrame({"reference": pd.Series(reference), "current": pd.Series(current)})


def _p_value(table: pd.DataFrame) -> float:
    filled = table.fillna(0.0)[table.sum(axis=1) > 0].to_numpy()
    return float(stats.chi2_contingency(filled, correction=False).pvalue) if len(filled) > 1 else 1.0


def _picture(name: str, shares: dict[str, dict[str, float]]) -> Shares:
    table = pd.DataFrame.from_dict(shares, orient="index").rename_axis("group").reset_index()
    table["group"] = [_group_in_words(name, group, len(table)) for group in table["group"]]
    return Shares(_TITLES.get(name, name), table)
