"""Were the scores that people used right? Stored scores beside what came in once their horizon had passed."""

import datetime as dt
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from clv.errors import Code, InputError
from clv.monitor.evidence import PREDICTED, Evidence, Measured, Vintage
from clv.monitor.finding import ALERT, INSUFFICIENT, STABLE, Finding, OverDays, grade, worst

_SAME_BUSINESS = (
    0.8  # share of the scored customers that the history must have, else the scores are of another business
)
_SHOWN = ("bias", "normalized_gini", "rmse")
_JUDGED = {"bias": "Predicted / actual revenue (1 is right)", "normalized_gini": "Gini of the ranking (1 is perfect)"}


@dataclass(frozen=True)
class Limits:
    """Args: most: stored scores that are judged, the newest.
    days_apart: of scores that lie closer together, the first is judged.
    min_z: standard errors that a change must lie beyond.
    warn_bias, alert_bias: relative change of predicted over actual revenue.
    warn_gini, alert_gini: fall of the normalized Gini (0 random, 1 perfect).
    min_customers: fewer cannot be judged.
    """

    most: int
    days_apart: int
    min_z: float
    warn_bias: float
    alert_bias: float
    warn_gini: float
    alert_gini: float
    min_customers: int


class PerformanceOverTime:
    """The newest scores of the version in production beside what the version was measured to do."""

    name, section, pictured = (
        "Performance over time",
        "performance_over_time",
        "Scores that were used, and what came in",
    )

    def limits(self, settings: Mapping[str, Any]) -> Limits:
        """Returns the changes of the bias and of the Gini that count."""
        return Limits(**settings)

    def describe(self, measured: Measured) -> dict[str, Any]:
        """Returns the bias and the normalized Gini of the version, with their intervals."""
        return measured.metrics.loc[list(_JUDGED)].to_dict("index")

    def compare(self, part: dict[str, Any], evidence: Evidence, limits: Limits) -> Finding:
        """Returns the newest scores of the version in production; those of other versions are shown beside them."""
        if evidence.vintages is None:
            reason = "Stored scores were not judged: the tracking server does not answer."
            return Finding(INSUFFICIENT, reason, {"vintages": []})
        vintages = evidence.vintages
        ours = [vintage for vintage in vintages if vintage.version == evidence.version]
        status, reason = INSUFFICIENT, f"No stored scores of version {evidence.version} are a horizon old yet."
        if ours:
            status, reason = _judge_in_season(part, ours[-1], limits, evidence.room)
        return Finding(
            status,
            reason,
            {"vintages": [_point(vintage) for vintage in vintages]},
            series={f"vintage/{metric}": _series(vintages, metric) for metric in _SHOWN},
            pictures=(_picture(part, vintages, wider(limits, evidence.room)),) if vintages else (),
        )


def wider(limits: Limits, room: float) -> Limits:
    """Returns the limits with at least the room that the season has. room: relative change of a total."""
    return replace(limits, warn_bias=max(limits.warn_bias, room), alert_bias=max(limits.alert_bias, room))


def bands(part: Mapping[str, Mapping[str, float]], limits: Limits) -> dict[str, dict[str, float]]:
    """Returns by metric what the version was measured to do, and the values (low to high) that are as good by these limits.

    >>> limits = Limits(12, 7, 3.0, warn_bias=0.5, alert_bias=1, warn_gini=0.25, alert_gini=0.5, min_customers=2)
    >>> bands({"bias": {"value": 2.0}, "normalized_gini": {"value": 0.5}}, limits)["bias"]
    {'value': 2.0, 'low': 1.0, 'high': 3.0}
    """
    values = {metric: row["value"] for metric, row in part.items()}
    ends = {
        "bias": lambda value: (value * (1 - limits.warn_bias), value * (1 + limits.warn_bias)),
        "normalized_gini": lambda value: (value - limits.warn_gini, max(value, 1.0)),  # a better ranking is no change
    }
    return {
        metric: dict(zip(("value", "low", "high"), (value, *ends[metric](value)), strict=True))
        for metric, value in values.items()
    }


def days_apart(days: list[dt.date], apart: int, most: int) -> list[dt.date]:
    """Returns the newest days that lie far enough apart; of days that lie closer together, the first.

    Args: days: ascending.
          apart: days between two of them at least.
          most: days that are returned at most.

    >>> [day.day for day in days_apart([dt.date(2025, 6, day) for day in (1, 5, 8, 20, 30)], apart=7, most=3)]
    [8, 20, 30]
    """
    taken: list[dt.date] = []
    for day in days:
        if not taken or day >= taken[-1] + dt.timedelta(days=apart):
            taken.append(day)
    return taken[-most:]


def of_this_business(scores: pd.DataFrame, known: pd.Series) -> bool:
    """Returns whether this history has the customers that were scored.

    Args: scores: customer_id, each once.
          known: those of these ids that are in the history.
    """
    return len(known) >= _SAME_BUSINESS * len(scores)


def refuse_missing(scores: pd.DataFrame, run_id: str) -> None:
    """Raises: InputError: one of the stored scores is not a number, so the file is not the one that was written."""
    wrong = int((~np.isfinite(scores[PREDICTED])).sum())
    if wrong:
        raise InputError(
            Code.STORED_SCORES,
            what=f"{wrong} of {len(scores)} scores that run {run_id} stored are not numbers, so they are not what was scored",
            fix="delete that run, or put its file back",
        )


