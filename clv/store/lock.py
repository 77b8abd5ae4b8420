"""One command at a time writes a folder of outputs; the others wait, and are told for whom."""

import datetime as dt
import getpass
import json
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from clv.errors import BusyError
from clv.store.files import replace, told

_LOCK, _HOLDER = ".lock", ".lock.json"
UNKNOWN = "another command"  # in the moment between its lock and its name


@contextmanager
def held(folder: Path, step: str, wait_seconds: float) -> Iterator[None]:
    """Holds the lock of the folder, which is made if need be; the system frees it when the process ends, however it ends.

    Args:   step: for those who wait.

    Raises: BusyError: another command still has it after wait_seconds.   OutputsError: the folder cannot be written, or knows no locks.
    """
    with told(folder):
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / _LOCK, fallback_to_soft=False)  # a soft lock would outlive a kill
        _await_turn(lock, folder, wait_seconds)
    try:
        replace(folder / _HOLDER, json.dumps(_me(step)), mode=0o644)
        yield
    finally:
        with suppress(OSError):
            (folder / _HOLDER).unlink()
        lock.release()


def _await_turn(lock: FileLock, folder: Path, wait_seconds: float) -> None:
    try:
        lock.acquire(timeout=0)
        return
    except Timeout:
        if wait_seconds:
            print(f"waiting for {holder(folder)}", file=sys.stderr, flush=True)  # noqa: T201 a sentence for who waits
    try:
        lock.acquire(timeout=wait_seconds, poll_interval=0.1)
    except Timeout:
        raise BusyError(
            f"{folder} is being written by {holder(folder)}; waited {wait_seconds:g} seconds, nothing was done."
            "\nHint: run it again when that has ended, wait longer with lock_wait_seconds=SECONDS, or write elsewhere with outputs=FOLDER."
        ) from None


def _me(step: str) -> dict[str, str]:
    since = dt.datetime.now().astimezone().isoformat(timespec="seconds")
    return {"step": step, "pid": str(os.getpid()), "user": _user(), "host": socket.gethostname(), "since": since}


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's number without a name
        return str(os.getuid())


def holder(folder: Path) -> str:
    """Returns who has the lock, as they wrote it down."""
    try:
        content = json.loads((folder / _HOLDER).read_text())
        return "{step}, process {pid} of {user} on {host}, since {since}".format(**content)
    except (OSError, ValueError, KeyError):
        return UNKNOWN
