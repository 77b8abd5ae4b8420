"""The shares of groups beside those of the baseline."""

import pandas as pd
import pytest
from monitor.seen import LEANING, OLDER, SHAP, SHARES, evidence

from clv.monitor import segment_drift, shap_drift


def stages(**customers):
    return {"stage": customers}


@pytest.mark.parametrize(
    "now, expected",
    [
        ({"active": 2500, "lost": 2500}, ("stable",)),
        ({"active": 2600, "lost": 2400}, ("stable",)),  # two points do not matter
        ({"active": 2750, "lost": 2250}, ("warn", "alert")),
        ({"active": 3000, "lost": 2000}, ("alert",)),
        ({"active": 2500, "lost": 2499, "asleep": 1}, ("alert",)),  # a stage that the baseline does not know
        ({"active": 80, "lost": 10}, ("insufficient",)),
        ({"active": 66, "lost": 54}, ("stable",)),  # five points, within chance
    ],
)
def test_a_stage_whose_share_moves_by_five_points_of_5000_counts(now, expected):
    finding = segment_drift.compare_groups(stages(active=2500, lost=2500), stages(**now), SHARES)
    assert finding.status in expected and finding.reason


def test_the_reason_names_the_group_and_both_its_shares():
    finding = segment_drift.compare_groups(stages(active=2500, lost=2500), stages(active=3000, lost=2000), SHARES)
    assert finding.reason in (
        "lifecycle stage active: 60% of customers, it was 50%.",
        "lifecycle stage lost: 40% of customers, it was 50%.",
    )
    assert finding.figures["stage"]["largest_change"] == pytest.approx(0.1)


def test_clusters_keep_the_limits_of_the_baseline():
    limits = segment_drift.limits_of([1, 2, 4, 5, 10, 20], [3, 3, 2, 2, 1, 1])
    assert limits == [7.5, 3] and segment_drift.within([0, 2.9, 3.1, 99, 99], limits) == {"1": 2, "2": 1, "3": 2}


@pytest.mark.parametrize(
    "now, reason",
    [
        (
            {"active": 2500, "lost": 2500},
            "No share of a lifecycle stage moved by 3% of customers or more beyond chance.",
        ),
        (
            {"active": 80, "lost": 10},
            "There are too few customers to compare groups: 90 on one of the sides.",
        ),
        ({"active": 2500, "lost": 2499, "asleep": 1}, "lifecycle stage asleep: the baseline has no such group."),
    ],
)
def test_segment_drift_says_which_group_moved_or_why_it_cannot_tell(now, reason):
    assert segment_drift.compare_groups(stages(active=2500, lost=2500), stages(**now), SHARES).reason == reason


def test_segment_drift_reports_charts_and_draws_every_share():
    finding = segment_drift.compare_groups(stages(active=2500, lost=2500), stages(active=3000, lost=2000), SHARES)
    assert finding.metrics == {"segments/stage_active": 0.6, "segments/stage_lost": 0.4}
    assert [picture.title for picture in finding.pictures] == ["Lifecycle stages"]
    assert finding.pictures[0].table.to_dict("list") == {
        "group": ["active", "lost"],
        "reference": [0.5, 0.5],
        "current": [0.6, 0.4],
    }


@pytest.mark.parametrize("fewest, expected", [(100, "stable"), (99, "insufficient")])
def test_groups_and_explanations_are_judged_from_the_least_number_of_customers_on(fewest, expected):
    counts = stages(active=fewest - 50, lost=50)
    assert segment_drift.compare_groups(counts, counts, SHARES).status == expected
    profile = shap_drift.profile(SHAP[:fewest])
    assert shap_drift.compare_profiles(profile, profile, LEANING).status == expected


PEOPLE = pd.DataFrame({"lifecycle_stage": ["active", "lost"] * 1000, "predicted_clv": [1.0, 9.0] * 1000})
GONE = PEOPLE.assign(lifecycle_stage=["active", "lost", "lost", "lost"] * 500)


def groups_beside(now, **evidenced):
    part = {"groups": segment_drift.groups(PEOPLE, [5.0]), "cluster_limits": [5.0]}
    finding = segment_drift.SegmentDrift().compare(part, evidence(scored=now, **evidenced), SHARES)
    return finding.status, finding.reason


def test_groups_that_move_as_the_customers_grow_older_have_not_drifted_and_the_sentence_says_so():
    assert groups_beside(GONE)[0] == "alert"
    assert groups_beside(GONE, ageing=OLDER) == ("stable", OLDER)
    assert groups_beside(PEOPLE, ageing=OLDER) == groups_beside(PEOPLE)
    assert groups_beside(GONE[:90], ageing=OLDER)[0] == "insufficient"


def test_groups_that_are_as_in_the_same_season_of_last_year_have_not_drifted():
    assert groups_beside(GONE, last_year=GONE)[0] == "stable"
    assert groups_beside(GONE, last_year=PEOPLE) == groups_beside(GONE)
    assert groups_beside(PEOPLE, last_year=GONE) == groups_beside(PEOPLE)  # the baseline explains it


CLUSTERS = {"1": 200, "2": 800, "3": 4000}


@pytest.mark.parametrize(
    "now, reason",
    [
        ({"1": 800, "2": 700, "3": 3500}, "cluster 1 (highest): 16% of customers, it was 4%."),
        ({"1": 350, "2": 350, "3": 4300}, "cluster 2: 7% of customers, it was 16%."),
        ({"1": 400, "2": 1100, "3": 3500}, "cluster 3 (lowest): 70% of customers, it was 80%."),
    ],
)
def test_a_cluster_is_named_by_its_rank_and_the_ends_say_which_they_are(now, reason):
    finding = segment_drift.compare_groups({"cluster_rank": CLUSTERS}, {"cluster_rank": now}, SHARES)
    assert finding.reason == reason
    assert list(finding.pictures[0].table["group"]) == ["1 (highest)", "2", "3 (lowest)"]
    assert set(finding.metrics) == {"segments/cluster_rank_1", "segments/cluster_rank_2", "segments/cluster_rank_3"}


def test_clusters_of_a_baseline_from_before_1_was_the_highest_are_not_compared():
    stages_then = segment_drift.groups(PEOPLE, [5.0])["stage"]
    part = {"groups": {"stage": stages_then, "cluster": {"1": 1900, "2": 100}}, "cluster_limits": [5.0]}
    finding = segment_drift.SegmentDrift().compare(part, evidence(scored=PEOPLE), SHARES)
    assert finding.status == "stable" and set(finding.figures) == {"stage"}
