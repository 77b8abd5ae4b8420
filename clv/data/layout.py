"""How the text is laid out: its header, the delimiter, which column is which, and rows that are all of one width."""

from collections.abc import Iterator
from dataclasses import dataclass

import duckdb
import pyarrow as pa

from clv.data.contract import ROLES
from clv.data.header import Header, headed
from clv.data.queries import render, row
from clv.data.rows import REPAIR, Rows, parsed, whole_rows
from clv.errors import Code, InputError

_RAW = "CREATE OR REPLACE TABLE raw (line BIGINT, customer_id VARCHAR, order_date VARCHAR, revenue VARCHAR, beside VARCHAR, neighbour VARCHAR)"
_CUT_SHARE = 0.9  # of rows that look like cut amounts, above which the file is refused


@dataclass(frozen=True)
class Layout:
    """What the typing must know of the file.

    Args: names: of the columns.   cut: the line of the row in which the file seems to end too early; None where it does not.
          notes: what was passed over, in words.
    """

    names: list[str]
    cut: int | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Shape:
    """width: fields in every row.   shift: columns before the header's first.   beside: column outside the header.

    allowed: what may stand in that column: "anything", "nothing", or "row numbers".
    neighbour: of revenue, the column that would hold its other half if the comma in it were the delimiter too.
    """

    width: int
    shift: int = 0
    beside: int | None = None
    allowed: str = "anything"
    neighbour: int | None = None


def load(texts: Iterator[str], columns: dict[str, str], path: str, connection: duckdb.DuckDBPyConnection) -> Layout:
    """Puts the three columns of every row into the table `raw` of the connection, as text, with the line it begins on.

    Args:   texts: the file's text in pieces.   columns: our name -> the file's.   path: as the file is called in messages.
    Raises: InputError: no header with those columns, rows of several widths, a quote that is not closed.
    """
    connection.execute(_RAW)
    header, shape, empty, end = None, None, 0, ""
    for line, piece in whole_rows(texts, path):
        if header is None:
            header, end = headed(piece, columns, path)
            rows = parsed(end, header.line, header)
        else:
            rows, end = parsed(piece, line, header), piece
        empty += rows.empty
        if rows.lines:
            shape = shape or _shaped(header, rows)
            _insert(rows, header, shape, connection)
    if header is None:
        fix = "look at what wrote it: an export has a header and a row for every order and return"
        raise InputError(Code.EMPTY, what="the file holds no text but blank lines", fix=fix, where=path)
    if shape is None:
        return Layout(header.names)
    _check_beside(header, shape, connection)
    _check_cents(header, shape, connection)
    last = None if end.endswith(("\n", '"')) else header.last
    notes = _notes(header, shape, last, empty)
    return Layout(header.names, _cut_row(last, connection), tuple(notes))


def _notes(header: Header, shape: _Shape, last: str | None, empty: int) -> list[str]:
    """What is passed over, in words.   last: column that the end of the file may have cut.   empty: rows with nothing in them."""
    outside = {"nothing": "a delimiter behind every row", "row numbers": "a column of row numbers without a name"}
    notes = [outside[shape.allowed]] if shape.allowed in outside else []
    if "" in header.names[:-1]:
        notes.append("a column without a name")
    if last:
        notes.append(f"no line end behind the last row; if it is cut short there, its {last} is wrong")
    if empty:
        notes.append(f"{empty} rows with nothing in any field, passed over")
    return notes


def _cut_row(last: str | None, connection: duckdb.DuckDBPyConnection) -> int | None:
    """The last row, where its last value has fewer decimals, or as an id fewer characters, than that of every other row."""
    if last not in ("revenue", "customer_id"):
        return None
    others, size, line = row(connection, render("last_row", column=last))
    return line if others is not None and size < others else None


def _shaped(header: Header, rows: Rows) -> _Shape:
    """From the first row. All others must be like it. Raises: InputError: the header does not fit it."""
    names, width, behind = len(header.names), rows.widths[0], header.places["revenue"] + 1
    nameless = behind if behind < width and (width > names or "" in header.names[behind:]) else None
    if width == names and header.names[-1]:
        return _Shape(width, neighbour=nameless)
    if width == names:
        return _Shape(width, beside=width - 1, allowed="nothing", neighbour=nameless)
    if width == names + 1 and not rows.fields[width - 1].strip():
        return _Shape(width, beside=width - 1, allowed="nothing", neighbour=nameless)
    if width == names + 1:  # as R writes them, without a name
        return _Shape(width, shift=1, beside=0, allowed="row numbers", neighbour=behind - 1)
    if width == names - 1 and not header.names[-1]:
        return _Shape(width)
    raise _ragged(header, rows.lines[0], width, names)


def _ragged(header: Header, line: int, width: int, names: int) -> InputError:
    what = f"the row has {width} fields where {names} belong; the delimiter is {header.delimiter!r}"
    fix = f"{REPAIR}; a value that holds the delimiter stands in quotes"
    return InputError(Code.RAGGED_ROW, what=what, fix=fix, where=f"{header.path}:{line}")


def _insert(rows: Rows, header: Header, shape: _Shape, connection: duckdb.DuckDBPyConnection) -> None:
    if set(rows.widths) != {shape.width}:
        wrong = next(number for number, width in enumerate(rows.widths) if width != shape.width)
        raise _ragged(header, rows.lines[wrong], rows.widths[wrong], shape.width)
    places = [header.places[name] + shape.shift for name in ROLES]
    columns = [pa.array(rows.fields[place :: shape.width], pa.string()) for place in places]
    for outside in (shape.beside, shape.neighbour):
        values = [] if outside is None else rows.fields[outside :: shape.width]
        columns.append(pa.array(values, pa.string()) if values else pa.nulls(len(rows.lines), pa.string()))
    batch = pa.table([pa.array(rows.lines, pa.int64()), *columns], ["line", *ROLES, "beside", "neighbour"])
    connection.register("batch", batch)
    connection.execute("INSERT INTO raw FROM batch")
    connection.unregister("batch")


def _check_beside(header: Header, shape: _Shape, connection: duckdb.DuckDBPyConnection) -> None:
    """Raises: InputError: the column outside the header holds what it must not: the row is ragged."""
    if shape.allowed == "anything":
        return
    (line,) = row(connection, render("beside", allowed=shape.allowed))
    if line is not None:
        raise _ragged(header, line, shape.width, len(header.names))


def _check_cents(header: Header, shape: _Shape, connection: duckdb.DuckDBPyConnection) -> None:
    """Raises: InputError: revenue and the column at its side could be one amount that a decimal comma cut in two."""
    if shape.neighbour is None or header.delimiter != ",":
        return
    whole, cents = ("neighbour", "revenue") if shape.shift else ("revenue", "neighbour")
    share, line = row(connection, render("cut_amounts", whole=whole, cents=cents))
    if share is not None and share > _CUT_SHARE:
        what = "revenue and a column beside it are whole numbers, and not every column has a name: a decimal comma without quotes?"
        fix = "give every column a name in the header; write 12.50, or '12,50' in double quotes"
        raise InputError(Code.AMBIGUOUS_REVENUE, what=what, fix=fix, where=f"{header.path}:{line}, revenue")
