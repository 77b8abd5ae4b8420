"""Has a distribution moved? Reference against current, feature by feature, by test and by size of the change."""

import warnings

import numpy as np
import pandas as pd
from scipy import stats

SHOWN = {"p05": 0.05, "p25": 0.25, "p50": 0.5, "p75": 0.75, "p95": 0.95}
SKETCH_POINTS = 200
TAIL = 0.005


def sketch(values: pd.Series) -> dict:
    """A distribution without rows or extremes: quantiles between the tails with their exact shares of values below.

    Returns: count, missing_share, zero_share; at: values; below, up_to: shares F(q-) and F(q) of the values that are there.
    """
    numbers = np.sort(values.dropna().to_numpy("float64"))
    at = (
        np.unique(np.quantile(numbers, np.linspace(TAIL, 1 - TAIL, SKETCH_POINTS), method="inverted_cdf"))
        if len(numbers)
        else numbers
    )
    return {
        "count": len(values),
        "missing_share": float(values.isna().mean()) if len(values) else 0.0,
        "zero_share": float((numbers == 0).mean()) if len(numbers) else 0.0,
        "at": at.tolist(),
        "below": (np.searchsorted(numbers, at, "left") / max(len(numbers), 1)).tolist(),
        "up_to": (np.searchsorted(numbers, at, "right") / max(len(numbers), 1)).tolist(),
    }


def masked(table: pd.DataFrame, sketches: dict[str, dict]) -> pd.DataFrame:
    """Values clipped to the reference's tails and rounded to 3 significant digits, so that no single customer shows.

    Both sides of a comparison are masked by the reference's sketch, so the comparison stays fair.
    """
    clipped = {
        name: table[name].astype("float64").clip(*ends(sketches[name]["at"])) for name in sketches if name in table
    }
    return pd.DataFrame({name: three_digits(values) for name, values in clipped.items()}, index=table.index)


def ends(at: list[float]) -> tuple[float | None, float | None]:
    return (at[0], at[-1]) if at else (None, None)


def three_digits(values: pd.Series) -> pd.Series:
    size = np.floor(np.log10(values.abs().where(values != 0, 1.0)))
    step = 10.0 ** (size - 2)
    return (values / step).round() * step


def compare(
    reference: pd.DataFrame,
    current: pd.DataFrame,
    moving: list[str],
    significance: float,
    min_ks: float,
    min_customers: int,
) -> pd.DataFrame:
    """Two-sample Kolmogorov-Smirnov test of each reference column, corrected over the columns.

    A feature drifted when the corrected p-value is below `significance` AND the distance is at least `min_ks`, or when the
    share of missing values changed by at least `min_ks`. Features in `moving` are reported and never drifted.

    Returns: one row per feature: feature, ks_statistic, p_value, corrected_p_value (Benjamini-Hochberg over the features that
             count), effect_threshold, drifted, status (stable, drifted, moves by itself, insufficient data), reason, then count,
             missing share and quantiles of both sides.
    Source:  Benjamini and Hochberg (1995), doi:10.1111/j.2517-6161.1995.tb02031.x.
    """
    rows = [
        row(
            name,
            reference[name],
            current[name] if name in current else pd.Series(np.nan, index=current.index),
            min_customers,
        )
        for name in reference
    ]
    table = pd.DataFrame(rows)
    judged = ~table["feature"].isin(moving) & table["p_value"].notna()
    table["corrected_p_value"] = np.nan
    if judged.any():
        table.loc[judged, "corrected_p_value"] = stats.false_discovery_control(table.loc[judged, "p_value"])
    table["effect_threshold"] = min_ks
    shifted = (table["corrected_p_value"] < significance) & (table["ks_statistic"] >= min_ks)
    change = (table["current_missing_share"] - table["reference_missing_share"]).abs()
    enough = table[["reference_customers", "current_customers"]].min(axis=1) >= min_customers
    vanished = (change >= min_ks) & (change > 0) & enough
    table["drifted"] = (shifted | vanished) & ~table["feature"].isin(moving)
    table["status"] = np.select(
        [table["feature"].isin(moving), table["drifted"], table["p_value"].isna()],
        ["moves by itself", "drifted", "insufficient data"],
        "stable",
    )
    table["reason"] = [reason(found, significance) for found in table.to_dict("records")]
    first = [
        "feature",
        "ks_statistic",
        "p_value",
        "corrected_p_value",
        "effect_threshold",
        "drifted",
        "status",
        "reason",
    ]
    return table[first + [name for name in table if name not in first]]


def row(name: str, reference: pd.Series, current: pd.Series, min_customers: int) -> dict:
    there, now = reference.dropna(), current.dropna()
    enough = min(len(there), len(now)) >= min_customers
    with warnings.catch_warnings(
        action="ignore"
    ):  # scipy tells when it changes from the exact p-value to the asymptotic one
        test = stats.ks_2samp(there, now) if enough else None
    sides = {}
    for side, values, present in (("reference", reference, there), ("current", current, now)):
        sides[f"{side}_customers"] = len(values)
        sides[f"{side}_missing_share"] = round(1 - len(present) / len(values), 6) if len(values) else 1.0
        sides |= {
            f"{side}_{q}": float(f"{present.quantile(p):.6g}") if len(present) else np.nan for q, p in SHOWN.items()
        }
    return {
        "feature": name,
        "ks_statistic": float(test.statistic) if enough else np.nan,
        "p_value": float(test.pvalue) if enough else np.nan,
    } | sides


def moved_most(found: dict) -> str:
    """The quantile that changed by the largest ratio, in words."""
    names = {
        "p50": "median",
        "p75": "75th percentile",
        "p25": "25th percentile",
        "p95": "95th percentile",
        "p05": "5th percentile",
    }

    def ratio(q: str) -> float:
        before, now = (abs(found[f"{side}_{q}"]) + 1e-9 for side in ("reference", "current"))
        return max(before / now, now / before)

    q = max(names, key=ratio)
    return f"{names[q]} {found[f'reference_{q}']:.3g} became {found[f'current_{q}']:.3g}"


def reason(found: dict, significance: float) -> str:
    """One sentence that a marketing manager understands."""
    if found["status"] == "moves by itself":
        return "Moves with the calendar or the length of the history; not judged."
    if found["status"] == "insufficient data":
        return "Too few customers have a value on one of the sides."
    change = abs(found["current_missing_share"] - found["reference_missing_share"])
    if found["drifted"] and change > 0 and change >= found["effect_threshold"]:
        return f"Missing for {found['current_missing_share']:.0%} of customers, was {found['reference_missing_share']:.0%}."
    size = f"distance {found['ks_statistic']:.3f} against a threshold of {found['effect_threshold']:g}"
    if found["drifted"]:
        return f"The distribution moved: {size}; {moved_most(found)}."
    chance = "" if found["corrected_p_value"] < significance else "; the difference may be chance"
    return f"No change that matters: {size}{chance}."
