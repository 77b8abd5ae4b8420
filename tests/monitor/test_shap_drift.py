"""What the model leans on beside what it leant on."""

import numpy as np
import pandas as pd
import pytest
from monitor.seen import LEANING, OLDER, SHAP, evidence

from clv.monitor import Finding, shap_drift


@pytest.mark.parametrize(
    "now, expected",
    [
        (SHAP, "stable"),
        (-SHAP, "stable"),
        (SHAP * 1.1, "stable"),
        (SHAP.assign(b=SHAP["b"] * 2), "alert"),
        (SHAP / 2, "alert"),
        (SHAP * 1.5, "alert"),
        (SHAP[:99], "insufficient"),
        (SHAP * 0, "insufficient"),
    ],
)
def test_the_model_leans_on_other_features_when_shares_or_the_total_of_shap_move(now, expected):
    assert shap_drift.compare_profiles(shap_drift.profile(SHAP), shap_drift.profile(now), LEANING).status == expected


def test_a_shap_profile_holds_shares_and_their_errors_and_no_row():
    profile = shap_drift.profile(pd.DataFrame({"a": [1.0, -3.0], "b": [-1.0, 3.0]}))
    assert profile["shares"] == {"a": 0.5, "b": 0.5} and (profile["customers"], profile["total"]) == (2, 4.0)
    assert profile["errors"] == pytest.approx({"a": 0, "b": 0})  # each row leans on both alike


def test_ndcg_and_the_total_variation_are_reported():
    before = shap_drift.profile(SHAP)
    same = shap_drift.compare_profiles(before, before, LEANING).figures
    moved = shap_drift.compare_profiles(before, shap_drift.profile(SHAP.assign(b=SHAP["b"] * 2)), LEANING)
    assert (same["ndcg"], same["total_variation"], same["total_ratio"]) == pytest.approx((1, 0, 1))
    assert 0.9 < moved.figures["ndcg"] < 1 and moved.figures["total_variation"] == pytest.approx(0.16, abs=0.02)
    assert moved.reason.startswith("b makes 4") and "it was 3" in moved.reason


@pytest.mark.parametrize(
    "now, reason",
    [
        (SHAP, "The predictions lean on the same features as before."),
        (SHAP[:99], "There are too few customers to explain the predictions: 99 on one of the sides."),
        (SHAP * 0, "No feature moves the predictions on one of the sides."),
        (SHAP * np.nan, "What moves the predictions cannot be compared: contributions are not numbers."),
        (SHAP / 2, "All features together move the predictions 0.50 times as much as before."),
    ],
)
def test_shap_drift_says_what_the_model_leans_on_or_why_it_cannot_tell(now, reason):
    assert shap_drift.compare_profiles(shap_drift.profile(SHAP), shap_drift.profile(now), LEANING).reason == reason


def test_shap_drift_names_the_feature_whose_share_moved_most_and_what_it_cannot_see():
    before = {
        "customers": 500,
        "total": 2.0,
        "total_error": 0.01,
        "shares": {"a": 0.5, "b": 0.3, "c": 0.2},
        "errors": {"a": 0.01},
    }
    now = before | {"shares": {"a": 0.7, "b": 0.2, "c": 0.1}}
    finding = shap_drift.compare_profiles(before, now, LEANING)
    assert finding.reason == "a makes 70% of what moves the predictions, it was 50%."
    assert finding.figures["cannot_see"].startswith("SHAP drift looks at what is known of the customers alone.")
    assert finding.metrics == {name: finding.figures[name.removeprefix("shap/")] for name in finding.metrics}
    assert set(finding.metrics) == {"shap/total_variation", "shap/total_ratio", "shap/ndcg"}
    broken = shap_drift.compare_profiles(before, now | {"errors": {"a": np.nan, "b": np.inf}}, LEANING)
    assert broken.status == "alert"
    lost = shap_drift.compare_profiles(before, now | {"shares": {"a": np.inf}}, LEANING)
    assert lost == Finding("alert", "What moves the predictions cannot be compared: a figure of it is not a number.")


@pytest.mark.parametrize("z, expected", [(2.4, "stable"), (2.6, "alert")])  # two-sided: 2.58 at a significance of 0.01
def test_a_total_outside_its_limits_counts_beyond_chance_on_both_sides(z, expected):
    before = shap_drift.profile(SHAP)
    now = before | {"total": before["total"] * 1.3, "total_error": np.log(1.3) / z}
    assert shap_drift.compare_profiles(before | {"total_error": 0.0}, now, LEANING).status == expected


def test_shares_of_shap_that_move_within_chance_are_stable():
    before = shap_drift.profile(SHAP) | {"shares": {"a": 0.5, "b": 0.5}, "errors": {"a": 0.1, "b": 0.1}}
    now = before | {"shares": {"a": 0.7, "b": 0.3}}
    assert shap_drift.compare_profiles(before, now, LEANING).status == "stable"
    surely = {"errors": {"a": 0.01, "b": 0.01}}
    assert shap_drift.compare_profiles(before | surely, now | surely, LEANING).status == "alert"


def test_a_model_that_leans_on_other_features_as_the_customers_grow_older_has_not_drifted():
    part, now, check = shap_drift.profile(SHAP), SHAP.assign(b=SHAP["b"] * 2), shap_drift.ShapDrift()
    assert check.compare(part, evidence(contributions=now), LEANING).status == "alert"
    aged = check.compare(part, evidence(contributions=now, ageing=OLDER), LEANING)
    assert (aged.status, aged.reason) == ("stable", OLDER)
    assert check.compare(part, evidence(contributions=SHAP * 0, ageing=OLDER), LEANING).status == "insufficient"
