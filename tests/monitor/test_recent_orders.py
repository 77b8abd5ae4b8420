"""The newest orders beside what the model expects of the same customers: what is an alarm, what is noise, and what each says."""

import datetime as dt
import math
from dataclasses import asdict

import numpy as np
import pandas as pd
import pytest
from helpers import composed

from clv.monitor import Finding, recent_orders
from clv.monitor.evidence import Evidence, Matured, Measured, Recent

LIMITS = recent_orders.Limits(days=30, windows=3, min_z=3.2, warn=0.15, alert=0.30, min_customers=100)
BEGIN = dt.date(2025, 6, 1)
CALM = "Orders and their value in the 30 days before 2025-07-01 are as the model expects of the same customers in this season."


def stretch(customers, *, orders=1.0, value=1.0, seed=1):
    """What customers ordered in 30 days who were expected to order .5 times for 20.   orders, value: times what is expected."""
    chance = np.random.default_rng(seed)
    number = chance.poisson(0.5 * orders, customers).astype("float64")
    paid = 20 * value * number * chance.lognormal(-0.02, 0.2, customers)
    return pd.DataFrame({"orders": number, "revenue": paid, "expected_orders": 0.5, "expected_value": 20.0})


def part(table):
    nothing = pd.DataFrame()
    return recent_orders.RecentOrders().describe(Measured(nothing, np.empty(0), nothing, nothing, nothing, table))


def finding(before, now, room=0.0, limits=LIMITS, **evidenced):
    nothing = pd.DataFrame()
    evidence = Evidence(
        version="3",
        sketches={},
        columns=nothing,
        scored=nothing,
        contributions=nothing,
        recent=Recent(BEGIN, 30, now, room, nothing),
        matured=Matured(BEGIN),
        vintages=[],
        **evidenced,
    )
    return recent_orders.RecentOrders().compare(part(before), evidence, limits)


def test_the_ratios_are_of_sums_and_the_value_is_of_those_who_ordered():
    table = pd.DataFrame(
        {
            "orders": [2.0, 0.0, 1.0],
            "revenue": [60.0, 0.0, 10.0],
            "expected_orders": [1.0, 1.0, 2.0],
            "expected_value": [20.0, 99.0, 20.0],
        }
    )
    ratios = recent_orders.ratios(table, cap=1000.0)
    assert (ratios["customers"], ratios["cap"]) == (3, 1000.0)
    assert ratios["orders"]["value"] == pytest.approx(3 / 4) and ratios["value"]["value"] == pytest.approx(70 / 60)
    apart = np.array([2 - 0.75, -0.75, 1 - 1.5])
    assert ratios["orders"]["log_error"] == pytest.approx(math.sqrt((apart**2).sum()) / 3)


def test_the_revenue_of_one_customer_is_cut_off_on_both_sides_of_the_ratio():
    table = stretch(1000)
    table.loc[0, ["orders", "revenue"]] = (1.0, 1e6)
    assert recent_orders.ratios(table)["value"]["value"] == pytest.approx(1, abs=0.05)
    assert recent_orders.ratios(table, cap=1e9)["value"]["value"] > 50


def test_no_orders_have_no_ratio():
    ratios = recent_orders.ratios(stretch(10, orders=0.0))
    assert math.isnan(ratios["orders"]["value"]) and math.isnan(ratios["value"]["value"]) and ratios["cap"] == 0


def test_customers_who_order_as_expected_are_calm():
    calm = finding(stretch(3000), stretch(3000, seed=2))
    assert (calm.status, calm.reason) == ("stable", CALM)
    assert set(calm.metrics) == {"recent/orders", "recent/value"}
    assert calm.metrics["recent/orders"] == pytest.approx(1, abs=0.1)


@pytest.mark.parametrize(
    "more, status, reason",
    [
        (
            {"value": 1.35},
            "alert",
            "The value of an order in the 30 days before 2025-07-01 came to {value:.2f} times what the model expects of the same "
            "customers in this season; at the training it was {value_before:.2f}.",
        ),
        (
            {"value": 1.2},
            "warn",
            "The value of an order in the 30 days before 2025-07-01 came to {value:.2f} times what the model expects of the same "
            "customers in this season; at the training it was {value_before:.2f}.",
        ),
        (
            {"orders": 0.7},
            "alert",
            "Orders in the 30 days before 2025-07-01 came to {orders:.2f} times what the model expects of the same customers in "
            "this season; at the training it was {orders_before:.2f}.",
        ),
    ],
)
def test_spend_that_grows_and_customers_who_leave_are_told_apart_in_words(more, status, reason):
    before, now = stretch(3000), stretch(3000, seed=2, **more)
    moved, sides = finding(before, now), (part(before), recent_orders.ratios(now, part(before)["cap"]))
    figures = {name: sides[1][name]["value"] for name in ("orders", "value")}
    figures |= {f"{name}_before": sides[0][name]["value"] for name in ("orders", "value")}
    assert (moved.status, moved.reason) == (status, reason.format(**figures))
    assert set(moved.figures) == {"orders", "value", "cannot_see"}


