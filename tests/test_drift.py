"""Sketches lose little and show nobody; a column drifts when its change is beyond chance and large enough to matter."""

import json
import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from clv import reports, store
from clv.monitor import checks, distributions, feature_drift, grade, sketches, worst

CHANCE = np.random.default_rng(5)
SPEND = CHANCE.lognormal(3, 1, 5000)
ORDER = np.arange(5000)
SPARSE = np.where(ORDER % 50 < 41, 0.0, CHANCE.lognormal(3, 2, 5000))  # 82 % zeros
USUAL = distributions.Thresholds(warn_ks=0.05, alert_ks=0.10, warn_share=0.05, alert_share=0.10)
LIMITS = distributions.Limits(0.01, positives_apart=0.2, usual=USUAL, overrides={}, min_customers=100)


def compare(reference, current, moving=(), **limits):
    sketched = {name: sketches.sketch(np.asarray(values, float)) for name, values in reference.items()}
    table = distributions.compare(sketched, pd.DataFrame(current, dtype=float), list(moving), replace(LIMITS, **limits))
    return table.set_index("feature")


def status(reference, current, **limits):
    return compare({"spend": reference}, {"spend": current}, **limits).loc["spend", "status"]


def first(share):
    """Which customers are in the first share of them."""
    return share * len(ORDER) > ORDER


def random_table(seed):
    """Two samples with ties, zeros and missing values, the second sketch moved."""
    chance = np.random.default_rng(seed)

    def side(moved):
        values = chance.lognormal(3, chance.uniform(0.5, 2), chance.integers(700, 3000)) * moved
        values = np.round(values, int(chance.integers(0, 4)))  # ties
        values[chance.random(len(values)) < chance.uniform(0, 0.6)] = 0
        values[chance.random(len(values)) < 0.2] = np.nan
        return values

    return side(1), side(chance.uniform(0.5, 2))


@pytest.mark.parametrize("seed", range(60))
def test_the_distance_is_scipys_on_an_exact_sketch_and_at_most_half_a_point_less_on_a_small_one(seed):
    before, now = random_table(seed)
    scipys = stats.ks_2samp(before[~np.isnan(before)], now[~np.isnan(now)], method="asymp")
    everything = sketches.exact(np.concatenate([before, now]))
    cells = [sketches.counted(values, everything.at).cells for values in (before, now)]
    assert sketches.distance(*cells) == pytest.approx((scipys.statistic, scipys.pvalue), rel=1e-9, abs=1e-9)
    small = sketches.sketch(before)
    assert small.present >= 500
    lost = scipys.statistic - sketches.distance(small.cells, sketches.counted(now, small.at).cells)[0]
    assert -1e-12 <= lost <= 0.005


def test_a_sketch_counts_the_customers_between_and_on_its_points():
    sketch = sketches.exact(np.array([0, 0, 1, 5, 5, 5, np.nan]))
    assert (sketch.customers, sketch.missing, sketch.zeros, sketch.present) == (7, 1, 2, 6)
    assert sketch.at.tolist() == [0, 1, 5] and sketch.cells.tolist() == [0, 2, 0, 1, 0, 3, 0]
    assert sketches.counted(np.array([-1, 0.5, 1, 9]), sketch.at).cells.tolist() == [1, 0, 1, 1, 0, 0, 1]


@pytest.mark.parametrize("n", [1, 2, 5, 6, 7, 50, 499, 500, 5000])
def test_no_minimum_and_no_maximum_of_the_data_is_a_point(n):
    values = np.sort(CHANCE.lognormal(3, 2, n))
    sketch = sketches.sketch(values)
    assert not {values[0], values[-1]} & set(sketch.at) and len(sketch.at) <= sketches.POINTS
    if len(sketch.at):
        assert sketch.cells[0] >= sketches.HIDDEN and sketch.cells[-1] >= sketches.HIDDEN
    shown = sketches.rows(sketch, sketch.cells, 10**9)
    assert len(shown) == n and not {values[0], values[-1]} & set(shown)


