"""A candidate beside the version in production: better, worse or not told apart, the gates, and a recommendation in plain words."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

LOWER_IS_BETTER = ("rmse", "mae")
PASSED, FAILED = "passed", "failed"


@dataclass(frozen=True)
class Gate:
    """passed only where every figure is a number and says so."""

    name: str
    passed: bool
    reason: str
    figures: dict[str, Any]


def standing(metric: str, row: Mapping[str, float]) -> str:
    """better, worse or `not told apart`, of a paired difference with its interval. Worse where an end is not a number: nobody knows.

    Args: row: value, low and high of candidate - other. `bias` has no better side: its differences are not graded.
    """
    if not all(math.isfinite(row[name]) for name in ("value", "low", "high")):
        return "worse"
    ends = (row["low"], row["high"]) if metric in LOWER_IS_BETTER else (-row["high"], -row["low"])
    if ends[1] < 0:
        return "better"
    return "worse" if ends[0] > 0 else "not told apart"


def against_production(difference: pd.DataFrame | None, why_not: str | None, limits: dict) -> Gate:
    """difference: of metrics.intervals(), candidate - Production; None where there is nothing to compare with, or why_not says why it
    cannot be compared."""
    name = "not worse than Production"
    if difference is None:
        return Gate(name, why_not is None, why_not or "Nothing is in production.", {})
    said = {metric: standing(metric, difference.loc[metric]) for metric in limits["metrics"]}
    order = sorted(said, key=lambda metric: said[metric] != "worse")
    words = [f"{metric} {spread(difference.loc[metric])}: {said[metric]}" for metric in order]
    figures = {metric: difference.loc[metric, ["value", "low", "high"]].to_dict() for metric in said}
    return Gate(name, bool(said) and "worse" not in said.values(), "; ".join(words) + ".", figures)


def against_btyd(difference: pd.DataFrame, limits: dict) -> Gate:
    said = standing("rmse", difference.loc["rmse"])
    wanted = ("better",) if limits["against_btyd"] == "better" else ("better", "not told apart")
    name = "beats BTYD" if limits["against_btyd"] == "better" else "not worse than BTYD"
    return Gate(
        name, said in wanted, f"rmse {spread(difference.loc['rmse'])}: {said}.", difference.loc["rmse"].to_dict()
    )


def skill(difference: pd.DataFrame) -> Gate:
    """difference: candidate - the same prediction for everybody. A better constant is no skill: customers must be told apart as well."""
    ahead = standing("rmse", difference.loc["rmse"]), standing("normalized_gini", difference.loc["normalized_gini"])
    figures = {
        metric: difference.loc[metric, ["value", "low", "high"]].to_dict() for metric in ("rmse", "normalized_gini")
    }
    reason = f"rmse {spread(difference.loc['rmse'])}, normalized Gini {spread(difference.loc['normalized_gini'])}."
    return Gate("tells customers apart", ahead == ("better", "better"), reason, figures)


def within(name: str, value: float, low: float, high: float) -> Gate:
    return Gate(
        name,
        bool(math.isfinite(value) and low <= value <= high),
        f"{value:.3f}, allowed {low:g} to {high:g}.",
        {"value": value, "low": low, "high": high},
    )


def same_history(version: str, then: float, now: float, share: float) -> Gate:
    """Whether the days that the version was measured on brought the same revenue in the history it is reviewed on. share: that may differ."""
    reason = f"the days of version {version}'s evaluation brought {then:,.0f}, new customers' too, when it was trained, and {now:,.0f} in this history."
    same = math.isfinite(then) and math.isfinite(now) and abs(now - then) <= share * abs(then)
    return Gate("the same history", bool(same), reason, {"then": then, "now": now})


def spread(row: Mapping[str, float]) -> str:
    return f"{row['value']:+.4g} ({row['low']:+.4g} to {row['high']:+.4g})"


def verdict(gates: list[Gate]) -> str:
    return PASSED if gates and all(gate.passed for gate in gates) else FAILED


def recommendation(
    gates: list[Gate],
    difference: pd.DataFrame | None,
    candidate: str,
    production: str | None,
    serves: bool,
    metrics: list[str],
) -> str:
    """One paragraph for the person who decides.

    Args: candidate, production: numbers of the versions.   serves: the candidate is in production already, and production was before it.
    """
    failed, passed = [gate for gate in gates if not gate.passed], f"all {len(gates)} gates passed"
    if failed:
        reasons = "; ".join(f"it fails the gate “{gate.name}”: {gate.reason.rstrip('.')}" for gate in failed) + "."
        if serves:
            stays = f"go back to version {production}" if production else "look for another version"
            return (
                f"Version {candidate} is in production and should not be: {reasons} Until that is understood, {stays}."
            )
        stays = f"version {production} stays in production" if production else "nothing goes into production"
        return f"Do not promote version {candidate}: {reasons} Until that is understood, {stays}; a person may override it with a reason."
    if difference is None:
        return (
            f"Version {candidate} may {'stay in' if serves else 'go into'} production: {passed}, and there is no version before it to compare it "
            "with. Look at the deciles and at the totals before you say so."
        )
    better = [
        f"{metric} {spread(difference.loc[metric])}"
        for metric in metrics
        if standing(metric, difference.loc[metric]) == "better"
    ]
    was = f"version {production}" + (", which was in production before," if serves else "")
    if better:
        return (
            f"{'Keep' if serves else 'Promote'} version {candidate}: on the same customers it is better than {was} beyond noise "
            f"({'; '.join(better)}), and {passed}. Look at how the ranking changes before you say so."
        )
    return (
        f"Version {candidate} and {was} are not told apart on these customers; {passed}. Nothing is gained by a change now; keep version "
        f"{candidate if serves else production} unless there is another reason, such as newer data."
    )
