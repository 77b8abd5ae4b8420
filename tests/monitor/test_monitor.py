"""The monitor on the shared pipeline: what it writes, what it refuses to judge, and what makes it open an alarm."""

import json
import re
from dataclasses import dataclass
from pathlib import Path

import mlflow
import pandas as pd
import pytest
import yaml
from helpers import read
from projects import copy_of
from stores import artifacts, client, everywhere, newest_run, run_named

from clv.errors import InputError, UserError
from clv.evaluation import metrics
from clv.monitor import Finding, Shares, checks
from clv.registry import versions
from clv.run import run_command

CHECKS = [
    "Recent orders",
    "Feature drift",
    "Prediction drift",
    "Performance over time",
    "Segment drift",
    "SHAP drift",
]


def report(records, name):
    """The file of the newest step that wrote one of this name."""
    return next(content for step in records[::-1] for path, content in step.outputs.items() if name in path)


def newest_metrics(records):
    return {name: value for step in records for name, value in step.metrics.items()}


def changed(project, name, change):
    rows = pd.read_csv(project.folder / "history.csv", parse_dates=["order_date"])
    path = project.folder / name
    change(rows).to_csv(path, index=False)
    return f"data.path={path}"


def test_the_drift_report_has_a_row_a_feature_and_the_prediction_report_both_sides(trained):
    table = pd.read_csv(next((trained.outputs / "monitoring").glob("feature_drift_report_*.csv")))
    assert {
        "feature",
        "status",
        "reason",
        "ks_statistic",
        "p_value",
        "q_value",
        "psi",
        "wasserstein",
        "missing_share_change",
        "zero_share_change",
        "warn_ks",
        "alert_ks",
        "reference_customers",
        "current_customers",
        "reference_p50",
        "current_p50",
        "model_version",
        "as_of",
    } <= set(table)
    assert table.loc[table["feature"] == "tenure_days", "status"].item() == "moves by itself"
    content = json.loads(next((trained.outputs / "monitoring").glob("prediction_drift_report_*.json")).read_text())
    assert content["verdict"] in ("stable", "alarm") and "a person decides" in content["decision"]
    assert {"baseline", "current", "change", "z", "warn", "alert", "status"} <= set(content["errors"]["mae"])
    assert {"value", "low", "high"} <= set(content["intervals"]["rmse"]["current"]) and content["tells_nothing_new"]
    assert run_named("monitor").data.tags["verdict"] == content["verdict"]


def test_the_summary_holds_every_check_with_status_and_reason(trained):
    content = json.loads(next((trained.outputs / "monitoring").glob("monitoring_summary_*.json")).read_text())
    assert list(content["checks"]) == CHECKS
    assert all(
        check["status"] in ("stable", "warn", "alert", "insufficient") and check["reason"]
        for check in content["checks"].values()
    )
    assert (
        content["checks"]["Performance over time"]["reason"] == "No stored scores of version 1 are a horizon old yet."
    )


def test_no_page_and_no_baseline_shows_a_customer_or_an_extreme(trained, tmp_path):
    pages = [path.read_text() for path in (trained.outputs / "monitoring").glob("*.html")]
    run = run_named("train").info.run_id
    base = client().download_artifacts(run, "baseline", str(tmp_path))
    sketches = pd.read_parquet(f"{base}/sketches.parquet")
    table = pd.read_parquet(client().download_artifacts(run, "features/evaluation_2025-10-02.parquet"))
    assert len(pages) == 2 and not any(re.search(r"\bC\d{6}\b", page) for page in pages)
    largest = table["revenue_total"].max()
    assert sketches.loc[sketches["feature"] == "revenue_total", "point"].max() < largest
    assert not any(f"{value:.{digits}f}" in page for page in pages for value in [largest] for digits in (1, 2))
    assert artifacts(run, "baseline") == {"baseline/baseline.json", "baseline/sketches.parquet"}


def test_the_page_has_the_verdict_the_reasons_and_what_to_do_and_draws_no_feature_that_did_not_move(trained):
    page = next((trained.outputs / "monitoring").glob("monitoring_2*.html")).read_text()
    assert all(check in page for check in CHECKS) and page.count("<svg") == 6
    assert "There is nothing to draw. None of " in page
    assert "What to do next" in page and "a person decides" in page and "This is the first look at this model." in page


def test_the_page_says_how_many_of_the_customers_who_are_scored_are_compared(trained):
    page = next((trained.outputs / "monitoring").glob("monitoring_2*.html")).read_text()
    scored = pd.read_csv(trained.outputs / "clv_ranked_predictions.csv")
    assert re.search(rf"<b>compared</b>: (all|[\d,]+ of the) {len(scored):,} customers as of ", page)


