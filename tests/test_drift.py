import json

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from clv import drift, metrics, reports, review, store

CHANCE = np.random.default_rng(5)
SPEND = CHANCE.lognormal(3, 1, 2000)


def compare(reference, current, moving=()):
    return drift.compare(
        pd.DataFrame(reference), pd.DataFrame(current), list(moving), significance=0.01, min_ks=0.1, min_customers=100
    )


def test_distance_and_p_value_are_those_of_the_two_sample_ks_test():
    now = CHANCE.lognormal(3.1, 1, 1500)
    found = compare({"spend": SPEND}, {"spend": now}).iloc[0]
    test = stats.ks_2samp(SPEND, now)
    assert (found["ks_statistic"], found["p_value"]) == (
        pytest.approx(test.statistic, abs=1e-12),
        pytest.approx(test.pvalue, rel=1e-9),
    )


def test_a_feature_drifts_when_the_change_is_beyond_chance_and_large_enough_to_matter():
    table = {"same": SPEND, "small": SPEND, "large": SPEND}
    now = {"same": SPEND[::-1], "small": SPEND * 1.15, "large": SPEND * 1.4}
    found = compare(table, now).set_index("feature")
    assert found["status"].to_dict() == {"same": "stable", "small": "stable", "large": "drifted"}
    assert found.loc["small", "corrected_p_value"] < 0.01  # beyond chance, but too small
    assert found.loc["large", "reason"].startswith("The distribution moved: distance 0.1")
    assert "percentile" in found.loc["large", "reason"] or "median" in found.loc["large", "reason"]


def test_p_values_are_corrected_over_the_features_that_are_judged():
    table = {name: CHANCE.normal(size=300) for name in "abc"}
    found = compare(table, {name: CHANCE.normal(size=300) for name in "abc"}, moving=["c"]).set_index("feature")
    judged = found.loc[["a", "b"]]
    assert judged["corrected_p_value"].tolist() == pytest.approx(
        stats.false_discovery_control(judged["p_value"]).tolist()
    )
    assert np.isnan(found.loc["c", "corrected_p_value"])


def test_a_feature_that_moves_by_itself_is_reported_and_never_drifts():
    found = compare({"tenure_days": SPEND}, {"tenure_days": SPEND * 9}, moving=["tenure_days"]).iloc[0]
    assert found["status"] == "moves by itself" and not found["drifted"] and found["ks_statistic"] > 0.5


@pytest.mark.parametrize("now", [np.full(2000, np.nan), np.where(np.arange(2000) < 300, np.nan, SPEND)])
def test_values_that_vanish_are_drift_although_the_rest_is_alike(now):
    found = compare({"spend": SPEND}, {"spend": now}).iloc[0]
    assert found["drifted"] and found["reason"].startswith("Missing for ")


def test_a_feature_that_is_gone_is_drift():
    assert compare({"spend": SPEND, "other": SPEND}, {"other": SPEND}).set_index("feature").loc["spend", "drifted"]


def test_too_few_customers_give_no_verdict():
    found = compare({"spend": SPEND[:50]}, {"spend": SPEND[50:90] * 9})
    assert found["status"].tolist() == ["insufficient data"]
    assert review.verdict(found, {}, None)[0] == "review"
    both = compare(
        {"spend": SPEND[:50], "tenure_days": SPEND[:50]},
        {"spend": [np.nan] * 50, "tenure_days": SPEND[:50]},
        moving=["tenure_days"],
    )
    assert (
        both["status"].tolist() == ["insufficient data", "moves by itself"]
        and review.verdict(both, {}, None)[0] == "review"
    )


def test_a_sketch_gives_the_exact_share_of_values_below_and_up_to_each_quantile():
    values = pd.Series([0.0] * 600 + [1.0] * 300 + [5.0] * 100 + [np.nan] * 1000)
    found = drift.sketch(values)
    assert found == {
        "count": 2000,
        "missing_share": 0.5,
        "zero_share": 0.6,
        "at": [0, 1, 5],
        "below": [0, 0.6, 0.9],
        "up_to": [0.6, 0.9, 1.0],
    }
    assert drift.sketch(pd.Series(SPEND))["at"][-1] < SPEND.max()


def test_masked_values_show_no_extremes_and_three_digits():
    table = pd.DataFrame({"spend": [-7.0, 0.0, 12.3456, 98765.0, np.nan]})
    found = drift.masked(table, {"spend": {"at": [-1.0, 3.0, 1234.0]}})["spend"].tolist()
    assert found[:4] == pytest.approx([-1, 0, 12.3, 1230]) and np.isnan(found[4])


def test_evidently_finds_our_p_values_and_our_decisions_on_the_same_tables():
    table = pd.DataFrame({"same": SPEND, "small": SPEND, "large": SPEND, "gone": SPEND})
    now = pd.DataFrame({"same": SPEND[::-1], "small": SPEND * 1.15, "large": SPEND * 1.4, "gone": np.nan})
    found = compare(table, now)
    page, p_values = reports.evidently_drift(table, now, found, "Version 3 <as of today>")
    ours = found.set_index("feature")["p_value"].dropna()
    assert p_values == pytest.approx(ours.to_dict(), rel=1e-9, abs=1e-300)
    assert set(p_values) == {"same", "small", "large"} and "1 out of 3" in page and "Dataset Drift is detected" in page
    assert "Version 3 &lt;as of today&gt;" in page


def intervals(actual, predicted):
    return metrics.bootstrap(actual, predicted, 50, 0.9, seed=1)


def performance(before, now):
    return review.performance(before, now, max_error_increase=0.1, max_r2_decrease=0.05, min_z=2.33)


def test_errors_are_worse_when_they_grew_beyond_the_limit_and_beyond_noise():
    actual, predicted = CHANCE.normal(size=4000), np.zeros(4000)
    before = intervals(actual, predicted)
    assert not performance(before, intervals(actual * 1.05, predicted))["rmse"]["worse"]  # within the limit
    found = performance(before, intervals(actual * 1.3, predicted))["rmse"]
    assert found["worse"] and found["change"] == pytest.approx(0.3)
    few = performance(intervals(actual[:12], predicted[:12]), intervals(actual[:12] * 1.3, predicted[:12]))
    assert not few["rmse"]["worse"]  # within noise


def test_an_error_that_is_not_a_number_counts_as_worse():
    before = intervals(SPEND, SPEND * 0.9)
    now = before.copy()
    now.loc["rmse"] = np.nan
    found = performance(before, now)
    assert found["rmse"]["worse"]
    still = compare({"spend": SPEND}, {"spend": SPEND})
    assert "RMSE cannot be judged: it was " in review.verdict(still, found, None)[1][0]


def test_the_verdict_is_review_with_every_reason_or_stable_with_what_was_judged():
    still = compare({"spend": SPEND}, {"spend": SPEND})
    assert review.verdict(still, {}, "Labels have not matured.") == (
        "stable",
        ["None of 1 judged columns moved by more than its threshold.", "Labels have not matured."],
    )
    moved = compare({"spend": SPEND}, {"spend": SPEND * 3})
    verdict, reasons = review.verdict(
        moved, performance(intervals(SPEND, SPEND * 0.9), intervals(SPEND, SPEND * 0.2)), None
    )
    assert (
        verdict == "review"
        and reasons[0].startswith("spend: The distribution moved")
        and reasons[1].startswith("RMSE: ")
    )


def test_reports_are_json_without_bare_nan():
    assert json.loads(store.as_json({"p": np.float64("nan"), "d": np.float32(0.5), "n": np.int64(3)})) == {
        "p": None,
        "d": 0.5,
        "n": 3,
    }