def test_sketches_come_back_from_their_table_as_they_were(tmp_path):
    by_column = {
        "spend": sketches.sketch(SPEND),
        "sparse": sketches.sketch(SPARSE),
        "constant": sketches.sketch(np.full(300, 7.0)),
        "missing": sketches.sketch(np.full(300, np.nan)),
    }
    sketches.to_table(by_column).to_parquet(tmp_path / "sketches.parquet")
    counts = {
        name: {"customers": sketch.customers, "missing": sketch.missing, "zeros": sketch.zeros}
        for name, sketch in by_column.items()
    }
    again = sketches.from_table(pd.read_parquet(tmp_path / "sketches.parquet"), counts)
    assert list(again) == list(by_column)
    for name, sketch in by_column.items():
        assert again[name].at.tolist() == sketch.at.tolist() and again[name].cells.tolist() == sketch.cells.tolist()
        assert (again[name].customers, again[name].missing, again[name].zeros) == tuple(counts[name].values())


def test_forty_features_of_twenty_thousand_customers_take_less_than_200_kb(tmp_path):
    by_column = {f"feature_{number}": sketches.sketch(CHANCE.lognormal(3, 1, 20_000)) for number in range(40)}
    sketches.to_table(by_column).to_parquet(tmp_path / "sketches.parquet")
    assert (tmp_path / "sketches.parquet").stat().st_size < 200_000


@pytest.mark.parametrize(
    "factor, expected", [(1, "stable"), (1.05, "stable"), (1.18, "warn"), (1.4, "alert"), (0.7, "alert")]
)
def test_a_column_is_stable_warns_or_alerts_by_the_size_of_its_change(factor, expected):
    assert status(SPEND, SPEND * factor) == expected


def days(*counts):
    """Gaps in days: (days, customers) ..."""
    return {"gap_days": np.repeat([day for day, _ in counts], [customers for _, customers in counts])}


@pytest.mark.parametrize(
    "before, now, expected",
    [
        (days((31, 600), (30, 400)), days((31, 300), (30, 700)), "stable"),  # a day, whatever the distance
        (days((31, 600), (30, 400)), days((30, 1000)), "stable"),
        (days((31, 600), (28, 400)), days((28, 1000)), "alert"),  # three days, a tenth
        (days((300, 1000)), days((312, 1000)), "stable"),  # 4 %
        (days((300, 1000)), days((330, 1000)), "alert"),
        (days((0, 1000)), days((1, 1000)), "stable"),
        (days((0, 1000)), days((2, 1000)), "alert"),
        ({"orders": [2] * 1000}, {"orders": [2] * 850 + [3] * 150}, "alert"),  # not days: one order more is half more
        ({"orders": [50, 51] * 500}, {"orders": [51, 52] * 500}, "stable"),
        ({"spend": [1e-6] * 500 + [40.0] * 500}, {"spend": [1e-9] * 500 + [40.0] * 500}, "stable"),  # both are nothing
    ],
)
def test_a_change_of_a_day_or_of_five_percent_does_not_matter_whatever_the_distance(before, now, expected):
    assert compare(before, now)["status"].item() == expected


def test_a_change_that_does_not_matter_says_so():
    row = compare(days((31, 600), (30, 400)), days((31, 300), (30, 700))).iloc[0]
    assert row["ks_statistic"] == pytest.approx(0.3) and row["moved_share"] == 0
    assert row["reason"] == "No change that matters: hardly anybody's value moved by more than is the same to a person."


@pytest.mark.parametrize("seed", range(20))
def test_the_share_that_moved_beyond_a_tolerance_is_what_a_slow_loop_counts(seed):
    before, now = (side[~np.isnan(side)] for side in random_table(seed))
    sketch = sketches.exact(before)
    tolerance = np.maximum(0.05 * sketch.at, 0.5)
    up = [
        (before <= point).mean() - (now <= point + room).mean()
        for point, room in zip(sketch.at, tolerance, strict=True)
    ]
    down = [
        (now < point - room).mean() - (before < point).mean() for point, room in zip(sketch.at, tolerance, strict=True)
    ]
    share, _ = sketches.beyond(sketch, now, tolerance)
    assert share == pytest.approx(max(0, *up, *down), abs=1e-12)
    assert share <= stats.ks_2samp(before, now).statistic + 1e-12


def test_a_large_change_that_may_be_chance_is_stable():
    row = compare({"spend": SPEND[:120]}, {"spend": SPEND[:120] * 1.25}).loc["spend"]
    assert row["ks_statistic"] > 0.05 and row["q_value"] > 0.01 and row["status"] == "stable"


