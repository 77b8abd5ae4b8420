"""What is not a number passes nowhere: gates fail, checks alert, intervals are unknown, files are refused."""

import json
import math
import shutil

import mlflow
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stores import run_named

from clv.errors import UserError
from clv.evaluation import gates, leaderboard, metrics
from clv.evaluation.gates import Margins
from clv.monitor import (
    Finding,
    baseline,
    distributions,
    grade,
    prediction_drift,
    segment_drift,
    shap_drift,
    sketches,
    stored_scores,
    verdict,
)
from clv.monitor.finding import STATUSES

NAN, INF = math.nan, math.inf
ODD = st.sampled_from([NAN, INF, -INF])
ANY = st.one_of(ODD, st.floats(-10, 10))
SHARES = segment_drift.Limits(significance=0.01, warn=0.03, alert=0.05, min_customers=2)
LEANING = shap_drift.Limits(2000, significance=0.01, warn=0.03, alert=0.05, low=0.8, high=1.25, min_customers=2)
ERRORS = prediction_drift.Limits(min_z=3.2, warn=0.10, alert=0.20, min_customers=2)
SCORES = stored_scores.Limits(
    12, 7, 3.0, warn_bias=0.15, alert_bias=0.30, warn_gini=0.05, alert_gini=0.10, min_customers=2
)


def spoilt(values, place, odd):
    return [odd if number == place % len(values) else value for number, value in enumerate(values)]


@given(st.integers(0, 2), ODD, st.sampled_from(["rmse", "normalized_gini"]))
def test_no_gate_passes_where_a_figure_of_it_is_no_number(place, odd, metric):
    better = {"rmse": [-2.0, -3.0, -1.0], "normalized_gini": [0.2, 0.1, 0.3]}
    found = pd.DataFrame.from_dict(
        better | {metric: spoilt(better[metric], place, odd)}, orient="index", columns=["value", "low", "high"]
    ).assign(other=1.0)
    judged = [gates.against_production(found, None, Margins(("rmse", "normalized_gini"), 0.01, 0.05))]
    judged += [gates.skill(found, gates.Ruling(ruling, 1000)) for ruling in (0, 4, 120)]
    judged += [gates.against_btyd(found, "not_worse")] if metric == "rmse" else []
    assert not any(gate.passed for gate in judged)


@given(st.sampled_from(["value", "low", "high", "other"]), ODD)
def test_a_difference_that_is_no_number_always_matters(name, odd):
    row = {"value": 0.0, "low": -1.0, "high": 1.0, "other": 100.0} | {name: odd}
    assert Margins(("rmse",), 0.01, 0.05).matter("rmse", row)


@given(ANY, ANY, ANY)
def test_limits_and_the_same_history_pass_numbers_alone(value, low, high):
    assert not gates.within("bias", value, low, high).passed or (math.isfinite(value) and low <= value <= high)
    assert not gates.same_history("3", value, high, 0.2).passed or (math.isfinite(value) and math.isfinite(high))


def test_a_gate_without_any_metric_fails():
    found = pd.DataFrame.from_dict({"rmse": [-2.0, -3.0, -1.0]}, orient="index", columns=["value", "low", "high"])
    assert not gates.against_production(found, None, Margins((), 0.01, 0.05)).passed


@pytest.mark.parametrize("odd", [NAN, INF, -INF])
def test_metrics_of_what_is_no_number_are_refused_and_an_interval_with_one_such_resample_is_unknown(odd):
    with pytest.raises(ValueError, match="1 of 3 predicted values are missing or infinite"):
        metrics.evaluate([1.0, 2.0, 3.0], [1.0, odd, 3.0])
    draws = pd.DataFrame({"rmse": [1.0, 1.1, odd, 0.9], "mae": [1.0, 1.1, 1.2, 0.9]})
    limits = metrics.intervals(draws, 0.9)
    assert limits.loc["rmse", ["low", "high", "standard_error"]].isna().all() and limits.loc["mae"].notna().all()


def test_all_zero_revenue_has_no_figure_that_a_gate_takes():
    figures = metrics.bootstrap(np.zeros(50), np.ones(50), 20, 0.9, seed=1)
    assert figures.loc[["r2", "normalized_gini", "bias"]].isna().all(axis=None)
    assert gates.standing("normalized_gini", figures.loc["normalized_gini"]) == "worse"


@given(st.booleans(), st.floats(0, 1), st.floats(0, 1))
def test_a_size_that_is_no_number_is_an_alert(beyond, warn, alert):
    assert grade(NAN, warn, alert, beyond) == "alert" and grade(INF, warn, alert, True) == "alert"


@given(
    st.sampled_from(["mae", "capped_rmse", "total_ratio"]), st.sampled_from(["value", "log_error"]), ODD, st.booleans()
)
def test_errors_with_a_figure_that_is_no_number_are_an_alert(name, part, odd, before):
    known = prediction_drift.moments([1.0, 5.0, 9.0], [2.0, 4.0, 9.5])
    other = known | {name: known[name] | {part: odd}}
    sides = (other, known) if before else (known, other)
    assert prediction_drift.compare_errors(*sides, ERRORS).status == "alert"


@pytest.mark.parametrize(
    "actual, predicted", [([NAN, 5, 9], [2, 4, 9]), ([1, 5, 9], [2, INF, 9]), ([0, 0, 0], [2, 4, 9])]
)
def test_revenue_or_predictions_that_are_no_numbers_or_all_zero_are_an_alert(actual, predicted):
    known = prediction_drift.moments([1.0, 5.0, 9.0], [2.0, 4.0, 9.5])
    assert (
        prediction_drift.compare_errors(
            known, prediction_drift.moments(actual, predicted, known["caps"]), ERRORS
        ).status
        == "alert"
    )


