"""The input contract: a file of purchases is read as text, typed with reasons, and summed by customer and day.

Codes of refusal (InputError):
  the file    NO_FILE EMPTY UNREADABLE_FILE FILE_CHANGED NOT_A_TABLE DAMAGED_GZIP DAMAGED_PARQUET WRONG_ENCODING NUL_BYTE
  its layout  NO_HEADER MISSING_COLUMN DOUBLED_COLUMN COLUMN_TYPE MIXED_HEADERS RAGGED_ROW OPEN_QUOTE NO_ROWS
  a column    FLOAT_IDS DATE_FORMAT TIMEZONE MIXED_OFFSETS AMBIGUOUS_REVENUE DECIMAL_COMMA
              DECIMAL_POINT THOUSANDS CURRENCY PERCENT MINUS_STYLE
  its rows    TOO_MANY_REJECTS
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import duckdb
import pandas as pd

from clv.data import layout, limits, parquet, values
from clv.data.container import digest, opened
from clv.data.ids import NOTHING
from clv.data.limits import Limits
from clv.data.values import Contract
from clv.errors import Code, InputError

__all__ = ["Contract", "Limits", "Transactions", "daily", "digest", "read", "refusal", "warnings"]

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
       COUNT(*) FILTER (reason IS NULL AND revenue < 0) AS return_rows,
       COUNT(*) FILTER (reason IS NULL AND revenue = 0) AS zero_rows,
       COUNT(*) FILTER (reason IS NULL AND order_date >= CAST($as_of AS DATE)) AS rows_after_as_of,
       COUNT(*) - COUNT(DISTINCT HASH(customer_id, date_text, revenue_text)) AS duplicate_rows,
       CAST(MIN(order_date) FILTER (reason IS NULL) AS VARCHAR) AS first_day,
       CAST(MAX(order_date) FILTER (reason IS NULL) AS VARCHAR) AS last_day,
       CAST(SUM(revenue) FILTER (reason IS NULL) AS DOUBLE) AS net_revenue,
       COALESCE(CAST(SUM(ABS(revenue)) FILTER (reason IS NULL) AS DOUBLE), 0) AS accepted_absolute_revenue,
       COALESCE(ROUND(SUM(estimate) FILTER (reason IS NOT NULL), 4), 0) AS rejected_absolute_revenue
FROM typed"""

CUSTOMERS = """
SELECT COUNT(*) FILTER (accepted) AS customers, COUNT(*) FILTER (ordered) AS customers_with_an_order,
       COUNT(*) FILTER (known) AS known_customers, COUNT(*) FILTER (known AND NOT accepted) AS lost_customers,
       ARG_MAX(customer_id, spent) AS largest_customer, COALESCE(ROUND(CAST(MAX(spent) / SUM(spent) AS DOUBLE), 4), 0) AS largest_customer_share
FROM (SELECT customer_id, SUM(revenue) FILTER (reason IS NULL AND revenue > 0) AS spent, BOOL_OR(reason IS NULL) AS accepted, BOOL_OR(reason IS NULL AND revenue > 0) AS ordered, BOOL_OR(known) AS known
      FROM typed GROUP BY customer_id)"""

OUTLIERS = """
SELECT COUNT(*) FROM typed WHERE reason IS NULL AND ABS(revenue) > 100 * (
  SELECT CAST(QUANTILE_DISC(ABS(revenue), 0.99) AS DOUBLE) FROM typed WHERE reason IS NULL AND revenue <> 0)"""

NORMALISATIONS = """
SELECT 'ids_' || word AS name, SUM(n) AS "rows" FROM (SELECT n, UNNEST(STRING_SPLIT(changes, ' ')) AS word FROM ids) WHERE word <> '' GROUP BY 1
UNION ALL SELECT 'revenue_other_minus', SUM(n) FROM revenues WHERE other_minus HAVING SUM(n) > 0
UNION ALL SELECT 'revenue_rounded_to_4_decimals', SUM(n) FROM revenues WHERE rounded HAVING SUM(n) > 0
ORDER BY 1"""

VARIANTS = """
WITH plain AS (
  SELECT customer_id, LOWER(REGEXP_REPLACE(LTRIM(customer_id, ''''), ' +', ' ', 'g')) AS name FROM ids WHERE why IS NULL),
alike AS (
  SELECT LIST(DISTINCT customer_id ORDER BY customer_id) AS ids FROM plain
  WHERE name IN (SELECT name FROM plain GROUP BY name HAVING COUNT(*) > 1) GROUP BY name HAVING COUNT(DISTINCT customer_id) > 1)
SELECT COALESCE(SUM(LEN(ids)), 0)::BIGINT, ARRAY_TO_STRING(MIN(ids)[1:2], ' and ') FROM alike"""

