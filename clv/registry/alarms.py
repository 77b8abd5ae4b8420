"""Alarms that the monitor opens and a person closes: kept in the monitor's run, shown on the version."""

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clv import hints, tracking
from clv.errors import UserError
from clv.registry.versions import Version
from clv.tracking import server
from clv.tracking.server import client

_OPEN, _CLOSED = "open", "closed"


@dataclass(frozen=True)
class Alarm:
    """What the monitor asks a person to look at. model, version: which one (its number).   as_of: day, ISO.   reasons: a sentence each."""

    model: str
    version: str
    as_of: str
    reasons: list[str]


def open_alarm(alarm: Alarm, opened_at: str) -> str:
    """Opens an alarm in the active run, which holds its reports by now; last comes a tag on the version that points here.

    Args: opened_at: moment, ISO.   Returns: the run's id.
    """
    log = tracking.current()
    run_id = log.run_id
    content = {
        **vars(alarm),
        "status": _OPEN,
        "opened_at": opened_at,
        "run_id": run_id,
        "close_with": hints.acknowledge(run_id),
    }
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "opened.json").write_text(json.dumps(content, indent=1))
        log.files(Path(folder), "alarm")
    log.log(tags={"alarm": _OPEN, "alarm_run": run_id})
    summary = f"{_OPEN} since {opened_at}: {alarm.reasons[0]}"[:4000]
    log.tag_model_version(alarm.model, alarm.version, f"alarm.{run_id}", summary)
    return run_id


def opened(run_id: str) -> dict[str, Any]:
    """Returns what the monitor asked when it opened the alarm. run_id: of the monitor, or of the pipeline it ran in.

    Raises: UserError: there is no such run, it opened no alarm, or somebody has closed it.
    """
    run = tracking.find_run(run_id)
    if "alarm_run" not in run.data.tags:
        raise UserError(
            f"Run {run_id} opened no alarm; nothing was written.\nHint: the monitor prints the run's id when its verdict is alarm."
        )
    monitor = tracking.find_run(run.data.tags["alarm_run"])
    if monitor.info.run_id != run.info.run_id:
        return opened(monitor.info.run_id)
    if run.data.tags["alarm"] != _OPEN:
        raise UserError(
            f"The alarm of run {run_id} is closed already: {run.data.tags.get('alarm_decision', '')}; nothing was written."
        )
    return json.loads(server.download(run.info.artifact_uri, "alarm/opened.json").read_text())


def close(entry: dict[str, Any]) -> None:
    """Writes a person's decision, as the ledger has it, to the run that opened the alarm and to the version.

    Args: entry: of the ledger, an acknowledgement: decision, by, at, why, versions (MODEL/NUMBER), alarm_run.
    """
    run_id = tracking.find_run(entry["alarm_run"]).info.run_id
    sentence = "{decision} by {by} on {at}: {why}".format(**entry)[:4000]
    client.log_dict(run_id, entry | {"status": _CLOSED}, "alarm/decision.json")
    for version in entry["versions"]:
        name, number = version.split("/")
        client.set_model_version_tag(name, number, f"alarm.{entry['alarm_run']}", sentence)
    tracking.operations.log(run_id, tags={"alarm_decision": sentence, "alarm": _CLOSED})


def waiting(version: Version) -> list[str]:
    """Returns the runs whose alarms about the version nobody has closed."""
    return [
        name.removeprefix("alarm.")
        for name, state in version.tags.items()
        if name.startswith("alarm.") and state.startswith(_OPEN)
    ]
