"""What a person sees while the steps run and when they are done: the one place for rich."""

from collections.abc import Iterable

import pandas as pd

from clv.terminal.steps import waiting, working
from clv.terminal.ways import begin, way

__all__ = ["begin", "closing", "failed", "know", "show", "table", "waiting", "working"]


def show(lines: Iterable[str], style: str = "") -> None:
    """Shows lines of text."""
    way().lines(lines, style)


def table(content: pd.DataFrame) -> None:
    """Shows a table."""
    way().table(content)


def failed(message: str, exit_code: int | str | None) -> None:
    """Says what ended the command."""
    way().failed(message, exit_code)


def know(**facts: str) -> None:
    """Tells programs what holds from now on, as model and run; empty ones are left out."""
    way().know(**facts)


def closing(notes: Iterable[str], facts: Iterable[str], next_moves: Iterable[str]) -> None:
    """What stands below the steps: warnings and what else was noticed, each once; facts of the run; and last, what a person does now."""
    way().closing(dict.fromkeys(notes), facts, next_moves)
