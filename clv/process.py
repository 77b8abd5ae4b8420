"""This process and those that died: who they are, what they left open, and an end that leaves nothing running."""

import functools
import json
import os
import signal
import socket
import stat
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

_GRACE = 1.5  # seconds between a signal and the end, whatever the main thread is busy with
RUN_OF_MLFLOW = "MLFLOW_RUN_ID"  # `mlflow run` names the run that it opened in this variable
_Result = TypeVar("_Result")

stopped_by: int | None = None  # the signal that ends this process
_calls, _postponed = 0, False  # calls that a signal must not interrupt, and whether a signal waits for their end


def start(at_the_end: Callable[[], None]) -> None:
    """Prepares this process for its end; a program calls it once, as its first act.

    SIGTERM and the end of the terminal become SystemExit, as Ctrl-C becomes KeyboardInterrupt; a process that is busy in native code ends
    after _GRACE seconds all the same. Under `mlflow run`, which may be killed alone, the process also ends when that has ended, and a note
    tells later commands that the run is ours.

    Args: at_the_end: is called before the process is ended by force.
    """
    receiver, sender = socket.socketpair()
    sender.setblocking(False)
    signal.signal(signal.SIGTERM, _stop)
    signal.signal(signal.SIGINT, _stop)
    if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:  # nohup
        signal.signal(signal.SIGHUP, _stop)
    signal.set_wakeup_fd(sender.fileno(), warn_on_full_buffer=False)
    threading.Thread(target=_end_by_force, args=(receiver, at_the_end, sender), daemon=True).start()
    if run_id := os.environ.get(RUN_OF_MLFLOW):
        threading.Thread(target=_end_with_parents, daemon=True).start()
        note(run_id, {"run_id": run_id, "server": None})


def undisturbed(function: Callable[..., _Result], *args: Any, **kwargs: Any) -> _Result:
    """Returns function(*args, **kwargs); a signal waits for its end, because a call on a database that is interrupted leaves it locked."""
    global _calls, _postponed
    if threading.current_thread() is not threading.main_thread():  # signals come to the main thread alone
        return function(*args, **kwargs)
    _calls += 1
    try:
        return function(*args, **kwargs)
    finally:
        _calls -= 1
        if _postponed and not _calls and stopped_by:
            _postponed = False
            raise _ending(stopped_by)


def identity(pid: int | None = None) -> str:
    """Returns what names one process of this machine: another process that gets the same pid later has another identity.

    Args: pid: of the process; this one by default.   Returns: empty where there is no such process.
    """
    pid = pid or os.getpid()
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return ""
    except PermissionError:
        pass
    try:
        begun = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()[:8]
    except OSError:  # not Linux
        return f"{pid}"
    return f"{pid}:{begun}:{boot}"


def alive(name: str) -> bool:
    """Returns whether the process with this identity still runs."""
    return identity(int(name.partition(":")[0])) == name


def notes() -> Path:
    """Returns the folder of this user on this machine where every open run has a note; it is made if need be."""
    try:
        folder = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local/state") / "clv/runs"
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except (OSError, RuntimeError):  # there is no home
        folder = Path(os.environ.get("TMPDIR") or "/tmp") / f"clv-{os.getuid()}"
        folder.mkdir(exist_ok=True, mode=0o700)
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
            return _without_home()  # somebody else made it
    return folder


@functools.cache
def _without_home() -> Path:
    """A folder for the notes of this process alone."""
    return Path(tempfile.mkdtemp(prefix="clv-"))


def note(name: str, content: dict[str, Any]) -> None:
    """Writes a note, so that a later process knows what this one left open if it dies."""
    fresh = notes() / f".{name}.{os.getpid()}"
    fresh.write_text(json.dumps({"process": identity()} | content))
    os.replace(fresh, notes() / name)


def forget(name: str) -> None:
    """Removes the note."""
    (notes() / name).unlink(missing_ok=True)


def left_open() -> dict[str, dict[str, Any]]:
    """Returns name -> note of the processes that died. A note that cannot be read is removed."""
    left: dict[str, dict[str, Any]] = {}
    for path in notes().glob("[!.]*"):
        try:
            content = json.loads(path.read_text())
            if not alive(content["process"]):
                left[path.name] = content
        except (OSError, ValueError, KeyError, TypeError):
            path.unlink(missing_ok=True)
    return left


def _stop(number: int, _frame: object) -> None:
    global stopped_by, _postponed
    if stopped_by:  # a second signal must not interrupt the closing
        return
    stopped_by, _postponed = number, bool(_calls)
    if not _calls:
        raise _ending(number)


def _ending(number: int) -> BaseException:
    return KeyboardInterrupt() if number == signal.SIGINT else SystemExit(128 + number)


def _end_by_force(signals: socket.socket, at_the_end: Callable[[], None], _keep: socket.socket) -> None:
    while (number := signals.recv(1)[0]) not in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        pass
    time.sleep(_GRACE)
    closing = threading.Thread(target=at_the_end, daemon=True)
    closing.start()
    closing.join(0.4)
    os._exit(128 + number)


def _end_with_parents() -> None:
    """`mlflow run` starts bash, and bash starts this process."""
    before = _parents()
    while _parents() == before:
        time.sleep(0.3)
    os.kill(os.getpid(), signal.SIGTERM)


def _parents() -> tuple[int, str]:
    """Of this process, and of its parent."""
    try:
        return os.getppid(), Path(f"/proc/{os.getppid()}/stat").read_text().rpartition(")")[2].split()[1]
    except OSError:
        return os.getppid(), ""
