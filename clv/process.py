"""This process and those that died: who they are, what they left open, and an end that leaves nothing running."""

import json
import os
import signal
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

GRACE = 1.5  # seconds between a signal and the end, whatever the main thread is busy with
stopped_by: int | None = None  # the signal that ends this process
calls, postponed = 0, False  # calls that a signal must not tear, and whether one waits for their end


def identity(pid: int | None = None) -> str:
    """Of a process on this machine: the same pid used again is another one. Empty where there is none."""
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
    except OSError:  # no Linux
        return f"{pid}"
    return f"{pid}:{begun}:{boot}"


def alive(known: str) -> bool:
    return identity(int(known.partition(":")[0])) == known


def notes() -> Path:
    """Folder of this user on this machine, where a run that is open has a note."""
    try:
        state = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local/state") / "clv/runs"
        state.mkdir(parents=True, exist_ok=True, mode=0o700)
        return state
    except (OSError, RuntimeError):  # no home
        state = Path(tempfile.gettempdir()) / f"clv-{os.getuid()}"
        state.mkdir(exist_ok=True, mode=0o700)
        return state


def note(name: str, content: dict[str, Any]) -> None:
    """Who reads it after this process died knows what it left open."""
    fresh = notes() / f".{name}.{os.getpid()}"
    fresh.write_text(json.dumps({"process": identity()} | content))
    os.replace(fresh, notes() / name)


def forget(name: str) -> None:
    (notes() / name).unlink(missing_ok=True)


def left_open() -> dict[str, dict[str, Any]]:
    """Name -> note of the processes that died. A note that cannot be read is removed."""
    found = {}
    for path in notes().glob("[!.]*"):
        try:
            content = json.loads(path.read_text())
            found |= {} if alive(content["process"]) else {path.name: content}
        except (OSError, ValueError, KeyError, TypeError):
            path.unlink(missing_ok=True)
    return found


def end_well(at_the_end: Callable[[], None]) -> None:
    """SIGTERM and the end of the terminal become SystemExit, as Ctrl-C becomes KeyboardInterrupt; a process that is busy in native code ends after GRACE seconds
    all the same. Under `mlflow run`, which may be killed alone, it also ends when that has ended.

    Args: at_the_end: called before the process is ended by force.
    """
    read, write = socket.socketpair()
    write.setblocking(False)
    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:  # nohup
        signal.signal(signal.SIGHUP, stop)
    signal.set_wakeup_fd(write.fileno(), warn_on_full_buffer=False)
    threading.Thread(target=by_force, args=(read, at_the_end, write), daemon=True).start()
    if "MLFLOW_RUN_ID" in os.environ:
        threading.Thread(target=with_parents, daemon=True).start()


def stop(number: int, _frame: object) -> None:
    global stopped_by, postponed
    if stopped_by:  # a second one must not interrupt the closing
        return
    stopped_by, postponed = number, bool(calls)
    if not calls:
        raise ending(number)


def ending(number: int) -> BaseException:
    return KeyboardInterrupt() if number == signal.SIGINT else SystemExit(128 + number)


@contextmanager
def undisturbed() -> Iterator[None]:
    """A signal waits for the end of this: torn, a call on a database would leave it locked."""
    global calls, postponed
    if threading.current_thread() is not threading.main_thread():  # signals come to the main thread alone
        yield
        return
    calls += 1
    try:
        yield
    finally:
        calls -= 1
        if postponed and not calls:
            postponed = False
            raise ending(stopped_by)


def by_force(signals: socket.socket, at_the_end: Callable[[], None], _keep: socket.socket) -> None:
    while (number := signals.recv(1)[0]) not in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        pass
    time.sleep(GRACE)
    closing = threading.Thread(target=at_the_end, daemon=True)
    closing.start()
    closing.join(0.4)
    os._exit(128 + number)


def with_parents() -> None:
    """`mlflow run` starts bash, and bash starts this process."""
    before = parents()
    while parents() == before:
        time.sleep(0.3)
    os.kill(os.getpid(), signal.SIGTERM)


def parents() -> tuple[int, str]:
    """Of this process, and of its parent."""
    try:
        return os.getppid(), Path(f"/proc/{os.getppid()}/stat").read_text().rpartition(")")[2].split()[1]
    except OSError:
        return os.getppid(), ""
