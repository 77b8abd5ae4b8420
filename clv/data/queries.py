"""The SQL of this package: one query a file in sql/, with jinja2 where values go in."""

from pathlib import Path
from typing import Any

import duckdb
import jinja2


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


def row(connection: duckdb.DuckDBPyConnection, query: str) -> tuple[Any, ...]:
    """Returns the only row of a query that always has one.

    Raises: LookupError: the query has no row.
    """
    rows = connection.execute(query).fetchall()  # all: a result with rows left in it blocks the connection
    if not rows:
        raise LookupError(f"no row for {query[:200]}")
    return rows[0]


def fields(connection: duckdb.DuckDBPyConnection, query: str) -> dict[str, Any]:
    """Returns the only row of a query by the names of its columns."""
    values = row(connection, query)
    return dict(zip((column[0] for column in connection.description or ()), values, strict=True))
