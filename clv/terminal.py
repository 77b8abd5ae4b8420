"""What a person sees while the steps run and when they are done."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.control import strip_control_codes
from rich.markup import escape
from rich.table import Table

console = Console(highlight=False, soft_wrap=True)


@contextmanager
def working(step: str) -> Iterator[None]:
    """A line that lives while a step runs; on a pipe, a plain line at its start."""
    if not console.is_terminal:
        console.print(f"{step} ...", markup=False)
    with console.status(f"{step} ..."):
        yield


def table(content: Any) -> None:
    """A table of values, a column each."""
    shown = Table(*content.columns)
    for row in content.itertuples(index=False):
        shown.add_row(*(escape(in_short(value)) for value in row))
    Console(highlight=False, width=None if console.is_terminal else 180).print(shown)


def in_short(value: Any) -> str:
    if isinstance(value, float):
        return "" if value != value else f"{value:,.2f}" if abs(value) >= 1 else f"{value:.3g}"
    return "" if value is None else strip_control_codes(str(value)).replace("\x1b", "")


def closing(rows: list[tuple[str, str, float]], lines: list[str]) -> None:
    """The table of steps (name, what came out, seconds) and the lines below it."""
    table = Table("step", "what came out", "seconds", title_justify="left")
    table.columns[2].justify = "right"
    table.columns[1].overflow = "fold"
    for name, summary, seconds in rows:
        table.add_row(name, escape(summary), f"{seconds:.1f}")
    Console(highlight=False, width=None if console.is_terminal else 140).print(table)
    show(lines)


def show(lines: list[str]) -> None:
    """Prints lines as they are."""
    for line in lines:
        console.print(line, markup=False)
