"""The shops of benchmarks/season_shops.py have the season, the growth and the events that they say, and its clairvoyant is right."""

from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest

from benchmarks.engine import Look, replay
from benchmarks.informed import informed
from benchmarks.monitoring import SMALL
from benchmarks.season_alarms import AUTUMN, Case, counted
from benchmarks.season_shops import LEVELS, Shop, clairvoyant, draw, rate_level, value_level
from benchmarks.seasons import summary
from clv.model.btyd.pareto_nbd import ParetoNbd

FIRST_OF_2024 = 1461  # days after 2020-01-01


@pytest.fixture(scope="module", params=LEVELS)
def shape(request):
    return request.param


def revenue(rows, begin, end):
    inside = rows[(rows["order_date"] >= begin) & (rows["order_date"] < end)]
    return inside.groupby("customer_id")["revenue"].sum()


def test_a_season_is_one_on_average(shape):
    days = np.arange(0, 8 * 365)
    both = rate_level(shape, days) * value_level(Shop(shape), days)
    assert both.mean() == pytest.approx(1, abs=0.02)


def test_orders_of_a_day_follow_the_season(shape):
    orders = draw(Shop(shape, customers=40_000), 1)[0]
    day = (pd.to_datetime(orders["order_date"]) - pd.Timestamp("2020-01-01")).dt.days
    year = np.arange(FIRST_OF_2024, FIRST_OF_2024 + 360)
    counts = np.bincount(day, minlength=year[-1] + 1)[year].reshape(12, 30).sum(1)
    level = rate_level(shape, year).reshape(12, 30).sum(1)
    assert counts / counts.sum() == pytest.approx(level / level.sum(), rel=0.1)


def test_the_clairvoyant_predicts_the_total_of_every_quarter_and_sees_nobody_who_has_ended(shape):
    rows, truth = draw(Shop(shape, customers=40_000), 1)
    for begin, end in (("2024-01-01", "2024-03-31"), ("2024-10-01", "2024-12-30")):
        seen = rows.loc[rows["order_date"] < begin, "customer_id"].unique()
        best = clairvoyant(truth, Shop(shape), begin, 90)[seen]
        assert best.sum() == pytest.approx(
            revenue(rows, begin, end).reindex(seen).sum(), rel=0.06
        )  # four standard deviations of the chance of orders
        ended = (
            truth.set_index("customer_id")["last_day"][seen] <= (pd.Timestamp(begin) - pd.Timestamp("2020-01-01")).days
        )
        assert not best[ended].any()


def test_the_clairvoyant_of_a_known_customer():
    truth = pd.DataFrame({"customer_id": ["ann", "bob"], "rate": 0.1, "mean_value": 20.0, "last_day": [9000.0, 30.5]})
    assert clairvoyant(truth, Shop("flat"), "2020-01-31", 90).tolist() == pytest.approx([180.0, 1.0])


def test_who_is_informed_is_right_on_average_and_lies_between_the_clairvoyant_and_the_mean():
    rows, truth = draw(Shop("christmas"), 1)
    predicted = informed(rows, Shop("christmas"), "2024-10-01", 90)
    actual = revenue(rows, "2024-10-01", "2024-12-30").reindex(predicted.index).fillna(0)
    best = clairvoyant(truth, Shop("christmas"), "2024-10-01", 90)[predicted.index]
    assert predicted.sum() == pytest.approx(actual.sum(), rel=0.1)
    assert ((best - actual) ** 2).mean() < ((predicted - actual) ** 2).mean() < ((actual - actual.mean()) ** 2).mean()


def test_who_is_informed_expects_what_the_pareto_nbd_and_the_value_of_orders_say():
    rows = pd.DataFrame({"customer_id": "ann", "order_date": ["2020-01-01", "2020-04-10"], "revenue": [100.0, 300.0]})
    (predicted,) = informed(rows, Shop("flat"), "2020-07-19", 90)
    orders = ParetoNbd(1.0, 70.0, 1.5, 500.0).expected_purchases(90.0, *np.array([[1.0], [100.0], [200.0]]))
    assert predicted == pytest.approx(orders[0] * 18 * (120 + 400 / 3) / (3 + 12), rel=0.01)


