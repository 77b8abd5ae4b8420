"""The one door to the tracking server: every call has a deadline and is tried again, and the first failure keeps the door shut.

A run's whole waiting is bounded by tracking.patience_seconds: every silence before an answer counts that is longer than a
moment, and once the server is taken for dead nothing waits for it again. A local store (sqlite) is called directly. MLflow is imported by
the first call, after `tracking.start`.
"""

import functools
import re
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import nullcontext
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any, TypeVar

import tenacity

from clv import process
from clv.errors import Unreachable, UserError, hidden
from clv.tracking.circuit import Circuit
from clv.tracking.faults import is_fault

if TYPE_CHECKING:
    from mlflow.entities import Experiment, Run
    from mlflow.entities.model_registry import ModelVersion, RegisteredModel

PAUSES = (0, 1, 3)  # seconds before each try
_AT_ONCE = 8  # files that are fetched at once
MISSING, EXISTS = "RESOURCE_DOES_NOT_EXIST", "RESOURCE_ALREADY_EXISTS"  # codes of Refused
_CHANGE = (  # calls before which MlflowClient would fetch the whole model, to see that it is no prompt
    *("set_registered_model_alias", "delete_registered_model_alias", "set_registered_model_tag"),
    *("update_registered_model", "set_model_version_tag", "update_model_version"),
)
_MAY_NOT = "\nHint: your account may not do this; ask the administrator (docs/who_may_promote.md)."
_TWICE = re.compile("(?i)unique constraint")  # as sqlite and PostgreSQL say it
_Result = TypeVar("_Result")


class Refused(UserError):
    """The store answered, and did not do what was asked. code: MLflow's name of the reason, as MISSING."""

    def __init__(self, message: str, code: str = ""):
        super().__init__(message)
        self.code = code


class Client:
    """The calls of MlflowClient that this engine makes; each may be done twice without harm. Creates go through once()."""

    create_experiment: Callable[..., str]
    create_registered_model: "Callable[..., RegisteredModel]"
    create_run: "Callable[..., Run]"
    delete_registered_model_alias: Callable[..., None]
    delete_run: Callable[..., None]
    get_experiment_by_name: "Callable[..., Experiment | None]"
    get_model_version: "Callable[..., ModelVersion]"
    get_model_version_download_uri: Callable[..., str]
    get_registered_model: "Callable[..., RegisteredModel]"
    get_run: "Callable[..., Run]"
    log_artifacts: Callable[..., None]
    log_batch: Callable[..., None]
    log_dict: Callable[..., None]
    log_inputs: Callable[..., None]
    log_param: Callable[..., Any]
    log_text: Callable[..., None]
    search_model_versions: "Callable[..., Sequence[ModelVersion]]"
    search_runs: "Callable[..., Sequence[Run]]"
    set_experiment_tag: Callable[..., None]
    set_logged_model_tags: Callable[..., None]
    set_model_version_tag: Callable[..., None]
    set_registered_model_alias: Callable[..., None]
    set_registered_model_tag: Callable[..., None]
    set_terminated: Callable[..., None]
    update_model_version: Callable[..., Any]
    update_registered_model: Callable[..., Any]

    def __init__(self) -> None:
        for name in Client.__annotations__:
            setattr(self, name, functools.partial(_by_name, name))


def _by_name(name: str, *args: Any, **kwargs: Any) -> Any:
    from mlflow import MlflowClient

    store = _registry() if name in _CHANGE else MlflowClient()
    function = functools.partial(getattr(store, name), *args, **kwargs)
    return _first_answer(lambda _attempt_number: _attempt(function))


def _registry() -> Any:
    from mlflow import get_registry_uri, get_tracking_uri
    from mlflow.tracking._model_registry.client import ModelRegistryClient

    return ModelRegistryClient(get_registry_uri(), get_tracking_uri())


client = Client()


def begin(patience: float) -> None:
    """Lets a new command trust the server again. patience: seconds that it may wait for the server in all."""
    global circuit
    circuit = Circuit(patience, address)


def uri() -> str:
    """Returns MLflow's address of the store."""
    from mlflow import get_tracking_uri

    return get_tracking_uri()


def remote() -> bool:
    """Returns whether the store is a server; else it is on this machine."""
    return not uri().startswith(("sqlite:", "file:"))


def address() -> str:
    """Returns the address of the store, without a password in it."""
    return hidden(uri())


circuit = Circuit(40, address)


def call(function: Callable[..., _Result], *args: Any, **kwargs: Any) -> _Result:
    """Returns function(*args, **kwargs), which may be done twice without harm; it is tried up to three times while the server does not answer.

    Raises: Unreachable: the server did not answer, or did not before.   Refused: it answered no.
    """
    bound = functools.partial(function, *args, **kwargs)
    return _first_answer(lambda _attempt_number: _attempt(bound))


