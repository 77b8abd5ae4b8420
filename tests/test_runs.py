"""Which commands leave a run in MLflow, where, under which name, and with which parameters."""

import base64
import datetime as dt
import inspect
import json
import re
import zlib
from dataclasses import fields, replace

import pytest
from helpers import person
from stores import client, everywhere, run_named

from clv import commands, process, settings, tracking
from clv.config import parameters, recipe_name
from clv.errors import UserError
from clv.outcome import Outcome, Run
from clv.registry.scores import scoring_runs
from clv.run import _of_run, run_command
from clv.tracking import views

NAMES = {
    "full_pipeline": "v1 pipeline blend 90d",
    "train": "v1 blend 90d",
    "review": "v1 review",
    "score": "v1 score 2025-12-31",
    "cluster": "v1 cluster 2025-12-31",
    "monitor": "v1 monitor 2025-12-31",
}


def runs():
    return client().search_runs(everywhere())


def test_a_models_runs_are_in_its_own_experiment_whose_page_says_what_to_open(trained):
    found = client().get_experiment_by_name("clv")
    assert run_named("full_pipeline").info.experiment_id == found.experiment_id
    assert "Which training is better?" in found.tags["mlflow.note.content"]
    assert "Promote model** is another thing" in found.tags["mlflow.note.content"]
    assert "its name is like `v10 blend 90d`" in found.tags["mlflow.note.content"]
    promote = re.search("`(mlflow run . -e promote .*?)`", found.tags["mlflow.note.content"])
    assert "-P version=N " in promote[1] and "tracking.model_name" not in promote[1]


@pytest.mark.parametrize("step", NAMES)
def test_the_first_twenty_characters_of_a_runs_name_tell_it_apart(trained, step):
    assert run_named(step).info.run_name == NAMES[step]


def test_recipes_are_called_as_their_files_in_conf_and_by_their_chains_where_there_is_none():
    assert recipe_name(["btyd+trees"]) == "base_margin" and recipe_name(["btyd+hurdle"]) == "btyd+hurdle"


@pytest.mark.parametrize("step", ["ledger", "explain", "readiness", "check", "sync"])
def test_a_command_that_only_reads_leaves_no_run(copied, step):
    before = len(runs())
    try:
        run_command(step, copied.config())
    except UserError as error:
        assert step == "readiness", error
    assert len(runs()) == before


@pytest.mark.parametrize("step", ["promote", "reject", "rollback", "acknowledge", "reproduce"])
def test_a_refused_decision_leaves_no_run(copied, step):
    before = len(runs())
    with pytest.raises(UserError):
        run_command(step, copied.config(*person(version=99)))
    assert len(runs()) == before


def test_a_decision_that_was_taken_is_a_run(copied):
    before = len(runs())
    run_command("promote", copied.config(*person(version=1), "person.despite_gates=true"))
    assert len(runs()) == before + 1 and run_named("promote").info.run_name == "v1 promoted, Ann Lee"


def test_what_is_broken_is_a_failed_run(copied, monkeypatch):
    def broken(run: Run) -> Outcome:
        raise ZeroDivisionError

    monkeypatch.setitem(commands.COMMANDS, "promote", replace(commands.COMMANDS["promote"], steps=(broken,)))
    with pytest.raises(ZeroDivisionError):
        run_command("promote", copied.config())
    newest = client().search_runs(everywhere(), order_by=["attributes.start_time DESC"], max_results=1)[0]
    assert newest.info.status == "FAILED" and newest.data.tags["failure_reason"].startswith("ZeroDivisionError")


def test_the_run_that_mlflow_run_opened_is_gone_after_the_next_command(copied, monkeypatch):
    opened = client().create_run("0", run_name="smiling-ox-971").info.run_id
    monkeypatch.setenv(process.RUN_OF_MLFLOW, opened)
    monkeypatch.setenv("MLFLOW_EXPERIMENT_ID", "0")
    run_command("cluster", copied.config())
    newest = run_named("cluster", "DESC")
    assert newest.info.run_id != opened and newest.info.run_name == "v1 cluster 2025-12-31"
    client().set_terminated(opened)  # `mlflow run` does
    run_command("sync", copied.config())
    assert client().get_run(opened).info.lifecycle_stage == "deleted"


def test_an_experiment_that_somebody_chose_is_taken_and_the_run_in_it_goes_on(copied, monkeypatch):
    chosen = client().create_experiment("chosen")
    opened = client().create_run(chosen).info.run_id
    monkeypatch.setenv(process.RUN_OF_MLFLOW, opened)
    monkeypatch.setenv("MLFLOW_EXPERIMENT_ID", chosen)
    run_command("score", copied.config())
    assert client().get_run(opened).info.run_name == "v1 score 2025-12-31"


