"""Every guard against a fault is taken out once, in this process or in a copy of the code, and a check of the suites then fails."""

import shutil
from contextlib import nullcontext
from pathlib import Path

import mlflow
import pytest
import test_bad_inputs
import test_check_of_bad_files
import test_commands
import test_models
import test_outage
import test_outputs
import test_processes
import test_transport
from faults.engine import started
from helpers import ROOT
from test_models import read, whole  # noqa: F401  # fixtures
from test_outage import behind, failing  # noqa: F401
from test_transport import asked  # noqa: F401

from clv import data, process
from clv.monitor import baseline
from clv.proposal import cells
from clv.registry import ledger, production, versions
from clv.store import files, lock
from clv.tracking import journal, local_store, server, transport

pytestmark = pytest.mark.slow
NOTHING = lambda *_, **__: None  # noqa: E731
FILE = "clv.csv"


def told(*_):
    """No row of the table: what is found without a guard is no finding."""


class Uses:
    """Fixtures by their names, for a check that was written as a test."""

    def __init__(self, request):
        self._request, self.told = request, told

    def __getattr__(self, name):
        return self._request.getfixturevalue(name)


def refuse_different_columns(use):
    second = test_bad_inputs.BYTES.decode().replace("\n", ",1\n")
    test_check_of_bad_files.test_check_refuses_files_with_different_columns(
        use.tmp_path, test_bad_inputs.BYTES.decode(), second
    )


# name -> (where the guard is, its name there, what stands in its place, the check that fails then)
IN_PROCESS = {
    "bad inputs: a file beyond the limits is refused": (
        *(data, "refusal", NOTHING),
        lambda use: test_bad_inputs.test_no_file_is_silently_wrong_short(use.tmp_path, told),
    ),
    "check: all files have the same columns": (
        *(cells, "refuse_other_columns", NOTHING),
        refuse_different_columns,
    ),
    "outputs: one command at a time writes": (
        *(lock, "_await_turn", NOTHING),
        lambda use: test_outputs.test_who_may_not_wait_stops_with_code_75_and_the_name_of_the_holder(use.tmp_path),
    ),
    "outputs: what a dead run left is swept away": (
        *(test_outputs.store, "_sweep", NOTHING),
        lambda use: test_outputs.test_a_writer_that_is_killed_leaves_one_generation_and_the_lock_is_free(
            use.tmp_path, told
        ),
    ),
    "outputs: a full disk is told": (
        *(files, "told", lambda _: nullcontext()),
        lambda use: test_outputs.test_every_kind_of_file_on_a_full_disk_is_one_clear_error_and_leaves_the_old_bundle(
            use.tmp_path, FILE, told
        ),
    ),
    "processes: a number that was taken over is another process": (
        *(process, "alive", lambda name: Path(f"/proc/{name.partition(':')[0]}").exists()),
        lambda use: test_processes.test_a_process_that_took_the_number_of_a_dead_one_is_another_one(),
    ),
    "processes: a store that is not whole is put aside": (
        *(local_store, "whole", Path.exists),
        lambda use: test_processes.test_a_store_that_mlflow_was_killed_in_making_is_put_aside(
            use.project, use.monkeypatch
        ),
    ),
    "server: an answer that is not MLflow's is an outage": (
        *(transport, "_check", NOTHING),
        lambda use: test_transport.test_an_answer_that_is_not_mlflows_is_an_outage(use.asked, "empty", "get_run"),
    ),
    "models: files are as they were registered": (
        *(versions, "verified", lambda version, part, **_: versions.fetched(version, part)),
        lambda use: test_models.test_a_flipped_bit_is_refused_before_anything_is_loaded(use.whole, use.read),
    ),
    "models: the ledger knows what was promoted": (
        *(ledger, "newest_move", NOTHING),
        lambda use: test_models.test_other_files_with_a_listing_and_a_tag_that_fit_them_are_refused_by_the_ledger(
            use.whole, use.read
        ),
    ),
}
ON_A_SERVER = {
    "server: all waiting is on one clock": (
        *(server.Circuit, "hurry", NOTHING),
        lambda use: test_outage.test_all_waiting_of_a_command_that_can_do_without_the_server_is_on_one_clock(
            use.behind, use.failing
        ),
    ),
    "server: before a second try, the first is looked for": (
        *(server, "once", lambda find, make, **_: server._first_answer(lambda _number: server._attempt(make))),
        lambda use: test_outage.test_a_lost_reply_makes_one_version_and_one_run(
            use.behind, use.failing, "model-versions/create"
        ),
    ),
    "server: what could not be logged waits in the spool": (
        *(journal.Journal, "_keep", NOTHING),
        lambda use: (
            test_outage.test_outputs_are_finished_without_the_server_and_its_log_is_delivered_once_by_the_next_command(
                use.behind, use.failing, "cluster", use.capsys
            )
        ),
    ),
}


