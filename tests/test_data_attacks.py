"""Files that were read wrongly without a word: each is refused or warned of, and the honest file beside it is read."""

import gzip
import zipfile

import duckdb
import pytest

from clv import data
from clv.data import container
from clv.errors import InputError

COLUMNS = {"customer_id": "customer_id", "order_date": "order_date", "revenue": "revenue"}
LIMITS = data.Limits(0.01, 10000, 0.01, 0.002, 0.001)


def read(folder, *lines, **settings):
    path = folder / "history.csv"
    path.write_text("\n".join(["customer_id,order_date,revenue", *lines]) + "\n")
    return data.read(str(path), data.Contract(COLUMNS, "2026-01-01", **settings), duckdb.connect())


def reasons(history):
    return dict(zip(history.rejected["value"], history.rejected["reason"], strict=True))


def test_a_soft_hyphen_before_an_amount_may_have_been_a_minus(tmp_path):
    history = read(tmp_path, "c1,2025-01-01,100.00", "c1,2025-02-01,\xad40.00", "c2,2025-03-01,10.00")
    assert reasons(history) == {"\xad40.00": "revenue is not a number like -1234.50"}


def test_a_dated_subtotal_is_no_purchase_and_neither_is_the_sum_of_all(tmp_path):
    rows = ["c1,2025-01-01,100.00", "c1 Total,2025-12-31,100.00", "c2,2025-01-01,10.00"]
    totals = ["Subtotal c2,2025-12-31,10.00", "Grand Total,2025-12-31,110.00"]
    history = read(tmp_path, *rows, *totals)
    assert set(reasons(history)) == {"c1 Total", "Subtotal c2", "Grand Total"}
    assert set(reasons(history).values()) == {"customer_id is a total of other rows"}
    assert data.refusal(history, LIMITS, "history.csv") is not None
    honest = read(tmp_path, "Total,2025-01-01,1", "Sum Ltd,2025-01-01,1", "Ann Total,2025-01-01,1")
    assert reasons(honest) == {} and "words for nothing, for example Total" in str(data.warnings(honest, LIMITS))


def test_ids_that_a_spreadsheet_cut_at_fifteen_digits_are_refused(tmp_path):
    with pytest.raises(InputError, match=r"\[FLOAT_IDS\] 3 rows have ids that all end in zeros behind the 15th digit"):
        read(
            tmp_path,
            *(f"{name},2025-01-01,1.00" for name in ("1234567890123450", "1234567890123450", "1234567890123460")),
        )
    for ids in (["1234567890123450", "1234567890123461"], ["1234567890123450"], ["123456789012340", "123456789012350"]):
        assert read(tmp_path, *(f"{name},2025-01-01,1.00" for name in ids)).quality.customers == len(ids)


def test_an_amount_that_four_decimals_make_nothing_is_set_aside_and_one_that_they_change_is_counted(tmp_path):
    history = read(
        tmp_path,
        "c1,2025-01-01,0.00004",
        "c2,2025-01-01,0.00031234",
        "c3,2025-01-01,19.990000001",
        "c4,2025-01-01,0.000",
    )
    assert reasons(history) == {"0.00004": "revenue is not 0, and too small for four decimals"}
    assert "2 rows (50.0%) have an amount that four decimals change by more than .1 %" in str(
        data.warnings(history, LIMITS)
    )
    assert "four decimals" not in str(data.warnings(read(tmp_path, "c1,2025-01-01,19.990000001"), LIMITS))


def test_a_header_that_comes_again_and_again_takes_no_longer_query(tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(
        "clv.data.values.render",
        lambda *query, render=data.values.render, **values: asked.append(render(*query, **values)) or asked[-1],
    )
    history = read(tmp_path, "c1,2025-01-01,5.00", *["customer_id,order_date,revenue"] * 2_000)
    assert len(history.rejected) == 2_000 and set(history.rejected["reason"]) == {"customer_id repeats the header"}
    assert max(map(len, asked)) < 10_000


@pytest.mark.parametrize("packed", ["history.csv.gz", "history.zip", "history.xlsx"])
def test_a_file_that_unpacks_to_far_more_than_it_is_is_refused(tmp_path, monkeypatch, packed):
    monkeypatch.setattr(container, "_INFLATED", 1 << 20)
    path, text = tmp_path / packed, b"customer_id,order_date,revenue\n" + b"c1,2025-01-01,5.00\n" * 200_000
    if packed.endswith("gz"):
        path.write_bytes(gzip.compress(text))
    else:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("xl/workbook.xml" if packed.endswith("xlsx") else "history.csv", text)
    with pytest.raises(InputError, match=r"\[NOT_A_TABLE\] [\d,]+ bytes unpack to more than [\d,]+: this is no table"):
        data.read(str(path), data.Contract(COLUMNS, "2026-01-01"), duckdb.connect())
    monkeypatch.setattr(container, "_TIMES", 10_000)
    if not packed.endswith("xlsx"):
        assert data.read(str(path), data.Contract(COLUMNS, "2026-01-01"), duckdb.connect()).quality.rows == 200_000
