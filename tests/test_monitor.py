"""The monitor on the shared pipeline: what it writes, what it refuses to judge, and what makes it ask for a person."""

import json

import pandas as pd
from conftest import run_named

from clv import pipeline


def test_the_drift_report_has_a_row_a_feature_and_the_prediction_report_both_sides(trained):
    report = next((trained.outputs / "monitoring").glob("feature_drift_report_*.csv"))
    table = pd.read_csv(report)
    assert {
        "feature",
        "ks_statistic",
        "p_value",
        "corrected_p_value",
        "effect_threshold",
        "drifted",
        "reference_customers",
        "current_customers",
        "reference_p50",
        "current_p50",
        "model_version",
        "as_of",
    } <= set(table)
    assert table.loc[table["feature"] == "tenure_days", "status"].item() == "moves by itself"
    found = json.loads(next((trained.outputs / "monitoring").glob("prediction_drift_report_*.json")).read_text())
    assert found["verdict"] in ("stable", "review") and "a person decides" in found["decision"]
    assert {"baseline", "current", "change", "limit", "worse"} <= set(found["metrics"]["rmse"])
    assert run_named("monitor").data.tags["verdict"] == found["verdict"]


def test_the_monitor_refuses_labels_that_the_version_learnt_and_says_from_when_it_can_judge(trained):
    records = pipeline.monitor(trained.config("window.as_of=2025-09-01"))
    report = next(content for name, content in records[-1].outputs.items() if "prediction" in name)
    assert report["metrics"] == {} and report["not_judged"].startswith("RMSE and R2 are not judged: version ")
    assert "learnt from labels up to 2025-10-02" in report["not_judged"]


def test_the_monitor_does_not_judge_errors_on_too_few_customers(trained):
    rows = pd.read_csv(trained.folder / "history.csv", parse_dates=["order_date"])
    late = rows[rows["order_date"] >= "2025-10-20"].assign(
        order_date=lambda rows: rows["order_date"] + pd.Timedelta(days=200)
    )
    late.to_csv(trained.folder / "young.csv", index=False)
    records = pipeline.monitor(trained.config(f"data.path={trained.folder}/young.csv"))
    report = next(content for name, content in records[-1].outputs.items() if "prediction" in name)
    assert report["metrics"] == {} and report["not_judged"].startswith(
        "RMSE and R2 are not judged: 0 customers had ordered before "
    )


def test_a_business_that_changed_is_reviewed_and_nothing_is_retrained(trained):
    rows = pd.read_csv(trained.folder / "history.csv")
    rows.loc[rows["order_date"] >= "2025-06-01", "revenue"] *= 3
    rows.to_csv(trained.folder / "changed.csv", index=False)
    records = pipeline.monitor(trained.config(f"data.path={trained.folder}/changed.csv"))
    verdict = records[-1].tags
    assert (
        verdict["verdict"] == "review" and "average_order_value: The distribution moved" in verdict["verdict_reasons"]
    )
