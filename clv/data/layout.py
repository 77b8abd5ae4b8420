"""How the text is laid out: its header, the delimiter, which column is which, and rows that are all of one width."""

import csv
import io
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace

import duckdb
import pyarrow as pa

from clv.data.rows import REPAIR, Header, Rows, parsed, whole_rows
from clv.errors import Code, InputError

DELIMITERS = ",;\t|"
STRANGERS = "remove what stands above the table if it begins further down; another delimiter than , ; | or a tab is not read; else {}"
OURS = ("customer_id", "order_date", "revenue")
RAW = "CREATE OR REPLACE TABLE raw (line BIGINT, customer_id VARCHAR, order_date VARCHAR, revenue VARCHAR, beside VARCHAR, neighbour VARCHAR)"


@dataclass(frozen=True)
class Layout:
    """names: of the columns.   cut: the row, by its line, in which the file seems to end too early.   notes: what was passed over."""

    names: list[str]
    cut: int | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Shape:
    """width: fields in every row.   shift: columns before the header's first.   beside: column outside the header.

    allowed: what may stand in that column: "anything", "nothing", or "row numbers".
    neighbour: of revenue, the column that would hold its other half if the comma in it were the delimiter too.
    """

    width: int
    shift: int = 0
    beside: int | None = None
    allowed: str = "anything"
    neighbour: int | None = None


def key(name: str) -> str:
    """A name as it is compared: without case, outer blanks, quotes and marks; inner blanks and hyphens as _."""
    plain = unicodedata.normalize("NFC", name).replace("\ufeff", "").replace("\u200b", "").strip(" \t\xa0\"'")
    return re.sub(r"[\s-]+", "_", plain.strip()).casefold()


def located(names: list[str], columns: dict[str, str], where: str) -> dict[str, int]:
    """Our name -> its place. Raises: InputError: a column is missing, or doubled."""
    keys, places = [key(name) for name in names], {}
    for ours, theirs in columns.items():
        count = keys.count(key(theirs))
        fix = f"data.columns.{ours}=NAME names the right one"
        if count == 0:
            shown = ", ".join(names[:20])[:500]
            fix = fix if any(key(name) in keys for name in columns.values()) else STRANGERS.format(fix)
            raise InputError(
                Code.MISSING_COLUMN,
                what=f"there is no column {theirs!r}; the columns are: {shown}",
                fix=fix,
                where=where,
            )
        if count > 1:
            fix = "rename or remove one"
            raise InputError(Code.DOUBLED_COLUMN, what=f"there are {count} columns {theirs!r}", fix=fix, where=where)
        places[ours] = keys.index(key(theirs))
    if len(set(places.values())) < len(places):
        raise InputError(
            Code.DOUBLED_COLUMN, what="two of data.columns name one column", fix="name three columns", where=where
        )
    return places


def load(texts: Iterator[str], columns: dict[str, str], path: str, connection: duckdb.DuckDBPyConnection) -> Layout:
    """Put the three columns of every row into the table `raw` of the connection, as text, with the line it begins on.

    Raises: InputError: no header with those columns, rows of several widths, a quote that is not closed.
    """
    connection.execute(RAW)
    header, shape, empty = None, None, 0
    for line, text in whole_rows(texts, path):
        if header is None:
            header, text = headed(text, columns, path)
            line = header.line
        rows = parsed(text, line, header)
        empty += rows.empty
        if rows.lines:
            shape = shape or shaped(header, rows)
            insert(rows, header, shape, connection)
    if header is None:
        fix = "look at what wrote it: an export has a header and a row for every order and return"
        raise InputError(Code.EMPTY, what="the file holds no text but blank lines", fix=fix, where=path)
    check_beside(header, shape, connection)
    check_cents(header, shape, connection)
    found = described(header, shape, text, connection)
    return (
        replace(found, notes=(*found.notes, f"{empty} rows with nothing in any field, passed over")) if empty else found
    )


