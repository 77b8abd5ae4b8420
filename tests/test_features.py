"""The feature SQL against its definition: literal cases, a slow loop in Python, and the promise that it cannot see ahead."""

import calendar
import datetime as dt
import math
import statistics
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from helpers import composed, day, history
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clv import features
from clv.season import NONE, POINTS, Season

LIFECYCLE = {
    "new_days": 60,
    "lost_days": 365,
    "default_gap_days": 90,
    "min_gap_days": 14,
    "active_gaps": 1.5,
    "lagging_gaps": 3.0,
    "dormant_gaps": 6.0,
}
DEFINITION = features.Definition.within(400, [7, 30, 365, 730], [30], 90, LIFECYCLE)
CUTOFF = day("2011-06-01")


def snapshot(*rows, cutoff=CUTOFF, definition=DEFINITION):
    return features.snapshot(features.history(history(*rows), definition.season), cutoff, definition)


def one(*rows, **options):
    return snapshot(*[("ann", *row) for row in rows], **options).iloc[0].to_dict()


def test_recency_and_tenure_count_days_from_the_last_and_first_order_to_the_cutoff():
    ann = one(("2011-05-01", 10.0), ("2011-05-31", 20.0))
    assert (ann["recency_days"], ann["tenure_days"], ann["frequency"]) == (1, 31, 1)


def test_a_window_of_n_days_ends_with_the_day_before_the_cutoff():
    ann = one(("2011-05-25", 10.0), ("2011-05-24", 1.0), ("2011-06-01", 99.0))
    assert (ann["revenue_7d"], ann["orders_7d"], ann["revenue_30d"]) == (10, 1, 11)


def test_a_decayed_sum_weighs_an_order_half_after_its_half_life():
    assert one(("2011-05-02", 100.0))["revenue_decayed_30d"] == 50


def test_large_amounts_do_not_overflow():
    assert one(("2011-05-02", 9e13))["revenue_decayed_30d"] == pytest.approx(4.5e13)


def test_a_return_lowers_revenue_and_is_no_order():
    ann = one(("2011-05-01", 100.0), ("2011-05-20", -25.0))
    assert (ann["recency_days"], ann["frequency"], ann["revenue_total"], ann["return_share"]) == (31, 0, 75, 0.25)


def test_the_mean_order_value_is_the_net_revenue_of_a_day_and_the_others_are_what_was_ordered_on_it():
    ann = one(("2011-03-01", 30.0), ("2011-04-01", 50.0), ("2011-04-01", -10.0), ("2011-05-01", 20.0))
    assert ann["average_order_value"] == 30 and ann["kept_revenue"] == 90
    assert [ann[f"{name}_order_value"] for name in ("first", "last", "largest")] == [30, 20, 50]  # as they were placed


@pytest.mark.parametrize(
    "rows, kept",  # repeat orders, days since the last order, what is left of all orders
    [
        ([("2011-05-01", 100.0), ("2011-05-20", -100.0)], (0, 31, 0)),  # nothing was kept
        ([("2011-05-10", 100.0), ("2011-05-10", -100.0)], (0, 22, 0)),  # order and refund on one day
        ([("2011-05-01", 70.0), ("2011-05-10", 100.0), ("2011-05-10", -100.0)], (0, 31, 70)),
        ([("2011-05-01", 70.0), ("2011-05-10", 100.0), ("2011-05-20", -100.0)], (0, 31, 70)),
        (
            [("2011-05-01", 100.0), ("2011-05-10", 150.0), ("2011-05-20", -100.0)],
            (0, 22, 150),
        ),  # the order of that amount
        ([("2011-05-01", 100.0), ("2011-05-10", 150.0), ("2011-05-20", -170.0)], (0, 31, 80)),  # else the newest ones
        ([("2011-05-01", 100.0), ("2011-05-10", 150.0), ("2011-05-20", -50.0), ("2011-05-25", -100.0)], (0, 22, 100)),
        ([("2011-05-01", 20.0), ("2011-05-10", 20.0), ("2011-05-15", -20.0), ("2011-05-20", 20.0)], (1, 12, 40)),
        ([("2011-05-01", -900.0), ("2011-05-10", 50.0)], (0, 22, 50)),  # of an order that the history does not hold
        ([("2011-05-01", 100.0), ("2011-06-01", -100.0)], (0, 31, 100)),  # after the cutoff
    ],
)
def test_an_order_that_was_refunded_whole_before_the_cutoff_is_no_order(rows, kept):
    ann = one(*rows)
    assert (ann["frequency"], ann["recency_days"], ann["kept_revenue"]) == kept
    assert ann["placed_orders"] == sum(when < "2011-06-01" and revenue > 0 for when, revenue in rows)


