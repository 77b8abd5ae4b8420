import duckdb
import pandas as pd
import pytest

from clv import ranking


def test_rank_one_is_the_highest_prediction_and_ties_are_broken_by_id():
    features = pd.DataFrame(
        {"customer_id": ["10", "9", "ann", "bob"], "lifecycle_stage": ["new", "lost", "active", "new"]}
    )
    predicted = pd.DataFrame({"predicted_clv": [5.0, 5.0, 0.00001, 7.5]}).assign(
        predicted_clv_low=0.0, predicted_clv_high=lambda table: 2 * table["predicted_clv"]
    )
    scores = duckdb.from_df(ranking.scores(features, predicted))
    table = ranking.rank(scores, {"model_version": "3", "as_of": "2011-06-01"}).df()
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


def test_whose_predicted_value_changes_most_comes_first_whatever_the_ranks_do():
    moves = ranking.moved(ranked("cyd", "ann", "bob"), ranked("ann", "bob", "cyd"))
    columns = ["customer_id", "rank_before", "rank_now", "clv_before", "clv_now", "clv_change", "top_decile"]
    assert moves[columns].round(2).to_numpy().tolist() == [
        ["cyd", 3, 1, 3.33, 10.0, 6.67, "enters"],
        ["ann", 1, 2, 10.0, 5.0, -5.0, "leaves"],
        ["bob", 2, 3, 5.0, 3.33, -1.67, ""],
    ]
    lost = [f"lost{number}" for number in range(40)]  # who move by many ranks and no money
    before, now = ranked("ann", "bob", *lost), ranked("bob", "ann", *lost[::-1])
    assert set(ranking.moved(now, before)["customer_id"].head(2)) == {"ann", "bob"}


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
