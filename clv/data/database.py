"""The rows that a query finds in a database: PostgreSQL, or a file of DuckDB or of SQLite. A query can only read.

A password comes from the environment (PGPASSWORD, or what PGPASSFILE or PGSERVICE name), never from the address.
"""

import os
import re
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from hashlib import sha256
from itertools import chain
from typing import NamedTuple
from urllib.parse import quote, urlsplit

import duckdb

from clv.data.cells import Cells, Row, batches
from clv.data.contract import Contract
from clv.data.layout import Layout, load_pieces
from clv.data.queries import render, row
from clv.data.staging import Staging
from clv.errors import Code, InputError

_ADDRESS = re.compile(r"postgres(ql)?://")
_SQLITE, _DUCKDB = b"SQLite format 3\0", b"DUCK"  # at the beginning of a file, and behind its first 8 bytes
_READING = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE}
_TABLES = {
    "PostgreSQL": "SELECT table_schema || '.' || table_name FROM information_schema.tables "
    "WHERE table_schema NOT IN ('pg_catalog', 'information_schema') ORDER BY 1 LIMIT 20",
    "SQLite": "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') ORDER BY 1 LIMIT 20",
    "DuckDB": "SELECT table_schema || '.' || table_name FROM information_schema.tables ORDER BY 1 LIMIT 20",
}
_FIX = 'data.query="SELECT customer_id, order_date, revenue FROM sales", one SELECT that can only read'
_BATCH = 20_000  # rows that are fetched at once


@dataclass(frozen=True)
class Table:
    """What a query found; its rows are in `file_rows`.

    Args: contract: what of it is left to say.   sha256: of the rows, in any order.
    """

    layout: Layout
    contract: Contract
    sha256: str


class Result(NamedTuple):
    """names: of the columns.   rows: cells as the database types them."""

    names: list[str]
    rows: Iterable[Row]


def is_address(path: str) -> bool:
    """Returns whether the path is the address of a database."""
    return _ADDRESS.match(path) is not None


def is_database(path: str) -> bool:
    """Returns whether the path is the address of a database, or a file of one."""
    return _kind(path) is not None


def refuse_query(path: str, contract: Contract) -> None:
    """Raises: InputError: there is a query, and the path is not a database."""
    if contract.query:
        what = "data.query is for a database, and this is a file"
        raise InputError(Code.DATABASE, what=what, fix="data.query=null, or another data.path", where=path)


def load(path: str, contract: Contract, staging: Staging) -> Table:
    """Puts the rows that contract.query finds into `file_rows`, as text, numbered from 1.

    Raises: InputError: there is no query, it does more than read, or the database does not answer.
    """
    cells = Cells(contract)
    with asked(path, contract.query) as result:
        pieces = batches(chain([result.names], result.rows), line=0)
        layout = load_pieces(cells, pieces, contract, path, staging)
    return Table(layout, cells.left_to_say(contract, path), _digest(contract, layout, staging.connection))


@contextmanager
def asked(path: str, query: str | None) -> Iterator[Result]:
    """Gives the names of the columns and the rows that a query finds.

    Raises: InputError: there is no query, it does more than read, or the database does not answer.
    """
    _refuse_password(path)
    if not query:
        with _result(path, _TABLES[_kind(path) or ""]) as result:
            names = [str(name) for (name,) in result.rows]
        what = f"a database needs a query; its tables are: {', '.join(names) or 'none'}"
        raise InputError(Code.DATABASE, what=what, fix=_FIX, where=path)
    with _result(path, query) as result:
        yield result


def _kind(path: str) -> str | None:
    if is_address(path):
        return "PostgreSQL"
    try:
        if not os.path.isfile(path):  # a pipe would wait for a writer
            return None
        with open(path, "rb") as file:
            head = file.read(16)
    except (OSError, ValueError):
        return None
    if head == _SQLITE:
        return "SQLite"
    return "DuckDB" if head[8:12] == _DUCKDB else None


def _refuse_password(path: str) -> None:
    address = urlsplit(path) if is_address(path) else None
    if address and (address.password or "password" in address.query):
        what = "the address of the database holds a password"
        raise InputError(Code.DATABASE, what=what, fix="leave it out, and set PGPASSWORD in the environment")


def _digest(contract: Contract, layout: Layout, connection: duckdb.DuckDBPyConnection) -> str:
    columns = [*contract.names, *(["currency"] if layout.has_currency else [])]
    numbers = row(connection, render("digest_of_rows", columns=columns))
    return sha256(" ".join(map(str, numbers)).encode()).hexdigest()


@contextmanager
def _result(path: str, query: str) -> Iterator[Result]:
    """Runs one query that can only read. Raises: InputError: it does more, or the database refuses it."""
    kinds = {"PostgreSQL": _of_postgresql, "SQLite": _of_sqlite, "DuckDB": _of_duckdb}
    with kinds[_kind(path) or ""](path, query) as result:
        yield result


def _refused(path: str, error: Exception) -> InputError:
    what = f"the database does not give the rows: {' '.join(str(error).split())[:300]}"
    return InputError(Code.DATABASE, what=what, fix=_FIX, where=path)


@contextmanager
def _of_sqlite(path: str, query: str) -> Iterator[Result]:
    def allowed(action: int, *_: object) -> int:
        return sqlite3.SQLITE_OK if action in _READING else sqlite3.SQLITE_DENY

    address = f"file:{quote(os.path.abspath(path))}?mode=ro"
    try:
        with closing(sqlite3.connect(address, uri=True)) as database:
            database.set_authorizer(allowed)
            cursor = database.execute(query)  # takes one statement alone
            if cursor.description is None:
                raise sqlite3.ProgrammingError("it is not a SELECT")
            yield Result([name for name, *_ in cursor.description], cursor)
    except (sqlite3.Error, sqlite3.Warning) as error:
        raise _refused(path, error) from error


@contextmanager
def _of_duckdb(path: str, query: str) -> Iterator[Result]:
    try:
        with duckdb.connect(path, read_only=True, config={"enable_external_access": False}) as database:
            database.execute("SET TimeZone = 'UTC'")
            database.execute("SET lock_configuration = true")
            statements = database.extract_statements(query)
            if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
                raise duckdb.InvalidInputException("it is not one SELECT")
            reader = database.sql(query).to_arrow_reader(_BATCH)
            assert reader is not None  # a SELECT always gives rows
            columns = ([column.to_pylist() for column in batch] for batch in reader)
            yield Result(reader.schema.names, (cells for batch in columns for cells in zip(*batch, strict=True)))
    except duckdb.Error as error:
        raise _refused(path, error) from error


@contextmanager
def _of_postgresql(path: str, query: str) -> Iterator[Result]:
    try:
        import psycopg
    except ImportError as error:
        what = "PostgreSQL is read with the package psycopg, which is not installed"
        raise InputError(Code.DATABASE, what=what, fix='pip install "psycopg[binary]"', where=path) from error
    try:
        with psycopg.connect(path, application_name="clv", options="-c TimeZone=UTC") as database:
            database.read_only = True
            with database.cursor("clv") as cursor:  # on the server: it takes one SELECT alone, and rows come in batches
                cursor.itersize = _BATCH
                cursor.execute(query.rstrip().removesuffix(";"))
                yield Result([column.name for column in cursor.description or ()], cursor)
    except psycopg.Error as error:
        raise _refused(path, error) from error
