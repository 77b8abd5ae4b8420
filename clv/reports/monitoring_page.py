"""The page that a person reads first: verdict, reasons, what moved, and what to do next. It shows no customer and no extreme."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from clv.monitor import Finding, OverDays, OverYear, Shares, checks
from clv.reports import monitoring_words
from clv.reports.figures import BLUE, GREY, INK, RED, canvas, season_chart
from clv.reports.metric_words import explained
from clv.reports.monitoring_words import Monitored
from clv.reports.page import picture, rendered


def monitoring_page(monitored: Monitored, findings: Mapping[str, Finding], acknowledge: str) -> str:
    """Returns one file of HTML that loads nothing from elsewhere.

    Args: findings: by the name of the check.
          acknowledge: the command that closes an alarm.
    """
    content = {
        "title": monitoring_words.title(monitored),
        "verdict": monitored.verdict,
        "headline": monitoring_words.headline(monitored.verdict),
        "facts": monitoring_words.facts(monitored, findings),
        "findings": findings,
        "next_steps": monitoring_words.next_steps(monitored.verdict, acknowledge),
    }
    sections = [_section(check.pictured, findings[check.name]) for check in checks.CHECKS if check.pictured]
    return rendered("monitoring_page.html", content, sections=sections)


def _section(heading: str, finding: Finding) -> dict[str, Any]:
    pictures = [{"svg": picture(_drawn(shown)), "caption": _caption(shown)} for shown in finding.pictures]
    return {"heading": heading, "reason": finding.reason, "pictures": pictures}


def _drawn(shown: Shares | OverDays | OverYear) -> Any:
    if isinstance(shown, OverYear):
        return season_chart(shown.title, shown.table)
    return _beside(shown) if isinstance(shown, Shares) else _over_days(shown)


def _caption(shown: Shares | OverDays | OverYear) -> list[str]:
    if isinstance(shown, OverDays):
        return explained(list(shown.metrics))
    return [shown.caption] if shown.caption else []


def _beside(shares: Shares) -> Any:
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


def _over_days(shown: OverDays) -> Any:
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
