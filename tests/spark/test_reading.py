"""A table of a lake gives the purchases that the same file gives DuckDB, and sets the same rows aside."""

import datetime as dt
from dataclasses import replace
from decimal import Decimal

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from histories import all_of_them

from clv import data
from clv.data import Contract
from clv.errors import InputError, UserError

pytestmark = pytest.mark.slow
CONTRACT = Contract(
    {"customer_id": "customer_id", "order_date": "day", "revenue": "amount"}, "2026-01-01", as_of="2025-03-01"
)
BAD = [
    ("ann", "2025-01-02", "10.50", "paid"), ("\xa0ann ", "2025-01-02", "4", "paid"), ("ann", "2025-02-30", "1", "paid"), ("", "2025-01-02", "1", "paid"),
    ("bob", "2025-01-05", "-3.00", "paid"), ("bob", "2025-01-05", "nonsense", "paid"), ("eve", "2030-01-01", "5", "paid"), ("joe", "2025-03-02", "0", "paid"),
    ("guest", "2025-01-02", "7", "paid"), ("zoë", "2025-04-02", "7", "open"), ("zoe\u0308", "2025-04-02", "7.12345", "paid"), ("42", "2025-04-02", "1e3", "paid"),
    ("00042", "2025-04-02", "2e9", "paid"), ("late", None, "1", "paid"), ("ann", "2025-01-02", "10.50", "paid"),
]  # fmt: skip


@pytest.fixture
def bad(tmp_path):
    path = tmp_path / "bad.parquet"
    pd.DataFrame(BAD, columns=["customer_id", "day", "amount", "status"]).to_parquet(path, index=False)
    return str(path)


def both(session, path, contract):
    from clv import spark

    with duckdb.connect() as connection:
        one = data.read(path, contract, connection)
        kept = in_memory(one)
    return kept, spark.read(session, path, contract)


def in_memory(read):
    return read.purchases.order("customer_id, order_date").fetchall(), read.rejected, read.quality


@pytest.mark.parametrize("more", [{}, {"where": "status = 'paid'", "guest_ids": ("Guest",)}, {"margin": 0.4}])
def test_texts_are_read_and_set_aside_by_the_same_rules(session, bad, more):
    (purchases, rejected, quality), lake = both(session, bad, replace(CONTRACT, **more))
    assert purchases == sorted(map(tuple, lake.purchases.collect()))
    columns = ["column", "value", "reason"]
    assert sorted(map(tuple, rejected[columns].to_numpy())) == sorted(map(tuple, lake.rejected[columns].to_numpy()))
    not_counted = (
        "normalisations",
        "case_variants",
        "case_variants_example",
        "ids_for_nothing",
        "ids_for_nothing_example",
        "notes",
        "sha256",
    )
    mine, others = quality.as_dict(), lake.quality.as_dict()
    assert {name: others[name] for name in mine if name not in not_counted} == {
        name: mine[name] for name in mine if name not in not_counted
    }


def test_columns_with_types_are_read_as_they_are(session, tmp_path):
    path = tmp_path / "typed"
    path.mkdir()
    table = pa.table(
        {
            "customer_id": pa.array([7, 42, 7], pa.int64()),
            "day": [dt.date(2025, 1, 2)] * 3,
            "amount": [Decimal("1.50"), Decimal("2.00"), Decimal("-0.25")],
        }
    )
    pq.write_table(table, path / "rows.parquet")
    (purchases, _, _), lake = both(session, str(path), CONTRACT)
    assert purchases == sorted(map(tuple, lake.purchases.collect()))
    assert [(row[0], str(row[2])) for row in purchases] == [("42", "2.0000"), ("7", "1.2500")]


@pytest.mark.parametrize(
    "values, says",
    [
        ({"customer_id": [1.5], "day": ["2025-01-02"], "amount": ["1"]}, "FLOAT_IDS"),
        ({"customer_id": ["a"], "day": ["2025-01-02"]}, "MISSING_COLUMN"),
        ({"customer_id": [], "day": [], "amount": []}, "NO_ROWS"),
    ],
)
def test_what_is_no_table_of_purchases_is_refused_by_the_same_code(session, tmp_path, values, says):
    from clv import spark

    path = tmp_path / "rows.parquet"
    pd.DataFrame(values).to_parquet(path, index=False)
    with pytest.raises(InputError, match=says):
        spark.read(session, str(path), CONTRACT)


def test_a_name_of_the_catalog_is_a_table_and_another_one_is_named(session, bad):
    from clv import spark

    session.read.parquet(bad).createOrReplaceTempView("sales")
    assert spark.read(session, "sales", CONTRACT).quality.customers > 2
    with pytest.raises(UserError, match=r"Spark cannot read no_such_table: .*\nHint: a path of Parquet"):
        spark.read(session, "no_such_table", CONTRACT)


def test_the_panel_of_a_lake_is_the_panel_of_the_file(session, tmp_path):
    """What is estimated, and so every verdict, is estimated on the same purchases."""
    from clv import spark

    lines = str(tmp_path / "lines.parquet")
    rows = all_of_them()
    rows.project("customer_id, order_date AS day, revenue AS amount").write_parquet(lines)
    contract = replace(CONTRACT, as_of=None)
    with duckdb.connect() as connection:
        mine = data.read(lines, contract, connection, data.Partitioning(tmp_path / "mine", 1000)).partitions
        _, theirs = spark.partitions(
            spark.read(session, lines, contract), data.Partitioning(tmp_path / "theirs", 1000), connection
        )
        assert len(mine) == len(theirs) > 1
        for one, other in zip(mine, theirs, strict=True):
            assert one.order("customer_id, order_date").fetchall() == other.order("customer_id, order_date").fetchall()
