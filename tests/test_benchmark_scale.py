"""The history of benchmarks/big_history.py is a business, and what benchmarks/scale.py compares the features with has the same windows."""

import datetime as dt
from dataclasses import asdict

import duckdb
import pandas as pd
import pytest
from helpers import composed, history

from benchmarks import big_history, scale
from clv import features

LINES = 50_000


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    file = tmp_path_factory.mktemp("shop") / "shop.parquet"
    big_history.write(file, LINES)
    return file


def asked(shop, query):
    return duckdb.sql(f"SELECT {query} FROM '{shop}'").fetchall()[0]


def test_a_seed_gives_the_same_bytes_and_another_one_others(tmp_path):
    for name, seed in (("a.csv", 1), ("b.csv", 1), ("c.csv", 2)):
        big_history.write(tmp_path / name, 5000, seed)
    first, again, other = ((tmp_path / name).read_bytes() for name in ("a.csv", "b.csv", "c.csv"))
    assert first == again != other


def test_the_history_has_about_as_many_lines_as_asked_and_stands_in_the_order_of_days(shop):
    lines, customers = asked(shop, "COUNT(*), COUNT(DISTINCT customer_id)")
    assert (lines, customers) == (pytest.approx(LINES, rel=0.1), round(LINES / 7.5))
    days = pd.read_parquet(shop)["order_date"]
    assert days.is_monotonic_increasing


def test_the_history_has_a_season_returns_a_tail_and_new_customers_all_along(shop):
    december, returns = asked(shop, "AVG((MONTH(order_date) = 12)::INT), AVG((revenue < 0)::INT)")
    assert december > 1.5 / 12
    assert 0.01 < returns < 0.05
    by_customer = (
        pd.read_parquet(shop).groupby("customer_id").agg(first=("order_date", "min"), spent=("revenue", "sum"))
    )
    spent = by_customer["spent"].astype(float).sort_values(ascending=False)
    assert spent[: len(spent) // 10].sum() > 0.4 * spent.sum()
    assert pd.to_datetime(by_customer["first"]).dt.to_period("M").value_counts().min() > 50


def test_the_reference_in_pandas_has_the_windows_of_the_feature_table():
    rows = history(
        ("ann", "2011-03-01", 10.0),
        ("ann", "2011-05-20", 30.0),
        ("ann", "2011-05-30", -5.0),
        ("bob", "2011-05-31", 7.0),
    )
    definition = features.Definition.within(365, [30, 90], [30], 90, asdict(composed().features.lifecycle))
    cutoff = dt.date(2011, 6, 1)
    table = features.snapshot(features.history(rows), cutoff, definition).set_index("customer_id")
    reference = scale.in_pandas(rows.df(), pd.Timestamp(cutoff), definition).fillna(0)
    for name in ("tenure_days", "frequency", "revenue_30d", "revenue_90d", "orders_30d", "orders_90d"):
        assert reference[name].tolist() == table[name].tolist(), name
