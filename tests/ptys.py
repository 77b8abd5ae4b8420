"""A command on a terminal of a given width, and what is on the screen when it has ended."""

import fcntl
import os
import pty
import re
import struct
import sys
import termios
from dataclasses import dataclass

from helpers import ROOT

_CONTROL = re.compile(r"\x1b\[([?\d;]*)([A-Za-z])")


@dataclass(frozen=True)
class Shown:
    """raw: all that was written, control codes and all.   lines: what is left on the screen.   code: of the exit."""

    raw: str
    lines: list[str]
    code: int

    @property
    def frames(self) -> str:
        """Everything that was ever shown, without control codes."""
        return _CONTROL.sub("", self.raw)


def on_a_terminal(width: int, *words: str, **environment: str) -> Shown:
    """Runs python with these words. width: columns of the terminal."""
    inherited = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "NO_COLOR")}
    pid, terminal = pty.fork()
    if pid == 0:
        os.execve(
            sys.executable,
            [sys.executable, *words],
            inherited | {"PYTHONPATH": str(ROOT), "TERM": "xterm-256color"} | environment,
        )
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 60, width, 0, 0))
    raw = _read(terminal)
    return Shown(raw, _screen(raw, width), os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))


def _read(terminal: int) -> str:
    parts = []
    while True:
        try:
            parts.append(os.read(terminal, 65536))
        except OSError:  # the other end is closed
            parts.append(b"")
        if not parts[-1]:
            os.close(terminal)
            return b"".join(parts).decode()


def _screen(raw: str, width: int) -> list[str]:
    """The rows after the last sign: moves up, erased lines and wrapped lines are what rich uses."""
    rows, row, column, place = [""], 0, 0, 0
    while place < len(raw):
        if control := _CONTROL.match(raw, place):
            place, (number, kind) = control.end(), control.groups()
            if kind == "A":
                row = max(0, row - int(number or 1))
            if kind == "K":
                rows[row] = "" if number == "2" else rows[row][:column]
            continue
        sign, place = raw[place], place + 1
        if sign == "\r":
            column = 0
        elif sign == "\n" or column >= width:
            row, column = row + 1, 0
            rows += [""] * (row - len(rows) + 1)
        if sign not in "\r\n":
            rows[row] = rows[row][:column].ljust(column) + sign + rows[row][column + 1 :]
            column += 1
    return [text.rstrip() for text in rows]
