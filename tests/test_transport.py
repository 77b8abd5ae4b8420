"""What is taken for an answer of the tracking server, and what for somebody else's, on a server that always says the same."""

import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import mlflow
import pytest
from faulty import NONSENSE
from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

from clv.errors import Unreachable
from clv.tracking import server, transport

RUN = "0" * 32


@contextmanager
def saying(status, content, headers, pause=0.0):
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_):
            pass

        def any(self):
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            time.sleep(pause)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PATCH = any

    found = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=found.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{found.server_address[1]}"
    finally:
        found.shutdown()
        found.server_close()


@pytest.fixture
def asked(monkeypatch):
    """A function that makes a call on a server that always says the same."""
    monkeypatch.setattr(server, "PAUSES", (0,))

    def ask(answer, call):
        with saying(*answer) as address:
            monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
            server.begin(20)
            return call()

    yield ask
    server.begin(40)


CALLS = {
    "get_run": lambda: server.client.get_run(RUN),
    "get_registered_model": lambda: server.client.get_registered_model("clv"),
    "get_model_version": lambda: server.client.get_model_version("clv", "1"),
    "create_run": lambda: server.client.create_run("1"),
    "set_terminated": lambda: server.client.set_terminated(RUN),
}


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("kind", ["empty", "log-in", "default 404"])
def test_an_answer_that_is_not_mlflows_is_an_outage(asked, call, kind):
    with pytest.raises(Unreachable, match="does not answer: "):
        asked(NONSENSE[kind], CALLS[call])


def test_an_answer_without_an_end_is_not_read_to_its_end(asked, monkeypatch):
    monkeypatch.setattr(transport, "_LONGEST", 1 << 20)
    with pytest.raises(Unreachable, match="its answer is longer than 1 MB"):
        asked(NONSENSE["endless"], CALLS["get_run"])


def test_where_mlflow_itself_says_nothing_nothing_is_an_answer(asked):
    assert list(asked(NONSENSE["empty"], lambda: server.client.search_runs(["1"]))) == []
    asked(NONSENSE["empty"], lambda: server.client.log_batch(RUN, params=[]))


def test_a_web_page_is_no_answer_even_where_mlflow_says_nothing(asked):
    with pytest.raises(Unreachable, match="does not answer: "):
        asked(NONSENSE["log-in"], lambda: server.client.search_runs(["1"]))


@pytest.mark.parametrize("kind", ["log-in", "default 404"])
def test_a_web_page_in_place_of_a_file_is_an_outage(asked, tmp_path, kind):
    place, path = "mlflow-artifacts:/1/x", tmp_path / "a.parquet"
    path.write_bytes(b"PAR1")
    for call in (
        lambda: server.fetch(place, ["a.parquet"]),
        lambda: server.call(get_artifact_repository(place).log_artifact, str(path)),
    ):
        with pytest.raises(Unreachable, match="does not answer: "):
            asked(NONSENSE[kind], call)


@pytest.mark.parametrize("pause, is_dead", [(0.3, False), (1.5, True)])
def test_many_answers_may_take_longer_than_the_patience_and_one_silence_may_not(asked, pause, is_dead):
    def many():
        server.begin(1)
        return server.call(lambda: [mlflow.MlflowClient().search_runs(["1"]) for _ in range(6)])

    answer = (*NONSENSE["empty"], pause)
    if is_dead:
        with pytest.raises(Unreachable, match="no answer in time"):
            asked(answer, many)
    else:
        assert asked(answer, many) == [[]] * 6 and server.circuit.patience == 1
