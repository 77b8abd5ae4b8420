"""The page of the monitor: its sentences follow from what was decided, its pictures from what the checks found."""

import datetime as dt
from dataclasses import replace

import pandas as pd
import pytest

from clv import reports
from clv.monitor import Finding, OverDays, Shares, checks
from clv.monitor.held import Held
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
    whole = reports.monitoring_page(MONITORED, findings(segment_drift=(SHARES, SHARES)), "CLOSE")
    assert whole.count('<section class="whole">') == 1 and page.count('<section class="whole">') == 0
    assert page.count("<svg") == 2 and "A caption." in page and EXPLAINED["bias"] in page
    assert all(
        f'<th class="check">{check.name}<br>' in page and f"{check.name} it is." in page for check in checks.CHECKS
    )
    assert "There is nothing to draw. Feature drift it is." in page and "<code>CLOSE</code>" in page
    assert "<h2>Features that moved</h2>" in page and "<h2></h2>" not in page
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
        "compared with": "1,234 customers as of 2025-12-31, the day of the training; errors with those of the customers of 2025-10-02, from "
        "whose revenue the version had not learnt",
        "purchases used": "of the last 639 days, then and now alike, so that both can be compared",
        "what no check sees": "It is blind.",
    }
    some = replace(MONITORED, customers=1100, all_customers=1300)
    assert monitoring_words.facts(some, {})["compared"].startswith(
        "1,100 of the 1,300 customers as of 2026-01-01: those with an order in the last 639 days, as many as the baseline covers"
    )
    every = replace(MONITORED, customers=1300, all_customers=1300)
    assert monitoring_words.facts(every, {})["compared"] == "all 1,300 customers as of 2026-01-01"
    assert monitoring_words.facts(MONITORED, {})["what no check sees"].startswith(
        "what customers will bring from now on"
    )


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


def came(bias=0.8, gini=0.79, **changed):
    """2,000 were expected of 300 customers for each 2,500 that came in, or as told."""
    figures = pd.DataFrame(
        {"value": [bias, gini], "low": [bias - 0.1, gini - 0.1], "high": [bias + 0.1, gini + 0.1]},
        ["bias", "normalized_gini"],
    )
    measured = pd.DataFrame({"value": [1.1, 0.81]}, ["bias", "normalized_gini"])
    usual = {"level": "alert", "ranking": "stable", "off": "alert", "room": 0.0, "limit": 0.15, "is_new": True}
    return Held(dt.date(2025, 9, 10), 90, 300, True, 2500 * bias, 2500.0, figures, measured, **usual | changed)


IN_EUR = replace(MONITORED, money=reports.Money("EUR"))


@pytest.mark.parametrize(
    "held, sentences",
    [
        (
            came(),
            [
                "The ranking holds: Gini 0.79 (0.69 to 0.89), it was 0.81 when the version was measured.",
                "The level does not hold: 2,000 EUR of net revenue was predicted and 2,500 EUR came in. Predicted was 80 % of what came in (70 % to "
                "90 %); when the version was measured it was 110 %. That is 27 % less, outside the limit of 15 %, more than chance explains.",
                "The scores that were used, for 300 customers as of 2025-09-10 and the 90 days until 2025-12-09.",
            ],
        ),
        (
            came(bias=1.0, gini=0.6, ranking="warn", level="stable", off="stable"),
            [
                "The ranking does not hold: Gini 0.60 (0.50 to 0.70), it was 0.81 when the version was measured.",
                "The level holds: 2,500 EUR of net revenue was predicted and 2,500 EUR came in. Predicted was 100 % of what came in (90 % to "
                "110 %); when the version was measured it was 110 %. That is 9.1 % less, within the limit of 15 %, where this check begins to warn.",
                "The scores that were used, for 300 customers as of 2025-09-10 and the 90 days until 2025-12-09.",
            ],
        ),
    ],
)
def test_the_page_says_in_words_and_money_whether_ranking_and_level_held(held, sentences):
    assert monitoring_words.held(held, IN_EUR) == sentences


def test_a_level_that_the_season_or_chance_may_have_moved_is_no_alarm_and_the_sentence_says_why():
    sentence = monitoring_words.held(came(level="stable", room=0.65, limit=0.65), IN_EUR)[1]
    assert sentence.startswith("The level is off, by no more than the season alone may move it: ")
    assert sentence.endswith(" within the limit of 65 %, as far as the season alone may move a total.")
    sentence = monitoring_words.held(came(level="stable", off="stable"), IN_EUR)[1]
    assert sentence.startswith("The level holds: ")
    assert sentence.endswith(" That is 27 % less, outside the limit of 15 %, and chance alone may explain it.")


