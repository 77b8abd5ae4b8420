"""What runs left behind: their logs reach the server once, however often that is interrupted; what died is closed."""

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import filelock
from mlflow.exceptions import MlflowException

from clv import process
from clv.tracking import journal, local_store, server
from clv.tracking.journal import DO, KILLED, RUNNING, SPOOL

REFUSED = "refused"  # folder in the spool
DAMAGED = (OSError, ValueError, KeyError, TypeError)


def deliver(home: Path) -> list[str]:
    """Bring what waits in the spool to the server it was meant for; one process at a time, a run at a time, parents first.

    Returns: what was done, and what not, in words.   Raises: Unreachable: the server does not answer; what is left waits on.
    """
    spool, said = home / SPOOL, list(elsewhere(home))
    if not waiting(home):
        return said
    try:
        with filelock.FileLock(spool / "lock", blocking=False):
            return said + [outcome(path) for path in waiting(home)]
    except filelock.Timeout:
        return [*said, f"another command is delivering what waits in {spool}"]


def outcome(path: Path) -> str:
    """What became of one journal. What cannot be read, or the server refuses, is put aside: it must not stop every later command."""
    try:
        run_id = delivered(path)
        shutil.rmtree(path.parent)
        return f"delivered from the spool: run {run_id}"
    except server.Unreachable:
        raise
    except (MlflowException, *DAMAGED) as error:
        aside = path.parent.parent / REFUSED / path.parent.name
        aside.parent.mkdir(exist_ok=True)
        os.replace(path.parent, aside)
        return f"WARNING: the log of an earlier run could not be delivered and was put aside in {aside}: {server.in_one_line(error)}"


def delivered(path: Path) -> str:
    """The id of the run that has everything now."""
    content = json.loads(path.read_text())
    for operation in content["waiting"]:
        if "folder" in operation and journal.files_in(path.parent / operation["folder"]) != operation.pop("files"):
            raise ValueError(f"files are missing in {operation['folder']}")
    run_id = journal.created(content["run"])
    for operation in content["waiting"]:
        what = {key: value for key, value in operation.items() if key != "kind"}
        if "folder" in what:
            what["folder"] = str(path.parent / what["folder"])
        DO[operation["kind"]](run_id, **what)
    if not any(operation["kind"] == "end" for operation in content["waiting"]):
        journal.do_end(run_id, KILLED, journal.now())  # its process died
    return run_id


def left(home: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    """The journals that no running process still writes, with their heads; without one where it is damaged."""
    for path in sorted((home / SPOOL).glob("*/journal.json")):
        try:
            head = json.loads(path.read_text())["run"]
            mine = head["process"] == process.identity()
            if not (any(one.key == head["key"] for one in journal.stack) if mine else process.alive(head["process"])):
                yield path, head
        except DAMAGED:
            yield path, {"server": local_store.store()}


def waiting(home: Path) -> list[Path]:
    """The journals that are meant for this server."""
    return [path for path, head in left(home) if head["server"] == local_store.store()]


def elsewhere(home: Path) -> Iterator[str]:
    others = [head["server"] for _, head in left(home) if head["server"] != local_store.store()]
    for address in sorted(set(others)):
        yield f"{others.count(address)} runs in {home / SPOOL} wait for {address}: name it with MLFLOW_TRACKING_URI to deliver them"


def close_dead() -> list[str]:
    """End the runs that processes of this machine left open when they died. Returns the runs' ids."""
    closed = []
    for name, head in process.left_open().items():
        if head["server"] not in (local_store.store(), None):
            continue
        run_id = head.get("run_id") or journal.find(head["experiment"], head["key"])
        if run_id and ended(run_id):
            closed.append(run_id)
        process.forget(name)
    return closed


def ended(run_id: str) -> bool:
    """Whether the run was open until now."""
    client = server.client()
    try:
        if client.get_run(run_id).info.status != RUNNING:
            return False
    except MlflowException:  # it was deleted
        return False
    journal.do_tags(run_id, {"failure_reason": "its process died"})
    client.set_terminated(run_id, KILLED)
    return True
