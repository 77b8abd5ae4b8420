"""One trained pipeline that the tests share, and projects of their own."""

import os
import random
import shutil
import tempfile
from pathlib import Path

import hypothesis
import pandas as pd
import pytest
from helpers import SMALL, composed

from clv import config, simulate

os.environ["XDG_STATE_HOME"] = tempfile.mkdtemp()  # notes of runs that are open
hypothesis.settings.register_profile("here", deadline=None)  # the machine may be busy
hypothesis.settings.load_profile("here")


def pytest_addoption(parser):
    parser.addoption("--shuffle", type=int, help="seed: run the tests of each file in a random order")


def pytest_collection_modifyitems(config, items):
    if (seed := config.getoption("--shuffle")) is not None:
        files = {item.path: index for index, item in enumerate(items)}
        random.Random(seed).shuffle(items)
        items.sort(key=lambda item: files[item.path])


@pytest.fixture
def project(tmp_path, monkeypatch):
    """An empty folder as the working directory, with a tracking store of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/mlflow.db")
    return tmp_path


class Pipeline:
    """A project folder in which the full pipeline has run; `config` composes more runs on it.

    first: a copy of what the first pipeline wrote; nobody writes there.   outputs: where later runs of the tests write as well.
    """

    def __init__(self, folder: Path):
        self.folder, self.first = folder, folder / "as_trained"
        self.outputs = folder / "outputs"
        rows, self.truth = simulate.simulate(700, "2024-01-01", 730, seed=3)
        rows.to_csv(folder / "history.csv", index=False)

    def config(self, *overrides: str) -> config.Config:
        return composed(f"data.path={self.folder}/history.csv", f"outputs={self.outputs}", *SMALL, *overrides)


@pytest.fixture(scope="session")
def trained(tmp_path_factory):
    """One full pipeline on a small simulated history, in a real sqlite store. Tests read `first`; runs are added and never removed."""
    folder = tmp_path_factory.mktemp("trained")
    before = {name: os.environ.get(name) for name in ("MLFLOW_TRACKING_URI",)}
    os.environ["MLFLOW_TRACKING_URI"] = f"sqlite:///{folder}/mlflow.db"
    here = Path.cwd()
    os.chdir(folder)
    found = Pipeline(folder)
    from clv.run import run_command

    found.records = run_command("full_pipeline", found.config())
    shutil.copytree(found.outputs / "current", found.first)
    found.columns = {path.name: list(pd.read_csv(path)) for path in found.first.glob("clv_*.csv")}
    yield found
    os.chdir(here)
    for name, value in before.items():
        os.environ.pop(name) if value is None else os.environ.__setitem__(name, value)


@pytest.fixture
def server(tmp_path, monkeypatch):
    """The address of `mlflow server` on loopback: sqlite in tmp_path/server.db, artifacts through its proxy."""
    from stores import serving

    with serving(tmp_path) as address:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
        yield address


@pytest.fixture(scope="module")
def governed(trained, request):
    """Two versions of a model of the test module's own, of which the first is in production; a function that composes on it."""
    from clv.run import run_command

    name = request.module.MODEL

    def config(*overrides):
        return trained.config(
            f"tracking.model_name={name}", f"outputs={trained.folder}/{name}", "model=btyd", *overrides
        )

    run_command("full_pipeline", config())
    run_command("train", config("model.probability_model=bg_nbd"))
    return config
