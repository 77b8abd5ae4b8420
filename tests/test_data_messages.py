"""What the input contract says of files that it refuses, of rows that it sets aside, and of what it passed over: every sentence once."""

import bz2
import gzip
import io

import duckdb
import pandas as pd
import pytest

from clv import data
from clv.data import queries
from clv.errors import InputError

HEADER = "customer_id,order_date,revenue\n"
LIMITS = data.Limits(0.01, 10000, 0.01, 0.002, 0.001)


def read(folder, content, **settings):
    path = folder / "sales.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    columns = {name: name for name in ("customer_id", "order_date", "revenue")} | settings.pop("columns", {})
    return data.read(str(path), data.Contract(columns, "2012-01-01", **settings), duckdb.connect())


def message(folder, content, **settings):
    """The refusal of the file, or of its rows."""
    try:
        history = read(folder, content, **settings)
    except InputError as error:
        return str(error).replace(f"{folder}/", "")
    return str(data.refusal(history, LIMITS, "sales.csv"))


def parquet(**columns):
    stream = io.BytesIO()
    pd.DataFrame({"customer_id": ["a"], "order_date": ["2011-05-01"], "revenue": ["1"]} | columns).to_parquet(stream)
    return stream.getvalue()


KINDS = {
    b"PK\x05\x06": "an empty zip archive",
    bz2.compress(b""): "compressed with bzip2",
    b"\xfd7zXZ\0": "compressed with xz",
    b"\x28\xb5\x2f\xfd": "compressed with zstd",
    b"\x04\x22\x4d\x18": "compressed with lz4",
    b"7z\xbc\xaf": "a 7z archive",
    b"Rar!": "a rar archive",
    b"PARE": "an encrypted Parquet file",
    b"ARROW1": "a Feather file",
    b"ORC": "an ORC file",
    b"Obj\x01": "an Avro file",
    b"%PDF-1.7": "a PDF document",
    b"x" * 257 + b"ustar": "a tar archive",
    gzip.compress(gzip.compress(b"x")): "inside its gzip another gzip or a Parquet file",
    gzip.compress(b"%PDF-1.7"): "inside its gzip a PDF document",
}


@pytest.mark.parametrize("content, kind", KINDS.items(), ids=KINDS.values())
def test_a_file_of_another_kind_is_called_by_its_kind(tmp_path, content, kind):
    assert message(tmp_path, content) == (
        f"[NOT_A_TABLE] the file is {kind}, sales.csv -- fix: export it as CSV in UTF-8, gzipped CSV or Parquet"
    )


