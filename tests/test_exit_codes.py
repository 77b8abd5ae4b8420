"""What ends a command, as its exit code (docs/operations.md): a disk in trouble is 74 whichever library met it."""

import sqlite3
import sys
from contextlib import closing

import pytest
from mlflow.exceptions import MlflowException

from clv import tracking
from clv.errors import BusyError, Code, InputError, Unreachable, UserError
from clv.tracking import journal
from clv.tracking.journal import Logged, Terms
from clv.tracking.server import Refused
from entrypoints.launch import exit_code


def full_disk():
    with open("/dev/full", "w") as stream:
        stream.write("x")


def full_store():
    with closing(sqlite3.connect(":memory:")) as database:
        database.execute("PRAGMA max_page_count = 2")
        database.execute("CREATE TABLE runs (name TEXT)")
        database.execute("INSERT INTO runs VALUES (?)", ("x" * 10_000,))


def refused_by_a_full_store():
    try:
        full_store()
    except sqlite3.Error as error:
        try:
            raise MlflowException(error) from error
        except MlflowException as wrapped:
            raise Refused(f"The tracking store refused: {wrapped}", wrapped.error_code) from wrapped


def raised(error, cause=None):
    def function():
        raise error from cause

    return function


FULL = OSError(28, "No space left on device")


@pytest.mark.parametrize(
    "fails, code",
    [
        (full_disk, 74),
        (full_store, 74),
        (refused_by_a_full_store, 74),
        (raised(UserError("DuckDB does not start"), FULL), 74),
        (raised(FileNotFoundError(2, "No usable temporary directory found in ['/tmp']")), 74),
        (
            raised(InputError(Code.NO_FILE, what="it cannot be read", fix="another"), OSError(5, "Input/output error")),
            65,
        ),
        (raised(Unreachable("it does not answer"), FULL), 69),
        (raised(BusyError("another command writes")), 75),
        (raised(UserError("customer No space left on device")), 1),
        (raised(ValueError("a mistake of ours")), 1),
    ],
)
def test_each_kind_of_end_has_its_exit_code(fails, code, capsys):
    with pytest.raises(Exception, match=".") as found:
        fails()
    assert exit_code(found.value) == code
    said = capsys.readouterr().err
    assert ("Hint: make room" in said) == (code == 74) and ("Traceback" in said) == (found.type is ValueError)


def test_a_disk_that_does_not_even_take_the_message_changes_no_exit_code(monkeypatch):
    with open("/dev/full", "w") as full:
        monkeypatch.setattr(sys, "stderr", full)
        assert exit_code(FULL) == 74
        monkeypatch.undo()
        with pytest.raises(OSError, match="No space left"):
            full.close()


def test_what_failed_first_is_what_a_person_sees_even_where_its_run_cannot_be_closed(project):
    terms = Terms(project, strict=True, model="clv", logged=Logged.ALWAYS)
    with pytest.raises(ValueError, match="first"), tracking.run("score", {}, terms):
        (project / "mlflow.db").unlink()
        (project / "mlflow.db").mkdir()
        raise ValueError("first")
    assert journal.stack == []