def once(find: Callable[[], _Result | None], make: Callable[[], _Result], *, is_new: bool = False) -> _Result:
    """Returns make() unless find() gives what it would make: where the reply to it was lost, nothing is made twice.

    Args: is_new: nobody can have made it before this call, so the first try does not look for it.
    """

    def attempted(number: int) -> _Result:
        return (None if is_new and number == 0 else _attempt(find)) or _attempt(make)

    return _first_answer(attempted)


def download(root: str, path: str = "", into: str | None = None) -> Path:
    """Returns where a file or folder of the store is on this machine; what is there already is not copied.

    Args: root: address of a run's or a model's artifacts.   path: below it.   into: folder for a copy.
    Raises: Refused, OSError: it is not there.
    """
    return Path(call(_downloaded, root, path, into))


def _downloaded(root: str, path: str, into: str | None) -> str:
    from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

    return get_artifact_repository(root).download_artifacts(path, into)


def fetch(root: str, names: Sequence[str]) -> Path:
    """Returns a folder of this machine with files of the store by their names below the root; nothing is listed for it.

    Args: root: address of a run's or a model's artifacts.   Raises: Refused, OSError: one is not there.
    """
    return call(_fetched, root, names)


def _fetched(root: str, names: Sequence[str]) -> Path:
    from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository
    from mlflow.store.artifact.local_artifact_repo import LocalArtifactRepository

    store = get_artifact_repository(root)
    if isinstance(store, LocalArtifactRepository):
        return Path(store.artifact_dir)
    into = Path(tempfile.mkdtemp()).resolve()
    for name in names:
        if not (into / name).resolve().is_relative_to(into):
            raise Refused(f"{name} is no file below {hidden(root)}")
        (into / name).parent.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        list(pool.map(lambda name: store._download_file(name, str(into / name)), names))
    return into


def _was_overtaken(error: BaseException) -> bool:
    """Whether another command made the same tag or alias in the same moment: MLflow looks for it, and then inserts it."""
    return isinstance(error, Refused) and bool(_TWICE.search(str(error)))


@tenacity.retry(
    retry=tenacity.retry_if_exception(_was_overtaken),
    wait=tenacity.wait_random(0, 0.5),
    stop=tenacity.stop_after_attempt(5),
    reraise=True,
)
def _first_answer(attempted: Callable[[int], _Result]) -> _Result:
    from mlflow.exceptions import MlflowException

    try:
        return _tried(attempted) if remote() else attempted(0)
    except MlflowException as error:
        hint = _MAY_NOT if error.error_code == "PERMISSION_DENIED" else ""
        raise Refused(f"The tracking store at {address()} refused: {error}{hint}", error.error_code) from error


def _tried(attempted: Callable[[int], _Result]) -> _Result:
    failure: Exception | None = None
    for number, pause in enumerate(PAUSES):
        if circuit.why:
            raise circuit.error()
        time.sleep(pause)
        circuit.patience -= pause
        try:
            return attempted(number)
        except Exception as error:
            if not is_fault(error):
                raise
            failure = error
    raise circuit.broken(failure or TimeoutError("no answer"))


def _attempt(function: Callable[[], _Result]) -> _Result:
    """In a thread of its own, so that not even a server that drips its answer can hold the run."""
    if not remote():
        return process.undisturbed(function)
    from clv.tracking import transport

    transport.check()
    done: Future[_Result] = Future()

    def work() -> None:
        try:
            with nullcontext() if uri().startswith("http") else circuit.asking():
                done.set_result(function())
        except BaseException as error:  # noqa: BLE001 the caller's thread raises it
            done.set_exception(error)

    Thread(target=work, daemon=True).start()
    return _awaited(done)


def _awaited(done: Future[_Result]) -> _Result:
    """Waits while the server goes on answering.

    Raises: Unreachable: it is silent for longer than the patience that is left.
    """
    while True:
        try:
            return done.result(max(circuit.patience - circuit.silence, 0.01))
        except TimeoutError as error:
            if done.done():
                raise
            if circuit.silence >= circuit.patience:
                raise circuit.broken(TimeoutError("no answer in time")) from error


def contradicts_itself(what: str) -> Unreachable:
    """Returns the error to raise where answers of the server do not fit each other: somebody else answers in its place."""
    return circuit.broken(ValueError(what))


def try_once(function: Callable[[], Any]) -> None:
    """Calls the function once, within the patience that is left: for what must not take time."""
    _attempt(function)
