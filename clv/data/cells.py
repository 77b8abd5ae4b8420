"""Rows of typed cells, of a sheet or of a query, as the texts of a CSV file: the same rules then hold for both."""

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from itertools import islice

from clv.data.contract import Contract
from clv.data.header import Header, key, located, numbered
from clv.data.rows import Rows
from clv.errors import Code, InputError

Row = Sequence[object]
_BATCH = 20_000  # rows that are turned into texts at once
_TITLE_ROWS = 50  # among which a header is looked for
_WHOLE = 2**53  # below it a float holds every whole number
_NUMBERS = (int, float, Decimal)


class Cells:
    """A table of cells. It remembers what kinds of cells it met, because a typed cell needs no format.

    Args: contract: how texts among the cells are read.
    """

    def __init__(self, contract: Contract):
        decimal = contract.decimal or ("," if contract.thousands == "." else ".")
        self._comma = decimal == ","
        self._days, self._not_days = 0, 0
        self._example = ""
        self.has_gaps = False  # whether a cell of ours is empty
        self.places: dict[str, int] = {}

    def header(self, piece: tuple[int, list[Row]], contract: Contract, path: str) -> tuple[Header, list[Row]]:
        """Returns the header, the first row with something in it, and the rows below it."""
        line, rows = piece
        above = next((number for number, row in enumerate(rows) if any(map(text_of, row))), 0)
        names = [text_of(cell).strip() for cell in rows[above]]
        while names and not names[-1]:
            names.pop()
        where = f"{path}:{line + above}"
        if numbers := numbered(names, contract.names):
            header = Header(numbers, "", located(numbers, contract.names, where), line + above, path)
            return header, rows[above:]
        keys = {key(name) for name in contract.names.values()}
        title = 0 if keys & set(map(key, names)) else _rows_above(rows, keys)
        if title:
            what = f"there are no columns {' and '.join(map(repr, contract.names.values()))} in row {line + above}"
            fix = f"data.skip_rows={line - 1 + title}: the header stands below"
            raise InputError(Code.MISSING_COLUMN, what=what, fix=fix, where=where)
        return Header(names, "", located(names, contract.names, where), line + above + 1, path), rows[above + 1 :]

    def rows(self, content: list[Row], line: int, header: Header) -> Rows:
        """Returns the rows with something in them; cells beyond the header's columns have no name and are passed over."""
        self.places = header.places
        width = len(header.names)
        day = header.places["order_date"]
        amounts = [place for name, place in header.places.items() if name not in ("customer_id", "order_date")]
        lines: list[int] = []
        fields: list[str] = []
        for number, row in enumerate(content, line):
            texts = list(map(text_of, row[:width]))
            if not any(texts):
                continue
            texts += [""] * (width - len(texts))
            lines.append(number)
            self._note_day(row[day] if day < len(row) else None, texts[day])
            for place in amounts:
                if place < len(row) and isinstance(row[place], _NUMBERS):
                    texts[place] = self._of_amount(texts[place])
            fields.extend(texts)
        self.has_gaps |= any("" in fields[place::width] for place in header.places.values())
        return Rows(lines, [width] * len(lines), fields)

    def _of_amount(self, text: str) -> str:
        """A number as amounts are written beside it; one of three decimals gets a fourth, so that it cannot mean thousands."""
        whole = f"{text}0" if text[-4:-3] == "." else text
        return whole.replace(".", ",") if self._comma else whole

    def ends_whole(self, content: list[Row]) -> bool:  # noqa: ARG002
        """Returns true: a table of cells is never cut in a cell."""
        return True

    def _note_day(self, cell: object, text: str) -> None:
        if isinstance(cell, dt.date):
            self._days += 1
        elif text:
            self._not_days += 1
            self._example = self._example or text

    def left_to_say(self, contract: Contract, path: str) -> Contract:
        """Returns what of the contract is left to say.

        Raises: InputError: a format is given, and only some of the cells are days already: what typed them may have
                exchanged day and month.
        """
        if self._days and self._not_days and contract.date_format:
            what = (
                f"{self._days} cells are dates and {self._not_days} are not, like {self._example[:40]!r}: a program that "
                "takes some texts for dates may have exchanged day and month in these"
            )
            fix = "make all of them dates, or all texts, in what wrote the table; data.date_format=null sets the texts aside"
            raise InputError(Code.DATE_FORMAT, what=what, fix=fix, where=f"{path}, order_date")
        return replace(contract, date_format=None) if self._days else contract


def batches(rows: Iterable[Row], skip_rows: int = 0, line: int = 1) -> Iterator[tuple[int, list[Row]]]:
    """Gives the rows below so many, some thousands at once, each with the number of its first.

    Args: line: number of the first row of all.
    """
    below, line, is_blank = islice(rows, skip_rows, None), line + skip_rows, True
    while batch := list(islice(below, _BATCH)):
        is_blank = is_blank and not any(text_of(cell) for row in batch for cell in row)
        if not is_blank:
            yield line, batch
        line += len(batch)


def text_of(cell: object) -> str:
    """Returns a cell as a CSV file would hold it: nothing as an empty text, a day as ISO 8601, a number with a point.

    >>> text_of(17850.0), text_of(41.55), text_of(dt.datetime(2024, 1, 2, 12, 30)), text_of(None)
    ('17850', '41.55', '2024-01-02 12:30:00', '')
    """
    return _TEXTS.get(type(cell), str)(cell)


def _of_float(number: float) -> str:
    return str(int(number)) if abs(number) < _WHOLE and number == int(number) else repr(number)


_TEXTS: dict[type, Callable[..., str]] = {
    str: str,
    float: _of_float,
    type(None): lambda _: "",
    bool: lambda cell: "true" if cell else "false",
    Decimal: lambda cell: format(cell, "f"),
    dt.datetime: lambda cell: cell.isoformat(" "),
    bytes: lambda cell: cell.decode("utf-8", "backslashreplace"),
}


def _rows_above(rows: list[Row], keys: set[str]) -> int:
    """How many rows stand above one that has all of the columns; 0 where there is none."""
    for number, row in enumerate(rows[:_TITLE_ROWS]):
        if keys <= {key(text_of(cell)) for cell in row}:
            return number
    return 0
