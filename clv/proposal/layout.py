"""How the fields stand in a text: between signs, in fixed widths, or as JSON; where its header is."""

import csv
import io
import re
from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from clv.errors import Code, InputError

JSON = "JSON lines"
_DELIMITERS = ",;\t|"
_ALIKE = 0.8  # share of the lines that must have one number of fields
_NAMES = {"\t": "tab"}
_VALUE = re.compile(r"[-+]?[\d.,]+|\d{4}-\d\d-\d\d.*|\d+[/.-]\d+[/.-]\d+.*")
_FILLED = 0.5  # share of the fields of a header that have a name


@dataclass(frozen=True)
class Layout:
    """delimiter: of the fields; empty where they have fixed widths.   first: the line that the rows begin behind.

    part: which rows were looked at, in words; empty where they are all.
    """

    kind: str
    names: list[str]
    first: int
    delimiter: str = ""
    widths: tuple[int, ...] = ()
    settings: dict[str, Any] = field(default_factory=dict)
    part: str = ""


def layout_of(head: str, given: dict[str, Any], path: str) -> Layout:
    """How the fields stand in the text. Raises: InputError: they cannot be told apart."""
    start = head.lstrip()
    if start.startswith("{"):
        return Layout(JSON, [], 0)
    if start.startswith(("<", "[")):
        kind = "HTML or XML" if start[0] == "<" else "JSON in one piece"
        fix = "export the table as CSV, Parquet or JSON lines"
        raise InputError(Code.NOT_A_TABLE, what=f"the file is {kind}, not a table", fix=fix, where=path)
    if given.get("widths"):
        return _fixed(head, tuple(given["widths"]), given)
    delimiter = {"tab": "\t"}.get(given.get("delimiter") or "", given.get("delimiter")) or _delimiter(head)
    if delimiter:
        return delimited(head, delimiter, given, path)
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


def delimited(head: str, delimiter: str, given: dict[str, Any], path: str) -> Layout:
    """Returns the layout of a text with a sign between its fields. Raises: InputError: no field has anything in it."""
    records = _records(head, delimiter)
    width, _ = _usual_width(records)
    if not width:
        fix = "look at what wrote it: an export has a header and a row for every order and return"
        raise InputError(Code.EMPTY, what="no field has anything in it", fix=fix, where=path)
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
        return Layout(kind, names, line, delimiter, settings=settings)
    return Layout(kind, [str(number + 1) for number in range(width)], above, delimiter, settings=settings)


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


def _fixed(head: str, widths: tuple[int, ...], given: dict[str, Any]) -> Layout:
    settings: dict[str, Any] = {"widths": list(widths)}
    lines = [line for line in head.splitlines()[given.get("skip_rows") or 0 :] if line.strip()]
    ends = [sum(widths[:number]) for number in range(len(widths) + 1)]
    names = [lines[0][begin:end].strip() for begin, end in pairwise(ends)]
    if _is_header(names) and all(names):
        return Layout("fixed width", names, 1, widths=widths, settings=settings)
    numbers = [str(number + 1) for number in range(len(widths))]
    return Layout("fixed width, without a header", numbers, 0, widths=widths, settings=settings)
