"""This machine's side of the store: which store it is, and a first start that is safe."""

import os
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import filelock

from clv.errors import UserError
from clv.tracking import server

SETTLED = 10  # seconds without a change after which nobody works any more on a store that is not whole


def store() -> str:
    """Returns the tracking store, with the folder that a relative path in it starts from."""
    return server.address() if server.remote() else f"{Path.cwd()} {server.address()}"


def ready() -> None:
    """Makes the sqlite file of a first start: one process makes it whole beside its place, and moves it there.

    Raises: UserError: something else is in its place, or it is locked.
    """
    from sqlalchemy.engine import make_url

    uri = server.uri()
    path = Path(make_url(uri).database or "") if uri.startswith("sqlite:") else None
    if path is None or str(path) in (".", ":memory:") or whole(path):
        return
    with filelock.FileLock(f"{path}.first-start"):
        while path.exists() and not whole(path) and time.time() - path.stat().st_mtime < SETTLED:
            time.sleep(0.2)  # MLflow itself may be making it
        if not whole(path):
            _make(path)
    Path(f"{path}.first-start").unlink(missing_ok=True)


def whole(path: Path) -> bool:
    """Returns whether a store is there; its first experiment is the last thing that its making adds.

    Raises: UserError: something else is there, or it is locked: nothing of it is touched.
    """
    if not path.exists() or (path.is_file() and path.stat().st_size == 0):
        return False
    try:  # to write: only so does sqlite undo what a process that died had begun
        with closing(sqlite3.connect(path, timeout=20)) as connection:
            tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            rows = "SELECT 1 FROM {} LIMIT 1"
            return any(connection.execute(rows.format(name)).fetchone() for name in tables & {"experiments", "runs"})
    except sqlite3.Error as error:
        raise UserError(
            f"The tracking store {path} cannot be used: {error}; nothing was changed.\nHint: if another program holds it, wait for that; else "
            "restore it from a copy, or name another store with MLFLOW_TRACKING_URI."
        ) from error


def _make(path: Path) -> None:
    from mlflow import MlflowClient

    for old in path.parent.glob(f".{path.name}.*"):  # of those who died while they made it
        old.unlink()
    if path.exists():  # it holds no experiment and no run
        os.replace(path, path.with_name(f"{path.name}.unusable-{time.time_ns()}"))
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    uri = f"sqlite:///{fresh.absolute()}"
    MlflowClient(uri, uri).search_experiments(max_results=1)
    with fresh.open("rb") as stream:
        os.fsync(stream.fileno())
    os.replace(fresh, path)
