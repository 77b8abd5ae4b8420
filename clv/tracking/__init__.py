"""Runs, artifacts and the registry: the only place for mlflow."""

import getpass
import math
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from clv import process
from clv.errors import Unreachable, hidden
from clv.tracking import journal, local_store, server, spool
from clv.tracking.journal import FAILED, FINISHED, KILLED, Journal
from clv.tracking.server import readable


def begin(home: Path, patience: float) -> list[str]:
    """Before a command's first call: the store is there, runs of dead processes are closed, the spool is delivered.

    Args: home: the outputs folder.   patience: seconds that the command may wait for the server in all.
    Returns: what was done, in words.   Raises: UserError: the store refuses.
    """
    server.begin(patience)
    done = []
    with readable(), suppress(Unreachable):
        local_store.ready()
        if closed := spool.close_dead():
            done.append(f"closed {len(closed)} runs whose process had died: {', '.join(closed)}")
        done += spool.deliver(home)
    return done


@contextmanager
def run(name: str, parameters: dict[str, Any], home: Path, strict: bool) -> Iterator[str]:
    """An MLflow run (the one that `mlflow run` opened, if any), nested in the one that is open; an exception leaves it FAILED with the
    reason as a tag, a signal KILLED.

    Args:   strict: without the server the run stops; else what cannot be logged waits in the spool.
    Raises: Unreachable: strict, and the server does not answer.
    """
    with readable():
        one = Journal(name, home, strict, {"step": name, "account": account()} | commit())
        try:
            one.open()
            one.do("params", params={key: str(value) for key, value in parameters.items() if key not in one.known})
            yield one.run_id
        except BaseException as error:
            failed(one, error)
            raise
        one.close(FINISHED)


def failed(one: Journal, error: BaseException) -> None:
    stopped = process.stopped_by or isinstance(
        error, (KeyboardInterrupt, SystemExit)
    )  # a library may turn one into its own
    if process.stopped_by:
        server.circuit.patience = min(server.circuit.patience, 1)
    with suppress(Unreachable):
        one.do("tags", tags={"failure_reason": hidden(f"{type(error).__name__}: {error}")[:4000]})
    one.close(KILLED if stopped else FAILED)


def current() -> Journal:
    return journal.stack[-1]


def unlogged() -> str | None:
    """What to know of a run that the server did not take."""
    if not server.circuit.why:
        return None
    return (
        f"{server.circuit.error().args[0].splitlines()[0]} The outputs are whole; what was not logged waits in {current().folder.parent} "
        "until the next command, or `mlflow run . -e sync`, delivers it."
    )


def commit() -> dict[str, str]:
    """The git commit of the code and whether the work tree differed from it; nothing outside a repository."""

    def git(*words: str) -> str:
        return subprocess.run(
            ["git", *words], cwd=Path(__file__).parent, capture_output=True, text=True, check=True
        ).stdout.strip()

    try:
        return {"git_commit": git("rev-parse", "HEAD"), "git_dirty": str(bool(git("status", "--porcelain"))).lower()}
    except (OSError, subprocess.CalledProcessError):
        return {}


def log_metrics(metrics: dict[str, float], step: int = 0) -> None:
    rows = [
        [behind(name), float(value), journal.now(), step] for name, value in metrics.items() if math.isfinite(value)
    ]
    if rows:
        current().do("metrics", metrics=rows)


def behind(name: str) -> str:
    """The UI sorts metrics by name and shows the first few: those with a / in their name stand behind those without."""
    return f"within/{name}" if "/" in name else name


def tag(tags: dict[str, str]) -> None:
    """On the open run."""
    if tags:
        current().do("tags", tags=tags)


def who() -> dict[str, str]:
    """The open run, the account behind it, and the commit of the code."""
    return {"run": current().run_id, "entered_by": account(), "git_commit": commit().get("git_commit", "")}


def account() -> str:
    """Of the tracking server where it asks for one, else of this machine; as the client says it, the server does not check it."""
    return os.environ.get("MLFLOW_TRACKING_USERNAME") or getpass.getuser()


def rename(step: str, title: str) -> None:
    """Let the open run's name say what came out."""
    if title:
        tag({"mlflow.runName": f"{step}: {title}"})


def describe(lines: list[str]) -> None:
    """What the run's page says under Description, in Markdown."""
    tag({"mlflow.note.content": "\n".join(f"- {line}" for line in lines)})
