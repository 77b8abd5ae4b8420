"""Lines on the terminal: broken between words, but never within a command, and coloured where they carry a verdict."""

import os
from collections.abc import Iterable

from rich.console import Console
from rich.control import strip_control_codes
from rich.highlighter import RegexHighlighter
from rich.text import Text
from rich.theme import Theme

PIPE_WIDTH = 180  # columns of a table that goes into a pipe or a file
_COMMANDS = ("mlflow run ", "python -m ")  # they are pasted, so the terminal alone may break them


class _Verdicts(RegexHighlighter):
    """Colours for the words that say how it stands."""

    base_style = "verdict."
    highlights = (
        r"(?P<good>\bSTABLE\b|(?<=verdict: )stable\b|\bgates passed\b|\bpassed\b|^ok$)",
        r"(?P<doubt>\bINSUFFICIENT\b|(?<=verdict: )insufficient\b|\bWARNING\b|^unnamed$)",
        r"(?P<bad>\bALARM\b|(?<=verdict: )alarm\b|\bFAILED\b|\bfailed\b|NOT AS IT WAS WRITTEN|NOBODY REVIEWED)",
    )


verdicts = _Verdicts()
console = Console(
    highlight=False,
    color_system=None if os.environ.get("NO_COLOR") else "auto",
    theme=Theme({"verdict.good": "bold green", "verdict.doubt": "bold yellow", "verdict.bad": "bold red"}),
)


def width() -> int:
    """Returns the columns that a table may have."""
    return console.width if console.is_terminal else PIPE_WIDTH


def as_text(line: str) -> Text:
    """Returns the line with colours for verdicts; nothing in it moves the cursor or sets a colour by itself."""
    return verdicts(strip_control_codes(line).replace("\x1b", ""))


def show(lines: Iterable[str], style: str = "") -> None:
    """Prints lines, broken between words where they are longer than the terminal is wide; a command stays in one piece."""
    for line in lines:
        longest = max(map(len, line.split()), default=0)
        is_whole = not console.is_terminal or longest > console.width or any(sign in line for sign in _COMMANDS)
        console.print(as_text(line), style=style or None, soft_wrap=is_whole)


def closing(notes: Iterable[str], facts: Iterable[str], next_moves: Iterable[str]) -> None:
    """What stands below the steps: warnings and what else was noticed, each once; facts of the run; and last, what a person does now."""
    show(dict.fromkeys(notes))
    show(facts, style="dim")
    show(next_moves)