def test_scores_are_found_in_the_models_experiment_and_in_default_where_earlier_engines_left_them(copied, monkeypatch):
    monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", "Default")
    run_command("score", copied.config("window.as_of=2025-12-01"))
    monkeypatch.delenv("MLFLOW_EXPERIMENT_NAME")
    with tracking.run("test", {}, tracking.Terms(copied.outputs, strict=True, model="clv")):
        assert {str(scores.as_of) for scores in scoring_runs("clv")} == {"2025-12-31", "2025-12-01"}


def test_a_step_logs_the_keys_that_it_reads_and_leaves_out_what_says_nothing(trained):
    found = {step: set(run_named(step).data.params) for step in ("read", "train", "cluster", "review")}
    assert found["cluster"] == {"clusters.k", "clusters.scale"}
    assert {"model.max_depth", "window.horizon_days", "seed"} <= found["train"]
    assert not any(name.startswith(("simulate", "tune", "backtest")) for names in found.values() for name in names)
    assert "data.sheet" not in found["read"]  # null
    assert parameters(trained.config(), ("window.as_of", "seed")) == {"seed": 7}


def test_a_training_shows_seven_metrics_and_what_stands_beside_them(governed):
    first, second = (run_named("train", order) for order in ("ASC", "DESC"))
    assert set(second.data.metrics) == {*views.HEADLINE, "coverage", "rmse_change_low", "rmse_change_high"}
    assert set(views.HEADLINE) - set(first.data.metrics) == {name for name in views.HEADLINE if "change" in name}
    assert second.data.tags["recipe"] == "btyd" and second.data.tags["gates"] in ("passed", "failed")
    assert (
        second.data.tags["standing"] in ("better", "worse", "no clear difference")
        and second.data.tags["recommendation"]
    )
    assert first.data.tags["standing"] == "alone"


def test_a_pipelines_metrics_are_those_of_the_version_that_it_says(copied):
    run_command("full_pipeline", copied.config("model=btyd"))
    run = run_named("full_pipeline", "DESC")
    assert run.info.run_name == "v2 pipeline btyd 90d" and {*views.HEADLINE} < set(run.data.metrics)
    assert run.data.tags["production_version"] == "1" and "verdict" not in run.data.tags


def test_the_models_page_lists_the_version_its_data_and_its_metrics(trained):
    (logged,) = client().search_logged_models(everywhere())
    assert logged.name == "clv_blend_90d" and json.loads(logged.tags["mlflow.modelVersions"]) == [
        {"name": "clv", "version": "1"}
    ]
    assert {(metric.key, metric.dataset_name) for metric in logged.metrics} >= {
        ("rmse", "history.csv"),
        ("bias", "history.csv"),
    }


def test_the_view_of_trainings_has_the_recipe_the_gates_the_standing_and_on_whom_it_was_measured(trained):
    tag = json.loads(client().get_experiment_by_name("clv").tags["mlflow.sharedViewState.clv_trainings"])
    state = json.loads(zlib.decompress(base64.b64decode(tag["state"].removeprefix("deflate;"))))
    assert tag["name"] == "Trainings" and state["searchFilter"] == "tags.step = 'train'"
    assert state["selectedColumns"] == [
        *(f"tags.`{name}`" for name in ("recipe", "gates", "standing", "measured")),
        *(f"metrics.`{name}`" for name in views.HEADLINE),
    ]
    assert state["orderByKey"] == "attributes.start_time" and not state["orderByAsc"]  # newest first


def test_a_training_says_from_which_day_on_and_on_how_many_customers_it_was_measured(trained):
    tags = run_named("train").data.tags
    assert re.fullmatch(r"\d+ days from 20\d\d-\d\d-\d\d, [\d,]+ customers", tags["measured"])


ALWAYS = {"compute", "outputs", "profile", "keep_bundles", "keep_reports", "lock_wait_seconds", "tracking", "person"}
HISTORY = {"data", "window"}  # every step that takes the history reads the file by these


@pytest.mark.parametrize("step", [step for step in commands.READS if step.__name__ not in ("tune", "simulate")])
def test_a_step_reads_no_section_that_its_row_does_not_name(copied, step):
    named = {key.split(".")[0] for key in commands.READS[step]}
    blind = {entry.name: None for entry in fields(copied.config()) if entry.name not in named | ALWAYS | HISTORY}
    config = copied.config(*person(version=1), "person.despite_gates=true")
    now = dt.datetime.now(dt.UTC)
    values = _of_run(
        commands.COMMANDS["train"], Run(config, now, copied.outputs / "current"), settings.history(config, now)
    )
    values.run.config = replace(config, **blind)
    with tracking.run("test", {}, tracking.Terms(copied.outputs, strict=True, model="clv")):
        assert step(**{name: getattr(values, name) for name in inspect.signature(step).parameters}).summary
