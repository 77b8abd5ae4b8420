"""The backtest: what would have been predicted, with what was known before each cutoff."""

import importlib

import mlflow
import numpy as np
import pandas as pd
import pytest
from stores import everywhere

from clv.errors import InputError
from clv.evaluation import metrics
from clv.run import run_command

RECIPES = ["clv", "btyd", "naive_mean", "naive_rate", "naive_last"]


@pytest.fixture(scope="module")
def two_cutoffs(pipeline, tmp_path_factory):
    """A copy of the shared project in which two cutoffs of the history were tested."""
    with pipeline.copied_to(tmp_path_factory.mktemp("two_cutoffs")).entered() as project:
        run_command("backtest", project.config("backtest.cutoffs=['2025-09-01','2025-06-01']"))
    return project


@pytest.fixture
def tested(two_cutoffs):
    """The written tables of two cutoffs, to read."""
    with two_cutoffs.entered():
        yield [
            pd.read_csv(two_cutoffs.outputs / "backtest" / f"{name}.csv", dtype={"customer_id": str})
            for name in ("predictions", "leaderboard")
        ]


def test_every_recipe_predicts_every_customer_with_an_order_before_the_cutoff(two_cutoffs, tested):
    predictions, board = tested
    ends = ["predicted_clv_low", "predicted_clv_high"]
    assert list(predictions) == ["cutoff", "customer_id", "recipe", "predicted_clv", *ends, "actual_clv"]
    assert (predictions[ends].notna().all(axis=1) == (predictions["recipe"] == "clv")).all()
    history = pd.read_csv(two_cutoffs.folder / "history.csv")
    for cutoff in ("2025-09-01", "2025-06-01"):
        known = history[(history["order_date"] < cutoff) & (history["revenue"] > 0)]["customer_id"].nunique()
        assert board.loc[board["cutoff"] == cutoff, ["recipe", "customers"]].to_numpy().tolist() == [
            [name, known] for name in RECIPES
        ]
        assert (predictions[predictions["cutoff"] == cutoff].groupby("recipe").size() == known).all()


def test_the_leaderboard_is_worked_out_from_the_predictions(tested):
    predictions, board = tested
    for (cutoff, recipe), rows in predictions.groupby(["cutoff", "recipe"]):
        found = board[(board["cutoff"] == cutoff) & (board["recipe"] == recipe)].iloc[0]
        expected = metrics.evaluate(rows["actual_clv"], rows["predicted_clv"])
        assert [found[name] for name in ("rmse", "mae", "bias")] == pytest.approx(
            [expected[name] for name in ("rmse", "mae", "bias")], abs=1e-3
        )


def test_nothing_after_the_cutoff_changes_a_prediction(tested, copied):
    rows = pd.read_csv(copied.folder / "history.csv")
    later = rows["order_date"] >= "2025-06-01"
    rows.loc[later, "revenue"] *= 10
    rows.loc[later, "customer_id"] = rows.loc[later, "customer_id"].to_numpy()[::-1]
    rows.to_csv(copied.folder / "future.csv", index=False)
    run_command(
        "backtest",
        copied.config(
            "backtest.cutoffs=['2025-06-01']",
            f"data.path={copied.folder}/future.csv",
            f"outputs={copied.folder}/future",
        ),
    )
    found = pd.read_csv(copied.folder / "future/backtest/predictions.csv", dtype={"customer_id": str})
    before = tested[0].query("cutoff == '2025-06-01'").reset_index(drop=True)
    pd.testing.assert_frame_equal(found.drop(columns="actual_clv"), before.drop(columns="actual_clv"))
    assert not found["actual_clv"].equals(before["actual_clv"])


def test_each_recipe_and_cutoff_is_a_run_to_compare(tested):
    client = mlflow.MlflowClient()
    parent = client.search_runs(everywhere(), "tags.step = 'backtest'", order_by=["attributes.start_time ASC"])[0]
    runs = client.search_runs(everywhere(), f"tags.mlflow.parentRunId = '{parent.info.run_id}'")
    assert {(run.data.params["recipe"], run.data.params["cutoff"]) for run in runs} == {
        (recipe, cutoff) for recipe in RECIPES for cutoff in ("2025-09-01", "2025-06-01")
    }
    assert all({"rmse", "bias"} <= set(run.data.metrics) for run in runs)


def test_without_cutoffs_the_origins_roll_back_by_a_horizon_as_far_as_the_history_reaches(copied):
    records = run_command("backtest", copied.config("window.horizon_days=120", "backtest.origins=9"))
    assert list(records[-1].outputs["backtest/leaderboard.csv"]["cutoff"].unique()) == [
        "2025-09-02",
        "2025-05-05",
        "2025-01-05",
        "2024-09-07",
    ]


def test_a_cutoff_whose_labels_reach_beyond_the_history_is_refused(copied):
    with pytest.raises(InputError, match="where the labels of 2025-12-15 end; more than window.max_silent_days=31"):
        run_command("backtest", copied.config("backtest.cutoffs=['2025-12-15']"))


