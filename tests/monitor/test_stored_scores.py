"""Scores that were used beside what came in."""

import datetime as dt
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from monitor.seen import SCORES, evidence, scores, vintage

from clv.errors import InputError
from clv.monitor import stored_scores


@pytest.mark.parametrize(
    "now, expected",
    [
        (vintage(1.0, 0.70), "stable"),
        (vintage(1.1, 0.68), "stable"),
        (vintage(1.2, 0.70), "warn"),
        (vintage(1.4, 0.70), "alert"),
        (vintage(0.6, 0.70), "alert"),
        (vintage(1.0, 0.63), "warn"),
        (vintage(1.0, 0.55), "alert"),
        (vintage(1.0, 0.90), "stable"),  # a better ranking
        (vintage(1.4, 0.55, noise=0.5), "stable"),  # within noise
        (vintage(np.inf, 0.0), "alert"),
        (vintage(np.nan, np.nan), "alert"),
    ],
)
def test_scores_that_were_used_are_judged_by_their_bias_and_their_ranking(now, expected):
    status, reason = stored_scores.compare_scores(vintage(1.0, 0.70), now, SCORES)
    assert status == expected and bool(reason) == (expected != "stable")


@pytest.mark.parametrize(
    "vintages, status, reason",
    [
        (None, "insufficient", "Stored scores were not judged: the tracking server does not answer."),
        ([], "insufficient", "No stored scores of version 3 are a horizon old yet."),
        ([scores(version="2")], "insufficient", "No stored scores of version 3 are a horizon old yet."),
        ([scores(customers=1)], "insufficient", "The scores of 2025-07-01 are of 1 customers, too few to judge by."),
        (
            [scores(bias=9.0), scores()],
            "stable",
            "The scores of 2025-07-01 came to 1.00 times what came in, and their ranking has a Gini of 0.70; when the version "
            "was measured it was 1.00 and 0.70. Both changes are within their limits or within noise.",
        ),
        (
            [scores(bias=1.4, gini=0.5)],
            "alert",
            "Scores of 2025-07-01: Scores came to 1.40 times what came in; when the version was measured it was 1.00. The ranking was worse than measured: Gini 0.50, it was 0.70.",
        ),
    ],
)
def test_performance_over_time_is_the_newest_scores_of_the_version_in_production(vintages, status, reason):
    check = stored_scores.PerformanceOverTime()
    part = vintage(1.0, 0.7).to_dict("index")
    finding = check.compare(part, evidence(vintages=vintages), SCORES)
    assert (finding.status, finding.reason) == (status, reason)
    assert len(finding.figures["vintages"]) == len(vintages or []) and len(finding.pictures) == bool(vintages)


def test_a_level_that_the_season_alone_may_move_so_far_is_no_alarm_and_the_sentence_says_so():
    check, part = stored_scores.PerformanceOverTime(), vintage(1.0, 0.7).to_dict("index")
    finding = check.compare(part, evidence(vintages=[scores(bias=0.62)], room=0.65), SCORES)
    assert (finding.status, finding.reason) == (
        "stable",
        "Scores of 2025-07-01: Scores came to 0.62 times what came in; when the version was measured it was 1.00. That alone is no alarm, because "
        "the season alone may move a total by 65%.",
    )


@pytest.mark.parametrize("room, low, high", [(0.0, 0.85, 1.15), (0.4, 0.6, 1.4)])
def test_the_band_behind_the_scores_is_where_the_check_is_calm_with_the_room_of_the_season(room, low, high):
    part, seen = vintage(1.0, 0.7).to_dict("index"), evidence(vintages=[scores()], room=room)
    (picture,) = stored_scores.PerformanceOverTime().compare(part, seen, SCORES).pictures
    assert picture.bands["bias"] == pytest.approx({"value": 1.0, "low": low, "high": high})
    assert picture.bands["normalized_gini"] == pytest.approx({"value": 0.7, "low": 0.65, "high": 1.0})
    assert list(picture.table["bias"]) == [1.0] and f"within {high - 1:.0%} of the measured level" in picture.caption


