"""Names of customer groups: value group x lifecycle stage."""

import duckdb
import pandas as pd
import pytest

from clv import segments


@pytest.mark.parametrize(
    "clusters, groups",
    [
        (1, "high"),
        (2, "high low"),
        (3, "high medium low"),
        (4, "high medium low low"),
        (5, "high medium medium low low"),
    ],
)
def test_high_is_the_first_cluster_and_low_the_lower_half(clusters, groups):
    ranks = pd.Series(range(1, clusters + 1))
    assert segments.value_groups(ranks).tolist() == groups.split()


CUSTOMERS = pd.DataFrame(
    {
        "cluster_rank": [1, 2, 2, 3],
        "lifecycle_stage": ["active", "lost", "new", "lost"],
        "predicted_clv": [60.0, 10.0, 20.0, 10.0],
        "expected_orders": [3.0, 0.5, 1.0, 0.5],
        "p_buy": [0.9, 0.2, 0.6, 0.2],
        "revenue_total": [500.0, 80.0, 20.0, 10.0],
    }
)


RANKINGS = pd.DataFrame({"cluster_id": [1, 2, 3], "cluster_rank": [1, 2, 3], "customers": [1, 2, 1]})


def named(customers):
    ranked = customers.drop(columns="cluster_rank").assign(clv_rank=range(1, len(customers) + 1))
    return segments.named(duckdb.from_df(ranked), RANKINGS)


def test_a_segment_is_a_value_group_in_a_stage():
    table = named(CUSTOMERS).df()
    assert table["cluster_id"].tolist() == table["cluster_rank"].tolist() == [1, 2, 2, 3]
    assert table["segment"].tolist() == [
        *("high value, active", "medium value, lost", "medium value, new", "low value, lost")
    ]


def test_the_summary_has_every_customer_and_all_of_the_money():
    table = segments.summary(named(CUSTOMERS))
    assert table["segment"].tolist() == [
        *("high value, active", "medium value, new", "medium value, lost", "low value, lost")
    ]
    assert table.loc[0].to_dict() == {
        "segment": "high value, active",
        "value_group": "high",
        "lifecycle_stage": "active",
        "customers": 1,
        "share_of_customers": 0.25,
        "predicted_clv": 60.0,
        "share_of_predicted_clv": 0.6,
        "expected_orders": 3.0,
        "p_buy": 0.9,
        "revenue_total": 500.0,
    }
    assert table["customers"].sum() == 4 and table["share_of_predicted_clv"].sum() == pytest.approx(1)


def test_customers_who_bring_nothing_are_a_segment_too():
    nobody = CUSTOMERS.assign(predicted_clv=0.0)
    table = segments.summary(named(nobody))
    assert table["share_of_predicted_clv"].tolist() == [0.0] * 4
