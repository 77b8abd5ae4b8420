"""Is the model off by more than it was? Figures that unchanged heavy-tailed revenue does not move by itself.

RMSE and R2 are carried by a handful of customers and would alarm on unchanged data; they are reported, with intervals. What
counts are the mean absolute error, the RMSE with a cap on each customer's error, and the ratio of the totals with a cap on each
customer's revenue: without one, the luck of the largest customers hides 30 % of churn among 5,000 in three replays of ten.
"""

import math

import numpy as np
import pandas as pd

from clv.monitor import ALERT, INSUFFICIENT, STABLE, Finding, grade, worst

ERROR_CAP = 0.999  # quantile of the baseline's squared errors at which a customer's is cut off
REVENUE_CAP = 0.99  # the same of the actual revenue
SAID = {
    "mae": "The mean error per customer",
    "capped_rmse": "The error (RMSE, capped)",
    "total_ratio": "Predicted over actual revenue",
}


def moments(actual: np.ndarray, predicted: np.ndarray, caps: dict | None = None) -> dict:
    """What two windows are compared by: each figure with the standard error of its logarithm.

    Args:    actual, predicted: n values in currency.   caps: squared_error, revenue; by default those of these values.
    Returns: customers, caps, and mae, capped_rmse (currency), total_ratio (sum predicted / sum actual, capped): value, log_error.
    Source:  delta method: the standard error of ln RMSE is sd(e^2) / (2 sqrt(n) mean(e^2)).
    """
    actual, predicted = np.asarray(actual, float), np.asarray(predicted, float)
    size = np.abs(predicted - actual)
    caps = caps or {"squared_error": quantile(size**2, ERROR_CAP), "revenue": quantile(actual, REVENUE_CAP)}
    squared = np.minimum(size**2, caps["squared_error"])
    expected, brought = np.minimum(predicted, caps["revenue"]), np.minimum(actual, caps["revenue"])
    ratio = expected.mean() / brought.mean() if brought.mean() > 0 else math.nan
    return {
        "customers": len(actual),
        "caps": caps,
        "mae": figure(size.mean(), size),
        "capped_rmse": figure(math.sqrt(squared.mean()), squared / 2, squared.mean()),
        "total_ratio": figure(ratio, (expected - ratio * brought) / ratio if ratio > 0 else brought, brought.mean()),
    }


def quantile(values: np.ndarray, share: float) -> float:
    """To three digits."""
    return float(f"{np.quantile(values, share):.3g}")


def figure(value: float, terms: np.ndarray, mean: float | None = None) -> dict:
    """terms: of the customers, whose spread over their mean is the spread of the logarithm."""
    mean = terms.mean() if mean is None else mean
    log_error = terms.std() / mean / math.sqrt(len(terms)) if mean > 0 else math.nan
    return {"value": float(value), "log_error": float(log_error)}


def compare(reference: dict, current: dict, limits: dict) -> Finding:
    """Two-sample z of the logarithm of each figure, and its relative change.

    Args: reference, current: of moments(), with the same caps.   limits: min_z, warn, alert (relative change), min_customers.
    """
    fewest = min(reference["customers"], current["customers"])
    if fewest < limits["min_customers"]:
        return Finding(
            INSUFFICIENT, f"{fewest} customers with labels on one of the sides are too few to judge errors by."
        )
    figures = {name: changed(name, reference[name], current[name], limits) for name in SAID}
    status = worst([figure["status"] for figure in figures.values()])
    reasons = [figure["reason"] for figure in figures.values() if figure["status"] == status]
    calm = "Errors and the ratio of totals are within their limits or within noise."
    return Finding(status, calm if status == STABLE else " ".join(reasons), figures)


def changed(name: str, before: dict, now: dict, limits: dict) -> dict:
    """Errors count when they grew, the ratio of totals whichever way it went. What is not a number is an alert: an unknown
    error is no good error."""
    found = {
        "baseline": before["value"],
        "current": now["value"],
        "min_z": limits["min_z"],
        "warn": limits["warn"],
        "alert": limits["alert"],
    }
    numbers = [side[part] for side in (before, now) for part in ("value", "log_error")]
    if not (all(map(math.isfinite, numbers)) and before["value"] > 0 and now["value"] > 0):
        same = before["value"] == now["value"] == 0
        said = (
            ""
            if same
            else f"{SAID[name]} cannot be compared: it was {before['value']:.4g} and is {now['value']:.4g}; is the revenue complete?"
        )
        return found | {"change": None, "z": None, "status": STABLE if same else ALERT, "reason": said}
    log_change = math.log(now["value"] / before["value"])
    z = log_change / max(math.hypot(before["log_error"], now["log_error"]), 1e-12)
    change = now["value"] / before["value"] - 1
    size, beyond = (abs(change), abs(z)) if name == "total_ratio" else (change, z)
    status = grade(size, limits["warn"], limits["alert"], beyond >= limits["min_z"])
    said = f"{SAID[name]} went from {before['value']:.3g} to {now['value']:.3g} ({change:+.0%}), beyond noise."
    return found | {"change": change, "z": z, "status": status, "reason": said if status != STABLE else ""}


def compare_vintage(baseline: pd.DataFrame, vintage: pd.DataFrame, limits: dict) -> tuple[str, str]:
    """Status and reason of scores that were used, beside what their version was measured to do.

    Args: baseline, vintage: of metrics.intervals().   limits: min_z, warn_bias, alert_bias (relative change of predicted over
          actual), warn_gini, alert_gini (fall of the normalized Gini).
    """

    def z(metric: str) -> float:
        before, now = baseline.loc[metric], vintage.loc[metric]
        noise = math.hypot(before["standard_error"], now["standard_error"])
        difference = now["value"] - before["value"]
        return difference / noise if noise > 0 else math.copysign(math.inf, difference) if difference else 0.0

    bias, gini = (vintage.loc[metric, "value"] for metric in ("bias", "normalized_gini"))
    if not math.isfinite(bias):
        return ALERT, "The scored customers brought no revenue at all; is the history complete?"
    both = [table.loc[["bias", "normalized_gini"], ["value", "standard_error"]] for table in (baseline, vintage)]
    if not np.isfinite(pd.concat(both)).all(axis=None):
        return ALERT, "The ranking cannot be judged: all scores, or all that came in, are the same."
    off, fall = bias / baseline.loc["bias", "value"] - 1, baseline.loc["normalized_gini", "value"] - gini
    biased = grade(abs(off), limits["warn_bias"], limits["alert_bias"], abs(z("bias")) >= limits["min_z"])
    blurred = grade(fall, limits["warn_gini"], limits["alert_gini"], z("normalized_gini") <= -limits["min_z"])
    said = []
    if biased != STABLE:
        said.append(
            f"Scores came to {bias:.2f} times what came in; when the version was measured it was {baseline.loc['bias', 'value']:.2f}."
        )
    if blurred != STABLE:
        said.append(
            f"The ranking was worse than measured: Gini {gini:.2f}, it was {baseline.loc['normalized_gini', 'value']:.2f}."
        )
    return worst([biased, blurred]), " ".join(said)
