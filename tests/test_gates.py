"""Gates: passed only where every figure is a number and says so."""

import numpy as np
import pandas as pd
import pytest

from clv.evaluation import gates

LIMITS = {"metrics": ["rmse", "normalized_gini"], "against_btyd": "not_worse"}


def difference(**ends):
    """metric -> (value, low, high) of candidate - other."""
    rows = {"rmse": (0.0, -1.0, 1.0), "normalized_gini": (0.0, -0.1, 0.1), "bias": (0.1, 0.0, 0.2)} | ends
    return pd.DataFrame.from_dict(rows, orient="index", columns=["value", "low", "high"])


@pytest.mark.parametrize(
    "metric, low, high, said",
    [
        ("rmse", -2, -1, "better"),
        ("rmse", -2, 1, "not told apart"),
        ("rmse", 0, 0, "not told apart"),
        ("rmse", 1, 2, "worse"),
        ("normalized_gini", 0.1, 0.2, "better"),
        ("normalized_gini", -0.2, -0.1, "worse"),
        ("rmse", np.nan, np.nan, "worse"),
        ("rmse", np.nan, -1, "worse"),
        ("normalized_gini", 0.1, np.nan, "worse"),
    ],
)
def test_a_difference_counts_beyond_its_interval_and_what_is_no_number_counts_as_worse(metric, low, high, said):
    assert gates.standing(metric, {"value": (low + high) / 2, "low": low, "high": high}) == said


def test_a_difference_that_is_no_number_counts_as_worse_whatever_its_interval():
    assert gates.standing("rmse", {"value": np.nan, "low": -2, "high": -1}) == "worse"
    assert gates.standing("rmse", {"value": -1, "low": -np.inf, "high": -0.5}) == "worse"


def test_worse_in_one_metric_fails_and_nothing_in_production_passes():
    worse = gates.against_production(difference(normalized_gini=(-0.2, -0.3, -0.1)), None, LIMITS)
    assert not worse.passed and worse.reason.startswith("normalized_gini -0.2 (-0.3 to -0.1): worse; rmse")
    assert gates.against_production(difference(), None, LIMITS).passed
    assert gates.against_production(None, None, LIMITS).passed
    unknown = gates.against_production(None, "it predicts 180 days", LIMITS)
    assert not unknown.passed and unknown.reason == "it predicts 180 days"


def test_btyd_must_be_matched_or_beaten_as_the_configuration_says():
    even = difference()
    assert (
        gates.against_btyd(even, LIMITS).passed
        and not gates.against_btyd(even, LIMITS | {"against_btyd": "better"}).passed
    )
    assert gates.against_btyd(difference(rmse=(-2, -3, -1)), LIMITS | {"against_btyd": "better"}).passed
    assert not gates.against_btyd(difference(rmse=(2, 1, 3)), LIMITS).passed


def test_a_better_constant_is_no_skill():
    assert gates.skill(difference(rmse=(-2, -3, -1), normalized_gini=(0.3, 0.2, 0.4))).passed
    assert not gates.skill(difference(rmse=(-2, -3, -1))).passed
    assert not gates.skill(difference(normalized_gini=(0.3, 0.2, 0.4))).passed


@pytest.mark.parametrize("value, passed", [(0.65, True), (1.5, True), (0.64, False), (np.nan, False), (np.inf, False)])
def test_limits_hold_their_ends_and_no_nan(value, passed):
    assert gates.within("bias", value, 0.65, 1.5).passed is passed


def gate(passed):
    return gates.Gate("bias within limits", passed, "2.000, allowed 0.65 to 1.5.", {})


def test_no_gate_at_all_is_failed():
    assert (
        gates.verdict([]) == "failed"
        and gates.verdict([gate(True)]) == "passed"
        and gates.verdict([gate(True), gate(False)]) == "failed"
    )


@pytest.mark.parametrize(
    "passed, against, begins",
    [
        (
            False,
            difference(rmse=(-2, -3, -1)),
            "Do not promote version 3: it fails the gate “bias within limits”: 2.000",
        ),
        (
            True,
            difference(rmse=(-2, -3, -1)),
            "Promote version 3: on the same customers it is better than version 2 beyond noise (rmse -2 (-3 to -1))",
        ),
        (
            True,
            difference(),
            "Version 3 and version 2 are not told apart on these customers; all 1 gates passed. Nothing is gained by a change",
        ),
        (True, None, "Version 3 may go into production: all 1 gates passed, and there is no version before it"),
    ],
)
def test_the_recommendation_says_what_to_do_and_why(passed, against, begins):
    said = gates.recommendation(
        [gate(passed)], against, "3", "2" if against is not None else None, False, ["rmse", "normalized_gini"]
    )
    assert said.startswith(begins)


def test_of_a_version_that_is_in_production_it_says_whether_to_keep_it():
    against, metrics = difference(rmse=(-2, -3, -1)), ["rmse"]
    failed = gates.recommendation([gate(False)], against, "3", "2", True, metrics)
    assert (
        failed.startswith("Version 3 is in production and should not be: it fails") and "go back to version 2" in failed
    )
    assert gates.recommendation([gate(True)], against, "3", "2", True, metrics).startswith("Keep version 3: ")
    assert "keep version 3 unless" in gates.recommendation([gate(True)], difference(), "3", "2", True, metrics)


def test_another_history_fails_its_gate():
    assert gates.same_history("3", 1000, 1100, 0.2).passed and not gates.same_history("3", 1000, 500, 0.2).passed
    assert not gates.same_history("3", 1000, float("nan"), 0.2).passed
    assert gates.same_history("3", 1000, 500, 0.2).reason.endswith(
        "brought 1,000, new customers' too, when it was trained, and 500 in this history."
    )
