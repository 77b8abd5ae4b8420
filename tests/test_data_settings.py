"""What a person can say of an export in conf/data: amounts made of columns, several files, formats, and rows that do not count."""

import duckdb
import pytest

from clv import data
from clv.errors import InputError

NAMES = {"customer_id": "customer_id", "order_date": "order_date", "revenue": "revenue"}


def read(path, columns=None, **settings):
    contract = data.Contract(NAMES | (columns or {}), "2012-01-01", **settings)
    return data.read(str(path), contract, duckdb.connect())


def written(folder, *lines, name="sales.csv"):
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_text("".join(f"{line}\n" for line in lines))
    return path


def sums(history):
    """Net revenue by customer."""
    query = "SELECT customer_id, SUM(revenue) FROM purchases GROUP BY 1 ORDER BY 1"
    return {customer: float(net) for customer, net in history.purchases.query("purchases", query).fetchall()}


def refused(path, **settings):
    with pytest.raises(InputError) as error:
        read(path, **settings)
    return str(error.value).replace(f"{path.parent}/", "")


LINES = {"quantity": "qty", "unit_price": "price"}


def test_revenue_is_the_product_of_quantity_and_unit_price(tmp_path):
    path = written(
        tmp_path,
        "customer_id,order_date,qty,price",
        "ann,2011-05-01,3,2.50",
        "ann,2011-05-01,-1,2.50",
        "bob,2011-05-01,1,4",
    )
    history = read(path, LINES)
    assert sums(history) == {"ann": 5.0, "bob": 4.0} and history.quality.return_rows == 1


def test_a_quantity_or_price_that_cannot_be_read_is_named(tmp_path):
    rows = ("ann,2011-05-01,,2.50", "ann,2011-05-01,1,free", "ann,2011-05-01,1e6,1e6", "ann,2011-05-01,1,1")
    rejected = read(written(tmp_path, "customer_id,order_date,qty,price", *rows), LINES).rejected
    assert rejected[["column", "value", "reason"]].to_numpy().tolist() == [
        ["quantity", "", "quantity is missing"],
        ["unit_price", "free", "unit_price is not a number like -1234.50"],
        ["quantity", "1e6", "quantity makes a revenue beyond data.max_abs_revenue=1e+09"],
    ]


def test_quantity_without_a_unit_price_is_refused(tmp_path):
    path = written(tmp_path, "customer_id,order_date,qty,price", "ann,2011-05-01,3,2.50")
    assert refused(path, columns={"quantity": "qty"}) == (
        "[MISSING_COLUMN] data.columns.quantity is named and data.columns.unit_price is not: revenue is the product of both, "
        "sales.csv -- fix: data.columns.unit_price=NAME, or data.columns.quantity=null"
    )


def test_a_refund_is_subtracted_whatever_its_sign_and_an_order_refunded_whole_is_no_order(tmp_path):
    rows = ("ann,2011-05-01,10,10", "bob,2011-05-01,10,-4", "eve,2011-05-01,10,", "kim,2011-05-01,10,x")
    history = read(written(tmp_path, "customer_id,order_date,revenue,back", *rows), {"refund": "back"})
    assert sums(history) == {"ann": 0.0, "bob": 6.0, "eve": 10.0} and history.quality.customers_with_an_order == 2
    assert history.rejected["reason"].tolist() == ["refund is not a number like -1234.50"]


HEADER = "customer_id,order_date,revenue"