ROW = "a,2011-05-01,1\n"
OF_FILES = {
    "blank lines": (
        "\n\n",
        {},
        "[EMPTY] the file holds no text but blank lines, sales.csv -- fix: look at what wrote it: an export has a header and a row for every order and return",
    ),
    "no rows": (
        HEADER,
        {},
        "[NO_ROWS] a header and no rows, sales.csv -- fix: check the export: every order and return belongs in it",
    ),
    "gzip cut": (
        gzip.compress(HEADER.encode())[:-9],
        {},
        "[DAMAGED_GZIP] the gzip is damaged or cut short: Compressed file ended before the end-of-stream marker was reached, sales.csv -- fix: export it as CSV in UTF-8, gzipped CSV or Parquet",
    ),
    "Windows-1252": (
        HEADER.encode() + b"Jos\xe9,2011-05-01,1\n",
        {},
        "[WRONG_ENCODING] byte b'\\xe9' is not UTF-8 text; in Windows-1252, which is likely, it is 'é', sales.csv:2 -- fix: data.encoding=cp1252, if that is the letter",
    ),
    "UTF-16 cut": (
        b"\xff\xfea",
        {},
        "[WRONG_ENCODING] byte b'a' is not UTF-16 text, sales.csv:1 -- fix: export it as CSV in UTF-8, gzipped CSV or Parquet",
    ),
    "wrong byte in UTF-16 without mark": (
        "é,b".encode("utf-16-le"),
        {},
        "[WRONG_ENCODING] byte b'\\xe9' is not UTF-8 text; the file looks like UTF-16 without its mark, sales.csv:1 -- fix: data.encoding=utf-16-le, or utf-16-be",
    ),
    "UTF-16 without mark": (
        HEADER.encode("utf-16-le"),
        {},
        "[NUL_BYTE] a NUL byte: the file is UTF-16 without its mark, sales.csv:1 -- fix: export it as CSV in UTF-8, gzipped CSV or Parquet",
    ),
    "NUL": (
        HEADER + ROW + "b\0,2011-05-01,1\n",
        {},
        "[NUL_BYTE] a NUL byte: the file is damaged, sales.csv:3 -- fix: export it as CSV in UTF-8, gzipped CSV or Parquet",
    ),
    "HTML": (
        "<html><body>log in</body></html>",
        {},
        "[NOT_A_TABLE] the file is HTML or XML, not a table, sales.csv:1 -- fix: export the table itself, as CSV, gzipped CSV or Parquet",
    ),
    "JSON": (
        '[{"customer_id": 1}]',
        {},
        "[NOT_A_TABLE] the file is JSON, not a table, sales.csv:1 -- fix: export the table itself, as CSV, gzipped CSV or Parquet, or as JSON lines",
    ),
    "long line": (
        "x" * 5_000_000,
        {},
        "[NOT_A_TABLE] a line of more than 4,194,304 characters, sales.csv:1 -- fix: repair that line, or export the file again",
    ),
    "value as header": (
        ROW,
        {},
        "[NO_HEADER] the first line is not a header: '2011-05-01' is a value, sales.csv:1 -- fix: write a header with the names of the columns as the first line, or give their numbers: data.columns.customer_id=1",
    ),
    "strangers": (
        "who,when\na,b\n",
        {},
        "[MISSING_COLUMN] there are no columns 'customer_id' and 'order_date' and 'revenue'; the columns are: who, when, sales.csv:1 -- fix: data.columns.customer_id=NAME data.columns.order_date=NAME data.columns.revenue=NAME name the right ones; data.delimiter=SIGN where another than , ; | or a tab stands between values",
    ),
    "missing": (
        "customer_id,when,revenue\n" + ROW,
        {},
        "[MISSING_COLUMN] there is no column 'order_date'; the columns are: customer_id, when, revenue, sales.csv:1 -- fix: data.columns.order_date=NAME names the right one",
    ),
    "doubled": (
        "customer_id,order_date,revenue,Revenue\n",
        {},
        "[DOUBLED_COLUMN] there are 2 columns 'revenue', sales.csv:1 -- fix: rename or remove one",
    ),
    "named twice": (
        HEADER + ROW,
        {"columns": {"revenue": "order_date"}},
        "[DOUBLED_COLUMN] two of data.columns name one column, sales.csv:1 -- fix: name a column of its own for each",
    ),
    "quote in header": (
        '""' + HEADER + ROW,
        {},
        "[OPEN_QUOTE] a quote in the header where none can stand, sales.csv:1 -- fix: repair that line, or export the file again",
    ),
    "ragged": (
        HEADER + ROW + "b,2011-05-01,1,2\n",
        {},
        "[RAGGED_ROW] the row has 4 fields where 3 belong; the delimiter is ',', sales.csv:3 -- fix: repair that line, or export the file again; a value that holds the delimiter stands in quotes",
    ),
    "open": (
        HEADER + 'a,"2011-05-01,1\n',
        {},
        "[OPEN_QUOTE] a quote in the row that begins here is never closed, sales.csv:2 -- fix: repair that line, or export the file again",
    ),
    "stray": (
        HEADER + 'a"b"c,2011-05-01,1\n',
        {},
        "[OPEN_QUOTE] a quote where none can stand, or that is not closed, sales.csv:2 -- fix: repair that line, or export the file again; a quote inside a value is written twice, and the value in quotes",
    ),
    "swallowed": (
        HEADER.replace("e\n", "e,note\n") + 'a,2011-05-01,1,"x\nb,2011-05-02,2,y"\n',
        {},
        "[OPEN_QUOTE] a quote that opens here and closes on line 3 holds whole rows, sales.csv:2 -- fix: repair that line, or export the file again",
    ),
    "second header": (
        HEADER + ROW + "revenue,customer_id,order_date\n",
        {},
        "[MIXED_HEADERS] a second header with its columns in another order: two files were joined, sales.csv:3 -- fix: export them one by one, and join them by name",
    ),
    "cut amounts": (
        HEADER.replace("e\n", "e,coupon,\n") + "a,2011-05-01,12,50,\n",
        {},
        "[AMBIGUOUS_REVENUE] revenue and a column beside it are whole numbers, and not every column has a name: a decimal comma without quotes?, sales.csv:2, revenue -- fix: give every column a name in the header; write 12.50, or '12,50' in double quotes",
    ),
    "float ids": (
        HEADER + "17850.0,2011-05-01,1\nx,2011-05-01,1\n",
        {},
        "[FLOAT_IDS] 1 rows have ids that a tool turned into floats, for example '17850.0', sales.csv:2, customer_id -- fix: export customer_id as text; the lost digits cannot be guessed",
    ),
    "one sign": (
        HEADER + ROW,
        {"decimal": ",", "thousands": ","},
        "[THOUSANDS] data.decimal=, and data.thousands=, are one sign, sales.csv -- fix: data.thousands=null, or another sign",
    ),
    "zone": (
        HEADER + ROW,
        {"timezone": "Mars/Base"},
        "[TIMEZONE] data.timezone=Mars/Base is not known, sales.csv -- fix: a name like Europe/Berlin",
    ),
    "format with offsets": (
        HEADER + ROW,
        {"date_format": "%Y-%m-%d %z"},
        "[MIXED_OFFSETS] data.date_format=%Y-%m-%d %z reads UTC offsets, and nothing says whose days count, sales.csv -- fix: data.timezone=Europe/Berlin, or whose days count",
    ),
    "bad format": (
        HEADER + ROW,
        {"date_format": "%Y-%m-%d %"},
        "[DATE_FORMAT] data.date_format='%Y-%m-%d %' or data.timezone=None is not understood: Invalid Input Error: Failed to parse format specifier %Y-%m-%d %: Trailing format character %, sales.csv -- fix: a format like %d/%m/%Y, a zone like Europe/Berlin",
    ),
    "offsets": (
        HEADER + "a,2011-05-01T12:00Z,1\na,2011-05-02,1\n",
        {},
        "[MIXED_OFFSETS] time stamps of 2 UTC offsets (or of none) beside one another: 1 rows like '2011-05-01T12:00Z', 1 rows like '2011-05-02', sales.csv:3, order_date -- fix: data.timezone=Europe/Berlin, or whose days count",
    ),
    "parquet damaged": (
        b"PAR1",
        {},
        "[DAMAGED_PARQUET] the Parquet file is damaged: Parquet file size is 4 bytes, smaller than the minimum file footer (8 bytes), sales.csv -- fix: export it again, as Parquet or as CSV in UTF-8",
    ),
    "parquet float ids": (
        parquet(customer_id=[1.5]),
        {},
        "[FLOAT_IDS] customer_id is a column of DOUBLE: a tool turned the ids into floats, sales.csv, customer_id -- fix: export customer_id as text; the lost digits cannot be guessed",
    ),
    "parquet epochs": (
        parquet(order_date=[1319025600]),
        {},
        "[DATE_FORMAT] order_date is a column of BIGINT, which could count days, seconds or anything else, sales.csv, order_date -- fix: data.date_format=excel, unix, unix_ms, or %Y%m%d where it is written so; else export order_date as a date",
    ),
    "parquet flags": (
        parquet(revenue=[True]),
        {},
        "[COLUMN_TYPE] revenue is a column of BOOLEAN, sales.csv, revenue -- fix: export revenue as text, or as a number or date that it is",
    ),
    "parquet flags as ids": (
        parquet(customer_id=[True]),
        {},
        "[COLUMN_TYPE] customer_id is a column of BOOLEAN, sales.csv, customer_id -- fix: export customer_id as text, or as a number or date that it is",
    ),
}
OF_ROWS = {  # behind the count and the limit
    "days of another format": (
        "a,31/12/2010,1\n",
        {},
        "[DATE_FORMAT] ... 1 x order_date is not a day written YYYY-MM-DD, first line 2: '31/12/2010', sales.csv:2, order_date -- fix: data.date_format=%d/%m/%Y",
    ),
    "days not of the format that was given": (
        "a,2010-05-01,1\n",
        {"date_format": "%d.%m.%Y"},
        "[DATE_FORMAT] ... 1 x order_date is not written as data.date_format=%d.%m.%Y, first line 2: '2010-05-01', sales.csv:2, order_date -- fix: data.date_format=%Y-%m-%d or data.date_format=%Y-%d-%m, whichever is meant",
    ),
    "days as numbers": (
        "a,1319025600,1\n",
        {},
        "[DATE_FORMAT] ... 1 x order_date is not a day written YYYY-MM-DD, first line 2: '1319025600', sales.csv:2, order_date -- fix: data.date_format=unix, if these numbers count seconds",
    ),
    "words for days": (
        "a,soon,1\n",
        {},
        "[DATE_FORMAT] ... 1 x order_date is not a day written YYYY-MM-DD, first line 2: 'soon', sales.csv:2, order_date -- fix: export order_date as YYYY-MM-DD, or data.date_format=FORMAT if strptime can read it",
    ),
    "a decimal comma": (
        'a,2011-05-01,"12,50"\n',
        {},
        "[DECIMAL_COMMA] ... 1 x revenue is not a number like -1234.50, first line 2: '12,50' (a number with a decimal comma), sales.csv:2, revenue -- fix: \"data.decimal=','\"",
    ),
    "a decimal point": (
        "a,2011-05-01,12.5\n",
        {"decimal": ","},
        "[DECIMAL_POINT] ... 1 x revenue is not a number like -1234,50, first line 2: '12.5' (a number with a decimal point), sales.csv:2, revenue -- fix: data.decimal=. and data.thousands=null",
    ),
    "separated thousands": (
        'a,2011-05-01,"1,234.50"\n',
        {},
        "[THOUSANDS] ... 1 x revenue is not a number like -1234.50, first line 2: '1,234.50' (a number with separated thousands), sales.csv:2, revenue -- fix: \"data.thousands=','\"",
    ),
    "percentages": (
        "a,2011-05-01,5%\n",
        {},
        "[PERCENT] ... 1 x revenue is not a number like -1234.50, first line 2: '5%' (a percentage), sales.csv:2, revenue -- fix: export revenue as plain numbers",
    ),
    "parentheses": (
        "a,2011-05-01,(5.00)\n",
        {},
        "[MINUS_STYLE] ... 1 x revenue is not a number like -1234.50, first line 2: '(5.00)' (a negative number of accountants), sales.csv:2, revenue -- fix: data.negative_style=parentheses",
    ),
    "lakhs": (
        'a,2011-05-01,"1,23,456.00"\n',
        {},
        "[THOUSANDS] ... 1 x revenue is not a number like -1234.50, first line 2: '1,23,456.00' (lakhs and crores), sales.csv:2, revenue -- fix: export revenue as plain numbers, without separators",
    ),
    "a point at the end": (
        "a,2011-05-01,15.\n",
        {},
        "[DECIMAL_POINT] ... 1 x revenue is not a number like -1234.50, first line 2: '15.' (a number that ends with its point), sales.csv:2, revenue -- fix: export revenue as plain numbers, 15 or 15.00",
    ),
    "exponents of Fortran": (
        "a,2011-05-01,1.5D+01\n",
        {},
        "[DECIMAL_POINT] ... 1 x revenue is not a number like -1234.50, first line 2: '1.5D+01' (an exponent of Fortran), sales.csv:2, revenue -- fix: export revenue as plain numbers, or with an E",
    ),
    "other digits": (
        "a,2011-05-01,١٥\n",
        {},
        "[DECIMAL_POINT] ... 1 x revenue is not a number like -1234.50, first line 2: '١٥' (digits that are not 0 to 9), sales.csv:2, revenue -- fix: export revenue as plain numbers, with the digits 0 to 9",
    ),
    "a currency": (
        "a,2011-05-01,$5.00\nb,2011-05-01,€5.00\n",
        {},
        "[CURRENCY] ... 2 x revenue is not a number like -1234.50, first line 2: '$5.00' (a number with a currency sign that most do not carry), sales.csv:2, revenue -- fix: export revenue as plain numbers, in one currency",
    ),
    "words for amounts": (
        "a,2011-05-01,ten\n",
        {},
        "[TOO_MANY_REJECTS] ... 1 x revenue is not a number like -1234.50, first line 2: 'ten', sales.csv:2, revenue -- fix: repair the export (every such row is in data_quality/rejected_rows.csv), or raise data.max_rejected_share",
    ),
    "a damaged sign": (
        "a\ufffd,2011-05-01,1\n",
        {},
        "[TOO_MANY_REJECTS] ... 1 x customer_id holds a sign that was damaged before (U+FFFD), first line 2: 'a�', sales.csv:2, customer_id -- fix: repair the export (every such row is in data_quality/rejected_rows.csv), or raise data.max_rejected_share",
    ),
}