def test_a_column_with_limits_of_its_own_is_judged_by_them():
    wide = {"spend": distributions.Thresholds(0.2, 0.3, 0.2, 0.3)}
    narrow = {"spend": distributions.Thresholds(0.01, 0.05, 0.01, 0.05)}
    now = SPEND * 1.18
    assert [status(SPEND, now, overrides=limits) for limits in ({}, wide, narrow)] == ["warn", "stable", "alert"]


def test_a_column_that_moves_by_itself_is_reported_and_not_judged():
    row = compare({"tenure": SPEND}, {"tenure": SPEND * 9}, moving=["tenure"]).loc["tenure"]
    assert row["status"] == "moves by itself" and row["ks_statistic"] > 0.5 and np.isnan(row["q_value"])


@pytest.mark.parametrize("value", [np.nan, 0.0])
@pytest.mark.parametrize("share, expected", [(0.02, "stable"), (0.06, "warn"), (0.15, "alert")])
def test_a_share_of_missing_values_or_of_zeros_that_grows_counts_by_its_size(value, share, expected):
    now = np.where(CHANCE.permutation(first(share)), value, SPEND)
    row = compare({"spend": SPEND}, {"spend": now}).loc["spend"]
    assert row["status"] == expected
    what = "missing" if np.isnan(value) else "zero"
    assert row[f"{what}_share_change"] == pytest.approx(share)
    if expected != "stable":
        assert row["reason"].startswith(f"{share:.0%} of customers ") and row["reason"].endswith(" it was 0%.")


def test_positives_that_grow_fivefold_among_many_zeros_are_an_alert_although_the_whole_hardly_moves():
    row = compare({"spend": SPARSE}, {"spend": SPARSE * 5}).loc["spend"]
    assert row["ks_statistic"] < 0.08 and row["positives_ks_statistic"] > 0.25 and row["status"] == "alert"
    assert row["zero_share_change"] == 0 and row["reason"].startswith("Among customers above zero")
    assert status(SPARSE, SPARSE * 5, positives_apart=0.9) == "warn"


def test_positives_are_not_taken_apart_where_zeros_are_few():
    assert np.isnan(compare({"spend": SPEND}, {"spend": SPEND}).loc["spend", "positives_ks_statistic"])


@pytest.mark.parametrize(
    "now, reason", [(np.full(5000, 12.0), "Every customer has the value 12."), (np.full(5000, np.nan), "Nobody has")]
)
def test_a_column_that_becomes_constant_or_empty_is_an_alert(now, reason):
    row = compare({"spend": SPEND}, {"spend": now}).loc["spend"]
    assert row["status"] == "alert" and row["reason"].startswith(reason)


def test_a_column_that_always_was_constant_is_stable():
    assert status(np.full(5000, 7.0), np.full(5000, 7.0)) == "stable"


def test_a_column_that_is_gone_is_an_alert_and_a_new_one_cannot_be_judged():
    table = compare({"spend": SPEND, "gone": SPEND}, {"spend": SPEND, "new": SPEND})
    assert table["status"].to_dict() == {"spend": "stable", "gone": "alert", "new": "insufficient"}


@pytest.mark.parametrize("before, now", [(99, 5000), (5000, 99), (99, 99)])
def test_too_few_customers_on_either_side_give_no_verdict(before, now):
    assert status(SPEND[:before], SPEND[:now] * 9) == "insufficient"
    assert status(SPEND[:before], SPEND[:now] * 9, min_customers=99) == "alert"


def test_all_p_values_of_all_judged_columns_are_corrected_together():
    before = {"a": SPEND[:900], "b": SPARSE[:900], "moving": SPEND[:900], "c": np.where(first(0.04), np.nan, SPEND)}
    now = {"a": SPEND[900:1800] * 1.1, "b": SPARSE[900:1800], "moving": SPEND[:900], "c": SPEND[1800:2700]}
    table = compare(before, now, moving=["moving"])
    judged = table.drop(index="moving")
    p_values, q_values = (judged[[f"{test}{which}_value" for test in distributions.TESTS]].to_numpy() for which in "pq")
    there = ~np.isnan(p_values)
    assert there.sum() == 10  # three distances, sketch among positives, three missing shares, three zero shares
    assert q_values[there] == pytest.approx(stats.false_discovery_control(p_values[there]), rel=1e-12)
    assert np.isnan(q_values[~there]).all() and np.isnan(table.loc["moving", "q_value"])


