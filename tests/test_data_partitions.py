"""A large history in files of some customers each."""

import hashlib
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from clv import data, progress
from clv.data import staging
from clv.errors import InputError

NAMES = ("customer_id", "order_date", "revenue")
CONTRACT = data.Contract({name: name for name in NAMES}, "2012-01-01")
ROWS = [(f"c{number % 50:02}", f"2011-05-{number % 28 + 1:02}", number % 7 - 1) for number in range(500)]
DAYS = {row[:2] for row in ROWS}


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
    assert sorted(file.name for file in folder.glob("part-*")) == [f"part-{number:05}.parquet" for number in range(3)]


def test_what_was_read_is_taken_again_and_is_the_same(path, tmp_path):
    first = read(path, tmp_path / "parts", 20)
    written = {file: file.stat().st_mtime_ns for file in (tmp_path / "parts").iterdir()}
    again = read(path, tmp_path / "parts", 20)
    assert {file: file.stat().st_mtime_ns for file in (tmp_path / "parts").iterdir()} == written
    assert again.quality == first.quality
    assert [part.fetchall() for part in again.partitions] == [part.fetchall() for part in first.partitions]
    pd.testing.assert_frame_equal(again.rejected, first.rejected)
    pd.testing.assert_frame_equal(again.faults, first.faults)


def test_a_reading_that_was_cut_short_is_begun_anew(path, tmp_path):
    read(path, tmp_path / "parts", 20)
    (tmp_path / "parts/read.json").unlink()
    (tmp_path / "parts/part-00002.parquet").write_bytes(b"PAR1")
    assert len(read(path, tmp_path / "parts", 20).purchases.fetchall()) == len(DAYS)


@pytest.mark.parametrize("change", ["bytes", "contract", "customers"])
def test_nothing_is_taken_of_another_history(path, tmp_path, change):
    read(path, tmp_path / "parts", 20)
    if change == "bytes":
        Path(path).write_text(Path(path).read_text().replace("c00,", "c50,"))
    contract = data.Contract(CONTRACT.columns, "2012-01-01", "2011-05-02") if change == "contract" else CONTRACT
    partitioning = data.Partitioning(tmp_path / "parts", 10 if change == "customers" else 20)
    read_now = data.read(path, contract, duckdb.connect(), partitioning)
    anew = data.read(path, contract, duckdb.connect())
    assert read_now.quality == anew.quality
    assert sorted_rows(read_now.purchases) == sorted_rows(anew.purchases)
    assert len(read_now.partitions) == (5 if change == "customers" else 3)


DIRTY = {
    "blanks": lambda line, text: f" {text}" if line % 2 else text,
    "formulas": lambda line, text: f'="{text}"',
    "unreadable": lambda line, text: "" if line % 50 == 0 else text,
}


@pytest.mark.parametrize("dirty", DIRTY)
@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_rows_that_wait_in_files_are_read_as_in_memory(tmp_path, monkeypatch, dirty, kind):
    texts = [
        (DIRTY[dirty](line, f"c{line * 7 % 50:02}"), f"2011-05-{line % 28 + 1:02}", f"{line % 9}.5")
        for line in range(500)
    ]
    table, files = pd.DataFrame(texts, columns=list(NAMES)), tmp_path / "files"
    files.mkdir()
    for number, rows in enumerate((table[:300], table[300:])):
        if kind == "csv":
            rows.to_csv(files / f"{number}.csv", index=False)
        else:
            rows.to_parquet(files / f"{number}.parquet", index=False)
    whole = data.read(str(files), CONTRACT, duckdb.connect())
    monkeypatch.setattr(staging, "MOST", 100)
    cut = read(str(files), tmp_path / "parts", 9)
    assert len(cut.partitions) == 6
    assert cut.quality == whole.quality
    assert sorted_rows(cut.purchases) == sorted_rows(whole.purchases)
    pd.testing.assert_frame_equal(cut.rejected, whole.rejected)
    pd.testing.assert_frame_equal(cut.faults, whole.faults)
    assert not (tmp_path / "parts/rows").exists()


def test_a_history_that_is_refused_leaves_no_files(tmp_path, monkeypatch):
    file = tmp_path / "history.csv"
    file.write_text(",".join(NAMES) + "\n" + "ann,2011-05-01,1\n" * 500_000 + "ann,2011-05-01\n")
    monkeypatch.setattr(staging, "MOST", 100)
    with pytest.raises(InputError, match="RAGGED_ROW"):
        read(str(file), tmp_path / "parts", 20)
    assert not (tmp_path / "parts").exists()


def test_the_reading_says_how_far_it_is(path, tmp_path):
    said = []

    class Count:
        def __init__(self, what, total):
            self.what, self.total, self.number = what, total, 0
            said.append(self)

        def done(self, note=""):
            self.number += 1

        def end(self):
            pass

    Path(path).write_text(Path(path).read_text() + "c01,2011-05-01,1\n" * 600_000)
    with progress.heard_by(Count):
        read(path, tmp_path / "parts", 20)
    assert [(each.what, each.number, each.total) for each in said] == [
        ("blocks of 4 MB", 2, 2),
        ("judging distinct texts", 0, None),
        ("partitions", 3, 3),
    ]


def test_nothing_of_a_refused_history_is_counted_with_the_next_one(path):
    connection = duckdb.connect()
    with pytest.raises(InputError, match="CONDITION"):
        data.read(path, data.Contract(CONTRACT.columns, "2012-01-01", where="revenue > 99"), connection)
    assert data.read(path, CONTRACT, connection).quality == data.read(path, CONTRACT, duckdb.connect()).quality
