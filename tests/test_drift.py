"""Sketches lose little and show nobody; a column drifts when its change is beyond chance and large enough to matter."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from clv import reports, store
from clv.monitor import distributions, feature_drift, sketches

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
