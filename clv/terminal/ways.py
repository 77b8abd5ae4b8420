"""The two ways to tell a person something: on a terminal, or as JSON lines for a collector of logs (CLV_LOG=json)."""

import os
from collections.abc import Iterable
from typing import Protocol

import pandas as pd

from clv.errors import UserError
from clv.terminal.records import Records
from clv.terminal.screen import Screen

_ASKED = "CLV_LOG"


class Way(Protocol):
    """is_live: whether what it shows can change while a step runs."""

    def begin(self, command: str) -> None:
        """Before anything is told."""

    @property
    def is_live(self) -> bool: ...

    def lines(self, lines: Iterable[str], style: str = "") -> None:
        """Lines of text; style: for a terminal."""

    def table(self, content: pd.DataFrame) -> None: ...

    def know(self, **facts: str) -> None:
        """What holds from now on, for programs."""

    def step(self, step: str, seconds: float, summary: str, level: str = "info") -> None:
        """A step that has ended. level: warning where it was stopped, error where it failed."""

    def beat(self, step: str, seconds: float, text: str) -> None:
        """Where a long step is."""

    def closing(self, notes: Iterable[str], facts: Iterable[str], next_moves: Iterable[str]) -> None:
        """A command that has ended well: what was noticed, facts of the run, what a person does now."""

    def failed(self, message: str, exit_code: int | str | None) -> None:
        """What ended the command; on standard error."""


_WAYS: dict[str, Way] = {"": Screen(), "text": Screen(), "json": Records()}


def way() -> Way:
    """Returns the way that the environment asks for; a terminal's where it asks for one that is not known."""
    return _WAYS.get(os.environ.get(_ASKED, ""), _WAYS[""])


def begin(command: str) -> None:
    """Prepares the way that the environment asks for. Raises: UserError: the environment asks for a way that is not known."""
    if (asked := os.environ.get(_ASKED, "")) not in _WAYS:
        raise UserError(f"{_ASKED}={asked} is not known.\nHint: {_ASKED}=json, or {_ASKED}=text.")
    way().begin(command)
