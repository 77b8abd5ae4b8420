import pandas as pd
import pytest
from helpers import day, history

from clv import windows
from clv.errors import InputError


def test_training_labels_end_before_the_evaluation_cutoff_and_evaluation_labels_at_the_as_of_date():
    plan = windows.plan(day("1997-01-01"), day("1998-07-01"), windows.Rule(90, 30, 3, 90))
    assert plan.evaluation == day("1998-04-02")
    assert plan.training == (day("1997-11-03"), day("1997-12-03"), day("1998-01-02"))
    assert plan.shortest_history_days == 306


def test_there_are_only_as_many_training_cutoffs_as_have_the_least_history():
    plan = windows.plan(day("2011-01-01"), day("2011-12-01"), windows.Rule(90, 30, 12, 120))
    assert plan.training == (day("2011-05-05"), day("2011-06-04"))  # 334 days = 2 * 90 + 154; 154 - 30 >= 120


def test_a_history_shorter_than_two_horizons_measures_but_trains_on_no_labels():
    plan = windows.plan(day("2011-01-01"), day("2011-07-20"), windows.Rule(90, 30, 12, 90))
    assert plan.training == () and plan.evaluation == day("2011-04-21") and plan.shortest_history_days == 110


def test_too_little_history_names_the_days_there_are_those_needed_and_a_horizon_that_fits():
    with pytest.raises(InputError) as error:
        windows.plan(day("2011-01-01"), day("2011-06-20"), windows.Rule(90, 30, 12, 90))
    assert str(error.value) == (
        "[HISTORY_TOO_SHORT] The history has 170 days before 2011-06-20, and 180 are needed: a horizon of 90 days to measure on and 90 days "
        "before it; twice the horizon to learn corrections from -- fix: window.horizon_days=80 would fit"
    )
    windows.plan(day("2011-01-01"), day("2011-06-20"), windows.Rule(80, 30, 12, 90))


def test_the_as_of_date_is_the_day_after_the_last_order_unless_it_is_given():
    assert windows.scoring_day(day("2011-01-01"), day("2011-05-31"), None) == day("2011-06-01")
    assert windows.scoring_day(day("2011-01-01"), day("2011-05-31"), "2011-03-01") == day("2011-03-01")
    with pytest.raises(InputError, match="on or before the first order date 2011-01-01; there is nothing to score"):
        windows.scoring_day(day("2011-01-01"), day("2011-05-31"), "2011-01-01")


def test_the_label_is_net_revenue_from_the_cutoff_to_before_the_horizons_end():
    purchases = history(
        ("ann", "2011-05-31", 1.0),
        ("ann", "2011-06-01", 10.0),
        ("ann", "2011-06-10", -4.0),
        ("bob", "2011-06-30", 7.0),
        ("bob", "2011-07-01", 100.0),
    )
    plan = windows.actual_clv(pd.Series(["bob", "ann", "eve"]), purchases, day("2011-06-01"), horizon_days=30)
    assert plan.tolist() == [7.0, 6.0, 0.0]


def test_orders_that_are_dated_by_month_are_known_by_their_day():
    monthly = [("ann", f"2011-{month:02d}-01", 5.0) for month in range(1, 9)]
    assert windows.day_of_month(history(*monthly)) == 1
    assert windows.day_of_month(history(*monthly, ("ann", "2011-03-07", 5.0), ("ann", "2011-03-09", 5.0))) is None
    assert windows.day_of_month(history(*monthly[:3])) is None  # three days tell nothing


def test_the_day_on_which_enough_customers_had_ordered_is_the_day_after_the_order_of_the_last_of_them():
    rows = history(("ann", "2011-01-05", 5.0), ("bob", "2011-01-02", 5.0), ("bob", "2011-03-01", 5.0))
    assert [windows.day_of_customers(rows, count) for count in (1, 2, 3)] == [
        day("2011-01-03"),
        day("2011-01-06"),
        None,
    ]


def test_a_discounted_label_counts_each_purchase_by_its_day():
    purchases = history(("ann", "2011-06-01", 100.0), ("ann", "2012-05-31", 100.0), ("bob", "2011-06-01", 50.0))
    worth = windows.labels(purchases, day("2011-06-01"), 366, 0.1)
    assert worth["ann"] == pytest.approx(100 + 100 / 1.1) and worth["bob"] == 50.0
    assert windows.mean_discount(90, 0.0) == 1.0


def test_what_customers_ordered_in_a_stretch_counts_days_with_an_order_and_money_before_refunds():
    purchases = history(
        ("ann", "2025-03-01", 10.0),
        ("ann", "2025-03-30", 20.0),
        ("ann", "2025-03-31", 99.0),  # the stretch is over
        ("ann", "2025-02-28", 99.0),  # and had not begun
        ("bob", "2025-03-05", 30.0),
        ("bob", "2025-03-06", -30.0),
        ("cat", "2025-03-07", -5.0),
        ("eve", "2025-03-07", 5.0),
    )
    table = windows.ordered(pd.Series(["dan", "cat", "bob", "ann"]), purchases, day("2025-03-01"), 30)
    assert table.to_dict("list") == {"orders": [0.0, 0.0, 1.0, 2.0], "revenue": [0.0, 0.0, 30.0, 30.0]}
