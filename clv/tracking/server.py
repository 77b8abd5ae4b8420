"""The one door to the tracking server: every call has a deadline and is tried again, and the first failure keeps the door shut.

A run's whole waiting is bounded by tracking.patience_seconds: a call that takes its time counts, and once the server is taken for dead
nothing waits for it again. A local store (sqlite) is called directly.
"""

import json
import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import Any, TypeVar

from clv.tracking.address import without_password

os.environ |= (
    without_password(os.environ)
    | {
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "false",
        "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
        "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",  # MLflow would repeat creates whose reply was lost; what is tried again is decided here
        "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
    }
)
os.environ.setdefault("MLFLOW_LOGGING_LEVEL", "WARNING")

import mlflow  # noqa: E402
import requests  # noqa: E402
import urllib3  # noqa: E402
from google.protobuf.json_format import ParseError  # noqa: E402
from mlflow.exceptions import MlflowException  # noqa: E402

from clv import process  # noqa: E402
from clv.errors import Unreachable, UserError, hidden  # noqa: E402

PAUSES = (0, 1, 3)  # seconds before each try
QUICK, BULKY = 1, 5  # seconds; a faster call costs no patience, and one that carries files may take longer
FAULTS = {
    "INTERNAL_ERROR",
    "TEMPORARILY_UNAVAILABLE",
    "REQUEST_LIMIT_EXCEEDED",
    "RESOURCE_EXHAUSTED",
    "DEADLINE_EXCEEDED",
    "INVALID_STATE",
}
MISSING = (
    "404 Client Error",
    "No such file",
    "No such artifact",
)  # of an artifact; MLflow calls that an internal error
Found = TypeVar("Found")


class Circuit:
    """What the process knows of its server. patience: seconds that are left to wait for it.   why: it is taken for dead; None while it is not."""

    def __init__(self, patience: float):
        self.patience, self.why = patience, None

    def broken(self, error: BaseException) -> Unreachable:
        """From here on every call fails at once."""
        self.why = self.why or in_one_line(error)
        return self.error()

    def error(self) -> Unreachable:
        return Unreachable(
            f"The tracking server at {address()} does not answer: {self.why}.\nHint: start it or see to it, then run the command again."
        )


circuit = Circuit(40)


def begin(patience: float) -> None:
    """A new run trusts the server again."""
    global circuit
    circuit = Circuit(patience)


def remote() -> bool:
    return not mlflow.get_tracking_uri().startswith(("sqlite:", "file:"))


def address() -> str:
    """Of the server, without a password in it."""
    return hidden(mlflow.get_tracking_uri())


@contextmanager
def readable() -> Iterator[None]:
    """What the tracking store refuses, as a message."""
    try:
        yield
    except MlflowException as error:
        raise UserError(f"The tracking store at {address()} refused: {error}") from error


def call(function: Callable[..., Found], *args: Any, **kwargs: Any) -> Found:
    """function(*args, **kwargs), which may be done twice without harm; up to three times while the server does not answer.

    Raises: Unreachable: it did not, or it did not before.
    """
    return first_answer(lambda: attempt(lambda: function(*args, **kwargs)))


def carry(function: Callable[..., Found], *args: Any, **kwargs: Any) -> Found:
    """call(), for one that carries files."""
    return first_answer(lambda: attempt(lambda: function(*args, **kwargs), BULKY))


def once(find: Callable[[], Found | None], make: Callable[[], Found]) -> Found:
    """make() unless find() gives what it would make: where the reply to it was lost, nothing is made twice."""
    return first_answer(lambda: attempt(find) or attempt(make))


def first_answer(attempted: Callable[[], Found]) -> Found:
    if not remote():
        return attempted()
    for pause in PAUSES:
        if circuit.why:
            raise circuit.error()
        time.sleep(pause)
        try:
            return attempted()
        except Exception as error:
            if not is_fault(error):
                raise
            failed = error
    raise circuit.broken(failed)


def attempt(function: Callable[[], Found], quick: float = QUICK) -> Found:
    """In a thread of its own, so that not even a server that drips its answer can hold the run."""
    if not remote():
        with process.undisturbed():
            return function()
    done: Future = Future()

    def work() -> None:
        try:
            done.set_result(function())
        except BaseException as error:
            done.set_exception(error)

    begun = time.monotonic()
    Thread(target=work, daemon=True).start()
    try:
        return done.result(max(circuit.patience, 0.01))
    except TimeoutError as error:
        raise (error if done.done() else circuit.broken(TimeoutError("no answer in time"))) from None
    finally:
        took = time.monotonic() - begun
        circuit.patience -= took if took > quick else 0


def is_fault(error: Exception) -> bool:
    """Whether the server failed, not the request."""
    if isinstance(error, requests.HTTPError) and error.response is not None:
        return error.response.status_code >= 500 or error.response.status_code == 429
    if isinstance(error, MlflowException) and isinstance(error.__cause__, Exception) and is_fault(error.__cause__):
        return True  # a download that failed for any reason is called a missing file
    if isinstance(error, MlflowException):
        return error.error_code in FAULTS and not any(words in str(error) for words in MISSING)
    kinds = (requests.RequestException, urllib3.exceptions.HTTPError, ConnectionError, TimeoutError)
    return isinstance(error, (*kinds, json.JSONDecodeError, ParseError))


def in_one_line(error: BaseException) -> str:
    """The innermost cause."""
    return " ".join(str(error).rpartition("Caused by ")[2].split())[:200] or type(error).__name__


class Door:
    """An MlflowClient whose calls go through call(); for those that may be done twice without harm."""

    def __getattr__(self, name: str) -> Callable[..., Any]:
        through = carry if name in ("log_artifacts", "log_text", "log_dict") else call
        return lambda *args, **kwargs: through(getattr(mlflow.MlflowClient(), name), *args, **kwargs)


def client() -> mlflow.MlflowClient:
    return Door()


def download(uri: str, into: str | None = None) -> Path:
    """A file or folder of the store on this machine.

    Raises: MlflowException, OSError: it is not there.
    """
    return Path(carry(mlflow.artifacts.download_artifacts, uri, dst_path=into))
