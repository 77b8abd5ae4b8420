"""What a contact costs and brings, at every depth."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clv.evaluation import economics
from clv.evaluation.economics import Terms

LETTER = Terms(contact_cost=1.0, response=0.1, margin=0.5)  # a contact earns its cost from a CLV of 20 on
AMOUNTS = st.lists(st.floats(0, 1000), min_size=1, max_size=30)


def test_a_contact_adds_a_share_of_the_margin_of_what_a_customer_brings():
    assert LETTER.gain(np.array([100.0, 0.0])).tolist() == [5.0, 0.0]
    assert LETTER.break_even == 20.0
    assert Terms(1.0, 0.1, 0.5, worth=0.8).break_even == pytest.approx(25.0)
    assert Terms(1.0, 0.0, 0.5).break_even == np.inf


def test_the_best_depth_is_where_the_next_customer_does_not_earn_the_cost():
    assert economics.best_count(np.array([50.0, 21.0, 20.0, 3.0]), LETTER) == 2
    assert economics.best_count(np.array([19.0]), LETTER) == 0


@given(AMOUNTS)
def test_no_depth_has_more_profit_than_the_best_one(amounts):
    predicted = np.array(amounts)
    curve = economics.profit_curve(predicted, predicted, LETTER, points=len(amounts))
    best = economics.best_count(predicted, LETTER)
    assert curve["profit"].max() == pytest.approx(curve["profit"].iloc[best])
    assert curve["profit"].iloc[0] == 0


def test_the_table_of_budgets_has_at_least_one_customer_a_depth():
    table = economics.at_depths(np.array([30.0, 10.0, 50.0]), np.array([2.0, 1.0, 3.0]), LETTER, [0.01, 0.7])
    assert table.to_dict("records") == [
        {"depth": 0.01, "customers": 1, "revenue": 50.0, "cost": 1.0, "profit": pytest.approx(1.5)},
        {"depth": 0.7, "customers": 2, "revenue": 80.0, "cost": 2.0, "profit": pytest.approx(2.0)},
    ]


def test_a_ranking_that_is_right_gains_over_one_that_is_reversed_beyond_noise():
    actual = np.arange(200.0)
    table = economics.intervals(
        actual, {"right": actual, "reversed": -actual}, LETTER, [0.1], replicates=50, confidence=0.9, seed=1
    ).set_index("order")
    assert table.loc["right", ["gained", "gained_low", "gained_high"]].tolist() == [0, 0, 0]
    assert table.loc["reversed", "gained_low"] > 0
    assert table.loc["reversed", "gained"] == pytest.approx(
        table.loc["right", "profit"] - table.loc["reversed", "profit"]
    )
    assert table.loc["right", "profit_low"] < table.loc["right", "profit"] < table.loc["right", "profit_high"]


def test_the_same_seed_gives_the_same_intervals():
    actual, orders = np.arange(50.0), {"right": np.arange(50.0)}
    tables = [economics.intervals(actual, orders, LETTER, [0.1, 0.2], 30, 0.9, seed=4) for _ in range(2)]
    pd.testing.assert_frame_equal(*tables)
