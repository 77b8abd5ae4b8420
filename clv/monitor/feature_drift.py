"""Have the features moved? Every column of the feature table beside its sketch in the baseline."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from clv import features
from clv.monitor import ranges
from clv.monitor.column_verdict import NOT_JUDGED
from clv.monitor.distributions import Limits, Thresholds
from clv.monitor.evidence import PREDICTED, Evidence, Measured
from clv.monitor.finding import ALERT, INSUFFICIENT, STABLE, WARN, Finding, Shares, worst

_MOVED_MOST = 4  # features that the page draws, two beside one another
_CHARTED = {"ks": "ks_statistic", "q": "q_value", "psi": "psi", "wasserstein": "wasserstein"}


class FeatureDrift:
    """The distribution of each column: as a whole, above zero, and the shares of missing values and of zeros."""

    name, section, pictured = "Feature drift", "feature_drift", "Features that moved"

    def limits(self, settings: Mapping[str, Any]) -> Limits:
        """Returns the usual thresholds, those of single columns, and what counts as beyond chance."""
        overrides = {name: Thresholds(**values) for name, values in settings["overrides"].items()}
        return Limits(**{**settings, "usual": Thresholds(**settings["usual"]), "overrides": overrides})

    def describe(self, measured: Measured) -> dict[str, Any]:
        """Returns nothing: every baseline holds the sketches of all columns."""
        return {}

    def compare(self, part: dict[str, Any], evidence: Evidence, limits: Limits) -> Finding:
        """Returns the worst column in a sentence, and all of them in a table."""
        table = evidence.columns[evidence.columns["feature"] != PREDICTED]
        status, reason, figures = judge_all(table)
        if evidence.too_short:
            status, reason, figures = INSUFFICIENT, evidence.too_short, {}
        drifted = int(evidence.columns["status"].isin([WARN, ALERT]).sum())
        return Finding(
            status,
            reason,
            figures,
            metrics={"monitor/drifted_features": drifted} | charted(table),
            reports={"feature_drift_report.csv": table.drop(columns=["frozen_p_value", "frozen_q_value"])},
            pictures=_pictures(table, evidence),
        )


def judge_all(table: pd.DataFrame) -> tuple[str, str, dict[str, int]]:
    """Returns the status of all features together, the sentence of the worst one, and how many count.

    Args: table: of distributions.compare(), without the predicted CLV.
    """
    judged = table[table["status"].isin([STABLE, WARN, ALERT])]
    if judged.empty:
        return INSUFFICIENT, "No feature has enough customers on both sides to be judged.", {}
    counts = {status: int((judged["status"] == status).sum()) for status in (WARN, ALERT)}
    figures, moved = {"judged": len(judged), **counts}, sum(counts.values())
    if not moved:
        by_itself = int((table["status"] == NOT_JUDGED).sum())
        more = f" {by_itself} more move by themselves and are not judged." if by_itself else ""
        return STABLE, f"None of {len(judged)} features moved by more than its threshold.{more}", figures
    top = most_moved(judged).iloc[0]
    more = f" ({moved} of {len(judged)} features moved.)" if moved > 1 else ""
    return worst(judged["status"]), f"{named(top['feature'])}: {top['reason']}{more}", figures


def named(feature: str) -> str:
    """Returns the column in words, with its name behind.

    >>> named("revenue_30d"), named("spend")
    ('value of orders in the last 30 days (revenue_30d)', 'spend')
    """
    words = features.in_words(feature)
    return feature if words == feature else f"{words} ({feature})"


def most_moved(table: pd.DataFrame) -> pd.DataFrame:
    """Returns the features that were judged, those that moved most first: by status, then by the largest change beside its threshold."""
    ranks = table["status"].map({ALERT: 0, WARN: 1, STABLE: 2})
    ks = table[["ks_statistic", "positives_ks_statistic"]].max(axis=1) / table["warn_ks"]
    shares = table[["missing_share_change", "zero_share_change"]].abs().max(axis=1) / table["warn_share"]
    order = pd.DataFrame({"rank": ranks, "size": -np.fmax(ks, shares)}).dropna(subset="rank")
    return table.loc[order.sort_values(["rank", "size"]).index]


def in_order(table: pd.DataFrame) -> pd.DataFrame:
    """Returns all columns, those that moved most first, those that are not judged last. table: of distributions.compare()."""
    judged = most_moved(table).index
    return table.loc[[*judged, *table.index.difference(judged, sort=False)]]


def charted(table: pd.DataFrame) -> dict[str, float]:
    """Returns the figures that the UI charts over the runs, four a column of the feature table."""
    return {
        f"{name}/{row['feature']}": row[column] for row in table.to_dict("records") for name, column in _CHARTED.items()
    }


def _pictures(table: pd.DataFrame, evidence: Evidence) -> tuple[Shares, ...]:
    """Of the features that moved; a picture of one that did not would look as if it had."""
    top = most_moved(table[table["status"].isin([WARN, ALERT])]).head(_MOVED_MOST)
    rows = [row for row in top.to_dict("records") if row["feature"] in evidence.scored]
    return tuple(
        Shares(
            named(row["feature"]),
            ranges.ranges(evidence.sketches[row["feature"]], evidence.scored[row["feature"]].to_numpy("float64")),
            row["reason"],
        )
        for row in rows
    )
