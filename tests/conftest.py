"""Small literal tables, a composed configuration, and one trained pipeline that the tests share."""

import datetime as dt
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import duckdb
import hypothesis
import mlflow
import pandas as pd
import pytest
from hydra import compose, initialize_config_dir

from clv import config, ledger, pipeline, simulate, transactions
from clv.tracking import decisions, registry

os.environ["XDG_STATE_HOME"] = tempfile.mkdtemp()  # notes of runs that are open
hypothesis.settings.register_profile("here", deadline=None)  # the machine may be busy
hypothesis.settings.load_profile("here")
ROOT = Path(__file__).resolve().parent.parent
RANKED = "clv_ranked_predictions.csv"
SHARED = ROOT.parent / "shared" / "data"


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


CONNECTION = duckdb.connect()


def history(*rows: tuple) -> duckdb.DuckDBPyRelation:
    """Purchases, one row per customer and day, from rows of customer, day and revenue."""
    return transactions.daily(CONNECTION.from_df(pd.DataFrame(rows, columns=["customer_id", "order_date", "revenue"])))


def composed(*overrides: str) -> config.Config:
    with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        return config.load(compose("config", list(overrides)))


@pytest.fixture
def project(tmp_path, monkeypatch):
    """An empty folder as the working directory, with a tracking store of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/mlflow.db")
    return tmp_path


SMALL = (
    "model.rounds=40",
    "model.probability_model=mbg_nbd",
    "evaluation.bootstrap_replicates=20",
    "window.max_snapshots=4",
)


class Pipeline:
    """A project folder in which the full pipeline has run; `config` composes more runs on it."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.outputs = folder / "outputs"
        rows, self.truth = simulate.simulate(700, "2024-01-01", 730, seed=3)
        rows.to_csv(folder / "history.csv", index=False)

    def config(self, *overrides: str) -> config.Config:
        return composed(f"data.path={self.folder}/history.csv", f"outputs={self.outputs}", *SMALL, *overrides)


@pytest.fixture(scope="session")
def trained(tmp_path_factory):
    """One full pipeline on a small simulated history, in a real sqlite store. Tests add runs to it and never remove any."""
    folder = tmp_path_factory.mktemp("trained")
    before = {name: os.environ.get(name) for name in ("MLFLOW_TRACKING_URI",)}
    os.environ["MLFLOW_TRACKING_URI"] = f"sqlite:///{folder}/mlflow.db"
    here = Path.cwd()
    os.chdir(folder)
    found = Pipeline(folder)
    found.records = pipeline.full_pipeline(found.config())
    found.columns = {path.name: list(pd.read_csv(path)) for path in found.outputs.glob("clv_*.csv")}
    yield found
    os.chdir(here)
    for name, value in before.items():
        os.environ.pop(name) if value is None else os.environ.__setitem__(name, value)


def client():
    return mlflow.MlflowClient()


def newest_run():
    return client().search_runs(["0"], order_by=["attributes.start_time DESC"], max_results=1)[0]


def run_named(name):
    return client().search_runs(["0"], f"tags.step = '{name}'", order_by=["attributes.start_time ASC"])[0]


def artifacts(run_id, path=""):
    found = client().list_artifacts(run_id, path)
    return {item.path for item in found if not item.is_dir} | {
        name for item in found if item.is_dir for name in artifacts(run_id, item.path)
    }


def read(path):
    return pd.read_csv(path, dtype={"customer_id": str, "model_version": str})


@pytest.fixture
def server(tmp_path, monkeypatch):
    """The address of `mlflow server` on loopback: sqlite in tmp_path/server.db, artifacts through its proxy."""
    with serving(tmp_path) as address:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
        yield address


@contextmanager
def serving(folder, *options, **environment):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    stores = [
        "--backend-store-uri",
        f"sqlite:///{folder}/server.db",
        "--artifacts-destination",
        str(folder / "artifacts"),
    ]
    with (folder / "server.log").open("w") as log:
        process = subprocess.Popen(
            [*command, *stores, *options],
            stdout=log,
            stderr=log,
            cwd=folder,
            start_new_session=True,
            env=os.environ | environment,
        )
        try:
            await_health(f"http://127.0.0.1:{port}", process)
            yield f"http://127.0.0.1:{port}"
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


def person(version=None, reviewer="Ann Lee", reason="looked at it", **more):
    said = {"version": version, "reviewer": reviewer, "reason": reason} | more
    return [f"person.{key}='{value}'" for key, value in said.items() if value is not None]


def aliases(name="clv"):
    return registry.aliases(name)


def entries(name="clv"):
    return ledger.entries(decisions.stored(name))


def tags(version, name="clv"):
    return client().get_model_version(name, version).tags


@pytest.fixture(scope="module")
def governed(trained, request):
    """Two versions of a model of the test module's own, of which the first is in production; a function that composes on it."""
    name = request.module.MODEL

    def config(*overrides):
        return trained.config(
            f"tracking.model_name={name}", f"outputs={trained.folder}/{name}", "model=btyd", *overrides
        )

    pipeline.full_pipeline(config())
    pipeline.train(config("model.probability_model=bg_nbd"))
    return config
