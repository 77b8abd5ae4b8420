"""The sentences of the monitor's page, made from what was decided."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from clv import hints
from clv.monitor import INSUFFICIENT, Finding
from clv.monitor.verdict import ALARM, PERSON_DECIDES
from clv.reports.page import NextStep


@dataclass(frozen=True)
class Monitored:
    """What was decided about which version, before it is put into words.

    Args: model, version: that were looked at.
          as_of: the day.
          verdict: stable, alarm or insufficient.
          baseline_as_of: the day of the training, whose customers are the baseline.
          baseline_customers: how many they were.
          measured_cutoff: the day of the customers whose errors are the baseline.
          history_days: days of purchases that both sides see.
    """

    model: str
    version: str
    as_of: dt.date
    verdict: str
    baseline_as_of: str
    baseline_customers: int
    measured_cutoff: str
    history_days: int


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
        "baseline": f"{monitored.baseline_customers:,} customers as of {monitored.baseline_as_of}, the day of the training; for errors, those "
        f"of {monitored.measured_cutoff}, since the version had not learnt from what they brought afterwards",
        "both sides": f"the last {monitored.history_days} days of purchases",
        "not seen": " ".join(blind) or "what revenue that has not come in yet will show",
    }


def next_steps(verdict: str, acknowledge: str) -> list[NextStep]:
    """Returns what a person can do now."""
    if verdict != ALARM:
        return [NextStep("Nothing has to be done. Run the monitor again when the next purchases are in.")]
    return [
        NextStep(
            "Read the reasons above. Is it the business, the calendar, or broken data? The CSV and Evidently's pages have every column."
        ),
        NextStep("If the data are broken, repair them and run the monitor again.", hints.command("monitor")),
        NextStep(
            "If the business has changed, train a version, compare it in the UI, and promote it if it is better.",
            hints.command("train"),
        ),
        NextStep(
            "Close the alarm: write down what was decided. The run prints its id; this page is logged to it.",
            acknowledge,
        ),
    ]