@pytest.mark.parametrize("content, settings, sentence", OF_FILES.values(), ids=OF_FILES)
def test_a_file_is_refused_with_what_where_and_the_fix(tmp_path, content, settings, sentence):
    assert message(tmp_path, content, **settings) == sentence


@pytest.mark.parametrize("row, settings, sentence", OF_ROWS.values(), ids=OF_ROWS)
def test_rows_that_are_all_set_aside_are_refused_with_what_they_look_like(tmp_path, row, settings, sentence):
    number = row.count("\n")
    count = f"{number} of {number} rows cannot be read, so there are no purchases (more than data.max_rejected_share=0.01): "
    assert message(tmp_path, HEADER + row, **settings) == sentence.replace("... ", count, 1)


def test_a_file_that_duckdb_cannot_hold_is_refused_in_one_line(tmp_path):
    path = tmp_path / "sales.csv"
    path.write_text(HEADER + "".join(f"c{number},2011-05-01,1\n" for number in range(100_000)))
    small = duckdb.connect(config={"memory_limit": "1MB", "temp_directory": ""})
    with pytest.raises(InputError) as error:
        data.read(str(path), data.Contract({name: name for name in HEADER.strip().split(",")}, "2012-01-01"), small)
    assert str(error.value).startswith("[UNREADABLE_FILE] DuckDB cannot read it: Out of Memory Error: ")
    assert str(error.value).endswith(" -- fix: a larger compute.memory_limit, or look at the file")


