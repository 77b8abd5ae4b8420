"""Text into rows of fields: a quote that is not closed, or stands where none can, is refused by its line."""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from clv.errors import Code, InputError

LONGEST = 1 << 22  # characters; a row that is longer has an open quote, or the file is no table
REPAIR = "repair that line, or export the file again"
NOTHING = " \t\f\v\xa0\x1a"  # of a line without a value; DOS ended files with \x1a
DAY, NUMBER = r"(?:\D*\d){3}[^\n]*", r"[^\w\n]*\d[\d.,' ]*"
csv.field_size_limit(2**31 - 1)


@dataclass(frozen=True)
class Header:
    """names, in the file's order.   places: our name -> number of its column.   line: on which the rows begin."""

    names: list[str]
    delimiter: str
    places: dict[str, int]
    line: int
    path: str


@dataclass(frozen=True)
class Rows:
    """Of a piece of text, without blank ones: the line each begins on, its number of fields, and the fields of all in a row.

    empty: how many were passed over that have fields, and nothing in them.
    """

    lines: Sequence[int]
    widths: list[int]
    fields: list[str]
    empty: int = 0


def whole_rows(texts: Iterator[str], path: str) -> Iterator[tuple[int, str]]:
    """The text again, cut where a row ends: behind a line end with an even number of quotes before it.

    Gives: the line that a piece begins on, and the piece.
    """
    line, rest = 1, ""
    for text in texts:
        rest = rest + text
        end = last_end(rest)
        if rest[:end].strip():
            yield line, rest[:end]
            line += rest.count("\n", 0, end)
            rest = rest[end:]
        if len(rest) > LONGEST:
            too_long(rest, path, line)
    if rest.count('"') % 2:
        too_long(rest, path, line)
    if rest.strip():
        yield line, rest


def last_end(text: str) -> int:
    """Behind the last line end that no quoted value holds; 0 where there is none."""
    odd, end = text.count('"') % 2, len(text)
    while end:
        begin = text.rfind("\n", 0, end) + 1
        odd ^= text.count('"', begin, end) % 2
        if not odd:
            return begin
        end = begin - 1 if begin else 0
    return 0


def too_long(text: str, path: str, line: int) -> None:
    where = f"{path}:{line}"
    if text.count('"') % 2 or '"' in text[:LONGEST]:
        raise InputError(
            Code.OPEN_QUOTE, what="a quote in the row that begins here is never closed", fix=REPAIR, where=where
        )
    raise InputError(Code.NOT_A_TABLE, what=f"a line of more than {LONGEST:,} characters", fix=REPAIR, where=where)


def parsed(text: str, line: int, header: Header) -> Rows:
    if '"' in text:
        return quoted(text, line, header)
    rows = text.removesuffix("\n").split("\n")
    lines, sign, empty = range(line, line + len(rows)), header.delimiter, 0
    if not all(map(str.strip, rows)) or "\n" + sign * 2 in "\n" + text or "\x1a" in text:
        kept = [number for number, row in enumerate(rows) if row.strip(NOTHING + sign)]
        empty = sum(sign in row for row in rows) - sum(sign in rows[number] for number in kept)
        rows, lines = [rows[number] for number in kept], [lines[number] for number in kept]
    widths = [row.count(sign) + 1 for row in rows]
    return Rows(lines, widths, sign.join(rows).split(sign) if rows else [], empty)  # no list a row: half the time


def quoted(text: str, line: int, header: Header) -> Rows:
    if '="' in text:  # written so that Excel keeps it as text
        sign = re.escape(header.delimiter)
        text = re.sub(rf'(^|{sign})="([^"\n]*)"(?={sign}|$)', r'\1"=""\2"""', text, flags=re.MULTILINE)
    reader = csv.reader(io.StringIO(text), delimiter=header.delimiter, strict=True, skipinitialspace=True)
    lines, widths, fields, doubtful, begin, empty = [], [], [], [], 0, 0
    try:
        for row in reader:
            joined = "".join(row)
            if joined.strip(NOTHING + "\n"):
                lines.append(line + begin)
                widths.append(len(row))
                fields.extend(row)
            elif len(row) > 1:
                empty += 1
            if reader.line_num > begin + 1:
                refuse_swallowed(row, (line + begin, line + reader.line_num - 1), header)
            if '"' in joined or reader.line_num > begin + 1:
                doubtful.append((begin, reader.line_num))
            begin = reader.line_num
    except csv.Error as error:
        raise stray(header, line + begin) from error
    if doubtful:
        check_quotes(text, line, header, doubtful)
    return Rows(lines, widths, fields, empty)


def check_quotes(text: str, line: int, header: Header, doubtful: list[tuple[int, int]]) -> None:
    """Raises: InputError: a quote inside a value that is not quoted."""
    sign = re.escape(header.delimiter)
    value = rf'(?: *"[^"]*(?:""[^"]*)*"|[^"{sign}\n]*)'
    whole = re.compile(rf"{value}(?:{sign}{value})*\n?")
    lines = io.StringIO(text).readlines()
    for begin, end in doubtful:
        if not whole.fullmatch("".join(lines[begin:end])):
            raise stray(header, line + begin)


def refuse_swallowed(row: list[str], lines: tuple[int, int], header: Header) -> None:
    """Raises: InputError: what a quoted value holds has a day and a number where rows have them; a note of many lines has not."""
    day, number = header.places["order_date"], header.places["revenue"]
    for place, value in enumerate(row):
        first, *others = value.split("\n")
        pieces = [[""] * place + first.split(header.delimiter), *(piece.split(header.delimiter) for piece in others)]
        for shift in (0, 1) if others else ():  # 1: behind row names
            days = any(re.fullmatch(DAY, piece[day + shift]) for piece in pieces if len(piece) > day + shift)
            if days and any(
                re.fullmatch(NUMBER, piece[number + shift]) for piece in pieces if len(piece) > number + shift
            ):
                what = f"a quote that opens here and closes on line {lines[1]} holds whole rows"
                raise InputError(Code.OPEN_QUOTE, what=what, fix=REPAIR, where=f"{header.path}:{lines[0]}")


def stray(header: Header, line: int) -> InputError:
    fix = f"{REPAIR}; a quote inside a value is written twice, and the value in quotes"
    return InputError(
        Code.OPEN_QUOTE,
        what="a quote where none can stand, or that is not closed",
        fix=fix,
        where=f"{header.path}:{line}",
    )
