"""Gates: passed only where every figure is a number and says so."""

import numpy as np
import pandas as pd
import pytest

from clv.evaluation import contest, gates, metrics
from clv.evaluation.advice import Advice, Found, Recommendation, Sides, found_in, in_words, phrase, recommend
from clv.evaluation.contest import CANDIDATE, PRODUCTION, Best, Contest
from clv.evaluation.gates import Gate, Margins, Ruling
from clv.reports import Money

MARGINS = Margins(("rmse", "normalized_gini", "bias"), smallest=0.01, bias_worse=0.05)


def difference(**ends):
    """metric -> (value, low, high) of candidate - other; the other's RMSE is 100, its Gini and its bias are 1."""
    rows = {"rmse": (0.0, -1.0, 1.0), "normalized_gini": (0.0, -0.1, 0.1), "bias": (0.0, -0.1, 0.1)} | ends
    table = pd.DataFrame.from_dict(rows, orient="index", columns=["value", "low", "high"])
    return table.assign(other=[100.0 if metric == "rmse" else 1.0 for metric in table.index])


@pytest.mark.parametrize(
    "metric, low, high, result",
    [
        ("rmse", -2, -1, "better"),
        ("rmse", -2, 1, "no clear difference"),
        ("rmse", 0, 0, "no clear difference"),
        ("rmse", 1, 2, "worse"),
        ("normalized_gini", 0.1, 0.2, "better"),
        ("normalized_gini", -0.2, -0.1, "worse"),
        ("bias", 0.1, 0.2, "worse"),  # its distance from 1
        ("bias", -0.2, -0.1, "better"),
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
    worse = gates.against_production(difference(normalized_gini=(-0.2, -0.3, -0.1)), None, MARGINS)
    assert not worse.passed and worse.reason.startswith("normalized Gini -0.2 (-0.3 to -0.1): worse; RMSE")
    assert gates.against_production(difference(), None, MARGINS).passed
    assert gates.against_production(None, None, MARGINS) == Gate(
        "not worse than Production", True, "Nothing is in production.", {}
    )
    unknown = gates.against_production(None, "it predicts 180 days", MARGINS)
    assert not unknown.passed and unknown.reason == "it predicts 180 days"


@pytest.mark.parametrize(
    "metric, ends, passed",
    [
        ("rmse", (2.0, 1.5, 2.5), False),  # 2 % of 100
        ("rmse", (1.0, 0.5, 1.5), False),  # the smallest difference itself matters
        ("rmse", (0.9, 0.5, 1.3), True),  # worse beyond noise, and too little to matter
        ("rmse", (5.0, -1.0, 9.0), True),  # within noise
        ("normalized_gini", (-0.006, -0.010, -0.002), True),
        ("normalized_gini", (-0.02, -0.03, -0.01), False),
        ("bias", (0.0766, 0.062, 0.096), False),  # the total is 7.7 % of what came further from it
        ("bias", (0.04, 0.03, 0.05), True),  # as the market alone may do
        ("bias", (-0.2, -0.3, -0.1), True),  # nearer
    ],
)
def test_worse_than_production_fails_where_it_is_beyond_noise_and_large_enough_to_matter(metric, ends, passed):
    gate = gates.against_production(difference(**{metric: ends}), None, MARGINS)
    assert gate.passed is passed
    small = metric == "rmse" and ends[0] == 0.9
    assert ("RMSE +0.9 (+0.5 to +1.3): worse, too little to matter" in gate.reason) is small


def contested(production, candidate, actual):
    """A contest on four resamples that each double one customer."""
    table = pd.DataFrame({"actual_clv": actual, "lifecycle_stage": "active"})
    values = {CANDIDATE: np.array(candidate), PRODUCTION: np.array(production)}
    everybody = range(len(actual))
    samples = [list(everybody), *([*everybody, one] for one in everybody)]
    draws = {
        name: pd.DataFrame([metrics.evaluate(np.array(actual)[sample], value[sample]) for sample in samples])
        for name, value in values.items()
    }
    predicted = {name: pd.DataFrame({"predicted_clv": value}) for name, value in values.items()}
    return Contest(None, table, predicted, {}, draws, 0.9, None)


def test_the_difference_of_bias_is_how_much_further_from_one_it_is_on_whichever_side():
    actual = [10.0, 20.0, 30.0, 40.0]
    below, above = [value * 0.8 for value in actual], [value * 1.1 for value in actual]
    nearer = contested(below, above, actual).difference(PRODUCTION).loc["bias"]  # .8, then 1.1
    assert nearer["value"] == pytest.approx(-0.1) and nearer["high"] == pytest.approx(-0.1) and nearer["other"] == 0.8
    assert gates.standing("bias", nearer) == "better"
    assert gates.standing("bias", contested(above, below, actual).difference(PRODUCTION).loc["bias"]) == "worse"
    graded = contest.comparison(contested(above, below, actual)).set_index("metric")["candidate_is"]
    assert graded["bias"] == "worse" and graded["normalized_gini"] == "no clear difference"


def test_the_best_tenth_is_worth_what_it_brought():
    actual = [float(number) for number in range(1, 21)]  # 210 in all; the best two bring 39
    best = contest.best(contested(actual[::-1], actual, actual))
    assert best.customers == 2 and best.brought == pytest.approx({CANDIDATE: 39, PRODUCTION: 3})
    assert best.difference == pytest.approx(36) and best.low < 36 < best.high
    alone = contested(actual, actual, actual)
    alone.draws.pop(PRODUCTION)
    assert contest.best(alone) == Best(2, {CANDIDATE: pytest.approx(39)})


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
    assert (gate.passed, gate.name) == (passed, name) and gate.reason.startswith("RMSE ")
    assert ") beside that of BTYD: " in gate.reason
    assert gates.against_btyd(difference(rmse=(-2.6862, -3.8024, -1.4954)), "better").reason == (
        "RMSE -2.7 (-3.8 to -1.5) beside that of BTYD: better."
    )


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
        "it ranks well, normalized Gini +0.3 (+0.2 to +0.4); RMSE -2 (-5 to +1) beside that of the mean for everybody does not decide, because "
        "4 of 1,000 customers rule it: they make half of the squared error."
    )
    assert gates.skill(difference(rmse=(-2, -3, -1), **RANKED), FEW).reason == (
        "RMSE -2 (-3 to -1) beside that of the mean for everybody; normalized Gini +0.3 (+0.2 to +0.4) beside that of a random order."
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


def test_the_gate_of_coverage_says_what_is_promised_and_how_many_customers_it_cannot_miss():
    gate = gates.coverage(gates.Coverage(promised=0.8, covered=0.975, least=0.95), 0.65, 0.97)
    assert gate.passed and gate.reason == (
        "97.5 % of the customers are within their interval, 80 % is promised, 65 % to 97 % is allowed; here up to 99.2 %, because 95.0 % would "
        "be within any interval that begins at 0: they brought no more than was predicted."
    )
    assert gates.coverage(gates.Coverage(0.8, 0.71, 0.5), 0.65, 0.97).reason == (
        "71.0 % of the customers are within their interval, 80 % is promised, 65 % to 97 % is allowed."
    )
    assert not gates.coverage(gates.Coverage(0.8, 0.98, 0.5), 0.65, 0.97).passed
    assert not gates.coverage(gates.Coverage(0.8, np.nan, np.nan), 0.65, 0.97).passed


@pytest.mark.parametrize("value, passed", [(0.65, True), (1.5, True), (0.64, False), (np.nan, False), (np.inf, False)])
def test_limits_hold_their_ends_and_no_nan(value, passed):
    assert gates.within("bias", value, 0.65, 1.5).passed is passed
    assert gates.bias(value, 0.65, 1.5).passed is passed


def test_the_gate_of_the_total_says_how_much_of_what_came_was_predicted():
    assert gates.bias(1.065, 0.65, 1.5).reason == "106.5 % of what came was predicted, allowed 65 % to 150 %."


def gate(passed):
    return gates.Gate("bias within limits", passed, "2.000, allowed 0.65 to 1.5.", {})


@pytest.mark.parametrize(
    "value, low, high, shown",
    [
        (-20.747, -23.742, -17.695, "-20.7 (-23.7 to -17.7)"),
        (0.000118, -0.000543, 0.000767, "+0.0001 (-0.0005 to +0.0008)"),
        (-0.0129, -0.01506, 0.01264, "-0.013 (-0.015 to +0.013)"),
        (1234.5, 1000.2, 1500.7, "+1,230 (+1,000 to +1,500)"),
        (-0.0001, -0.2, 0.2, "0 (-0.2 to +0.2)"),
        (2.0, 2.0, 2.0, "+2 (+2 to +2)"),
        (np.nan, np.nan, np.nan, "+nan (+nan to +nan)"),
    ],
)
def test_a_difference_has_as_many_digits_as_its_interval_knows(value, low, high, shown):
    assert gates.spread({"value": value, "low": low, "high": high}) == shown


def test_no_gate_at_all_is_failed():
    assert (
        gates.verdict([]) == "failed"
        and gates.verdict([gate(True)]) == "passed"
        and gates.verdict([gate(True), gate(False)]) == "failed"
    )


@pytest.mark.parametrize(
    "metric, ends, words",
    [
        ("rmse", (1.5, 0.4, 2.4), "the error per customer (RMSE) is 1.5 % larger (0.4 % to 2.4 %)"),
        ("rmse", (-1.5, -2.4, -0.4), "the error per customer (RMSE) is 1.5 % smaller (0.4 % to 2.4 %)"),
        ("normalized_gini", (-0.1, -0.2, -0.05), "the ranking by revenue (Gini) is 10.0 % worse (5.0 % to 20.0 %)"),
        (
            "bias",
            (0.0766, 0.062, 0.096),
            "the predicted total is further from what came by 7.7 % of it (6.2 % to 9.6 %)",
        ),
        ("rmse", (np.nan, np.nan, np.nan), "the error per customer (RMSE) is no number"),
    ],
)
def test_a_difference_beyond_noise_is_a_phrase_with_its_interval(metric, ends, words):
    assert phrase(metric, difference(**{metric: ends}).loc[metric]) == words


def test_only_what_is_judged_makes_better_and_everything_that_is_worse_is_named():
    against = difference(
        rmse=(-2, -3, -1), normalized_gini=(0.005, 0.004, 0.006), bias=(0.03, 0.02, 0.04), spearman=(0.2, 0.1, 0.3)
    )
    differs = found_in(against, MARGINS, Best(10, {}, difference=250.0))
    assert differs == Found(
        ("the error per customer (RMSE) is 2.0 % smaller (1.0 % to 3.0 %)",),
        ("the ranking by revenue (Gini) is 0.5 % better (0.4 % to 0.6 %)",),
        ("the predicted total is further from what came by 3.0 % of it (2.0 % to 4.0 %)",),
        250.0,
    )
    assert found_in(None, MARGINS, Best(10, {})) == Found()


FAILURES = (("bias within limits", "2.000, allowed 0.65 to 1.5."),)
BETTER, SLIGHTLY, WORSE = (
    Found(("RMSE 2 % smaller",), gain=250.0),
    Found((), ("Gini 0.5 % better",)),
    Found(worse=("R2",)),
)


@pytest.mark.parametrize(
    "passed, compared, differs, sides, worth, advice",
    [
        (False, True, BETTER, ("2", False), 0, Advice.DO_NOT_PROMOTE),
        (False, True, BETTER, ("2", True), 0, Advice.GO_BACK),
        (False, False, Found(), (None, False), 0, Advice.DO_NOT_PROMOTE),
        (True, False, Found(), (None, False), 0, Advice.LOOK_FIRST),
        (True, True, BETTER, ("2", False), 0, Advice.BETTER),
        (True, True, BETTER, ("2", False), 250, Advice.BETTER),
        (True, True, BETTER, ("2", False), 251, Advice.NOT_WORTH_IT),
        (True, True, SLIGHTLY, ("2", False), 0, Advice.NOT_WORTH_IT),
        (True, True, SLIGHTLY, ("2", True), 0, Advice.BETTER),  # to stay costs nothing
        (True, True, WORSE, ("2", False), 0, Advice.NOT_TOLD_APART),  # worse where no gate judges
        (True, True, Found(), ("2", False), 0, Advice.NOT_TOLD_APART),
    ],
)
def test_the_advice_follows_from_the_gates_the_differences_and_what_a_change_is_worth(
    passed, compared, differs, sides, worth, advice
):
    assert recommend([gate(passed)], compared, Sides("3", *sides), differs, worth).advice is advice


UNDERSTOOD = (
    "Until that is understood, version 2 stays in production; a person may promote it despite its gates, with a reason."
)
COMPARED = (("not worse than Production", "RMSE +2 (+1 to +3): worse."),)


@pytest.mark.parametrize(
    "advice, sides, more, sentence",
    [
        (
            Advice.DO_NOT_PROMOTE,
            ("2", False),
            {"failed": FAILURES},
            f"Do not promote version 3: it fails the gate “bias within limits”: 2.000, allowed 0.65 to 1.5. {UNDERSTOOD}",
        ),
        (
            Advice.DO_NOT_PROMOTE,
            ("2", False),
            {"failed": COMPARED, "found": Found(better=("Gini 2 % better",), worse=("RMSE 2 % larger", "R2 smaller"))},
            "Do not promote version 3: it is worse than version 2 beyond noise: RMSE 2 % larger; R2 smaller. It is better beyond noise: "
            f"Gini 2 % better. {UNDERSTOOD}",
        ),
        (
            Advice.DO_NOT_PROMOTE,
            ("2", False),
            {"failed": COMPARED + FAILURES, "found": Found(worse=("RMSE 2 % larger",))},
            "Do not promote version 3: it is worse than version 2 beyond noise: RMSE 2 % larger. And it fails the gate “bias within limits”: "
            f"2.000, allowed 0.65 to 1.5. {UNDERSTOOD}",
        ),
        (
            Advice.DO_NOT_PROMOTE,
            ("2", False),
            {"failed": FAILURES, "found": Found(worse=("R2 smaller",))},
            "Do not promote version 3: it fails the gate “bias within limits”: 2.000, allowed 0.65 to 1.5. It is worse beyond noise: "
            f"R2 smaller. {UNDERSTOOD}",
        ),
        (
            Advice.DO_NOT_PROMOTE,
            (None, False),
            {"failed": FAILURES},
            "Do not rely on version 3 yet: it fails the gate “bias within limits”: 2.000, allowed 0.65 to 1.5. There is no version before "
            "it to use in its place. A person may promote it despite its gates, with a reason.",
        ),
        (
            Advice.GO_BACK,
            ("2", True),
            {"failed": FAILURES},
            "Version 3 is in production and should not be: it fails the gate “bias within limits”: 2.000, allowed 0.65 to 1.5. Until "
            "that is understood, go back to version 2.",
        ),
        (
            Advice.GO_BACK,
            (None, True),
            {"failed": FAILURES},
            "Version 3 is in production and should not be: it fails the gate “bias within limits”: 2.000, allowed 0.65 to 1.5. Until "
            "that is understood, look for another version.",
        ),
        (
            Advice.LOOK_FIRST,
            (None, False),
            {},
            "Version 3 may go into production: all 6 gates passed, and there is no version before it to compare it with. Look at the "
            "deciles and at the totals before you decide.",
        ),
        (
            Advice.LOOK_FIRST,
            (None, True),
            {},
            "Version 3 may stay in production: all 6 gates passed, and there is no version before it to compare it with. Look at the "
            "deciles and at the totals before you decide.",
        ),
        (
            Advice.BETTER,
            ("2", False),
            {"found": Found(("RMSE 2 % smaller",), worse=("the total 2 % further",))},
            "Promote version 3: on the same customers it is better than version 2 beyond noise: RMSE 2 % smaller. It is worse beyond noise: "
            "the total 2 % further. All 6 gates passed. Look at who would change before you decide.",
        ),
        (
            Advice.BETTER,
            ("2", True),
            {"found": BETTER},
            "Keep version 3: on the same customers it is better than version 2, which was in production before, beyond noise: RMSE 2 % "
            "smaller. All 6 gates passed. Look at who would change before you decide.",
        ),
        (
            Advice.NOT_WORTH_IT,
            ("2", False),
            {"found": SLIGHTLY},
            "Keep version 2 in production: version 3 is better beyond noise, too little to be worth a change: Gini 0.5 % better. All 6 gates "
            "passed.",
        ),
        (
            Advice.NOT_WORTH_IT,
            ("2", False),
            {"found": BETTER, "worth": 1000.0},
            "Keep version 2 in production: version 3 is better beyond noise, but its best tenth of the customers brought only 250 EUR beyond "
            "the other's; 1,000 EUR is worth a change: RMSE 2 % smaller. All 6 gates passed.",
        ),
        (
            Advice.NOT_TOLD_APART,
            ("2", False),
            {"found": WORSE},
            "Keep version 2 in production: there is no clear difference between version 3 and version 2 on these customers in what is judged. It is worse beyond "
            "noise: R2. All 6 gates passed. A change gains nothing now, unless there is another reason, such as newer data.",
        ),
        (
            Advice.NOT_TOLD_APART,
            ("2", True),
            {},
            "Keep version 3 in production: there is no clear difference between version 3 and version 2, which was in production before, on these customers in "
            "what is judged. All 6 gates passed. A change gains nothing now, unless there is another reason, such as newer data.",
        ),
    ],
)
def test_each_advice_has_its_words(advice, sides, more, sentence):
    assert in_words(Recommendation(advice, "3", *sides, 6, **more), Money("EUR")) == sentence


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
    assert not gates.against_production(difference(), None, Margins((), 0.01, 0.05)).passed
