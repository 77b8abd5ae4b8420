import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import spearmanr
from sklearn.metrics import mean_absolute_error, r2_score, root_mean_squared_error

from clv.evaluation import metrics

ACTUAL, PREDICTED = np.array([0.0, 0.0, 10.0, 30.0, 5.0]), np.array([1.0, 1.0, 12.0, 20.0, 8.0])
PAIRS = st.lists(st.tuples(st.integers(-3, 30), st.integers(0, 9)), min_size=3, max_size=40)


@given(PAIRS)
def test_figures_equal_those_of_scikit_learn_and_scipy(pairs):
    actual, predicted = np.array(pairs, float).T
    figures = metrics.evaluate(actual, predicted)
    assert figures["rmse"] == pytest.approx(root_mean_squared_error(actual, predicted))
    assert figures["mae"] == pytest.approx(mean_absolute_error(actual, predicted))
    if len(set(actual)) > 1:
        assert figures["r2"] == pytest.approx(r2_score(actual, predicted))
    if len(set(actual)) > 1 and len(set(predicted)) > 1:
        assert figures["spearman"] == pytest.approx(spearmanr(actual, predicted).statistic)


def test_normalized_gini_is_one_in_the_perfect_order_and_minus_one_in_the_reverse():
    assert metrics.evaluate(ACTUAL, 3 * ACTUAL + 1)["normalized_gini"] == pytest.approx(1)
    assert metrics.evaluate(ACTUAL, -ACTUAL)["normalized_gini"] == pytest.approx(-1)
    assert metrics.evaluate(ACTUAL, np.ones(5))["normalized_gini"] == pytest.approx(0)


def test_normalized_gini_is_the_ratio_of_areas_above_the_lorenz_curves():
    def area(order):  # the slow way: mean height of the cumulative revenue share, lowest first
        share = np.cumsum(ACTUAL[order]) / ACTUAL.sum()
        return 0.5 - np.trapezoid(np.concatenate([[0], share]), dx=1 / len(share))

    distinct = np.array([1.0, 2.0, 12.0, 20.0, 8.0])
    expected = area(np.argsort(distinct)) / area(np.argsort(ACTUAL))
    assert metrics.evaluate(ACTUAL, distinct)["normalized_gini"] == pytest.approx(expected)


def test_bias_is_the_ratio_of_totals_and_the_top_decile_share_that_of_revenue():
    assert metrics.evaluate(ACTUAL, PREDICTED)["bias"] == pytest.approx(42 / 45)
    actual = np.arange(20.0)
    assert metrics.evaluate(actual, actual)["top_decile_share"] == pytest.approx((19 + 18) / actual.sum())
    assert metrics.evaluate(actual, np.ones(20))["top_decile_share"] == pytest.approx(0.1)  # ties share alike


def test_a_figure_without_a_meaning_is_not_a_number_and_never_a_perfect_score():
    figures = metrics.evaluate(np.zeros(4), np.zeros(4))
    assert figures["rmse"] == 0 and all(
        np.isnan(figures[name]) for name in ("r2", "spearman", "normalized_gini", "top_decile_share", "bias")
    )


def test_missing_predictions_are_refused():
    with pytest.raises(ValueError, match="1 of 2 predicted values are missing or infinite"):
        metrics.evaluate([1.0, 2.0], [1.0, np.nan])


@given(PAIRS, st.data())
def test_a_weight_is_the_same_as_repeating_the_row(pairs, data):
    actual, predicted = np.array(pairs, float).T
    counts = np.array(data.draw(st.lists(st.integers(0, 3), min_size=len(pairs), max_size=len(pairs)).filter(any)))
    weighted = metrics.weighted(*metrics.prepared(actual, predicted), counts.astype(float))
    repeated = metrics.evaluate(np.repeat(actual, counts), np.repeat(predicted, counts))
    for name in metrics.METRICS:
        assert weighted[name] == pytest.approx(repeated[name], rel=1e-6, abs=1e-9, nan_ok=True)


