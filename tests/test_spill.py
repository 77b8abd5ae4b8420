"""The private folder of a process: what others put beside it does not matter, and what a dead process left goes."""

import os
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from clv import process, spill
from clv.compute import connect


@pytest.fixture(autouse=True)
def shared(tmp_path, monkeypatch):
    """A temporary folder that other users may write to as well."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def left_by(shared, code="import os; os.kill(os.getpid(), 9)"):
    """A process that puts a file aside and then ends. Returns what it leaves."""
    script = f"from clv import spill; (spill.folder() / 'customers').touch(); {code}"
    subprocess.run([sys.executable, "-c", script], env=os.environ | {"TMPDIR": str(shared)})
    return [path for path in shared.iterdir() if (path / "customers").exists()]


def test_the_folder_is_one_for_a_process_and_nobody_else_may_open_it(shared):
    mine = spill.folder()
    assert mine == spill.folder() and mine.parent == shared and stat.S_IMODE(mine.stat().st_mode) == 0o700


def test_it_goes_with_its_process_and_after_a_kill_with_the_next(shared):
    assert left_by(shared, "pass") == []
    (left,) = left_by(shared)
    spill.folder()
    assert not left.exists()


def test_the_folder_of_a_process_that_runs_is_left_alone(shared):
    mine = spill.folder()
    left_by(shared, "pass")
    assert mine.exists()


@pytest.mark.parametrize("name", ["clv-duckdb-1x", "clv-spill-", "clv-spill-1x"])
def test_what_others_put_into_the_temporary_folder_stops_nobody(shared, name, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "precious").touch()
    (shared / name).mkdir(mode=0o777)
    (shared / name).chmod(0o777)  # not private: of another user's, or open to others
    (shared / "clv-spill-link").symlink_to(elsewhere)
    (shared / "clv-spill-file").touch()
    spill.folder()
    assert (shared / name).exists() and (elsewhere / "precious").exists() and (shared / "clv-spill-file").exists()


def test_the_temporary_files_of_a_command_lie_in_its_folder(shared):
    script = "import tempfile; spill.begin(); print(tempfile.mkdtemp())"
    assert left_by(shared, script) == []
    spill.begin()
    assert tempfile.mkdtemp().startswith(f"{shared}/clv-spill-") and spill.folder() == Path(tempfile.gettempdir())


@pytest.mark.parametrize("given", [None, "of its own/below"])
def test_duckdb_spills_to_the_folder_of_the_process(shared, given):
    place = given and str(shared / given)
    connection = connect({"threads": 1, "memory_limit": "100MB"}, place)
    (folder,) = connection.execute("SELECT current_setting('temp_directory')").fetchone()
    assert Path(folder).parent == spill.folder(place) and spill.is_private(Path(folder).parent)


def test_notes_of_a_machine_without_a_home_are_not_put_into_a_folder_that_others_made(shared, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", "/dev/null")
    monkeypatch.setenv("TMPDIR", str(shared))
    (shared / f"clv-{os.getuid()}").mkdir()
    (shared / f"clv-{os.getuid()}").chmod(0o777)
    assert process.notes() == process.notes() and spill.is_private(process.notes())
    (shared / f"clv-{os.getuid()}").chmod(0o700)
    assert process.notes() == shared / f"clv-{os.getuid()}"


def test_duckdb_spills_to_the_private_folder(tmp_path):
    connection = connect({"threads": 1, "memory_limit": "100MB"}, str(tmp_path))
    (place,) = connection.execute("SELECT current_setting('temp_directory')").fetchone()
    assert place == str(spill.folder(str(tmp_path)) / "duckdb") and spill.is_private(spill.folder(str(tmp_path)))