def test_the_finding_names_the_worst_column_and_counts_the_others():
    table = compare(dict.fromkeys("abc", SPEND), {"a": SPEND, "b": SPEND * 1.18, "c": SPEND * 1.4}).reset_index()
    status, reason, figures = feature_drift.judge_all(table)
    assert status == "alert" and reason.startswith("c: ") and reason.endswith("(2 of 3 features moved.)")
    assert figures == {"judged": 3, "warn": 1, "alert": 1}
    assert feature_drift.judge_all(table[:1])[:2] == ("stable", "None of 1 features moved by more than its threshold.")
    assert feature_drift.judge_all(table.assign(status="insufficient")) == (
        "insufficient",
        "No feature has enough customers on both sides to be judged.",
        {},
    )


def test_evidently_finds_our_p_values_and_our_decisions_on_the_same_rows():
    before = {"same": CHANCE.lognormal(3, 1, 12_000), "small": CHANCE.lognormal(3, 1, 12_000)}
    before["large"] = np.where(np.arange(12_000) % 3 == 0, 0.0, before["same"])
    now = {"same": CHANCE.lognormal(3, 1, 12_000), "small": before["small"] * 1.05, "large": before["large"] * 1.5}
    by_column = {name: sketches.sketch(values) for name, values in before.items()}
    table = distributions.compare(by_column, pd.DataFrame(now), [], LIMITS)
    assert table["status"].tolist() == ["stable", "stable", "alert"]
    reference = pd.DataFrame({name: sketches.rows(sketch, sketch.cells, 10**9) for name, sketch in by_column.items()})
    current = pd.DataFrame({name: sketches.snapped(sketch, now[name]) for name, sketch in by_column.items()})
    page, p_values = reports.drift_page(reference, current, table, "Version 3 <as of today>")
    assert p_values == pytest.approx(table.set_index("feature")["p_value"].to_dict(), rel=1e-9, abs=1e-300)
    assert "1 out of 3" in page and "Dataset Drift is detected" in page
    assert "Version 3 &lt;as of today&gt;" in page and "<as of today>" not in page


def test_reports_are_json_without_bare_nan():
    content = {"p": np.float64("nan"), "d": np.float32(0.5), "n": np.int64(3)}
    assert json.loads(store.as_json(content)) == {"p": None, "d": 0.5, "n": 3}


@pytest.mark.parametrize(
    "before, now, reason",
    [
        (SPEND, SPEND, "No change that matters."),
        (SPEND[:120], SPEND[:120] * 1.25, "No change that matters; the difference may be chance."),
        (None, SPEND, "The baseline does not have this column; a version trained now has it."),
        (SPEND, None, "The column is gone: the feature table no longer has it."),
        (SPEND[:99], SPEND, "There are too few customers on one of the sides."),
        (SPEND, np.full(5000, np.nan), "Nobody has a value."),
        (SPEND, np.full(5000, 12.0), "Every customer has the value 12."),
        (SPEND, np.where(first(0.15), np.nan, SPEND), "15% of customers have no value, it was 0%."),
        (SPEND, np.where(first(0.15), 0.0, SPEND), "15% of customers are at zero, it was 0%."),
    ],
)
def test_each_column_says_in_a_sentence_what_happened_to_it(before, now, reason):
    sides = [{} if values is None else {"spend": values} for values in (before, now)]
    assert compare(*sides, moving=["tenure"]).loc["spend", "reason"] == reason


def test_a_column_that_moves_by_itself_says_why_it_is_not_judged():
    assert compare({"tenure": SPEND}, {"tenure": SPEND * 9}, moving=["tenure"]).loc["tenure", "reason"] == (
        "It moves with the calendar or the length of the history, so it is reported and not judged."
    )


def test_a_shift_names_the_quantile_that_changed_by_the_largest_ratio():
    values = np.arange(1.0, 1001.0)
    shifted = np.where(values > 900, values * 3, values + 40)  # the 95th percentile trebles
    assert compare({"spend": values}, {"spend": shifted}).loc["spend", "reason"] == (
        "the 95th percentile went from 949 to 2850 (distance 0.09)."
    )
    zeros = np.zeros(1000)
    row = compare({"spend": np.concatenate([zeros, values])}, {"spend": np.concatenate([zeros, values * 10])}).loc[
        "spend"
    ]
    assert row["reason"] == "the 95th percentile went from 896 to 9000 (distance 0.45)."