@pytest.mark.parametrize("path", ["year", "year/*.csv", "year/a.csv;year/b.csv", "~/year"])
def test_several_files_are_one_history(tmp_path, path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    written(tmp_path, HEADER, "ann,2011-05-01,1", "bob,2011-05-01,2", name="year/a.csv")
    written(tmp_path, "revenue,customer_id,order_date", "4,ann,2011-05-02", "8,bob,soon", name="year/b.csv")
    written(tmp_path, "not a table", name="year/.hidden")
    history = read(path)
    assert sums(history) == {"ann": 5.0, "bob": 2.0}
    assert history.rejected["file"].str.endswith("year/b.csv").all() and history.rejected["line"].tolist() == [3]
    assert len(history.quality.sha256) == 64


def test_files_with_other_columns_are_refused(tmp_path):
    written(tmp_path, HEADER, "ann,2011-05-01,1", name="year/a.csv")
    written(tmp_path, HEADER + ",note", "ann,2011-05-01,1,x", name="year/b.csv")
    assert refused(tmp_path / "year").replace("year/", "") == (
        "[MIXED_HEADERS] the files have different columns: note not in all, b.csv -- fix: point data.path at files of one export, "
        "or read them one by one"
    )


def test_what_is_wrong_with_one_of_several_files_is_said_of_that_file(tmp_path):
    written(tmp_path, HEADER, "ann,2011-05-01T12:00Z,1", "bob,2011-05-01T12:00Z,1", name="year/a.csv")
    written(tmp_path, HEADER, "ann,2011-05-01T12:00+02:00,1", "bob,2011-05-01T12:00Z,1", name="year/b.csv")
    assert ", year/b.csv:2, order_date -- fix" in refused(tmp_path / "year")
    history = read(tmp_path / "year", timezone="UTC", decimal=",")
    limits = data.Limits(0, 10, 1, 1, 1)
    assert data.refusal(history, limits, "year") is None
    written(tmp_path, HEADER, "ann,soon,1", name="year/c.csv")
    message = str(data.refusal(read(tmp_path / "year", timezone="UTC"), limits, "year"))
    assert "year/c.csv:2, order_date -- fix" in message


def test_a_json_line_that_is_not_an_object_is_refused_by_its_line(tmp_path):
    path = written(tmp_path, '{"customer_id": "a", "order_date": "2011-05-01", "revenue": 1}', "", '{"customer_id": ')
    assert refused(path) == (
        "[RAGGED_ROW] the line is not a JSON object: '{\"customer_id\": ', sales.csv:3 -- fix: write one object a line, or export it as CSV"
    )


def test_a_row_beyond_the_widths_is_refused_by_its_line(tmp_path):
    path = written(tmp_path, "a  2011-05-01 1", "b  2011-05-01 12")
    columns = {"customer_id": "1", "order_date": "2", "revenue": "3"}
    assert refused(path, columns=columns, widths=(3, 10, 2)) == (
        "[RAGGED_ROW] the row has 16 characters, and data.widths has 15, sales.csv:2 -- fix: data.widths with the width of every field"
    )


def test_a_header_below_a_title_is_found_for_the_fix(tmp_path):
    path = written(tmp_path, "Sales of 2011", "", HEADER, "ann,2011-05-01,1")
    assert refused(path).endswith(", sales.csv:1 -- fix: data.skip_rows=2: the header stands below")
    assert sums(read(path, skip_rows=2)) == {"ann": 1.0}


def test_a_zip_archive_of_several_files_is_refused_with_their_names(tmp_path):
    import zipfile

    with zipfile.ZipFile(tmp_path / "sales.zip", "w") as archive:
        archive.writestr("a.csv", HEADER)
        archive.writestr("b.csv", HEADER)
    assert refused(tmp_path / "sales.zip") == (
        "[NOT_A_TABLE] the zip archive holds 2 files: a.csv, b.csv, sales.zip -- fix: unpack it into a folder, and point data.path at the folder"
    )


def test_an_encoding_without_a_meaning_is_refused(tmp_path):
    assert refused(written(tmp_path, HEADER), encoding="klingon") == (
        "[WRONG_ENCODING] data.encoding=klingon is not the name of an encoding, sales.csv -- fix: data.encoding=cp1252, for example"
    )


def test_currency_signs_and_float_ids_that_were_read_are_counted(tmp_path):
    history = read(
        written(tmp_path, HEADER, '17850.0,2011-05-01,"$1.50"', "17851.0,2011-05-01,2.50 $", "17850.0,2011-05-02,€1")
    )
    assert sums(history) == {"17850": 1.5, "17851": 2.5}
    assert history.quality.normalisations == {"ids_floats": 3, "revenue_without_currency_sign": 2}
    assert history.rejected["value"].tolist() == ["€1"]
