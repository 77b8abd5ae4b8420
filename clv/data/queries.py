"""The SQL of this package: one query a file in sql/, with jinja2 where values go in."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import jinja2

from clv.errors import Code, InputError


def literal(text: str) -> str:
    """Returns the text as a SQL string, in quotes."""
    return "'" + text.replace("'", "''") + "'"


_ENVIRONMENT = jinja2.Environment(
    loader=jinja2.FileSystemLoader(Path(__file__).parent / "sql"), undefined=jinja2.StrictUndefined
)
_ENVIRONMENT.filters["literal"] = literal


def render(query: str, /, **values: Any) -> str:
    """Returns the SQL of sql/QUERY.sql with the values filled in.

    Raises: jinja2.UndefinedError: the query names a value that is not given.
    """
    return _ENVIRONMENT.get_template(f"{query}.sql").render(values)


@contextmanager
def refusing_errors(path: str) -> Iterator[None]:
    """Raises: InputError: DuckDB, or the memory, fails within. path: as the file is called in messages."""
    try:
        yield
    except (duckdb.Error, MemoryError) as error:
        what = f"DuckDB cannot read it: {str(error)[:300]}"
        fix = "a larger compute.memory_limit, or look at the file"
        raise InputError(Code.UNREADABLE_FILE, what=what, fix=fix, where=path) from error


def row(connection: duckdb.DuckDBPyConnection, query: str) -> tuple[Any, ...]:
    """Returns the only row of a query that always has one.

    Raises: LookupError: the query has no row.
    """
    rows = connection.execute(query).fetchall()  # all: a result with rows left in it blocks the connection
    if not rows:
        raise LookupError(f"no row for {query[:200]}")
    return rows[0]


def add(name: str, query: str, connection: duckdb.DuckDBPyConnection) -> None:
    """Adds the rows of a query to a table, that is made when it is needed."""
    connection.execute(f"CREATE TABLE IF NOT EXISTS {name} AS FROM ({query}) LIMIT 0")
    connection.execute(f"INSERT INTO {name} {query}")


def fields(connection: duckdb.DuckDBPyConnection, query: str) -> dict[str, Any]:
    """Returns the only row of a query by the names of its columns."""
    values = row(connection, query)
    return dict(zip((column[0] for column in connection.description or ()), values, strict=True))