@pytest.mark.parametrize(
    "content, note",
    [
        (HEADER + "a,2011-05-01,1,\n", "a delimiter behind every row"),
        (HEADER + "1,a,2011-05-01,1\n2,a,2011-05-02,1\n", "a column of row numbers without a name"),
        ("," + HEADER + "x,a,2011-05-01,1\n", "a column without a name"),
        (
            HEADER + "a,2011-05-01,1",
            "no line end behind the last row; if it is cut short there, its revenue is wrong: look at its end, and export it again if rows are missing",
        ),
        (HEADER + "a,2011-05-01,1\n,,\n,,\n", "2 rows with nothing in any field, passed over"),
    ],
)
def test_what_was_passed_over_is_noted_and_warned_of_where_something_is_to_do(tmp_path, content, note):
    history = read(tmp_path, content)
    assert note in history.quality.notes
    assert data.warnings(history, LIMITS) == ([f"the file has {note}"] if ": " in note else [])


def test_a_last_row_that_seems_cut_is_set_aside(tmp_path):
    rejected = read(tmp_path, HEADER + "a,2011-05-01,12.50\nb,2011-05-01,12.5").rejected
    assert rejected.to_numpy().tolist() == [
        [3, "revenue", "12.5", "revenue cannot be trusted: the file ends in the middle of this row"]
    ]


