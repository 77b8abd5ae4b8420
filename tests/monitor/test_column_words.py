"""What is said of each column, and what explains a change: the season, ageing, the calendar."""

import numpy as np
import pandas as pd
import pytest
from monitor.drifted import LIMITS, ORDER, SPARSE, SPEND, compare, days, first, status

from clv.monitor import checks, distributions, feature_drift, sketches


def test_a_change_that_does_not_matter_says_so():
    row = compare(days((31, 600), (30, 400)), days((31, 300), (30, 700))).iloc[0]
    assert row["ks_statistic"] == pytest.approx(0.3) and row["moved_share"] == 0
    assert row["reason"] == "No change that matters: hardly anybody's value moved by more than is the same to a person."


def test_the_finding_names_the_worst_column_and_counts_the_others():
    table = compare(dict.fromkeys("abc", SPEND), {"a": SPEND, "b": SPEND * 1.18, "c": SPEND * 1.4}).reset_index()
    status, reason, figures = feature_drift.judge_all(table)
    assert status == "alert" and reason.startswith("c: ") and reason.endswith("(2 of 3 features moved.)")
    assert figures == {"judged": 3, "warn": 1, "alert": 1}
    assert feature_drift.judge_all(table[:1])[:2] == ("stable", "None of 1 features moved by more than its threshold.")
    assert feature_drift.judge_all(table.assign(status="insufficient")) == (
        "insufficient",
        "No feature has enough customers on both sides to be judged.",
        {},
    )


@pytest.mark.parametrize(
    "before, now, reason",
    [
        (SPEND, SPEND, "No change that matters."),
        (SPEND[:120], SPEND[:120] * 1.25, "No change that matters; the difference may be chance."),
        (None, SPEND, "The baseline does not have this column; a version trained now has it."),
        (SPEND, None, "The column is gone: the feature table no longer has it."),
        (SPEND[:99], SPEND, "There are too few customers on one of the sides."),
        (SPEND, np.full(5000, np.nan), "Nobody has a value."),
        (SPEND, np.full(5000, 12.0), "Every customer has the value 12."),
        (SPEND, np.where(first(0.15), np.nan, SPEND), "15% of customers have no value, it was 0%."),
        (SPEND, np.where(first(0.15), 0.0, SPEND), "15% of customers are at zero, it was 0%."),
    ],
)
def test_each_column_says_in_a_sentence_what_happened_to_it(before, now, reason):
    sides = [{} if values is None else {"spend": values} for values in (before, now)]
    assert compare(*sides, moving=["tenure"]).loc["spend", "reason"] == reason


def test_a_column_that_moves_by_itself_says_why_it_is_not_judged():
    assert compare({"tenure": SPEND}, {"tenure": SPEND * 9}, moving=["tenure"]).loc["tenure", "reason"] == (
        "It moves with the calendar or the length of the history, so it is reported and not judged."
    )


def test_a_shift_names_the_quantile_that_changed_by_the_largest_ratio():
    values = np.arange(1.0, 1001.0)
    shifted = np.where(values > 900, values * 3, values + 40)  # the 95th percentile trebles
    assert compare({"spend": values}, {"spend": shifted}).loc["spend", "reason"] == (
        "the 95th percentile went from 949 to 2850 (distance 0.09)."
    )
    zeros = np.zeros(1000)
    row = compare({"spend": np.concatenate([zeros, values])}, {"spend": np.concatenate([zeros, values * 10])}).loc[
        "spend"
    ]
    assert row["reason"] == "the 95th percentile went from 896 to 9000 (distance 0.45)."


def test_the_worst_column_is_the_most_severe_and_among_those_the_one_that_moved_most_beside_its_threshold():
    patient = {"patient": distributions.Thresholds(0.14, 0.15, 0.5, 0.5)}
    before = dict.fromkeys(("warned", "patient", "alerted"), SPEND)
    moved = {"warned": SPEND * 1.25, "patient": SPEND * 1.6}
    table = compare(before, moved | {"alerted": SPEND}, overrides=patient).reset_index()
    assert table["status"].tolist() == ["warn", "alert", "stable"]
    assert feature_drift.judge_all(table)[1].startswith("patient: ")
    table = compare(before, moved | {"alerted": SPEND * 1.8}, overrides=patient).reset_index()
    assert feature_drift.judge_all(table)[1].startswith("alerted: ")


