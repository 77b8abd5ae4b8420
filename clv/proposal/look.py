"""The first look at an export: its encoding, its layout, and all of its columns as text, whatever they are called."""

import csv
import io
import re
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import duckdb

from clv.data.container import Opened, opened
from clv.data.header import key
from clv.data.queries import literal, row
from clv.data.sources import files_of
from clv.errors import Code, InputError
from clv.proposal.encoding import Encoding, guessed

WHOLE_ROWS = 200_000  # that are looked at one by one; behind them some of every piece of the file
_SOME = 0.02  # share of the text of a piece
_HEAD = 1 << 18  # characters that the layout is judged by
_DELIMITERS = ",;\t|"
_ALIKE = 0.8  # share of the lines that must have one number of fields
_NAMES = {"\t": "tab"}
_VALUE = re.compile(r"[-+]?[\d.,]+|\d{4}-\d\d-\d\d.*|\d+[/.-]\d+[/.-]\d+.*")
_FILLED = 0.5  # share of the fields of a header that have a name


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


@dataclass(frozen=True)
class _Layout:
    """delimiter: of the fields; empty where they have fixed widths.   first: the line that the rows begin behind."""

    kind: str
    names: list[str]
    first: int
    delimiter: str = ""
    widths: tuple[int, ...] = ()
    settings: dict[str, Any] = field(default_factory=dict)


def look(path: str, given: dict[str, Any], connection: duckdb.DuckDBPyConnection) -> Look:
    """Returns what the files of a path are; the layout is judged by the first of them.

    Args:   given: settings of conf/data that a person has made; they are taken as they are.
            connection: gets the table `cells`.
    Raises: InputError: there is no file, or it is not a table.
    """
    files = files_of(path)
    evidence: dict[str, str] = {}
    parts: list[_Layout] = []
    for name in files:
        parts.append(_look_at(name, given, connection, evidence, is_first=not parts))
    first = parts[0]
    rows = row(connection, "SELECT COUNT(*) FROM cells")[0]
    return Look(files, first.kind, first.names, first.settings, evidence, rows, rows < WHOLE_ROWS)


def _look_at(
    name: str, given: dict[str, Any], connection: duckdb.DuckDBPyConnection, evidence: dict[str, str], is_first: bool
) -> _Layout:
    """Adds the rows of a file to `cells`."""
    with opened(name) as file:
        if file.is_parquet:
            with file.copied() as copy:
                return _load_parquet(copy, connection, is_first)
    encoding = Encoding(given.get("encoding"))
    try:
        layout = _look_at_text(name, encoding, given, connection, is_first)
    except InputError as error:
        if encoding.name or error.code not in (Code.WRONG_ENCODING, Code.NUL_BYTE):
            raise
        encoding = guessed(name, error)
        layout = _look_at_text(name, encoding, given, connection, is_first)
        layout.settings["encoding"] = encoding.name
        evidence["encoding"] = encoding.evidence
    return layout


def _look_at_text(
    name: str, encoding: Encoding, given: dict[str, Any], connection: duckdb.DuckDBPyConnection, is_first: bool
) -> _Layout:
    with opened(name) as file, _as_utf8(file, encoding.name) as (text, head):
        if not head.strip():
            fix = "look at what wrote it: an export has a header and a row for every order and return"
            raise InputError(Code.EMPTY, what="the file holds no text but blank lines", fix=fix, where=name)
        layout = _layout(head, given, name)
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


def _layout(head: str, given: dict[str, Any], path: str) -> _Layout:
    """How the fields stand in the text. Raises: InputError: they cannot be told apart."""
    start = head.lstrip()
    if start.startswith("{"):
        return _Layout("JSON lines", [], 0)
    if start.startswith(("<", "[")):
        kind = "HTML or XML" if start[0] == "<" else "JSON in one piece"
        fix = "export the table as CSV, Parquet or JSON lines"
        raise InputError(Code.NOT_A_TABLE, what=f"the file is {kind}, not a table", fix=fix, where=path)
    if given.get("widths"):
        return _fixed(head, tuple(given["widths"]), given)
    delimiter = {"tab": "\t"}.get(given.get("delimiter") or "", given.get("delimiter")) or _delimiter(head)
    if delimiter:
        return _delimited(head, delimiter, given)
    if widths := _widths(head):
        return _fixed(head, widths, given)
    what = "no sign stands between the fields of its lines: , ; | and tab were tried, and fixed widths"
    fix = 'data.delimiter=SIGN, "data.widths=[6,9,8]", or export it as CSV'
    raise InputError(Code.NOT_A_TABLE, what=what, fix=fix, where=path)


def _records(head: str, delimiter: str) -> list[tuple[int, list[str]]]:
    """The last line of each record, and its fields."""
    reader = csv.reader(io.StringIO(head), delimiter=delimiter, skipinitialspace=True)
    try:
        return [(reader.line_num, record) for record in reader]
    except csv.Error:
        return []


def _usual_width(records: list[tuple[int, list[str]]]) -> tuple[int, float]:
    """The commonest number of fields, and the share of records that have it."""
    widths = Counter(len(record) for _, record in records if any(cell.strip() for cell in record))
    if not widths:
        return 0, 0.0
    width, number = widths.most_common(1)[0]
    return width, number / widths.total()


