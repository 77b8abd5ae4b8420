"""The first look at an export: its encoding, its layout, and all of its columns as text, whatever they are called."""

import csv
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import chain, islice
from pathlib import Path
from typing import Any

import duckdb

from clv.data import database, remote
from clv.data.cells import Row, text_of
from clv.data.container import Opened, opened
from clv.data.header import key
from clv.data.queries import literal, row
from clv.data.sources import files_of
from clv.errors import Code, InputError
from clv.proposal.encoding import Encoding, guessed
from clv.proposal.layout import Layout, delimited, layout_of

WHOLE_ROWS = 200_000  # that are looked at one by one; behind them some of every piece of the file
_SOME = 0.02  # share of the text of a piece
_HEAD = 1 << 18  # characters that the layout is judged by


@dataclass(frozen=True)
class Look:
    """What an export is.

    Args: files: that were looked at.   kind: in words, like "CSV".   names: of the columns; their numbers where there is no header.
          settings: key of conf/data -> value, of those that reading the layout needs.   evidence: key -> why, in words.
          rows: that were looked at.   is_whole: whether these are all; of a longer history they are its beginning, and some of every part behind it.

    The rows are in the table `cells` of the connection: line, and c0, c1, ... as text.
    """

    files: list[str]
    kind: str
    names: list[str]
    settings: dict[str, Any]
    evidence: dict[str, str]
    rows: int
    is_whole: bool

    def column(self, name: str) -> str:
        """Returns the name in `cells` of a column of the file, which is compared as the contract does."""
        return f"c{[key(each) for each in self.names].index(key(name))}"


def look(path: str, given: dict[str, Any], connection: duckdb.DuckDBPyConnection) -> Look:
    """Returns what the files of a path are; the layout is judged by the first of them.

    Args:   given: settings of conf/data that a person has made; they are taken as they are.
            connection: gets the table `cells`.
    Raises: InputError: there is no file, or it is not a table.
    """
    files = files_of(path)
    evidence: dict[str, str] = {}
    parts: list[Layout] = []
    for name in files:
        parts.append(_look_at(name, given, connection, evidence, is_first=not parts))
    first = parts[0]
    rows = row(connection, "SELECT COUNT(*) FROM cells")[0]
    return Look(files, first.kind, first.names, first.settings, evidence, rows, rows < WHOLE_ROWS)


def _look_at(
    name: str, given: dict[str, Any], connection: duckdb.DuckDBPyConnection, evidence: dict[str, str], is_first: bool
) -> Layout:
    """Adds the rows of a file, or of a query, to `cells`."""
    if database.is_database(name):
        with database.asked(name, given.get("query")) as result:
            return _look_at_rows(
                chain([result.names], result.rows), "a query of a database", given, connection, is_first
            )
    with remote.local(name) as copy:
        return _look_at_file(copy, name, given, connection, evidence, is_first)


def _look_at_file(
    path: str,
    name: str,
    given: dict[str, Any],
    connection: duckdb.DuckDBPyConnection,
    evidence: dict[str, str],
    is_first: bool,
) -> Layout:
    with opened(path, name) as file:
        if file.is_parquet:
            with file.copied() as copy:
                return _load_parquet(copy, connection, is_first)
        if file.is_workbook:
            with file.unpacked() as copy:
                return _look_at_workbook(copy, given, connection, evidence, is_first)
    encoding = Encoding(given.get("encoding"))
    try:
        return _look_at_text(path, encoding, given, connection, is_first)
    except InputError as error:
        if encoding.name or error.code not in (Code.WRONG_ENCODING, Code.NUL_BYTE):
            raise
        encoding = guessed(path, error)
    layout = _look_at_text(path, encoding, given, connection, is_first)
    layout.settings["encoding"] = encoding.name
    evidence["encoding"] = encoding.evidence
    return layout


def _look_at_workbook(
    copy: Path, given: dict[str, Any], connection: duckdb.DuckDBPyConnection, evidence: dict[str, str], is_first: bool
) -> Layout:
    from clv.data import workbook

    sheet, rows = workbook.largest_sheet(copy, given.get("sheet"))
    layout = _look_at_rows(rows, f"the sheet {sheet!r} of a workbook", given, connection, is_first)
    layout.settings["sheet"] = sheet
    evidence["sheet"] = "the sheet with the most rows"
    return layout


def _look_at_rows(
    rows: Iterable[Row], kind: str, given: dict[str, Any], connection: duckdb.DuckDBPyConnection, is_first: bool
) -> Layout:
    """Cells, looked at as the CSV file that they make."""
    with tempfile.NamedTemporaryFile("w+", prefix="clv-", suffix=".txt", encoding="utf-8", newline="") as copy:
        writer = csv.writer(copy, lineterminator="\n")
        for row_of_cells in islice(rows, WHOLE_ROWS):
            writer.writerow([" ".join(text_of(cell).split()) for cell in row_of_cells])
        copy.flush()
        copy.seek(0)
        layout = replace(delimited(copy.read(_HEAD), ",", given), kind=kind)
        _load_text(Path(copy.name), layout, connection, is_first)
    return layout