OLDER = "Expected ageing: hardly anybody new comes."


@pytest.mark.parametrize(
    "before, now, expected",
    [
        (SPEND, SPEND * 1.4, ("stable", "It moves as the customers grow older.")),
        (SPARSE, np.where(ORDER % 50 < 30, 0.0, 20.0), ("stable", None)),  # fewer are at zero
        (SPEND, np.where(first(0.2), np.nan, SPEND), ("alert", "20% of customers have no value, it was 0%.")),
        (SPEND, SPEND * 0 + 7, ("alert", "Every customer has the value 7.")),
        (SPEND, SPEND * np.nan, ("alert", "Nobody has a value.")),
    ],
    ids=["moved", "fewer zeros", "missing", "frozen", "empty"],
)
def test_where_the_customers_grow_older_only_missing_and_frozen_values_count(before, now, expected):
    assert status(before, now) == "alert"  # without a reason to move
    sketched = {"spend": sketches.sketch(before)}
    row = distributions.compare(sketched, pd.DataFrame({"spend": now}), [], LIMITS, OLDER).iloc[0]
    assert row["status"] == expected[0] and row["reason"] == (expected[1] or row["reason"])


def test_where_the_customers_grow_older_more_of_them_have_gaps():
    sketched = {name: sketches.sketch(SPEND) for name in ("gap_median_days", "recency_days")}
    now = pd.DataFrame(dict.fromkeys(sketched, np.where(first(0.2), np.nan, SPEND)))
    assert list(distributions.compare(sketched, now, [], LIMITS, OLDER)["status"]) == ["stable", "alert"]
    assert list(distributions.compare(sketched, now, [], LIMITS)["status"]) == ["alert", "alert"]


def beside_last_year(now, last_year, **more):
    """The status of spend and of days, as checks.columns() says."""
    limits = {"feature_drift": LIMITS}
    sketched = {name: sketches.sketch(SPEND) for name in now}
    table = checks.columns(sketched, pd.DataFrame(now), last_year, [], "", limits)
    return table.set_index("feature")["status"].to_dict()


def test_a_column_that_is_as_it_was_in_the_same_season_of_last_year_has_not_drifted():
    now = {"spend": SPEND * 1.4, "days": SPEND * 1.4, "calm": SPEND}
    assert beside_last_year(now, None) == {"spend": "alert", "days": "alert", "calm": "stable"}
    then = pd.DataFrame({"spend": SPEND * 1.4, "days": SPEND, "calm": SPEND * 1.4})
    assert beside_last_year(now, then) == {"spend": "stable", "days": "alert", "calm": "stable"}  # either side explains


def test_the_milder_row_is_taken_whole_and_only_where_something_drifted():
    before, now = {"spend": SPEND}, {"spend": SPEND * 1.4}
    drifted, warned, calm = (compare({"spend": SPEND * factor}, now).reset_index() for factor in (1.0, 1.4 / 1.18, 1.4))
    assert [table["status"].item() for table in (drifted, warned, calm)] == ["alert", "warn", "stable"]
    pd.testing.assert_frame_equal(distributions.milder(drifted, calm), calm)
    pd.testing.assert_frame_equal(distributions.milder(drifted, warned), warned)
    pd.testing.assert_frame_equal(distributions.milder(calm, drifted), calm)
    assert distributions.milder(compare(before, before).reset_index(), drifted)["status"].item() == "stable"


def test_what_the_season_or_the_calendar_moves_is_not_watched():
    table = pd.DataFrame(
        {
            "recency_days": [1.0],
            "calendar_recency_days": [1.0],
            "calendar_tenure_days": [1.0],
            "calendar_revenue_total": [1.0],
            "season_of_orders": [1.5],
            "season_of_value": [1.0],
            "revenue_same_window_last_year": [1.0],
            "actual_clv": [1.0],
            "predicted_clv": [1.0],
        }
    )
    assert list(distributions.watched(table)) == ["recency_days", "predicted_clv"]
