"""What a refund does to a prediction: it lowers it or leaves it, whatever the history; and a cancelled order promises nothing."""

import datetime as dt
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from helpers import day, history
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from test_model import Shop

from clv import features, model
from clv.model import btyd
from clv.season import NONE, POINTS, Season

CUTOFF = day("2025-07-03")
DAYS = st.integers(1, 500)
WAVE = np.cos(2 * np.pi * np.arange(POINTS) / POINTS)
SEASONAL = Season(
    orders=tuple(1 + 0.6 * WAVE), value=tuple(1 + 0.3 * WAVE), why_not=""
)  # most, and dearest, in January
AMOUNTS = st.integers(100, 20_000).map(lambda cents: cents / 100)


@pytest.fixture(scope="module")
def shop():
    return Shop()


@pytest.fixture(scope="module")
def fitted(shop):
    return shop.fit()


def predicted(shop, fitted, *histories, season=NONE):
    """Of one customer for each history, from days before the cutoff and amounts; 0 where there is no order."""
    days = [
        (str(who), CUTOFF - dt.timedelta(days=ago), paid) for who, rows in enumerate(histories) for ago, paid in rows
    ]
    purchases = history(*days)
    table = features.snapshot(features.history(purchases, season), CUTOFF, replace(shop.definition, season=season))
    amounts = model.predict(fitted, table)["predicted_clv"] if len(table) else pd.Series(dtype="float64")
    return amounts.set_axis(table["customer_id"]).reindex([str(who) for who in range(len(histories))]).fillna(0.0)


def net(rows, day):
    """The net revenue of a day, in hundredths."""
    return sum(round(paid * 100) for when, paid in rows if when == day)


@settings(max_examples=150, suppress_health_check=list(HealthCheck))
@given(
    orders=st.lists(st.tuples(DAYS, AMOUNTS), min_size=1, max_size=12),
    refunds=st.lists(st.tuples(DAYS, AMOUNTS), max_size=4),
    ago=DAYS,
    amount=st.one_of(AMOUNTS, st.integers(0, 11)),
    season=st.sampled_from([NONE, SEASONAL]),
)
def test_a_refund_never_raises_a_prediction(shop, fitted, orders, refunds, ago, amount, season):
    """amount: of the refund; a whole number up to 11 is that of an order, which it may cancel. On a day without another refund: of
    two refunds on one day the table sees the sum. What it leaves of an order's day is not exactly another refund: that one would then
    cancel this order, and no longer a newer one."""
    amount = orders[amount % len(orders)][1] if isinstance(amount, int) else amount
    rows = orders + [(when, -value) for when, value in refunds if when != ago]
    assume(net([*rows, (ago, -amount)], ago) not in {-net(rows, when) for when, _ in refunds})
    before, after = predicted(shop, fitted, rows, [*rows, (ago, -amount)], season=season)
    assert after <= before * (1 + 1e-6)


def test_a_cancelled_order_promises_no_more_than_no_order_and_less_than_one_that_was_kept(shop, fitted):
    first = (200, 60.0)
    never, placed = predicted(shop, fitted, [first], [first, (40, 60.0)])
    for cancelled in ([(40, 60.0), (40, -60.0)], [(40, 60.0), (20, -60.0)]):
        promised = btyd_revenue(shop, fitted, [first, *cancelled])
        assert promised <= btyd_revenue(shop, fitted, [first]) * (1 + 1e-6)
        assert predicted(shop, fitted, [first, *cancelled]).item() < placed
    assert never < placed


def btyd_revenue(shop, fitted, rows):
    purchases = history(*(("ann", CUTOFF - dt.timedelta(days=ago), amount) for ago, amount in rows))
    table = features.snapshot(features.history(purchases), CUTOFF, shop.definition)
    return btyd.expected(fitted.customers, table, 90)["btyd_revenue"].iloc[0]


def test_customers_who_send_back_most_of_what_they_order_are_predicted_what_they_bring():
    """15 % send back each order with a chance of 85 %, others with 5 %: each one's own share, drawn to everybody's."""
    chance = np.random.default_rng(3)
    orders = chance.geometric(0.2, 5000)
    returner = chance.random(5000) < 0.15
    value = chance.gamma(4, 10, 5000)
    kept = chance.binomial(orders, np.where(returner, 0.15, 0.95))
    share = btyd.fit_kept(orders, kept * value, orders * value)
    expected = share.expected(kept * value, orders * value)
    often = returner & (orders >= 5)
    assert share.everybody == pytest.approx(0.83, abs=0.02)
    assert expected[often].mean() == pytest.approx(0.15, abs=0.1)
    assert expected[~returner].mean() == pytest.approx(0.95, abs=0.06)