def test_both_changes_are_named_where_both_are_as_grave():
    moved = finding(stretch(3000), stretch(3000, orders=0.6, value=1.5, seed=2))
    assert (
        moved.status == "alert" and moved.reason.startswith("Orders in") and " The value of an order in" in moved.reason
    )


def test_what_the_model_was_off_by_at_the_training_is_no_change():
    off = {"orders": 1.4, "value": 0.7}
    assert finding(stretch(3000, **off), stretch(3000, seed=2, **off)).status == "stable"


def test_the_same_change_of_few_customers_is_noise():
    few, many = (finding(stretch(3000), stretch(number, orders=0.8, seed=3)) for number in (150, 3000))
    assert (few.status, many.status) == ("stable", "warn")


@pytest.mark.parametrize("room, expected", [(0.0, "alert"), (0.29, "alert"), (0.8, "stable")])
def test_a_change_within_the_room_of_the_season_is_none(room, expected):
    assert finding(stretch(3000), stretch(3000, orders=0.65, seed=2), room).status == expected


def test_a_change_counts_by_the_same_size_up_and_down():
    before = stretch(3000)
    up, down = (
        finding(before, before.assign(orders=before["orders"] * times, revenue=before["revenue"] * times))
        for times in (1.16, 1 / 1.16)
    )
    assert up.status == down.status == "warn"


def test_a_business_in_which_nobody_ordered_asks_whether_the_history_is_complete():
    assert finding(stretch(3000), stretch(3000, orders=0.0)) == Finding(
        "alert", "None of the 3000 customers has ordered since 2025-06-01; is the history complete?"
    )


@pytest.mark.parametrize(
    "before, now",
    [
        (stretch(99), stretch(3000)),
        (stretch(3000), stretch(99)),
        (stretch(3000), stretch(150, orders=0.0)),  # 75 orders are expected: none of them is no proof
        (stretch(99), stretch(3000, orders=0.0)),
    ],
    ids=["few then", "few now", "few expected", "few then and none now"],
)
def test_too_few_customers_cannot_be_judged(before, now):
    assert finding(before, now) == Finding(
        "insufficient", "Too few customers had ordered before 2025-06-01, or none of them has since then."
    )


def test_a_history_that_was_cut_is_not_judged_since_customers_seem_younger_than_they_are():
    cut = "The history has 365 days, and the baseline has 730."
    assert finding(stretch(3000), stretch(3000), too_short=cut) == Finding("insufficient", cut)


def test_a_baseline_in_whose_weeks_nobody_ordered_cannot_judge_the_orders_that_come():
    found = finding(stretch(3000, orders=0.0), stretch(3000))
    assert found.status == "insufficient"
    assert found.reason == (
        "Nobody had ordered in the weeks before the training, so the newest orders have nothing to be compared with. The orders in the weeks "
        "before the training had brought no revenue, so their value has nothing to be compared with."
    )


def test_a_baseline_whose_orders_brought_nothing_judges_the_orders_alone():
    before = stretch(3000, value=0.0)
    assert finding(before, stretch(3000, seed=2)).status == "stable"
    assert finding(before, stretch(3000, orders=0.6, seed=2)).reason.startswith(
        "Orders in the 30 days before 2025-07-01 came to"
    )


def test_orders_that_bring_nothing_any_more_ask_whether_the_revenue_is_complete():
    found = finding(stretch(3000), stretch(3000, value=0.0, seed=2))
    assert found.status == "alert"
    assert (
        found.reason
        == "The orders in the 30 days before 2025-07-01 brought no revenue at all; is the revenue complete?"
    )


def test_the_limits_are_those_of_conf_monitor():
    settings = asdict(composed().monitor)["recent_orders"] | {"min_customers": 100}
    assert recent_orders.RecentOrders().limits(settings) == LIMITS