def test_evidently_has_nothing_to_show_without_a_column_on_both_sides():
    empty = pd.DataFrame({"spend": [np.nan]})
    page, p_values = reports.drift_page(
        empty, empty, pd.DataFrame({"feature": ["spend"], "status": ["alert"]}), "A & B"
    )
    assert (page, p_values) == ("<p>A &amp; B: no column had customers on both sides.</p>\n", {})


@pytest.mark.parametrize(
    "change, message",
    [
        (lambda table, counts: (table, counts | {"more": counts["spend"]}), "different columns: ['more']"),
        (
            lambda table, counts: (table.assign(point=table["point"][::-1].to_numpy()), counts),
            "the sketch of spend holds",
        ),
        (lambda table, counts: (table, {"spend": counts["spend"] | {"zeros": 6000}}), "the sketch of spend holds"),
        (lambda table, counts: (table, {"spend": counts["spend"] | {"customers": 4999}}), "the sketch of spend holds"),
    ],
)
def test_a_table_that_is_not_of_sketches_is_refused(change, message):
    sketch = sketches.sketch(SPEND)
    counts = {"spend": {"customers": sketch.customers, "missing": sketch.missing, "zeros": sketch.zeros}}
    with pytest.raises(ValueError, match=re.escape(message)):
        sketches.from_table(*change(sketches.to_table({"spend": sketch}), counts))


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


def test_psi_adds_half_a_customer_to_each_tenth_of_the_reference():
    reference, current = np.array([0, 10, 5, 25, 0, 60]), np.array([0, 20, 0, 20, 5, 55])
    bins, below = {}, 0
    for before, now in zip(reference, current, strict=True):
        group = min(int((below + before / 2) / 100 * 10), 9)
        bins[group] = tuple(np.add(bins.get(group, (0.5, 0.5)), (before, now)))
        below += before
    shares = [np.array(side) / sum(side) for side in zip(*bins.values(), strict=True)]
    loop = sum((now - before) * np.log(now / before) for before, now in zip(*shares, strict=True))
    assert sketches.psi(reference, current) == pytest.approx(loop, rel=1e-12) and loop > 0.01
    assert sketches.psi(reference, reference) == 0 and np.isnan(sketches.psi(reference, current * 0))


def test_wasserstein_is_the_area_between_the_distribution_functions_in_standard_deviations_of_the_reference():
    sketch = sketches.counted(np.array([1.0, 1.0, 2.0, 4.0, 4.0, 4.0]), np.array([1.0, 2.0, 4.0]))
    current = sketches.counted(np.array([1.0, 1.5, 3.0, 4.0]), sketch.at).cells
    # just above 1: 2/6 and 1/4; just below 2: 2/6 and 2/4; at 2: 3/6 and 2/4; just below 4: 3/6 and 3/4
    area = (abs(2 / 6 - 1 / 4) + abs(2 / 6 - 2 / 4)) / 2 * 1 + (abs(3 / 6 - 2 / 4) + abs(3 / 6 - 3 / 4)) / 2 * 2
    spread = np.std([1.0, 1.0, 2.0, 4.0, 4.0, 4.0])
    assert sketches.wasserstein(sketch, current) == pytest.approx(area / spread, rel=1e-12)


@pytest.mark.parametrize("zeros, apart", [(1000, False), (1001, True)])
def test_positives_are_taken_apart_where_more_than_the_share_are_zeros(zeros, apart):
    values = np.where(first(zeros / len(ORDER)), 0.0, SPEND)
    distance = compare({"spend": values}, {"spend": values}).loc["spend", "positives_ks_statistic"]
    assert np.isfinite(distance) == apart


@pytest.mark.parametrize(
    "customers, reason", [(150, "No change that matters."), (500, "Every customer has the value 7.")]
)
def test_customers_who_all_have_one_value_count_where_chance_alone_would_hardly_do_that(customers, reason):
    nearly = np.where(ORDER % 50 == 0, SPEND, 7.0)
    row = compare({"spend": nearly}, {"spend": np.full(customers, 7.0)}, min_customers=50).loc["spend"]
    assert row["reason"] == reason