def test_a_cutoff_too_early_in_the_history_names_the_first_that_is_possible(copied):
    with pytest.raises(
        InputError, match="The cutoff 2024-05-01 lies before 2024-06-30, the first that has 90 days of training labels"
    ):
        run_command("backtest", copied.config("backtest.cutoffs=['2024-05-01']"))


def test_a_cutoff_asked_twice_counts_once(copied):
    records = run_command("backtest", copied.config("backtest.cutoffs=['2025-09-01','20250901']"))
    assert len(records[-1].outputs["backtest/leaderboard.csv"]) == len(RECIPES)


def test_where_the_past_says_nothing_about_the_future_the_answer_is_no_skill(copied):
    chance = np.random.default_rng(1)
    rows = pd.DataFrame(
        {
            "customer_id": [f"c{n}" for n in chance.integers(0, 300, 6000)],
            "order_date": pd.Timestamp("2024-01-01") + pd.to_timedelta(chance.integers(0, 730, 6000), unit="D"),
            "revenue": chance.lognormal(3, 1, 6000).round(2),
        }
    )
    rows.to_csv(copied.folder / "noise.csv", index=False)
    records = run_command(
        "backtest", copied.config(f"data.path={copied.folder}/noise.csv", "backtest.cutoffs=['2025-09-01']")
    )
    assert records[-1].summary == "2025-09-01: no skill, nothing beats the constant beyond noise."


def test_a_paired_interval_is_narrower_than_the_spread_of_either_side():
    chance = np.random.default_rng(2)
    actual = chance.lognormal(2, 1.5, 800)
    near, nearer = actual * chance.normal(1, 0.3, 800), actual * chance.normal(1, 0.29, 800)
    alone = metrics.bootstrap(actual, near, 100, 0.9, seed=1).loc["rmse"]
    one, other = (metrics.resampled(actual, side, 100, seed=1) for side in (near, nearer))
    both = metrics.intervals(one - other, 0.9).loc["rmse"]
    assert both["low"] <= both["value"] <= both["high"] and both["value"] == pytest.approx(
        alone["value"] - metrics.evaluate(actual, nearer)["rmse"]
    )
    same = metrics.intervals(one - one, 0.9)
    assert (same[["low", "value", "high"]].to_numpy() == 0).all()


def test_cutoffs_that_lie_too_early_are_skipped_with_the_first_that_is_possible(copied):
    outcome = run_command("backtest", copied.config("backtest.cutoffs=['2025-09-01','2024-05-01']"))[-1]
    assert list(outcome.outputs["backtest/leaderboard.csv"]["cutoff"].unique()) == ["2025-09-01"]
    assert outcome.warnings == (
        "1 of 2 origins was skipped: it lies before 2024-06-30, the first that has 90 days of training labels and 90 days of history "
        "before them.",
    )


def test_an_origin_with_too_few_customers_is_skipped_with_the_day_from_which_there_are_enough(copied):
    history = pd.read_csv(copied.folder / "history.csv")
    orders = history[history["revenue"] > 0].groupby("customer_id")["order_date"].min()
    enough = int((orders < "2024-08-15").sum())  # the later cutoff has them, the other has not
    words = ("backtest.cutoffs=['2025-09-01','2024-07-15']", f"model.min_customers={enough}", "window.max_snapshots=1")
    outcome = run_command("backtest", copied.config(*words))[-1]
    assert list(outcome.outputs["backtest/leaderboard.csv"]["cutoff"].unique()) == ["2025-09-01"]
    (sentence,) = outcome.warnings
    day = pd.Timestamp(orders.sort_values().iloc[enough - 1]) + pd.Timedelta(days=1)
    assert sentence.startswith("2024-07-15 was skipped: ")
    assert sentence.endswith(f"; by {day:%Y-%m-%d}, {enough} customers had ordered.")


def test_an_interrupted_backtest_keeps_what_is_finished_and_goes_on_from_there(copied, monkeypatch):
    words = ("backtest.cutoffs=['2025-09-01','2025-06-01']", f"outputs={copied.folder}/again")
    step = importlib.import_module("clv.steps.backtest")
    asked, measure = [], step.measure

    def interrupted(history, plan, recipe):
        asked.append(plan.evaluation.isoformat())
        if len(asked) == 2:
            raise KeyboardInterrupt
        return measure(history, plan, recipe)

    monkeypatch.setattr(step, "measure", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run_command("backtest", copied.config(*words))
    outcome = run_command("backtest", copied.config(*words))[-1]
    assert asked == ["2025-09-01", "2025-06-01", "2025-06-01"]
    board = outcome.outputs["backtest/leaderboard.csv"]
    assert board["cutoff"].unique().tolist() == ["2025-09-01", "2025-06-01"]
    assert not (copied.folder / "again/.unfinished/backtest").exists()
    run_command("backtest", copied.config(*words))  # what is done is not kept
    assert asked[3:] == ["2025-09-01", "2025-06-01"]
