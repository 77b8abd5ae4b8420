"""What an alarm looks like: a sentence for each kind, from what the checks found."""

from dataclasses import replace

import pandas as pd
import pytest
from monitor.seen import evidence

from clv.monitor import Finding
from clv.monitor.diagnosis import diagnosis

UNKNOWN = (
    "The season is not known until 2026-03-01: there are 300 days of orders before 2025-12-26, and a year is needed."
)
AGEING = (
    "Expected ageing: 0.0% of the customers came in the last 90 days, and a steady business of 400 days would have 22%."
)
MOVED = {"Feature drift": Finding("warn", "It moved.")}
COLUMN = {"feature": "revenue_90d", "status": "stable", "frozen_q_value": float("nan"), "missing_share_change": 0.0}


def recent(**changes):
    calm = {"status": "stable", "change": 0.0, "z": 0.0, "room": 0.0}
    figures = {
        name: calm | {"change": changes[name], "status": "alert"} if name in changes else calm
        for name in ("orders", "value")
    }
    return {"Recent orders": Finding("alert" if changes else "stable", "", figures)}


@pytest.mark.parametrize(
    "findings, seen, sentence",
    [
        (MOVED | recent(value=99.0), {}, "It looks like a data fault: an order is worth 100 times what it was; is the revenue in another"),
        (MOVED | recent(orders=-0.9), {}, "It looks like a data fault: the same customers place 10% of the orders that they did;"),
        (MOVED | recent(), {"gone": "12 customers are left of 4,000."}, "It looks like a data fault: 12 customers are left of 4,000."),
        (MOVED | recent(orders=-0.3), {}, "It looks like a change of the business: the same customers order less often (-30%) than the model"),
        (MOVED | recent(value=0.3), {"season": UNKNOWN}, "It looks like a change of the business: the same customers spend more an order (+30%)"),
        (MOVED | recent(), {"season": UNKNOWN}, f"It may be the season. {UNKNOWN} Train a version from then on; it will know."),
        (recent() | {"Prediction drift": Finding("alert", "Off.")}, {}, "It looks like a change of the business: predictions are off"),
        (MOVED | recent(), {"ageing": AGEING}, AGEING),
        (MOVED | recent(), {}, "It looks like other customers than before, not like another behaviour"),
    ],
)  # fmt: skip
def test_an_alarm_says_which_of_fault_change_season_and_ageing_it_looks_like(findings, seen, sentence):
    columns = pd.DataFrame([COLUMN])
    assert diagnosis(findings, replace(evidence(**seen), columns=columns)).startswith(sentence)


@pytest.mark.parametrize(
    "column",
    [{"status": "alert", "frozen_q_value": 1e-9}, {"missing_share_change": 0.4}],
    ids=["frozen", "missing"],
)
def test_a_column_with_one_value_or_none_is_a_data_fault(column):
    seen = replace(evidence(), columns=pd.DataFrame([COLUMN | column]))
    assert diagnosis(MOVED | recent(), seen).startswith(
        "It looks like a data fault: value of orders in the last 90 days (revenue_90d) has one value, or none,"
    )


def test_a_column_in_which_one_value_was_usual_before_is_no_fault():
    seen = replace(evidence(), columns=pd.DataFrame([COLUMN | {"status": "alert", "frozen_q_value": 1.0}]))
    assert "data fault" not in diagnosis(MOVED | recent(), seen)


def test_customers_who_have_no_gaps_yet_are_no_fault():
    seen = replace(
        evidence(), columns=pd.DataFrame([COLUMN | {"feature": "gap_std_days", "missing_share_change": 0.4}])
    )
    assert "data fault" not in diagnosis(MOVED | recent(), seen)