def test_the_page_has_the_weeks_of_the_history_and_names_the_files_beside_it(trained):
    page = next((trained.outputs / "monitoring").glob("monitoring_2*.html"))
    rows = pd.read_csv(trained.folder / "history.csv", parse_dates=["order_date"])
    newest = rows[rows["order_date"] >= rows["order_date"].max() - pd.Timedelta(days=27)]
    assert f"{newest['revenue'].sum():,.0f}" in page.read_text()
    links = set(re.findall(r'<a href="([^"]+)"', page.read_text()))
    assert links == {path.name for path in page.parent.iterdir()} - {page.name}


@pytest.mark.parametrize(
    "wanted, pages",
    [("full", {"evidently", "evidently_regression", "monitoring"}), ("off", {"monitoring"})],
)
def test_evidently_draws_the_pages_that_the_configuration_asks_for(copied, wanted, pages):
    records = run_command("monitor", copied.config(f"monitor.evidently={wanted}"))
    made = {
        re.sub(r"monitoring/|_\d{8}T\d{6}Z|\.html", "", name) for name in records[-1].outputs if name.endswith(".html")
    }
    assert made == pages


def test_figures_and_files_are_artifacts_of_the_run(trained):
    run = run_named("monitor")
    figures = {"ks/recency_days", "psi/recency_days", "q/recency_days", "segments/stage_lost", "shap/ndcg"}
    path = client().download_artifacts(run.info.run_id, "metrics/monitor.csv")
    assert figures <= set(pd.read_csv(path)["metric"])
    names = {re.sub(r"_\d{8}T\d{6}Z", "", name) for name in artifacts(run.info.run_id, "outputs/monitoring")}
    assert {
        f"outputs/monitoring/{name}"
        for name in (
            "feature_drift_report.csv",
            "prediction_drift_report.json",
            "monitoring_summary.json",
            "monitoring.html",
            "evidently.html",
        )
    } == names


def test_the_monitor_refuses_labels_that_the_version_learnt_and_says_from_when_it_can_judge(copied):
    records = run_command("monitor", copied.config("window.as_of=2025-11-20"))
    content = report(records, "prediction_drift_report")
    assert content["errors"] == {} and content["judged_on"] == "distribution of predicted_clv"
    assert content["not_judged"].startswith(
        "Labels not matured until 2025-12-31: version 1 learnt from revenue up to 2025-10-02"
    )
    assert "In their place, the distribution of the predictions" in content["reason"]


def test_the_monitor_does_not_judge_errors_on_too_few_customers(copied):
    def young(rows):
        return rows[rows["order_date"] >= "2025-10-20"].assign(
            order_date=lambda rows: rows["order_date"] + pd.Timedelta(days=200)
        )

    content = report(
        run_command("monitor", copied.config(changed(copied, "young.csv", young))), "prediction_drift_report"
    )
    assert content["errors"] == {} and content["not_judged"].startswith(
        "Errors are not judged: 0 customers had ordered before "
    )


def test_a_day_before_anybody_ordered_is_an_error_that_names_the_version(copied):
    with pytest.raises(UserError, match="No customer ordered in the 729 days before 2030-01-01.*baseline of version 1"):
        run_command("monitor", copied.config("window.as_of=2030-01-01"))


def test_a_history_that_was_cut_is_not_compared_and_the_reason_says_what_to_hand_over(copied):
    cut = changed(copied, "cut.csv", lambda rows: rows[rows["order_date"] >= "2025-01-01"])
    content = report(run_command("monitor", copied.config(cut)), "monitoring_summary")
    assert content["checks"]["Feature drift"]["status"] == "insufficient" and content["verdict"] == "alarm"
    assert "hand over purchases from 2024-01-02 on" in content["reasons"][1]


def test_the_first_look_has_nothing_to_compare_and_says_until_when(trained):
    content = json.loads(next((trained.outputs / "monitoring").glob("monitoring_summary_*.json")).read_text())
    assert content["verdict"] == "stable" and content["reasons"][0] == (
        "First look: nothing to compare with until 2026-01-07, because version 1 was trained on the purchases before 2025-12-31; its "
        "errors can be judged from 2026-03-31 on."
    )
    assert {check["status"] for check in content["checks"].values()} <= {"stable", "insufficient"}