def test_gaps_describe_the_rhythm_of_orders():
    ann = one(
        ("2011-01-01", 1.0), ("2011-01-11", 1.0), ("2011-01-31", 1.0), ("2011-05-01", 1.0)
    )  # gaps of 10, 20, 90 days
    assert [ann[f"gap_{name}_days"] for name in ("mean", "median", "max", "last")] == [40, 20, 90, 90]
    assert ann["gap_std_days"] == pytest.approx(statistics.stdev([10, 20, 90]))
    assert ann["recency_over_gap"] == pytest.approx(31 / 20)


def test_the_same_window_last_year_is_the_horizon_a_year_before():
    ann = one(("2010-06-01", 5.0), ("2010-08-29", 7.0), ("2010-08-30", 100.0), ("2010-05-31", 100.0))
    assert ann["revenue_same_window_last_year"] == 12


def test_active_months_are_blocks_of_thirty_days_before_the_cutoff_with_an_order():
    ann = one(("2011-02-01", 1.0), ("2011-02-28", 1.0), ("2011-04-01", 1.0), ("2011-05-03", -1.0))
    assert ann["active_months"] == 2  # the orders are 120, 93 and 61 days old; a return is no order
    assert ann["active_month_share"] == pytest.approx(2 / 4)
    assert one(("2011-05-02", 1.0), ("2011-05-31", 1.0))["active_month_share"] == 1  # 30 days and 1 day old
    assert one(("2011-05-01", 1.0), ("2011-05-31", 1.0))["active_months"] == 2  # 31 days and 1 day old


def test_the_share_of_active_months_does_not_depend_on_the_day_of_the_month():
    def ann(cutoff):
        """Orders every ten days until the cutoff, as seen from it."""
        return one(*[(f"{cutoff - dt.timedelta(days=age)}", 1.0) for age in range(1, 200, 10)], cutoff=cutoff)

    shares = {ann(dt.date(2011, 6, day))["active_month_share"] for day in (1, 2, 15, 30)}
    assert shares == {1.0}


def test_windows_longer_than_the_history_are_left_out():
    assert DEFINITION.windows_days == (7, 30, 365)
    assert not features.Definition.within(364, [7], [30], 90, LIFECYCLE).same_window_last_year
    exactly = features.Definition.within(365, [365, 366], [30], 90, LIFECYCLE)
    assert exactly.windows_days == (365,) and exactly.same_window_last_year


@pytest.mark.parametrize(
    "stage, days",
    [
        ("new", ["2011-05-01"]),
        ("new", ["2011-04-02"]),  # 60 days ago: the last day of being new
        ("active", ["2011-04-01"]),
        ("active", ["2011-03-01"]),  # one order 92 days ago: within 1.5 of the assumed 90 days
        ("lagging", ["2010-10-01"]),  # 243 days
        ("active", ["2011-01-01", "2011-02-01", "2011-04-20"]),  # 42 days, rhythm 54.5
        ("lagging", ["2011-03-01", "2011-04-01", "2011-04-10"]),  # 52 days, rhythm 20
        ("dormant", ["2011-02-01", "2011-02-21", "2011-03-13"]),  # 80 days, rhythm 20
        ("lost", ["2011-01-01", "2011-01-15", "2011-01-29"]),  # 123 days, rhythm 14
        ("active", ["2011-05-10", "2011-05-12", "2011-05-14"]),  # 18 days: a rhythm of 2 days counts as 14
        ("lost", ["2009-01-01", "2010-01-01"]),  # rhythm of a year, but more than 365 days
    ],
)
def test_the_lifecycle_stage_is_measured_in_the_customers_own_rhythm(stage, days):
    assert one(*[(when, 1.0) for when in days])["lifecycle_stage"] == stage


def test_customers_without_an_order_before_the_cutoff_are_not_in_the_table():
    table = snapshot(
        ("ann", "2011-05-01", 1.0), ("bob", "2011-06-01", 1.0), ("eve", "2011-05-01", -1.0), ("joe", "2011-05-01", 0.0)
    )
    assert table["customer_id"].tolist() == ["ann"]