@given(st.sampled_from(["bias", "normalized_gini"]), st.sampled_from(["value", "standard_error"]), ODD, st.booleans())
def test_a_vintage_with_a_figure_that_is_no_number_is_an_alert(metric, part, odd, before):
    known = pd.DataFrame({"value": 0.5, "standard_error": 0.01}, index=["bias", "normalized_gini"])
    other = known.copy()
    other.loc[metric, part] = odd
    sides = (other, known) if before else (known, other)
    assert stored_scores.compare_scores(*sides, SCORES)[0] == "alert"


@pytest.mark.parametrize("odd", [NAN, INF])
def test_contributions_that_are_no_numbers_are_an_alert_on_either_side(odd):
    table = pd.DataFrame({"a": [1.0, -3.0, 2.0], "b": [-1.0, 3.0, 1.0]})
    good, bad = shap_drift.profile(table), shap_drift.profile(table.assign(b=[odd, 1, 1]))
    assert (
        shap_drift.compare_profiles(good, bad, LEANING).status
        == shap_drift.compare_profiles(bad, good, LEANING).status
        == "alert"
    )


def test_a_customer_without_a_stage_is_an_alert():
    def counted(stages):
        return segment_drift.groups(pd.DataFrame({"lifecycle_stage": stages, "predicted_clv": 1.0}), [])

    before, now = counted(["active"] * 400), counted(["active"] * 399 + [None])
    assert segment_drift.compare_groups(before, now, SHARES).status == "alert"


def test_a_column_whose_test_statistic_is_no_number_is_an_alert():
    known = {"spend": sketches.sketch(np.arange(1.0, 401.0))}
    limits = distributions.Limits(0.01, 0.2, distributions.Thresholds(0.05, 0.1, 0.05, 0.1), {}, min_customers=100)
    rows = distributions.measured("spend", known["spend"], pd.Series(np.arange(1.0, 401.0) * 3), limits)
    row = pd.Series(rows | {f"{test}q_value": NAN for test in distributions.TESTS})
    assert distributions.judge(row, True, [], 0.01)[0] == "alert"


@given(st.text(max_size=8).filter(lambda text: text not in STATUSES))
def test_a_status_that_nobody_knows_is_an_alarm(status):
    findings = {"a": Finding("stable", "fine"), "b": Finding(status, "odd")}
    assert verdict.verdict(findings, "alert") == verdict.Verdict("alarm", ("b: odd",))
    assert verdict.verdict({}, "alert").word == "alarm"


def test_a_comparison_that_is_no_number_never_says_better():
    row = {"rmse_difference_low": NAN, "rmse_difference_high": NAN, "best_baseline": "btyd"}
    assert leaderboard.standing(pd.Series(row)) == "not told apart from"


@pytest.fixture(scope="module")
def known(pipeline, tmp_path_factory):
    """A copy of the baseline's folder."""
    folder = tmp_path_factory.mktemp("baseline") / "copy"
    with pipeline.entered():
        run = run_named("train").info.run_id
        shutil.copytree(mlflow.artifacts.download_artifacts(run_id=run, artifact_path="baseline"), folder)
    return folder


def places(content, path=()):
    """Where the values of the JSON stand, those that a check reads."""
    if isinstance(content, dict):
        return [found for key, item in content.items() if key != "facts" for found in places(item, (*path, key))]
    return [path]


@settings(deadline=None, max_examples=40)
@given(data=st.data(), odd=st.sampled_from([NAN, INF, "text", True]))
def test_a_baseline_with_anything_but_numbers_is_refused_with_a_message(known, data, odd):
    before = (known / "baseline.json").read_text()
    content = json.loads(before)
    path = data.draw(st.sampled_from(places(content)))
    section = content
    for key in path[:-1]:
        section = section[key]
    section[path[-1]] = odd
    try:
        (known / "baseline.json").write_text(json.dumps(content))
        with pytest.raises(UserError, match="The baseline is not whole"):
            baseline.load(known)
    finally:
        (known / "baseline.json").write_text(before)


@settings(deadline=None, max_examples=20)
@given(share=st.floats(0, 0.999), name=st.sampled_from(["baseline.json", "sketches.parquet"]))
def test_a_baseline_that_is_cut_short_is_refused_with_a_message(known, share, name):
    before = (known / name).read_bytes()
    try:
        (known / name).write_bytes(before[: int(share * len(before.rstrip()))])
        with pytest.raises(UserError, match="The baseline is not whole"):
            baseline.load(known)
    finally:
        (known / name).write_bytes(before)


@pytest.mark.parametrize(
    "column, values", [("point", [NAN, 1.0]), ("point", [5.0, 1.0]), ("at", [-5, 1]), ("below", [99, 99])]
)
def test_a_sketch_whose_points_do_not_ascend_or_whose_counts_do_not_add_up_is_refused(known, column, values):
    before = (known / "sketches.parquet").read_bytes()
    try:
        table = pd.read_parquet(known / "sketches.parquet")
        table.loc[[0, 1], column] = values
        table.to_parquet(known / "sketches.parquet")
        with pytest.raises(UserError, match="The baseline is not whole"):
            baseline.load(known)
    finally:
        (known / "sketches.parquet").write_bytes(before)
