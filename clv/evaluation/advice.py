"""What the gates and the differences come to: a recommendation in plain words, for the person who decides."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import pandas as pd

from clv.evaluation.contest import Best
from clv.evaluation.gates import AGAINST_PRODUCTION, BETTER, NOT_TOLD_APART, WORSE, Gate, Margins, share_of, standing


class Advice(StrEnum):
    """What a review comes to."""

    DO_NOT_PROMOTE = "a gate failed, and the candidate is not in production"
    GO_BACK = "a gate failed, and the candidate is in production already"
    LOOK_FIRST = "all gates passed, and there is nothing to compare the candidate with"
    BETTER = "all gates passed, and the candidate is better by more than the smallest difference that matters"
    NOT_WORTH_IT = "all gates passed, and the candidate is better by too little to be worth a change"
    NOT_TOLD_APART = "all gates passed, and there is no clear difference between the two"


_NAMES = {  # metric -> its name, and the word for a difference that is better or worse
    "rmse": ("the error per customer (RMSE)", "smaller", "larger"),
    "mae": ("the mean error (MAE)", "smaller", "larger"),
    "r2": ("the explained variance (R2)", "larger", "smaller"),
    "spearman": ("the order of all customers (Spearman)", "better", "worse"),
    "normalized_gini": ("the ranking by revenue (Gini)", "better", "worse"),
    "top_decile_share": ("what the best tenth of the customers brings", "more", "less"),
    "bias": ("the predicted total", "nearer to what came", "further from what came"),
}
_SHOWN = 0.001  # a smaller difference has no size that a person needs


@dataclass(frozen=True)
class Found:
    """The metrics in which the candidate differs from Production beyond noise, as phrases with their intervals.

    better: by enough to matter.   slightly: better by less than that.   worse: by whatever.   gain: what its best tenth brought beyond Production's.
    """

    better: tuple[str, ...] = ()
    slightly: tuple[str, ...] = ()
    worse: tuple[str, ...] = ()
    gain: float = 0.0


@dataclass(frozen=True)
class Recommendation:
    """What the reviewer is advised, before it is put into words.

    Args: advice: what the review comes to.
          candidate: number of the version that was reviewed.
          other: number of the version in production; of a candidate that is in production already, of the one before it; None
                 where there is none.
          serves: whether the candidate is in production already.
          gates: how many there are.
          failed: name and reason of each gate that failed.
          found: how it differs from the other.
          worth: the smallest gain in currency that is worth a change.
    """

    advice: Advice
    candidate: str
    other: str | None
    serves: bool
    gates: int
    failed: tuple[tuple[str, str], ...] = ()
    found: Found = Found()
    worth: float = 0.0


@dataclass(frozen=True)
class Sides:
    """candidate, other: numbers of the versions, other None where there is none.   serves: the candidate is in production already."""

    candidate: str
    other: str | None
    serves: bool


def found_in(difference: pd.DataFrame | None, margins: Margins, best: Best) -> Found:
    """Returns in which metrics the candidate differs beyond noise.

    Only the metrics that are judged make it better; every one in which it is worse is named.

    Args: difference: of Contest.difference(); None where there is nothing to compare with.   best: of contest.best().
    """
    if difference is None:
        return Found()
    order = [*margins.metrics, *difference.index.difference(list(margins.metrics), sort=False)]
    rows = {metric: difference.loc[metric] for metric in order}
    standings = {metric: standing(metric, row) for metric, row in rows.items()}
    ahead = [metric for metric in margins.metrics if standings[metric] == BETTER]
    return Found(
        tuple(phrase(metric, rows[metric]) for metric in ahead if margins.matter(metric, rows[metric])),
        tuple(phrase(metric, rows[metric]) for metric in ahead if not margins.matter(metric, rows[metric])),
        tuple(phrase(metric, row) for metric, row in rows.items() if standings[metric] == WORSE),
        best.difference or 0.0,
    )


def phrase(metric: str, row: pd.Series) -> str:
    """Returns a difference in words, with its interval.

    >>> phrase("rmse", pd.Series({"value": 1.5, "low": 0.4, "high": 2.4, "other": 32.0}))
    'the error per customer (RMSE) is 4.7 % larger (1.2 % to 7.5 %)'
    >>> phrase("bias", pd.Series({"value": -0.03, "low": -0.05, "high": -0.01, "other": 0.9}))
    'the predicted total is nearer to what came by 3.0 % of it (1.0 % to 5.0 %)'
    >>> phrase("spearman", pd.Series({"value": -0.0002, "low": -0.0004, "high": -0.0001, "other": 0.6}))
    'the order of all customers (Spearman) is less than 0.1 % worse'
    """
    name, better, worse = _NAMES.get(metric, (metric, "better", "worse"))
    if not all(pd.notna(row[end]) for end in ("value", "low", "high")):
        return f"{name} is no number"
    graded = standing(metric, row)
    word = better if graded == BETTER else worse if graded == WORSE else NOT_TOLD_APART
    value, low, high = (share_of(metric, row[end], row["other"]) for end in ("value", "low", "high"))
    if value < 0:
        value, low, high = -value, -high, -low
    is_shown = value >= _SHOWN
    size = f"{100 * value:.1f} %" if is_shown else f"less than {100 * _SHOWN:.1f} %"
    words = f"{word} by {size} of it" if metric == "bias" else f"{size} {word}"
    return f"{name} is {words}" + (f" ({100 * low:.1f} % to {100 * high:.1f} %)" if is_shown else "")


def recommend(gates: list[Gate], is_compared: bool, sides: Sides, differs: Found, worth: float) -> Recommendation:
    """Returns what the reviewer is advised.

    Args: is_compared: whether both versions were measured on the same customers.
          differs: of found_in().   worth: the smallest gain that is worth a change, in currency.
    """
    failed = tuple((gate.name, gate.reason) for gate in gates if not gate.passed)
    if failed:
        advice = Advice.GO_BACK if sides.serves else Advice.DO_NOT_PROMOTE
    elif not is_compared:
        advice = Advice.LOOK_FIRST
    elif (differs.better and differs.gain >= worth) or (sides.serves and (differs.better or differs.slightly)):
        advice = Advice.BETTER  # to stay costs nothing, so that a small difference is enough
    elif differs.better or differs.slightly:
        advice = Advice.NOT_WORTH_IT
    else:
        advice = Advice.NOT_TOLD_APART
    return Recommendation(advice, sides.candidate, sides.other, sides.serves, len(gates), failed, differs, worth)


def in_words(recommendation: Recommendation, money: Callable[[float], str]) -> str:
    """Returns the recommendation as one paragraph for the person who decides; what is worse beyond noise is in it. money: writes an amount."""
    return _WORDS[recommendation.advice](recommendation, money)


def _do_not_promote(advised: Recommendation, _money: Callable[[float], str]) -> str:
    if advised.other is None:  # full_pipeline may still make it the first one in production
        return (
            f"Do not rely on version {advised.candidate} yet: {_failures(advised)} There is no version before it to use in its place. A person "
            "may promote it despite its gates, with a reason."
        )
    return (
        f"Do not promote version {advised.candidate}: {_failures(advised)}{_but_better(advised)} Until that is understood, version "
        f"{advised.other} stays in production; a person may promote it despite its gates, with a reason."
    )


def _go_back(advised: Recommendation, _money: Callable[[float], str]) -> str:
    way_out = f"go back to version {advised.other}" if advised.other else "look for another version"
    return (
        f"Version {advised.candidate} is in production and should not be: {_failures(advised)}{_but_better(advised)} Until that is understood, "
        f"{way_out}."
    )


def _look_first(advised: Recommendation, _money: Callable[[float], str]) -> str:
    verb = "stay in" if advised.serves else "go into"
    return (
        f"Version {advised.candidate} may {verb} production: all {advised.gates} gates passed, and there is no version before it to compare "
        "it with. Look at the deciles and at the totals before you decide."
    )


def _better(advised: Recommendation, _money: Callable[[float], str]) -> str:
    verb = "Keep" if advised.serves else "Promote"
    return (
        f"{verb} version {advised.candidate}: on the same customers it is better than {_other(advised)} beyond noise: "
        f"{_ahead(advised)}.{_but_worse(advised)} All {advised.gates} gates passed. Look at who would change before you decide."
    )


def _not_worth_it(advised: Recommendation, money: Callable[[float], str]) -> str:
    why = "too little to be worth a change"
    if advised.found.better:
        why = f"but its best tenth of the customers brought only {money(advised.found.gain)} beyond the other's; {money(advised.worth)} is worth a change"
    return f"{_keep(advised)}: version {advised.candidate} is better beyond noise, {why}: {_ahead(advised)}.{_but_worse(advised)} All {advised.gates} gates passed."


def _not_told_apart(advised: Recommendation, _money: Callable[[float], str]) -> str:
    return (
        f"{_keep(advised)}: there is no clear difference between version {advised.candidate} and {_other(advised)} on these customers in what is "
        "judged."
        f"{_but_worse(advised)} All {advised.gates} gates passed. A change gains nothing now, unless there is another reason, such as newer data."
    )


_WORDS = {
    Advice.DO_NOT_PROMOTE: _do_not_promote,
    Advice.GO_BACK: _go_back,
    Advice.LOOK_FIRST: _look_first,
    Advice.BETTER: _better,
    Advice.NOT_WORTH_IT: _not_worth_it,
    Advice.NOT_TOLD_APART: _not_told_apart,
}


def _failures(advised: Recommendation) -> str:
    """What is worse, in words; then each gate that failed for another reason."""
    is_worse = bool(advised.found.worse) and AGAINST_PRODUCTION in dict(advised.failed)
    others = [(name, reason) for name, reason in advised.failed if name != AGAINST_PRODUCTION or not is_worse]
    fails = "; ".join(f"it fails the gate “{name}”: {reason.rstrip('.')}" for name, reason in others)
    if not is_worse:
        return f"{fails}.{_but_worse(advised)}"
    worse = f"it is worse than {_other(advised)} beyond noise: {'; '.join(advised.found.worse)}."
    return f"{worse} And {fails}." if fails else worse


def _but_worse(advised: Recommendation) -> str:
    return f" It is worse beyond noise: {'; '.join(advised.found.worse)}." if advised.found.worse else ""


def _but_better(advised: Recommendation) -> str:
    return f" It is better beyond noise: {_ahead(advised)}." if _ahead(advised) else ""


def _ahead(advised: Recommendation) -> str:
    return "; ".join(advised.found.better + advised.found.slightly)


def _keep(advised: Recommendation) -> str:
    stays = advised.candidate if advised.serves else advised.other
    return f"Keep version {stays} in production"


def _other(advised: Recommendation) -> str:
    return f"version {advised.other}" + (", which was in production before," if advised.serves else "")
