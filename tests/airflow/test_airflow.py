"""The graphs of deploy/airflow on a real Airflow: nights, a person's answers, exit codes, time-outs. `make test-airflow` makes its environment."""

import http.server
import itertools
import json
import os
import shutil
import subprocess
import threading
from dataclasses import dataclass
from pathlib import Path

import filelock
import pytest
from helpers import ROOT, SMALL, composed
from loopback import DEPLOYED, PYTHON, Airflow
from stores import alias_table, client, entries

from clv import simulate
from clv.run import run_command

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not PYTHON.exists(), reason=f"no Airflow at {PYTHON}: make test-airflow, or CLV_AIRFLOW_PYTHON"),
]
SAME_EVERY_TIME = ("clv_ranked_predictions.csv", "clv_clustered_customers.csv", "clv_cluster_rankings.csv")
LAST_DAY = "2025-12-31"  # after the last purchase of the simulated history


@pytest.fixture(scope="module")
def alerts():
    """The titles of the alerts that came to a local web server, and its address as apprise reads it."""
    titles: list[str] = []

    class Sink(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            titles.append(json.loads(self.rfile.read(int(self.headers["Content-Length"])))["title"])
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Sink)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield titles, f"json://127.0.0.1:{server.server_port}/"
    server.shutdown()


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with a history and a tracking store."""
    folder = tmp_path_factory.mktemp("airflow")
    rows, _ = simulate.simulate(700, "2024-01-01", 730, seed=3)
    rows.to_csv(folder / "history.csv", index=False)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{folder}/mlflow.db")
        for name in ("entrypoints", "conf"):  # an engine that may have profiles of its own
            shutil.copytree(ROOT / name, folder / "engine" / name)
        (folder / "engine/clv").symlink_to(ROOT / "clv")
        yield folder


@pytest.fixture(scope="module")
def airflow(place, alerts):
    home = place / "airflow"
    home.mkdir()
    settings = {
        "CLV_ENGINE": str(place / "engine"),
        "CLV_PYTHON": str(ROOT / ".venv/bin/python"),
        "CLV_WORDS": " ".join([f"data.path={place}/history.csv", f"check.folder={place}", "model=btyd", *SMALL]),
        "CLV_NIGHTLY": "30 2 * * *",  # a backfill needs a schedule
        "CLV_TRAINING": "",
        "CLV_REVIEWERS": "Ann Lee,bob",
        "CLV_DECIDE_HOURS": "0.025",
        "CLV_LATE_HOURS": "0.001",
        "CLV_RETRY_MINUTES": "0.05",
        "CLV_ALERT_URLS": alerts[1],
    }
    with Airflow(home, **settings).running() as running:
        yield running


@dataclass(frozen=True)
class Shop:
    """A business with a model and outputs of its own, which its profile names, and of which version 1 is in production."""

    name: str
    outputs: Path

    @property
    def words(self) -> str:
        return f"profile={self.name}"

    @property
    def profile(self) -> str:
        own = f"profile: {self.name}\noutputs: {self.outputs}\ntracking: {{model_name: {self.name}}}\n"
        return f"# @package _global_\n{own}"

    @property
    def in_production(self) -> str:
        return alias_table(self.name)["production"]

    @property
    def last_decision(self) -> dict:
        return entries(self.name)[-1]

    def files(self) -> dict[str, bytes]:
        return {name: (self.outputs / "current" / name).read_bytes() for name in SAME_EVERY_TIME}


@pytest.fixture
def shop(place, request):
    shop = Shop(request.node.name[5:25], place / request.node.name[5:25])
    (place / f"engine/conf/experiment/{shop.name}.yaml").write_text(shop.profile)
    own = [f"tracking.model_name={shop.name}", f"outputs={shop.outputs}"]
    run_command("full_pipeline", composed(f"data.path={place}/history.csv", "model=btyd", *SMALL, *own))
    return shop


def engine_processes(*words: str) -> list[int]:
    """The processes whose command line has all the words."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = path.read_text().split("\0")
        except OSError:
            continue
        if set(words) <= set(line):
            found.append(int(path.parent.name))
    return found


