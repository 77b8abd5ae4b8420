"""From drift and errors to a verdict with reasons. The verdict asks a person to look; it changes nothing itself."""

import math

import pandas as pd

PERSON_DECIDES = "Nothing was retrained and nothing was promoted: a person decides."


def performance(
    baseline: pd.DataFrame, current: pd.DataFrame, max_error_increase: float, max_r2_decrease: float, min_z: float
) -> dict:
    """RMSE, MAE and R2 now beside the baseline; a change counts when it is both large and beyond noise.

    Args:    baseline, current: of metrics.bootstrap().   min_z: standard errors of the difference.
    Returns: {metric: {baseline, current, change, limit, z, worse}}; change is relative for errors, absolute for R2.
             A figure that is not a number counts as worse: an unknown error is no good error.
    """
    found = {}
    for metric in ("rmse", "mae", "r2"):
        before, now = baseline.loc[metric], current.loc[metric]
        difference = now["value"] - before["value"]
        noise = math.hypot(before["standard_error"], now["standard_error"])
        change = difference if metric == "r2" else difference / before["value"] if before["value"] else math.nan
        bad, limit = (-change, max_r2_decrease) if metric == "r2" else (change, max_error_increase)
        z = 0.0 if difference == 0 else difference / noise if noise else math.nan
        within = bad <= limit or abs(z) < min_z
        found[metric] = {
            "baseline": before.to_dict(),
            "current": now.to_dict(),
            "change": change,
            "change_is": "absolute" if metric == "r2" else "relative",
            "limit": limit,
            "z": z,
            "min_z": min_z,
            "worse": not within,
        }
    return found


def verdict(features: pd.DataFrame, errors: dict, not_judged: str | None) -> tuple[str, list[str]]:
    """`stable` or `review`, and the sentences why.

    Args: features: of drift.compare().   errors: of performance(), empty when there is nothing to judge.
          not_judged: why the errors could not be judged.
    """
    drifted = features[features["drifted"]].sort_values("ks_statistic", ascending=False)
    reasons = [f"{row.feature}: {row.reason}" for row in drifted.itertuples()]
    reasons += [worse(metric, found) for metric, found in errors.items() if found["worse"]]
    if not features["status"].isin(["stable", "drifted"]).any():
        reasons.append("No feature had enough customers on both sides to be judged.")
    if reasons:
        return "review", reasons
    judged = (features["status"] == "stable").sum()
    good = [f"None of {judged} judged columns moved by more than its threshold."]
    return "stable", good + (
        [not_judged] if not_judged else ["RMSE, MAE and R2 are within their limits or within noise."]
    )


def worse(metric: str, found: dict) -> str:
    before, now = found["baseline"]["value"], found["current"]["value"]
    if not (math.isfinite(before) and math.isfinite(now) and math.isfinite(found["z"])):
        return f"{metric.upper()} cannot be judged: it was {before:.4g} and is {now:.4g}; is all revenue the same?"
    return f"{metric.upper()}: {before:.4g} became {now:.4g}, beyond the limit and beyond noise."
