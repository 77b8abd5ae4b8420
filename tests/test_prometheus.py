"""The file that Prometheus reads, and the lines that a collector of logs reads."""

import datetime as dt
import json
import re
import subprocess
import sys

import pytest
from helpers import ROOT, composed
from prometheus_client.parser import text_string_to_metric_families

from clv.exposed import expose
from clv.outcome import Outcome, Run
from clv.prometheus import Ended, exposition
from clv.run import run_command

MORNING, EVENING = dt.datetime(2026, 7, 1, 6, tzinfo=dt.UTC), dt.datetime(2026, 7, 1, 18, tzinfo=dt.UTC)


def samples(text):
    """(family, step, label of its own) -> value."""
    found = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    return {
        (
            one.name,
            one.labels["step"],
            *(value for name, value in one.labels.items() if name not in ("model", "step")),
        ): one.value
        for one in found
    }


def test_a_step_leaves_when_it_ended_how_long_it_took_and_what_it_found():
    text = exposition("clv", [Ended("score", MORNING, 1.5, {"predicted_clv_total": 58970.25}, "2", "2")])
    assert samples(text) == {
        ("clv_step_success_timestamp_seconds", "score"): MORNING.timestamp(),
        ("clv_step_seconds", "score"): 1.5,
        ("clv_production_version", "score"): 2,
        ("clv_figure", "score", "predicted_clv_total", "2"): 58970.25,
    }
    assert "# TYPE clv_figure gauge" in text


def test_the_verdict_is_one_of_three():
    text = exposition("clv", [Ended("monitor", MORNING, 1.0, verdict="alarm")])
    found = {key[2]: value for key, value in samples(text).items() if key[0] == "clv_verdict"}
    assert found == {"stable": 0, "alarm": 1, "insufficient": 0}


def test_other_steps_keep_what_they_left_and_a_step_that_ran_again_replaces_all_of_its_own():
    score = Ended("score", MORNING, 1.0, {"predicted_clv_total": 10.0, "customers": 2.0}, "1", "1")
    before = exposition("clv", [score, Ended("monitor", MORNING, 2.0)])
    after = samples(
        exposition("clv", [Ended("score", EVENING, 3.0, {"predicted_clv_total": 12.0}, version="2")], before)
    )
    assert after == {
        ("clv_step_success_timestamp_seconds", "monitor"): MORNING.timestamp(),
        ("clv_step_seconds", "monitor"): 2.0,
        ("clv_step_success_timestamp_seconds", "score"): EVENING.timestamp(),
        ("clv_step_seconds", "score"): 3.0,
        ("clv_figure", "score", "predicted_clv_total", "2"): 12.0,
    }


STRANGE = [
    "no such { format",
    "other_metric 1\n",
    "\0",
    'clv_step_seconds{model="clv",step="x",foo="1"} 1\n',
    'clv_step_seconds{model="clv"} 1\n',
    'clv_step_seconds{model="clv",step="x",self="1"} 1\n',
    "clv_step_seconds 1\n",
]


@pytest.mark.parametrize("before", STRANGE)
def test_a_file_of_somebody_else_is_begun_anew(before):
    ended = [Ended("score", MORNING, 1.0)]
    assert exposition("clv", ended, before) == exposition("clv", ended)


@pytest.mark.parametrize("content", [b"\xff\xfe", b"clv_step_seconds 1\n" * 100_000])
def test_a_file_that_is_damaged_or_too_large_stops_no_command(tmp_path, content):
    (tmp_path / "current").mkdir()
    (tmp_path / "current/metrics.prom").write_bytes(content)
    (tmp_path / "new").mkdir()
    run = Run(composed(f"outputs={tmp_path}"), MORNING, tmp_path / "new")
    expose(run, ["score"], [1.0], [Outcome("done")])
    assert {step for _, step in samples((tmp_path / "new/metrics.prom").read_text())} == {"score"}


def test_figures_of_another_model_are_not_kept():
    before = exposition("clv", [Ended("train", MORNING, 1.0)])
    assert {step for _, step in samples(exposition("clv_sales", [Ended("score", MORNING, 1.0)], before))} == {"score"}


def test_the_figures_are_those_of_the_run(trained):
    found = samples((trained.outputs / "metrics.prom").read_text())
    scored = next(record for record in trained.records if "predicted_clv_total" in record.metrics)
    assert found["clv_figure", "score", "predicted_clv_total", "1"] == scored.metrics["predicted_clv_total"]
    assert found["clv_figure", "monitor", "open_alarms", "1"] == 0
    assert found["clv_newest_order_timestamp_seconds", "read"] == dt.datetime(2025, 12, 30, tzinfo=dt.UTC).timestamp()
    assert all(re.fullmatch(r"\w+", figure) for name, _, *rest in found for figure in rest[:1])
    assert {key[1] for key in found} >= {"read", "train", "review", "score", "cluster", "monitor", "report"}
    assert found["clv_production_version", "monitor"] == 1


def test_a_run_that_fails_leaves_the_file_as_it_was(copied):
    before = (copied.outputs / "metrics.prom").read_text()
    with pytest.raises(Exception, match="AS_OF_TOO_EARLY"):
        run_command("score", copied.config("window.as_of='2000-01-01'"))
    assert (copied.outputs / "metrics.prom").read_text() == before


# ---- logs as JSON lines


def records(words, folder, **environment):
    """Exit code, and the lines on both outputs as records."""
    done = subprocess.run(
        [sys.executable, "-m", *words],
        cwd=folder,
        env={"PYTHONPATH": str(ROOT), "CLV_LOG": "json", "HOME": str(folder), "PATH": "/usr/bin:/bin"} | environment,
        capture_output=True,
        text=True,
    )
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines() + done.stderr.splitlines()]


def test_each_line_of_a_command_is_a_record(tmp_path):
    code, lines = records(
        ["entrypoints.simulate", "simulate.customers=50", f"simulate.path={tmp_path}/rows.csv"], tmp_path
    )
    assert code == 0
    assert {line["command"] for line in lines} == {"simulate"} and {line["level"] for line in lines} == {"info"}
    step = next(line for line in lines if "step" in line)
    assert step["step"] == "simulate" and step["seconds"] >= 0 and step["message"]
    assert all(dt.datetime.fromisoformat(line["at"]).tzinfo for line in lines)
    assert lines[-1]["message"] == "done" and lines[-1]["exit_code"] == 0 and lines[-1]["model"] == "clv"
    assert f"run {lines[-1]['run']}" in lines[-1]["facts"]


def test_an_error_is_a_record_with_the_exit_code(tmp_path):
    code, lines = records(["entrypoints.features", "data.path=missing.csv"], tmp_path)
    error = lines[-1]
    assert code == error["exit_code"] == 65
    assert error["level"] == "error" and error["message"].startswith("[NO_FILE]")


def test_a_form_of_logs_that_is_not_known_is_refused(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "entrypoints.simulate"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT), "CLV_LOG": "xml", "PATH": ""},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1 and "CLV_LOG=json" in done.stderr
