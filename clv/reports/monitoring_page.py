"""The page that a person reads first: verdict, reasons, what moved, and what to do next. It shows no customer and no extreme."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from clv.features import in_words
from clv.monitor import STATUSES, Finding, OverDays, OverYear, Shares, checks
from clv.reports import monitoring_words
from clv.reports.metric_words import explained
from clv.reports.monitoring_pictures import business_charts, drawn
from clv.reports.monitoring_words import Around, Monitored
from clv.reports.page import picture, rendered

_A_ROW = 2  # pictures beside one another; a section of one picture stands beside its neighbour


def monitoring_page(
    monitored: Monitored, findings: Mapping[str, Finding], acknowledge: str, around: Around | None = None
) -> str:
    """Returns one file of HTML that loads nothing from elsewhere.

    Args: findings: by the name of the check.
          acknowledge: the command that closes an alarm.
          around: what is shown beside the findings.
    """
    around = around or Around()
    business = _business_pictures(around.weeks, monitored)
    content = {
        "title": monitoring_words.title(monitored),
        "verdict": monitored.verdict,
        "remark": around.remark,
        "headline": monitoring_words.headline(monitored.verdict),
        "facts": monitoring_words.facts(monitored, findings),
        "held": monitoring_words.held(around.held, monitored),
        "findings": findings,
        "next_steps": monitoring_words.next_steps(monitored.verdict, acknowledge),
        "business": monitoring_words.business(around.weeks, monitored.money),
        "business_pictures": business[:_A_ROW],
        "data": around.data,
        "columns": _columns(around.columns),
        "moved": monitoring_words.features_moved(around.columns) if len(around.columns) else "",
        "earlier": None if around.earlier is None else around.earlier.to_dict("records"),
        "which_number": monitoring_words.which_number(findings, around),
        "files": around.files,
    }
    sections = (
        [{"heading": "New customers, week by week", "reason": "", "pictures": business[_A_ROW:]}] if business else []
    )
    sections += [_section(check.pictured, findings[check.name]) for check in checks.CHECKS if check.pictured]
    return rendered("monitoring_page.html", content, sections=sections)


def _business_pictures(weeks: pd.DataFrame, monitored: Monitored) -> list[dict[str, Any]]:
    charts = business_charts(weeks, monitored.money, monitored.amounts) if len(weeks) else []
    return [{"svg": picture(figure), "caption": []} for figure in charts]


def _section(heading: str, finding: Finding) -> dict[str, Any]:
    pictures = [{"svg": picture(drawn(shown)), "caption": _caption(shown)} for shown in finding.pictures]
    return {"heading": heading, "reason": finding.reason, "pictures": pictures}


def _caption(shown: Shares | OverDays | OverYear) -> list[str]:
    if isinstance(shown, OverDays):
        return [*([shown.caption] if shown.caption else []), *explained(list(shown.metrics))]
    return [shown.caption] if shown.caption else []


def _columns(table: pd.DataFrame) -> list[dict[str, str]]:
    """A row for each column: what it is, its status, and what happened to it."""
    return [
        {"words": in_words(row["feature"]), "name": row["feature"], "status": row["status"], "reason": row["reason"]}
        | {"kind": row["status"] if row["status"] in STATUSES else "insufficient"}
        for row in table.to_dict("records")
    ]
