"""The input contract: a file of purchases is read as text, typed with reasons, and summed by customer and day."""

import csv
import gzip
import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import duckdb
import pandas as pd

from clv.errors import InputError

# A row that cannot be read gets one reason: the first of these that holds.
TYPED = r"""
CREATE OR REPLACE TABLE typed AS
WITH text AS (
  SELECT row_number() OVER () AS file_row, NULLIF(TRIM(customer_id), '') AS customer_id,
         NULLIF(TRIM(order_date), '') AS date_text, NULLIF(TRIM(revenue), '') AS revenue_text
  FROM ({source})),
cast_text AS (
  SELECT *, CASE WHEN regexp_full_match(date_text, '\d{{4}}-\d{{2}}-\d{{2}}([ T].*)?')
                  AND TRY_CAST(date_text AS TIMESTAMP) IS NOT NULL
                 THEN TRY_CAST(LEFT(date_text, 10) AS DATE) END AS order_date,
            CASE WHEN regexp_full_match(revenue_text, '[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?')
                 THEN TRY_CAST(revenue_text AS DECIMAL(18,4)) END AS revenue
  FROM text)
SELECT *, CASE WHEN customer_id IS NULL THEN 'customer_id is missing'
               WHEN regexp_matches(customer_id, '[\x00-\x1f\x7f]') THEN 'customer_id holds a line break or another control character'
               WHEN date_text IS NULL THEN 'order_date is missing'
               WHEN order_date IS NULL THEN 'order_date is not a day written YYYY-MM-DD'
               WHEN order_date >= DATE '{tomorrow}' THEN 'order_date lies in the future'
               WHEN revenue_text IS NULL THEN 'revenue is missing'
               WHEN revenue IS NULL THEN 'revenue is not a number like -1234.50 (below 100 trillion)' END AS reason
FROM cast_text"""

# Money is a decimal, so that sums do not depend on the order of the rows.
DAILY = """
SELECT customer_id, order_date,
       CAST(SUM(revenue) AS DECIMAL(28,4)) AS revenue,
       CAST(SUM(CASE WHEN revenue > 0 THEN revenue ELSE 0 END) AS DECIMAL(28,4)) AS positive_revenue,
       MAX(CASE WHEN revenue > 0 THEN 1 ELSE 0 END) AS orders
FROM (SELECT customer_id, CAST(order_date AS DATE) AS order_date, CAST(revenue AS DECIMAL(18,4)) AS revenue FROM accepted)
GROUP BY customer_id, order_date"""

COUNTS = """
SELECT COUNT(*) AS "rows", COUNT(reason) AS rejected_rows,
       COUNT(CASE WHEN reason IS NULL AND revenue < 0 THEN 1 END) AS return_rows,
       COUNT(DISTINCT CASE WHEN reason IS NULL THEN customer_id END) AS customers,
       COUNT(DISTINCT CASE WHEN reason IS NULL AND revenue > 0 THEN customer_id END) AS customers_with_an_order,
       CAST(MIN(CASE WHEN reason IS NULL THEN order_date END) AS VARCHAR) AS first_day,
       CAST(MAX(CASE WHEN reason IS NULL THEN order_date END) AS VARCHAR) AS last_day,
       CAST(SUM(CASE WHEN reason IS NULL THEN revenue END) AS DOUBLE) AS net_revenue
FROM typed"""

REJECTED = """
SELECT file_row, SPLIT_PART(reason, ' ', 1) AS "column",
       COALESCE(CASE SPLIT_PART(reason, ' ', 1) WHEN 'order_date' THEN date_text WHEN 'revenue' THEN revenue_text
                ELSE customer_id END, '') AS value,
       reason
FROM typed WHERE reason IS NOT NULL ORDER BY file_row"""


@dataclass(frozen=True)
class Transactions:
    """purchases: customer_id, order_date, revenue, positive_revenue, orders (0 or 1); one row per customer and day.
    rejected: line, column, value, reason.   quality: counts, first and last day, digest of the file."""

    purchases: duckdb.DuckDBPyRelation
    rejected: pd.DataFrame
    quality: dict


def daily(accepted: duckdb.DuckDBPyRelation) -> duckdb.DuckDBPyRelation:
    """Sum rows of customer_id, order_date, revenue to one per customer and day.

    Negative revenue is a return: it lowers `revenue` and is no order. `orders` is 1 on a day with an order, else 0.
    """
    return accepted.query("accepted", DAILY)


def read(path: str, columns: dict[str, str], connection: duckdb.DuckDBPyConnection, tomorrow: str) -> Transactions:
    """Read a CSV, gzipped CSV or Parquet file of purchases; a bad row is set aside with its reason.

    Args:    columns: our name -> the file's name, for customer_id, order_date and revenue.
             tomorrow: YYYY-MM-DD; an order on or after it lies in the future.
    Raises:  InputError: the file is missing, empty, no table, or lacks a column.
    """
    file = existing(Path(path))
    try:
        connection.execute(TYPED.format(source=source(file, columns, connection), tomorrow=tomorrow))
    except duckdb.Error as error:
        raise InputError(
            f"{path} is not a whole table: {' '.join(str(error).splitlines()[:3])}"
            "\nHint: repair that line, or export the file again as UTF-8 CSV or as Parquet."
        ) from error
    quality = connection.sql(COUNTS).df().to_dict("records")[0]
    if quality["rows"] == 0:
        raise InputError(
            f"{path} has a header and no rows.\nHint: check the export; it should hold every order and return."
        )
    daily(connection.sql("FROM typed WHERE reason IS NULL")).create("purchases")
    rejected = with_lines(connection.sql(REJECTED).df(), file)
    return Transactions(connection.table("purchases"), rejected, quality | {"sha256": digest(file)})


