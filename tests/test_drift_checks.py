"""Groups, explanations, errors and vintages beside their baseline, and the verdict over all of them."""

import datetime as dt
import json
import re
from dataclasses import asdict, replace

import numpy as np
import pandas as pd
import pytest
from helpers import composed

from clv import store
from clv.errors import InputError, UserError
from clv.evaluation import metrics
from clv.monitor import Finding, baseline, checks, prediction_drift, segment_drift, shap_drift, stored_scores, verdict
from clv.monitor.evidence import Evidence, Matured, Measured, Recent, Vintage

SHARES = segment_drift.Limits(significance=0.01, warn=0.03, alert=0.05, min_customers=100)
LEANING = shap_drift.Limits(2000, significance=0.01, warn=0.05, alert=0.10, low=0.8, high=1.25, min_customers=100)
ERRORS = prediction_drift.Limits(min_z=3.2, warn=0.10, alert=0.20, min_customers=100)
SCORES = stored_scores.Limits(
    12, 7, 3.0, warn_bias=0.15, alert_bias=0.30, warn_gini=0.05, alert_gini=0.10, min_customers=2
)
CHANCE = np.random.default_rng(6)
PREDICTED = CHANCE.lognormal(3, 1, 20_000)
ACTUAL = PREDICTED * np.where(CHANCE.random(20_000) < 0.5, 2, 0) * CHANCE.lognormal(-0.125, 0.5, 20_000)
SHAP = pd.DataFrame({name: CHANCE.normal(0, size, 2000) for name, size in {"a": 4, "b": 3, "c": 2, "d": 1}.items()})


def stages(**customers):
    return {"stage": customers}


@pytest.mark.parametrize(
    "now, expected",
    [
        ({"active": 2500, "lost": 2500}, ("stable",)),
        ({"active": 2600, "lost": 2400}, ("stable",)),  # two points do not matter
        ({"active": 2750, "lost": 2250}, ("warn", "alert")),
        ({"active": 3000, "lost": 2000}, ("alert",)),
        ({"active": 2500, "lost": 2499, "asleep": 1}, ("alert",)),  # a stage that the baseline does not know
        ({"active": 80, "lost": 10}, ("insufficient",)),
        ({"active": 66, "lost": 54}, ("stable",)),  # five points, within chance
    ],
)
def test_a_stage_whose_share_moves_by_five_points_of_5000_counts(now, expected):
    finding = segment_drift.compare_groups(stages(active=2500, lost=2500), stages(**now), SHARES)
    assert finding.status in expected and finding.reason


def test_the_reason_names_the_group_and_both_its_shares():
    finding = segment_drift.compare_groups(stages(active=2500, lost=2500), stages(active=3000, lost=2000), SHARES)
    assert finding.reason in (
        "stage active: 60% of customers, it was 50%.",
        "stage lost: 40% of customers, it was 50%.",
    )
    assert finding.figures["stage"]["largest_change"] == pytest.approx(0.1)


def test_clusters_keep_the_limits_of_the_baseline():
    limits = segment_drift.limits_of([1, 2, 4, 5, 10, 20], [3, 3, 2, 2, 1, 1])
    assert limits == [7.5, 3] and segment_drift.within([0, 2.9, 3.1, 99, 99], limits) == {"1": 2, "2": 1, "3": 2}


@pytest.mark.parametrize(
    "now, expected",
    [
        (SHAP, "stable"),
        (-SHAP, "stable"),
        (SHAP * 1.1, "stable"),
        (SHAP.assign(b=SHAP["b"] * 2), "alert"),
        (SHAP / 2, "alert"),
        (SHAP * 1.5, "alert"),
        (SHAP[:99], "insufficient"),
        (SHAP * 0, "insufficient"),
    ],
)
def test_the_model_leans_on_other_features_when_shares_or_the_total_of_shap_move(now, expected):
    assert shap_drift.compare_profiles(shap_drift.profile(SHAP), shap_drift.profile(now), LEANING).status == expected


def test_a_shap_profile_holds_shares_and_their_errors_and_no_row():
    profile = shap_drift.profile(pd.DataFrame({"a": [1.0, -3.0], "b": [-1.0, 3.0]}))
    assert profile["shares"] == {"a": 0.5, "b": 0.5} and (profile["customers"], profile["total"]) == (2, 4.0)
    assert profile["errors"] == pytest.approx({"a": 0, "b": 0})  # each row leans on both alike