def test_broken_data_open_an_alarm_at_the_first_look_as_well(copied):
    def frozen(rows):
        return rows.assign(revenue=5.0)

    verdict = run_command("monitor", copied.config(changed(copied, "frozen.csv", frozen)))[-1].tags
    assert verdict["verdict"] == "alarm" and "First look" not in verdict["verdict_reasons"]


def test_a_business_that_changed_opens_an_alarm_that_names_the_features(copied):
    def dearer(rows):
        return rows.assign(revenue=rows["revenue"].where(rows["order_date"] < "2025-06-01", rows["revenue"] * 3))

    records = run_command("monitor", copied.config(changed(copied, "changed.csv", dearer)))
    verdict = records[-1].tags
    assert verdict["verdict"] == "alarm" and "Feature drift: " in verdict["verdict_reasons"]
    assert verdict["verdict_reasons"].startswith(
        "Recent orders: The value of an order in the 30 days before 2025-12-31 "
    )
    assert (
        "It looks like a change of the business: the same customers spend more an order (" in verdict["verdict_reasons"]
    )
    table = report(records, "feature_drift_report").set_index("feature")
    assert table.loc["last_order_value", "status"] == "alert"
    page, run = report(records, "monitoring_2"), newest_run().info.run_id
    assert "It looks like a change of the business" in page and f"-P run_id={run} -P reviewer=NAME" in page
    assert "value of the last order<br><code>last_order_value</code>" in page
    again = report(run_command("monitor", copied.config()), "monitoring_2")
    assert f"<code>{run[:8]}</code>" in again and "Recent orders: The value of an order in the 30 days before" in again


@pytest.fixture(scope="module")
def two_vintages(pipeline, tmp_path_factory):
    """A copy of the shared project with a model whose scores of two days have matured."""
    with pipeline.copied_to(tmp_path_factory.mktemp("two_vintages")).entered() as project:
        project.words = ("tracking.model_name=vintages",)
        run_command("full_pipeline", project.config("window.as_of=2025-06-01"))
        run_command("score", project.config("window.as_of=2025-07-01"))
    return project


@pytest.fixture
def scored(two_vintages, tmp_path_factory):
    """A function that composes on a test's own copy of the project with two vintages."""
    with copy_of(two_vintages, tmp_path_factory) as project:
        yield project.config


def test_stored_scores_are_judged_when_their_horizon_has_passed_and_again_from_the_artifacts_alone(scored):
    records = run_command("monitor", scored())
    check = report(records, "monitoring_summary")["checks"]["Performance over time"]
    points = check["figures"]["vintages"]
    assert [point["as_of"] for point in points] == ["2025-06-01", "2025-07-01"] and check["status"] != "insufficient"
    run = newest_run()
    for point in points:
        scores = read(client().download_artifacts(point["scores_run"], "outputs/clv_ranked_predictions.csv"))
        came = client().download_artifacts(
            run.info.run_id, f"vintages/actual_{point['as_of']}_{point['scores_run'][:8]}.parquet"
        )
        again = metrics.evaluate(pd.read_parquet(came)["actual_clv"].to_numpy(), scores["predicted_clv"].to_numpy())
        assert again["bias"] == point["bias"]["value"] and again["rmse"] == point["rmse"]["value"]
        assert point["bias"]["low"] <= point["bias"]["value"] <= point["bias"]["high"] and len(point["deciles"]) == 10
    steps = [metric.step for metric in client().get_metric_history(run.info.run_id, "within/vintage/bias")]
    assert steps == [20250601, 20250701]
    page = report(records, "monitoring_2")
    assert "0 is random, 1 is perfect" in page and "Bias is predicted over actual revenue" in page


def test_one_stored_score_that_is_not_a_number_ends_the_monitor_with_a_refusal(scored):
    run = next(
        run
        for run in client().search_runs(everywhere())
        if run.data.tags.get("step") == "score" and run.data.tags["as_of"] == "2025-07-01"
    )
    path = Path(run.info.artifact_uri.removeprefix("file://")) / "outputs/clv_ranked_predictions.parquet"
    table = pd.read_parquet(path)
    table.loc[0, "predicted_clv"] = float("nan")
    table.to_parquet(path)
    with pytest.raises(InputError) as error:
        run_command("monitor", scored())
    assert str(error.value) == (
        f"[STORED_SCORES] 1 of {len(table)} scores that run {run.info.run_id} stored are not numbers, so they are not what was scored "
        "-- fix: delete that run, or put its file back"
    )


