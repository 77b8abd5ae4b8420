"""A private folder for what a process puts aside: made under a name that nobody can guess, opened by nobody else, gone with the process.

The process holds a lock on the folder, which the system frees however it ends; so a later process can tell what a killed one left.
"""

import atexit
import fcntl
import os
import shutil
import stat
import tempfile
from contextlib import suppress
from pathlib import Path

_PREFIX = "clv-spill-"
_held: dict[tuple[int, str], Path] = {}  # (process, parent) -> its folder


def folder(parent: str | None = None) -> Path:
    """Returns the folder of this process, made at the first call; what processes that died left beside it is removed.

    Args: parent: None: the temporary folder of the system.
    """
    place = str(parent or tempfile.gettempdir())
    mine = (os.getpid(), place)
    if parent is None and Path(place) in _held.values():  # begin() was called
        return Path(place)
    if mine not in _held:
        Path(place).mkdir(parents=True, exist_ok=True)
        _remove_left(Path(place))
        _held[mine] = _made(place)
        atexit.register(_remove, *mine)
    return _held[mine]


def begin() -> None:
    """Lets everything of this process that asks for a temporary file or folder put it into the folder of this process."""
    tempfile.tempdir = str(folder())


def is_private(path: Path) -> bool:
    """Returns whether this is a folder of this user's, no link to one, that nobody else may open."""
    try:
        found = path.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and not found.st_mode & 0o077


def _made(parent: str) -> Path:
    while True:
        path = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=parent))  # mode 0700
        try:
            is_mine = _locked(path) is not None and path.exists()
        except FileNotFoundError:
            is_mine = False
        except OSError:  # this disk knows no locks: nobody can take it, and nobody will remove it after a kill
            is_mine = True
        if is_mine:
            return path  # else another process took it for one that was left, between its making and its lock


def _locked(path: Path) -> int | None:
    """The open folder with its lock; None where a process has it."""
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        return None
    return handle


def _remove_left(parent: Path) -> None:
    """Another user's folder, a link, and one whose process lives are left alone, whatever they are called."""
    for path in parent.glob(f"{_PREFIX}*"):
        with suppress(OSError):
            handle = _locked(path) if is_private(path) else None
            if handle is not None:
                shutil.rmtree(path, ignore_errors=True)
                os.close(handle)


def _remove(process: int, parent: str) -> None:
    if process == os.getpid():  # a forked child must not
        shutil.rmtree(_held.pop((process, parent)), ignore_errors=True)
