"""Every command on a platform's own machinery, each part real: PostgreSQL, an object store, MLflow with workers and accounts, a proxy
below a path. Each command is a process of its own."""

import os
import runpy
import subprocess
import sys
import time
from contextlib import contextmanager

import mlflow
import pandas as pd
import pytest
from databases import free_port, postgresql
from helpers import ROOT, SMALL, person
from mlflow.exceptions import MlflowException
from mlflow.server import get_app_client
from projects import Pipeline
from servers import platform, running
from stores import alias_table, artifacts, client, entries, newest_run, run_named

from clv.registry.standing import Standing
from clv.tracking import spool

PASSWORD = "a-password-of-12"
WEBHOOKS = {
    "MLFLOW_WEBHOOK_ALLOW_PRIVATE_IPS": "true",
    "MLFLOW_WEBHOOK_ALLOWED_SCHEMES": "http",
    "MLFLOW_WEBHOOK_CACHE_TTL": "1",
}
pytestmark = pytest.mark.slow


class Shop(Pipeline):
    """A history, and commands on it. platform: on which they run.   database: PostgreSQL below that."""

    def __init__(self, folder, platform, database):
        super().__init__(folder)
        self.platform, self.database = platform, database

    @property
    def environment(self):
        return os.environ | {"PYTHONPATH": str(ROOT)}

    def words_of(self, outputs="outputs"):
        return [f"data.path={self.folder}/history.csv", f"outputs={self.folder}/{outputs}", *SMALL, "model=btyd"]

    def begin(self, name, *words, outputs="outputs"):
        command = [sys.executable, "-m", f"entrypoints.{name}", *self.words_of(outputs), *words]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
        return subprocess.Popen(command, cwd=self.folder, env=self.environment, **pipes)

    def run(self, name, *words, outputs="outputs"):
        """Exit code and what it said."""
        begun = time.monotonic()
        process = self.begin(name, *words, outputs=outputs)
        said, _ = process.communicate(timeout=300)
        print(f"{name}: {time.monotonic() - begun:.1f} s, exit code {process.returncode}")
        return process.returncode, said

    def passes(self, name, *words, outputs="outputs"):
        code, said = self.run(name, *words, outputs=outputs)
        assert code == 0, said
        return said


@contextmanager
def signed_in(name, password):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_TRACKING_USERNAME", name)
        patch.setenv("MLFLOW_TRACKING_PASSWORD", password)
        yield mlflow.MlflowClient()


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """A shop on a platform: the pipeline has run by the account of the engine, and version 2 waits for a person."""
    folder = tmp_path_factory.mktemp("platform")
    with (
        pytest.MonkeyPatch.context() as patch,
        postgresql() as database,
        platform(folder, database, **WEBHOOKS) as ours,
    ):
        patch.chdir(folder)
        patch.setenv("MLFLOW_TRACKING_URI", ours.site)
        with signed_in("admin", ours.secret("admin_password")):
            get_app_client("basic-auth", ours.site).create_user("analyst", PASSWORD)
        with signed_in("engine", ours.secret("engine_password")):
            project = Shop(folder, ours, database)
            project.passes("full_pipeline")
            project.passes("train", "model.probability_model=bg_nbd")
            yield project


def test_every_command_passes(shop):
    shop.passes("review", "person.version='2'")
    shop.passes("promote", *person(version=2), "person.despite_gates=true")
    assert alias_table()["production"] == "2" and entries()[-1]["entered_by"] == "engine"
    pytest.importorskip("apscheduler")
    night = runpy.run_path(str(ROOT / "deploy/compose/nightly.py"))["night"]
    assert night([*shop.words_of(), f"check.folder={shop.folder}", "window.as_of=null"]) == 0
    for name in ("explain", "sync"):
        shop.passes(name)
    assert set(pd.read_csv(shop.outputs / "clv_ranked_predictions.csv")["model_version"]) == {2}
    assert "verified: every entry is as it was written" in shop.passes("ledger", "ask.verify=true")
    shop.passes("rollback", *person(reason="back"))
    assert alias_table()["production"] == "1" and Standing("clv").problems() == []


# Runs a command; at its end it prints the ports that it spoke to.
LISTENED = """import atexit, runpy, sys
ports = set()
sys.addaudithook(lambda event, words: ports.add(words[1][1]) if event == "socket.connect" else None)
atexit.register(lambda: print("ports", *sorted(ports)))
sys.argv.pop(0)
runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
"""


def test_files_come_through_the_server_so_that_nobody_else_need_reach_the_object_store(shop):
    words = ["entrypoints.score", *shop.words_of("fresh")]
    command = [sys.executable, "-c", LISTENED, *words]
    ran = subprocess.run(command, cwd=shop.folder, env=shop.environment, capture_output=True, text=True)
    ports = ran.stdout.splitlines()[-1]
    assert ran.returncode == 0 and ports == f"ports {shop.platform.site.split(':')[2].split('/')[0]}", ran.stdout


