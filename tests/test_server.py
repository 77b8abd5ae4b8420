"""A real MLflow server over HTTP: the pipeline writes to it, a person promotes through its REST interface, scoring follows."""

import os
import socket
import subprocess
import sys
import time
import urllib.request

import mlflow
import pandas as pd
import pytest

from clv import pipeline


@pytest.fixture
def server(tmp_path, monkeypatch):
    """The address of `mlflow server` on loopback: sqlite, artifacts through its proxy."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        sys.executable,
        "-m",
        "mlflow",
        "server",
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
        "--workers",
        "1",
        "--backend-store-uri",
        f"sqlite:///{tmp_path}/server.db",
        "--artifacts-destination",
        str(tmp_path / "artifacts"),
    ]
    address = f"http://127.0.0.1:{port}"
    with (tmp_path / "server.log").open("w") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=tmp_path, start_new_session=True)
        try:
            await_health(address, process)
            monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
            yield address
        finally:
            os.killpg(process.pid, 15)
            process.wait(20)


def await_health(address, process):
    for _ in range(600):
        assert process.poll() is None, "mlflow server ended"
        try:
            return urllib.request.urlopen(f"{address}/health", timeout=2)
        except OSError:
            time.sleep(0.1)
    raise TimeoutError(address)


def test_a_version_promoted_through_the_rest_client_is_the_one_that_scores(trained, server):
    config = trained.config(f"outputs={trained.folder}/server")
    pipeline.full_pipeline(config)
    pipeline.train(config)
    client = mlflow.MlflowClient(server, server)
    aliases = {alias: str(version) for alias, version in client.get_registered_model("clv").aliases.items()}
    assert aliases == {"candidate": "2", "production": "1"}

    client.set_registered_model_alias("clv", "production", "2")
    pipeline.score(config)
    scores = pd.read_csv(trained.folder / "server/clv_ranked_predictions.csv", dtype={"model_version": str})
    assert set(scores["model_version"]) == {"2"}
    pipeline.review(trained.config(f"outputs={trained.folder}/server", "person.version=1"))
    pipeline.promote(trained.config("person.version=1", "person.reviewer=Ann", "person.reason=simpler"))
    aliases = {alias: str(version) for alias, version in client.get_registered_model("clv").aliases.items()}
    assert aliases == {"candidate": "2", "production": "1", "previous": "2"}
