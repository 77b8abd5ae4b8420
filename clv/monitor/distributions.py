"""Feature by feature: the whole distribution, the positive values apart, the shares of missing values and of zeros."""

import numpy as np
import pandas as pd
from scipy import stats

from clv.monitor import ALERT, INSUFFICIENT, STABLE, WARN, Finding, grade, sketches, worst

TESTS = ("", "positives_", "missing_", "zero_", "frozen_")
NOT_JUDGED = "moves by itself"
QUANTILES = {"p05": 0.05, "p25": 0.25, "p50": 0.5, "p75": 0.75, "p95": 0.95}
SAID = {
    "p50": "the median",
    "p75": "the 75th percentile",
    "p25": "the 25th percentile",
    "p95": "the 95th percentile",
    "p05": "the 5th percentile",
}


def compare(
    reference: dict[str, sketches.Sketch], current: pd.DataFrame, moving: list[str], limits: dict
) -> pd.DataFrame:
    """Each column of the reference against now: every p-value corrected over all columns and tests that are judged, and a size.

    Args:    limits: significance, positives_apart (zero share from which the positives are compared on their own), usual
             (warn_ks, alert_ks, warn_share, alert_share), overrides (feature -> the same four), min_customers.
             moving: columns that are reported and not judged.
    Returns: one row per feature, those of the reference first: feature, status (stable, warn, alert, insufficient, moves by itself),
             reason, ks_statistic, p_value, q_value, psi, wasserstein, then the same for the positives, the changes of the missing and
             the zero share with their q, the thresholds, and counts, shares and quantiles of both sides.
    Source:  Benjamini and Hochberg (1995), doi:10.1111/j.2517-6161.1995.tb02031.x.
    """
    rows = [
        measured(name, reference.get(name), current.get(name), limits) for name in dict.fromkeys([*reference, *current])
    ]
    table = pd.DataFrame(rows)
    judged = ~table["feature"].isin(moving) & (
        table[["reference_customers", "current_customers"]].min(axis=1) >= limits["min_customers"]
    )
    tests = table[[f"{test}p_value" for test in TESTS]].where(judged, np.nan, axis=0)
    table[[f"{test}q_value" for test in TESTS]] = corrected(tests.to_numpy("float64"))
    found = [judge(row, judged[index], moving, limits["significance"]) for index, row in table.iterrows()]
    table.insert(1, "status", [status for status, _ in found])
    table.insert(2, "reason", [reason for _, reason in found])
    return table


def corrected(p_values: np.ndarray) -> np.ndarray:
    """Over all that are there; the shape stays."""
    found, there = np.full(p_values.shape, np.nan), np.isfinite(p_values)
    if there.any():
        found[there] = stats.false_discovery_control(p_values[there])
    return found


def measured(name: str, known: sketches.Sketch | None, values: pd.Series | None, limits: dict) -> dict:
    """Sizes and uncorrected p-values of one column; a column that one side lacks has no customers there."""
    nothing = np.empty(0)
    now = nothing if values is None else values.to_numpy("float64")
    known = known or sketches.sketch(nothing)
    seen = sketches.counted(now, known.at)
    chosen = limits["overrides"].get(name, limits["usual"])
    before = sketches.rows(known, known.cells, 20_000)
    apart = known.zeros > limits["positives_apart"] * known.present
    positives = (sketches.positives(known), sketches.positives(seen))
    distance, p = sketches.distance(known.cells, seen.cells)
    positives_distance, positives_p = sketches.distance(*positives) if apart else (np.nan, np.nan)
    return (
        {"feature": name, "ks_statistic": distance, "p_value": p}
        | {"psi": sketches.psi(known.cells, seen.cells), "wasserstein": sketches.wasserstein(known, seen.cells)}
        | {"positives_ks_statistic": positives_distance, "positives_p_value": positives_p}
        | changed("missing", (known.missing, known.customers), (seen.missing, seen.customers))
        | {"frozen_p_value": frozen(known, seen)}
        | changed("zero", (known.zeros, known.present), (seen.zeros, seen.present))
        | chosen
        | {"reference_customers": known.customers, "current_customers": seen.customers}
        | {
            "reference_positives_p50": quantiles(before[before > 0])["p50"],
            "current_positives_p50": quantiles(now[now > 0])["p50"],
        }
        | {f"reference_{q}": value for q, value in quantiles(before).items()}
        | {f"current_{q}": value for q, value in quantiles(now[~np.isnan(now)]).items()}
    )


