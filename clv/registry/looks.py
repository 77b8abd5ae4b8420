"""Earlier looks of the monitor at a model: their verdicts, and what was decided about their alarms."""

from dataclasses import dataclass

from clv import tracking
from clv.tracking.server import client


@dataclass(frozen=True)
class Look:
    """One run of the monitor.

    Args: as_of: the day that it looked at, ISO.   version: number of the version in production then.   verdict: of the monitor.
          reason: its first sentences.   alarm: empty, open, or the decision that closed it.
    """

    run_id: str
    as_of: str
    version: str
    verdict: str
    reason: str
    alarm: str


def earlier(name: str, most: int) -> list[Look]:
    """Returns the looks at the model, newest first.

    Args:   most: looks at most.
    Raises: Unreachable: the server does not answer.
    """
    runs = client.search_runs(
        tracking.current().experiments,
        f"tags.production_model = '{name}' and tags.step = 'monitor' and attributes.status = 'FINISHED'",
        order_by=["attributes.start_time DESC"],
        max_results=most,
    )
    return [_look(run.info.run_id, run.data.tags) for run in runs]


def _look(run_id: str, tags: dict[str, str]) -> Look:
    return Look(
        run_id=run_id,
        as_of=tags.get("as_of", ""),
        version=tags.get("production_version", ""),
        verdict=tags.get("verdict", ""),
        reason=tags.get("verdict_reasons", ""),
        alarm=tags.get("alarm_decision") or tags.get("alarm", ""),
    )
