"""The whole engine on one small history: what a person finds in the outputs, the runs and the registry."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import mlflow
import pandas as pd
import pytest
from helpers import RANKED, ROOT, SMALL, composed, read
from stores import artifacts, client, everywhere, newest_run, run_named

from clv import store
from clv.errors import BusyError, InputError
from clv.evaluation import leaderboard
from clv.outcome import raw
from clv.registry import scores
from clv.run import run_command
from clv.store import lock


def as_text(folder):
    return {path.name: path.read_bytes() for path in folder.glob("clv_*") if path.suffix != ".png"}


def test_full_pipeline_is_one_run_with_a_nested_run_a_step(trained):
    parent = run_named("full_pipeline")
    nested = client().search_runs(
        everywhere(), f"tags.mlflow.parentRunId = '{parent.info.run_id}'", order_by=["attributes.start_time ASC"]
    )
    assert [run.data.tags["step"] for run in nested if run.data.tags["step"] != "bootstrap"] == [
        "read",
        "features",
        "train",
        "review",
        "score",
        "cluster",
        "rank_clusters",
        "monitor",
        "report",
    ]  # and bootstrap, the first time
    assert {run.info.status for run in [parent, *nested]} == {"FINISHED"}
    assert {"rmse", "normalized_gini", "predicted_clv_total"} <= set(parent.data.metrics)
    assert (
        parent.data.params["window.horizon_days"] == "90"
        and parent.inputs.dataset_inputs[0].dataset.name == "history.csv"
    )


def test_scores_hold_every_customer_with_an_order_once_in_the_order_of_predicted_clv(trained):
    scores = read(trained.outputs / RANKED)
    history = read(trained.folder / "history.csv")
    assert list(scores) == [
        "customer_id",
        "predicted_clv",
        "clv_rank",
        "clv_percentile",
        "predicted_clv_low",
        "predicted_clv_high",
        *("p_alive", "p_buy", "expected_orders", "orders", "revenue_total", "last_order"),
        "lifecycle_stage",
        "model_version",
        "as_of",
        "horizon_days",
    ]
    assert set(scores["horizon_days"]) == {90}
    assert sorted(scores["customer_id"]) == sorted(history.loc[history["revenue"] > 0, "customer_id"].unique())
    assert scores["predicted_clv"].is_monotonic_decreasing and scores["clv_rank"].tolist() == list(
        range(1, len(scores) + 1)
    )
    assert set(scores["as_of"]) == {"2025-12-31"} and scores.notna().all(axis=None)
    assert (scores["predicted_clv_low"] <= scores["predicted_clv"]).all()
    assert (scores["predicted_clv"] <= scores["predicted_clv_high"]).all()


def test_the_ranking_is_better_than_chance_at_the_truth(trained):
    from clv import simulate

    scores = read(trained.outputs / RANKED).set_index("customer_id")["predicted_clv"]
    truth = simulate.true_clv(trained.truth, "2024-01-01", "2025-12-31", 90).reindex(scores.index)
    assert scores.corr(truth, method="spearman") > 0.5


def test_clusters_and_their_ranks_follow_from_the_scores(trained):
    scores, clustered, rankings = (
        read(trained.outputs / name) for name in (RANKED, "clv_clustered_customers.csv", "clv_cluster_rankings.csv")
    )
    assert clustered.drop(columns=["cluster_id", "cluster_rank", "value_group", "segment"]).equals(scores)
    assert clustered["cluster_id"].equals(clustered["cluster_rank"]) and clustered["cluster_id"].is_monotonic_increasing
    assert rankings["median_clv"].is_monotonic_decreasing and rankings["customers"].sum() == len(scores)
    assert rankings["total_clv"].sum() == pytest.approx(scores["predicted_clv"].sum(), abs=0.01)
    assert set(rankings["model_version"]) == set(scores["model_version"])


def test_the_training_run_holds_what_a_reviewer_and_the_monitor_need(trained):
    run = run_named("train")
    found = artifacts(run.info.run_id)
    assert {
        "config.yaml",
        "outputs/clv_model_metrics.csv",
        "features/evaluation_2025-10-02.parquet",
        "baseline/baseline.json",
        "baseline/sketches.parquet",
        "figures/gain_curve.png",
        "figures/deciles.png",
        "figures/importance.png",
        "figures/importance.csv",
        "figures/residuals.png",
        "figures/predicted_against_actual.png",
        "figures/interval_coverage.png",
        "figures/interval_coverage.csv",
        "figures/by_number_of_orders.csv",
        "figures/tracking_orders.png",
        "figures/tracking_revenue.png",
        "figures/tracking.csv",
        "figures/repeat_orders.png",
        "figures/orders_before.png",
        "figures/orders_and_recency.png",
        "figures/spend.png",
    } <= found
    assert run.data.params["model.tweedie_power"] == "1.5" and run.data.tags["git_commit"]
    stages = {f"coverage/{name}" for name in ("all", "bought again", "top decile", "active", "lost")}
    orders = {
        f"{group}/{recipe}_rmse" for group in ("1 order", "6 orders and more") for recipe in ("clv", "group_mean")
    }
    metrics = {"rmse", "mae", "spearman", "normalized_gini", "top_decile_share", "bias"}
    others = {f"{recipe}/{name}" for recipe in ("naive_last", "btyd") for name in metrics}
    path = client().download_artifacts(run.info.run_id, "metrics/train.csv")
    assert stages | orders | others | {"total/low", "total/high", "total/held", "clv/r2"} <= set(
        pd.read_csv(path)["metric"]
    )


def test_the_baseline_is_out_of_time_and_holds_no_ids(trained):
    folder = mlflow.artifacts.download_artifacts(run_id=run_named("train").info.run_id, artifact_path="baseline")
    text = open(f"{folder}/baseline.json").read()
    known = json.loads(text)
    assert (
        known["facts"]["evaluation_cutoff"] == "2025-10-02" and max(known["facts"]["training_cutoffs"]) <= "2025-07-04"
    )
    sketches = pd.read_parquet(f"{folder}/sketches.parquet")
    assert list(sketches) == ["feature", "point", "below", "at"] and "C000" not in text
    groups = known["checks"]["segment_drift"]["groups"]
    assert sum(groups["stage"].values()) == sum(groups["cluster_rank"].values()) >= 500


def test_the_registered_model_is_native_and_gives_the_scores_without_the_engine(copied, tmp_path):
    scores = read(copied.outputs / RANKED)
    uri = f"models:/clv/{scores['model_version'].iloc[0]}"
    names = {path.name for path in Path(mlflow.artifacts.download_artifacts(uri)).rglob("*")}
    assert {"model.json", "btyd-trees-0.ubj", "quantiles.ubj"} <= names
    assert not {name for name in names if name.endswith((".pkl", ".pickle", ".joblib"))}
    script = (
        "import mlflow, pandas as pd\n"
        f"table = pd.read_parquet({str(copied.outputs / 'clv_features.parquet')!r})\n"
        f"rows = pd.read_csv({str(copied.folder / 'history.csv')!r}, dtype={{'customer_id': str}})\n"
        f"model = mlflow.pyfunc.load_model({uri!r})\n"
        "model.predict(table).to_parquet('of_features.parquet')\n"
        f"model.predict(rows, params={{'as_of': {scores['as_of'].iloc[0]!r}}}).to_parquet('of_purchases.parquet')\n"
    )
    safe = {"MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "false", "MLFLOW_TRACKING_URI": os.environ["MLFLOW_TRACKING_URI"]}
    subprocess.run([sys.executable, "-c", script], cwd=tmp_path, env=os.environ | safe, check=True)
    for kind in ("features", "purchases"):
        found = pd.read_parquet(tmp_path / f"of_{kind}.parquet").set_index("customer_id").loc[scores["customer_id"]]
        for name in ("predicted_clv", "predicted_clv_low", "predicted_clv_high", "p_alive", "p_buy", "expected_orders"):
            assert found[name].to_numpy() == pytest.approx(scores[name].to_numpy(), rel=0, abs=1e-9)


def test_everything_in_the_outputs_is_an_artifact_of_its_run(trained):
    steps = {
        "score": [RANKED],
        "cluster": ["clv_clustered_customers.csv"],
        "rank_clusters": ["clv_cluster_rankings.csv"],
    }
    for name, files in steps.items():
        assert {f"outputs/{file}" for file in files} <= artifacts(run_named(name).info.run_id)
    assert {"data_quality/data_quality.json", "data_quality/rejected_rows.csv"} <= artifacts(
        run_named("read").info.run_id
    )
    assert (
        len([name for name in artifacts(run_named("monitor").info.run_id) if name.startswith("outputs/monitoring/")])
        == 5
    )


def test_scores_that_should_not_be_taken_at_their_word_say_why(copied):
    score = lambda *overrides: " ".join(run_command("score", copied.config(*overrides))[-1].warnings)  # noqa: E731
    assert score() == ""
    assert "predicts 90 days; window.horizon_days=30 was asked" in score("window.horizon_days=30")
    assert "learnt from revenue up to 2025-10-02: scores as of 2025-06-01 know the future" in score(
        "window.as_of=2025-06-01"
    )
    assert "no order in the 59 days before the as-of date 2026-02-28: is the history complete?" in score(
        "window.as_of=2026-02-28"
    )
    other = pd.read_csv(copied.folder / "history.csv").assign(revenue=lambda rows: rows["revenue"] * 1.5)
    other.to_csv(copied.folder / "other.csv", index=False)
    assert "learnt from other amounts: the 90 days from 2025-10-02 brought" in score(
        f"data.path={copied.folder}/other.csv"
    )


@pytest.mark.parametrize("begin, warned", [("2025-01-01", True), ("2024-02-01", False)])
def test_a_history_that_was_cut_says_from_which_day_on_purchases_are_needed(copied, begin, warned):
    rows = pd.read_csv(copied.folder / "history.csv")
    rows[rows["order_date"] >= begin].to_csv(copied.folder / "cut.csv", index=False)
    warnings = run_command("score", copied.config(f"data.path={copied.folder}/cut.csv"))[-1].warnings
    sentence = (
        "the history was cut: it has 364 days before 2025-12-31, and version 1 was measured on 639. Stages and predictions are others than "
        "with the whole one: hand over purchases from 2024-04-01 on, or train a version on this history."
    )
    assert (sentence in warnings) is warned and ("was cut" in " ".join(warnings)) is warned


def test_days_that_nobody_observed_are_no_labels(copied):
    with pytest.raises(
        InputError,
        match="There is no order in the 59 days before 2026-02-28, where the labels of 2025-11-30 end; more than ",
    ):
        run_command("train", copied.config("window.as_of=2026-02-28"))


@pytest.mark.parametrize(
    "beats_the_mean, low, high, warning",
    [
        (True, -3.0, -1.0, None),
        (True, -3.0, 1.0, "the model is not told apart from btyd"),
        (True, 1.0, 3.0, "the model is worse than btyd"),
        (False, -3.0, -1.0, "no skill, nothing beats the constant beyond noise"),
    ],
)
def test_a_model_that_is_not_better_than_the_others_says_so(beats_the_mean, low, high, warning):
    row = {"recipe": "clv", "cutoff": "2011-09-11", "rmse": 10.0, "r2": 0.1, "normalized_gini": 0.5, "bias": 1.0}
    differences = {"rmse_difference_low": low, "rmse_difference_high": high}
    found = leaderboard.doubts(
        pd.DataFrame([row | {"best_baseline": "btyd", "beats_the_mean": beats_the_mean} | differences])
    )
    assert (warning is None and found == ()) or found[0].startswith(warning)


def test_the_same_data_config_and_seed_give_the_same_bytes(copied):
    second = copied.folder / "second"
    run_command("full_pipeline", replace(copied.config("tracking.model_name=twin"), outputs=str(second)))
    assert as_text(copied.outputs) == as_text(second) != {}


def test_a_refused_history_leaves_the_outputs_and_keeps_the_rejects(copied):
    before = os.readlink(copied.outputs / "current")
    bad = copied.folder / "bad.csv"
    bad.write_text("customer_id,order_date,revenue\n" + "a,2024-01-01,1\nb,soon,1\n" * 30)
    with pytest.raises(InputError, match="30 of 60 rows cannot be read"):
        run_command("full_pipeline", copied.config(f"data.path={bad}"))
    assert os.readlink(copied.outputs / "current") == before
    assert len(pd.read_csv(copied.outputs / "data_quality/rejected_rows.csv")) == 30
    refused = client().search_runs(everywhere(), "tags.step = 'read' and attributes.status = 'FAILED'", max_results=1)[
        0
    ]
    assert "data_quality/rejected_rows.csv" in artifacts(refused.info.run_id)
    assert refused.data.tags["failure_reason"].startswith("InputError: ")


def test_customer_ids_can_be_left_out_of_the_logged_features(copied):
    records = run_command("features", copied.config("tracking.log_customer_ids=false"))
    assert "customer_id" not in records[-1].artifacts["outputs/clv_features.parquet"]
    assert artifacts(newest_run().info.run_id) >= {"outputs/clv_features.parquet"}
    assert "customer_id" in pd.read_parquet(copied.outputs / "clv_features.parquet")


def test_fewer_distinct_predictions_than_k_are_fewer_clusters_and_a_warning(project):
    with store.bundle(store.Outputs(project / "outputs", 10, 10, 0), "score", "1") as folder:
        store.write(
            folder,
            {
                raw(RANKED): pd.DataFrame(
                    {"customer_id": ["a", "b"], "predicted_clv": 1.0, "clv_rank": [1, 2], "model_version": "1"}
                ).assign(lifecycle_stage="new", as_of="2011-06-01")
            },
        )
    records = run_command("cluster", composed())
    assert records[-1].warnings == ("clusters.k=5 was asked for, but there are only 1 distinct predictions.",)


def test_multirun_gives_one_mlflow_run_a_job(copied):
    subprocess.run(
        [
            sys.executable,
            "-m",
            "entrypoints.train",
            "--multirun",
            "model=btyd",
            "model.probability_model=mbg_nbd,bg_nbd",
            f"data.path={copied.folder}/history.csv",
            "tracking.model_name=sweep",
            *SMALL[2:],
        ],
        check=True,
        capture_output=True,
        cwd=copied.folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    runs = [client().get_run(version.run_id) for version in client().search_model_versions("name='sweep'")]
    assert sorted(run.data.params["model.probability_model"] for run in runs) == ["bg_nbd", "mbg_nbd"]
    assert not list(copied.folder.glob("outputs/20*"))


def test_ids_that_look_like_formulas_are_defused_for_spreadsheets_and_themselves_for_every_step(copied):
    folder = copied.folder / "formulas"
    folder.mkdir()
    rows = pd.read_csv(copied.folder / "history.csv")
    is_kept = rows["customer_id"].str.endswith(("0", "1", "2"))  # else it would be another history
    rows["customer_id"] = rows["customer_id"].where(is_kept, "=1+" + rows["customer_id"])
    rows.to_csv(folder / "history.csv", index=False)
    config = copied.config(f"data.path={folder}/history.csv", f"outputs={folder}/outputs")
    run_command("score", config)
    scores_run = scores.scores_of(newest_run())
    run_command("cluster", config)
    for name in (RANKED, "clv_clustered_customers.csv"):
        ids = pd.read_parquet(folder / "outputs" / raw(name))["customer_id"]
        assert set(ids) <= set(rows["customer_id"]) and ids.str.startswith("=1+").mean() > 0.5
        defused = ["'" + text if text.startswith("=") else text for text in ids]
        assert read(folder / "outputs" / name)["customer_id"].tolist() == defused
    assert scores.download_scores(scores_run, folder)["customer_id"].tolist() == ids.tolist()


def test_who_writes_outputs_takes_turns_and_who_writes_none_does_not_wait(copied):
    config = copied.config("lock_wait_seconds=0")
    before = os.readlink(copied.outputs / "current")
    with lock.held(copied.outputs, "full_pipeline", 0):
        with pytest.raises(BusyError, match="is being written by full_pipeline, process"):
            run_command("cluster", config)
        assert run_command("ledger", config)
    assert os.readlink(copied.outputs / "current") == before


def test_what_is_logged_to_a_run_of_a_copy_lies_in_the_copy(trained, tmp_path):
    run = run_named("train").info.run_id
    assert "note.txt" not in artifacts(run)
    with trained.copied_to(tmp_path / "copy").entered() as copy:
        client().log_text(run, "of the copy", "note.txt")
        assert "note.txt" in artifacts(run) and len(list(copy.folder.rglob("note.txt"))) == 1
    assert "note.txt" not in artifacts(run)