def changed(what: str, before: tuple[int, int], now: tuple[int, int]) -> dict:
    """Change of a share with its p-value: two counts and the customers they are out of.

    Source: two-proportion z test with a pooled share; Fleiss, Levin and Paik (2003), Statistical Methods for Rates and Proportions.
    """
    shares = [count / total if total else np.nan for count, total in (before, now)]
    pooled = (before[0] + now[0]) / max(before[1] + now[1], 1)
    noise = np.sqrt(pooled * (1 - pooled) * (1 / max(before[1], 1) + 1 / max(now[1], 1)))
    change = shares[1] - shares[0]
    p = float(2 * stats.norm.sf(abs(change) / noise)) if noise else 1.0
    return {
        f"reference_{what}_share": shares[0],
        f"current_{what}_share": shares[1],
        f"{what}_share_change": change,
        f"{what}_p_value": p if np.isfinite(change) else np.nan,
    }


def frozen(known: sketches.Sketch, seen: sketches.Sketch) -> float:
    """Chance that as many customers of the reference would all have the one value, or all lack one, as now; NaN where they do not."""
    if not known.customers or not seen.customers:
        return np.nan
    if not seen.present:
        return (known.missing / known.customers) ** seen.customers
    if seen.cells.max() < seen.present or not known.present:
        return np.nan
    return float((known.cells[seen.cells.argmax()] / known.present) ** seen.present)


def quantiles(values: np.ndarray) -> dict[str, float]:
    """To three digits: enough to see a change, too little to see a customer."""
    found = np.quantile(values, list(QUANTILES.values())) if len(values) else [np.nan] * len(QUANTILES)
    return {q: float(f"{value:.3g}") for q, value in zip(QUANTILES, found, strict=True)}


def judge(row: pd.Series, judged: bool, moving: list[str], significance: float) -> tuple[str, str]:
    """The worst of the four tests of one column, and its sentence."""
    if row["feature"] in moving:
        return NOT_JUDGED, "Moves with the calendar or the length of the history; reported, not judged."
    if not row["reference_customers"]:
        return INSUFFICIENT, "The baseline does not know this column; a version that is trained now will."
    if not row["current_customers"]:
        return ALERT, "The column is gone: the feature table has it no more."
    if not judged:
        return INSUFFICIENT, "Too few customers on one of the sides."
    if row["frozen_q_value"] < significance:
        return ALERT, "Nobody has a value." if np.isnan(
            row["current_p50"]
        ) else f"Every customer has the value {row['current_p50']:g}."
    tests = [
        ("missing_", abs(row["missing_share_change"]), "share", share(row, "missing", "have no value")),
        ("zero_", abs(row["zero_share_change"]), "share", share(row, "zero", "are at zero")),
        ("", row["ks_statistic"], "ks", moved(row)),
        ("positives_", row["positives_ks_statistic"], "ks", among_positives(row)),
    ]
    graded = [
        (grade(size, row[f"warn_{kind}"], row[f"alert_{kind}"], not row[f"{test}q_value"] >= significance), size, said)
        for test, size, kind, said in tests
        if size
        == size  # nobody above zero, or nobody with a value: no such test; the share of the missing is always there
    ]
    status = worst([status for status, _, _ in graded])
    if status in (WARN, ALERT):
        return status, next(said for found, _, said in graded if found == status)
    large = [said for _, size, said in graded if size >= row["warn_ks"]]
    return STABLE, "No change that matters" + ("; the difference may be chance." if large else ".")


