"""The page of the monitor: its sentences follow from what was decided, its pictures from what the checks found."""

import datetime as dt

import pandas as pd
import pytest

from clv import reports
from clv.monitor import Finding, OverDays, Shares, checks
from clv.monitor.verdict import PERSON_DECIDES
from clv.reports import monitoring_words
from clv.reports.metric_words import EXPLAINED

SHARES = Shares("Lifecycle stages", pd.DataFrame({"group": ["a"], "reference": [0.4], "current": [0.6]}), "A caption.")
DAYS = OverDays(
    "What scores came to",
    pd.DataFrame({"as_of": ["2025-06-01"], "version": ["1"], "bias": [1.1], "bias_low": [0.9], "bias_high": [1.2]}),
    {"bias": "predicted / actual"},
)
MONITORED = reports.Monitored("clv", "3", dt.date(2026, 1, 1), "alarm", "2025-12-31", 1234, "2025-10-02", 639)


def findings(**pictures):
    """Of every check; a section of conf -> its pictures."""
    return {
        check.name: Finding("warn", f"{check.name} it is.", pictures=pictures.get(check.section, ()))
        for check in checks.CHECKS
    }


def test_the_page_shows_every_check_with_its_reason_and_the_pictures_of_those_that_draw():
    page = reports.monitoring_page(MONITORED, findings(segment_drift=(SHARES,), performance_over_time=(DAYS,)), "CLOSE")
    assert page.count("<svg") == 2 and "A caption." in page and EXPLAINED["bias"] in page
    assert all(f"<th>{check.name}</th>" in page and f"{check.name} it is." in page for check in checks.CHECKS)
    assert "There is nothing to draw. Feature drift it is." in page and "<code>CLOSE</code>" in page
    assert "<h2>The features that moved most</h2>" in page and "<h2></h2>" not in page
    assert "Monitor of model clv, version 3, as of 2026-01-01" in page and 'class="verdict alarm">alarm<' in page


@pytest.mark.parametrize(
    "verdict, sentence",
    [
        ("stable", "Nothing moved that matters."),
        ("alarm", "An alarm is open: a person should look."),
        ("insufficient", "There is too little to judge by."),
    ],
)
def test_the_headline_says_whether_a_person_should_look_and_that_nothing_moved_by_itself(verdict, sentence):
    assert monitoring_words.headline(verdict) == f"{sentence} {PERSON_DECIDES}"


def test_the_facts_say_what_was_compared_and_what_no_check_sees():
    assert monitoring_words.facts(MONITORED, {"a": Finding("stable", "", {"cannot_see": "It is blind."})}) == {
        "baseline": "1,234 customers as of 2025-12-31, the day of the training; for errors, those of 2025-10-02, since the version had not "
        "learnt from what they brought afterwards",
        "both sides": "the last 639 days of purchases",
        "not seen": "It is blind.",
    }
    assert monitoring_words.facts(MONITORED, {})["not seen"] == "what revenue that has not come in yet will show"


def test_a_stable_monitor_asks_for_nothing_and_an_alarm_ends_with_the_command_that_closes_it():
    calm = monitoring_words.next_steps("stable", "CLOSE")
    assert [(step.text, step.command) for step in calm] == [
        ("Nothing has to be done. Run the monitor again when the next purchases are in.", None)
    ]
    steps = monitoring_words.next_steps("alarm", "CLOSE")
    assert [step.command for step in steps] == [None, "mlflow run . -e monitor", "mlflow run . -e train", "CLOSE"]
    assert [step.text.split(",")[0].split(".")[0] for step in steps] == [
        "Read the reasons above",
        "If the data are broken",
        "If the business has changed",
        "Close the alarm: write down what was decided",
    ]


def test_every_value_is_escaped():
    script = "<script>alert(1)</script>"
    table = pd.DataFrame({"range": [script], "reference": [0.5], "current": [0.4]})
    row = {"as_of": script, "version": script, "bias": 1.0, "bias_low": 1.0, "bias_high": 1.0}
    pictures = (Shares(script, table, script), OverDays(script, pd.DataFrame([row]), {"bias": script}))
    finding = Finding(script, script, {"cannot_see": script}, pictures=pictures)
    monitored = reports.Monitored(script, script, dt.date(2026, 1, 1), script, script, 9, script, 9)
    by_check = {script: finding} | {check.name: finding for check in checks.CHECKS}
    page = reports.monitoring_page(monitored, by_check, script)
    assert "<script" not in page and page.count("&lt;script&gt;") > 20
