"""The page that a person reads first: verdict, reasons, what moved, and what to do next. It shows no customer and no extreme."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from clv.monitor import Finding, OverDays, Shares, checks
from clv.monitor.verdict import ALARM, PERSON_DECIDES
from clv.reports.figures import BLUE, GREY, INK, RED, canvas
from clv.reports.metric_words import explained
from clv.reports.page import picture, rendered


@dataclass(frozen=True)
class Monitored:
    """What was decided about which version, before it is put into words.

    Args: model, version: that were looked at.
          as_of: the day.
          verdict: stable or alarm.
          baseline_cutoff: the day of the customers that the version was measured on.
          baseline_customers: how many they were.
          history_days: days of purchases that both sides see.
    """

    model: str
    version: str
    as_of: dt.date
    verdict: str
    baseline_cutoff: str
    baseline_customers: int
    history_days: int


@dataclass(frozen=True)
class NextStep:
    """Args: text: a sentence.   command: what to type, if anything."""

    text: str
    command: str | None = None


def monitoring_page(monitored: Monitored, findings: Mapping[str, Finding], acknowledge: str) -> str:
    """Returns one file of HTML that loads nothing from elsewhere.

    Args: findings: by the name of the check.
          acknowledge: the command that closes an alarm.
    """
    content = {
        "title": f"Monitor of model {monitored.model}, version {monitored.version}, as of {monitored.as_of}",
        "verdict": monitored.verdict,
        "headline": headline(monitored.verdict),
        "facts": facts(monitored, findings),
        "findings": findings,
        "next_steps": next_steps(monitored.verdict, acknowledge),
    }
    sections = [_section(check.pictured, findings[check.name]) for check in checks.CHECKS if check.pictured]
    return rendered("monitoring_page.html", content, sections=sections)


def headline(verdict: str) -> str:
    """Returns the sentence beside the verdict."""
    calm = "Nothing moved that matters."
    return f"{'An alarm is open: a person should look.' if verdict == ALARM else calm} {PERSON_DECIDES}"


def facts(monitored: Monitored, findings: Mapping[str, Finding]) -> dict[str, str]:
    """Returns label -> text: what was compared with what, and what no check can see."""
    blind = [finding.figures["cannot_see"] for finding in findings.values() if "cannot_see" in finding.figures]
    return {
        "baseline": f"{monitored.baseline_customers:,} customers as of {monitored.baseline_cutoff}; the version had not learnt from "
        "what they brought afterwards",
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
        NextStep("If the data are broken, repair them and run the monitor again.", "mlflow run . -e monitor"),
        NextStep(
            "If the business has changed, train a version, compare it in the UI, and promote it if it is better.",
            "mlflow run . -e train",
        ),
        NextStep(
            "Close the alarm: write down what was decided. The run prints its id; this page is logged to it.",
            acknowledge,
        ),
    ]


def _section(heading: str, finding: Finding) -> dict[str, Any]:
    pictures = [{"svg": picture(_drawn(shown)), "caption": _caption(shown)} for shown in finding.pictures]
    return {"heading": heading, "reason": finding.reason, "pictures": pictures}


def _drawn(shown: Shares | OverDays) -> Any:
    return beside(shown) if isinstance(shown, Shares) else over_days(shown)


def _caption(shown: Shares | OverDays) -> list[str]:
    if isinstance(shown, OverDays):
        return explained(list(shown.metrics))
    return [shown.caption] if shown.caption else []


def beside(shares: Shares) -> Any:
    """Returns a figure: shares of customers, the baseline beside now."""
    figure, axes = canvas(shares.title, "", "Share of customers")
    figure.set_size_inches(6.4, 3.0)
    place = np.arange(len(shares.table))
    axes.bar(place - 0.2, shares.table["reference"], 0.4, color=GREY, label="baseline")
    axes.bar(place + 0.2, shares.table["current"], 0.4, color=BLUE, label="now")
    axes.set_xticks(place, shares.table.iloc[:, 0], rotation=30 if len(place) > 5 else 0)
    axes.yaxis.set_major_formatter("{x:.0%}")
    axes.legend(frameon=False)
    return figure


def over_days(shown: OverDays) -> Any:
    """Returns a figure: each metric on each day, with its interval."""
    figure, axes = canvas(shown.title, "Scored as of (version)", "")
    figure.set_size_inches(6.4, 3.4)
    table, place = shown.table, np.arange(len(shown.table))
    shifts = np.linspace(-0.06, 0.06, len(shown.metrics))
    for (metric, label), color, shift in zip(shown.metrics.items(), (BLUE, RED, GREY), shifts, strict=False):
        value = table[metric]
        ends = np.clip([value - table[f"{metric}_low"], table[f"{metric}_high"] - value], 0, None)
        axes.errorbar(place + shift, value, yerr=ends, fmt="o", color=color, capsize=3, label=label)
    axes.axhline(1, color=INK, linewidth=0.8)
    axes.set_ylim(bottom=0)
    axes.set_xlim(-0.6, len(table) - 0.4)
    days = [f"{row.as_of} ({row.version})" for row in table.itertuples()]
    axes.set_xticks(place, days, rotation=30 if len(days) > 3 else 0)
    axes.legend(frameon=False, fontsize="small")
    return figure