def kept(nets):
    """What refunds left of each order, by two stacks: of orders of one amount, then of all that no refund of that amount took."""
    cents = {when: round(100 * net) for when, net in sorted(nets.items())}
    stacks, paired = {}, set()
    for when, amount in cents.items():
        stack = stacks.setdefault(abs(amount), [])
        if amount > 0:
            stack.append(when)
        elif amount < 0 and stack:
            paired |= {when, stack.pop()}
    left = {}
    for when, amount in cents.items():
        if when in paired:
            continue
        if amount > 0:
            left[when] = amount
        refund = max(-amount, 0)
        while refund and left:
            newest = max(left)
            rest = left.pop(newest) - refund
            refund = max(-rest, 0)
            if rest > 0:
                left[newest] = rest
    return {when: amount / 100 for when, amount in left.items()}


def wave(size, peak, of_value):
    """A season with one peak."""
    year = np.cos(2 * np.pi * np.arange(POINTS) / POINTS - peak)
    return Season(tuple((1 + size * year).round(4)), tuple((1 + of_value * year).round(4)), why_not="")


def slow(rows, cutoff, definition):
    """The same features by a loop over plain Python values."""
    by_customer = {}
    for customer, when, revenue in rows:
        if when < cutoff:
            days = by_customer.setdefault(customer, {})
            net, positive = days.get(when, (0, 0))
            days[when] = (net + revenue, positive + max(revenue, 0))
    table = {}
    for customer, days in by_customer.items():
        orders = sorted(when for when, (_, positive) in days.items() if positive > 0)
        if not orders:
            continue
        season, paid = definition.season, sum(net for net, _ in days.values())
        worth = {when: 1 / season.values(calendar.isleap(when.year))[when.timetuple().tm_yday - 1] for when in days}
        left = {when: net * worth[when] for when, net in kept({when: net for when, (net, _) in days.items()}).items()}
        adjusted = {when: (net * worth[when], placed * worth[when]) for when, (net, placed) in days.items()}
        age = {when: season.day(cutoff) - season.day(when) for when in adjusted}
        gaps = [season.day(b) - season.day(a) for a, b in pairwise(orders)]
        total = sum(net for net, _ in adjusted.values())
        positive = sum(positive for _, positive in adjusted.values())
        value = {when: max(adjusted[when][0], 0) for when in orders}
        months = len({math.ceil(round(age[when], 3) / 30) for when in orders})
        first = orders[0]
        fold = season.fold(cutoff, definition.horizon_days)
        row = {
            "recency_days": age[max(left, default=first)],
            "tenure_days": age[first],
            "frequency": max(len(left) - 1, 0),
            "revenue_total": total,
            "kept_revenue": sum(left.values()),
            "placed_orders": len(orders),
            "placed_recency_days": age[orders[-1]],
            "last_order_value": adjusted[orders[-1]][1],
            "first_order_value": adjusted[first][1],
            "largest_order_value": max(placed for _, placed in adjusted.values()),
            "gap_median_days": statistics.median(gaps) if gaps else np.nan,
            "gap_max_days": max(gaps, default=np.nan),
            "gap_last_days": gaps[-1] if gaps else np.nan,
            "active_months": months,
            "revenue_per_day": total / max(age[first], 30),
            "placed_order_value": positive / len(orders),
            "average_order_value": sum(value.values()) / len(orders),
            "gap_mean_days": statistics.mean(gaps) if gaps else np.nan,
            "gap_std_days": statistics.stdev(gaps) if len(gaps) > 1 else np.nan,
            "recency_over_gap": age[orders[-1]] / statistics.median(gaps) if gaps else np.nan,
            "return_share": (positive - total) / positive,
            "active_month_share": months / math.ceil(round(age[first], 3) / 30),
            "revenue_same_window_last_year": sum(
                placed
                for when, (_, placed) in adjusted.items()
                if 365 - definition.horizon_days * fold < round(age[when], 3) <= 365
            )
            / fold,
            "season_of_orders": fold,
            "season_of_value": season.fold_of_value(cutoff, definition.horizon_days),
            "calendar_recency_days": (cutoff - orders[-1]).days,
            "calendar_tenure_days": (cutoff - first).days,
            "calendar_revenue_total": paid,
        }
        for window in definition.windows_days:
            row[f"revenue_{window}d"] = sum(placed for when, (_, placed) in adjusted.items() if age[when] <= window)
            row[f"orders_{window}d"] = sum(age[when] <= window for when in orders)
        for half in definition.half_lives_days:
            row[f"revenue_decayed_{half}d"] = sum(
                placed * 0.5 ** (age[when] / half) for when, (_, placed) in adjusted.items()
            )
            row[f"orders_decayed_{half}d"] = sum(0.5 ** (age[when] / half) for when in orders)
        table[customer] = row
    return pd.DataFrame.from_dict(table, orient="index").sort_index()