def _delimiter(head: str) -> str | None:
    """The sign under which most lines have one number of fields, which is more than one."""
    usual = {sign: _usual_width(_records(head, sign)) for sign in _DELIMITERS}
    regular = {sign: width for sign, (width, share) in usual.items() if width > 1 and share >= _ALIKE}
    return max(regular, key=lambda sign: regular[sign]) if regular else None


def _delimited(head: str, delimiter: str, given: dict[str, Any]) -> _Layout:
    records = _records(head, delimiter)
    width, _ = _usual_width(records)
    first = next((at for at, (_, cells) in enumerate(records) if _may_head(cells, width)), 0)
    settings: dict[str, Any] = {}
    if delimiter not in _DELIMITERS or given.get("delimiter"):
        settings["delimiter"] = _NAMES.get(delimiter, delimiter)
    line, cells = records[first]
    above = records[first - 1][0] if first else 0
    if any("".join(record).strip() for _, record in records[:first]) and not _is_hint(records[:first]):
        settings["skip_rows"] = above
    if given.get("skip_rows"):
        settings["skip_rows"] = given["skip_rows"]
    names = [cell.strip() for cell in cells]
    kind = {",": "CSV", "\t": "text with tabs"}.get(delimiter, f"text with {delimiter} between fields")
    if _is_header(names):
        return _Layout(kind, names, line, delimiter, settings=settings)
    return _Layout(kind, [str(number + 1) for number in range(width)], above, delimiter, settings=settings)


def _may_head(cells: list[str], width: int) -> bool:
    """Whether a record has as many fields as the rows, and enough of them filled."""
    filled = sum(bool(cell.strip()) for cell in cells)
    return width - 1 <= len(cells) <= width + 1 and filled > max(1, _FILLED * width)


def _is_hint(records: list[tuple[int, list[str]]]) -> bool:
    """Whether Excel wrote the lines for itself, as sep=; ."""
    return all("".join(record).strip('" ').startswith("sep=") or not "".join(record).strip() for _, record in records)


def _is_header(names: list[str]) -> bool:
    return not any(_VALUE.fullmatch(name) for name in names)


def _widths(head: str) -> tuple[int, ...]:
    """The widths of fields that stand below one another with blanks between; empty where there are none.

    A gap belongs to the field on its right, unless the field on its left is written from the left.
    """
    lines = [line for line in head.splitlines() if line.strip()]
    if len(lines) < 3:
        return ()
    end = max(map(len, lines))
    filled = [
        any(not line[place : place + 1].isspace() and line[place : place + 1] for line in lines) for place in range(end)
    ]
    starts = [place for place in range(end) if filled[place] and (place == 0 or not filled[place - 1])]
    ends = [place + 1 for place in range(end) if filled[place] and (place + 1 == end or not filled[place + 1])]
    cuts = [0]
    for stop, start in zip(ends[:-1], starts[1:], strict=True):
        ends_there = all(line[stop - 1 : stop].strip() for line in lines)
        cuts.append(stop if ends_there else start)
    cuts.append(end)
    return tuple(right - left for left, right in pairwise(cuts)) if len(cuts) > 3 else ()


def _fixed(head: str, widths: tuple[int, ...], given: dict[str, Any]) -> _Layout:
    settings: dict[str, Any] = {"widths": list(widths)}
    lines = [line for line in head.splitlines()[given.get("skip_rows") or 0 :] if line.strip()]
    ends = [sum(widths[:number]) for number in range(len(widths) + 1)]
    names = [lines[0][begin:end].strip() for begin, end in pairwise(ends)]
    if _is_header(names) and all(names):
        return _Layout("fixed width", names, 1, widths=widths, settings=settings)
    numbers = [str(number + 1) for number in range(len(widths))]
    return _Layout("fixed width, without a header", numbers, 0, widths=widths, settings=settings)


def _load_text(text: Path, layout: _Layout, connection: duckdb.DuckDBPyConnection, is_first: bool) -> None:
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


def _load_json(text: Path, layout: _Layout, connection: duckdb.DuckDBPyConnection, is_first: bool) -> None:
    source = f"read_json({literal(str(text))}, format='newline_delimited', ignore_errors=true"
    described = connection.execute(f"DESCRIBE SELECT * FROM {source})").fetchall()
    layout.names.extend(name for name, *_ in described)
    types = "{" + ", ".join(f"{literal(name)}: 'VARCHAR'" for name in layout.names) + "}"
    columns = ", ".join(f'TRIM("{name}") AS c{place}' for place, name in enumerate(layout.names))
    _insert(f"SELECT {columns} FROM {source}, columns={types})", connection, is_first)


def _load_parquet(copy: Path, connection: duckdb.DuckDBPyConnection, is_first: bool) -> _Layout:
    source = f"read_parquet({literal(str(copy))})"
    names = [name for name, *_ in connection.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()]
    columns = ", ".join(
        'CAST("{}" AS VARCHAR) AS c{}'.format(name.replace('"', '""'), place) for place, name in enumerate(names)
    )
    _insert(f"SELECT {columns} FROM {source}", connection, is_first)
    return _Layout("Parquet", names, 0)


def _insert(query: str, connection: duckdb.DuckDBPyConnection, is_first: bool) -> None:
    if is_first:
        connection.execute(f"CREATE OR REPLACE TABLE cells AS SELECT 0::BIGINT AS line, * FROM ({query}) LIMIT 0")
    start = row(connection, "SELECT COUNT(*) FROM cells")[0]
    connection.execute(f"INSERT INTO cells SELECT {start} + ROW_NUMBER() OVER () AS line, * FROM ({query})")