REJECTED = """
SELECT line, SPLIT_PART(reason, ' ', 1) AS "column",
       COALESCE(CASE SPLIT_PART(reason, ' ', 1) WHEN 'order_date' THEN date_text WHEN 'revenue' THEN revenue_text
                ELSE id_text END, '') AS value,
       reason
FROM typed WHERE reason IS NOT NULL ORDER BY line"""
WORKING = ("typed", "ids", "dates", "revenues", "customer_id_texts", "order_date_texts", "revenue_texts")


@dataclass(frozen=True)
class Transactions:
    """purchases: customer_id, order_date, revenue, positive_revenue, orders (0 or 1); one row per customer and day.
    rejected: line, column, value, reason.   quality: counts, first and last day, normalisations, digest of the file."""

    purchases: duckdb.DuckDBPyRelation
    rejected: pd.DataFrame
    quality: dict


def daily(accepted: duckdb.DuckDBPyRelation) -> duckdb.DuckDBPyRelation:
    """Sum rows of customer_id, order_date, revenue to one per customer and day.

    Negative revenue is a return: it lowers `revenue` and is no order. `orders` is 1 on a day with an order, else 0.
    """
    return accepted.query("accepted", DAILY)


def read(path: str, contract: Contract, connection: duckdb.DuckDBPyConnection) -> Transactions:
    """Read a CSV, gzipped CSV or Parquet file of purchases; a bad row is set aside with its reason.

    Raises:  InputError: the file is no table, or a whole column could mean two things; codes above.
    """
    check_zone(contract.timezone, path, connection)
    with in_one_line(path):
        return typed(path, contract, connection)


@contextmanager
def in_one_line(path: str) -> Iterator[None]:
    try:
        yield
    except (duckdb.Error, MemoryError) as error:
        what = f"DuckDB cannot read it: {str(error)[:300]}"
        raise InputError(
            Code.UNREADABLE_FILE, what=what, fix="a larger compute.memory_limit, or look at the file", where=path
        ) from error


def typed(path: str, contract: Contract, connection: duckdb.DuckDBPyConnection) -> Transactions:
    with opened(path) as file:
        if file.is_parquet:
            with file.copied() as copy:
                found, contract = parquet.load(copy, contract, path, connection)
        else:
            found = layout.load(file.texts(), contract.columns, path, connection)
    if connection.execute("SELECT COUNT(*) FROM raw").fetchone()[0] == 0:
        raise InputError(
            Code.NO_ROWS,
            what="a header and no rows",
            fix="check the export: every order and return belongs in it",
            where=path,
        )
    values.type_all(contract, found, path, connection)
    daily(connection.sql("SELECT customer_id, order_date, revenue FROM typed WHERE reason IS NULL")).create("purchases")
    quality = counted(contract, connection) | {"notes": list(found.notes), "sha256": file.sha256}
    rejected = connection.sql(REJECTED).df()
    quality["reasons"] = rejected["reason"].value_counts().to_dict()
    for name in WORKING:
        connection.execute(f"DROP TABLE {name}")
    return Transactions(connection.table("purchases"), rejected, quality)


def check_zone(zone: str | None, path: str, connection: duckdb.DuckDBPyConnection) -> None:
    known = "SELECT COUNT(*) FROM pg_timezone_names() WHERE name = ?"
    if zone and not connection.execute(known, [zone]).fetchone()[0]:
        raise InputError(
            Code.TIMEZONE, what=f"data.timezone={zone} is not known", fix="a name like Europe/Berlin", where=path
        )


def counted(contract: Contract, connection: duckdb.DuckDBPyConnection) -> dict:
    """The counts of data_quality.json."""
    quality = connection.execute(COUNTS, {"as_of": contract.as_of}).df().to_dict("records")[0]
    quality |= connection.execute(CUSTOMERS).df().to_dict("records")[0]
    quality["outlier_rows"] = connection.execute(OUTLIERS).fetchone()[0]
    quality["case_variants"], quality["case_variants_example"] = connection.execute(VARIANTS).fetchone()
    quality["ids_for_nothing"], quality["ids_for_nothing_example"] = connection.execute(
        f"SELECT COUNT(DISTINCT customer_id), MIN(customer_id) FROM ids WHERE why IS NULL AND LOWER(customer_id) IN ({NOTHING})"
    ).fetchone()
    quality["normalisations"] = {name: int(rows) for name, rows in connection.execute(NORMALISATIONS).fetchall()}
    return quality


def refusal(found: Transactions, chosen: Limits, path: str) -> InputError | None:
    """Why the history is refused: more of it is lost with the rejects than the limits allow; None when it is not."""
    return limits.refusal(found.quality, found.rejected, chosen, path)


def warnings(found: Transactions, chosen: Limits) -> list[str]:
    return limits.warnings(found.quality, chosen)
