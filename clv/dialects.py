"""SQL that DuckDB runs, said in the dialect of another engine."""

from collections.abc import Mapping
from typing import Any

from clv.errors import UserError

NAMES = ("spark", "databricks", "snowflake", "postgres")
_FUNCTIONS = {("spark", "HASH"): "XXHASH64"}  # 64 bits, as DuckDB's; Spark's HASH has 32
_WITHOUT_MEDIAN = ("bigquery", "trino")  # as an aggregate, and exact


def said(query: str, dialect: str, tables: Mapping[str, str] | None = None) -> str:
    """Returns the query in a dialect.

    Args:   query: in DuckDB's.   dialect: one of NAMES.   tables: what its tables are called there; the others keep their names.
    Raises: UserError: nothing is known of the dialect, it lacks what the query needs, or sqlglot is not installed.
    """
    if dialect not in NAMES:
        lacks = ", which has no exact median among its aggregates" if dialect in _WITHOUT_MEDIAN else ""
        raise UserError(f"The features cannot be said in {dialect}{lacks}.\nHint: one of {', '.join(NAMES)}.")
    sqlglot = _sqlglot()
    names = {name: str(other) for name, other in (tables or {}).items()}
    tree = sqlglot.exp.replace_tables(sqlglot.parse_one(query, read="duckdb"), names, dialect=dialect)
    for call in tree.find_all(sqlglot.exp.Anonymous):
        call.set("this", _FUNCTIONS.get((dialect, call.name.upper()), call.name))
    try:
        return tree.sql(dialect, pretty=True, comments=False, unsupported_level=sqlglot.ErrorLevel.RAISE)
    except sqlglot.errors.UnsupportedError as error:
        raise UserError(f"The query cannot be said in {dialect}: {error}\nHint: one of {', '.join(NAMES)}.") from error


def _sqlglot() -> Any:
    try:
        import sqlglot
    except ImportError as error:
        raise UserError('sqlglot is not installed.\nHint: pip install "clv[spark]"; it translates SQL.') from error
    return sqlglot
