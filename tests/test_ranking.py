import pandas as pd
import pytest
from helpers import day

from clv import ranking


def test_rank_one_is_the_highest_prediction_and_ties_are_broken_by_id():
    features = pd.DataFrame(
        {"customer_id": ["10", "9", "ann", "bob"], "lifecycle_stage": ["new", "lost", "active", "new"]}
    )
    predicted = pd.DataFrame({"predicted_clv": [5.0, 5.0, 0.00001, 7.5]}).assign(
        predicted_clv_low=0.0, predicted_clv_high=lambda table: 2 * table["predicted_clv"]
    )
    table = ranking.rank(features, predicted, "3", day("2011-06-01"))
    assert table.to_dict("records") == [
        {
            "customer_id": "bob",
            "predicted_clv": 7.5,
            "clv_rank": 1,
            "clv_percentile": 100.0,
            "predicted_clv_low": 0.0,
            "predicted_clv_high": 15.0,
            "lifecycle_stage": "new",
            "model_version": "3",
            "as_of": "2011-06-01",
        },
        {
            "customer_id": "10",
            "predicted_clv": 5.0,
            "clv_rank": 2,
            "clv_percentile": 75.0,
            "predicted_clv_low": 0.0,
            "predicted_clv_high": 10.0,
            "lifecycle_stage": "new",
            "model_version": "3",
            "as_of": "2011-06-01",
        },
        {
            "customer_id": "9",
            "predicted_clv": 5.0,
            "clv_rank": 3,
            "clv_percentile": 50.0,
            "predicted_clv_low": 0.0,
            "predicted_clv_high": 10.0,
            "lifecycle_stage": "lost",
            "model_version": "3",
            "as_of": "2011-06-01",
        },
        {
            "customer_id": "ann",
            "predicted_clv": 0.0,
            "clv_rank": 4,
            "clv_percentile": 25.0,
            "predicted_clv_low": 0.0,
            "predicted_clv_high": 0.0,
            "lifecycle_stage": "active",
            "model_version": "3",
            "as_of": "2011-06-01",
        },
    ]


def ranked(*customers):
    """Customers in the order of their rank."""
    rows = [
        {"customer_id": name, "lifecycle_stage": "new", "clv_rank": place, "predicted_clv": 10.0 / place}
        for place, name in enumerate(customers, 1)
    ]
    return pd.DataFrame(rows)


def test_who_moved_farthest_comes_first_and_up_is_positive():
    moves = ranking.moved(ranked("cyd", "ann", "bob"), ranked("ann", "bob", "cyd"))
    assert list(
        zip(moves["customer_id"], moves["rank_before"], moves["rank_now"], moves["rank_change"], strict=True)
    ) == [
        ("cyd", 3, 1, 2),
        ("ann", 1, 2, -1),
        ("bob", 2, 3, -1),
    ]


def test_two_rankings_agree_by_the_share_of_the_top_decile_that_stays_and_by_their_ranks():
    names = [f"c{number:02}" for number in range(20)]
    same = ranking.agreement(ranking.moved(ranked(*names), ranked(*names)))
    assert same == {"customers": 20, "top_decile_overlap": 1.0, "rank_correlation": pytest.approx(1)}
    swapped = [names[0], names[2], names[1], *names[3:]]  # one of the two at the top leaves it
    assert ranking.agreement(ranking.moved(ranked(*swapped), ranked(*names)))["top_decile_overlap"] == 0.5
    assert ranking.agreement(ranking.moved(ranked(*names[::-1]), ranked(*names)))["rank_correlation"] == pytest.approx(
        -1
    )


def test_the_share_of_the_commonest_prediction_says_how_many_customers_are_tied():
    assert ranking.tied(pd.DataFrame({"predicted_clv": [1.0, 1.0, 1.0, 2.0]})) == 0.75
    assert ranking.tied(pd.DataFrame({"predicted_clv": []})) == 0
