"""From a file to purchases: opened, laid out, typed, counted, and summed by customer and day."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import duckdb
import pandas as pd

from clv.data import layout, parquet, quality, values
from clv.data.container import Opened, opened
from clv.data.contract import Contract
from clv.data.quality import Quality
from clv.data.queries import literal, render, row
from clv.errors import Code, InputError

_WORKING_TABLES = ("typed", "ids", "dates", "revenues", "customer_id_texts", "order_date_texts", "revenue_texts")


@dataclass(frozen=True)
class Transactions:
    """A history that was read.

    Args: purchases: one row per customer and day: customer_id, order_date, revenue, positive_revenue, orders (0 or 1).
          rejected: one row per row that was set aside: line, column, value, reason.
          quality: what was counted.
    """

    purchases: duckdb.DuckDBPyRelation
    rejected: pd.DataFrame
    quality: Quality


def daily(accepted: duckdb.DuckDBPyRelation) -> duckdb.DuckDBPyRelation:
    """Sums rows of customer_id, order_date, revenue to one per customer and day.

    Negative revenue is a return: it lowers `revenue` and is not an order. `orders` is 1 on a day with an order, else 0.

    Returns: customer_id, order_date, revenue, positive_revenue (both exact decimals), orders.
    """
    purchases = accepted.query("accepted", render("daily"))
    assert purchases is not None  # a SELECT always gives a relation
    return purchases


def read(path: str, contract: Contract, connection: duckdb.DuckDBPyConnection) -> Transactions:
    """Reads a CSV, gzipped CSV or Parquet file of purchases; a bad row is set aside with its reason.

    Args:    connection: gets the table `purchases`; it must not have one.
    Raises:  InputError: the file is not a table, or a whole column could mean two things; the codes stand in clv/data.
    """
    _check_zone(contract.timezone, path, connection)
    with _in_one_line(path):
        return _read(path, contract, connection)


@contextmanager
def _in_one_line(path: str) -> Iterator[None]:
    try:
        yield
    except (duckdb.Error, MemoryError) as error:
        what = f"DuckDB cannot read it: {str(error)[:300]}"
        fix = "a larger compute.memory_limit, or look at the file"
        raise InputError(Code.UNREADABLE_FILE, what=what, fix=fix, where=path) from error


def _check_zone(zone: str | None, path: str, connection: duckdb.DuckDBPyConnection) -> None:
    query = f"SELECT COUNT(*) FROM pg_timezone_names() WHERE name = {literal(zone or '')}"
    if zone and not row(connection, query)[0]:
        what = f"data.timezone={zone} is not known"
        raise InputError(Code.TIMEZONE, what=what, fix="a name like Europe/Berlin", where=path)


def _read(path: str, contract: Contract, connection: duckdb.DuckDBPyConnection) -> Transactions:
    with opened(path) as file:
        layout_of_file, contract = _load(file, contract, connection)
    if row(connection, "SELECT COUNT(*) FROM raw")[0] == 0:
        fix = "check the export: every order and return belongs in it"
        raise InputError(Code.NO_ROWS, what="a header and no rows", fix=fix, where=path)
    values.type_all(contract, layout_of_file, path, connection)
    daily(connection.sql("SELECT customer_id, order_date, revenue FROM typed WHERE reason IS NULL")).create("purchases")
    rejected = connection.sql(render("rejected")).df()
    reasons = rejected["reason"].value_counts().to_dict()
    counts = quality.count(contract.as_of, connection)
    for name in _WORKING_TABLES:
        connection.execute(f"DROP TABLE {name}")
    about_file = Quality(**counts, notes=layout_of_file.notes, sha256=file.sha256, reasons=reasons)
    return Transactions(connection.table("purchases"), rejected, about_file)


def _load(file: Opened, contract: Contract, connection: duckdb.DuckDBPyConnection) -> tuple[layout.Layout, Contract]:
    """The table `raw` of the file's kind; and what of the contract is left to say."""
    if file.is_parquet:
        with file.copied() as copy:
            return parquet.load(copy, contract, file.path, connection)
    return layout.load(file.texts(), contract.columns, file.path, connection), contract