def test_ndcg_and_the_total_variation_are_reported():
    before = shap_drift.profile(SHAP)
    same = shap_drift.compare_profiles(before, before, LEANING).figures
    moved = shap_drift.compare_profiles(before, shap_drift.profile(SHAP.assign(b=SHAP["b"] * 2)), LEANING)
    assert (same["ndcg"], same["total_variation"], same["total_ratio"]) == pytest.approx((1, 0, 1))
    assert 0.9 < moved.figures["ndcg"] < 1 and moved.figures["total_variation"] == pytest.approx(0.16, abs=0.02)
    assert moved.reason.startswith("b makes 4") and "it was 3" in moved.reason


def errors(actual, predicted):
    before = prediction_drift.moments(ACTUAL, PREDICTED)
    return prediction_drift.compare_errors(before, prediction_drift.moments(actual, predicted, before["caps"]), ERRORS)


@pytest.mark.parametrize(
    "actual, predicted, expected",
    [
        (ACTUAL, PREDICTED, "stable"),
        (ACTUAL, PREDICTED * 1.05, "stable"),
        (ACTUAL, PREDICTED * 1.3, "alert"),
        (ACTUAL, PREDICTED * 0.7, "alert"),
        (ACTUAL[:200], PREDICTED[:200] * 1.1, "stable"),  # within noise
        (ACTUAL[:99], PREDICTED[:99] * 9, "insufficient"),
        (ACTUAL * 0, PREDICTED, "alert"),  # nobody brought revenue
    ],
)
def test_errors_count_when_they_grew_beyond_their_limit_and_beyond_noise(actual, predicted, expected):
    assert errors(actual, predicted).status == expected


def test_one_customer_who_trebles_the_rmse_is_no_reason():
    spoilt = ACTUAL.copy()
    spoilt[0] = 100_000
    rmse = [np.sqrt(np.mean((PREDICTED - actual) ** 2)) for actual in (ACTUAL, spoilt)]
    assert rmse[1] > 3 * rmse[0] and errors(spoilt, PREDICTED).status == "stable"


def test_no_revenue_at_all_asks_whether_it_is_complete():
    finding = errors(ACTUAL * 0, PREDICTED)
    assert "Predicted over actual revenue cannot be compared" in finding.reason and "complete?" in finding.reason


def test_moments_cut_off_errors_and_revenue_at_their_caps():
    moments = prediction_drift.moments([0, 10, 90], [0, 10, 10], {"squared_error": 48, "revenue": 30})
    assert moments["mae"]["value"] == pytest.approx(80 / 3)
    assert moments["capped_rmse"]["value"] == pytest.approx(4)  # sqrt((0 + 0 + 48) / 3)
    assert moments["total_ratio"]["value"] == pytest.approx(20 / 40)  # 90 counts as 30


def vintage(bias, gini, noise=0.01):
    figures = {"bias": {"value": bias}, "normalized_gini": {"value": gini}}
    return pd.DataFrame.from_dict(figures, orient="index").assign(standard_error=noise)


@pytest.mark.parametrize(
    "now, expected",
    [
        (vintage(1.0, 0.70), "stable"),
        (vintage(1.1, 0.68), "stable"),
        (vintage(1.2, 0.70), "warn"),
        (vintage(1.4, 0.70), "alert"),
        (vintage(0.6, 0.70), "alert"),
        (vintage(1.0, 0.63), "warn"),
        (vintage(1.0, 0.55), "alert"),
        (vintage(1.0, 0.90), "stable"),  # a better ranking
        (vintage(1.4, 0.55, noise=0.5), "stable"),  # within noise
        (vintage(np.inf, 0.0), "alert"),
        (vintage(np.nan, np.nan), "alert"),
    ],
)
def test_scores_that_were_used_are_judged_by_their_bias_and_their_ranking(now, expected):
    status, reason = stored_scores.compare_scores(vintage(1.0, 0.70), now, SCORES)
    assert status == expected and bool(reason) == (expected != "stable")


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


RECENT = pd.DataFrame(
    {"orders": 1.0, "revenue": 20.0, "expected_orders": 1.0, "expected_value": 20.0}, index=range(200)
)


