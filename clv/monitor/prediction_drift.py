"""Is the model off by more than it was? Figures that unchanged heavy-tailed revenue does not move by itself.

RMSE and R2 are carried by a handful of customers and would raise alarms on unchanged data; they are reported, with intervals.
What counts are the mean absolute error, the RMSE with a cap on each customer's error, and the ratio of the totals with a cap on
each customer's revenue: without a cap, the luck of the largest customers hides 30 % of churn among 5,000 in three replays of ten.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from clv.monitor.evidence import ACTUAL, PREDICTED, Evidence, Matured, Measured
from clv.monitor.feature_drift import charted
from clv.monitor.finding import ALERT, INSUFFICIENT, STABLE, Finding, grade, worst

_ERROR_CAP = 0.999  # quantile of the baseline's squared errors at which a customer's is cut off
_REVENUE_CAP = 0.99  # the same of the actual revenue
_IN_WORDS = {
    "mae": "The mean error per customer",
    "capped_rmse": "The error (RMSE, capped)",
    "total_ratio": "Predicted over actual revenue (of each customer up to a cap)",
}
_BESIDE = ("rmse", "r2")  # reported with intervals; they decide nothing
_CALM = "Errors and the ratio of totals are within their limits or within noise."


@dataclass(frozen=True)
class Limits:
    """Args: min_z: standard errors that a change must lie beyond.
    warn, alert: relative change of MAE, capped RMSE, or predicted over actual revenue.
    min_customers: fewer on either side cannot be judged.
    """

    min_z: float
    warn: float
    alert: float
    min_customers: int


class PredictionDrift:
    """Errors where the revenue has come in; the distribution of the predicted CLV beside them, and in their place where it has not."""

    name, section, pictured = "Prediction drift", "prediction_drift", ""

    def limits(self, settings: Mapping[str, Any]) -> Limits:
        """Returns the changes of the errors that count; the predicted CLV is held to the limits of a feature."""
        return Limits(**settings)

    def describe(self, measured: Measured) -> dict[str, Any]:
        """Returns the moments of the errors, and the intervals of RMSE and R2."""
        return {
            "errors": moments(*_season_free(measured.labelled, measured.fold)),
            "intervals": measured.metrics.loc[list(_BESIDE)].to_dict("index"),
        }

    def compare(self, part: dict[str, Any], evidence: Evidence, limits: Limits) -> Finding:
        """Returns the worse of the errors and of the distribution of the predictions."""
        table = evidence.columns[evidence.columns["feature"] == PREDICTED]
        row = table.iloc[0]
        wider = replace(limits, warn=max(limits.warn, evidence.room), alert=max(limits.alert, evidence.room))
        judged = (
            ("total_ratio",) if evidence.ageing else tuple(_IN_WORDS)
        )  # fewer customers still order: errors shrink or grow by that
        status, reason, figures = _judge(part["errors"], evidence.matured, row, wider, judged)
        if evidence.too_short:
            status, reason, figures = INSUFFICIENT, evidence.too_short, {"judged_on": "nothing", "errors": {}}
        report = {"status": status, "reason": reason} | _window(evidence.matured, part["intervals"]) | figures
        return Finding(
            status,
            reason,
            figures,
            metrics=charted(table)
            | {f"monitor/{name}": figure["current"] for name, figure in figures["errors"].items()},
            reports={"prediction_drift_report.json": report},
        )


def _judge(
    part: dict[str, Any], matured: Matured, row: pd.Series, limits: Limits, judged: tuple[str, ...]
) -> tuple[str, str, dict[str, Any]]:
    """Status, reason and figures. row: of the predicted CLV in distributions.compare().   judged: names of errors."""
    figures: dict[str, Any] = {"predicted_clv_distribution": row.to_dict()}
    if matured.table is None:
        reason = f"{matured.why_not} In their place, the distribution of the predictions: {row['reason']}"
        return row["status"], reason, figures | {"judged_on": "distribution of predicted_clv", "errors": {}}
    current = moments(*_season_free(matured.table, matured.fold), part["caps"])
    errors = compare_errors(part, current, limits, judged)
    status = worst([errors.status, row["status"]])
    sentences = ((errors.status, errors.reason), (row["status"], f"predicted CLV: {row['reason']}"))
    reason = " ".join(sentence for level, sentence in sentences if level == status)
    return status, reason, figures | {"judged_on": "errors", "errors": errors.figures}


def _season_free(table: pd.DataFrame, fold: float) -> tuple[pd.Series, pd.Series]:
    """Actual and predicted revenue as if the season had been an average one.

    Between customers, errors grow with the season; by the chance of single orders, with its square root. An error that has not grown
    beyond either is the season's.
    """
    size = max(fold, math.sqrt(fold))
    return table[ACTUAL] / size, table[PREDICTED] / size


def _window(matured: Matured, part: dict[str, Any]) -> dict[str, Any]:
    """Which window was judged, and RMSE and R2 of both sides. part: the intervals of the baseline."""
    intervals = matured.intervals
    return {
        "matured_cutoff": matured.cutoff.isoformat(),
        "not_judged": matured.why_not or None,
        "tells_nothing_new": matured.tells_nothing_new,
        "intervals": {}
        if intervals is None
        else {name: {"baseline": part[name], "current": intervals.loc[name].to_dict()} for name in _BESIDE},
    }


def moments(
    actual: np.ndarray | pd.Series, predicted: np.ndarray | pd.Series, caps: dict[str, float] | None = None
) -> dict[str, Any]:
    """Returns what two windows are compared by: each figure with the standard error of its logarithm.

    Args:    actual, predicted: n values in currency.
             caps: squared_error and revenue, where one customer's are cut off; by default those of these values.
    Returns: customers, caps, and mae, capped_rmse (currency), total_ratio (sum predicted / sum actual, capped; 1 is right):
             value, log_error.
    Source:  delta method: the standard error of ln RMSE is sd(e^2) / (2 sqrt(n) mean(e^2)).
    """
    actual, predicted = np.asarray(actual, float), np.asarray(predicted, float)
    size = np.abs(predicted - actual)
    caps = caps or {"squared_error": _quantile(size**2, _ERROR_CAP), "revenue": _quantile(actual, _REVENUE_CAP)}
    squared = np.minimum(size**2, caps["squared_error"])
    expected, brought = np.minimum(predicted, caps["revenue"]), np.minimum(actual, caps["revenue"])
    ratio = expected.mean() / brought.mean() if brought.mean() > 0 else math.nan
    return {
        "customers": len(actual),
        "caps": caps,
        "mae": _figure(size.mean(), size),
        "capped_rmse": _figure(math.sqrt(squared.mean()), squared / 2, squared.mean()),
        "total_ratio": _figure(ratio, (expected - ratio * brought) / ratio if ratio > 0 else brought, brought.mean()),
    }


def _quantile(values: np.ndarray, share: float) -> float:
    """To three digits."""
    return float(f"{np.quantile(values, share):.3g}")


def _figure(value: float, terms: np.ndarray, mean: float | None = None) -> dict[str, float]:
    """terms: of the customers, whose spread over their mean is the spread of the logarithm."""
    mean = terms.mean() if mean is None else mean
    log_error = terms.std() / mean / math.sqrt(len(terms)) if mean > 0 else math.nan
    return {"value": float(value), "log_error": float(log_error)}


def compare_errors(
    reference: dict[str, Any], current: dict[str, Any], limits: Limits, judged: tuple[str, ...] = tuple(_IN_WORDS)
) -> Finding:
    """Returns a two-sample z of the logarithm of each figure, and its relative change.

    Args: reference, current: of moments(), with the same caps.
          judged: figures that count; the others are reported.
    """
    fewest = min(reference["customers"], current["customers"])
    if fewest < limits.min_customers:
        return Finding(
            INSUFFICIENT, f"There are too few customers with labels to judge errors by: {fewest} on one of the sides."
        )
    figures = {name: _changed(name, reference[name], current[name], limits) for name in _IN_WORDS}
    counting = [figures[name] for name in judged]
    status = worst(figure["status"] for figure in counting)
    reasons = [figure["reason"] for figure in counting if figure["status"] == status]
    return Finding(status, _CALM if status == STABLE else " ".join(reasons), figures)


def _changed(name: str, before: dict[str, float], now: dict[str, float], limits: Limits) -> dict[str, Any]:
    """Errors count when they grew, the ratio of totals whichever way it went. A figure that is not a number is an alert: nobody
    knows the error."""
    figure = {
        "baseline": before["value"],
        "current": now["value"],
        "min_z": limits.min_z,
        "warn": limits.warn,
        "alert": limits.alert,
    }
    numbers = [side[part] for side in (before, now) for part in ("value", "log_error")]
    if not (all(map(math.isfinite, numbers)) and before["value"] > 0 and now["value"] > 0):
        return figure | {"change": None, "z": None} | _incomparable(name, before["value"], now["value"])
    log_change = math.log(now["value"] / before["value"])
    z = log_change / max(math.hypot(before["log_error"], now["log_error"]), 1e-12)
    change = now["value"] / before["value"] - 1
    size, beyond = (abs(change), abs(z)) if name == "total_ratio" else (change, z)
    status = grade(size, limits.warn, limits.alert, beyond >= limits.min_z)
    reason = f"{_IN_WORDS[name]} went from {before['value']:.3g} to {now['value']:.3g} ({change:+.0%}), beyond noise."
    return figure | {"change": change, "z": z, "status": status, "reason": reason if status != STABLE else ""}


def _incomparable(name: str, before: float, now: float) -> dict[str, str]:
    if before == now == 0:
        return {"status": STABLE, "reason": ""}
    reason = f"{_IN_WORDS[name]} cannot be compared: it was {before:.4g} and is {now:.4g}; is the revenue complete?"
    return {"status": ALERT, "reason": reason}
