"""From findings to a verdict, and the checks as conf/monitor/ sets them."""

from dataclasses import asdict

import numpy as np
import pytest
from helpers import composed
from monitor.seen import ERRORS, SHARES, evidence

from clv.monitor import Finding, checks, grade, verdict, worst

STABLE, WARN, ALERT = (
    Finding("stable", "All as before."),
    Finding("warn", "It moved."),
    Finding("alert", "It moved far."),
)
UNKNOWN = Finding("insufficient", "Too few customers.")


@pytest.mark.parametrize(
    "findings, alarm_at, expected",
    [
        ({"a": STABLE, "b": WARN}, "warn", ("alarm", ("b: It moved.",))),
        ({"a": WARN, "b": ALERT}, "warn", ("alarm", ("b: It moved far.", "a: It moved."))),
        ({"a": WARN, "b": ALERT}, "alert", ("alarm", ("b: It moved far.",))),
        ({"a": STABLE, "b": WARN}, "alert", ("stable", ("a: All as before.", "b: It moved."))),
        ({"a": STABLE, "b": UNKNOWN}, "warn", ("stable", ("a: All as before.", "b: Too few customers."))),
        ({"a": UNKNOWN}, "warn", ("insufficient", ("There is too little to judge by.", "a: Too few customers."))),
        ({"a": UNKNOWN}, "alert", ("insufficient", ("There is too little to judge by.", "a: Too few customers."))),
    ],
)
def test_the_verdict_is_an_alarm_with_its_reasons_or_stable_with_what_was_judged(findings, alarm_at, expected):
    assert verdict.verdict(findings, alarm_at) == verdict.Verdict(*expected)


def test_a_history_that_cannot_be_whole_is_an_alarm_where_it_lets_nothing_be_judged():
    cut = "The history has 30 days."
    assert verdict.verdict({"a": UNKNOWN}, "alert", cut).word == "alarm"
    assert verdict.verdict({"a": UNKNOWN}, "alert", cut).reasons == (
        "Nothing could be judged.",
        "a: Too few customers.",
    )
    assert verdict.verdict({"a": STABLE}, "alert", cut).word == "stable"


@pytest.mark.parametrize(
    "findings, line",
    [
        ({"a": STABLE, "b": ALERT}, "b: It moved far."),
        ({"a": STABLE, "b": STABLE}, "nothing moved that matters in 2 of 2 checks."),
        ({"a": STABLE, "b": UNKNOWN}, "nothing moved that matters in 1 of 2 checks. b: Too few customers."),
        ({"a": UNKNOWN}, "There is too little to judge by. a: Too few customers."),
    ],
)
def test_one_line_says_why_there_is_an_alarm_or_what_was_not_judged(findings, line):
    assert verdict.in_short(verdict.verdict(findings, "warn"), findings) == line


def test_every_section_of_conf_monitor_is_named_after_the_check_that_it_sets_and_gives_its_limits():
    settings = asdict(composed().monitor)
    limits = checks.limits(settings)
    assert {section for section, values in settings.items() if isinstance(values, dict)} == set(limits)
    assert limits["segment_drift"] == SHARES and limits["prediction_drift"] == ERRORS
    assert limits["feature_drift"].usual.warn_ks == settings["feature_drift"]["usual"]["warn_ks"]
    overrides = {"spend": {"warn_ks": 0.3, "alert_ks": 0.4, "warn_share": 0.3, "alert_share": 0.4}}
    settings["feature_drift"]["overrides"] = overrides
    assert asdict(checks.limits(settings)["feature_drift"].overrides["spend"]) == overrides["spend"]


def test_a_check_that_an_older_baseline_does_not_have_is_insufficient_and_says_how_to_get_it():
    findings = checks.compare({}, evidence(), checks.limits(asdict(composed().monitor)))
    assert list(findings) == [check.name for check in checks.CHECKS]
    reason = "The baseline of version 3 was made before this check; a version trained now has it."
    assert all(finding == Finding("insufficient", reason) for finding in findings.values())


@pytest.mark.parametrize(
    "size, expected",
    [(0.0499, "stable"), (0.05, "warn"), (0.0999, "warn"), (0.10, "alert"), (np.nan, "alert"), (np.inf, "alert")],
)
def test_a_size_counts_from_its_threshold_on(size, expected):
    assert grade(size, warn=0.05, alert=0.10) == expected
    assert grade(0.2, warn=0.05, alert=0.10, beyond_chance=False) == "stable"


@pytest.mark.parametrize(
    "statuses, expected",
    [
        ([], "insufficient"),
        (["insufficient", "stable"], "stable"),
        (["warn", "stable"], "warn"),
        (["stable", "alert", "warn"], "alert"),
    ],
)
def test_the_worst_status_is_the_most_severe_and_too_little_to_judge_by_is_the_mildest(statuses, expected):
    assert worst(statuses) == expected