def described(header: Header, shape: Shape | None, end: str, connection: duckdb.DuckDBPyConnection) -> Layout:
    notes = {"nothing": "a delimiter behind every row", "row numbers": "a column of row numbers without a name"}
    notes = [notes[shape.allowed]] if shape and shape.allowed in notes else []
    if "" in header.names[:-1]:
        notes.append("a column without a name")
    last = next((name for name, place in header.places.items() if place == len(header.names) - 1), None)
    if shape is None or last is None or end.endswith(("\n", '"')):
        return Layout(header.names, None, tuple(notes))
    notes.append(f"no line end behind the last row; if it is cut short there, its {last} is wrong")
    return Layout(header.names, cut_row(last, connection), tuple(notes))


def cut_row(last: str, connection: duckdb.DuckDBPyConnection) -> int | None:
    """The last row, where its last value has fewer decimals, or as an id fewer characters, than that of every other row."""
    size = {"revenue": r"LENGTH(REGEXP_EXTRACT(revenue, '[.,](\d+)\s*$', 1))", "customer_id": "LENGTH(customer_id)"}
    if last not in size:
        return None
    newest = "line = (SELECT MAX(line) FROM raw)"
    query = f"SELECT MIN({size[last]}) FILTER (NOT {newest}), MAX({size[last]}) FILTER ({newest}), MAX(line) FROM raw"
    others, here, line = connection.execute(query).fetchone()
    return line if others is not None and here < others else None


def headed(text: str, columns: dict[str, str], path: str) -> tuple[Header, str]:
    """The header, and the text behind it. The delimiter is the one under which the header has the wanted columns."""
    skipped = re.match(r"\s*\n", text)
    skipped = skipped.end() if skipped else 0
    if hint := re.match(r"\ufeff?\"?sep=.\"?\n", text[skipped:]):  # written by Excel, and for it
        skipped += hint.end()
    found = {sign: first_record(text[skipped:], sign) for sign in DELIMITERS}
    wanted = {key(name) for name in columns.values()}
    sign = max(DELIMITERS, key=lambda sign: (len(wanted & {key(name) for name in found[sign][0]}), len(found[sign][0])))
    names, used = found[sign]
    line = 1 + text.count("\n", 0, skipped)
    where = f"{path}:{line}"
    if not wanted & {key(name) for name in names}:
        refuse_strangers(text[skipped:].lstrip("\ufeff \t\n"), names, where)
    places = located(names, columns, where)
    try:
        first_record(text[skipped:], sign, strict=True)
    except csv.Error as error:
        raise InputError(
            Code.OPEN_QUOTE, what="a quote in the header where none can stand", fix=REPAIR, where=where
        ) from error
    end = skipped
    for _ in range(used):
        end = text.find("\n", end) + 1 or len(text)
    return Header(names, sign, places, line + used, path), text[end:]


def first_record(text: str, delimiter: str, strict: bool = False) -> tuple[list[str], int]:
    """Its fields, and how many lines it takes."""
    reader = csv.reader(io.StringIO(text), delimiter=delimiter, strict=strict, skipinitialspace=True)
    return [name.strip() for name in next(reader, [])], reader.line_num


def refuse_strangers(text: str, names: list[str], where: str) -> None:
    """Raises: InputError: the text is of another kind, or begins with data."""
    kinds = {"<": "HTML or XML", "{": "JSON", "[": "JSON"}
    if text[:1] in kinds:
        fix = "export the table itself, as CSV, gzipped CSV or Parquet"
        raise InputError(Code.NOT_A_TABLE, what=f"the file is {kinds[text[0]]}, not a table", fix=fix, where=where)
    value = next(
        (name for name in names if re.fullmatch(r"[-+]?[\d.,]+|\d{4}-\d\d-\d\d.*|\d+[/.]\d+[/.]\d+.*", name)), None
    )
    if value is not None:
        fix = "write a header with the names of the columns as the first line"
        raise InputError(
            Code.NO_HEADER, what=f"the first line is no header: {value[:40]!r} is a value", fix=fix, where=where
        )


