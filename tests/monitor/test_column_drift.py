"""A column drifts when its change is beyond chance and large enough to matter."""

import numpy as np
import pytest
from monitor.drifted import CHANCE, ORDER, SPARSE, SPEND, compare, days, first, status
from scipy import stats

from clv.monitor import distributions


@pytest.mark.parametrize(
    "factor, expected", [(1, "stable"), (1.05, "stable"), (1.18, "warn"), (1.4, "alert"), (0.7, "alert")]
)
def test_a_column_is_stable_warns_or_alerts_by_the_size_of_its_change(factor, expected):
    assert status(SPEND, SPEND * factor) == expected


@pytest.mark.parametrize(
    "before, now, expected",
    [
        (days((31, 600), (30, 400)), days((31, 300), (30, 700)), "stable"),  # a day, whatever the distance
        (days((31, 600), (30, 400)), days((30, 1000)), "stable"),
        (days((31, 600), (28, 400)), days((28, 1000)), "alert"),  # three days, a tenth
        (days((300, 1000)), days((312, 1000)), "stable"),  # 4 %
        (days((300, 1000)), days((330, 1000)), "alert"),
        (days((0, 1000)), days((1, 1000)), "stable"),
        (days((0, 1000)), days((2, 1000)), "alert"),
        ({"orders": [2] * 1000}, {"orders": [2] * 850 + [3] * 150}, "alert"),  # not days: one order more is half more
        ({"orders": [50, 51] * 500}, {"orders": [51, 52] * 500}, "stable"),
        ({"spend": [1e-6] * 500 + [40.0] * 500}, {"spend": [1e-9] * 500 + [40.0] * 500}, "stable"),  # both are nothing
    ],
)
def test_a_change_of_a_day_or_of_five_percent_does_not_matter_whatever_the_distance(before, now, expected):
    assert compare(before, now)["status"].item() == expected


def test_a_large_change_that_may_be_chance_is_stable():
    row = compare({"spend": SPEND[:120]}, {"spend": SPEND[:120] * 1.25}).loc["spend"]
    assert row["ks_statistic"] > 0.05 and row["q_value"] > 0.01 and row["status"] == "stable"


def test_a_column_with_limits_of_its_own_is_judged_by_them():
    wide = {"spend": distributions.Thresholds(0.2, 0.3, 0.2, 0.3)}
    narrow = {"spend": distributions.Thresholds(0.01, 0.05, 0.01, 0.05)}
    now = SPEND * 1.18
    assert [status(SPEND, now, overrides=limits) for limits in ({}, wide, narrow)] == ["warn", "stable", "alert"]


def test_a_column_that_moves_by_itself_is_reported_and_not_judged():
    row = compare({"tenure": SPEND}, {"tenure": SPEND * 9}, moving=["tenure"]).loc["tenure"]
    assert row["status"] == "moves by itself" and row["ks_statistic"] > 0.5 and np.isnan(row["q_value"])


@pytest.mark.parametrize("value", [np.nan, 0.0])
@pytest.mark.parametrize("share, expected", [(0.02, "stable"), (0.06, "warn"), (0.15, "alert")])
def test_a_share_of_missing_values_or_of_zeros_that_grows_counts_by_its_size(value, share, expected):
    now = np.where(CHANCE.permutation(first(share)), value, SPEND)
    row = compare({"spend": SPEND}, {"spend": now}).loc["spend"]
    assert row["status"] == expected
    what = "missing" if np.isnan(value) else "zero"
    assert row[f"{what}_share_change"] == pytest.approx(share)
    if expected != "stable":
        assert row["reason"].startswith(f"{share:.0%} of customers ") and row["reason"].endswith(" it was 0%.")


def test_positives_that_grow_fivefold_among_many_zeros_are_an_alert_although_the_whole_hardly_moves():
    row = compare({"spend": SPARSE}, {"spend": SPARSE * 5}).loc["spend"]
    assert row["ks_statistic"] < 0.08 and row["positives_ks_statistic"] > 0.25 and row["status"] == "alert"
    assert row["zero_share_change"] == 0 and row["reason"].startswith("Among customers above zero")
    assert status(SPARSE, SPARSE * 5, positives_apart=0.9) == "warn"


def test_positives_are_not_taken_apart_where_zeros_are_few():
    assert np.isnan(compare({"spend": SPEND}, {"spend": SPEND}).loc["spend", "positives_ks_statistic"])


@pytest.mark.parametrize(
    "now, reason", [(np.full(5000, 12.0), "Every customer has the value 12."), (np.full(5000, np.nan), "Nobody has")]
)
def test_a_column_that_becomes_constant_or_empty_is_an_alert(now, reason):
    row = compare({"spend": SPEND}, {"spend": now}).loc["spend"]
    assert row["status"] == "alert" and row["reason"].startswith(reason)


def test_a_column_that_always_was_constant_is_stable():
    assert status(np.full(5000, 7.0), np.full(5000, 7.0)) == "stable"


def test_a_column_that_is_gone_is_an_alert_and_a_new_one_cannot_be_judged():
    table = compare({"spend": SPEND, "gone": SPEND}, {"spend": SPEND, "new": SPEND})
    assert table["status"].to_dict() == {"spend": "stable", "gone": "alert", "new": "insufficient"}


@pytest.mark.parametrize("before, now", [(99, 5000), (5000, 99), (99, 99)])
def test_too_few_customers_on_either_side_give_no_verdict(before, now):
    assert status(SPEND[:before], SPEND[:now] * 9) == "insufficient"
    assert status(SPEND[:before], SPEND[:now] * 9, min_customers=99) == "alert"


def test_all_p_values_of_all_judged_columns_are_corrected_together():
    before = {"a": SPEND[:900], "b": SPARSE[:900], "moving": SPEND[:900], "c": np.where(first(0.04), np.nan, SPEND)}
    now = {"a": SPEND[900:1800] * 1.1, "b": SPARSE[900:1800], "moving": SPEND[:900], "c": SPEND[1800:2700]}
    table = compare(before, now, moving=["moving"])
    judged = table.drop(index="moving")
    p_values, q_values = (judged[[f"{test}{which}_value" for test in distributions.TESTS]].to_numpy() for which in "pq")
    there = ~np.isnan(p_values)
    assert there.sum() == 10  # three distances, sketch among positives, three missing shares, three zero shares
    assert q_values[there] == pytest.approx(stats.false_discovery_control(p_values[there]), rel=1e-12)
    assert np.isnan(q_values[~there]).all() and np.isnan(table.loc["moving", "q_value"])


@pytest.mark.parametrize("zeros, apart", [(1000, False), (1001, True)])
def test_positives_are_taken_apart_where_more_than_the_share_are_zeros(zeros, apart):
    values = np.where(first(zeros / len(ORDER)), 0.0, SPEND)
    distance = compare({"spend": values}, {"spend": values}).loc["spend", "positives_ks_statistic"]
    assert np.isfinite(distance) == apart


@pytest.mark.parametrize(
    "customers, reason", [(150, "No change that matters."), (500, "Every customer has the value 7.")]
)
def test_customers_who_all_have_one_value_count_where_chance_alone_would_hardly_do_that(customers, reason):
    nearly = np.where(ORDER % 50 == 0, SPEND, 7.0)
    row = compare({"spend": nearly}, {"spend": np.full(customers, 7.0)}, min_customers=50).loc["spend"]
    assert row["reason"] == reason
