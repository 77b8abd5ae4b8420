"""The first line of a table: its delimiter, the names of its columns, and which of them are ours."""

import csv
import io
import re
import unicodedata
from dataclasses import dataclass

from clv.data.contract import Contract
from clv.errors import Code, InputError

REPAIR = "repair that line, or export the file again"
ONE_EXPORT = "point data.path at files of one export, or read them one by one"
_DELIMITERS = ",;\t|"
_SHOWN = 2000  # characters of the names of the columns
_TITLE_LINES = 50  # among which a header is looked for
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
    def amount(self) -> int:
        """Number of the column of revenue, or of quantity where the revenue is a product."""
        return self.places["revenue"] if "revenue" in self.places else self.places["quantity"]

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
    keys = {key(name) for name in names}
    missing = {ours: theirs for ours, theirs in columns.items() if key(theirs) not in keys}
    if len(missing) > 1:
        what = f"there are no columns {' and '.join(map(repr, missing.values()))}; the columns are: {', '.join(names)[:_SHOWN]}"
        fix = " ".join(f"data.columns.{ours}=NAME" for ours in missing) + " name the right ones"
        raise InputError(Code.MISSING_COLUMN, what=what, fix=fix, where=where)
    places = {
        ours: place_of(theirs, names, f"data.columns.{ours}=NAME names the right one", where)
        for ours, theirs in columns.items()
    }
    if len(set(places.values())) < len(places):
        what = "two of data.columns name one column"
        raise InputError(Code.DOUBLED_COLUMN, what=what, fix="name a column of its own for each", where=where)
    return places


def place_of(name: str, names: list[str], fix: str, where: str) -> int:
    """Returns the place of a name among the names.

    Raises: InputError: there is no such name, or more than one.
    """
    keys = [key(each) for each in names]
    number = keys.count(key(name))
    if number == 0:
        what = f"there is no column {name!r}; the columns are: {', '.join(names)[:_SHOWN]}"
        raise InputError(Code.MISSING_COLUMN, what=what, fix=fix, where=where)
    if number > 1:
        what = f"there are {number} columns {name!r}"
        raise InputError(Code.DOUBLED_COLUMN, what=what, fix="rename or remove one", where=where)
    return keys.index(key(name))


def refuse_other_columns(first: list[str], names: list[str], path: str) -> None:
    """Raises: InputError: a file has other columns than the first one; their order does not matter. path: as it is called in messages."""
    ours, theirs = ({key(name) for name in each} for each in (first, names))
    if ours != theirs:
        what = f"the files have different columns: {', '.join(sorted(ours ^ theirs))[:500]} not in all"
        raise InputError(Code.MIXED_HEADERS, what=what, fix=ONE_EXPORT, where=path)


def numbered(names: list[str], columns: dict[str, str]) -> list[str] | None:
    """Returns the numbers of the columns as their names, where the columns are given by number and no header has such names.

    >>> numbered(["0063", "19970101", "41.55"], {"customer_id": "1", "order_date": "2", "revenue": "3"})
    ['1', '2', '3']
    """
    if all(name.isdigit() for name in columns.values()) and not set(columns.values()) <= set(names):
        return [str(number) for number in range(1, len(names) + 1)]
    return None


def headed(text: str, contract: Contract, path: str, line: int = 1) -> tuple[Header, str]:
    """Returns the header, and the text behind it. The delimiter is the one under which the header has the columns.

    Args:   text: that begins with the header, on the line.
    Raises: InputError: there is no header with those columns.
    """
    skipped = _before_header(text)
    columns = contract.names
    keys = {key(name) for name in columns.values()}
    signs = {"tab": "\t"}.get(contract.delimiter or "", contract.delimiter or _DELIMITERS)
    records = {sign: _first_record(text[skipped:], sign) for sign in signs}
    sign = max(signs, key=lambda sign: (len(keys & {key(name) for name in records[sign][0]}), len(records[sign][0])))
    names, lines = records[sign]
    line += text.count("\n", 0, skipped)
    where = f"{path}:{line}"
    if numbers := numbered(names, columns):
        return Header(numbers, sign, located(numbers, columns, where), line, path), text[skipped:]
    if not keys & {key(name) for name in names}:
        _refuse_strangers(text[skipped:], names, columns, where)
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


def _refuse_strangers(text: str, names: list[str], columns: dict[str, str], where: str) -> None:
    """Raises: InputError: the first line has none of our columns: the text is of another kind, begins with data, or with a title."""
    kinds = {"<": "HTML or XML", "[": "JSON"}
    sign = text.lstrip("\ufeff \t\n")[:1]
    if sign in kinds:
        fix = "export the table itself, as CSV, gzipped CSV or Parquet" + (", or as JSON lines" if sign == "[" else "")
        raise InputError(Code.NOT_A_TABLE, what=f"the file is {kinds[sign]}, not a table", fix=fix, where=where)
    what = f"there are no columns {' and '.join(map(repr, columns.values()))}; the columns are: {', '.join(names)[:_SHOWN]}"
    if title := _lines_above(text, columns):
        raise InputError(
            Code.MISSING_COLUMN, what=what, fix=f"data.skip_rows={title}: the header stands below", where=where
        )
    values = r"[-+]?[\d.,]+|\d{4}-\d\d-\d\d.*|\d+[/.]\d+[/.]\d+.*"
    value = next((name for name in names if re.fullmatch(values, name)), None)
    if value is not None:
        what = f"the first line is not a header: {value[:40]!r} is a value"
        fix = "write a header with the names of the columns as the first line, or give their numbers: data.columns.customer_id=1"
        raise InputError(Code.NO_HEADER, what=what, fix=fix, where=where)
    fix = f"{' '.join(f'data.columns.{ours}=NAME' for ours in columns)} name the right ones; data.delimiter=SIGN where another than , ; | or a tab stands between values"
    raise InputError(Code.MISSING_COLUMN, what=what, fix=fix, where=where)


def _lines_above(text: str, columns: dict[str, str]) -> int:
    """How many lines stand above one that has all of the columns; 0 where there is none."""
    keys = {key(name) for name in columns.values()}
    for number, line in enumerate(text.split("\n", _TITLE_LINES)[:_TITLE_LINES]):
        if any(keys <= {key(name) for name in _first_record(line, sign)[0]} for sign in _DELIMITERS):
            return number
    return 0
