"""The first line of a table: its delimiter, the names of its columns, and which of them are ours."""

import csv
import io
import re
import unicodedata
from dataclasses import dataclass

from clv.errors import Code, InputError

REPAIR = "repair that line, or export the file again"
_DELIMITERS = ",;\t|"
_NO_NAME_FITS = "remove what stands above the table if it begins further down; another delimiter than , ; | or a tab is not read; else {}"
csv.field_size_limit(2**31 - 1)


@dataclass(frozen=True)
class Header:
    """A header that was read.

    Args: names: in the file's order.   places: our name -> number of its column.   line: on which the rows begin.
          path: as the file is called in messages.
    """

    names: list[str]
    delimiter: str
    places: dict[str, int]
    line: int
    path: str

    @property
    def last(self) -> str | None:
        """Our name of the last column; None where it is none of ours."""
        return next((name for name, place in self.places.items() if place == len(self.names) - 1), None)


def key(name: str) -> str:
    """Returns a name as it is compared: without case, outer blanks, quotes and marks; inner blanks and hyphens as _.

    >>> key(' "Customer ID"')
    'customer_id'
    """
    plain = unicodedata.normalize("NFC", name).replace("\ufeff", "").replace("\u200b", "").strip(" \t\xa0\"'")
    return re.sub(r"[\s-]+", "_", plain.strip()).casefold()


def located(names: list[str], columns: dict[str, str], where: str) -> dict[str, int]:
    """Returns our name -> its place among the names.

    Raises: InputError: a column is missing, or doubled.
    """
    keys, places = [key(name) for name in names], {}
    for ours, theirs in columns.items():
        number = keys.count(key(theirs))
        fix = f"data.columns.{ours}=NAME names the right one"
        if number == 0:
            shown = ", ".join(names[:20])[:500]
            fix = fix if any(key(name) in keys for name in columns.values()) else _NO_NAME_FITS.format(fix)
            what = f"there is no column {theirs!r}; the columns are: {shown}"
            raise InputError(Code.MISSING_COLUMN, what=what, fix=fix, where=where)
        if number > 1:
            what = f"there are {number} columns {theirs!r}"
            raise InputError(Code.DOUBLED_COLUMN, what=what, fix="rename or remove one", where=where)
        places[ours] = keys.index(key(theirs))
    if len(set(places.values())) < len(places):
        what = "two of data.columns name one column"
        raise InputError(Code.DOUBLED_COLUMN, what=what, fix="name three columns", where=where)
    return places


def headed(text: str, columns: dict[str, str], path: str) -> tuple[Header, str]:
    """Returns the header, and the text behind it. The delimiter is the one under which the header has the columns.

    Raises: InputError: there is no header with those columns.
    """
    skipped = _before_header(text)
    records = {sign: _first_record(text[skipped:], sign) for sign in _DELIMITERS}
    keys = {key(name) for name in columns.values()}
    sign = max(
        _DELIMITERS, key=lambda sign: (len(keys & {key(name) for name in records[sign][0]}), len(records[sign][0]))
    )
    names, lines = records[sign]
    line = 1 + text.count("\n", 0, skipped)
    where = f"{path}:{line}"
    if not keys & {key(name) for name in names}:
        _refuse_strangers(text[skipped:].lstrip("\ufeff \t\n"), names, where)
    places = located(names, columns, where)
    try:
        _first_record(text[skipped:], sign, strict=True)
    except csv.Error as error:
        what = "a quote in the header where none can stand"
        raise InputError(Code.OPEN_QUOTE, what=what, fix=REPAIR, where=where) from error
    end = skipped
    for _ in range(lines):
        end = text.find("\n", end) + 1 or len(text)
    return Header(names, sign, places, line + lines, path), text[end:]


def _before_header(text: str) -> int:
    """Characters before the header: blank lines, and the hint that Excel writes for itself."""
    blank = re.match(r"\s*\n", text)
    skipped = blank.end() if blank else 0
    hint = re.match(r"\ufeff?\"?sep=.\"?\n", text[skipped:])
    return skipped + (hint.end() if hint else 0)


def _first_record(text: str, delimiter: str, strict: bool = False) -> tuple[list[str], int]:
    """Its fields, and how many lines it takes."""
    reader = csv.reader(io.StringIO(text), delimiter=delimiter, strict=strict, skipinitialspace=True)
    return [name.strip() for name in next(reader, [])], reader.line_num


def _refuse_strangers(text: str, names: list[str], where: str) -> None:
    """Raises: InputError: the text is of another kind, or begins with data."""
    kinds = {"<": "HTML or XML", "{": "JSON", "[": "JSON"}
    if text[:1] in kinds:
        fix = "export the table itself, as CSV, gzipped CSV or Parquet"
        raise InputError(Code.NOT_A_TABLE, what=f"the file is {kinds[text[0]]}, not a table", fix=fix, where=where)
    values = r"[-+]?[\d.,]+|\d{4}-\d\d-\d\d.*|\d+[/.]\d+[/.]\d+.*"
    value = next((name for name in names if re.fullmatch(values, name)), None)
    if value is not None:
        what = f"the first line is not a header: {value[:40]!r} is a value"
        fix = "write a header with the names of the columns as the first line"
        raise InputError(Code.NO_HEADER, what=what, fix=fix, where=where)
