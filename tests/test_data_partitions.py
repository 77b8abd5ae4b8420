"""A large history in files of some customers each."""

import hashlib
from pathlib import Path

import duckdb
import pytest

from clv import data

NAMES = ("customer_id", "order_date", "revenue")
CONTRACT = data.Contract({name: name for name in NAMES}, "2012-01-01")
ROWS = [(f"c{number % 50:02}", f"2011-05-{number % 28 + 1:02}", number % 7 - 1) for number in range(500)]


@pytest.fixture
def path(tmp_path):
    file = tmp_path / "history.csv"
    file.write_text("\n".join([",".join(NAMES), *(",".join(map(str, row)) for row in ROWS)]) + "\n")
    return str(file)


def read(path, folder, customers):
    return data.read(path, CONTRACT, duckdb.connect(), data.Partitioning(folder, customers))


def sorted_rows(purchases):
    return purchases.order("customer_id, order_date").fetchall()


def test_a_history_with_as_many_customers_as_a_partition_stays_a_table(path, tmp_path):
    history = read(path, tmp_path / "parts", 50)
    assert [sorted_rows(part) for part in history.partitions] == [sorted_rows(history.purchases)]
    assert not (tmp_path / "parts").exists()


def test_a_larger_history_is_cut_by_the_digest_of_the_customer(path, tmp_path):
    history = read(path, tmp_path / "parts", 20)
    parts = [part.fetchall() for part in history.partitions]
    assert len(parts) == 3
    for number, rows in enumerate(parts):
        assert {int(hashlib.md5(row[0].encode()).hexdigest()[:8], 16) * 3 // data.DRAWS for row in rows} == {number}
        assert rows == sorted(rows)


def test_the_purchases_are_the_same_however_they_are_cut(path, tmp_path):
    whole, cut = data.read(path, CONTRACT, duckdb.connect()), read(path, tmp_path / "parts", 10)
    assert sorted_rows(cut.purchases) == sorted_rows(whole.purchases)
    assert cut.quality == whole.quality
    assert cut.purchases.types == whole.purchases.types


def test_the_folder_of_the_partitions_is_private(path, tmp_path):
    folder: Path = tmp_path / "parts"
    read(path, folder, 20)
    assert folder.stat().st_mode & 0o777 == 0o700
    assert sorted(file.name for file in folder.glob("*.parquet")) == [
        f"part-{number:05}.parquet" for number in range(3)
    ]
