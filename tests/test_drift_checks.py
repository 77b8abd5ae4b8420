"""Groups, explanations, errors and vintages beside their baseline, and the verdict over all of them."""

import numpy as np
import pandas as pd
import pytest

from clv.monitor import performance, segments, shap, verdict

SHARES = {"significance": 0.01, "warn": 0.03, "alert": 0.05, "min_customers": 100}
LEANING = {"significance": 0.01, "warn": 0.05, "alert": 0.10, "low": 0.8, "high": 1.25, "min_customers": 100}
ERRORS = {"min_z": 3.2, "warn": 0.10, "alert": 0.20, "min_customers": 100}
VINTAGE = {"min_z": 3.0, "warn_bias": 0.15, "alert_bias": 0.30, "warn_gini": 0.05, "alert_gini": 0.10}
CHANCE = np.random.default_rng(6)
PREDICTED = CHANCE.lognormal(3, 1, 20_000)
ACTUAL = PREDICTED * np.where(CHANCE.random(20_000) < 0.5, 2, 0) * CHANCE.lognormal(-0.125, 0.5, 20_000)
SHAP = pd.DataFrame({name: CHANCE.normal(0, size, 2000) for name, size in {"a": 4, "b": 3, "c": 2, "d": 1}.items()})


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
        ({"active": 62, "lost": 58}, ("stable",)),  # within chance
    ],
)
def test_a_stage_whose_share_moves_by_five_points_of_5000_counts(now, expected):
    found = segments.compare(stages(active=2500, lost=2500), stages(**now), SHARES)
    assert found.status in expected and found.reason


def test_the_reason_names_the_group_and_both_its_shares():
    found = segments.compare(stages(active=2500, lost=2500), stages(active=3000, lost=2000), SHARES)
    assert found.reason in (
        "stage active: 60% of customers, it was 50%.",
        "stage lost: 40% of customers, it was 50%.",
    )
    assert found.figures["stage"]["largest_change"] == pytest.approx(0.1)


def test_clusters_keep_the_limits_of_the_baseline():
    limits = segments.limits_of([1, 2, 4, 5, 10, 20], [1, 1, 2, 2, 3, 3])
    assert limits == [3, 7.5] and segments.within([0, 2.9, 3.1, 99, 99], limits) == {"1": 2, "2": 1, "3": 2}


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
    assert shap.compare(shap.profile(SHAP), shap.profile(now), LEANING).status == expected


def test_a_shap_profile_holds_shares_and_their_errors_and_no_row():
    found = shap.profile(pd.DataFrame({"a": [1.0, -3.0], "b": [-1.0, 3.0]}))
    assert found["shares"] == {"a": 0.5, "b": 0.5} and (found["customers"], found["total"]) == (2, 4.0)
    assert found["errors"] == pytest.approx({"a": 0, "b": 0})  # each row leans on both alike


def test_ndcg_and_the_total_variation_are_reported():
    before = shap.profile(SHAP)
    same = shap.compare(before, before, LEANING).figures
    moved = shap.compare(before, shap.profile(SHAP.assign(b=SHAP["b"] * 2)), LEANING)
    assert (same["ndcg"], same["total_variation"], same["total_ratio"]) == pytest.approx((1, 0, 1))
    assert 0.9 < moved.figures["ndcg"] < 1 and moved.figures["total_variation"] == pytest.approx(0.16, abs=0.02)
    assert moved.reason.startswith("b makes 4") and "it was 3" in moved.reason


def errors(actual, predicted):
    before = performance.moments(ACTUAL, PREDICTED)
    return performance.compare(before, performance.moments(actual, predicted, before["caps"]), ERRORS)


@pytest.mark.parametrize(
    "actual, predicted, expected",
    [
        (ACTUAL, PREDICTED, "stable"),
        (ACTUAL, PREDICTED * 1.05, "stable"),
        (ACTUAL, PREDICTED * 1.3, "alert"),
        (ACTUAL, PREDICTED * 0.7, "alert"),
        (ACTUAL[:200], PREDICTED[:200] * 1.1, "stable"),  # within noise
        (ACTUAL[:99], PREDICTED[:99] * 9, "insufficient"),
        (ACTUAL * 0, PREDICTED, "alert"),  # nobody brought revenue
    ],
)
def test_errors_count_when_they_grew_beyond_their_limit_and_beyond_noise(actual, predicted, expected):
    assert errors(actual, predicted).status == expected


def test_one_customer_who_trebles_the_rmse_is_no_reason():
    spoilt = ACTUAL.copy()
    spoilt[0] = 100_000
    rmse = [np.sqrt(np.mean((PREDICTED - actual) ** 2)) for actual in (ACTUAL, spoilt)]
    assert rmse[1] > 3 * rmse[0] and errors(spoilt, PREDICTED).status == "stable"


def test_no_revenue_at_all_asks_whether_it_is_complete():
    found = errors(ACTUAL * 0, PREDICTED)
    assert "Predicted over actual revenue cannot be compared" in found.reason and "complete?" in found.reason


def test_moments_cut_off_errors_and_revenue_at_their_caps():
    found = performance.moments([0, 10, 90], [0, 10, 10], {"squared_error": 48, "revenue": 30})
    assert found["mae"]["value"] == pytest.approx(80 / 3)
    assert found["capped_rmse"]["value"] == pytest.approx(4)  # sqrt((0 + 0 + 48) / 3)
    assert found["total_ratio"]["value"] == pytest.approx(20 / 40)  # 90 counts as 30


def vintage(bias, gini, noise=0.01):
    figures = {"bias": {"value": bias}, "normalized_gini": {"value": gini}}
    return pd.DataFrame.from_dict(figures, orient="index").assign(standard_error=noise)


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
    status, reason = performance.compare_vintage(vintage(1.0, 0.70), now, VINTAGE)
    assert status == expected and bool(reason) == (expected != "stable")


STABLE, WARN, ALERT = ("stable", "All as before."), ("warn", "It moved."), ("alert", "It moved far.")
UNKNOWN = ("insufficient", "Too few customers.")


@pytest.mark.parametrize(
    "findings, review_at, expected",
    [
        ({"a": STABLE, "b": WARN}, "warn", ("review", ["b: It moved."])),
        ({"a": WARN, "b": ALERT}, "warn", ("review", ["b: It moved far.", "a: It moved."])),
        ({"a": WARN, "b": ALERT}, "alert", ("review", ["b: It moved far."])),
        ({"a": STABLE, "b": WARN}, "alert", ("stable", ["a: All as before.", "b: It moved."])),
        ({"a": STABLE, "b": UNKNOWN}, "warn", ("stable", ["a: All as before.", "b: Too few customers."])),
        ({"a": UNKNOWN}, "warn", ("review", ["Nothing could be judged.", "a: Too few customers."])),
        ({"a": UNKNOWN}, "alert", ("review", ["Nothing could be judged.", "a: Too few customers."])),
    ],
)
def test_the_verdict_is_review_with_its_reasons_or_stable_with_what_was_judged(findings, review_at, expected):
    assert verdict.verdict(findings, review_at) == expected