def test_files_of_runs_are_in_the_object_store_and_nowhere_else(shop):
    run = run_named("train")
    assert {"config.yaml", "files.json"} <= artifacts(run.info.run_id)
    assert not (shop.folder / "mlruns").exists() and not (shop.folder / "artifacts").exists()
    assert list((shop.folder / "objects").iterdir())


def test_two_commands_at_once_on_two_output_folders_both_pass(shop):
    before = set(Standing("clv").versions)
    both = [shop.begin("train", outputs=f"twin-{number}") for number in (1, 2)]
    said = [process.communicate(timeout=300)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    assert len(set(Standing("clv").versions) - before) == 2
    both = [shop.begin(name, outputs=f"twin-{number}") for number, name in enumerate(("score", "monitor"), 1)]
    said = [process.communicate(timeout=300)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    assert Standing("clv").problems() == []


def test_while_the_database_is_down_scoring_finishes_and_what_needs_it_stops_with_69(shop):
    shop.passes("score", outputs="night")
    shop.database.stop()
    try:
        assert [shop.run(name, outputs="night")[0] for name in ("score", "monitor")] == [0, 0]
        assert shop.run("promote", *person(version=2))[0] == 69
        waits = len(spool.waiting(shop.folder / "night"))
    finally:
        shop.database.start()
    assert waits == 2
    shop.passes("sync", outputs="night")
    assert spool.waiting(shop.folder / "night") == []
    assert newest_run().info.status == "FINISHED" and newest_run().data.tags["step"] == "monitor"


@pytest.mark.parametrize("seconds", [5, 8])
def test_a_restart_of_the_database_in_the_middle_costs_no_run(shop, seconds):
    """A command that meets it passes, waits in the spool, or stops with 69; the next one passes."""
    now, both = time.time(), [shop.begin(name, outputs=f"restart-{name}") for name in ("score", "train")]
    time.sleep(seconds)
    shop.database.stop()
    shop.database.start()
    said = [process.communicate(timeout=300)[0] for process in both]
    codes = [process.returncode for process in both]
    print(f"restart after {seconds} s: exit codes {codes}")
    assert codes[0] == 0 and codes[1] in (0, 69), said
    for name in ("score", "train"):
        shop.passes("sync", outputs=f"restart-{name}")
        assert spool.waiting(shop.folder / f"restart-{name}") == []
    assert Standing("clv").problems() == []
    found = client().search_runs([run_named("train").info.experiment_id], f"attributes.start_time > {int(now * 1000)}")
    assert {run.info.status for run in found} <= {"FINISHED", "FAILED"}


def test_another_account_reads_what_is_the_engines_and_changes_nothing(shop):
    run = run_named("train")
    with signed_in("analyst", PASSWORD) as analyst:
        assert analyst.get_run(run.info.run_id).data.tags["step"] == "train"
        for forbidden in (
            lambda: analyst.set_registered_model_alias("clv", "production", "2"),
            lambda: analyst.log_param(Standing("clv").ledger_run, "000009", "forged"),
            lambda: analyst.log_text(run.info.run_id, "forged", "config.yaml"),
            lambda: analyst.create_webhook("mine", "https://example.com", ["model_version_alias.created"]),
        ):
            with pytest.raises((MlflowException, OSError), match="Permission denied"):
                forbidden()


@contextmanager
def receiving(shop):
    """The receiver of MLflow's webhook, as deploy/compose/compose.yaml starts it."""
    address = f"http://127.0.0.1:{free_port()}"
    command = [sys.executable, "-m", "uvicorn", "--factory", "receiver:from_environment"]
    command += ["--app-dir", str(ROOT / "deploy/webhook"), "--port", address.rpartition(":")[2]]
    named = {"CLV_WEBHOOK_SECRET_FILE": str(shop.folder / "secrets/webhook_secret"), "PYTHONPATH": str(ROOT)}
    with running(shop.folder, command, f"{address}/health", **named, CLV_WEBHOOK_WORDS=f"outputs={shop.folder}/looks"):
        shop.platform.set_up(CLV_WEBHOOK_URL=f"{address}/ledger-look")
        time.sleep(2)  # until each worker of the server asks again which webhooks there are
        try:
            yield
        finally:
            with signed_in("admin", shop.platform.secret("admin_password")) as admin:
                for webhook in admin.list_webhooks():
                    admin.delete_webhook(webhook.webhook_id)


def test_a_move_in_the_ui_is_in_the_ledger_seconds_later(shop):
    home = alias_table()["production"]
    with receiving(shop):
        for number in ("2" if home == "1" else "1", home):
            begun, known = time.monotonic(), len(entries())
            client().set_registered_model_alias("clv", "production", number)
            while len(entries()) == known:
                assert time.monotonic() - begun < 60, "no look at the ledger"
                time.sleep(0.2)
            print(f"in the ledger after {time.monotonic() - begun:.1f} s")
            assert (entries()[-1]["event"], entries()[-1]["to"]) == ("promoted outside the ledger", number)
    assert Standing("clv").problems() == []
