"""Gates: passed only where every figure is a number and says so."""

import numpy as np
import pandas as pd
import pytest

from clv.evaluation import gates, metrics
from clv.evaluation.advice import Advice, Recommendation, in_words, recommend
from clv.evaluation.gates import Gate, Ruling

METRICS = ["rmse", "normalized_gini"]


def difference(**ends):
    """metric -> (value, low, high) of candidate - other."""
    rows = {"rmse": (0.0, -1.0, 1.0), "normalized_gini": (0.0, -0.1, 0.1), "bias": (0.1, 0.0, 0.2)} | ends
    return pd.DataFrame.from_dict(rows, orient="index", columns=["value", "low", "high"])


@pytest.mark.parametrize(
    "metric, low, high, result",
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
def test_a_difference_counts_beyond_its_interval_and_what_is_no_number_counts_as_worse(metric, low, high, result):
    assert gates.standing(metric, {"value": (low + high) / 2, "low": low, "high": high}) == result


def test_a_difference_that_is_no_number_counts_as_worse_whatever_its_interval():
    assert gates.standing("rmse", {"value": np.nan, "low": -2, "high": -1}) == "worse"
    assert gates.standing("rmse", {"value": -1, "low": -np.inf, "high": -0.5}) == "worse"


def test_worse_in_one_metric_fails_and_nothing_in_production_passes():
    worse = gates.against_production(difference(normalized_gini=(-0.2, -0.3, -0.1)), None, METRICS)
    assert not worse.passed and worse.reason.startswith("normalized_gini -0.2 (-0.3 to -0.1): worse; rmse")
    assert gates.against_production(difference(), None, METRICS).passed
    assert gates.against_production(None, None, METRICS) == Gate(
        "not worse than Production", True, "Nothing is in production.", {}
    )
    unknown = gates.against_production(None, "it predicts 180 days", METRICS)
    assert not unknown.passed and unknown.reason == "it predicts 180 days"


@pytest.mark.parametrize(
    "ends, condition, passed, name",
    [
        ((0.0, -1.0, 1.0), "not_worse", True, "not worse than BTYD"),
        ((0.0, -1.0, 1.0), "better", False, "beats BTYD"),
        ((-2.0, -3.0, -1.0), "not_worse", True, "not worse than BTYD"),
        ((-2.0, -3.0, -1.0), "better", True, "beats BTYD"),
        ((2.0, 1.0, 3.0), "not_worse", False, "not worse than BTYD"),
    ],
)
def test_btyd_must_be_matched_or_beaten_as_the_configuration_says(ends, condition, passed, name):
    gate = gates.against_btyd(difference(rmse=ends), condition)
    assert (gate.passed, gate.name) == (passed, name) and gate.reason.startswith(f"rmse {ends[0]:+.4g} (")


MANY, FEW = Ruling(ruling=120, customers=1000), Ruling(ruling=4, customers=1000)
RANKED = {"normalized_gini": (0.3, 0.2, 0.4)}


def test_a_better_constant_is_no_skill():
    for ruling in (MANY, FEW):
        assert gates.skill(difference(rmse=(-2, -3, -1), **RANKED), ruling).passed
        assert not gates.skill(difference(rmse=(-2, -3, -1)), ruling).passed
    assert not gates.skill(difference(**RANKED), MANY).passed


@pytest.mark.parametrize(
    "rmse, gini, ruling, passed",
    [
        ((-2, -5, 1), (0.3, 0.2, 0.4), FEW, True),  # the RMSE does not decide, so the ranking does
        ((-2, -5, 1), (0.3, 0.2, 0.4), Ruling(9, 1000), True),
        ((-2, -5, 1), (0.3, 0.2, 0.4), Ruling(10, 1000), False),  # enough customers for the RMSE to decide
        ((-2, -5, 1), (0.3, 0.2, 0.4), Ruling(1, 60), True),  # one customer always is too few
        ((-2, -5, 1), (0.1, -0.1, 0.3), FEW, False),  # the ranking may be chance
        ((3, 1, 5), (0.3, 0.2, 0.4), FEW, False),  # worse amounts beyond noise, whoever rules them
        ((np.nan, np.nan, np.nan), (0.3, 0.2, 0.4), FEW, False),
        ((-2, -5, 1), (np.nan, np.nan, np.nan), FEW, False),
    ],
)
def test_where_a_few_customers_rule_the_rmse_the_ranking_decides(rmse, gini, ruling, passed):
    assert gates.skill(difference(rmse=rmse, normalized_gini=gini), ruling).passed is passed


def test_the_gate_says_that_the_ranking_decided_and_how_many_customers_rule_the_rmse():
    gate = gates.skill(difference(rmse=(-2, -5, 1), **RANKED), FEW)
    assert gate.reason == (
        "it ranks well, normalized Gini +0.3 (+0.2 to +0.4); rmse -2 (-5 to +1) does not decide, because 4 of 1,000 customers rule it: they "
        "make half of the squared error."
    )
    assert gates.skill(difference(rmse=(-2, -3, -1), **RANKED), FEW).reason == (
        "rmse -2 (-3 to -1), normalized Gini +0.3 (+0.2 to +0.4)."
    )


def shop(nothing, least_high=0.0, customers=4000):
    """The gate of customers of whom a share brings nothing, by the narrowest intervals that hold 80 %, or reach up to `least_high`."""
    chance = np.random.default_rng([7, int(1000 * nothing)])
    size = np.exp(chance.normal(3, 1, customers))
    actual = np.where(chance.random(customers) < nothing, 0.0, size)
    predicted = (1 - nothing) * np.exp(3.5)
    high = max(np.quantile(actual, 0.8), predicted, least_high)
    ends = {"predicted_clv": predicted, "predicted_clv_low": 0.0, "predicted_clv_high": high}
    table = pd.DataFrame(ends, index=range(customers))
    covered = metrics.coverage(actual, table, pd.Series("active", table.index)).set_index("group")["coverage"]["all"]
    return gates.coverage(gates.Coverage(0.8, covered, metrics.least_coverage(actual, table)), 0.65, 0.97)


@pytest.mark.parametrize("nothing", [0.0, 0.3, 0.6, 0.8, 0.9, 0.95, 0.98])
def test_the_narrowest_intervals_pass_however_many_customers_bring_nothing(nothing):
    assert shop(nothing).passed


@pytest.mark.parametrize("nothing", [0.0, 0.3, 0.6, 0.8, 0.9, 0.95, 0.98])
def test_intervals_that_miss_nobody_fail_however_many_customers_bring_nothing(nothing):
    assert not shop(nothing, least_high=1e9).passed


@pytest.mark.parametrize("least", [0.0, 0.3, 0.6])
def test_intervals_that_hold_too_few_customers_fail(least):
    assert not gates.coverage(gates.Coverage(0.8, 0.64, least), 0.65, 0.97).passed


def test_the_gate_of_coverage_says_how_many_customers_it_cannot_miss():
    gate = gates.coverage(gates.Coverage(promised=0.8, covered=0.975, least=0.95), 0.65, 0.97)
    assert gate.passed and gate.reason == (
        "0.975, allowed 0.65 to 0.9925. 95.0% cannot be missed: they brought no more than was predicted, and their interval begins at 0."
    )
    assert gates.coverage(gates.Coverage(0.8, 0.9, 0.5), 0.65, 0.97).reason == "0.900, allowed 0.65 to 0.97."
    assert not gates.coverage(gates.Coverage(0.8, 0.98, 0.5), 0.65, 0.97).passed
    assert not gates.coverage(gates.Coverage(0.8, np.nan, np.nan), 0.65, 0.97).passed


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


FAILURES = (("bias within limits", "2.000, allowed 0.65 to 1.5."),)
RMSE = ("rmse -2 (-3 to -1)",)
BETTER = difference(rmse=(-2, -3, -1))


@pytest.mark.parametrize(
    "passed, against, other, serves, advice",
    [
        (False, BETTER, "2", False, Recommendation(Advice.DO_NOT_PROMOTE, "3", "2", False, 1, FAILURES)),
        (False, BETTER, "2", True, Recommendation(Advice.GO_BACK, "3", "2", True, 1, FAILURES)),
        (False, None, None, False, Recommendation(Advice.DO_NOT_PROMOTE, "3", None, False, 1, FAILURES)),
        (True, None, None, False, Recommendation(Advice.LOOK_FIRST, "3", None, False, 1)),
        (True, BETTER, "2", False, Recommendation(Advice.BETTER, "3", "2", False, 1, better=RMSE)),
        (True, BETTER, "2", True, Recommendation(Advice.BETTER, "3", "2", True, 1, better=RMSE)),
        (True, difference(), "2", False, Recommendation(Advice.NOT_TOLD_APART, "3", "2", False, 1)),
        (True, difference(rmse=(2, 1, 3)), "2", False, Recommendation(Advice.NOT_TOLD_APART, "3", "2", False, 1)),
    ],
)
def test_the_advice_follows_from_the_gates_the_difference_and_what_is_in_production(
    passed, against, other, serves, advice
):
    assert recommend([gate(passed)], against, METRICS, "3", other, serves) == advice


@pytest.mark.parametrize(
    "advice, other, serves, sentence",
    [
        (
            Advice.DO_NOT_PROMOTE,
            "2",
            False,
            (
                "Do not promote version 3: it fails the gate “bias within limits”: 2.000, allowed 0.65 to 1.5. Until that is understood, "
                "version 2 stays in production; a person may promote it despite its gates, with a reason."
            ),
        ),
        (
            Advice.DO_NOT_PROMOTE,
            None,
            False,
            (
                "Do not rely on version 3 yet: it fails the gate “bias within limits”: 2.000, allowed 0.65 to 1.5. There is no version before "
                "it to use in its place. A person may promote it despite its gates, with a reason."
            ),
        ),
        (
            Advice.GO_BACK,
            "2",
            True,
            (
                "Version 3 is in production and should not be: it fails the gate “bias within limits”: 2.000, allowed 0.65 to 1.5. Until "
                "that is understood, go back to version 2."
            ),
        ),
        (
            Advice.GO_BACK,
            None,
            True,
            (
                "Version 3 is in production and should not be: it fails the gate “bias within limits”: 2.000, allowed 0.65 to 1.5. Until "
                "that is understood, look for another version."
            ),
        ),
        (
            Advice.LOOK_FIRST,
            None,
            False,
            (
                "Version 3 may go into production: all 6 gates passed, and there is no version before it to compare it with. Look at the "
                "deciles and at the totals before you decide."
            ),
        ),
        (
            Advice.LOOK_FIRST,
            None,
            True,
            (
                "Version 3 may stay in production: all 6 gates passed, and there is no version before it to compare it with. Look at the "
                "deciles and at the totals before you decide."
            ),
        ),
        (
            Advice.BETTER,
            "2",
            False,
            (
                "Promote version 3: on the same customers it is better than version 2 beyond noise (rmse -2 (-3 to -1)), and all 6 gates "
                "passed. Look at how the ranking changes before you decide."
            ),
        ),
        (
            Advice.BETTER,
            "2",
            True,
            (
                "Keep version 3: on the same customers it is better than version 2, which was in production before, beyond noise (rmse -2 "
                "(-3 to -1)), and all 6 gates passed. Look at how the ranking changes before you decide."
            ),
        ),
        (
            Advice.NOT_TOLD_APART,
            "2",
            False,
            (
                "Version 3 and version 2 are not told apart on these customers; all 6 gates passed. A change gains nothing now: keep "
                "version 2 unless there is another reason, such as newer data."
            ),
        ),
        (
            Advice.NOT_TOLD_APART,
            "2",
            True,
            (
                "Version 3 and version 2, which was in production before, are not told apart on these customers; all 6 gates passed. A "
                "change gains nothing now: keep version 3 unless there is another reason, such as newer data."
            ),
        ),
    ],
)
def test_each_advice_has_its_words(advice, other, serves, sentence):
    assert in_words(Recommendation(advice, "3", other, serves, 6, FAILURES, RMSE)) == sentence


@pytest.mark.parametrize(
    "then, now, passed",
    [
        (1000, 1200, True),  # the share itself is allowed
        (1000, 1201, False),
        (1000, 800, True),
        (1000, 799, False),
        (-1000, -1200, True),  # more was returned than bought
        (0, 0, True),
        (0, 1, False),
        (1000, np.nan, False),
        (np.inf, np.inf, False),
    ],
)
def test_the_same_history_may_differ_by_a_share_of_its_revenue(then, now, passed):
    assert gates.same_history("3", then, now, 0.2).passed is passed


def test_the_history_gate_names_the_version_and_both_revenues():
    assert gates.same_history("3", 1000, 500, 0.2).reason == (
        "the days of version 3's evaluation brought 1,000, new customers' too, when it was trained, and 500 in this history."
    )


def test_a_gate_that_judges_no_metric_fails():
    assert not gates.against_production(difference(), None, []).passed
