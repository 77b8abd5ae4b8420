"""Sketches lose little and show nobody."""

import re
import time

import numpy as np
import pandas as pd
import pytest
from monitor.drifted import CHANCE, SPARSE, SPEND, random_table
from scipy import stats

from clv.monitor import sketches


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


@pytest.mark.parametrize("customers", [5_000, 5_001, 60_000])
@pytest.mark.parametrize("p_value", [0.1, 0.01, 0.001])
def test_the_chance_of_a_distance_among_many_customers_is_kolmogorovs_within_one_percent(customers, p_value):
    distance = stats.kstwo.isf(p_value, customers)
    assert sketches.chance_of(distance, customers) == pytest.approx(p_value, rel=0.01)


def test_the_chance_of_a_distance_is_not_summed_over_many_customers():
    """Kolmogorov's distribution itself takes some 30 ms a test, which is seconds in all columns."""
    begun = time.process_time()
    for _ in range(100):
        sketches.chance_of(0.003, 66_000)
    assert time.process_time() - begun < 0.5


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