def moved(row: pd.Series) -> str:
    """The quantile that changed by the largest ratio, in words, with the distance."""

    def ratio(q: str) -> float:
        before, now = (abs(row[f"{side}_{q}"]) + 1e-9 for side in ("reference", "current"))
        return max(before / now, now / before) if np.isfinite(before + now) else 0.0

    q = max(SAID, key=ratio)
    return f"{SAID[q]} went from {row[f'reference_{q}']:g} to {row[f'current_{q}']:g} (distance {row['ks_statistic']:.2f})."


def among_positives(row: pd.Series) -> str:
    before, now = (row[f"{side}_positives_p50"] for side in ("reference", "current"))
    return f"Among customers above zero, the median went from {before:g} to {now:g} (distance {row['positives_ks_statistic']:.2f})."


def share(row: pd.Series, what: str, said: str) -> str:
    return f"{row[f'current_{what}_share']:.0%} of customers {said}, it was {row[f'reference_{what}_share']:.0%}."


def finding(table: pd.DataFrame) -> Finding:
    """Of all features together. table: of compare()."""
    judged = table[table["status"].isin([STABLE, WARN, ALERT])]
    if judged.empty:
        return Finding(INSUFFICIENT, "No feature has enough customers on both sides to be judged.")
    status = worst(judged["status"].tolist())
    figures = {"judged": len(judged), **{name: int((judged["status"] == name).sum()) for name in (WARN, ALERT)}}
    top = most_moved(judged)
    if status == STABLE:
        return Finding(STABLE, f"None of {len(judged)} features moved by more than its threshold.", figures)
    many = figures[WARN] + figures[ALERT]
    more = f" ({many} of {len(judged)} features moved.)" if many > 1 else ""
    return Finding(status, f"{top.iloc[0]['feature']}: {top.iloc[0]['reason']}{more}", figures)


def most_moved(table: pd.DataFrame) -> pd.DataFrame:
    """The features that count, those that moved most first: by status, then by the largest change beside its threshold."""
    ranks = table["status"].map({ALERT: 0, WARN: 1, STABLE: 2})
    ks = table[["ks_statistic", "positives_ks_statistic"]].max(axis=1) / table["warn_ks"]
    shares = table[["missing_share_change", "zero_share_change"]].abs().max(axis=1) / table["warn_share"]
    order = pd.DataFrame({"rank": ranks, "size": -np.fmax(ks, shares)}).dropna(subset="rank")
    return table.loc[order.sort_values(["rank", "size"]).index]


def ranges(known: sketches.Sketch, values: np.ndarray, most: int = 8) -> pd.DataFrame:
    """Shares of customers by range of values, as a person looks at them: ranges that held about as many customers each.

    Returns: range (text), reference, current (shares of all customers, missing ones on a row of their own).
    """
    seen = sketches.counted(values, known.at)
    points = (
        [float(f"{known.at[index]:.3g}") for index in np.linspace(0, len(known.at) - 1, most).round().astype(int)]
        if len(known.at)
        else []
    )
    middle = sketches.representatives(known)
    cuts = np.unique(points[:-1])
    group = np.searchsorted(cuts, middle)
    names = [
        f"to {cuts[0]:g}" if len(cuts) else "all",
        *(f"to {cut:g}" for cut in cuts[1:]),
        *([f"above {cuts[-1]:g}"] if len(cuts) else []),
    ]
    table = pd.DataFrame({"range": names})
    for side, one in (("reference", known), ("current", seen)):
        table[side] = np.bincount(group, one.cells, len(names)) / max(one.customers, 1)
    missing = {
        "range": "no value",
        "reference": known.missing / max(known.customers, 1),
        "current": seen.missing / max(seen.customers, 1),
    }
    with_missing = pd.concat([table, pd.DataFrame([missing])], ignore_index=True)
    return with_missing[(with_missing["reference"] > 0) | (with_missing["current"] > 0)].reset_index(drop=True)
