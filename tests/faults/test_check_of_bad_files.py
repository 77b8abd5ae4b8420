"""`check` on files that nobody meant to write: it proposes something, or it says what is wrong and what to do; it never breaks."""

import datetime as dt
import gzip
import io
import json
import random
import re
from dataclasses import replace

import pandas as pd
import pytest
from bad_files import GOOD, NAMES, all_files, table
from helpers import composed

from clv import settings
from clv.errors import Code, InputError
from clv.outcome import Run
from clv.steps.checking import check

NOW = dt.datetime(2026, 11, 27, tzinfo=dt.UTC)
CONFIG = composed()
HEADER = ",".join(NAMES) + "\n"
PLAIN = table(GOOD[:120])
ORDERS = [{"customer": a, "day": b, "total": c} for a, b, c in GOOD[:120]]


def checked(path, folder):
    """The refusal of a path, or None; every refusal says what, where and what to do, in one line."""
    config = replace(CONFIG, data=replace(CONFIG.data, path=str(path)), check=replace(CONFIG.check, folder=str(folder)))
    try:
        error = check(Run(config, NOW, folder), settings.history(config, NOW)).refused
    except InputError as refusal:
        error = refusal
    if error is not None:
        assert isinstance(error, InputError) and re.fullmatch(r"\[[A-Z_]+\] [^\n]+ -- fix: [^\n]+", str(error))
    return error


def json_lines(rows):
    return "".join(json.dumps(row) + "\n" for row in rows)


def parquet(table_of_rows):
    file = io.BytesIO()
    table_of_rows.to_parquet(file)
    return file.getvalue()


def workbook(table_of_rows):
    file = io.BytesIO()
    table_of_rows.to_excel(file, index=False)
    return file.getvalue()


PARQUET = parquet(pd.DataFrame(GOOD[:120], columns=NAMES))
WORKBOOK = workbook(pd.DataFrame(GOOD[:120], columns=NAMES))
ODD = {
    "a header alone": HEADER,
    "a header without its line end": HEADER[:-1],
    "one row": HEADER + "a,2024-01-02,5.50\n",
    "one column": "customer\n" + "a\nb\n" * 30,
    "no column names": ",,\n" + PLAIN.split("\n", 1)[1],
    "no column names, no values": ",,\n" * 30,
    "one name for all columns": "a,a,a\n" + PLAIN.split("\n", 1)[1],
    "quotes and line ends in names": '"customer ""id""","order\ndate","revenue, ${net}"\n' + PLAIN.split("\n", 1)[1],
    "quotes alone": '"' * 500,
    "a title alone": "Report of sales\n\n",
    "a NUL": PLAIN[:900] + "\0" + PLAIN[900:],
    "no day": PLAIN.replace("-", ""),
    "JSON of nothing": "{}\n" * 30,
    "JSON cut short": "{",
    "JSON of quoted keys": json_lines({'customer "id"': a, "order'date": b, "$.revenue": c} for a, b, c in GOOD[:120]),
    "JSON of keys that differ by case": json_lines({"Day": 1, **row} for row in ORDERS),
    "JSON of other keys in each line": json_lines({f"key{n}": 1, **row} for n, row in enumerate(ORDERS)),
    "JSON of all kinds of values": json_lines(
        {**row, "total": [row["total"], {"a": 1}, None, True, "\ud800"][n % 5]} for n, row in enumerate(ORDERS)
    ),
    "JSON beyond any depth": '{"a":' * 2000 + "1" + "}" * 2000 + "\n",
    "JSON and other lines": json_lines(ORDERS) + "[1, 2]\n3\n",
    "Parquet without rows": parquet(pd.DataFrame([], columns=NAMES)),
    "Parquet without columns": parquet(pd.DataFrame()),
    "Parquet of quoted names": parquet(pd.DataFrame(GOOD[:120], columns=['a "b"', "order'date", "revenue"])),
    "Parquet cut short": PARQUET[:-40],
    "a workbook without rows": workbook(pd.DataFrame()),
    "a workbook that is damaged": WORKBOOK[: len(WORKBOOK) // 2] + b"?" * 40 + WORKBOOK[len(WORKBOOK) // 2 + 40 :],
    "a workbook cut short": WORKBOOK[:-400],
}


@pytest.mark.parametrize("content", ODD.values(), ids=ODD)
def test_check_never_breaks_on_an_odd_file(tmp_path, content):
    path = tmp_path / "sales"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    checked(path, tmp_path)


def test_check_never_breaks_on_the_files_that_the_contract_meets(tmp_path, told):
    path, files = tmp_path / "sales", all_files()[::14]
    for file in files:
        path.write_bytes(file.content)
        checked(path, tmp_path)
    told(
        "`check` on a file that the outside world wrote",
        f"{len(files)} files",
        "a proposal or one line of refusal each",
    )


def test_check_never_breaks_on_mutations_of_good_files(tmp_path, told):
    path, dice = tmp_path / "sales", random.Random(11)
    for good in (PLAIN.encode(), gzip.compress(PLAIN.encode()), PARQUET, WORKBOOK, json_lines(ORDERS).encode()):
        for _ in range(9):
            at, to = sorted(dice.sample(range(len(good)), 2))
            wrong = dice.choice([b'"', b"\0", b"\n", b"\xff", b"", dice.randbytes(5), good[at:to]])
            path.write_bytes(good[:at] + wrong + good[dice.choice([at, at + 1, to]) :] or b"?")
            checked(path, tmp_path)
    told(
        "`check` on a file that was cut, flipped or spliced",
        "45 files of 5 formats",
        "a proposal or one line of refusal each",
    )


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (PLAIN, PLAIN.replace("\n", ",1\n")),
        (PLAIN, PLAIN.split("\n", 1)[1]),
        (PLAIN, parquet(pd.DataFrame(GOOD[:9], columns=["customer_id", "day", "revenue"]))),
        (json_lines(ORDERS), json_lines({"note": "", **row} for row in ORDERS)),
    ],
)
def test_check_refuses_files_with_different_columns(tmp_path, first, second):
    folder = tmp_path / "sales"
    folder.mkdir()
    for name, content in (("a", first), ("b", second)):
        (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    error = checked(folder, tmp_path)
    assert error.code is Code.MIXED_HEADERS and error.where == f"{folder}/b"


def test_check_reads_files_whose_columns_stand_in_another_order(tmp_path):
    folder = tmp_path / "sales"
    folder.mkdir()
    turned = table([row[::-1] for row in GOOD[600:]], header=NAMES[::-1])
    for name, content in (("a.csv", table(GOOD[:600])), ("b.csv", turned)):
        (folder / name).write_text(content)
    assert checked(folder, tmp_path) is None


def test_check_looks_at_hundreds_of_columns(tmp_path):
    path, width = tmp_path / "sales.csv", 400
    names = [*(f"c{number}" for number in range(width)), *NAMES]
    path.write_text(table([("1",) * width + row for row in GOOD], header=names))
    assert checked(path, tmp_path) is None


def test_check_refuses_a_path_that_names_no_file(tmp_path):
    assert "data.path=';' names no file" in str(checked(";", tmp_path))
