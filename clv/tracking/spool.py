"""What runs left behind: their logs reach the server once, however often that is interrupted; what died is closed."""

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import filelock

from clv import hints, process
from clv.errors import Unreachable
from clv.tracking import experiment, journal, local_store, operations, server
from clv.tracking.circuit import in_one_line
from clv.wording import counted

_REFUSED = "refused"  # folder in the spool
_DAMAGED = (OSError, ValueError, KeyError, TypeError)  # Refused, which is a ValueError, too


def deliver(home: Path) -> list[str]:
    """Brings what waits in the spool to the server it was meant for; one process at a time, a run at a time, parents first.

    Args:    home: the outputs folder.
    Returns: what was done, and what not, in words.   Raises: Unreachable: the server does not answer; what is left waits on.
    """
    spool = home / journal.SPOOL
    if not waiting(home):
        return []
    try:
        with filelock.FileLock(spool / "lock", blocking=False):
            return [_outcome(path) for path in waiting(home)]
    except filelock.Timeout:
        return [f"another command is delivering what waits in {spool}"]


def _outcome(path: Path) -> str:
    """What became of one journal. What cannot be read, or the server refuses, is put aside: it must not stop every later command."""
    try:
        run_id = _delivered(path)
        shutil.rmtree(path.parent)
        return f"delivered from the spool: run {run_id}"
    except Unreachable:
        raise
    except _DAMAGED as error:
        aside = path.parent.parent / _REFUSED / path.parent.name
        aside.parent.mkdir(exist_ok=True)
        os.replace(path.parent, aside)
        return f"WARNING: the log of an earlier run could not be delivered and was put aside in {aside}: {in_one_line(error)}"


def _delivered(path: Path) -> str:
    """The id of the run, which has everything now."""
    content = json.loads(path.read_text())
    for operation in content["waiting"]:
        _refuse_what_no_command_left(path.parent, operation)
        if "folder" in operation and journal.files_in(path.parent / operation["folder"]) != operation.pop("files"):
            raise ValueError(f"files are missing in {operation['folder']}")
    run_id = operations.created(content["run"])
    for operation in content["waiting"]:
        arguments = {key: value for key, value in operation.items() if key != "kind"}
        if "folder" in arguments:
            arguments["folder"] = str(path.parent / arguments["folder"])
        operations.OPERATIONS[operation["kind"]](run_id, **arguments)
    if not any(operation["kind"] == "end" for operation in content["waiting"]):
        operations.end(run_id, operations.KILLED, operations.now())  # its process died
    return run_id


def _refuse_what_no_command_left(folder: Path, operation: dict[str, Any]) -> None:
    """Raises: ValueError: somebody else wrote the operation. Who may write there must not have the server get a file from elsewhere, or
    the registry another word on a version than that of an alarm.
    """
    if "folder" in operation:
        files = folder / operation["folder"]
        places = [files, *files.rglob("*")]
        if files.resolve().parent != folder.resolve() or any(place.is_symlink() for place in places):
            raise ValueError(f"{operation['folder']} is no folder of this log")
    if operation["kind"] == "version_tag" and not operation["key"].startswith("alarm."):
        raise ValueError(f"no command leaves the tag {operation['key']} of a version here")


def _left(home: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    """The journals that no running process still writes, with their heads; a damaged one belongs to this server."""
    for path in sorted((home / journal.SPOOL).glob("*/journal.json")):
        try:
            head = json.loads(path.read_text())["run"]
            mine = head["process"] == process.identity()
            is_open = any(run.key == head["key"] for run in journal.stack) if mine else process.alive(head["process"])
        except _DAMAGED:
            head, is_open = {"server": local_store.store()}, False
        if not is_open:
            yield path, head


def waiting(home: Path) -> list[Path]:
    """Returns the journals that are meant for this server."""
    return [path for path, head in _left(home) if head["server"] == local_store.store()]


def elsewhere(home: Path) -> Iterator[str]:
    """Yields a sentence for each other server that journals wait for."""
    for address, number in others(home).items():
        wait, them = ("waits", "it") if number == 1 else ("wait", "them")
        yield (
            f"{counted(number, 'run')} in {home / journal.SPOOL} {wait} for {address}: name it with MLFLOW_TRACKING_URI to deliver {them}, "
            f"or drop {them} with {hints.command('sync', drop=address)}"
        )


def others(home: Path) -> dict[str, int]:
    """Returns how many journals wait for each other server."""
    servers = [head["server"] for _, head in _left(home) if head["server"] != local_store.store()]
    return {address: servers.count(address) for address in sorted(set(servers))}


def drop(home: Path, address: str) -> int:
    """Removes what waits for a server that will not come. Returns the number of runs."""
    unwanted = [path for path, head in _left(home) if head["server"] == address]
    for path in unwanted:
        shutil.rmtree(path.parent)
    return len(unwanted)


def close_dead() -> list[str]:
    """Ends the runs that processes of this machine left open when they died. Returns the runs' ids."""
    closed = []
    for name, head in process.left_open().items():
        if head["server"] not in (local_store.store(), None):
            continue
        run_id = head.get("run_id") or operations.find(_where(head), head["key"])
        if run_id and _ended(run_id):
            closed.append(run_id)
        process.forget(name)
    return closed


def _where(head: dict[str, Any]) -> list[str]:
    """The id of the experiment that holds a run, if there is one by now."""
    number = head["experiment"] or experiment.found(head["experiment_name"])
    return [number] if number else []


def _ended(run_id: str) -> bool:
    """Whether the run was open until now."""
    try:
        if server.client.get_run(run_id).info.status != operations.RUNNING:
            return False
    except server.Refused:  # it was deleted
        return False
    operations.log(run_id, tags={"failure_reason": "its process died"})
    operations.end(run_id, operations.KILLED, operations.now())
    return True
