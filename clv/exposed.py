"""What Prometheus is told of a command that ended well."""

import datetime as dt
from pathlib import Path

from clv import prometheus, store
from clv.outcome import Outcome, Run

_LARGEST = 1 << 20  # bytes of the file; ours has some thousand


def expose(run: Run, steps: list[str], seconds: list[float], outcomes: list[Outcome]) -> None:
    """Writes the file that Prometheus reads, beside the outputs: these steps, and the others as the current file has them."""
    path, now = Path(run.config.outputs) / store.CURRENT / prometheus.NAME, dt.datetime.now(dt.UTC)
    is_ours = path.is_file() and path.stat().st_size <= _LARGEST
    before = path.read_text(errors="replace") if is_ours else ""
    ended = [_ended(*each, now) for each in zip(steps, seconds, outcomes, strict=True)]
    store.write(run.bundle, {prometheus.NAME: prometheus.exposition(run.config.tracking.model_name, ended, before)})


def _ended(step: str, seconds: float, outcome: Outcome, now: dt.datetime) -> prometheus.Ended:
    """What the list of runs shows of a step. Figures of a training are of the version that it registered."""
    tags, data = outcome.tags, outcome.dataset
    production = tags.get("production_version")
    return prometheus.Ended(
        step,
        now,
        seconds,
        {name: value for name, value in outcome.metrics.items() if "/" not in name},
        production,
        tags.get("candidate_version") or tags.get("reviewed_version") or production or "",
        tags.get("verdict"),
        dt.date.fromisoformat(data["profile"]["last_day"]) if data else None,
    )