def test_the_bootstrap_interval_covers_the_truth_about_as_often_as_it_says():
    chance, covered = np.random.default_rng(1), 0
    for trial in range(100):
        actual = chance.normal(size=150)
        low, high = metrics.bootstrap(actual, np.zeros(150), 60, 0.9, seed=trial).loc["rmse", ["low", "high"]]
        covered += low <= 1 <= high
    assert 80 <= covered <= 98


def test_the_same_seed_gives_the_same_intervals():
    first, second = (metrics.bootstrap(ACTUAL, PREDICTED, 20, 0.9, seed=7) for _ in range(2))
    assert first.equals(second) and first.index.tolist() == list(metrics.METRICS)


def test_deciles_begin_with_the_highest_predictions():
    table = metrics.deciles(np.arange(20.0), np.arange(20.0) * 2)
    assert table.iloc[0].to_dict() == {
        "decile": 1,
        "customers": 2,
        "predicted": 37,
        "actual": 18.5,
        "actual_error": 0.5,
    }
    assert len(table) == 10


def test_a_gain_curve_runs_from_nothing_to_all_revenue():
    curve = metrics.gain_curve(np.array([0.0, 1.0, 3.0, 0.0]), np.array([0.0, 1.0, 2.0, 0.0]), points=4)
    assert curve["revenue"].tolist() == [0, 0.75, 1, 1, 1] and curve["customers"].tolist() == [0, 0.25, 0.5, 0.75, 1]


def test_the_spread_of_many_customers_is_scaled_from_the_resampled_ones(monkeypatch):
    chance = np.random.default_rng(3)
    actual = chance.gamma(0.5, 20, 3200)
    whole = metrics.bootstrap(actual, np.full(3200, 10.0), 200, 0.9, seed=1)
    monkeypatch.setattr(metrics, "MOST", 200)
    sampled = metrics.bootstrap(actual, np.full(3200, 10.0), 200, 0.9, seed=1)
    for name in ("mae", "bias"):  # 200 customers spread four times as much as 3200
        assert sampled.loc[name, "standard_error"] == pytest.approx(whole.loc[name, "standard_error"], rel=0.35)
        assert sampled.loc[name, "value"] == whole.loc[name, "value"]
        assert sampled.loc[name, "low"] < whole.loc[name, "value"] < sampled.loc[name, "high"]


def test_a_tie_on_the_border_of_the_top_decile_counts_in_part():
    actual, predicted = np.arange(1.0, 21.0), np.array([0.0] * 16 + [1.0] * 3 + [2.0])
    top = 20 + (17 + 18 + 19) / 3  # one customer of the three who share the second place
    assert metrics.evaluate(actual, predicted)["top_decile_share"] == pytest.approx(top / actual.sum())


def test_revenue_on_the_end_of_an_interval_lies_within_it_and_a_net_return_counts_as_nothing():
    predicted = pd.DataFrame({"predicted_clv": [1.0, 5.0, 5.0, 9.0]})
    predicted = predicted.assign(predicted_clv_low=[0.0, 2.0, 2.0, 8.0], predicted_clv_high=[3.0, 6.0, 6.0, 10.0])
    table = metrics.coverage(np.array([-7.0, 2.0, 6.5, 10.0]), predicted, pd.Series(["new", "new", "lost", "new"]))
    assert table.set_index("group")["coverage"].to_dict() == {
        "all": 0.75,
        "bought again": pytest.approx(2 / 3),
        "top decile": 1.0,
        "lost": 0.0,
        "new": 1.0,
    }
    assert table.set_index("group").loc["all", ["customers", "brought_nothing", "mean_width"]].tolist() == [
        4,
        0.25,
        3.25,
    ]


def test_errors_within_groups_are_means_over_their_own_customers():
    rows = metrics.by_group(np.array([1.0, 3.0, 8.0]), {"ours": np.array([1.0, 5.0, 5.0])}, pd.Series(["b", "b", "a"]))
    assert rows.round(4).to_dict("split")["data"] == [
        ["a", "ours", 1, 8.0, 5.0, 3.0, 3.0],
        ["b", "ours", 2, 2.0, 3.0, 1.4142, 1.0],
    ]


def test_fewer_customers_than_ten_make_a_decile_each():
    assert metrics.deciles(np.array([1.0, 2.0]), np.array([1.0, 2.0]))["actual"].tolist() == [2, 1]
