"""Text into rows of fields: a quote that is not closed, or stands where none can, is refused by its line."""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as csv_of_arrow

from clv.data.header import REPAIR, Header
from clv.errors import Code, InputError

_LONGEST = 1 << 22  # characters; a row that is longer has an open quote, or the file is not a table
_NOTHING = " \t\f\v\xa0\x1a"  # of a line without a value; DOS ended files with \x1a
_DAY, _NUMBER = r"(?:\D*\d){3}[^\n]*", r"[^\w\n]*\d[\d.,' ]*"


@dataclass(frozen=True)
class Rows:
    """The rows of a piece of text, without blank ones.

    Args: lines: that each row begins on.   widths: the number of fields of each.   fields: of all rows, one behind another;
          or in columns, where all rows have as many.   empty: how many rows were passed over that have fields, and nothing in them.
    """

    lines: Sequence[int]
    widths: list[int]
    fields: list[str] | pa.Table
    empty: int = 0

    def column(self, place: int) -> pa.Array | pa.ChunkedArray:
        """Returns the texts of a column; all rows have as many fields as the first."""
        if isinstance(self.fields, pa.Table):
            return self.fields.column(place)
        return pa.array(self.fields[place :: self.widths[0]], pa.string())


def whole_rows(texts: Iterator[str], path: str, line: int = 1) -> Iterator[tuple[int, str]]:
    """Gives the text again, cut where a row ends: behind a line end with an even number of quotes before it.

    Args:    line: that the text begins on.
    Returns: the line that a piece begins on, and the piece.
    Raises:  InputError: a quote is never closed, or a line is too long for a table.
    """
    rest = ""
    for text in texts:
        rest = rest + text
        end = _last_end(rest)
        if rest[:end].strip():
            yield line, rest[:end]
            line += rest.count("\n", 0, end)
            rest = rest[end:]
        if len(rest) > _LONGEST:
            _refuse_too_long(rest, path, line)
    if rest.count('"') % 2:
        _refuse_too_long(rest, path, line)
    if rest.strip():
        yield line, rest


def _last_end(text: str) -> int:
    """Behind the last line end that no quoted value holds; 0 where there is none."""
    odd, end = text.count('"') % 2, len(text)
    while end:
        begin = text.rfind("\n", 0, end) + 1
        odd ^= text.count('"', begin, end) % 2
        if not odd:
            return begin
        end = begin - 1 if begin else 0
    return 0


def _refuse_too_long(text: str, path: str, line: int) -> None:
    where = f"{path}:{line}"
    if text.count('"') % 2 or '"' in text[:_LONGEST]:
        what = "a quote in the row that begins here is never closed"
        raise InputError(Code.OPEN_QUOTE, what=what, fix=REPAIR, where=where)
    raise InputError(Code.NOT_A_TABLE, what=f"a line of more than {_LONGEST:,} characters", fix=REPAIR, where=where)


def parsed(text: str, line: int, header: Header) -> Rows:
    """Returns the rows of a piece of text that begins on the line.

    Raises: InputError: a quote stands where none can, or holds whole rows.
    """
    return _quoted(text, line, header) if '"' in text else _plain(text, line, header.delimiter)


def _plain(text: str, line: int, delimiter: str) -> Rows:
    return _in_columns(text, line, delimiter) or _in_lines(text, line, delimiter)


def _in_columns(text: str, line: int, delimiter: str) -> Rows | None:
    """Rows without quotes, in a third of the time; None where they are not all of one width, or one could be empty."""
    width = text[: text.find("\n")].count(delimiter) + 1
    if width == 1 or text.startswith("\ufeff"):
        return None
    names = [str(place) for place in range(width)]
    reading = csv_of_arrow.ReadOptions(column_names=names, block_size=1 << 30, use_threads=False)
    parsing = csv_of_arrow.ParseOptions(delimiter=delimiter, quote_char=False, ignore_empty_lines=False)
    converting = csv_of_arrow.ConvertOptions(column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False)
    try:
        table = csv_of_arrow.read_csv(pa.BufferReader(text.encode()), reading, parsing, converting)
    except ValueError:  # of Arrow too
        return None
    if pc.any(pc.equal(pc.utf8_trim(table.column(0), _NOTHING), "")).as_py():
        return None
    return Rows(range(line, line + len(table)), [width] * len(table), table)


