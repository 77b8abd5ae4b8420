"""Processes that are told to end, that die, and that start at once on an empty store. CLV_FAULTS scales the slow ones."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import mlflow
import pytest
from faults.engine import FAULTS, alive, started
from helpers import ROOT, SMALL
from stores import client, everywhere

from clv import process
from clv.errors import UserError
from clv.tracking import local_store, spool

STEPS = ("score", "cluster", "monitor", "train", "full_pipeline")


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    with started(tmp_path_factory.mktemp("engine")) as warm:
        yield warm


def running():
    return client().search_runs(everywhere(), "attributes.status = 'RUNNING'")


def told_to_end(engine, step, number, seconds):
    """The exit code after a signal in that many seconds, or earlier its own, and the seconds until the process is gone: three at most."""
    pid = engine.begin(step)
    time.sleep(seconds)
    if not alive(pid):
        return engine.end(), 0
    os.kill(pid, number)
    begun = time.monotonic()
    code, took = engine.end(), time.monotonic() - begun
    assert took < 3, (step, number, seconds)
    return code, took


def told_while_it_runs(engine, number):
    """The exit code of a pipeline after a signal, the seconds that it took to end, and its runs that were open."""
    pid = engine.begin("full_pipeline")
    while not (found := running()):
        time.sleep(0.05)
    os.kill(pid, number)
    begun = time.monotonic()
    return engine.end(), time.monotonic() - begun, found


@pytest.mark.parametrize("number, code", [(signal.SIGTERM, 143), (signal.SIGINT, 130), (signal.SIGHUP, 129)])
def test_a_signal_ends_a_command_at_once_and_its_runs_with_it(engine, number, code):
    ended_with, took, open_runs = told_while_it_runs(engine, number)
    assert ended_with == code and took < 2 and running() == []
    assert "KILLED" in {
        client().get_run(run.info.run_id).info.status for run in open_runs
    }  # a step may just have ended


def test_a_run_that_was_left_open_by_a_process_that_died_is_closed_by_the_next_command(engine):
    assert told_while_it_runs(engine, signal.SIGKILL)[0] == -9 and running() != []
    assert engine.run("cluster") == 0, engine.said
    assert running() == [] and "whose process had died" in engine.said


def test_a_process_that_took_the_number_of_a_dead_one_is_another_one():
    mine = process.identity()
    assert process.alive(mine)
    assert not process.alive(mine.replace(":", ":1", 1)) and not process.alive("4194303:1:x")


def test_the_note_of_another_store_is_left_alone(project):
    process.note("elsewhere", {"process": "4194303:1:x", "server": "http://elsewhere", "run_id": "r", "key": "k"})
    local_store.ready()
    assert spool.close_dead() == [] and "elsewhere" in process.left_open()
    process.forget("elsewhere")


def starter(folder):
    """A process forked from this one that makes the first start and a run."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            os.chdir(folder)
            os.environ["MLFLOW_TRACKING_URI"] = f"sqlite:///{folder}/mlflow.db"
            os.dup2(os.open(folder / f"log_{os.getpid()}", os.O_CREAT | os.O_WRONLY), 2)
            local_store.ready()
            run = mlflow.MlflowClient().create_run("0")
            mlflow.MlflowClient().set_terminated(run.info.run_id)
            code = 0
        finally:
            os._exit(code)
    return pid


def ended(pid):
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def started_at_once(folder, many):
    assert [ended(pid) for pid in [starter(folder) for _ in range(many)]] == [0] * many
    assert sorted(path.name for path in folder.glob("*mlflow.db*")) == ["mlflow.db"]


def killed_in_its_first_start(folder, seconds):
    pid = starter(folder)
    time.sleep(seconds)
    os.kill(pid, signal.SIGKILL)
    killed = ended(pid) == -9
    assert ended(starter(folder)) == 0
    return killed


def test_two_first_starts_at_once_both_succeed(tmp_path):
    started_at_once(tmp_path, 2)


def test_a_first_start_that_was_killed_is_followed_by_one_that_succeeds(tmp_path):
    killed_in_its_first_start(tmp_path, 0.7)


def test_a_store_that_mlflow_was_killed_in_making_is_put_aside(project, monkeypatch):
    monkeypatch.setattr(local_store, "SETTLED", 0)
    (project / "mlflow.db").write_bytes(b"")
    local_store.ready()
    assert local_store.whole(project / "mlflow.db") and len(list(project.glob("mlflow.db.unusable-*"))) == 1


