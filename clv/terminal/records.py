"""What a person would read on a terminal, as JSON lines."""

import datetime as dt
import json
import logging
import os
import sys
from collections.abc import Iterable
from contextlib import suppress
from typing import Any, ClassVar, TextIO

import pandas as pd

_SIGNAL = 128  # an exit code above it: the command was stopped


class Records:
    """Each line has: at (UTC), level (info, warning or error), what is known, fields of its own, message."""

    is_live = False
    known: ClassVar[dict[str, str]] = {}

    def begin(self, command: str) -> None:
        """What libraries log and warn of becomes records, too."""
        Records.known = {"command": command}
        os.environ["MLFLOW_CONFIGURE_LOGGING"] = "false"  # it would write lines of its own
        logging.basicConfig(handlers=[_Logged(self)], level=logging.WARNING)
        logging.captureWarnings(True)

    def lines(self, lines: Iterable[str], style: str = "") -> None:
        for line in filter(str.strip, lines):
            self.write(line.strip(), "warning" if line.startswith("WARNING") else "info")

    def table(self, content: pd.DataFrame) -> None:
        for row in content.astype(object).where(content.notna(), None).to_dict("records"):
            self.write("", row=row)

    def know(self, **facts: str) -> None:
        Records.known = Records.known | {name: fact for name, fact in facts.items() if fact}

    def step(self, step: str, seconds: float, summary: str, level: str = "info") -> None:
        self.write(summary, level, step=step, seconds=round(seconds, 3))

    def beat(self, step: str, seconds: float, text: str) -> None:
        self.write(text, step=step, seconds=round(seconds, 3))

    def closing(self, notes: Iterable[str], facts: Iterable[str], next_moves: Iterable[str]) -> None:
        self.lines(notes)
        self.write("done", exit_code=0, facts=list(facts), next=[line.strip() for line in next_moves])

    def failed(self, message: str, exit_code: int | str | None) -> None:
        level = "warning" if isinstance(exit_code, int) and exit_code > _SIGNAL else "error"
        with suppress(OSError):  # a full disk
            self.write(message.strip(), level, sys.stderr, exit_code=exit_code)

    def write(self, message: str, level: str = "info", file: TextIO | None = None, **fields: Any) -> None:
        """Writes a line. file: standard output where none is given.   fields: JSON-ready, or with a text that says them."""
        head = {"at": dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds"), "level": level}
        record = head | self.known | fields | {"message": message}
        print(json.dumps(record, ensure_ascii=False, default=str), file=file or sys.stdout, flush=True)


class _Logged(logging.Handler):
    """What goes through Python's logging."""

    def __init__(self, records: Records):
        super().__init__()
        self._records = records

    def emit(self, record: logging.LogRecord) -> None:
        with suppress(OSError):
            self._records.write(record.getMessage().strip(), record.levelname.lower(), sys.stderr, logger=record.name)
