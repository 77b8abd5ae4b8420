import pandas as pd
from conftest import day

from clv import ranking


def test_rank_one_is_the_highest_prediction_and_ties_are_broken_by_id():
    features = pd.DataFrame(
        {"customer_id": ["10", "9", "ann", "bob"], "lifecycle_stage": ["new", "lost", "active", "new"]}
    )
    predicted = pd.DataFrame({"predicted_clv": [5.0, 5.0, 0.00001, 7.5]}).assign(
        predicted_clv_low=0.0, predicted_clv_high=lambda table: 2 * table["predicted_clv"]
    )
    found = ranking.rank(features, predicted, "3", day("2011-06-01"))
    assert found.to_dict("records") == [
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
