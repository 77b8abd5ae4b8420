"""A run's log: parameters, metrics, tags, files and data of each run, on a tracking server that may fail. Knows nothing of the registry."""

import functools
import getpass
import os
import subprocess
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clv import hints, process
from clv.errors import BusyError, OutputsError, Unreachable, UserError, logged
from clv.tracking import journal, local_store, operations, server, spool
from clv.tracking.address import set_environment
from clv.tracking.journal import Journal, Terms
from clv.tracking.operations import FAILED, FINISHED, KILLED
from clv.wording import counted

if TYPE_CHECKING:
    from mlflow.entities import Run


def start(home: Path, patience: float, *, in_a_hurry: bool = False) -> list[str]:
    """Prepares a command, before its first call: MLflow's environment is set, the store is there, runs of dead processes are closed, and
    the spool is delivered.

    Args: home: the outputs folder.   patience: seconds that the command may wait for the server in all.   in_a_hurry: what is done does
          without the server, so that all waiting counts.
    Returns: what was done, in words.   Raises: UserError: the store refuses.
    """
    set_environment()
    server.begin(patience)
    if in_a_hurry:
        server.circuit.hurry()
    sentences = []
    with suppress(Unreachable):
        local_store.ready()
        if closed := spool.close_dead():
            sentences.append(f"closed {counted(len(closed), 'run')} whose process had died: {', '.join(closed)}")
        operations.delete_aside()
        sentences += spool.deliver(home)
    return sentences


@contextmanager
def run(name: str, parameters: dict[str, Any], terms: Terms) -> Iterator[Journal]:
    """Opens an MLflow run, nested in the one that is open; an exception leaves it FAILED with the reason as a tag, a signal KILLED.

    Raises: Unreachable: the terms are strict, and the server does not answer.
    """
    log = Journal(name, terms, {"step": name, "account": _account()} | _commit())
    if not terms.strict:
        server.circuit.hurry()
    try:
        log.open(parameters)
        yield log
    except BaseException as error:
        _fail(log, error)
        raise
    log.close(FINISHED)


def nested(name: str, parameters: dict[str, Any]) -> AbstractContextManager[Journal]:
    """Opens a run within the open one, as run() does, with the same terms."""
    return run(name, parameters, current().terms)


def _fail(log: Journal, error: BaseException) -> None:
    stopped = process.stopped_by or isinstance(
        error, (KeyboardInterrupt, SystemExit)
    )  # a library may turn a signal's exception into its own
    if process.stopped_by:
        server.circuit.patience = min(server.circuit.patience, 1)
    if log.is_begun or not (stopped or _is_refusal(error)):
        with suppress(Exception):  # what went wrong before is what the person must see
            log.log(tags={"failure_reason": logged(error)[:4000]})
    with suppress(Exception):
        log.close(KILLED if stopped else FAILED)


def _is_refusal(error: BaseException) -> bool:
    """Whether the command was typed wrong, or may not be done; nothing is broken."""
    return isinstance(error, UserError) and not isinstance(error, (Unreachable, OutputsError, BusyError))


def withdraw() -> None:
    """Sets aside the run that `mlflow run` opened for a command that was refused before it began, if the server is quick."""
    given = os.environ.pop(process.RUN_OF_MLFLOW, None)
    if given:
        set_environment()
        server.begin(5)
        with suppress(Exception):  # the refusal is what the person must see
            operations.set_aside(given, "refused")
            process.forget(given)


def current() -> Journal:
    """Returns the log of the run that was opened last."""
    return journal.stack[-1]


def elsewhere(home: Path) -> list[str]:
    """Returns a sentence for each other server that earlier runs wait for. home: the outputs folder."""
    return list(spool.elsewhere(home))


def unlogged() -> str | None:
    """Returns a sentence about what the server did not take of the open run; None where it has everything."""
    if not server.circuit.why:
        return None
    return (
        f"{server.circuit.error().args[0].splitlines()[0]} The outputs are whole; what was not logged waits in {current().folder.parent} "
        f"until the next command, or `{hints.command('sync')}`, delivers it."
    )


@functools.cache
def _commit() -> dict[str, str]:
    """Returns the git commit of the code and whether the work tree differed from it; nothing outside a repository."""

    def git(*words: str) -> str:
        return subprocess.run(
            ["git", *words], cwd=Path(__file__).parent, capture_output=True, text=True, check=True
        ).stdout.strip()

    try:
        return {"git_commit": git("rev-parse", "HEAD"), "git_dirty": str(bool(git("status", "--porcelain"))).lower()}
    except (OSError, subprocess.CalledProcessError):
        return {}


def _account() -> str:
    """Returns the account on the tracking server where it asks for one, else on this machine; the client says it, the server does not check it."""
    return os.environ.get("MLFLOW_TRACKING_USERNAME") or getpass.getuser()


def who() -> dict[str, str]:
    """Returns the open run (empty where the command gets none), the account behind it, and the commit of the code."""
    current().begin()
    return {"run": current().run_id, "entered_by": _account(), "git_commit": _commit().get("git_commit", "")}


def find_run(run_id: str) -> "Run":
    """Returns the run, also by the name that it had while the server did not answer.

    Raises: UserError: there is none.
    """
    try:
        return server.client.get_run(run_id)
    except server.Refused as error:
        if later := operations.find(current().experiments, run_id):
            return server.client.get_run(later)
        raise UserError(f"There is no run {run_id} on {server.address()}: {error}") from error


def link(run_id: str, ui: str | None) -> str:
    """Returns where a person opens the run. ui: address of the UI, if it is not the server's."""
    address = ui or server.address()
    page = f"experiments/{current().experiment}/runs/{run_id}"
    return f"{address.rstrip('/')}/#/{page}" if address.startswith("http") else f"`make ui`, then #/{page}"