def evidence(**changed):
    """Hardly anything: what a check needs that looks at nothing else."""
    nothing = pd.DataFrame()
    parts = {"sketches": {}, "columns": nothing, "scored": nothing, "contributions": nothing, "vintages": []}
    parts |= {"recent": Recent(dt.date(2025, 1, 1), 30, RECENT, 0.0, nothing)}
    return Evidence(**{"version": "3", "matured": Matured(dt.date(2025, 1, 1))} | parts | changed)


def test_a_check_that_an_older_baseline_does_not_have_is_insufficient_and_says_how_to_get_it():
    findings = checks.compare({}, evidence(), checks.limits(asdict(composed().monitor)))
    assert list(findings) == [check.name for check in checks.CHECKS]
    reason = "The baseline of version 3 was made before this check; a version trained now has it."
    assert all(finding == Finding("insufficient", reason) for finding in findings.values())


def scores(bias=1.0, gini=0.7, version="3", customers=400, day=dt.date(2025, 7, 1)):
    figures = vintage(bias, gini).assign(low=0.5, high=1.5)
    figures.loc["rmse"] = figures.loc["bias"]
    return Vintage(
        day, version, "run", figures, pd.DataFrame({"decile": [1]}), pd.DataFrame({"actual_clv": [1.0] * customers})
    )


@pytest.mark.parametrize(
    "vintages, status, reason",
    [
        (None, "insufficient", "Stored scores were not judged: the tracking server does not answer."),
        ([], "insufficient", "No stored scores of version 3 are a horizon old yet."),
        ([scores(version="2")], "insufficient", "No stored scores of version 3 are a horizon old yet."),
        ([scores(customers=1)], "insufficient", "The scores of 2025-07-01 are of 1 customers, too few to judge by."),
        (
            [scores(bias=9.0), scores()],
            "stable",
            "The scores of 2025-07-01 came to 1.00 times what came in, and their ranking has a Gini of 0.70: as measured, or within noise.",
        ),
        (
            [scores(bias=1.4, gini=0.5)],
            "alert",
            "Scores of 2025-07-01: Scores came to 1.40 times what came in; when the version was measured it was 1.00. The ranking was worse than measured: Gini 0.50, it was 0.70.",
        ),
    ],
)
def test_performance_over_time_is_the_newest_scores_of_the_version_in_production(vintages, status, reason):
    check = stored_scores.PerformanceOverTime()
    part = vintage(1.0, 0.7).to_dict("index")
    finding = check.compare(part, evidence(vintages=vintages), SCORES)
    assert (finding.status, finding.reason) == (status, reason)
    assert len(finding.figures["vintages"]) == len(vintages or []) and len(finding.pictures) == bool(vintages)


def test_of_stored_scores_that_lie_close_together_the_first_is_judged_and_the_newest_are_kept():
    days = [dt.date(2025, 6, day) for day in (1, 5, 8, 20, 30)]
    assert [day.day for day in stored_scores.days_apart(days, 7, 12)] == [1, 8, 20, 30]
    assert [day.day for day in stored_scores.days_apart(days, 0, 2)] == [20, 30]


@pytest.mark.parametrize("ours, same", [(80, True), (79, False)])
def test_scores_are_of_this_business_where_the_history_has_four_of_five_customers(ours, same):
    table = pd.DataFrame({"customer_id": [str(number) for number in range(100)]})
    assert stored_scores.of_this_business(table, table["customer_id"].head(ours)) is same


@pytest.mark.parametrize("odd", [np.nan, np.inf])
def test_stored_scores_that_are_not_numbers_are_refused_with_how_many_and_which_run(odd):
    with pytest.raises(InputError) as error:
        stored_scores.refuse_missing(pd.DataFrame({"predicted_clv": [1.0, odd, 2.0]}), "ab12")
    assert str(error.value) == (
        "[STORED_SCORES] 1 of 3 scores that run ab12 stored are not numbers, so they are not what was scored "
        "-- fix: delete that run, or put its file back"
    )
    stored_scores.refuse_missing(pd.DataFrame({"predicted_clv": [1.0, 0.0]}), "ab12")


@pytest.mark.parametrize(
    "now, reason",
    [
        ({"active": 2500, "lost": 2500}, "No share of stage moved by 3% of customers or more beyond chance."),
        (
            {"active": 80, "lost": 10},
            "There are too few customers to compare groups: 90 on one of the sides.",
        ),
        ({"active": 2500, "lost": 2499, "asleep": 1}, "stage asleep: the baseline has no such group."),
    ],
)
def test_segment_drift_says_which_group_moved_or_why_it_cannot_tell(now, reason):
    assert segment_drift.compare_groups(stages(active=2500, lost=2500), stages(**now), SHARES).reason == reason