def test_inflow_grows_or_comes_in_one_cohort():
    for shop, share in ((Shop("flat"), 1.0), (Shop("flat", growth=0.3), 1.3)):
        first = first_orders(replace(shop, customers=40_000)).str[:4].value_counts()
        assert first["2025"] / first["2024"] == pytest.approx(share, rel=0.07)
    assert first_orders(Shop("christmas", cohort_days=90)).max() <= "2020-03-31"


def first_orders(shop):
    return draw(shop, 1)[0].drop_duplicates("customer_id")["order_date"]  # they are sorted by date


def test_events_change_what_comes_after_them_and_nothing_before():
    plain, dearer, leaving = (
        draw(Shop("flat", **event), 1)[0]
        for event in ({}, {"dearer": (FIRST_OF_2024, 1.3)}, {"leaving": (FIRST_OF_2024, 0.3)})
    )
    before, after = (("2020-01-01", "2024-01-01"), ("2024-01-01", "2024-02-01"))
    totals = [[revenue(rows, *days).sum() for days in (before, after)] for rows in (plain, dearer, leaving)]
    assert totals[1][0] == totals[0][0]
    assert totals[1][1] == pytest.approx(1.3 * totals[0][1], rel=0.001)
    assert totals[2][1] < 0.85 * totals[0][1]


def test_the_monitor_says_stable_of_a_small_shop_without_a_season_a_month_after_its_training():
    rows = draw(Shop("flat", customers=1_500, days=500), 1)[0]
    (month,) = replay(rows, date(2021, 2, 1), [date(2021, 3, 1)], list(SMALL))
    assert (month.day, month.word, month.fired) == (date(2021, 3, 1), "stable", {})


def test_a_summary_holds_the_figures_of_the_rows():
    rows = pd.DataFrame(
        [
            ("christmas", "christmas_07", 0.9, 100.0, 1.1, 1.02, 1.0, np.nan, 1.0),
            ("christmas", "christmas_10", 1.2, 100.0, 1.3, 1.02, 1.0, np.nan, 0.0),
            ("flat", "flat_10", 1.0, 102.0, 1.2, 1.01, 1.0, np.nan, 1.0),
            ("visible", "cdnow_90", 1.0, 5.0, np.nan, np.nan, 1.0, 0.9, 1.0),
        ],
        columns=["group", "window", "bias", "rmse", "over_oracle", "over_informed", "over_btyd", "over_peer", "held"],
    )
    figures = {what: figure for what, _, figure in summary(rows, rows.assign(rmse=100.0))}
    assert figures == pytest.approx(
        {
            "christmas, summer: lowest bias": 0.9,
            "christmas, summer: highest bias": 1.2,
            "christmas, summer: RMSE over clairvoyant": np.sqrt(1.1 * 1.3),
            "christmas Q4: RMSE over clairvoyant": 1.3,
            "christmas, summer: RMSE over informed": 1.02,
            "flat: RMSE over clairvoyant": 1.2,
            "flat: RMSE over informed": 1.01,
            "flat: RMSE over before": 1.02,
            "visible with skill: RMSE over BG/NBD + Gamma-Gamma": 0.9,
            "total's 80 % interval holds, 3 simulated windows": 2 / 3,
        }
    )


def test_an_event_counts_once_and_only_what_comes_within_two_looks_of_it():
    looks = [
        Look(date(2024, 11, 1), "alarm", (), {"Feature drift": "early"}),
        Look(date(2024, 12, 1), "stable", (), {}),
        Look(date(2025, 1, 1), "alarm", (), {"Segment drift": "moved"}),
    ]
    steady, event = (Case(kind, kind, None, AUTUMN, 3) for kind in ("steady", "event"))
    assert counted(steady, looks) == {
        "kind": "steady",
        "sort": "steady",
        "looks": 3,
        "alarms": 2,
        "checks": {"Feature drift": 1, "Segment drift": 1},
    }
    assert counted(event, looks) == {
        "kind": "event",
        "sort": "event",
        "looks": 1,
        "alarms": 1,
        "checks": {"Segment drift": 1},
    }
