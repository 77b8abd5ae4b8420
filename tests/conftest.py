"""One pipeline that the tests share to read, copies of it for those that change something, and `--shuffle SEED`.

trained      reads the shared project.                      copied     a test's own copy of it.
project      an empty folder.                               governed   a test's own copy of a project with two versions.
"""

import os
import random
import tempfile

import hypothesis
import pandas as pd
import pytest
from projects import MODEL, Pipeline, copy_of, unchanged

os.environ["XDG_STATE_HOME"] = tempfile.mkdtemp()  # notes of runs that are open
hypothesis.settings.register_profile("here", deadline=None)  # the machine may be busy
hypothesis.settings.load_profile("here")


def pytest_addoption(parser):
    parser.addoption(
        "--shuffle", metavar="SEED", help="run the files, and the tests of each file, in a random order, or `reversed`"
    )


def pytest_collection_modifyitems(config, items):
    seed = config.getoption("shuffle")
    if seed == "reversed":
        items.reverse()
    elif seed is not None:
        shuffle(items, seed)


def shuffle(items, seed):
    """The tests of a file stay together, so that its fixtures are made once."""
    chance = random.Random(seed)
    place = {path: chance.random() for path in dict.fromkeys(item.path for item in items)}
    chance.shuffle(items)
    items.sort(key=lambda item: place[item.path])


@pytest.fixture
def project(tmp_path, monkeypatch):
    """An empty folder as the working directory, with a tracking store of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/mlflow.db")
    return tmp_path


@pytest.fixture(scope="session")
def pipeline(tmp_path_factory):
    """One full pipeline on a small simulated history, in a real sqlite store. Nobody changes it: fixtures of a module copy it."""
    project = Pipeline(tmp_path_factory.mktemp("trained"))
    from clv.run import run_command

    with project.entered():
        project.records = run_command("full_pipeline", project.config())
    project.columns = {path.name: list(pd.read_csv(path)) for path in project.outputs.glob("clv_*.csv")}
    with unchanged(project):
        yield project


@pytest.fixture
def trained(pipeline):
    """The shared project, to read. A test that runs a command, or writes a file beside the history, takes `copied`."""
    with pipeline.entered(), unchanged(pipeline):
        yield pipeline


@pytest.fixture
def copied(pipeline, tmp_path_factory):
    """A copy of the shared project that the test may change."""
    with copy_of(pipeline, tmp_path_factory) as project:
        yield project


@pytest.fixture
def server(tmp_path, monkeypatch):
    """The address of `mlflow server` on loopback: sqlite in tmp_path/server.db, artifacts through its proxy."""
    from stores import serving

    with serving(tmp_path) as address:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
        yield address


@pytest.fixture(scope="session")
def two_versions(pipeline, tmp_path_factory):
    """A copy of the shared project with two versions of MODEL, of which the first is in production. Nobody changes it."""
    from clv.run import run_command

    with pipeline.copied_to(tmp_path_factory.mktemp("two_versions")).entered() as project:
        project.words = (f"tracking.model_name={MODEL}", "model=btyd")
        run_command("full_pipeline", project.config())
        run_command("train", project.config("model.probability_model=bg_nbd"))
    with unchanged(project):
        yield project


@pytest.fixture
def governed_project(two_versions, tmp_path_factory):
    """A test's own copy of the project with two versions."""
    with copy_of(two_versions, tmp_path_factory) as project:
        yield project


@pytest.fixture
def governed(governed_project):
    """A function that composes on a test's own copy of the project with two versions."""
    return governed_project.config
