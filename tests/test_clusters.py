from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clv import clusters


def cost(groups):
    return sum(((group - group.mean()) ** 2).sum() for group in groups)


def least_cost(values, k):
    """All ways to cut the sorted values into k runs."""
    cuts = combinations(range(1, len(values)), k - 1)
    return min(cost(np.split(np.sort(values), list(cut))) for cut in cuts)


@given(st.lists(st.integers(0, 60), min_size=1, max_size=9), st.integers(1, 4))
def test_the_partition_is_the_best_of_all(values, k):
    values = np.array(values, float)
    labels = clusters.assign(pd.Series(values), k, "linear").to_numpy()
    k = min(k, len(set(values)))
    assert sorted(set(labels)) == list(range(1, k + 1))
    assert cost([values[labels == i] for i in range(1, k + 1)]) == pytest.approx(least_cost(values, k))
    assert all(len(set(labels[values == value])) == 1 for value in values)


def test_the_log_scale_groups_by_ratio():
    clv = pd.Series([1.0, 1.1, 10.0, 11.0, 1000.0, 3000.0])
    assert clusters.assign(clv, 3, "log1p").tolist() == [3, 3, 2, 2, 1, 1]
    assert clusters.assign(clv, 3, "linear").tolist() == [3, 3, 3, 3, 2, 1]


def test_cluster_one_is_the_highest_whatever_the_order_of_the_rows():
    assert clusters.assign(pd.Series([50.0, 1.0, 2.0, 49.0]), 2, "log1p").tolist() == [1, 2, 2, 1]


def test_fewer_distinct_values_than_k_is_an_answer_with_fewer_clusters():
    assert clusters.assign(pd.Series([3.0, 3.0, 8.0]), 5, "log1p").tolist() == [2, 2, 1]
    assert clusters.assign(pd.Series([0.0, 0.0]), 5, "log1p").tolist() == [1, 1]


def test_many_predictions_are_cut_where_each_lies_at_the_nearest_mean(monkeypatch):
    values = np.sort(np.random.default_rng(0).lognormal(3, 2, 20_000))
    exact = clusters.assign(pd.Series(values), 5, "log1p")
    monkeypatch.setattr(clusters, "_EXACT", 1000)
    close = clusters.assign(pd.Series(values), 5, "log1p")
    logs = np.log1p(values)
    costs = [cost([logs[ids == number] for number in range(1, 6)]) for ids in (close, exact)]
    assert costs[0] == pytest.approx(costs[1], rel=1e-3)
    means = logs[:, None] - [logs[close == number].mean() for number in range(1, 6)]
    assert (np.abs(means).argmin(axis=1) + 1 == close).all()


def test_a_missing_prediction_is_refused():
    with pytest.raises(ValueError, match="1 of 2 predictions are missing"):
        clusters.assign(pd.Series([1.0, np.nan]), 2, "linear")


def test_clusters_are_ranked_by_median_with_their_size_and_share():
    clustered = pd.DataFrame({"predicted_clv": [1.0, 2.0, 9.0, 40.0, 50.0], "cluster_id": [2, 2, 2, 1, 1]})
    assert clusters.rank_clusters(clustered).to_dict("records") == [
        {
            "cluster_id": 1,
            "cluster_rank": 1,
            "customers": 2,
            "median_clv": 45.0,
            "mean_clv": 45.0,
            "min_clv": 40.0,
            "max_clv": 50.0,
            "total_clv": 90.0,
            "share_of_total": 0.882353,
        },
        {
            "cluster_id": 2,
            "cluster_rank": 2,
            "customers": 3,
            "median_clv": 2.0,
            "mean_clv": 4.0,
            "min_clv": 1.0,
            "max_clv": 9.0,
            "total_clv": 12.0,
            "share_of_total": 0.117647,
        },
    ]
