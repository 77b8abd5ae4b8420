"""The search for a better configuration: on the past alone, within its budget, written where a person reads it."""

import importlib

import mlflow
import pandas as pd
import pytest
from helpers import composed
from hydra import compose, initialize_config_dir
from stores import everywhere

from clv import search
from clv.errors import InputError, UserError
from clv.run import run_command

QUICK = (
    "tune.trials=3",
    "tune.origins=2",
    "tune.space=[{key:glm_alpha,low:0.01,high:1},{key:max_depth,low:2,high:3}]",
)


def test_the_search_tries_the_start_first_and_then_finds_better():
    found = search.minimise(
        lambda values: ((values["x"] - 3) ** 2 + values["n"], {}),
        {"x": (0, 5), "n": (1, 4)},
        {"x": 1.0, "n": 3},
        trials=40,
        minutes=1,
        seed=7,
    )
    assert found[0].values == {"x": 1.0, "n": 3} and found[0].cost == 7 and len(found) == 40
    best = min(found, key=lambda trial: trial.cost)
    assert best.values["n"] == 1 and best.values["x"] == pytest.approx(3, abs=0.3)
    assert all(isinstance(trial.values["n"], int) for trial in found)


def test_no_trial_begins_after_the_time_is_over_but_the_start_is_always_tried():
    found = search.minimise(lambda values: (values["x"], {}), {"x": (0, 1)}, {"x": 0.5}, 1000, minutes=0, seed=7)
    assert len(found) == 1


@pytest.fixture(scope="module")
def searched(pipeline, tmp_path_factory):
    """A copy of the shared project in which a search was run, and the record of the search."""
    with pipeline.copied_to(tmp_path_factory.mktemp("searched")).entered() as project:
        project.record = run_command("tune", project.config(*QUICK, f"tune.folder={project.folder}/experiment"))[-1]
    return project


@pytest.fixture
def tuned(searched):
    """The record of a search, and its store to read."""
    with searched.entered():
        yield searched.record


def test_the_best_values_are_an_experiment_that_hydra_takes(searched, tuned):
    text = (searched.folder / "experiment/tuned.yaml").read_text()
    assert text.startswith(
        "# @package _global_\n# Written by tune on 2025-07-04, 2025-04-05: RMSE over the training mean's "
    )
    assert "# before: 0.1" in text and tuned.artifacts["experiment/tuned.yaml"] == text
    with initialize_config_dir(str(searched.folder), version_base="1.3"):
        found = compose("experiment/tuned").model
    assert set(found) == {"glm_alpha", "max_depth"} and found.max_depth in (2, 3)


def test_each_trial_is_a_run_and_the_first_is_the_configuration_as_it_is(tuned):
    client = mlflow.MlflowClient()
    parent = client.search_runs(everywhere(), "tags.step = 'tune'", order_by=["attributes.start_time ASC"])[0]
    runs = client.search_runs(
        everywhere(), f"tags.mlflow.parentRunId = '{parent.info.run_id}'", order_by=["attributes.start_time"]
    )
    assert [run.info.run_name for run in runs] == ["trial 0", "trial 1", "trial 2"]
    assert runs[0].data.params == {"model.glm_alpha": "0.1", "model.max_depth": "3"}
    assert parent.data.metrics["rmse_over_mean"] == min(run.data.metrics["rmse_over_mean"] for run in runs)
    assert {"rmse_over_mean_2025-07-04", "rmse_over_mean_2025-04-05"} <= set(runs[0].data.metrics)


def test_the_evaluation_snapshot_is_never_touched(tuned, copied):
    rows = pd.read_csv(copied.folder / "history.csv")
    later = rows["order_date"] >= "2025-10-02"  # the evaluation cutoff
    rows.loc[later, "revenue"] *= 100
    rows.to_csv(copied.folder / "spoilt.csv", index=False)
    found = run_command(
        "tune", copied.config(*QUICK, f"tune.folder={copied.folder}/spoilt", f"data.path={copied.folder}/spoilt.csv")
    )
    assert found[-1].metrics == tuned.metrics
    assert found[-1].artifacts["experiment/tuned.yaml"] == tuned.artifacts["experiment/tuned.yaml"]


def test_an_interrupted_search_goes_on_from_what_it_finished_and_finds_the_same(tuned, copied, monkeypatch):
    step = importlib.import_module("clv.steps.tuning")
    words = (*QUICK, f"tune.folder={copied.folder}/again", f"outputs={copied.folder}/again")
    asked, measure = [], step.measure

    def interrupted(history, plan, recipe):
        asked.append(plan.evaluation)
        if len(asked) == 4:
            raise KeyboardInterrupt
        return measure(history, plan, recipe)

    monkeypatch.setattr(step, "measure", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run_command("tune", copied.config(*words))
    again = run_command("tune", copied.config(*words))[-1]
    assert len(asked) == 4 + 3 and again.metrics == tuned.metrics  # three trials at two origins, three of them kept


def test_origins_that_lie_too_early_are_said(copied):
    words = ("tune.trials=1", "tune.origins=9", f"tune.folder={copied.folder}/few", f"outputs={copied.folder}/few")
    outcome = run_command("tune", copied.config(*QUICK, *words))[-1]
    (sentence,) = outcome.warnings
    assert sentence.startswith(
        "4 of 9 origins were skipped: they lie before 2024-06-30, the first that has 90 days of training labels"
    )


def test_a_file_that_a_person_wrote_and_a_history_without_room_are_refused(copied):
    folder = copied.folder / "ours"
    folder.mkdir()
    (folder / "tuned.yaml").write_text("model: {max_depth: 4}\n")
    with pytest.raises(UserError, match="was not written by tune and is left as it is"):
        run_command("tune", copied.config(*QUICK, f"tune.folder={folder}"))
    assert (folder / "tuned.yaml").read_text() == "model: {max_depth: 4}\n"
    with pytest.raises(InputError, match="there is no room for an origin: it needs two horizons of 300 days"):
        run_command("tune", copied.config(*QUICK, "window.horizon_days=300"))


@pytest.mark.parametrize(
    "space, message",
    [
        ("{key:rate,low:0,high:1}", "tune.space: rate is not a number of conf/model/"),
        ("{key:max_depth,low:3,high:3}", "tune.space: max_depth: low=3 is not below high=3"),
        ("{key:max_depth,low:0,high:3}", "tune.space: max_depth=0.0 is outside 1 to 20"),
    ],
)
def test_a_space_that_makes_no_sense_is_refused_by_name(space, message):
    with pytest.raises(UserError, match=message):
        composed(f"tune.space=[{space}]")
