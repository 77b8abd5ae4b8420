"""The sentences of the monitor's page, made from what was decided."""

import datetime as dt
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from clv import hints
from clv.monitor import INSUFFICIENT, STABLE, Finding
from clv.monitor.held import Held
from clv.monitor.verdict import ALARM, PERSON_DECIDES
from clv.reports.amounts import Money, percent
from clv.reports.page import NextStep

_WEEKS = (4, 13, 52)


@dataclass(frozen=True)
class Monitored:
    """What was decided about which version, before it is put into words.

    Args: model, version: that were looked at.
          as_of: the day.
          verdict: stable, alarm or insufficient.
          baseline_as_of: the day of the training, whose customers are the baseline.
          baseline_customers: how many they were.
          customers: how many are compared with them.   all_customers: how many there are on the day.
          measured_cutoff: the day of the customers whose errors are the baseline.
          history_days: days of purchases that both sides see.
          money: how amounts are written.   amounts: what they are amounts of.
    """

    model: str
    version: str
    as_of: dt.date
    verdict: str
    baseline_as_of: str
    baseline_customers: int
    measured_cutoff: str
    history_days: int
    customers: int = 0
    all_customers: int = 0
    money: Money = field(default_factory=Money)
    amounts: str = "net revenue"


@dataclass(frozen=True)
class Around:
    """What a reader needs beside the findings; the page leaves out what is not there.

    Args: remark: what an alarm looks like, or that this is the first look.
          held: how far predictions held against what came in.
          weeks: of features.by_week().   data: sentences on the file that was read.
          columns: every column, in the order of the page: of monitor.distributions.compare().
          earlier: looks before this one, newest first: as_of, version, verdict, reason, alarm, run_id. None: nobody could be asked.
          files: what a file has -> its name, which lies beside the page.
    """

    remark: str = ""
    held: Held | None = None
    weeks: pd.DataFrame = field(default_factory=pd.DataFrame)
    data: tuple[str, ...] = ()
    columns: pd.DataFrame = field(default_factory=pd.DataFrame)
    earlier: pd.DataFrame | None = field(default_factory=pd.DataFrame)
    files: Mapping[str, str] = field(default_factory=dict)


def title(monitored: Monitored) -> str:
    """Returns the title of the page."""
    return f"Monitor of model {monitored.model}, version {monitored.version}, as of {monitored.as_of}"


def headline(verdict: str) -> str:
    """Returns the sentence beside the verdict."""
    words = {ALARM: "An alarm is open: a person should look.", INSUFFICIENT: "There is too little to judge by."}
    return f"{words.get(verdict, 'Nothing moved that matters.')} {PERSON_DECIDES}"


def facts(monitored: Monitored, findings: Mapping[str, Finding]) -> dict[str, str]:
    """Returns label -> text: what was compared with what, and what no check can see."""
    blind = [finding.figures["cannot_see"] for finding in findings.values() if "cannot_see" in finding.figures]
    return {
        **_compared(monitored),
        "compared with": f"{monitored.baseline_customers:,} customers as of {monitored.baseline_as_of}, the day of the training; errors with those "
        f"of the customers of {monitored.measured_cutoff}, from whose revenue the version had not learnt",
        "purchases used": f"of the last {monitored.history_days:,} days, then and now alike, so that both can be compared",
        "what no check sees": " ".join(blind)
        or "what customers will bring from now on: that revenue has not come in yet",
    }


def _compared(monitored: Monitored) -> dict[str, str]:
    """Which customers of the day are compared; nothing where nobody counted them."""
    if not monitored.all_customers:
        return {}
    whom = f"{monitored.customers:,} of the {monitored.all_customers:,} customers as of {monitored.as_of}"
    if monitored.customers == monitored.all_customers:
        return {"compared": f"all {monitored.all_customers:,} customers as of {monitored.as_of}"}
    days = f"the last {monitored.history_days:,} days, as many as the baseline covers"
    return {
        "compared": f"{whom}: those with an order in {days}. Whoever ordered only before them is scored, and not compared"
    }


def held(held: Held | None, monitored: Monitored) -> list[str]:
    """Returns whether the ranking and the level of the predictions held, in words and money."""
    if held is None:
        return [
            "Not known yet: no horizon of predictions has come in that could be judged. The checks below say from when on."
        ]
    until, money = held.begin + dt.timedelta(days=held.days), monitored.money
    whose = "The scores that were used" if held.are_used else "Computed again"
    sentences = [
        _ranking(held),
        _level(held, money, monitored.amounts),
        f"{whose}, for {held.customers:,} customers as of {held.begin} and the {held.days} days until {until}.",
    ]
    first = "This is the horizon on which the version was measured: nothing newer has come in, so both figures are the same."
    return sentences if held.is_new else [*sentences, first]


def _ranking(held: Held) -> str:
    now, before = held.figures.loc["normalized_gini"], held.measured.loc["normalized_gini", "value"]
    verdict = "The ranking holds" if held.ranking == STABLE else "The ranking does not hold"
    return f"{verdict}: Gini {now['value']:.2f} ({now['low']:.2f} to {now['high']:.2f}), it was {before:.2f} when the version was measured."