def _picture(part: dict[str, Any], vintages: list[Vintage], limits: Limits) -> OverDays:
    """limits: with the room of the season."""
    caption = (
        f"The dashed line is what was measured. In the grey band the check is calm: within {limits.warn_bias:.0%} of the measured level, "
        f"and a Gini at most {limits.warn_gini:.2f} lower. Outside it a change counts only where it is beyond chance."
    )
    return OverDays("What stored scores came to", _table(vintages), _JUDGED, bands(part, limits), caption)


def _judge_in_season(part: dict[str, Any], newest: Vintage, limits: Limits, room: float) -> tuple[str, str]:
    """A level that is off by no more than the season may move it counts as stable, and the sentence says so."""
    status, reason = _judge(part, newest, wider(limits, room))
    alone, why = _judge(part, newest, limits)
    if status != STABLE or alone == STABLE:
        return status, reason
    return status, f"{why} That alone is no alarm, because the season alone may move a total by {room:.0%}."


def _judge(part: dict[str, Any], newest: Vintage, limits: Limits) -> tuple[str, str]:
    if len(newest.actual) < limits.min_customers:
        return INSUFFICIENT, f"The scores of {newest.as_of} are of {len(newest.actual)} customers, too few to judge by."
    baseline = pd.DataFrame.from_dict(part, orient="index").astype("float64")
    status, reason = compare_scores(baseline, newest.figures, limits)
    if status != STABLE:
        return status, f"Scores of {newest.as_of}: {reason}"
    bias, gini = (newest.figures.loc[metric, "value"] for metric in _JUDGED)
    return status, (
        f"The scores of {newest.as_of} came to {bias:.2f} times what came in, and their ranking has a Gini of {gini:.2f}; when the "
        f"version was measured it was {baseline.loc['bias', 'value']:.2f} and {baseline.loc['normalized_gini', 'value']:.2f}. Both changes are "
        "within their limits or within noise."
    )


def graded(baseline: pd.DataFrame, vintage: pd.DataFrame, limits: Limits) -> tuple[str, str]:
    """Returns the status of the level (bias) and that of the ranking (Gini), beside what the version was measured to do.

    Args: as of compare_scores(), all of them finite numbers.
    """
    measured, bias = baseline.loc["bias", "value"], vintage.loc["bias", "value"]
    before, gini = (table.loc["normalized_gini", "value"] for table in (baseline, vintage))
    beyond = abs(_z(baseline, vintage, "bias")) >= limits.min_z
    level = grade(abs(bias / measured - 1), limits.warn_bias, limits.alert_bias, beyond)
    beyond = _z(baseline, vintage, "normalized_gini") <= -limits.min_z
    return level, grade(before - gini, limits.warn_gini, limits.alert_gini, beyond)


def compare_scores(baseline: pd.DataFrame, vintage: pd.DataFrame, limits: Limits) -> tuple[str, str]:
    """Returns status and reason of scores that were used, beside what their version was measured to do.

    Args: baseline, vintage: of metrics.intervals(); bias and normalized_gini, with value and standard_error.
    """
    measured, bias = baseline.loc["bias", "value"], vintage.loc["bias", "value"]
    if not math.isfinite(bias):
        return ALERT, "The scored customers brought no revenue at all; is the history complete?"
    both = [table.loc[list(_JUDGED), ["value", "standard_error"]] for table in (baseline, vintage)]
    if not np.isfinite(pd.concat(both)).all(axis=None):
        return ALERT, "The ranking cannot be judged: all scores, or all that came in, are the same."
    biased, blurred = graded(baseline, vintage, limits)
    before, gini = (table.loc["normalized_gini", "value"] for table in (baseline, vintage))
    sentences = []
    if biased != STABLE:
        sentences.append(
            f"Scores came to {bias:.2f} times what came in; when the version was measured it was {measured:.2f}."
        )
    if blurred != STABLE:
        sentences.append(f"The ranking was worse than measured: Gini {gini:.2f}, it was {before:.2f}.")
    return worst([biased, blurred]), " ".join(sentences)


def _z(baseline: pd.DataFrame, vintage: pd.DataFrame, metric: str) -> float:
    """Standard errors between the two; infinite where there is a difference without any error."""
    before, now = baseline.loc[metric], vintage.loc[metric]
    noise = math.hypot(before["standard_error"], now["standard_error"])
    difference = now["value"] - before["value"]
    if noise > 0:
        return float(difference / noise)
    return math.copysign(math.inf, difference) if difference else 0.0


def _point(vintage: Vintage) -> dict[str, Any]:
    """JSON-ready."""
    figures = {metric: vintage.figures.loc[metric, ["value", "low", "high"]].to_dict() for metric in _SHOWN}
    where = {"as_of": vintage.as_of.isoformat(), "version": vintage.version, "scores_run": vintage.run_id}
    return where | {"customers": len(vintage.actual)} | figures | {"deciles": vintage.deciles.to_dict("records")}


def _series(vintages: list[Vintage], metric: str) -> dict[dt.date, float]:
    return {vintage.as_of: vintage.figures.loc[metric, "value"] for vintage in vintages}


def _table(vintages: list[Vintage]) -> pd.DataFrame:
    """As OverDays takes it."""
    return pd.DataFrame(
        {"as_of": vintage.as_of, "version": vintage.version}
        | {metric: vintage.figures.loc[metric, "value"] for metric in _SHOWN}
        | {f"{metric}_{end}": vintage.figures.loc[metric, end] for metric in _SHOWN for end in ("low", "high")}
        for vintage in vintages
    )
