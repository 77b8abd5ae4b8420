from dataclasses import asdict

import numpy as np
import pandas as pd
import pytest
from conftest import composed

from clv import model, naive
from clv.errors import InputError

OPTIONS = asdict(composed().model) | {"rounds": 40, "early_stopping_rounds": 10}


def snapshot(customers, seed=0, slope=10.0):
    """Customers whose revenue is their rate times the slope, with noise; many zeros."""
    chance = np.random.default_rng(seed)
    rate = chance.gamma(1, 1, customers).astype("float32")
    bought = chance.random(customers) < 0.5
    return pd.DataFrame(
        {
            "customer_id": [f"c{i}" for i in range(customers)],
            "lifecycle_stage": "active",
            "rate": rate,
            "tenure_days": np.float32(1),
            "actual_clv": np.where(bought, 2 * slope * rate, 0.0),
        }
    )


def fitted(**options):
    return model.fit([snapshot(400, 1), snapshot(500, 2)], ["rate"], OPTIONS | options, seed=7, threads=1)


@pytest.mark.parametrize("objective", ["tweedie", "squared_error"])
def test_predictions_are_the_expected_revenue(objective):
    unseen = snapshot(2000, 3)
    predicted = model.predict(fitted(objective=objective), unseen)
    assert predicted.sum() / unseen["actual_clv"].sum() == pytest.approx(1, abs=0.2)
    assert np.corrcoef(predicted, unseen["rate"])[0, 1] > 0.8


def test_tweedie_predictions_are_never_negative_even_when_returns_exceed_orders():
    table = snapshot(300).assign(actual_clv=lambda rows: rows["actual_clv"] - 3)
    booster = model.fit([table], ["rate"], OPTIONS, seed=7, threads=1)
    assert (model.predict(booster, table) >= 0).all()


def test_the_same_seed_gives_the_same_model():
    assert fitted().save_raw() == fitted().save_raw()


def test_a_customer_is_held_out_of_every_snapshot_or_of_none():
    first = model.held_out(pd.Series(["ann", "bob", "00042", "42"] * 50), 0.5, seed=7)
    assert len({tuple(first[i::4]) for i in range(4)} - {(True,) * 50, (False,) * 50}) == 0
    many = model.held_out(pd.Series([f"c{i}" for i in range(10_000)]), 0.2, seed=7)
    assert many.mean() == pytest.approx(0.2, abs=0.02)
    assert (many != model.held_out(pd.Series([f"c{i}" for i in range(10_000)]), 0.2, seed=8)).any()


def test_held_out_customers_teach_nothing():
    table = snapshot(500)
    held = model.held_out(table["customer_id"], OPTIONS["validation_share"], seed=7)
    spoilt = table.assign(actual_clv=table["actual_clv"].mask(held & (table["rate"] > 2), 1e6))
    older = [table, table]
    options = OPTIONS | {"early_stopping_rounds": 1000, "rounds": 5}
    before = model.fit([*older, table], ["rate"], options, 7, 1).save_config()
    trees = [model.fit([*some, table], ["rate"], options, 7, 1).get_dump() for some in (older, [spoilt, spoilt])]
    assert before and trees[0] == trees[1]


def test_too_few_customers_and_no_revenue_at_all_are_errors_with_the_next_move():
    with pytest.raises(InputError, match="has 30 customers, and model.min_customers=50 are needed.\nHint: "):
        model.fit([snapshot(30)], ["rate"], OPTIONS, 7, 1)
    with pytest.raises(InputError, match="Nobody brought revenue in any training label window"):
        model.fit([snapshot(100).assign(actual_clv=0.0)], ["rate"], OPTIONS, 7, 1)


def test_a_table_without_a_learnt_column_is_refused_by_name():
    with pytest.raises(InputError, match="lacks 1 columns the model learnt on: rate"):
        model.predict(fitted(), snapshot(5).drop(columns="rate"))


def test_importance_shares_add_up_to_one():
    assert model.importance(fitted()).sum() == pytest.approx(1)


def test_naive_predictions_are_the_mean_the_rate_and_the_last_horizon():
    features = pd.DataFrame({"revenue_per_day": np.array([2.0, -1.0], "float32")})
    found = naive.predictions(features, training_mean=5.0, last_horizon=np.array([7.0, 0.0]), horizon_days=30)
    assert {name: values.tolist() for name, values in found.items()} == {
        "naive_mean": [5, 5],
        "naive_rate": [60, 0],
        "naive_last": [7, 0],
    }