def _look_at_text(
    name: str, encoding: Encoding, given: dict[str, Any], connection: duckdb.DuckDBPyConnection, is_first: bool
) -> Layout:
    with opened(name) as file, _as_utf8(file, encoding.name) as (text, head):
        if not head.strip():
            fix = "look at what wrote it: an export has a header and a row for every order and return"
            raise InputError(Code.EMPTY, what="the file holds no text but blank lines", fix=fix, where=name)
        layout = layout_of(head, given, name)
        _load_text(text, layout, connection, is_first)
    return layout


@contextmanager
def _as_utf8(file: Opened, encoding: str | None) -> Iterator[tuple[Path, str]]:
    """A copy of the text in UTF-8 as far as it is looked at, and its beginning."""
    with tempfile.NamedTemporaryFile("w", prefix="clv-", suffix=".txt", encoding="utf-8", newline="\n") as copy:
        head, lines = "", 0
        for text in file.texts(encoding):
            piece = text.removeprefix("\ufeff") if not lines else text
            head += piece[: max(_HEAD - len(head), 0)]
            copy.write(piece if lines < WHOLE_ROWS else _some_of(piece))
            lines += piece.count("\n")
        copy.flush()
        yield Path(copy.name), head[: head.rfind("\n") + 1] or head


def _some_of(piece: str) -> str:
    """Whole lines from the beginning of a piece, but for the first, which may have begun in the piece before."""
    begin = piece.find("\n") + 1
    return piece[begin : piece.rfind("\n", begin, begin + int(_SOME * len(piece))) + 1]


def _load_text(text: Path, layout: Layout, connection: duckdb.DuckDBPyConnection, is_first: bool) -> None:
    if layout.kind == "JSON lines":
        _load_json(text, layout, connection, is_first)
        return
    if layout.widths:
        fields, columns = ["line_text"], []
        begin = 1
        for place, width in enumerate(layout.widths):
            columns.append(f"TRIM(SUBSTR(line_text, {begin}, {width})) AS c{place}")
            begin += width
        delimiter, quote = "\x01", ""
    else:
        fields = [f"c{place}" for place in range(len(layout.names))]
        columns, delimiter, quote = [f"TRIM({name}) AS {name}" for name in fields], layout.delimiter, '"'
    types = "{" + ", ".join(f"{literal(name)}: 'VARCHAR'" for name in fields) + "}"
    source = (
        f"read_csv({literal(str(text))}, auto_detect=false, header=false, delim={literal(delimiter)}, "
        f"quote={literal(quote)}, escape={literal(quote)}, skip={layout.first}, columns={types}, null_padding=true, "
        "ignore_errors=true, strict_mode=false, parallel=false, max_line_size=8388608)"
    )
    _insert(f"SELECT {', '.join(columns)} FROM {source}", connection, is_first)


def _load_json(text: Path, layout: Layout, connection: duckdb.DuckDBPyConnection, is_first: bool) -> None:
    source = f"read_json({literal(str(text))}, format='newline_delimited', ignore_errors=true"
    described = connection.execute(f"DESCRIBE SELECT * FROM {source})").fetchall()
    layout.names.extend(name for name, *_ in described)
    types = "{" + ", ".join(f"{literal(name)}: 'VARCHAR'" for name in layout.names) + "}"
    columns = ", ".join(f'TRIM("{name}") AS c{place}' for place, name in enumerate(layout.names))
    _insert(f"SELECT {columns} FROM {source}, columns={types})", connection, is_first)


def _load_parquet(copy: Path, connection: duckdb.DuckDBPyConnection, is_first: bool) -> Layout:
    source = f"read_parquet({literal(str(copy))})"
    names = [name for name, *_ in connection.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()]
    columns = ", ".join(
        'CAST("{}" AS VARCHAR) AS c{}'.format(name.replace('"', '""'), place) for place, name in enumerate(names)
    )
    _insert(f"SELECT {columns} FROM {source}", connection, is_first)
    return Layout("Parquet", names, 0)


def _insert(query: str, connection: duckdb.DuckDBPyConnection, is_first: bool) -> None:
    if is_first:
        connection.execute(f"CREATE OR REPLACE TABLE cells AS SELECT 0::BIGINT AS line, * FROM ({query}) LIMIT 0")
    start = row(connection, "SELECT COUNT(*) FROM cells")[0]
    connection.execute(f"INSERT INTO cells SELECT {start} + ROW_NUMBER() OVER () AS line, * FROM ({query})")
