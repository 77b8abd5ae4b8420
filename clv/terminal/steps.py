"""Steps: counts that live while a step runs, and one line that stays when it has ended."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, Progress, ProgressColumn, SpinnerColumn, Task, TextColumn, TimeElapsedColumn
from rich.text import Text

from clv import progress
from clv.terminal.console import console
from clv.terminal.ways import way

_HEARTBEAT = 30  # seconds between the lines of a long count in a pipe
_REFRESH = 5  # times a second


@contextmanager
def working(step: str) -> Iterator[list[str]]:
    """Shows how far the step is, and leaves a line when it ends. Yields a list: what came out, in short, goes into it.

    In a pipe a step leaves its line; a count that takes longer says every half minute where it is.
    """
    begun, summary = time.perf_counter(), list[str]()
    try:
        with waiting(step):
            yield summary
    except BaseException as error:
        ended = ("FAILED", "error") if isinstance(error, Exception) else ("stopped", "warning")
        way().step(step, time.perf_counter() - begun, *ended)
        raise
    way().step(step, time.perf_counter() - begun, "; ".join(summary))


@contextmanager
def waiting(what: str) -> Iterator[None]:
    """Shows that something is under way, and how far its counts are; leaves nothing on a terminal."""
    if not way().is_live:
        with progress.heard_by(_Beats(what).begin):
            yield
        return
    with _display() as display, progress.heard_by(lambda what, total: _Bar(display, what, total)):
        display.add_task(what, total=None, note="")
        yield


class _BarOfCount(BarColumn):
    """No bar where there is no total."""

    def render(self, task: Task):
        return Text() if task.total is None else super().render(task)


class _Number(ProgressColumn):
    """`3/40`."""

    def render(self, task: Task) -> Text:
        return Text("" if task.total is None else f"{task.completed:.0f}/{task.total:.0f}", style="bold")


def _display() -> Progress:
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description:<21}"),
        _BarOfCount(20),
        _Number(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[note]}"),
        console=console,
        transient=True,
        refresh_per_second=_REFRESH,
    )


class _Bar:
    """A count as a bar below the step."""

    def __init__(self, display: Progress, what: str, total: int | None):
        self._display, self._task = display, display.add_task(f"  {what}", total=total, note="")

    def done(self, note: str = "") -> None:
        if note:
            self._display.update(self._task, note=note)
        self._display.advance(self._task)

    def end(self) -> None:
        if self._task in self._display.task_ids:
            self._display.remove_task(self._task)


class _Beats:
    """The counts of a step in a pipe: a line now and then."""

    def __init__(self, step: str):
        self._step, self._begun, self._said = step, time.monotonic(), time.monotonic()

    def begin(self, what: str, total: int | None) -> "_Beat":
        return _Beat(self, what, total)

    def say(self, text: str) -> None:
        """Where the last line is long ago."""
        now = time.monotonic()
        if now - self._said >= _HEARTBEAT:
            self._said = now
            way().beat(self._step, now - self._begun, text)


class _Beat:
    def __init__(self, beats: _Beats, what: str, total: int | None):
        self._beats, self._what, self._total, self._number = beats, what, total, 0

    def done(self, note: str = "") -> None:
        self._number += 1
        self._beats.say(f"{self._what} {self._number}/{self._total}{', ' if note else ''}{note}")

    def end(self) -> None:
        pass