BEGIN = dt.date(2009, 6, 1)
ROWS = st.lists(
    st.tuples(
        st.sampled_from(["ann", "bob", "007", "7"]),
        st.integers(0, 900).map(lambda n: BEGIN + dt.timedelta(days=n)),
        st.integers(-5000, 20000).map(lambda cents: cents / 100),
    ),
    min_size=1,
    max_size=40,
)
SEASONS = st.one_of(
    st.just(NONE),
    st.tuples(st.floats(0, 0.9), st.floats(0, 6.3), st.floats(0, 0.4)).map(lambda drawn: wave(*drawn)),
)
CUTOFFS = st.integers(1, 950).map(lambda n: BEGIN + dt.timedelta(days=n))


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(rows=ROWS, cutoff=CUTOFFS, season=SEASONS)
def test_the_sql_equals_a_slow_loop_on_random_histories_and_seasons(rows, cutoff, season):
    definition = replace(DEFINITION, season=season)
    rows = [(who, when, 100 * revenue) for who, when, revenue in rows]  # amounts in season time have four decimals
    table = snapshot(*rows, cutoff=cutoff, definition=definition).set_index("customer_id")
    table = table.drop(columns="lifecycle_stage")
    expected = slow(rows, cutoff, definition)
    assert table.index.tolist() == expected.index.tolist()
    if len(expected):
        np.testing.assert_allclose(table[expected.columns].to_numpy(), expected.to_numpy(float), rtol=2e-4, atol=2e-3)
        assert set(table.columns) == set(expected.columns)


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(rows=ROWS, cutoff=CUTOFFS, chance=st.randoms(use_true_random=False), added=ROWS)
def test_no_row_on_or_after_the_cutoff_changes_a_byte_of_the_features(rows, cutoff, chance, added):
    seen = [row for row in rows if row[1] < cutoff]
    future = [(who, cutoff + dt.timedelta(days=chance.randrange(0, 400)), revenue) for who, _, revenue in rows + added]
    shuffled = chance.sample(seen + future, len(seen + future))
    kept = [row for row in rows if row[1] < cutoff or chance.random() < 0.5]
    tables = [snapshot(*some, cutoff=cutoff) for some in (rows, seen, shuffled, kept) if some]
    assert len({as_bytes(table) for table in tables if len(seen)}) <= 1
    assert all(table.empty for table in tables if not seen)


def as_bytes(table):
    return table["customer_id"].str.cat(sep="|") + table["lifecycle_stage"].str.cat(sep="|"), table.select_dtypes(
        "number"
    ).to_numpy().tobytes()


def test_a_model_may_learn_from_every_number_but_those_that_move_by_themselves_or_by_refunds():
    table = snapshot(("ann", "2011-05-01", 1.0)).select_dtypes("float32")
    learnt = DEFINITION.columns(["tenure_days"])
    assert learnt == [name for name in table if name in learnt]
    assert set(table) - set(learnt) == {
        "tenure_days",
        *features.OF_THE_HORIZON,
        *features.FOR_PEOPLE,
        *(
            "recency_days",
            "frequency",
            "revenue_total",
            "kept_revenue",
            "revenue_per_day",
            "return_share",
            "average_order_value",
        ),
    }


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(rows=ROWS, refund=st.integers(1, 30_000), days=st.integers(0, 300))
def test_a_refund_changes_no_column_that_a_model_learns_from(rows, refund, days):
    who, when, _ = rows[0]
    later = (who, when + dt.timedelta(days=days), -refund / 100)
    before, after = (snapshot(*some, cutoff=dt.date(2013, 1, 1)) for some in (rows, [*rows, later]))
    learnt = ["customer_id", *DEFINITION.columns([])]
    pd.testing.assert_frame_equal(before[learnt], after[learnt])
    assert (after["kept_revenue"] <= before["kept_revenue"]).all()


def test_a_definition_survives_the_registry_as_json():
    assert features.Definition.from_dict(DEFINITION.as_dict()) == DEFINITION


def test_the_lifecycle_rules_in_conf_ascend():
    rules = composed().features.lifecycle
    assert rules.active_gaps < rules.lagging_gaps < rules.dormant_gaps
