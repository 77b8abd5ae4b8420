"""What an answer of a tracking server must be like. A proxy, a log-in page or a server that is starting may answer in its place, with
status 200 or 404; taken for the server's word, such an answer would accuse people of what they did not do.
"""

import functools
import json
from collections.abc import Iterator
from typing import Any

import requests
from mlflow.utils import request_utils

from clv.tracking import server

_LONGEST, _LONGEST_FILE = (
    64 << 20,
    8 << 30,
)  # bytes of an answer, unpacked: the first is held in memory, tenfold when it is read
_HOLDS = {  # the last two parts of a path -> what MLflow's answer always holds
    "experiments/create": "experiment_id",
    "experiments/get-by-name": "experiment",
    "logged-models/create": "model",
    "model-versions/create": "model_version",
    "model-versions/get": "model_version",
    "model-versions/get-download-uri": "artifact_uri",
    "model-versions/update": "model_version",
    "registered-models/create": "registered_model",
    "registered-models/get": "registered_model",
    "registered-models/update": "registered_model",
    "runs/create": "run",
    "runs/get": "run",
    "runs/update": "run_info",
}
_FILES = "/mlflow-artifacts/artifacts/"


class Nonsense(requests.RequestException):
    """An answer that is not MLflow's."""


class _Checked(request_utils.TCPKeepAliveHTTPAdapter):
    """MLflow's own transport; it passes on no answer that is not MLflow's, and none beyond a size."""

    def send(
        self, request: requests.PreparedRequest, stream: bool = False, *args: Any, **more: Any
    ) -> requests.Response:
        """Raises: Nonsense."""
        with server.circuit.asking():
            answer = super().send(request, stream, *args, **more)
        _bound(answer, _LONGEST_FILE if stream else _LONGEST)
        path = (request.url or "").partition("?")[0]
        if answer.status_code in (200, 404):  # MLflow says in JSON that something is not there
            _refuse_page(answer, path, stream and answer.status_code == 200)
        if answer.status_code == 200:
            _check(answer, path, stream)
        return answer


@functools.cache
def check() -> None:
    """Lets MLflow's client use the transport, once a process."""
    request_utils.TCPKeepAliveHTTPAdapter = _Checked  # type: ignore[misc]
    request_utils._cached_get_request_session.cache_clear()


def _kind(answer: requests.Response) -> str:
    return answer.headers.get("Content-Type", "").partition(";")[0].strip()


def _refuse_page(answer: requests.Response, path: str, is_file: bool) -> None:
    if _kind(answer) == "text/html" and not (is_file and _FILES in path and path.endswith((".html", ".htm"))):
        raise Nonsense(f"it answers with a web page, as of a log-in, in place of {_place(path)}")


def _check(answer: requests.Response, path: str, is_file: bool) -> None:
    if _kind(answer) == "application/json" and is_file and _FILES in path and not path.endswith(".json"):
        raise Nonsense(f"it answers with JSON in place of {_place(path)}")
    if key := _HOLDS.get("/".join(path.rstrip("/").split("/")[-2:])):
        try:
            content = json.loads(answer.content)
        except ValueError as error:
            raise Nonsense(f"its answer to {_place(path)} is no JSON") from error
        if not isinstance(content, dict) or not content.get(key):
            raise Nonsense(f"its answer to {_place(path)} holds no {key}")


def _place(path: str) -> str:
    return "/".join(path.split("/")[-2:])


def _bound(answer: requests.Response, longest: int) -> None:
    """Lets reading the answer end with an error beyond a size, whatever it says of its length."""
    whole = answer.raw.stream

    def pieces(*args: Any, **more: Any) -> Iterator[bytes]:
        size = 0
        with server.circuit.asking():  # all of it is one silence: a server that drips holds nobody
            for piece in whole(*args, **more):
                size += len(piece)
                if size > longest:
                    raise Nonsense(f"its answer is longer than {longest >> 20:,} MB")
                yield piece

    answer.raw.stream = pieces
