"""A project folder in which the pipeline has run, and copies of it that a test may change."""

import copy
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from helpers import SMALL, composed

from clv import config, simulate

MODEL = "governed"  # of the project with two versions


class Pipeline:
    """A project folder with a small simulated history.

    Args: words: overrides that `config` gives to every run on it.
    """

    words: tuple[str, ...] = ()

    def __init__(self, folder: Path):
        self.folder = folder
        rows, self.truth = simulate.simulate(700, "2024-01-01", 730, seed=3)
        rows.to_csv(folder / "history.csv", index=False)

    @property
    def outputs(self) -> Path:
        return self.folder / "outputs"

    def config(self, *overrides: str) -> config.Config:
        places = (f"data.path={self.folder}/history.csv", f"outputs={self.outputs}")
        return composed(*places, *SMALL, *self.words, *overrides)

    @contextmanager
    def entered(self) -> Iterator["Pipeline"]:
        """The folder is the working directory, and its sqlite file is the tracking store."""
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(self.folder)
            patch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{self.folder}/mlflow.db")
            _forget_artifacts()
            yield self
            _forget_artifacts()

    def copied_to(self, folder: Path) -> "Pipeline":
        """Returns the same project in another folder, with its store; nothing in that store names the old folder."""
        shutil.copytree(self.folder, folder, symlinks=True, dirs_exist_ok=True)
        _move_store(folder / "mlflow.db", str(self.folder), str(folder))
        project = copy.copy(self)
        project.folder = folder
        return project

    def served_from(self, folder: Path) -> None:
        """Makes a copy of the project what a server in that folder has: its store, and all artifacts through the server (`stores.serving`)."""
        self.copied_to(folder)
        (folder / "mlflow.db").rename(folder / "server.db")
        (folder / "mlruns").rename(folder / "artifacts")
        for place in (f"file://{folder}/mlruns", f"{folder}/mlruns"):
            _move_store(folder / "server.db", place, "mlflow-artifacts:")

    def state(self) -> dict[str, tuple[int, int]]:
        """Returns the size and the time of the last change of every file: reading leaves both as they are."""
        files = [path for path in self.folder.rglob("*") if path.is_file()]
        return {str(path): (path.stat().st_size, path.stat().st_mtime_ns) for path in files}


def _forget_artifacts() -> None:
    """MLflow keeps the place of a run's artifacts by the run's id, which a copy has in common with its original."""
    from mlflow.tracking._tracking_service import utils

    utils._artifact_repos_cache.clear()


def _move_store(path: Path, old: str, new: str) -> None:
    """Replaces the folder in every text of a sqlite store; files of a version keep it, they are as they were registered."""
    with closing(sqlite3.connect(path)) as database, database:
        for table, column in database.execute(
            "SELECT m.name, c.name FROM sqlite_master m, pragma_table_info(m.name) c "
            "WHERE m.type = 'table' AND (c.type LIKE 'VARCHAR%' OR c.type = 'TEXT')"
        ).fetchall():
            change = f'UPDATE "{table}" SET "{column}" = replace("{column}", ?, ?) WHERE instr("{column}", ?)'
            database.execute(change, (old, new, old))


@contextmanager
def copy_of(project: Pipeline, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    """A copy of the project, entered, until the end."""
    folder = tmp_path_factory.mktemp("copied")
    with project.copied_to(folder).entered() as copied:
        yield copied
    shutil.rmtree(folder)


@contextmanager
def unchanged(project: Pipeline) -> Iterator[None]:
    """Fails where a file of the project was changed, added or removed meanwhile."""
    before = project.state()
    yield
    after = project.state()
    changed = sorted(path for path in before.keys() | after.keys() if before.get(path) != after.get(path))
    assert not changed, (
        f"{len(changed)} files of the project that tests share were changed: {changed[:5]}.\nHint: use `copied`."
    )
