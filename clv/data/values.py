"""What the texts of the three columns mean. Each distinct text is judged once; what could mean two things is refused."""

import duckdb

from clv.data.amounts import type_revenues
from clv.data.contract import ROLES, Contract
from clv.data.days import type_dates
from clv.data.header import key
from clv.data.ids import type_ids
from clv.data.layout import Layout
from clv.data.queries import render
from clv.errors import Code, InputError


def type_all(contract: Contract, layout: Layout, path: str, connection: duckdb.DuckDBPyConnection) -> None:
    """Makes the table `typed` of the table `raw`: each row's customer, day and revenue, or the reason why it has none.

    Raises: InputError: a column as a whole could mean two things.
    """
    for column in ROLES:
        connection.execute(render("distinct_texts", column=column))
    header_lines = _repeated_headers(contract, layout, path, connection)
    type_ids(path, connection)
    type_dates(contract, path, connection)
    type_revenues(contract, path, connection)
    connection.execute(render("typed", header_lines=header_lines, cut_line=layout.cut))
    connection.execute("DROP TABLE raw")


def _repeated_headers(
    contract: Contract, layout: Layout, path: str, connection: duckdb.DuckDBPyConnection
) -> list[int]:
    """Lines of the rows that are the header again. Raises: InputError: with its columns in another order."""
    header = [key(contract.columns[role]) for role in ROLES]
    names, lines = {key(name) for name in layout.names}, []
    for line, *cells in _rows_of_names(names, connection):
        keys = [key(cell or "") for cell in cells]
        if keys == header:
            lines.append(line)
        elif all(name in names and name for name in keys):
            what = "a second header with its columns in another order: two files were joined"
            fix = "export them one by one, and join them by name"
            raise InputError(Code.MIXED_HEADERS, what=what, fix=fix, where=f"{path}:{line}")
    return lines


def _rows_of_names(names: set[str], connection: duckdb.DuckDBPyConnection) -> list[tuple]:
    """Line and texts of the rows whose revenue is the name of a column."""
    texts = connection.execute("SELECT text FROM revenue_texts WHERE TRY_CAST(text AS DOUBLE) IS NULL").fetchall()
    words = [text for (text,) in texts if key(text) in names]
    if not words:
        return []
    query = "SELECT line, customer_id, order_date, revenue FROM raw WHERE revenue IN ?"
    return connection.execute(query, [words]).fetchall()
