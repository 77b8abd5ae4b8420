"""What the gates come to: a recommendation in plain words, for the person who decides."""

from dataclasses import dataclass
from enum import StrEnum

import pandas as pd

from clv.evaluation.gates import BETTER, Gate, spread, standing


class Advice(StrEnum):
    """What the gates come to."""

    DO_NOT_PROMOTE = "a gate failed, and the candidate is not in production"
    GO_BACK = "a gate failed, and the candidate is in production already"
    LOOK_FIRST = "all gates passed, and there is nothing to compare the candidate with"
    BETTER = "all gates passed, and the candidate is better"
    NOT_TOLD_APART = "all gates passed, and the two are not told apart"


@dataclass(frozen=True)
class Recommendation:
    """What the reviewer is advised, before it is put into words.

    Args: advice: what the gates come to.
          candidate: number of the version that was reviewed.
          other: number of the version in production; of a candidate that is in production already, of the one before it; None
                 where there is none.
          serves: whether the candidate is in production already.
          gates: how many there are.
          failed: name and reason of each gate that failed.
          better: the metrics in which the candidate is better, with their intervals.
    """

    advice: Advice
    candidate: str
    other: str | None
    serves: bool
    gates: int
    failed: tuple[tuple[str, str], ...] = ()
    better: tuple[str, ...] = ()


def recommend(
    gates: list[Gate],
    difference: pd.DataFrame | None,
    metrics: list[str],
    candidate: str,
    other: str | None,
    serves: bool,
) -> Recommendation:
    """Returns what the reviewer is advised.

    Args: difference: of metrics.intervals(), candidate - other; None where there is nothing to compare with.
          metrics: those that are judged.
          candidate, other, serves: as in Recommendation.
    """
    failed = tuple((gate.name, gate.reason) for gate in gates if not gate.passed)
    better: tuple[str, ...] = ()
    if difference is not None and not failed:
        rows = {metric: difference.loc[metric] for metric in metrics}
        better = tuple(f"{metric} {spread(row)}" for metric, row in rows.items() if standing(metric, row) == BETTER)
    if failed:
        advice = Advice.GO_BACK if serves else Advice.DO_NOT_PROMOTE
    elif difference is None:
        advice = Advice.LOOK_FIRST
    else:
        advice = Advice.BETTER if better else Advice.NOT_TOLD_APART
    return Recommendation(advice, candidate, other, serves, len(gates), failed, better)


def in_words(recommendation: Recommendation) -> str:
    """Returns the recommendation as one paragraph for the person who decides."""
    return _WORDS[recommendation.advice](recommendation)


def _do_not_promote(advised: Recommendation) -> str:
    if advised.other is None:  # full_pipeline may still make it the first one in production
        return (
            f"Do not rely on version {advised.candidate} yet: {_failures(advised)} There is no version before it to use in its place. A person "
            "may promote it despite its gates, with a reason."
        )
    return (
        f"Do not promote version {advised.candidate}: {_failures(advised)} Until that is understood, version {advised.other} stays in "
        "production; a person may promote it despite its gates, with a reason."
    )


def _go_back(advised: Recommendation) -> str:
    way_out = f"go back to version {advised.other}" if advised.other else "look for another version"
    return f"Version {advised.candidate} is in production and should not be: {_failures(advised)} Until that is understood, {way_out}."


def _look_first(advised: Recommendation) -> str:
    verb = "stay in" if advised.serves else "go into"
    return (
        f"Version {advised.candidate} may {verb} production: all {advised.gates} gates passed, and there is no version before it to compare "
        "it with. Look at the deciles and at the totals before you decide."
    )


def _better(advised: Recommendation) -> str:
    verb = "Keep" if advised.serves else "Promote"
    return (
        f"{verb} version {advised.candidate}: on the same customers it is better than {_other(advised)} beyond noise "
        f"({'; '.join(advised.better)}), and all {advised.gates} gates passed. Look at how the ranking changes before you decide."
    )


def _not_told_apart(advised: Recommendation) -> str:
    stays = advised.candidate if advised.serves else advised.other
    return (
        f"Version {advised.candidate} and {_other(advised)} are not told apart on these customers; all {advised.gates} gates passed. A change "
        f"gains nothing now: keep version {stays} unless there is another reason, such as newer data."
    )


_WORDS = {
    Advice.DO_NOT_PROMOTE: _do_not_promote,
    Advice.GO_BACK: _go_back,
    Advice.LOOK_FIRST: _look_first,
    Advice.BETTER: _better,
    Advice.NOT_TOLD_APART: _not_told_apart,
}


def _failures(advised: Recommendation) -> str:
    return "; ".join(f"it fails the gate “{name}”: {reason.rstrip('.')}" for name, reason in advised.failed) + "."


def _other(advised: Recommendation) -> str:
    return f"version {advised.other}" + (", which was in production before," if advised.serves else "")