def fails(check, use):
    """Whether the check fails, whichever way."""
    try:
        check(use)
    except (Exception, pytest.fail.Exception):
        return True
    return False


@pytest.mark.parametrize("guard", IN_PROCESS)
def test_without_the_guard_its_check_fails(guard, request, monkeypatch):
    place, name, instead, check = IN_PROCESS[guard]
    use = Uses(request)
    monkeypatch.setattr(place, name, instead)
    assert fails(check, use)


@pytest.mark.parametrize("guard", ON_A_SERVER)
def test_without_the_guard_its_check_fails_on_a_server(guard, request, monkeypatch):
    place, name, instead, check = ON_A_SERVER[guard]
    use = Uses(request)
    assert use.behind and use.failing  # before the guard goes
    monkeypatch.setattr(place, name, instead)
    assert fails(check, use)


def test_without_our_own_loader_the_code_of_a_model_runs(copied, tmp_path, monkeypatch):
    make = test_models.HOSTILE[0]
    monkeypatch.setattr(production, "usable", lambda version, _name: version)
    monkeypatch.setattr(versions, "load", lambda v: mlflow.pyfunc.load_model(f"models:/{v.name}/{v.number}"))
    monkeypatch.setattr(baseline, "load", NOTHING)
    assert fails(lambda _: test_models.executed(make, copied, tmp_path, monkeypatch), None)
    assert (tmp_path / "marker").exists()


def commands_of(check):
    """A check of whole commands, few of them."""

    def checked(warm, tmp_path, patch):
        patch.setattr(test_commands, "SHARE", {"score": 1})
        patch.setattr(test_commands, "FAULTS", 12)
        patch.setattr(test_commands, "PAIRS", 3)
        check(warm, tmp_path)

    return checked


# name -> (file, what is taken out of its text, what stands there instead, the check that fails then)
IN_A_COPY = {
    "processes: a signal is told apart": (
        *("clv/process.py", "    signal.signal(signal.SIGTERM, _stop)\n", ""),
        lambda warm, tmp_path, patch: test_processes.test_a_signal_ends_a_command_at_once_and_its_runs_with_it(
            warm, 15, 143
        ),
    ),
    "processes: runs of dead processes are closed": (
        *("clv/tracking/spool.py", "        if run_id and _ended(run_id):\n", "        if False:\n"),
        lambda warm, tmp_path, patch: (
            test_processes.test_a_run_that_was_left_open_by_a_process_that_died_is_closed_by_the_next_command(warm)
        ),
    ),
    "commands: outputs become current when they are whole": (
        "clv/store/__init__.py",
        "        try:\n            yield fresh\n",
        '        point(folder / CURRENT, f"{BUNDLES}/{fresh.name}")\n        try:\n            yield fresh\n',
        commands_of(
            lambda warm, tmp_path: (
                test_commands.test_a_kill_at_any_moment_leaves_the_old_or_the_new_outputs_and_the_next_run_needs_no_hand(
                    warm, told
                )
            )
        ),
    ),
    "commands: one at a time": (
        *("clv/store/lock.py", "        _await_turn(lock, folder, wait_seconds)\n", ""),
        commands_of(
            lambda warm, tmp_path: (
                test_commands.test_two_pipelines_at_once_give_two_whole_bundles_or_one_and_exit_code_75(warm, told)
            )
        ),
    ),
}


@pytest.mark.parametrize("guard", IN_A_COPY)
def test_without_the_guard_in_a_copy_of_the_code_its_check_fails(guard, tmp_path):
    name, text, instead, check = IN_A_COPY[guard]
    code = tmp_path / "code"
    for part in ("clv", "entrypoints", "conf"):
        shutil.copytree(ROOT / part, code / part, ignore=shutil.ignore_patterns("__pycache__"))
    before = (code / name).read_text()
    assert before.count(text) == 1
    (code / name).write_text(before.replace(text, instead))
    (tmp_path / "project").mkdir()
    with started(tmp_path / "project", "keep_bundles=1000", code=code) as warm, pytest.MonkeyPatch.context() as patch:
        assert fails(lambda _: check(warm, tmp_path, patch), None)