def _in_lines(text: str, line: int, delimiter: str) -> Rows:
    rows = text.removesuffix("\n").split("\n")
    lines: Sequence[int] = range(line, line + len(rows))
    empty = 0
    if not all(map(str.strip, rows)) or "\n" + delimiter * 2 in "\n" + text or "\x1a" in text:
        filled = [number for number, row in enumerate(rows) if row.strip(_NOTHING + delimiter)]
        empty = sum(delimiter in row for row in rows) - sum(delimiter in rows[number] for number in filled)
        rows, lines = [rows[number] for number in filled], [lines[number] for number in filled]
    widths = [row.count(delimiter) + 1 for row in rows]
    fields = delimiter.join(rows).split(delimiter) if rows else []  # no list a row: half the time
    return Rows(lines, widths, fields, empty)


def _quoted(text: str, line: int, header: Header) -> Rows:
    if '="' in text:  # written so that Excel keeps it as text
        sign = re.escape(header.delimiter)
        text = re.sub(rf'(^|{sign})="([^"\n]*)"(?={sign}|$)', r'\1"=""\2"""', text, flags=re.MULTILINE)
    reader = csv.reader(io.StringIO(text), delimiter=header.delimiter, strict=True, skipinitialspace=True)
    lines: list[int] = []
    widths: list[int] = []
    fields: list[str] = []
    doubtful, begin, empty = [], 0, 0
    try:
        for row in reader:
            joined, has_line_end = "".join(row), reader.line_num > begin + 1
            if joined.strip(_NOTHING + "\n"):
                lines.append(line + begin)
                widths.append(len(row))
                fields.extend(row)
            elif len(row) > 1:
                empty += 1
            if has_line_end:
                _refuse_swallowed(row, (line + begin, line + reader.line_num - 1), header)
            if has_line_end or '"' in joined:
                doubtful.append((begin, reader.line_num))
            begin = reader.line_num
    except csv.Error as error:
        raise _stray(header, line + begin) from error
    if doubtful:
        _check_quotes(text, line, header, doubtful)
    return Rows(lines, widths, fields, empty)


def _check_quotes(text: str, line: int, header: Header, doubtful: list[tuple[int, int]]) -> None:
    """Raises: InputError: a quote inside a value that is not quoted."""
    sign = re.escape(header.delimiter)
    value = rf'(?: *"[^"]*(?:""[^"]*)*"|[^"{sign}\n]*)'
    whole = re.compile(rf"{value}(?:{sign}{value})*\n?")
    lines = io.StringIO(text).readlines()
    for begin, end in doubtful:
        if not whole.fullmatch("".join(lines[begin:end])):
            raise _stray(header, line + begin)


def _refuse_swallowed(row: list[str], lines: tuple[int, int], header: Header) -> None:
    """Raises: InputError: what a quoted value holds has a day and a number where rows have them; a note of many lines has not."""
    for place, value in enumerate(row):
        first, *others = value.split("\n")
        pieces = [[""] * place + first.split(header.delimiter), *(piece.split(header.delimiter) for piece in others)]
        if others and any(_look_like_rows(pieces, header, shift) for shift in (0, 1)):  # 1: behind row names
            what = f"a quote that opens here and closes on line {lines[1]} holds whole rows"
            raise InputError(Code.OPEN_QUOTE, what=what, fix=REPAIR, where=f"{header.path}:{lines[0]}")


def _look_like_rows(pieces: list[list[str]], header: Header, shift: int) -> bool:
    day, number = header.places["order_date"] + shift, header.amount + shift
    has_day = any(len(piece) > day and re.fullmatch(_DAY, piece[day]) for piece in pieces)
    return has_day and any(len(piece) > number and re.fullmatch(_NUMBER, piece[number]) for piece in pieces)


def _stray(header: Header, line: int) -> InputError:
    what = "a quote where none can stand, or that is not closed"
    fix = f"{REPAIR}; a quote inside a value is written twice, and the value in quotes"
    return InputError(Code.OPEN_QUOTE, what=what, fix=fix, where=f"{header.path}:{line}")
