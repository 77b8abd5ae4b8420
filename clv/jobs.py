"""The jobs of a --multirun: which one runs, and at the end all of them beside one another."""

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pandas as pd

from clv import terminal
from clv.evaluation.measure import OURS
from clv.outcome import Outcome
from clv.wording import counted

_RANKED_BY = ("rmse", "rmse_over_mean")  # the smaller, the better; the first that every job has
_SHOWN = ("rmse", "rmse_over_mean", "normalized_gini", "bias")
_OTHER_FIGURES = ("window", "data")  # sections of conf/ with which figures mean something else


@dataclass(frozen=True)
class Job:
    """Args: number: from 1.   words: KEY=VALUE of the keys that vary.   outcomes: of its steps."""

    number: int
    words: tuple[str, ...]
    outcomes: list[Outcome]
    seconds: float


class Jobs:
    """Shows each job as it begins, and all that are done at the end. sweeps: key -> how many values it takes."""

    def __init__(self, sweeps: dict[str, int]):
        self._keys, self._total = tuple(f"{key}=" for key in sweeps), math.prod(sweeps.values())
        self._begun = 0
        self._done: list[Job] = []

    @contextmanager
    def one(self, words: tuple[str, ...]) -> Iterator[list[Outcome]]:
        """One job. words: of its command line.   Yields a list that takes its outcomes."""
        self._begun, start, outcomes = self._begun + 1, time.perf_counter(), list[Outcome]()
        words = tuple(word for word in words if word.lstrip("+").startswith(self._keys))
        terminal.show(["", f"job {self._begun} of {self._total}: {' '.join(words)}"], style="bold")
        yield outcomes
        self._done.append(Job(self._begun, words, outcomes, time.perf_counter() - start))

    def show(self) -> None:
        """Prints the jobs that are done, the best first where their figures can be compared."""
        if not self._done:
            return
        table, order = ranking(self._done)
        terminal.show(["", f"{len(self._done)} of {counted(self._total, 'job')} done, {order}"], style="bold")
        terminal.table(table)


def ranking(jobs: list[Job]) -> tuple[pd.DataFrame, str]:
    """Returns the jobs, a row each: job, its words, version, gates, figures, seconds; and how they are ordered."""
    table = pd.DataFrame(map(_row, jobs)).dropna(axis=1, how="all")
    by = next((name for name in _RANKED_BY if name in table and table[name].notna().all()), None)
    if by is None:
        return table, "in the order in which they ran:"
    if any(word.lstrip("+").startswith(_OTHER_FIGURES) for job in jobs for word in job.words):
        return table, "not ranked, because figures of another window or other data mean something else:"
    return table.sort_values(by, kind="stable"), "the lowest RMSE first; a small difference may be chance:"


def _row(job: Job) -> dict[str, object]:
    metrics = {name: value for outcome in job.outcomes for name, value in outcome.metrics.items()}
    tags = {name: value for outcome in job.outcomes for name, value in outcome.tags.items()}
    figures = {name: metrics.get(name, metrics.get(f"{OURS}/{name}")) for name in _SHOWN}
    came_out = {} if any(value is not None for value in figures.values()) else {"came_out": job.outcomes[-1].summary}
    return (
        {"job": job.number, "with": " ".join(job.words)}
        | {"version": tags.get("candidate_version"), "gates": tags.get("gates")}
        | figures
        | came_out
        | {"seconds": round(job.seconds)}
    )