def test_segment_drift_reports_charts_and_draws_every_share():
    finding = segment_drift.compare_groups(stages(active=2500, lost=2500), stages(active=3000, lost=2000), SHARES)
    assert finding.metrics == {"segments/stage_active": 0.6, "segments/stage_lost": 0.4}
    assert [picture.title for picture in finding.pictures] == ["Lifecycle stages"]
    assert finding.pictures[0].table.to_dict("list") == {
        "group": ["active", "lost"],
        "reference": [0.5, 0.5],
        "current": [0.6, 0.4],
    }


@pytest.mark.parametrize(
    "now, reason",
    [
        (SHAP, "The predictions lean on the same features as before."),
        (SHAP[:99], "There are too few customers to explain the predictions: 99 on one of the sides."),
        (SHAP * 0, "No feature moves the predictions on one of the sides."),
        (SHAP * np.nan, "What moves the predictions cannot be compared: contributions are not numbers."),
        (SHAP / 2, "All features together move the predictions 0.50 times as much as before."),
    ],
)
def test_shap_drift_says_what_the_model_leans_on_or_why_it_cannot_tell(now, reason):
    assert shap_drift.compare_profiles(shap_drift.profile(SHAP), shap_drift.profile(now), LEANING).reason == reason


def test_shap_drift_names_the_feature_whose_share_moved_most_and_what_it_cannot_see():
    before = {
        "customers": 500,
        "total": 2.0,
        "total_error": 0.01,
        "shares": {"a": 0.5, "b": 0.3, "c": 0.2},
        "errors": {"a": 0.01},
    }
    now = before | {"shares": {"a": 0.7, "b": 0.2, "c": 0.1}}
    finding = shap_drift.compare_profiles(before, now, LEANING)
    assert finding.reason == "a makes 70% of what moves the predictions, it was 50%."
    assert finding.figures["cannot_see"].startswith("The model does not change, so this depends on the features alone")
    assert finding.metrics == {name: finding.figures[name.removeprefix("shap/")] for name in finding.metrics}
    assert set(finding.metrics) == {"shap/total_variation", "shap/total_ratio", "shap/ndcg"}
    broken = shap_drift.compare_profiles(before, now | {"errors": {"a": np.nan, "b": np.inf}}, LEANING)
    assert broken.status == "alert"
    lost = shap_drift.compare_profiles(before, now | {"shares": {"a": np.inf}}, LEANING)
    assert lost == Finding("alert", "What moves the predictions cannot be compared: a figure of it is not a number.")


@pytest.mark.parametrize(
    "actual, predicted, reason",
    [
        (ACTUAL, PREDICTED, "Errors and the ratio of totals are within their limits or within noise."),
        (
            ACTUAL[:99],
            PREDICTED[:99],
            "There are too few customers with labels to judge errors by: 99 on one of the sides.",
        ),
        (
            ACTUAL * 3,
            PREDICTED * 3,
            r"The mean error per customer went from .* \(\+\d+%\), beyond noise. The error \(RMSE, capped\) went .*",
        ),
        (ACTUAL, PREDICTED * 0.7, r"Predicted over actual revenue went from .* \(-30%\), beyond noise."),
        (
            ACTUAL * 0,
            PREDICTED,
            r".*Predicted over actual revenue cannot be compared: it was [\d.]+ and is nan; is the revenue complete\?",
        ),
    ],
)
def test_prediction_drift_says_by_how_much_errors_grew_or_why_it_cannot_tell(actual, predicted, reason):
    assert re.fullmatch(reason, errors(actual, predicted).reason)


@pytest.mark.parametrize(
    "now, reason",
    [
        (vintage(np.inf, 0.0), "The scored customers brought no revenue at all; is the history complete?"),
        (vintage(1.0, np.nan), "The ranking cannot be judged: all scores, or all that came in, are the same."),
        (vintage(1.2, 0.70), "Scores came to 1.20 times what came in; when the version was measured it was 1.00."),
        (vintage(1.0, 0.63), "The ranking was worse than measured: Gini 0.63, it was 0.70."),
    ],
)
def test_stored_scores_say_by_how_much_they_were_off_or_why_nobody_can_tell(now, reason):
    assert stored_scores.compare_scores(vintage(1.0, 0.70), now, SCORES)[1] == reason


