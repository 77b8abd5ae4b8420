"""The project that the tests share, and its copies: who changes the first is told, and a copy leads nowhere but to itself."""

import sqlite3
from contextlib import closing

import pytest
from projects import Pipeline, unchanged


@pytest.fixture
def shared(tmp_path):
    """A project with one row in its store, which names a file in its folder."""
    folder = tmp_path / "shared"
    folder.mkdir()
    with closing(sqlite3.connect(folder / "mlflow.db")) as database, database:
        database.execute("CREATE TABLE runs (artifact_uri VARCHAR(200), note TEXT, start_time BIGINT)")
        database.execute("INSERT INTO runs VALUES (?, ?, 1)", (f"{folder}/mlruns/0", f'{{"uri": "{folder}/a.csv"}}'))
    return Pipeline(folder)


def test_the_store_of_a_copy_names_the_folder_of_the_copy_and_the_first_stays(shared, tmp_path):
    with unchanged(shared):
        copied = shared.copied_to(tmp_path / "copied")
    with closing(sqlite3.connect(copied.folder / "mlflow.db")) as database:
        rows = database.execute("SELECT * FROM runs").fetchall()
    assert rows == [(f"{tmp_path}/copied/mlruns/0", f'{{"uri": "{tmp_path}/copied/a.csv"}}', 1)]
    assert copied.config().data.path == f"{tmp_path}/copied/history.csv"


@pytest.mark.parametrize(
    "change",
    [
        lambda folder: (folder / "other.csv").write_text(""),
        lambda folder: (folder / "history.csv").unlink(),
        lambda folder: (folder / "mlflow.db").write_bytes((folder / "mlflow.db").read_bytes()),
    ],
)
def test_a_file_of_the_shared_project_that_was_added_removed_or_written_fails_the_test(shared, change):
    with pytest.raises(AssertionError, match="1 files of the project that tests share were changed: .*\nHint: use"):
        with unchanged(shared):
            change(shared.folder)