def test_the_worst_column_is_the_most_severe_and_among_those_the_one_that_moved_most_beside_its_threshold():
    patient = {"patient": distributions.Thresholds(0.14, 0.15, 0.5, 0.5)}
    before = dict.fromkeys(("warned", "patient", "alerted"), SPEND)
    moved = {"warned": SPEND * 1.25, "patient": SPEND * 1.6}
    table = compare(before, moved | {"alerted": SPEND}, overrides=patient).reset_index()
    assert table["status"].tolist() == ["warn", "alert", "stable"]
    assert feature_drift.judge_all(table)[1].startswith("patient: ")
    table = compare(before, moved | {"alerted": SPEND * 1.8}, overrides=patient).reset_index()
    assert feature_drift.judge_all(table)[1].startswith("alerted: ")


OLDER = "Expected ageing: hardly anybody new comes."


@pytest.mark.parametrize(
    "before, now, expected",
    [
        (SPEND, SPEND * 1.4, ("stable", "It moves as the customers grow older.")),
        (SPARSE, np.where(ORDER % 50 < 30, 0.0, 20.0), ("stable", None)),  # fewer are at zero
        (SPEND, np.where(first(0.2), np.nan, SPEND), ("alert", "20% of customers have no value, it was 0%.")),
        (SPEND, SPEND * 0 + 7, ("alert", "Every customer has the value 7.")),
        (SPEND, SPEND * np.nan, ("alert", "Nobody has a value.")),
    ],
    ids=["moved", "fewer zeros", "missing", "frozen", "empty"],
)
def test_where_the_customers_grow_older_only_missing_and_frozen_values_count(before, now, expected):
    assert status(before, now) == "alert"  # without a reason to move
    sketched = {"spend": sketches.sketch(before)}
    row = distributions.compare(sketched, pd.DataFrame({"spend": now}), [], LIMITS, OLDER).iloc[0]
    assert row["status"] == expected[0] and row["reason"] == (expected[1] or row["reason"])


def test_where_the_customers_grow_older_more_of_them_have_gaps():
    sketched = {name: sketches.sketch(SPEND) for name in ("gap_median_days", "recency_days")}
    now = pd.DataFrame(dict.fromkeys(sketched, np.where(first(0.2), np.nan, SPEND)))
    assert list(distributions.compare(sketched, now, [], LIMITS, OLDER)["status"]) == ["stable", "alert"]
    assert list(distributions.compare(sketched, now, [], LIMITS)["status"]) == ["alert", "alert"]


def beside_last_year(now, last_year, **more):
    """The status of spend and of days, as checks.columns() says."""
    limits = {"feature_drift": LIMITS}
    sketched = {name: sketches.sketch(SPEND) for name in now}
    table = checks.columns(sketched, pd.DataFrame(now), last_year, [], "", limits)
    return table.set_index("feature")["status"].to_dict()


def test_a_column_that_is_as_it_was_in_the_same_season_of_last_year_has_not_drifted():
    now = {"spend": SPEND * 1.4, "days": SPEND * 1.4, "calm": SPEND}
    assert beside_last_year(now, None) == {"spend": "alert", "days": "alert", "calm": "stable"}
    then = pd.DataFrame({"spend": SPEND * 1.4, "days": SPEND, "calm": SPEND * 1.4})
    assert beside_last_year(now, then) == {"spend": "stable", "days": "alert", "calm": "stable"}  # either side explains


def test_the_milder_row_is_taken_whole_and_only_where_something_drifted():
    before, now = {"spend": SPEND}, {"spend": SPEND * 1.4}
    drifted, warned, calm = (compare({"spend": SPEND * factor}, now).reset_index() for factor in (1.0, 1.4 / 1.18, 1.4))
    assert [table["status"].item() for table in (drifted, warned, calm)] == ["alert", "warn", "stable"]
    pd.testing.assert_frame_equal(distributions.milder(drifted, calm), calm)
    pd.testing.assert_frame_equal(distributions.milder(drifted, warned), warned)
    pd.testing.assert_frame_equal(distributions.milder(calm, drifted), calm)
    assert distributions.milder(compare(before, before).reset_index(), drifted)["status"].item() == "stable"


def test_what_the_season_or_the_calendar_moves_is_not_watched():
    table = pd.DataFrame(
        {
            "recency_days": [1.0],
            "calendar_recency_days": [1.0],
            "calendar_tenure_days": [1.0],
            "calendar_revenue_total": [1.0],
            "season_of_orders": [1.5],
            "season_of_value": [1.0],
            "revenue_same_window_last_year": [1.0],
            "actual_clv": [1.0],
            "predicted_clv": [1.0],
        }
    )
    assert list(distributions.watched(table)) == ["recency_days", "predicted_clv"]