def test_limits_say_what_was_lost_in_rows_revenue_and_customers(tmp_path):
    history = read(tmp_path, HEADER + "a,2011-05-01,1\nb,soon,3\n")
    lost = [(1, 9, 0.5, 1), (1, 9, 1, 0.4), (1, 0, 1, 1)]
    assert [
        str(data.refusal(history, data.Limits(*limits, 1), "s")).split("] ")[1].split(" (")[0] for limits in lost
    ] == [
        "rows with 75.00% of absolute revenue cannot be read",
        "1 of 2 customers lose every row",
        "1 of 2 rows cannot be read",
    ]
    assert data.warnings(history, LIMITS) == [
        "50.00% of the rows could not be read: the rows and the reasons are in data_quality/rejected_rows.csv",
        "75.00% of the absolute revenue could not be read: the rows and the reasons are in data_quality/rejected_rows.csv",
        "50.00% of the customers could not be read: the rows and the reasons are in data_quality/rejected_rows.csv",
    ]


def test_rows_that_repeat_and_amounts_far_out_are_warned_of(tmp_path):
    rows = "".join(f"a,2011-05-{number % 28 + 1:02d},{number}\n" for number in range(1, 200))
    history = read(tmp_path, HEADER + rows + "b,2011-05-01,90000\n" + "c,2011-05-01,1\n" * 30)
    assert data.warnings(history, LIMITS) == [
        "29 of 230 rows repeat customer, date and amount of another: order lines may; if the export was joined to itself, export it again",
        "1 rows have more than 100 times the 99th percentile of absolute revenue: look at the largest amounts of the file; a lower data.max_abs_revenue sets such rows aside",
    ]


def test_a_query_without_its_row_is_an_error_of_the_program():
    with pytest.raises(LookupError, match="no row for SELECT 1 WHERE false"):
        queries.row(duckdb.connect(), "SELECT 1 WHERE false")