def test_moments_take_their_caps_from_the_highest_thousandth_of_errors_and_hundredth_of_revenue():
    actual = np.arange(1.0, 10_001.0)
    caps = prediction_drift.moments(actual, np.zeros(10_000))["caps"]
    assert caps == {"squared_error": 99_800_000.0, "revenue": 9900.0}  # to three digits


def moments(name="mae", value=1.0, log_error=0.0, customers=1000):
    """Of a window in which one figure differs from 1."""
    figures = {figure: {"value": 1.0, "log_error": 0.0} for figure in ("mae", "capped_rmse", "total_ratio")}
    return {"customers": customers} | figures | {name: {"value": value, "log_error": log_error}}


@pytest.mark.parametrize(
    "now, expected",
    [
        (moments("mae", 1.15, np.log(1.15) / 3.21), "warn"),
        (moments("mae", 1.15, np.log(1.15) / 3.19), "stable"),  # within noise
        (moments("mae", 0.5), "stable"),  # a smaller error
        (moments("capped_rmse", 0.5), "stable"),
        (moments("total_ratio", 0.75), "alert"),
        (moments("total_ratio", 0.0), "alert"),
        (moments(customers=100), "stable"),
        (moments(customers=99), "insufficient"),
    ],
)
def test_errors_count_beyond_noise_and_when_they_grow_and_the_ratio_of_totals_either_way(now, expected):
    assert prediction_drift.compare_errors(moments(), now, ERRORS).status == expected


@pytest.mark.parametrize("fewest, expected", [(100, "stable"), (99, "insufficient")])
def test_groups_and_explanations_are_judged_from_the_least_number_of_customers_on(fewest, expected):
    counts = stages(active=fewest - 50, lost=50)
    assert segment_drift.compare_groups(counts, counts, SHARES).status == expected
    profile = shap_drift.profile(SHAP[:fewest])
    assert shap_drift.compare_profiles(profile, profile, LEANING).status == expected


@pytest.mark.parametrize("z, expected", [(2.4, "stable"), (2.6, "alert")])  # two-sided: 2.58 at a significance of 0.01
def test_a_total_outside_its_limits_counts_beyond_chance_on_both_sides(z, expected):
    before = shap_drift.profile(SHAP)
    now = before | {"total": before["total"] * 1.3, "total_error": np.log(1.3) / z}
    assert shap_drift.compare_profiles(before | {"total_error": 0.0}, now, LEANING).status == expected


def test_the_bias_counts_relative_to_the_one_that_was_measured_and_from_its_standard_errors_on():
    assert stored_scores.compare_scores(vintage(2.0, 0.7), vintage(2.4, 0.7), SCORES)[0] == "warn"
    exactly = replace(SCORES, min_z=2.0)
    before = vintage(1.0, 0.75, noise=0.0)
    for now in (vintage(1.25, 0.75, noise=0.125), vintage(0.75, 0.75, noise=0.125)):
        assert stored_scores.compare_scores(before, now, exactly)[0] == "warn"
        assert stored_scores.compare_scores(before, now, replace(exactly, min_z=2.01))[0] == "stable"
    blurred = vintage(1.0, 0.6875, noise=0.03125)
    assert stored_scores.compare_scores(before, blurred, exactly)[0] == "warn"
    assert stored_scores.compare_scores(before, blurred, replace(exactly, min_z=2.01))[0] == "stable"
    assert stored_scores.compare_scores(before, vintage(1.25, 0.75, noise=0.0), exactly)[0] == "warn"


def test_a_vintage_is_judged_from_the_least_number_of_customers_on():
    check, part = stored_scores.PerformanceOverTime(), vintage(1.0, 0.7).to_dict("index")
    assert check.compare(part, evidence(vintages=[scores(customers=2)]), SCORES).status == "stable"


FACTS = {"history_days": 365, "evaluation_cutoff": "2025-01-01", "as_of": "2025-04-01"}


def test_both_sides_of_a_comparison_see_the_days_before_the_training():
    base = baseline.Baseline(FACTS, {}, {})
    assert base.as_of == dt.date(2025, 4, 1) and base.days == 365 + 90