def refusal(transactions: Transactions, max_rejected_share: float, path: str) -> str | None:
    """Why the history is refused: more than this share of its rows cannot be read; None when it is not.

    Names the three commonest reasons, each with an example line.
    """
    quality, rejected = transactions.quality, transactions.rejected
    if quality["rejected_rows"] <= max_rejected_share * quality["rows"] and quality["customers"]:
        return None
    common = rejected.groupby("reason", as_index=False).agg(
        rows=("line", "size"), line=("line", "first"), value=("value", "first")
    )
    lines = [
        f"  {row.rows} rows: {row.reason}, for example line {row.line}: {row.value!r}"
        for row in common.sort_values(["rows", "line"], ascending=[False, True]).head(3).itertuples()
    ]
    allowed = (
        f"more than data.max_rejected_share={max_rejected_share:g} allows"
        if quality["customers"]
        else "so there are no purchases"
    )
    return (
        f"{path}: {quality['rejected_rows']} of {quality['rows']} rows cannot be read, {allowed}.\n"
        + "\n".join(lines)
        + "\nHint: all of them are in data_quality/rejected_rows.csv under the outputs folder; "
        "repair the export, or raise data.max_rejected_share."
    )


def existing(file: Path) -> Path:
    hint = "\nHint: put your purchases there, or point data.path at a CSV, gzipped CSV or Parquet file."
    if not file.exists():
        raise InputError(f"{file} does not exist.{hint}")
    if file.is_dir():
        raise InputError(f"{file} is a directory, not a file.{hint}")
    if file.stat().st_size == 0:
        raise InputError(f"{file} is empty.{hint}")
    return file


def is_parquet(file: Path) -> bool:
    with file.open("rb") as stream:
        return stream.read(4) == b"PAR1"


def is_gzip(file: Path) -> bool:
    with file.open("rb") as stream:
        return stream.read(2) == b"\x1f\x8b"


def source(file: Path, columns: dict[str, str], connection: duckdb.DuckDBPyConnection) -> str:
    """SQL that gives the three columns of the file as text under our names, in the file's order."""
    path = (
        "'" + re.sub(r"([\[*?])", r"[\1]", str(file)).replace("'", "''") + "'"
    )  # this file, not those that match its name
    if is_parquet(file):
        names = connection.sql(f"FROM read_parquet({path})").columns
        scan, fields = f"read_parquet({path})", ['"' + name.replace('"', '""') + '"' for name in names]
    else:
        names, delimiter = header(file)
        fields = [f"field_{i}" for i in range(len(names))]
        scan = (
            f"read_csv({path}, columns={dict.fromkeys(fields, 'VARCHAR')}, delim='{delimiter}', header=true, "
            f"auto_detect=false, quote='\"', escape='\"', compression='{'gzip' if is_gzip(file) else 'none'}')"
        )
    chosen = {ours: fields[position(names, theirs, ours, file)] for ours, theirs in columns.items()}
    return (
        "SELECT " + ", ".join(f"CAST({field} AS VARCHAR) AS {ours}" for ours, field in chosen.items()) + f" FROM {scan}"
    )


def position(names: list[str], wanted: str, ours: str, file: Path) -> int:
    if names.count(wanted) != 1:
        count = "no column" if wanted not in names else f"{names.count(wanted)} columns"
        raise InputError(
            f"{file} has {count} {wanted!r}; its columns are: {', '.join(names)}."
            f"\nHint: name the right one with data.columns.{ours}=NAME."
        )
    return names.index(wanted)


@contextmanager
def as_text(file: Path) -> Iterator[TextIO]:
    opener = gzip.open if is_gzip(file) else open
    try:
        with opener(file, "rt", encoding="utf-8-sig", newline="") as stream:
            yield stream
    except (UnicodeDecodeError, EOFError, gzip.BadGzipFile) as error:
        raise InputError(
            f"{file} is not readable UTF-8 text: {error}.\nHint: export it again as UTF-8 CSV or as Parquet."
        ) from error


def header(file: Path) -> tuple[list[str], str]:
    """The names in the first line and the character between them: the one of , ; tab | that is most frequent there."""
    with as_text(file) as stream:
        first = stream.readline()
        delimiter = max(",;\t|", key=first.count)
        return [name.strip() for name in next(csv.reader([first], delimiter=delimiter), [])], delimiter


def with_lines(rejected: pd.DataFrame, file: Path) -> pd.DataFrame:
    """Replace file_row by the line of the file on which the row begins; in a Parquet file, the row itself."""
    if is_parquet(file) or rejected.empty:
        return rejected.rename(columns={"file_row": "line"})
    wanted, lines, begin, seen = set(rejected["file_row"]), {}, 1, -1
    csv.field_size_limit(2**31 - 1)
    with as_text(file) as stream:
        records = csv.reader(stream, delimiter=header(file)[1])
        for record in records:
            seen += bool(record)  # blank lines are no rows; the header is row 0
            if record and seen in wanted:
                lines[seen] = begin
            begin = records.line_num + 1
    return rejected.assign(file_row=rejected["file_row"].map(lines)).rename(columns={"file_row": "line"})


def digest(file: Path) -> str:
    """SHA-256 of the file's bytes, as hexadecimal text."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