def test_a_horizon_on_which_the_version_was_measured_is_called_so_and_none_is_called_unknown():
    assert monitoring_words.held(came(is_new=False), MONITORED)[-1].startswith(
        "This is the horizon on which the version was measured"
    )
    assert monitoring_words.held(None, MONITORED)[0].startswith("Not known yet: ")


WEEKS = pd.DataFrame({"begin": [dt.date(2025, 6, 1) + dt.timedelta(days=7 * number) for number in range(20)]}).assign(
    orders=12.0,
    revenue=300.0,
    new_customers=2.0,
    orders_last_year=10.0,
    revenue_last_year=400.0,
    new_customers_last_year=float("nan"),
)


def test_the_newest_weeks_stand_beside_the_same_weeks_of_last_year():
    assert monitoring_words.business(WEEKS, reports.Money("EUR")) == [
        {
            "weeks": "last 4 weeks",
            "orders": ("48", "+20 %, a year before 40"),
            "revenue": ("1,200 EUR", "-25 %, a year before 1,600 EUR"),
            "new_customers": ("8", ""),
        },
        {
            "weeks": "last 13 weeks",
            "orders": ("156", "+20 %, a year before 130"),
            "revenue": ("3,900 EUR", "-25 %, a year before 5,200 EUR"),
            "new_customers": ("26", ""),
        },
    ]
    assert monitoring_words.business(pd.DataFrame(), reports.Money()) == []


COLUMNS = pd.DataFrame(
    {
        "feature": ["revenue_30d", "recency_days", "tenure_days", "predicted_clv"],
        "status": ["alert", "stable", "moves by itself", "warn"],
        "reason": ["It went up.", "No change.", "By itself.", "Up."],
    }
)
EARLIER = pd.DataFrame(
    [
        {
            "run_id": "a" * 32,
            "as_of": "2025-11-01",
            "version": "3",
            "verdict": "alarm",
            "reason": "It moved far.",
            "alarm": "keep by Ann Lee",
        },
        {
            "run_id": "b" * 32,
            "as_of": "2025-10-01",
            "version": "2",
            "verdict": "stable",
            "reason": "Nothing.",
            "alarm": "",
        },
    ]
)


def test_the_page_has_the_business_every_column_in_words_earlier_looks_and_links_to_the_files():
    around = reports.Around(
        remark="It looks like a data fault.",
        held=came(),
        weeks=WEEKS,
        data=("0 rows were rejected.",),
        columns=COLUMNS,
        earlier=EARLIER,
        files={"every column": "feature_drift_report_1.csv"},
    )
    page = reports.monitoring_page(IN_EUR, findings(), "CLOSE", around)
    assert "New customers, week by week" in page and 'class="whole"' not in page
    assert page.count("<svg") == 3 and 'aria-label="Net revenue (EUR) a week: ' in page
    assert "It looks like a data fault." in page and "The ranking holds" in page and "0 rows were rejected." in page
    assert "1 of 2 features that are judged moved. 1 more (tenure_days) move by themselves" in page
    assert "value of orders in the last 30 days<br><code>revenue_30d</code>" in page and "It went up." in page
    assert (
        "keep by Ann Lee" in page
        and "<code>aaaaaaaa</code>" in page
        and "It moved far." in page
        and "Nothing.<" not in page
    )
    assert '<a href="feature_drift_report_1.csv">feature_drift_report_1.csv</a>: every column' in page


def test_the_first_look_has_no_earlier_one_and_without_the_server_nobody_knows():
    assert "This is the first look at this model." in reports.monitoring_page(MONITORED, findings(), "CLOSE")
    unknown = reports.monitoring_page(MONITORED, findings(), "CLOSE", reports.Around(earlier=None))
    assert "They could not be asked for: the tracking server does not answer." in unknown


def test_two_figures_of_one_name_say_what_differs():
    errors = {"total_ratio": {"current": 0.68}, "mae": {"current": 5.0}}
    by_check = {"Prediction drift": Finding("stable", "", {"errors": errors})}
    words = monitoring_words.which_number(by_check, reports.Around(held=came(), columns=COLUMNS))
    assert words["predicted over actual"].startswith(
        "0.80 above, and as bias in Performance over time: of all revenue. 0.68 in Prediction drift"
    )
    assert set(words) == {"predicted over actual", "how many features moved", "mean error per customer (MAE)"}
    assert monitoring_words.which_number({}, reports.Around()) == {}


def test_the_picture_of_scores_is_a_line_over_the_days_before_its_band():
    days = replace(DAYS, bands={"bias": {"value": 1.0, "low": 0.9, "high": 1.1}})
    page = reports.monitoring_page(MONITORED, findings(performance_over_time=(days,)), "CLOSE")
    assert (
        "the check is calm" in page
        and "when it was measured" in page
        and "scores that were used" in page
        and ">1.10<" in page
    )