def test_a_baseline_comes_back_from_its_files_as_it_was_with_figures_that_were_undefined(tmp_path):
    table = pd.DataFrame(
        {
            "lifecycle_stage": "active",
            "spend": PREDICTED[:200],
            "predicted_clv": PREDICTED[:200],
            "actual_clv": ACTUAL[:200],
        }
    )
    figures = pd.DataFrame(0.5, index=list(metrics.METRICS), columns=["value", "low", "high", "standard_error"])
    figures.loc["r2"] = np.nan
    base = baseline.describe(
        FACTS, Measured(table.drop(columns="actual_clv"), np.repeat([1, 2], 100), SHAP, table, figures, RECENT)
    )
    for path, content in baseline.files(base).items():
        store.write(tmp_path, {path: content})
    again = baseline.load(tmp_path / "baseline")
    assert (again.facts, again.customers, set(again.sketches)) == (FACTS, 200, {"spend", "predicted_clv"})
    assert set(again.parts) == {check.section for check in checks.CHECKS}
    assert again.parts["segment_drift"] == base.parts["segment_drift"]
    assert again.parts["shap_drift"] == base.parts["shap_drift"]
    assert all(np.isnan(value) for value in again.parts["prediction_drift"]["intervals"]["r2"].values())


@pytest.mark.parametrize(
    "change, message",
    [
        (lambda content: content.pop("facts"), "KeyError: 'facts'"),
        (lambda content: content["facts"].pop("history_days"), "ValueError: it lacks history_days"),
        (lambda content: content["facts"].pop("as_of"), "ValueError: it lacks as_of"),
        (lambda content: content["checks"]["shap_drift"].update(total="much"), "'much' stands where a number belongs"),
        (lambda content: content["checks"]["shap_drift"].update(total=True), "True stands where a number belongs"),
        (lambda content: content["checks"]["shap_drift"].update(total=np.nan), "NaN is not a number"),
    ],
)
def test_a_baseline_that_is_not_whole_is_refused_with_what_is_wrong(change, message, tmp_path):
    table = pd.DataFrame({"lifecycle_stage": "active", "predicted_clv": PREDICTED[:200], "actual_clv": ACTUAL[:200]})
    figures = pd.DataFrame(0.5, index=list(metrics.METRICS), columns=["value", "low", "high", "standard_error"])
    measured = Measured(table.drop(columns="actual_clv"), np.repeat([1, 2], 100), SHAP, table, figures, RECENT)
    content, sketched = baseline.files(baseline.describe(FACTS, measured)).values()
    content = json.loads(json.dumps(content))
    change(content)
    (tmp_path / "baseline.json").write_text(json.dumps(content))
    sketched.to_parquet(tmp_path / "sketches.parquet")
    with pytest.raises(UserError, match=f"The baseline is not whole, or was made by an earlier engine: .*{message}"):
        baseline.load(tmp_path)


def test_shares_of_shap_that_move_within_chance_are_stable():
    before = shap_drift.profile(SHAP) | {"shares": {"a": 0.5, "b": 0.5}, "errors": {"a": 0.1, "b": 0.1}}
    now = before | {"shares": {"a": 0.7, "b": 0.3}}
    assert shap_drift.compare_profiles(before, now, LEANING).status == "stable"
    surely = {"errors": {"a": 0.01, "b": 0.01}}
    assert shap_drift.compare_profiles(before | surely, now | surely, LEANING).status == "alert"


OLDER = "Expected ageing: hardly anybody new comes."
PEOPLE = pd.DataFrame({"lifecycle_stage": ["active", "lost"] * 1000, "predicted_clv": [1.0, 9.0] * 1000})
GONE = PEOPLE.assign(lifecycle_stage=["active", "lost", "lost", "lost"] * 500)


def groups_beside(now, **evidenced):
    part = {"groups": segment_drift.groups(PEOPLE, [5.0]), "cluster_limits": [5.0]}
    finding = segment_drift.SegmentDrift().compare(part, evidence(scored=now, **evidenced), SHARES)
    return finding.status, finding.reason


def test_groups_that_move_as_the_customers_grow_older_have_not_drifted_and_the_sentence_says_so():
    assert groups_beside(GONE)[0] == "alert"
    assert groups_beside(GONE, ageing=OLDER) == ("stable", OLDER)
    assert groups_beside(PEOPLE, ageing=OLDER) == groups_beside(PEOPLE)
    assert groups_beside(GONE[:90], ageing=OLDER)[0] == "insufficient"


def test_groups_that_are_as_in_the_same_season_of_last_year_have_not_drifted():
    assert groups_beside(GONE, last_year=GONE)[0] == "stable"
    assert groups_beside(GONE, last_year=PEOPLE) == groups_beside(GONE)
    assert groups_beside(PEOPLE, last_year=GONE) == groups_beside(PEOPLE)  # the baseline explains it


