"""How the text is laid out: its header, the delimiter, which column is which, and rows that are all of one width."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import chain

import duckdb
import pyarrow as pa

from clv.data.contract import Contract
from clv.data.formats import Content, Format, format_of
from clv.data.header import Header, key
from clv.data.queries import render, row
from clv.data.rows import REPAIR, Rows
from clv.data.selection import Selection, selected
from clv.data.staging import Staging
from clv.errors import Code, InputError

_NOTHING_DECIDES = Selection(None, None, {})
_OUTSIDE = ("beside", "neighbour")  # columns that the checks of the layout look at
_PRICES = {"price", "unit_price", "unitprice", "price_each", "item_price", "lineitem_price"}
_QUANTITIES = {"quantity", "qty", "units", "pieces", "lineitem_quantity"}
_CUT_SHARE = 0.9  # of rows that look like cut amounts, above which the file is refused


@dataclass(frozen=True)
class Layout:
    """What the typing must know of the file.

    Args: names: of the columns.   cut: the lines of rows in which a file seems to end too early.
          has_currency: whether the rows have a currency.
          notes: what was passed over, in words.
    """

    names: list[str]
    cut: tuple[int, ...] = ()
    notes: tuple[str, ...] = ()
    name: str = ""
    has_currency: bool = False

    @property
    def named_notes(self) -> tuple[str, ...]:
        """The notes with the name of the file."""
        return tuple(f"{note} ({self.name})" for note in self.notes)

    def moved(self, start: int, name: str) -> "Layout":
        """Returns the layout with its lines counted on from start, and the name of its file."""
        return replace(self, cut=tuple(line + start for line in self.cut), name=name)


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


def load(texts: Iterator[str], contract: Contract, path: str, staging: Staging) -> Layout:
    """Puts the columns of every row into `file_rows`, as text, with the line it begins on.

    Args:   texts: the file's text in pieces.   path: as the file is called in messages.
    Raises: InputError: no header with those columns, rows of several widths, a quote that is not closed.
    """
    first, texts = _peeked(texts)
    file = format_of(first, contract)
    pieces = file.pieces(_below(texts, contract.skip_rows), path, 1 + contract.skip_rows)
    return load_pieces(file, pieces, contract, path, staging)


def load_pieces(
    file: Format[Content],
    pieces: Iterable[tuple[int, Content]],
    contract: Contract,
    path: str,
    staging: Staging,
) -> Layout:
    """Does the same for rows that a format gives.

    Args:   pieces: the line that each begins on, and its rows; the first begins with the header.
    Raises: InputError: as load().
    """
    header, shape, selection, empty, end = None, None, _NOTHING_DECIDES, 0, None
    for line, piece in pieces:
        if header is None:
            header, end = file.header((line, piece), contract, path)
            selection = selected(header.names, contract, f"{path}:{line}")
            staging.create(_columns(header, selection))
            rows = file.rows(end, header.line, header)
        else:
            rows, end = file.rows(piece, line, header), piece
        empty += rows.empty
        if rows.lines:
            shape = shape or _shaped(header, rows)
            _insert(rows, header, shape, selection, staging)
    if header is None:
        fix = "look at what wrote it: an export has a header and a row for every order and return"
        raise InputError(Code.EMPTY, what="the file holds no text but blank lines", fix=fix, where=path)
    if shape is None or end is None:
        staging.drop_columns(_OUTSIDE)
        return Layout(header.names, has_currency=selection.currency is not None)
    staging.complete()
    _check_beside(header, shape, staging.connection)
    _check_cents(header, shape, staging.connection)
    last = None if file.ends_whole(end) else header.last
    notes = _notes(header, shape, last, empty)
    cut = _cut_rows(last, staging.connection)
    staging.drop_columns(_OUTSIDE)
    return Layout(header.names, cut, tuple(notes), has_currency=selection.currency is not None)


def _peeked(texts: Iterator[str]) -> tuple[str, Iterator[str]]:
    """The first piece that is not blank, and all pieces."""
    blank: list[str] = []
    for text in texts:
        blank.append(text)
        if text.strip("\ufeff \t\n"):
            return text, chain(blank, texts)
    return "", iter(blank)


def _below(texts: Iterator[str], lines: int) -> Iterator[str]:
    """The text below so many lines."""
    for text in texts:
        parts = text.split("\n", lines)
        lines -= len(parts) - 1
        yield parts[-1] if not lines else ""


def _columns(header: Header, selection: Selection) -> list[str]:
    """Names and types of the columns of `file_rows`."""
    columns = ["line BIGINT", *(f"{name} VARCHAR" for name in header.places)]
    kinds = {"currency": "VARCHAR", "is_counted": "BOOLEAN"}
    columns += [f"{name} {kinds[name]}" for name in selection.columns(_extra)]
    return columns + [f"{name} VARCHAR" for name in _OUTSIDE]


def _extra(place: int) -> str:
    """Name of a column that decides whether a row counts."""
    return f"extra_{place}"


def _notes(header: Header, shape: _Shape, last: str | None, empty: int) -> list[str]:
    """What is passed over, in words, with what to do behind a colon.   last: column that the end of the file may have cut.   empty: rows with nothing in them."""
    outside = {"nothing": "a delimiter behind every row", "row numbers": "a column of row numbers without a name"}
    notes = [outside[shape.allowed]] if shape.allowed in outside else []
    if "" in header.names[:-1]:
        notes.append("a column without a name")
    notes += _price_for_revenue(header)
    if last:
        notes.append(
            f"no line end behind the last row; if it is cut short there, its {last} is wrong: look at its end, and export it again if rows are missing"
        )
    if empty:
        notes.append(f"{empty} rows with nothing in any field, passed over")
    return notes


def _price_for_revenue(header: Header) -> list[str]:
    """A note where the revenue is called like the price of one piece, and a column is called like the number of pieces."""
    price = header.names[header.amount]
    quantities = [name for name in header.names if key(name) in _QUANTITIES]
    if "revenue" not in header.places or key(price) not in _PRICES or not quantities:
        return []
    note = (
        f"a column {quantities[0]!r} beside {price!r}, which is read as revenue: \"data.columns.quantity='{quantities[0]}'\" "
        f"\"data.columns.unit_price='{price}'\" make revenue their product"
    )
    return [note]


def _cut_rows(last: str | None, connection: duckdb.DuckDBPyConnection) -> tuple[int, ...]:
    """The last row, where its last value has fewer decimals, or as an id fewer characters, than that of every other row."""
    if last in (None, "order_date"):
        return ()
    others, size, line = row(connection, render("last_row", column=last, table="file_rows"))
    return (line,) if others is not None and size < others else ()


def _shaped(header: Header, rows: Rows) -> _Shape:
    """From the first row. All others must be like it. Raises: InputError: the header does not fit it."""
    names, width, behind = len(header.names), rows.widths[0], header.amount + 1
    nameless = behind if behind < width and (width > names or "" in header.names[behind:]) else None
    if width == names and header.names[-1]:
        return _Shape(width, neighbour=nameless)
    if width == names:
        return _Shape(width, beside=width - 1, allowed="nothing", neighbour=nameless)
    if width == names + 1 and not rows.column(width - 1)[0].as_py().strip():
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


def _insert(rows: Rows, header: Header, shape: _Shape, selection: Selection, staging: Staging) -> None:
    if set(rows.widths) != {shape.width}:
        wrong = next(number for number, width in enumerate(rows.widths) if width != shape.width)
        raise _ragged(header, rows.lines[wrong], rows.widths[wrong], shape.width)
    places: dict[str, int | None] = {name: place + shape.shift for name, place in header.places.items()}
    places |= {_extra(place): place + shape.shift for place in selection.needed}
    places |= {"beside": shape.beside, "neighbour": shape.neighbour}
    columns = {"line": pa.array(rows.lines, pa.int64())}
    for name, place in places.items():
        columns[name] = pa.nulls(len(rows.lines), pa.string()) if place is None else rows.column(place)
    staging.connection.register("batch", pa.table(columns))
    deciding = [f", {sql} AS {name}" for name, sql in selection.columns(_extra).items()]
    plain = ", ".join(["line", *header.places])
    staging.insert(f"SELECT {plain}{''.join(deciding)}, beside, neighbour FROM batch")
    staging.connection.unregister("batch")


def _check_beside(header: Header, shape: _Shape, connection: duckdb.DuckDBPyConnection) -> None:
    """Raises: InputError: the column outside the header holds what it must not: the row is ragged."""
    if shape.allowed == "anything":
        return
    (line,) = row(connection, render("beside", allowed=shape.allowed, table="file_rows"))
    if line is not None:
        raise _ragged(header, line, shape.width, len(header.names))


def _check_cents(header: Header, shape: _Shape, connection: duckdb.DuckDBPyConnection) -> None:
    """Raises: InputError: revenue and the column at its side could be one amount that a decimal comma cut in two."""
    if shape.neighbour is None or header.delimiter != "," or "revenue" not in header.places:
        return
    whole, cents = ("neighbour", "revenue") if shape.shift else ("revenue", "neighbour")
    share, line = row(connection, render("cut_amounts", whole=whole, cents=cents, table="file_rows"))
    if share is not None and share > _CUT_SHARE:
        what = "revenue and a column beside it are whole numbers, and not every column has a name: a decimal comma without quotes?"
        fix = "give every column a name in the header; write 12.50, or '12,50' in double quotes"
        raise InputError(Code.AMBIGUOUS_REVENUE, what=what, fix=fix, where=f"{header.path}:{line}, revenue")