def test_a_store_that_is_locked_or_is_none_is_left_alone(project):
    (project / "mlflow.db").write_text("no database")
    with pytest.raises(UserError, match="not a database; nothing was changed.\nHint"):
        local_store.ready()
    assert [path.name for path in project.glob("mlflow.db*")] == ["mlflow.db", "mlflow.db.first-start"][:1]


def test_what_a_process_that_died_had_begun_is_undone_and_the_store_stays(project, monkeypatch):
    monkeypatch.setattr(local_store, "SETTLED", 0)
    local_store.ready()
    client().create_run("0")
    died = "import os, sqlite3; c = sqlite3.connect('mlflow.db'); c.execute('PRAGMA cache_size = 2'); c.execute('BEGIN IMMEDIATE'); "
    died += "c.execute('CREATE TABLE big (x)'); c.executemany('INSERT INTO big VALUES (?)', [('x' * 2000,)] * 2000); os.kill(os.getpid(), 9)"
    subprocess.run([sys.executable, "-c", died])
    assert (project / "mlflow.db-journal").exists()
    local_store.ready()
    assert len(client().search_runs(everywhere())) == 1 and not list(project.glob("*unusable*"))


def test_a_damaged_note_of_a_run_stops_nobody(project):
    (process.notes() / "deadbeef").write_text('{"pro')
    assert process.left_open().keys() == set() and not (process.notes() / "deadbeef").exists()


@pytest.mark.slow
def test_four_first_starts_at_once_and_kills_in_a_first_start(tmp_path, told):
    for number in range(20):
        started_at_once(made(tmp_path / f"at_once_{number}"), 4)
    begun = time.monotonic()
    started_at_once(made(tmp_path / "alone"), 1)
    took, killed = time.monotonic() - begun, 0
    for number in range(50):
        folder = made(tmp_path / f"killed_{number}")
        killed += killed_in_its_first_start(folder, random.Random(number).uniform(0.1, 0.95) * took)
    told("four processes start at once on a store that is not there", 20, "all 80 succeeded")
    told(
        "kill -9 in a first start, then another start",
        f"{killed} of 50 starts",
        "0 stores unusable, the next start succeeded",
    )


def made(folder):
    folder.mkdir()
    return folder


@pytest.mark.slow
def test_signals_at_random_moments(engine, told):
    lasts, chance = {}, random.Random(5)
    for step in STEPS:
        begun = time.monotonic()
        assert engine.run(step) == 0, engine.said
        lasts[step] = time.monotonic() - begun
    codes, worst = [], 0.0
    for number in range(max(50, FAULTS // 2)):
        step, sent = STEPS[number % 5], (signal.SIGTERM, signal.SIGINT)[number % 2]
        code, took = told_to_end(engine, step, sent, chance.uniform(0, lasts[step]))
        codes.append(code)
        worst = max(worst, took)
        assert codes[-1] in (0, 130, 143) and running() == [], (step, sent, codes[-1], engine.said)
    ended_early = sum(code != 0 for code in codes)
    fault = f"SIGTERM or SIGINT at a random moment of {', '.join(STEPS)}"
    told(fault, f"{ended_early} of {len(codes)} runs", f"gone after {worst:.1f} s at most, 0 runs left RUNNING")


@pytest.mark.slow
def test_a_command_ends_with_the_mlflow_run_that_started_it(engine, told):
    moments = (3, 4, 6, 8, 10)
    worst = max(seconds_after_mlflow_run(engine, seconds) for seconds in moments)
    assert engine.run("cluster") == 0, engine.said
    assert [
        run for run in running() if "step" in run.data.tags
    ] == []  # where our process never began, nobody knows of the run
    told(
        "`mlflow run` is ended alone", len(moments), f"its command is gone after {worst:.1f} s at most, 0 runs RUNNING"
    )


def seconds_after_mlflow_run(engine, seconds):
    """How long the command outlives `mlflow run`, which is told to end in that many seconds; five at most."""
    command = [sys.executable, "-m", "mlflow", "run", str(ROOT), "-e", "full_pipeline", "--env-manager", "local"]
    words = " ".join([f"data.path={engine.folder}/history.csv", f"outputs={engine.folder}/byrun", *SMALL])
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    started = subprocess.Popen(
        [*command, "-P", f"overrides={words}"],
        cwd=engine.folder,
        env=os.environ | {"PATH": path},
        stderr=subprocess.DEVNULL,
    )
    time.sleep(seconds)
    started.terminate()
    started.wait()
    begun = time.monotonic()
    while subprocess.run(["pgrep", "-f", f"entrypoints.full_pipeline.*{engine.folder}"], capture_output=True).stdout:
        assert time.monotonic() - begun < 5, seconds
        time.sleep(0.1)
    return time.monotonic() - begun