def shaped(header: Header, rows: Rows) -> Shape:
    """From the first row. All others must be like it. Raises: InputError: the header does not fit it."""
    names, width, behind = len(header.names), rows.widths[0], header.places["revenue"] + 1
    nameless = behind if behind < width and (width > names or "" in header.names[behind:]) else None
    if width == names:
        return Shape(
            width, 0, None if header.names[-1] else width - 1, "anything" if header.names[-1] else "nothing", nameless
        )
    if width == names + 1:
        if not rows.fields[width - 1].strip():
            return Shape(width, 0, width - 1, "nothing", nameless)
        return Shape(width, 1, 0, "row numbers", behind - 1)  # as R writes them, without a name
    if width == names - 1 and not header.names[-1]:
        return Shape(width)
    raise ragged(header, rows.lines[0], width, names)


def ragged(header: Header, line: int, width: int, wanted: int) -> InputError:
    what = f"the row has {width} fields where {wanted} belong; the delimiter is {header.delimiter!r}"
    fix = f"{REPAIR}; a value that holds the delimiter stands in quotes"
    return InputError(Code.RAGGED_ROW, what=what, fix=fix, where=f"{header.path}:{line}")


def insert(rows: Rows, header: Header, shape: Shape, connection: duckdb.DuckDBPyConnection) -> None:
    if set(rows.widths) != {shape.width}:
        wrong = next(number for number, width in enumerate(rows.widths) if width != shape.width)
        raise ragged(header, rows.lines[wrong], rows.widths[wrong], shape.width)
    places = [header.places[name] + shape.shift for name in OURS]
    columns = [pa.array(rows.fields[place :: shape.width], pa.string()) for place in places]
    for place in (shape.beside, shape.neighbour):
        values = [] if place is None else rows.fields[place :: shape.width]
        columns.append(pa.array(values, pa.string()) if values else pa.nulls(len(rows.lines), pa.string()))
    batch = pa.table([pa.array(rows.lines, pa.int64()), *columns], ["line", *OURS, "beside", "neighbour"])
    connection.register("batch", batch)
    connection.execute("INSERT INTO raw FROM batch")
    connection.unregister("batch")


def check_beside(header: Header, shape: Shape | None, connection) -> None:
    """Raises: InputError: the column outside the header holds what it must not: the row is ragged."""
    if shape is None or shape.allowed == "anything":
        return
    wrong = "TRIM(beside) <> ''"
    if shape.allowed == "row numbers":
        number = "CASE WHEN regexp_full_match(beside, ' *\\d{1,15} *') THEN CAST(beside AS BIGINT) END"
        counted = f"COUNT(DISTINCT {number}) = COUNT(*) AND MIN({number}) IN (0, 1) AND MAX({number}) - MIN({number}) = COUNT(*) - 1"
        wrong = f"({number}) IS NULL OR NOT (SELECT {counted} FROM raw)"
    line = connection.execute(f"SELECT MIN(line) FROM raw WHERE {wrong}").fetchone()[0]
    if line is not None:
        raise ragged(header, line, shape.width, len(header.names))


def check_cents(header: Header, shape: Shape | None, connection) -> None:
    """Raises: InputError: revenue and the column at its side could be one amount that a decimal comma cut in two."""
    if shape is None or shape.neighbour is None or header.delimiter != ",":
        return
    whole, cents = ("neighbour", "revenue") if shape.shift else ("revenue", "neighbour")
    halves = rf"regexp_full_match(TRIM({whole}), '[-+]?[\d. ]*\d') AND regexp_full_match(TRIM({cents}), '\d{{1,2}}')"
    share, line = connection.execute(f"SELECT AVG(CASE WHEN {halves} THEN 1 ELSE 0 END), MIN(line) FROM raw").fetchone()
    if share is not None and share > 0.9:
        what = "revenue and a column beside it are whole numbers, and not every column has a name: a decimal comma without quotes?"
        fix = "give every column a name in the header; write 12.50, or '12,50' in double quotes"
        raise InputError(Code.AMBIGUOUS_REVENUE, what=what, fix=fix, where=f"{header.path}:{line}, revenue")
