"""The five checks on tables: a baseline, the customers now, and what came in where it has."""

from dataclasses import dataclass, replace

import pandas as pd

from clv.monitor import INSUFFICIENT, Finding, distributions, performance, segments, shap, worst
from clv.monitor.baseline import PREDICTED, Baseline, groups, watched

FEATURES, PREDICTIONS, VINTAGES, SEGMENTS, SHAP = (
    "Feature drift",
    "Prediction drift",
    "Performance over time",
    "Segment drift",
    "SHAP drift",
)

ORDER = (FEATURES, PREDICTIONS, VINTAGES, SEGMENTS, SHAP)


@dataclass(frozen=True)
class Now:
    """scored: the feature table at the as-of date with lifecycle_stage and predicted_clv.   contributions: SHAP values of a sample
    of it.   matured: actual_clv and predicted_clv of the newest snapshot whose labels are in, or None.   not_matured: why there is none."""

    scored: pd.DataFrame
    contributions: pd.DataFrame
    matured: pd.DataFrame | None
    not_matured: str = ""


def compare(base: Baseline, now: Now, moving: list[str], limits: dict) -> tuple[dict[str, Finding], pd.DataFrame]:
    """All checks but the performance over time, and the table of features (predicted_clv in its last row).

    Args: moving: columns that are reported and not judged.   limits: features, performance, segments, shap: each the dict that its
          check takes.
    """
    table = distributions.compare(base.sketches, watched(now.scored), moving, limits["features"])
    shares = segments.compare(base.segments, groups(now.scored, base.cluster_limits), limits["segments"])
    return {
        FEATURES: distributions.finding(table[table["feature"] != PREDICTED]),
        PREDICTIONS: predictions(base, now, table[table["feature"] == PREDICTED].iloc[0], limits["performance"]),
        SEGMENTS: shares,
        SHAP: shap.compare(base.shap, shap.profile(now.contributions), limits["shap"]),
    }, table


def predictions(base: Baseline, now: Now, row: pd.Series, limits: dict) -> Finding:
    """Errors where labels have matured; the distribution of the predicted CLV beside them, and in their place where they have not."""
    said = f"predicted CLV: {row['reason']}"
    figures = {"predicted_clv_distribution": row.to_dict()}
    if now.matured is None:
        reason = f"{now.not_matured} In their place, the distribution of the predictions: {row['reason']}"
        return Finding(row["status"], reason, figures | {"judged_on": "distribution of predicted_clv", "errors": {}})
    seen = performance.moments(now.matured["actual_clv"], now.matured[PREDICTED], base.performance["caps"])
    found = performance.compare(base.performance, seen, limits)
    status = worst([found.status, row["status"]])
    reasons = [reason for level, reason in ((found.status, found.reason), (row["status"], said)) if level == status]
    return replace(
        found,
        status=status,
        reason=" ".join(reasons),
        figures=figures | {"judged_on": "errors", "errors": found.figures},
    )


def limits(chosen: dict) -> dict:
    """The limits of each check from those of the monitor: its sections, each with min_customers."""
    return {
        name: part | {"min_customers": chosen["min_customers"]}
        for name, part in chosen.items()
        if isinstance(part, dict)
    }


def insufficient(reason: str) -> dict[str, Finding]:
    """The same checks where nothing can be compared."""
    found = {check: Finding(INSUFFICIENT, reason) for check in (FEATURES, PREDICTIONS, SEGMENTS, SHAP)}
    return found | {PREDICTIONS: Finding(INSUFFICIENT, reason, {"judged_on": "nothing", "errors": {}})}