def test_the_graphs_load_and_are_as_documented(place):
    script = (
        "import json, sys; from airflow.dag_processing.dagbag import DagBag; bag = DagBag(sys.argv[1]); "
        "assert not bag.import_errors, bag.import_errors; "
        "print(json.dumps({name: {task.task_id: sorted(task.downstream_task_ids) for task in dag.tasks} for name, dag in bag.dags.items()}))"
    )
    environment = os.environ | {"PYTHONPATH": str(DEPLOYED / "dags"), "AIRFLOW_HOME": str(place / "bag")}
    said = subprocess.check_output([PYTHON, "-c", script, DEPLOYED / "dags"], text=True, env=environment)
    steps = ["check", "score", "cluster", "rank_clusters", "features", "monitor", "report"]
    chain = {step: [after] for step, after in itertools.pairwise(steps)}
    assert json.loads(said.splitlines()[-1]) == {
        "clv_nightly": {
            "day": sorted(steps),
            **chain,
            "monitor": ["open_alarms", "report"],
            "report": [],
            "open_alarms": ["ask_a_person"],
            "ask_a_person": [],
        },
        "clv_training": {
            "day": ["train"],
            "train": ["candidate"],
            "candidate": ["ask", "decision"],
            "ask": ["decision"],
            "decision": ["decide"],
            "decide": [],
        },
        "clv_alarm": {
            "ask": ["closing", "is_retraining"],
            "closing": ["acknowledge"],
            "acknowledge": ["is_retraining"],
            "is_retraining": ["train"],
            "train": [],
        },
    }


def test_nights_end_with_the_same_bytes_for_the_same_day_and_never_go_back(airflow, shop, alerts):
    night = airflow.trigger("clv_nightly", shop.words, LAST_DAY)
    assert night.ended() == "success", night.tasks
    assert night.tasks["ask_a_person"] == "skipped"
    before = shop.files()
    assert f",{LAST_DAY}," in before[SAME_EVERY_TIME[0]].decode()
    words = json.dumps({"words": shop.words})
    said = airflow.command("dags", "test", "clv_nightly", LAST_DAY, "--conf", words, CLV_LATE_HOURS="")
    assert "state=success" in said and shop.files() == before
    day = "2025-12-01"
    airflow.command(
        "backfill",
        "create",
        "--dag-id=clv_nightly",
        f"--from-date={day}",
        f"--to-date={day}T23:00:00",
        f"--dag-run-conf={words}",
    )
    [earlier] = airflow.until(lambda: [run for run in airflow.runs("clv_nightly") if run.type == "backfill"])
    assert earlier.ended() == "success", earlier.tasks
    assert earlier.tasks["monitor"] == earlier.tasks["ask_a_person"] == "skipped"
    assert shop.files() == before and (shop.outputs / f"days/{day}/current/report.html").exists()
    assert "Late: clv_nightly" in alerts[0]


def test_only_an_answer_moves_the_alias_and_failed_gates_stop_it_unless_the_person_said_so(airflow, shop, alerts):
    run = airflow.trigger("clv_training", shop.words, "2026-01-01")
    assert run.question()["subject"] == f"Version 2 of model {shop.name}"
    assert run.ended() == "failed" and (run.tasks["ask"], run.tasks["decide"]) == ("failed", "upstream_failed")
    assert shop.in_production == "1" and alias_table(shop.name)["candidate"] == "2"
    airflow.until(lambda: "Failed: clv_training" in alerts[0])
    run.clear("ask")
    run.question()
    run.answer("reject", "top decile falls apart", by="bob")
    assert run.ended() == "success", run.tasks
    entry = shop.last_decision
    assert (shop.in_production, entry["event"], entry["by"]) == ("1", "rejection", "bob")

    run = airflow.trigger("clv_training", shop.words, "2026-01-02")
    run.question()
    reason = "it's better (really), ${HOME} {{ 7 * 7 }}\nÜber 'all'"
    run.answer("promote", reason, by="bob")
    assert run.ended() == "success", run.tasks
    entry = shop.last_decision
    assert (shop.in_production, entry["event"], entry["by"], entry["why"]) == ("3", "promotion", "bob", reason)

    run = airflow.trigger(
        "clv_training", f"{shop.words} review.coverage_low=0.999 review.coverage_high=0.9999", "2026-01-03"
    )
    assert "failed gate: " in run.question()["body"]
    run.answer("promote", "looks fine")
    assert run.ended() == "failed" and run.tries["decide"] == 1 and "failed 1 of 6 gates" in run.log("decide")
    assert shop.in_production == "3"
    run.clear("ask")
    run.question()
    run.answer("promote although gates failed", "known, and wanted")
    assert run.ended() == "success", run.tasks
    entry = shop.last_decision
    assert (shop.in_production, entry["by"], entry["despite_gates"]) == ("4", "Ann Lee", True)


