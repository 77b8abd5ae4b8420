"""Purchases of some customers, in a table in memory: the same rules as for a file, and no row may be set aside."""

import tempfile
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from clv.data.contract import Contract
from clv.data.quarantine import unreadable
from clv.data.queries import refusing_errors, render, row
from clv.data.reading import judge_rows
from clv.errors import Code, InputError

COLUMNS = ("customer_id", "order_date", "revenue")
_DAILY = render("daily")


def take(rows: pd.DataFrame, contract: Contract, connection: duckdb.DuckDBPyConnection, name: str) -> None:
    """Makes the table `purchases`, one row per customer and day, as read() would of a file with these rows.

    Args:   rows: customer_id, order_date, revenue; other columns are ignored.   contract: that calls them so.   name: of the rows, in messages.
    Raises: InputError: a column is missing, there is no row, or one cannot be read.
    """
    table = _table(rows, name)
    is_plain = all(pa.types.is_string(kind) or pa.types.is_large_string(kind) for kind in table.schema.types[:2])
    if not (is_plain and _is_plain(table, contract, connection)):
        with tempfile.TemporaryDirectory() as folder, refusing_errors(name):
            file = Path(folder) / "rows.parquet"
            pq.write_table(table, file)
            try:
                judge_rows(str(file), contract, connection)
            except InputError as error:
                raise error.about(str(file), name) from None
            _refuse_unreadable(contract, connection, name)
            connection.execute(
                "CREATE OR REPLACE TEMP TABLE taken AS SELECT customer_id, order_date, revenue FROM typed"
            )
    connection.execute(f"CREATE OR REPLACE TEMP TABLE purchases AS WITH accepted AS (FROM taken) {_DAILY}")


def _table(rows: pd.DataFrame, name: str) -> pa.Table:
    if missing := [column for column in COLUMNS if column not in rows]:
        what = f"{name} have no column {' and '.join(missing)}; their columns are {', '.join(map(str, rows.columns))[:200]}"
        raise InputError(Code.MISSING_COLUMN, what=what, fix=f"name them {', '.join(COLUMNS)}")
    if rows.empty:
        raise InputError(Code.NO_ROWS, what=f"{name} have no row", fix="give every order and return of the customers")
    try:
        return pa.Table.from_pandas(rows[list(COLUMNS)], preserve_index=False)
    except (pa.ArrowException, TypeError, ValueError) as error:
        what = f"a column of {name} holds values of several types: {str(error).splitlines()[0][:200]}"
        fix = "customer_id as text, order_date as text YYYY-MM-DD, revenue as a number"
        raise InputError(Code.COLUMN_TYPE, what=what, fix=fix) from error


def _is_plain(table: pa.Table, contract: Contract, connection: duckdb.DuckDBPyConnection) -> bool:
    """Makes `taken` of rows that need no judging. Returns: False where one does."""
    connection.register("rows_in_memory", table)
    values = {"earliest": contract.earliest_date, "latest": contract.latest, "most": contract.max_abs_revenue}
    connection.execute(render("plain", **values))
    connection.unregister("rows_in_memory")
    return row(connection, "SELECT BOOL_AND(is_plain) FROM taken")[0]


def _refuse_unreadable(contract: Contract, connection: duckdb.DuckDBPyConnection, name: str) -> None:
    rejected = connection.execute(render("rejected", names=tuple(contract.names))).df()
    if len(rejected):
        raise unreadable(rejected, row(connection, "SELECT COUNT(*) FROM typed")[0], name)