def test_a_version_that_learnt_on_a_text_column_ends_the_monitor_with_a_refusal(copied):
    def config(*overrides):
        return copied.config("tracking.model_name=text", f"outputs={copied.folder}/text", "model=btyd", *overrides)

    run_command("train", config())
    learn_on(client().get_model_version("text", "1"), "lifecycle_stage")
    client().set_registered_model_alias("text", "production", "1")
    with pytest.raises(
        InputError,
        match=r"\[FEATURE_TYPE\] 1 column of the feature table is not of the numbers.*: lifecycle_stage .* -- fix: ",
    ):
        run_command("monitor", config())


def learn_on(version, column):
    """Register the version's files once more, with one more input."""
    source = Path(mlflow.artifacts.download_artifacts(f"models:/{version.name}/{version.version}"))
    path, registration = next(source.rglob("clv_model/model.json")), source / "MLmodel"
    content = json.loads(path.read_text())
    path.write_text(json.dumps(content | {"inputs": [*content["inputs"], column]}))
    meta = yaml.safe_load(registration.read_text())
    meta["metadata"]["clv"]["inputs"].append(column)
    registration.write_text(yaml.safe_dump(meta))
    folder = Path(client().get_run(version.run_id).info.artifact_uri.removeprefix("file://"))
    listing = json.loads((folder / "files.json").read_text()) | versions.digests(source, versions.MODEL)
    (folder / "files.json").write_text(json.dumps(listing))
    client().set_model_version_tag(version.name, version.version, "files_sha256", versions.digest_of(listing))


@dataclass(frozen=True)
class OrderLimits:
    """Args: min_customers: fewer on either side cannot be judged."""

    min_customers: int


class OrderDrift:
    """A check that was added after version 1 had been trained."""

    name, section, pictured = "Order drift", "order_drift", "Orders"

    def limits(self, settings):
        return OrderLimits(**settings)

    def describe(self, measured):
        return {"customers": len(measured.scored)}

    def compare(self, part, evidence, limits):
        table = pd.DataFrame({"group": ["all"], "reference": [1.0], "current": [1.0]})
        enough = min(part["customers"], len(evidence.scored)) >= limits.min_customers
        return Finding(
            "stable" if enough else "insufficient", "As before.", pictures=(Shares("Orders", table, "A caption."),)
        )


def test_a_check_that_is_added_needs_its_class_and_its_place_in_the_tuple_and_no_older_version_is_refused(
    copied, monkeypatch
):
    monkeypatch.setattr(checks, "CHECKS", (*checks.CHECKS, OrderDrift()))
    records = run_command("monitor", copied.config())
    check = report(records, "monitoring_summary")["checks"]["Order drift"]
    assert (check["status"], check["reason"]) == (
        "insufficient",
        "The baseline of version 1 was made before this check; a version trained now has it.",
    )
    assert list(report(records, "monitoring_summary")["checks"]) == [*CHECKS, "Order drift"]
    later = ("tracking.model_name=added", f"outputs={copied.folder}/added", "model=btyd")
    records = run_command("full_pipeline", copied.config(*later))
    assert report(records, "monitoring_summary")["checks"]["Order drift"]["status"] == "stable"
    page = report(records, "monitoring_2")
    assert "<h2>Orders</h2>" in page and "A caption." in page and newest_metrics(records)["status/Order drift"] == 0


def test_scores_that_knew_the_future_are_no_vintage(copied):
    run_command("score", copied.config("window.as_of=2025-06-01"))
    content = report(run_command("monitor", copied.config()), "monitoring_summary")["checks"]["Performance over time"]
    assert content["figures"]["vintages"] == []


def test_a_missing_baseline_is_an_error_that_names_the_version_and_the_way_out(copied):
    run = client().get_run(client().get_model_version("clv", "1").run_id)
    folder = Path(run.info.artifact_uri.removeprefix("file://")) / "baseline"
    (folder / "baseline.json").rename(folder / "gone.json")
    with pytest.raises(
        UserError,
        match="Version 1 of model clv is not what was registered: 2 of 2 files of its baseline were changed, lost or added: "
        "baseline/baseline.json, baseline/gone.json.\nHint: promote another version, or go back",
    ):
        run_command("monitor", copied.config())


def test_one_customer_gives_no_verdict_but_an_alarm(copied):
    path = changed(copied, "one.csv", lambda rows: rows[rows["customer_id"] == rows["customer_id"].mode()[0]])
    content = report(run_command("monitor", copied.config(path)), "monitoring_summary")
    assert content["verdict"] == "alarm" and content["reasons"][0] == "Nothing could be judged."
    assert {check["status"] for check in content["checks"].values()} == {"insufficient"}