def test_a_model_that_leans_on_other_features_as_the_customers_grow_older_has_not_drifted():
    part, now, check = shap_drift.profile(SHAP), SHAP.assign(b=SHAP["b"] * 2), shap_drift.ShapDrift()
    assert check.compare(part, evidence(contributions=now), LEANING).status == "alert"
    aged = check.compare(part, evidence(contributions=now, ageing=OLDER), LEANING)
    assert (aged.status, aged.reason) == ("stable", OLDER)
    assert check.compare(part, evidence(contributions=SHAP * 0, ageing=OLDER), LEANING).status == "insufficient"


def errors_beside(actual, predicted, fold=1.0, fold_before=1.0, room=0.0, ageing=""):
    """The finding on errors of a season, beside a baseline that was measured in another one."""
    check, nothing = prediction_drift.PredictionDrift(), pd.DataFrame()
    intervals = pd.DataFrame(1.0, index=["rmse", "r2"], columns=["value", "low", "high", "standard_error"])
    labelled = pd.DataFrame({"actual_clv": ACTUAL, "predicted_clv": PREDICTED}) * fold_before
    part = check.describe(Measured(nothing, np.empty(0), nothing, labelled, intervals, RECENT, fold_before))
    table = pd.DataFrame({"actual_clv": actual, "predicted_clv": predicted})
    matured = Matured(dt.date(2025, 1, 1), table, intervals=intervals, fold=fold)
    columns = checks.columns({}, pd.DataFrame({"predicted_clv": [1.0]}), None, [], "", LIMITS_OF_ALL)
    return check.compare(part, evidence(matured=matured, columns=columns, room=room, ageing=ageing), ERRORS)


LIMITS_OF_ALL = checks.limits(asdict(composed().monitor))


@pytest.mark.parametrize(
    "actual, predicted, folds, expected",
    [
        (ACTUAL * 1.5, PREDICTED * 1.5, {"fold": 1.5}, "stable"),  # all amounts are the season's
        (ACTUAL * 1.5, PREDICTED * 1.5, {"fold": 1.0}, "alert"),  # the same amounts, and no season
        (ACTUAL, PREDICTED, {"fold_before": 1.5}, "stable"),
        (ACTUAL * 0.6, PREDICTED * 0.6, {"fold": 0.6}, "stable"),  # a weak season has smaller errors
        (ACTUAL * 2.1, PREDICTED * 2.1, {"fold": 1.5}, "alert"),  # more than the season brings
        (ACTUAL * 1.5, PREDICTED * 1.5 * 1.3, {"fold": 1.5}, "alert"),  # the season does not hide a bias
    ],
)
def test_errors_are_compared_as_if_both_seasons_were_average_ones(actual, predicted, folds, expected):
    assert errors_beside(actual, predicted, **folds).status == expected


@pytest.mark.parametrize("room, expected", [(0.0, "alert"), (0.25, "alert"), (0.35, "stable")])
def test_the_room_of_the_season_widens_both_limits_of_the_errors(room, expected):
    assert errors_beside(ACTUAL, PREDICTED * 1.3, room=room).status == expected


@pytest.mark.parametrize("room, expected", [(0.0, "alert"), (0.38, "alert"), (0.45, "stable")])
def test_the_room_of_the_season_widens_both_limits_of_the_bias_of_stored_scores(room, expected):
    part, check = vintage(1.0, 0.7).to_dict("index"), stored_scores.PerformanceOverTime()
    assert check.compare(part, evidence(vintages=[scores(bias=1.4)], room=room), SCORES).status == expected
    assert check.compare(part, evidence(vintages=[scores(gini=0.5)], room=9.0), SCORES).status == "alert"  # no season's


def test_where_the_customers_grow_older_the_ratio_of_totals_counts_and_the_size_of_errors_does_not():
    assert errors_beside(ACTUAL * 1.3, PREDICTED * 1.3).status == "alert"
    grown = errors_beside(ACTUAL * 1.3, PREDICTED * 1.3, ageing=OLDER)
    assert grown.status == "stable" and grown.figures["errors"]["mae"]["change"] == pytest.approx(0.3)
    assert errors_beside(ACTUAL, PREDICTED * 0.7, ageing=OLDER).status == "alert"
