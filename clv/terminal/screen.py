"""What a person reads on a terminal; in a pipe the same, in plain lines."""

import sys
from collections.abc import Iterable
from contextlib import suppress
from datetime import timedelta

import pandas as pd
from rich.table import Table

from clv.terminal import tables
from clv.terminal.console import as_text, console

_NAME, _SECONDS = 13, 10  # columns of the line of a step
_COMMANDS = ("mlflow run ", "python -m ")  # they are pasted, so the terminal alone may break them


class Screen:
    """Lines are broken between words where they are longer than the terminal is wide; a command stays in one piece."""

    def begin(self, command: str) -> None:
        pass

    @property
    def is_live(self) -> bool:
        return console.is_interactive

    def lines(self, lines: Iterable[str], style: str = "") -> None:
        for line in lines:
            longest = max(map(len, line.split()), default=0)
            is_whole = not console.is_terminal or longest > console.width or any(sign in line for sign in _COMMANDS)
            console.print(as_text(line), style=style or None, soft_wrap=is_whole)

    def table(self, content: pd.DataFrame) -> None:
        tables.table(content)

    def know(self, **facts: str) -> None:
        pass

    def step(self, step: str, seconds: float, summary: str, level: str = "info") -> None:
        took = f"{seconds:.1f} s" if seconds < 100 else f"{int(seconds) // 60}:{int(seconds) % 60:02} min"
        if not console.is_terminal:
            console.print(as_text(f"{step:{_NAME}} {took:>{_SECONDS}}  {summary}"), soft_wrap=True)
            return
        line = Table.grid(padding=(0, 2, 0, 0), pad_edge=False)
        line.add_column(min_width=_NAME, style="bold", no_wrap=True)
        line.add_column(width=_SECONDS, justify="right", style="dim", no_wrap=True)
        line.add_column(overflow="fold")
        line.add_row(step, took, as_text(summary))
        console.print(line)

    def beat(self, step: str, seconds: float, text: str) -> None:
        console.print(as_text(f"{step}: {text}, {timedelta(seconds=round(seconds))}"), soft_wrap=True)

    def closing(self, notes: Iterable[str], facts: Iterable[str], next_moves: Iterable[str]) -> None:
        self.lines(notes)
        self.lines(facts, style="dim")
        self.lines(next_moves)

    def failed(self, message: str, exit_code: int | str | None) -> None:
        with suppress(OSError):  # on a full disk even the file of the messages may be full
            print(message, file=sys.stderr, flush=True)
