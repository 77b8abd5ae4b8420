"""The business by week: what is counted, and what stands beside it."""

import datetime as dt
import math

import duckdb
import pandas as pd

from clv.features import by_week

UNTIL = dt.date(2025, 7, 1)


def purchases(*rows):
    """(customer, days before UNTIL, revenue, orders) ..."""
    table = pd.DataFrame(rows, columns=["customer_id", "days", "revenue", "orders"])
    days = pd.to_datetime(UNTIL) - pd.to_timedelta(table.pop("days"), "D")
    return duckdb.connect().from_df(table.assign(order_date=days.dt.date))


def test_a_week_counts_orders_revenue_and_who_ordered_for_the_first_time():
    history = purchases(
        ("ann", 1, 10.0, 1),
        ("ann", 2, 5.0, 1),
        ("bob", 7, 20.0, 1),
        ("bob", 1, -4.0, 0),
        ("ann", 30, 7.0, 1),
        ("eve", 0, 99.0, 1),
    )
    table = by_week(history, UNTIL, UNTIL - dt.timedelta(days=30), weeks=2)
    assert list(table["begin"]) == [dt.date(2025, 6, 17), dt.date(2025, 6, 24)]
    assert table[["orders", "revenue", "new_customers"]].to_numpy().tolist() == [[0, 0, 0], [3, 31, 1]]


def test_the_same_week_52_weeks_before_stands_beside_it():
    history = purchases(
        ("ann", 1, 10.0, 1), ("ann", 1 + 364, 3.0, 1), ("bob", 7 + 364, 4.0, 1), ("bob", 8 + 364, 9.0, 1)
    )
    last = by_week(history, UNTIL, dt.date(2024, 1, 1), weeks=1).iloc[0]
    assert (last["orders"], last["orders_last_year"]) == (1, 2)
    assert (last["revenue_last_year"], last["new_customers_last_year"]) == (7, 1)


def test_a_week_that_begins_before_the_history_is_not_known():
    table = by_week(purchases(("ann", 1, 10.0, 1), ("ann", 10, 10.0, 1)), UNTIL, UNTIL - dt.timedelta(days=10), weeks=2)
    assert math.isnan(table["orders"][0]) and table["orders"][1] == 1 and table["orders_last_year"].isna().all()