def _level(held: Held, money: Money, amounts: str) -> str:
    now, before = held.figures.loc["bias"], held.measured.loc["bias", "value"]
    return (
        f"{_how_the_level_is(held)}: {money(held.predicted)} of {amounts} was predicted and {money(held.actual)} came in. Predicted was "
        f"{percent(now['value'])} of what came in ({percent(now['low'])} to {percent(now['high'])}); when the version was measured it was "
        f"{percent(before)}. {_judged(held, now['value'] / before - 1)}"
    )


def _how_the_level_is(held: Held) -> str:
    if held.level != STABLE:
        return "The level does not hold"
    return "The level holds" if held.off == STABLE else "The level is off, by no more than the season alone may move it"


def _judged(held: Held, change: float) -> str:
    """By which rule the level was judged: the one whose band the picture shows."""
    size = f"{percent(abs(change))} {'less' if change < 0 else 'more'}"
    if abs(change) < held.limit:
        why = (
            "as far as the season alone may move a total"
            if held.room >= held.limit
            else "where this check begins to warn"
        )
        return f"That is {size}, within the limit of {percent(held.limit)}, {why}."
    beyond = "more than chance explains" if held.level != STABLE else "and chance alone may explain it"
    return f"That is {size}, outside the limit of {percent(held.limit)}, {beyond}."


def business(weeks: pd.DataFrame, money: Money) -> list[dict[str, Any]]:
    """Returns a row for each of the newest stretches of weeks: for each of the three what it brought, and its change on a year before.

    Args: weeks: of features.by_week().
    """
    rows = []
    for number in _WEEKS[: 1 + sum(len(weeks) >= most for most in _WEEKS[1:])] if len(weeks) else ():
        newest = weeks.tail(number)
        cells = {
            name: _beside_last_year(newest[name], newest[f"{name}_last_year"], money if name == "revenue" else _count)
            for name in ("orders", "revenue", "new_customers")
        }
        rows.append({"weeks": f"last {number} weeks"} | cells)
    return rows


def _count(number: float) -> str:
    return f"{number:,.0f}"


def _beside_last_year(now: pd.Series, last_year: pd.Series, written: Any) -> tuple[str, str]:
    total, before = now.sum(skipna=False), last_year.sum(skipna=False)
    if math.isnan(total):
        return "not known", ""
    if math.isnan(before):
        return written(total), ""
    change = f"{100 * (total / before - 1):+.0f} %, " if before > 0 else ""
    return written(total), f"{change}a year before {written(before)}"


def which_number(findings: Mapping[str, Finding], around: Around) -> dict[str, str]:
    """Returns label -> text: where two figures of one name differ on the pages of this run, and why."""
    errors = findings["Prediction drift"].figures.get("errors", {}) if "Prediction drift" in findings else {}
    words = {}
    if around.held and (ratio := errors.get("total_ratio")) and ratio["current"] is not None:
        words["predicted over actual"] = (
            f"{around.held.figures.loc['bias', 'value']:.2f} above, and as bias in Performance over time: of all revenue. "
            f"{ratio['current']:.2f} in Prediction drift: of each customer's revenue up to a cap, and in an average season, so that a few large "
            "customers alone cannot open an alarm."
        )
    if not around.columns.empty:
        words["how many features moved"] = features_moved(around.columns)
    if errors.get("mae"):
        words["mean error per customer (MAE)"] = (
            "In Prediction drift it is that of an average season. Evidently's page of errors, where it is drawn, cuts off the largest and the "
            "smallest values, so its errors are smaller."
        )
    return words


def features_moved(columns: pd.DataFrame) -> str:
    """Returns how many features moved, of how many. columns: of monitor.distributions.compare()."""
    features = columns[columns["feature"] != "predicted_clv"]
    judged, moved = (features["status"].isin(statuses) for statuses in (["stable", "warn", "alert"], ["warn", "alert"]))
    by_itself = list(features.loc[features["status"] == "moves by itself", "feature"])
    more = (
        f" {len(by_itself)} more ({', '.join(by_itself)}) move by themselves, with the calendar or the length of the history, and are not judged."
        if by_itself
        else ""
    )
    return f"{moved.sum()} of {judged.sum()} features that are judged moved.{more} The predicted CLV is judged beside them."


def next_steps(verdict: str, acknowledge: str) -> list[NextStep]:
    """Returns what a person can do now."""
    if verdict != ALARM:
        return [NextStep("Nothing has to be done. Run the monitor again when the next purchases are in.")]
    return [
        NextStep(
            "Read the reasons above. Is it the business, the calendar, or broken data? The weeks below show the first two; the files at the "
            "end have every column."
        ),
        NextStep("If the data are broken, repair them and run the monitor again.", hints.command("monitor")),
        NextStep(
            "If the business has changed, train a version, compare it in the UI, and promote it if it is better.",
            hints.command("train"),
        ),
        NextStep("Close the alarm: write down what was decided. This page is logged to the same run.", acknowledge),
    ]