def test_of_stored_scores_that_lie_close_together_the_first_is_judged_and_the_newest_are_kept():
    days = [dt.date(2025, 6, day) for day in (1, 5, 8, 20, 30)]
    assert [day.day for day in stored_scores.days_apart(days, 7, 12)] == [1, 8, 20, 30]
    assert [day.day for day in stored_scores.days_apart(days, 0, 2)] == [20, 30]


@pytest.mark.parametrize("ours, same", [(80, True), (79, False)])
def test_scores_are_of_this_business_where_the_history_has_four_of_five_customers(ours, same):
    table = pd.DataFrame({"customer_id": [str(number) for number in range(100)]})
    assert stored_scores.of_this_business(table, table["customer_id"].head(ours)) is same


@pytest.mark.parametrize("odd", [np.nan, np.inf])
def test_stored_scores_that_are_not_numbers_are_refused_with_how_many_and_which_run(odd):
    with pytest.raises(InputError) as error:
        stored_scores.refuse_missing(pd.DataFrame({"predicted_clv": [1.0, odd, 2.0]}), "ab12")
    assert str(error.value) == (
        "[STORED_SCORES] 1 of 3 scores that run ab12 stored are not numbers, so they are not what was scored "
        "-- fix: delete that run, or put its file back"
    )
    stored_scores.refuse_missing(pd.DataFrame({"predicted_clv": [1.0, 0.0]}), "ab12")


@pytest.mark.parametrize(
    "now, reason",
    [
        (vintage(np.inf, 0.0), "The scored customers brought no revenue at all; is the history complete?"),
        (vintage(1.0, np.nan), "The ranking cannot be judged: all scores, or all that came in, are the same."),
        (vintage(1.2, 0.70), "Scores came to 1.20 times what came in; when the version was measured it was 1.00."),
        (vintage(1.0, 0.63), "The ranking was worse than measured: Gini 0.63, it was 0.70."),
    ],
)
def test_stored_scores_say_by_how_much_they_were_off_or_why_nobody_can_tell(now, reason):
    assert stored_scores.compare_scores(vintage(1.0, 0.70), now, SCORES)[1] == reason


def test_the_bias_counts_relative_to_the_one_that_was_measured_and_from_its_standard_errors_on():
    assert stored_scores.compare_scores(vintage(2.0, 0.7), vintage(2.4, 0.7), SCORES)[0] == "warn"
    exactly = replace(SCORES, min_z=2.0)
    before = vintage(1.0, 0.75, noise=0.0)
    for now in (vintage(1.25, 0.75, noise=0.125), vintage(0.75, 0.75, noise=0.125)):
        assert stored_scores.compare_scores(before, now, exactly)[0] == "warn"
        assert stored_scores.compare_scores(before, now, replace(exactly, min_z=2.01))[0] == "stable"
    blurred = vintage(1.0, 0.6875, noise=0.03125)
    assert stored_scores.compare_scores(before, blurred, exactly)[0] == "warn"
    assert stored_scores.compare_scores(before, blurred, replace(exactly, min_z=2.01))[0] == "stable"
    assert stored_scores.compare_scores(before, vintage(1.25, 0.75, noise=0.0), exactly)[0] == "warn"


def test_a_vintage_is_judged_from_the_least_number_of_customers_on():
    check, part = stored_scores.PerformanceOverTime(), vintage(1.0, 0.7).to_dict("index")
    assert check.compare(part, evidence(vintages=[scores(customers=2)]), SCORES).status == "stable"


@pytest.mark.parametrize("room, expected", [(0.0, "alert"), (0.38, "alert"), (0.45, "stable")])
def test_the_room_of_the_season_widens_both_limits_of_the_bias_of_stored_scores(room, expected):
    part, check = vintage(1.0, 0.7).to_dict("index"), stored_scores.PerformanceOverTime()
    assert check.compare(part, evidence(vintages=[scores(bias=1.4)], room=room), SCORES).status == expected
    assert check.compare(part, evidence(vintages=[scores(gini=0.5)], room=9.0), SCORES).status == "alert"  # no season's