def test_alarms_are_asked_about_once_and_retrain_starts_a_training(airflow, shop):
    night = airflow.trigger("clv_nightly", shop.words, "2026-01-29")  # a month without any order
    assert night.ended() == "success" and night.tasks["ask_a_person"] == "success", night.tasks
    [question] = airflow.runs("clv_alarm")
    assert question.question()["options"] == ["keep", "retrain", "redesign"]
    night.clear("open_alarms")
    assert night.ended() == "success" and night.tasks["ask_a_person"] == "skipped"
    before = len(airflow.runs("clv_training"))
    question.answer("retrain", "the {{ export }} stopped")
    assert question.ended() == "success", question.tasks
    closed = {key: shop.last_decision[key] for key in ("event", "by", "why", "decision")}
    assert closed == {
        "event": "acknowledgement",
        "by": "Ann Lee",
        "why": "the {{ export }} stopped",
        "decision": "retrain",
    }
    *_, training = airflow.until(lambda: len(found := airflow.runs("clv_training")) > before and found)
    assert training.ended() == "failed" and training.tries["train"] == 1
    assert "SILENT_DAYS" in training.log("train")  # it trains as of today, and this history ended long ago
    assert shop.in_production == "1"
    night.clear("open_alarms")
    assert night.ended() == "success" and night.tasks["ask_a_person"] == "skipped"


def test_unusable_input_fails_at_its_first_try(airflow, place, alerts):
    (place / "bad.csv").write_text("customer,when\n1,2\n")
    told = alerts[0].count("Failed: clv_nightly")
    run = airflow.trigger("clv_nightly", f"data.path={place}/bad.csv outputs={place}/bad", "2026-01-04")
    assert run.ended() == "failed" and (run.tasks["check"], run.tries["check"]) == ("failed", 1)
    assert "exit code 65" in run.log("check")
    airflow.until(lambda: alerts[0].count("Failed: clv_nightly") > told)


def test_busy_outputs_are_tried_again_and_a_run_that_is_stopped_ends_its_command(airflow, place):
    home = place / "busy"
    home.mkdir()
    words = f"outputs={home} tracking.model_name=busy"
    with filelock.FileLock(home / ".lock"):
        run = airflow.trigger("clv_nightly", f"{words} lock_wait_seconds=0", "2026-01-05")
        run.reaches("score", "up_for_retry")
        assert "exit code 75" in run.log("score")
    assert run.ended() == "failed" and run.tries["score"] == 2  # its second try finds that nothing is in production
    assert "exit code 1" in run.log("score", 2)
    with filelock.FileLock(home / ".lock"):
        run = airflow.trigger("clv_nightly", words, "2026-01-06")
        running = ("entrypoints.score", f"outputs={home}")
        airflow.until(lambda: engine_processes(*running))
        run.stop()
        airflow.until(lambda: not engine_processes(*running), 90)


def test_a_command_that_outlasts_its_time_is_ended_and_its_run_is_killed(place, tmp_path):
    (tmp_path / "dags").mkdir()
    (tmp_path / "dags/short.py").write_text(
        "from datetime import timedelta\n"
        "from airflow.sdk import DAG\n"
        "from clv_dags import Engine, WORDS\n"
        "with DAG('short', params={'words': WORDS}):\n"
        "    Engine(task_id='train', command='train', execution_timeout=timedelta(seconds=60))\n"
    )
    home = tmp_path / "outputs"
    home.mkdir()
    words = json.dumps({"words": f"data.path={place}/history.csv outputs={home} tracking.model_name=short"})
    airflow = Airflow(tmp_path, CLV_PYTHON=str(ROOT / ".venv/bin/python"), PYTHONPATH=str(DEPLOYED / "dags"))
    airflow.environment["AIRFLOW__CORE__DAGS_FOLDER"] = str(tmp_path / "dags")
    airflow.command("db", "migrate")
    with filelock.FileLock(home / ".lock"):  # it opens its run, and waits
        said = airflow.command("dags", "test", "short", "--conf", words, code=1)
    assert "AirflowTaskTimeout" in said and not engine_processes("entrypoints.train", f"outputs={home}")
    experiment = client().get_experiment_by_name("short").experiment_id
    assert [run.info.status for run in client().search_runs([experiment])] == ["KILLED"]
