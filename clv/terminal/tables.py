"""Tables that fit the terminal: numbers are never cut, texts are folded, and a column that says the same in every row is said once."""

import re
from dataclasses import dataclass
from typing import Any

import pandas as pd
from rich import box
from rich.table import Table

from clv.terminal.console import as_text, console

_GAP = 2  # columns between two columns of a table
_WORD = 12  # letters; a longer word of a text may be folded
_NUMBER = re.compile(r"[+-]?[\d,.]+%?")


@dataclass(frozen=True)
class _Column:
    """name: as its head says it.   values: as texts."""

    name: str
    values: list[str]

    @property
    def is_number(self) -> bool:
        return all(_NUMBER.fullmatch(value) for value in self.values if value)

    @property
    def least(self) -> int:
        """The columns that it needs: a number in one piece, a text by its longest word."""
        words = [word for value in self.values for word in value.split()]
        longest = max(map(len, words), default=0)
        return max(longest if self.is_number else min(longest, _WORD), *map(len, self.name.split()))

    @property
    def most(self) -> int:
        return max(len(self.name), *map(len, self.values))


def table(content: pd.DataFrame) -> None:
    """Prints a table as wide as the terminal at most; where not even its numbers fit beside one another, each row as a list of values."""
    columns = [_Column(str(name).replace("_", " "), in_short(content[name])) for name in content.columns]
    shown, same = _parted(columns) if len(content) > 1 else (columns, [])
    widths = _widths(shown, console.width)
    if not len(content):
        return
    if widths:
        console.print(_beside_one_another(shown, widths), width=console.width)
    else:
        _one_below_the_other(shown, len(content))
    if same:
        line = f"the same in all rows: {', '.join(f'{column.name} {column.values[0]}' for column in same)}"
        console.print(as_text(line), style="dim")


def in_short(values: pd.Series) -> list[str]:
    """Returns the values as a person reads them; the amounts of a column have the same decimals.

    >>> in_short(pd.Series([1006.394, -0.5, float("nan")])), in_short(pd.Series([45678.9, 3.2])), in_short(pd.Series([0.01234]))
    (['1,006.39', '-0.50', ''], ['45,679', '3'], ['0.0123'])
    >>> in_short(pd.Series(["2", None, True], dtype=object))
    ['2', '', 'True']
    """
    numbers = [abs(value) for value in values if isinstance(value, float) and value == value]
    largest = max(numbers, default=0.0)
    decimals = 0 if largest >= 10_000 else 2 if largest >= 1 or not largest else 4
    return [_text(value, decimals) for value in values]


def _text(value: Any, decimals: int) -> str:
    if value is None or value != value:
        return ""
    if not isinstance(value, float):
        return as_text(str(value)).plain
    text = f"{value:,.{decimals}f}"
    return text.removeprefix("-") if not text.strip("-0.,") else text  # no -0.00


def _parted(columns: list[_Column]) -> tuple[list[_Column], list[_Column]]:
    """Those that say something about a row, and those that say the same in every row; empty ones are in neither."""
    differs = [column for column in columns if len(set(column.values)) > 1] or columns[:1]
    same = [column for column in columns if column not in differs and column.values[0]]
    return differs, same


def _widths(columns: list[_Column], available: int) -> list[int]:
    """What each column gets: what it needs, and of what is left a part as it could use it; empty where not even that fits."""
    left = available - sum(column.least for column in columns) - _GAP * (len(columns) - 1)
    if left < 0:
        return []
    wanted = [column.most - column.least for column in columns]
    share = min(1.0, left / max(sum(wanted), 1))
    return [column.least + int(share * more) for column, more in zip(columns, wanted, strict=True)]


def _beside_one_another(columns: list[_Column], widths: list[int]) -> Table:
    shown = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, _GAP - 1, 0, 0))
    for column, size in zip(columns, widths, strict=True):
        justify = "right" if column.is_number else "left"
        shown.add_column(column.name, width=size, justify=justify, overflow="fold")  # type: ignore[arg-type]  # rich's literals
    for values in zip(*(column.values for column in columns), strict=True):
        shown.add_row(*map(as_text, values))
    return shown


def _one_below_the_other(columns: list[_Column], rows: int) -> None:
    """A list of name and value for each row."""
    names = max(len(column.name) for column in columns)
    for number in range(rows):
        row = Table.grid(padding=(0, _GAP, 0, 0), pad_edge=False)
        row.add_column(width=names, style="bold", no_wrap=True)
        row.add_column(overflow="fold")
        for column in columns:
            if column.values[number]:
                row.add_row(column.name, as_text(column.values[number]))
        console.print(row)
        console.print()
