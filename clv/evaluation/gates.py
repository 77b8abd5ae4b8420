"""A candidate beside the version in production: better, worse or no clear difference, and the gates."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

_LOWER_IS_BETTER = ("rmse", "mae", "bias")  # of bias the distance from 1
PASSED, FAILED = "passed", "failed"
BETTER, WORSE, NOT_TOLD_APART = "better", "worse", "no clear difference"
AGAINST_PRODUCTION = "not worse than Production"
_SHORT = {"rmse": "RMSE", "mae": "MAE", "r2": "R2", "spearman": "Spearman", "normalized_gini": "normalized Gini"} | {
    "top_decile_share": "top decile share",
    "bias": "distance of the bias from 1",
}
_WELL = 0.3  # normalized Gini from which a ranking is called good: 0 is random, 1 perfect
_FEW = 0.01  # share of the customers; where fewer make half of the squared error, the luck of each decides the RMSE


@dataclass(frozen=True)
class Gate:
    """A condition of the review. A gate passes only where every figure of it is a number and says so.

    Args: name: what a person reads.
          passed: whether it holds.
          reason: the figures in a sentence.
          figures: JSON-ready.
    """

    name: str
    passed: bool
    reason: str
    figures: dict[str, Any]


def standing(metric: str, row: Mapping[str, float]) -> str:
    """Returns what a paired difference with its interval says of the candidate.

    Args:    metric: `rmse`, `mae` and the distance of `bias` from 1 are better when lower, the others when higher.
             row: value, low and high of candidate - other.
    Returns: better, worse or `no clear difference`; worse where one of the three is not a number, since nobody knows.

    >>> standing("rmse", {"value": -2, "low": -3, "high": -1}), standing("r2", {"value": 0.1, "low": -0.1, "high": 0.3})
    ('better', 'no clear difference')
    """
    if not all(math.isfinite(row[name]) for name in ("value", "low", "high")):
        return WORSE
    low, high = (row["low"], row["high"]) if metric in _LOWER_IS_BETTER else (-row["high"], -row["low"])
    if high < 0:
        return BETTER
    return WORSE if low > 0 else NOT_TOLD_APART


@dataclass(frozen=True)
class Margins:
    """Which differences to Production matter.

    metrics: those that are judged.   smallest: share of Production's figure, from which a difference is worth something.
    bias_worse: how much further from 1 the bias may be, as a share of the revenue that came.
    """

    metrics: tuple[str, ...]
    smallest: float
    bias_worse: float

    def matter(self, metric: str, row: Mapping[str, float]) -> bool:
        """Returns whether a difference is large enough to matter, beyond noise or not; one that is no number is.

        row: value, low, high of candidate - Production, and other: Production's figure.

        >>> margins = Margins(("rmse", "bias"), smallest=0.01, bias_worse=0.05)
        >>> margins.matter("rmse", {"value": 0.9, "low": 0.8, "high": 1.2, "other": 100.0})
        False
        """
        if not all(math.isfinite(row[name]) for name in ("value", "low", "high", "other")):
            return True
        least = self.bias_worse if metric == "bias" else self.smallest
        return abs(share_of(metric, row["value"], row["other"])) >= least


def share_of(metric: str, difference: float, other: float) -> float:
    """Returns a difference as a share of the other's figure; that of bias is a share of the revenue already, and so is one to nothing.

    >>> share_of("rmse", -2.0, 40.0), share_of("bias", 0.03, 0.9), share_of("r2", 0.1, 0.0)
    (-0.05, 0.03, 0.1)
    """
    return difference if metric == "bias" or not other else difference / abs(other)


def against_production(difference: pd.DataFrame | None, why_not: str | None, margins: Margins) -> Gate:
    """Returns the gate that the candidate is in no metric worse than the version in production, beyond noise and by more than the margin.

    Args: difference: of Contest.difference(), candidate - Production; None where there is nothing to compare with.
          why_not: a sentence that says why the version in production cannot be compared, if it cannot.
          margins: the metrics that are judged (without any the gate fails), and which differences matter.
    """
    if difference is None:
        return Gate(AGAINST_PRODUCTION, why_not is None, why_not or "Nothing is in production.", {})
    rows = {metric: difference.loc[metric] for metric in margins.metrics}
    standings = {metric: standing(metric, row) for metric, row in rows.items()}
    fails = {metric: standings[metric] == WORSE and margins.matter(metric, row) for metric, row in rows.items()}
    words = [
        f"{_SHORT[metric]} {spread(rows[metric])}: {standings[metric]}"
        + (", too little to matter" if standings[metric] == WORSE and not fails[metric] else "")
        for metric in sorted(rows, key=lambda metric: (not fails[metric], standings[metric] != WORSE))
    ]
    passed = bool(rows) and not any(fails.values())
    return Gate(AGAINST_PRODUCTION, passed, "; ".join(words) + ".", _figures(difference, list(rows)))


def against_btyd(difference: pd.DataFrame, condition: str) -> Gate:
    """Returns the gate that the candidate matches or beats the BTYD model in RMSE.

    Args: difference: of metrics.intervals(), candidate - BTYD.
          condition: `better` or `not_worse` (review.against_btyd).
    """
    row = difference.loc["rmse"]
    result = standing("rmse", row)
    name, allowed = (
        ("beats BTYD", {BETTER}) if condition == "better" else ("not worse than BTYD", {BETTER, NOT_TOLD_APART})
    )
    return Gate(name, result in allowed, f"RMSE {spread(row)} beside that of BTYD: {result}.", row.to_dict())


@dataclass(frozen=True)
class Ruling:
    """Who rules the RMSE of customers. ruling: how many make half of the squared error.   customers: how many there are."""

    ruling: int
    customers: int

    @property
    def few(self) -> bool:
        """Returns whether so few rule it that chance decides: bell-shaped errors need an eighth of the customers."""
        return self.ruling < max(_FEW * self.customers, 2)


def tells_apart(difference: pd.DataFrame, ruling: Ruling) -> bool:
    """Returns whether predictions tell customers apart: beyond noise, their order is better than a random one, and their RMSE is
    smaller than that of one prediction for everybody.

    Where a few customers rule the RMSE and its interval holds 0, the RMSE says nothing either way, and the order alone decides.

    Args: difference: of metrics.intervals(), predictions - the same prediction for everybody.
          ruling: of the squared errors of that one prediction.
    """
    rmse, gini = (standing(metric, difference.loc[metric]) for metric in ("rmse", "normalized_gini"))
    return gini == BETTER and (rmse == BETTER or _undecided(rmse, ruling))


def _undecided(rmse: str, ruling: Ruling) -> bool:
    return rmse == NOT_TOLD_APART and ruling.few


def skill(difference: pd.DataFrame, ruling: Ruling) -> Gate:
    """Returns the gate that the candidate tells customers apart: a better constant is no skill, so the ranking counts as well.

    Args: difference, ruling: as in tells_apart().
    """
    rmse, gini = (spread(difference.loc[metric]) for metric in ("rmse", "normalized_gini"))
    passed = tells_apart(difference, ruling)
    reason = f"RMSE {rmse} beside that of the mean for everybody; normalized Gini {gini} beside that of a random order."
    if _undecided(standing("rmse", difference.loc["rmse"]), ruling):
        ranks = _ranks(difference.loc["normalized_gini"])
        reason = (
            f"it {ranks}, normalized Gini {gini}; RMSE {rmse} beside that of the mean for everybody does not decide, because {ruling.ruling} of {ruling.customers:,} customers rule "
            "it: they make half of the squared error."
        )
    figures = _figures(difference, ["rmse", "normalized_gini"]) | {"ruling_customers": ruling.ruling}
    return Gate("tells customers apart", passed, reason, figures)


def _ranks(gini: Mapping[str, float]) -> str:
    if standing("normalized_gini", gini) != BETTER:
        return "does not rank beyond chance"
    return "ranks well" if gini["value"] >= _WELL else "ranks a little better than chance"


@dataclass(frozen=True)
class Coverage:
    """How many customers the intervals held, each 0 to 1.

    promised: the share that they promise.   covered: the share that they held.   least: the share that they would have held
    however low they ended, of metrics.least_coverage().
    """

    promised: float
    covered: float
    least: float

    def highest(self, limit: float) -> float:
        """Returns the most that may be covered.

        The limit leaves room above what is promised. Where most customers bring nothing, the intervals hold more than that however
        low they end, and the same part of the room that is left above it is allowed.

        >>> round(Coverage(promised=0.8, covered=0.9, least=0.5).highest(0.97), 4)
        0.97
        >>> round(Coverage(promised=0.8, covered=0.975, least=0.95).highest(0.97), 4)
        0.9925
        """
        least = max(self.promised, self.least)
        part = (limit - self.promised) / (1 - self.promised) if self.promised < 1 else 0.0
        return max(limit, least + part * (1 - least))


def coverage(held: Coverage, low: float, high: float) -> Gate:
    """Returns the gate that intervals hold neither too few customers nor more than they must.

    Args: low, high: of the share covered, both ends included; the upper one where nothing forces more.
    """
    highest = round(held.highest(high), 4)
    gate = within("coverage within limits", held.covered, low, highest)
    reason = (
        f"{100 * held.covered:.1f} % of the customers are within their interval, {100 * held.promised:.0f} % is promised, "
        f"{100 * low:g} % to {100 * high:g} % is allowed"
    )
    if highest <= high:
        return replace(gate, reason=f"{reason}.")
    raised = (
        f"; here up to {100 * highest:.1f} %, because {100 * held.least:.1f} % would be within any interval that begins at 0: they brought no "
        "more than was predicted."
    )
    return replace(gate, reason=reason + raised, figures=gate.figures | {"least": held.least})


def bias(value: float, low: float, high: float) -> Gate:
    """Returns the gate that the predicted total is not too far from what came. value: predicted over actual revenue; low, high: its limits."""
    reason = f"{100 * value:.1f} % of what came was predicted, allowed {100 * low:g} % to {100 * high:g} %."
    return replace(within("bias within limits", value, low, high), reason=reason)


def within(name: str, value: float, low: float, high: float) -> Gate:
    """Returns the gate that the value lies from low to high, both ends included."""
    passed = bool(math.isfinite(value) and low <= value <= high)
    figures = {"value": value, "low": low, "high": high}
    return Gate(name, passed, f"{value:.3f}, allowed {low:g} to {high:g}.", figures)


def same_history(version: str, then: float, now: float, share: float) -> Gate:
    """Returns the gate that the days that the version was measured on brought the same revenue in the history it is reviewed on.

    Args: then, now: net revenue of all customers on those days, in currency: when the version was trained, and in this history.
          share: of the revenue then by which the two may differ, both ends included.
    """
    reason = (
        f"the days of version {version}'s evaluation brought {then:,.0f}, new customers' too, when it was trained, and {now:,.0f} in "
        "this history."
    )
    same = math.isfinite(then) and math.isfinite(now) and abs(now - then) <= share * abs(then)
    return Gate("the same history", bool(same), reason, {"then": then, "now": now})


def verdict(gates: list[Gate]) -> str:
    """Returns passed where there are gates and all of them hold, else failed."""
    return PASSED if gates and all(gate.passed for gate in gates) else FAILED


def _figures(difference: pd.DataFrame, metrics: list[str]) -> dict[str, dict[str, float]]:
    return {metric: difference.loc[metric, ["value", "low", "high"]].to_dict() for metric in metrics}


def spread(row: Mapping[str, float]) -> str:
    """Returns a difference with its interval, to the first two digits of the interval's width. row: value, low, high.

    >>> spread({"value": -0.2195, "low": -0.4319, "high": 0.06073}), spread({"value": -0.00001, "low": -0.004, "high": 0.003})
    ('-0.22 (-0.43 to +0.06)', '0 (-0.004 to +0.003)')
    """
    width = row["high"] - row["low"]
    digits = 1 - math.floor(math.log10(width)) if 0 < width < math.inf else 6
    value, low, high = (_short(row[name], digits) for name in ("value", "low", "high"))
    return f"{value} ({low} to {high})"


def _short(value: float, digits: int) -> str:
    """With its sign, unless it is 0."""
    rounded = round(value, digits) if math.isfinite(value) else value
    return f"{rounded:+,.10g}" if rounded else "0"
