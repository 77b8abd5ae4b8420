"""Where a history may lie: workbooks, databases, folders of partitions, and addresses on other machines."""

import datetime as dt
import sqlite3
import zipfile

import duckdb
import openpyxl
import pandas as pd
import pytest

from clv import data
from clv.errors import InputError

NAMES = {"customer_id": "customer_id", "order_date": "order_date", "revenue": "revenue"}
HEADER = ("customer_id", "order_date", "revenue")
QUERY = "SELECT customer_id, order_date, revenue FROM sales"


def read(path, columns=None, **settings):
    contract = data.Contract(NAMES | (columns or {}), "2012-01-01", **settings)
    return data.read(str(path), contract, duckdb.connect())


def days(history):
    """Customer, day and net revenue of every row of the purchases."""
    rows = history.purchases.query("purchases", "FROM purchases ORDER BY ALL").fetchall()
    return [(customer, str(day), float(revenue)) for customer, day, revenue, *_ in rows]


def refused(path, **settings):
    with pytest.raises(InputError) as error:
        read(path, **settings)
    return str(error.value) if isinstance(path, str) else str(error.value).replace(f"{path.parent}/", "")


def workbook(path, **sheets):
    """A workbook with these sheets; a cell that begins with = is a formula without a value."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    book.save(path)
    return path


ANN = (17850, dt.datetime(2011, 5, 1, 12, 30), 41.55)  # noqa: DTZ001  # a cell has no zone
BOB = ("00042", dt.date(2011, 5, 2), -3)


def test_a_sheet_is_read_with_its_typed_cells_and_an_id_that_is_a_number_has_no_point(tmp_path):
    path = workbook(tmp_path / "sales.xlsx", Orders=[HEADER, ANN, (), BOB])
    history = read(path)
    assert days(history) == [("00042", "2011-05-02", -3.0), ("17850", "2011-05-01", 41.55)]
    assert history.quality.rows == 2 and history.quality.sha256 == data.digest(path)


def test_formats_are_for_texts_and_a_typed_cell_needs_none(tmp_path):
    path = workbook(tmp_path / "sales.xlsx", Orders=[HEADER, ANN, ("eve", dt.date(2011, 5, 2), "1.234,50")])
    history = read(path, date_format="%d/%m/%Y", decimal=",", thousands=".")
    assert days(history) == [("17850", "2011-05-01", 41.55), ("eve", "2011-05-02", 1234.5)]


def test_title_lines_of_a_sheet_are_skipped_and_the_refusal_counts_them(tmp_path):
    path = workbook(tmp_path / "sales.xlsx", Orders=[("Sales of the year",), (), HEADER, ANN, ("", "", "x")])
    assert "fix: data.skip_rows=2: the header stands below" in refused(path)
    history = read(path, skip_rows=2)
    assert days(history) == [("17850", "2011-05-01", 41.55)] and history.rejected["line"].tolist() == [5]


def test_a_workbook_of_several_sheets_is_refused_with_their_names_and_one_or_several_can_be_chosen(tmp_path):
    path = workbook(tmp_path / "sales.xlsx", A=[HEADER, ANN], B=[HEADER, BOB, ("", "", "x")], C=[])
    assert refused(path) == (
        "[NO_SHEET] the workbook has 2 sheets with something in them: 'A', 'B', sales.xlsx -- fix: "
        "\"data.sheet='A'\" names one, or several with ; between"
    )
    assert days(read(path, sheet="B")) == [("00042", "2011-05-02", -3.0)]
    both = read(path, sheet="A; B")
    assert len(days(both)) == 2 and both.rejected[["file", "line"]].values.tolist() == [[f"{path}[B]", 3]]
    assert refused(path, sheet="D").startswith("[NO_SHEET] there is no sheet 'D'; the sheets are: 'A', 'B', 'C'")


def test_merged_cells_are_refused_where_they_hide_values(tmp_path):
    path = workbook(tmp_path / "sales.xlsx", Orders=[("", *HEADER), ("", *ANN), ("", None, *BOB[1:]), ("", *BOB)])
    book = openpyxl.load_workbook(path)
    book["Orders"].merge_cells("B2:B3")
    book.save(path)
    assert refused(path) == (
        "[CELLS] 1 times cells are merged, first B2:B3: only the first of them has a value, sales.xlsx -- fix: "
        "unmerge them and fill every row, or export the table that the sheet was made from"
    )


def test_formulas_without_a_saved_value_and_errors_are_named(tmp_path):
    path = workbook(tmp_path / "sales.xlsx", Orders=[HEADER, ANN, ("eve", ANN[1], "=1+1"), ("kim", ANN[1], "#N/A")])
    assert refused(path) == (
        "[CELLS] 2 cells hold an error, or a formula whose value was not saved, first C3, sales.xlsx, revenue -- fix: "
        "open the workbook, let it calculate, and save it"
    )


def test_a_column_of_dates_and_texts_is_refused_where_a_format_would_hide_exchanged_days_and_months(tmp_path):
    path = workbook(tmp_path / "sales.xlsx", Orders=[HEADER, ANN, ("eve", "13/05/2011", 1)])
    assert read(path).rejected["reason"].tolist() == ["order_date is not a day written YYYY-MM-DD"]
    assert refused(path, date_format="%d/%m/%Y").startswith(
        "[DATE_FORMAT] 1 cells are dates and 1 are not, like '13/05/2011': a program that takes some texts for dates may have"
    )


def test_a_workbook_in_a_zip_archive_is_read_and_one_that_is_damaged_is_refused(tmp_path):
    path = workbook(tmp_path / "sales.xlsx", Orders=[HEADER, ANN])
    with zipfile.ZipFile(tmp_path / "sales.zip", "w") as archive:
        archive.write(path, "sales.xlsx")
    assert days(read(tmp_path / "sales.zip")) == days(read(path))
    (tmp_path / "old.xls").write_bytes(b"\xd0\xcf\x11\xe0" + bytes(600))
    assert refused(tmp_path / "old.xls").startswith("[UNREADABLE_FILE] the workbook cannot be read: ")


def test_columns_of_a_condition_are_read_as_they_are_shown(tmp_path):
    rows = [(*HEADER, "status"), (*ANN, 1), (*BOB, 2)]
    assert days(read(workbook(tmp_path / "sales.xlsx", Orders=rows), where="status = '1'")) == [
        ("17850", "2011-05-01", 41.55)
    ]


ROWS = [("ann", "2011-05-01", 10.5), ("bob", "2011-05-02", 7.0), ("ann", "2011-05-02", -2.0)]


def sqlite(path):
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE sales (customer_id TEXT, order_date TEXT, revenue REAL)")
        database.executemany("INSERT INTO sales VALUES (?, ?, ?)", ROWS)
    database.close()
    return path


def duck(path):
    with duckdb.connect(str(path)) as database:
        database.execute("CREATE TABLE sales (customer_id VARCHAR, order_date TIMESTAMP, revenue DECIMAL(10,2))")
        database.executemany("INSERT INTO sales VALUES (?, ?, ?)", ROWS)
    return path


@pytest.mark.parametrize("make", [sqlite, duck])
class TestAFileOfADatabase:
    def test_it_is_read_by_its_query(self, make, tmp_path):
        path = make(tmp_path / "shop.db")
        assert days(read(path, query=QUERY)) == [
            ("ann", "2011-05-01", 10.5), ("ann", "2011-05-02", -2.0), ("bob", "2011-05-02", 7.0)
        ]  # fmt: skip

    def test_its_digest_is_that_of_the_rows_in_any_order(self, make, tmp_path):
        path = make(tmp_path / "shop.db")
        digests = [read(path, query=f"{QUERY} {more}").quality.sha256 for more in ("", "ORDER BY 2 DESC", "LIMIT 2")]
        assert digests[0] == digests[1] != digests[2]

    def test_without_a_query_it_is_refused_with_its_tables(self, make, tmp_path):
        message = refused(make(tmp_path / "shop.db"))
        assert (
            message.startswith("[DATABASE] a database needs a query; its tables are: ") and "sales, shop.db" in message
        )

    @pytest.mark.parametrize(
        "query",
        [
            "DELETE FROM sales",
            "INSERT INTO sales VALUES ('eve', '2011-05-01', 1) RETURNING *",
            f"{QUERY}; DELETE FROM sales",
            "ATTACH 'other.db' AS other",
            "COPY sales TO 'stolen.csv'",
            "SELECT * FROM read_csv('/etc/passwd')",
            "SELECT nothing FROM sales",
            "",
        ],
    )
    def test_a_query_can_only_read(self, make, query, tmp_path):
        path = make(tmp_path / "shop.db")
        assert refused(path, query=query or " ").startswith("[DATABASE] the database does not give the rows: ")
        assert len(days(read(path, query=QUERY))) == 3 and not (tmp_path / "stolen.csv").exists()


def test_a_query_for_a_file_that_is_not_a_database_is_refused(tmp_path):
    path = tmp_path / "sales.csv"
    path.write_text("customer_id,order_date,revenue\nann,2011-05-01,1\n")
    assert refused(path, query=QUERY).startswith("[DATABASE] data.query is for a database, and this is a file")


def test_a_password_in_the_address_of_a_database_is_refused_and_not_shown():
    message = refused("postgresql://ann:hunter2@127.0.0.1/shop", query=QUERY)
    assert message.startswith(
        "[DATABASE] the address of the database holds a password -- fix: leave it out, and set PGPASS"
    )
    assert "hunter2" not in message


def test_folders_named_for_values_are_columns(tmp_path):
    for country, customer in (("DE", "ann"), ("FR%2FX", "bob")):
        folder = tmp_path / "sales" / f"country={country}" / "year=2011"
        folder.mkdir(parents=True)
        table = pd.DataFrame({"customer_id": [customer], "order_date": [dt.date(2011, 5, 1)], "revenue": [1.5]})
        table.to_parquet(folder / "part-0.parquet")
    (tmp_path / "sales" / "_SUCCESS").touch()
    assert len(days(read(tmp_path / "sales"))) == 2
    assert days(read(tmp_path / "sales", where="country = 'FR/X'")) == [("bob", "2011-05-01", 1.5)]
