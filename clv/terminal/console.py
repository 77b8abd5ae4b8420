"""The console, and texts on it: coloured where they carry a verdict."""

import os
import sys

from rich.console import Console
from rich.control import strip_control_codes
from rich.highlighter import RegexHighlighter
from rich.text import Text
from rich.theme import Theme

_PIPE_WIDTH = 180  # columns of a table that goes into a pipe or a file


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
    width=None if sys.stdout.isatty() else _PIPE_WIDTH,
    color_system=None if os.environ.get("NO_COLOR") else "auto",
    theme=Theme({"verdict.good": "bold green", "verdict.doubt": "bold yellow", "verdict.bad": "bold red"}),
)


def as_text(line: str) -> Text:
    """Returns the line with colours for verdicts; nothing in it moves the cursor or sets a colour by itself."""
    return verdicts(strip_control_codes(line).replace("\x1b", ""))
