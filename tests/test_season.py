"""A season is what repeats every year in the purchases before a day, and nothing else; season time is its integral."""

import datetime as dt
from functools import cache
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from helpers import CONNECTION, day
from hypothesis import given, settings
from hypothesis import strategies as st

from clv import data, season
from clv.season import NONE, POINTS, Season

CHRISTMAS = (0.7, 0.65, 0.8, 0.85, 0.9, 0.85, 0.75, 0.75, 0.9, 1.05, 1.7, 2.1)  # January to December
SUMMER = (0.5, 0.55, 0.8, 1.0, 1.4, 1.7, 1.8, 1.6, 1.0, 0.7, 0.5, 0.45)
FLAT = (1.0,) * 12
BEGIN, BEFORE = dt.date(2021, 1, 1), dt.date(2024, 1, 1)
QUARTERS = tuple(dt.date(2024, month, 1) for month in (1, 4, 7, 10))


def level(months, dates):
    """The season of each date: lines between the middles of the months, 1 on average."""
    place = pd.DatetimeIndex(dates).dayofyear.to_numpy() - 1
    return np.interp(place, 30.5 * np.arange(12) + 15, np.array(months) / np.mean(months), period=366)


def shop(
    months, begin=BEGIN, before=BEFORE, customers=1500, *, growth=0.0, first_days=None, values=FLAT, seed=1, rate=1 / 25
):
    """Rows of customer, day and revenue: customers come from two years before the first day on, order at a rate of
    their own that follows the season, and leave.   growth: of the inflow, a year.   first_days: in which all of them come."""
    chance = np.random.default_rng(seed)
    span = (before - begin).days
    even = chance.random(customers)
    if first_days:
        first = even * first_days
    elif growth:
        first = np.log1p(even * ((1 + growth) ** ((span + 730) / 365) - 1)) / np.log1p(growth) * 365 - 730
    else:
        first = even * (span + 730) - 730
    end = np.minimum(first + chance.exponential(700, customers), span)
    most = max(months) / np.mean(months)
    number = chance.poisson(chance.gamma(2, rate / 2, customers) * most * np.maximum(end - first, 0))
    who = np.repeat(np.arange(customers), number)
    when = np.floor(first[who] + chance.random(len(who)) * (end - first)[who])
    who, when = np.concatenate([np.arange(customers), who]), np.concatenate([np.floor(first), when])
    dates = np.datetime64(begin) + when.astype("timedelta64[D]")
    is_first = np.arange(len(who)) < customers
    kept = (when >= 0) & (is_first | (chance.random(len(who)) < level(months, dates) / most))
    amount = chance.lognormal(3, 0.5, customers)[who] * chance.lognormal(0, 0.3, len(who)) * level(values, dates)
    rows = pd.DataFrame({"customer_id": who.astype(str), "order_date": dates, "revenue": amount.round(2)})
    return rows[kept].reset_index(drop=True)


def fit(rows, before=BEFORE, horizon_days=90):
    return season.estimate(data.daily(CONNECTION.from_df(rows)), before, horizon_days)


@cache
def rows_of(months, years=3, **more):
    return shop(months, dt.date(2024 - years, 1, 1), **more)


@cache
def season_of(months, years=3, **more):
    return fit(rows_of(months, years, **more))


def true_fold(months, begin, days=90):
    return level(months, pd.date_range(begin, periods=days)).mean()


def folds(seen):
    return np.array([seen.fold(begin, 90) for begin in QUARTERS])


@pytest.mark.parametrize("months", [CHRISTMAS, SUMMER])
def test_three_years_tell_the_season_of_each_quarter_within_eight_percent(months):
    truth = [true_fold(months, begin) for begin in QUARTERS]
    assert folds(season_of(months)) == pytest.approx(truth, rel=0.08)


def test_a_shop_without_a_season_has_none():
    seen = season_of(FLAT)
    assert seen.is_known and folds(seen) == pytest.approx(1, abs=0.04)
    assert [seen.fold_of_value(begin, 90) for begin in QUARTERS] == pytest.approx([1] * 4, abs=0.04)


def test_more_years_are_trusted_more():
    truth = true_fold(CHRISTMAS, QUARTERS[3])
    few, more, many = (season_of(CHRISTMAS, years) for years in (1, 2, 4))
    assert few.doubt_at(QUARTERS[3]) > more.doubt_at(QUARTERS[3]) > many.doubt_at(QUARTERS[3])
    assert 1 < few.fold(QUARTERS[3], 90) < more.fold(QUARTERS[3], 90) < truth * 1.08  # one year is drawn to none
    assert [round(seen.years) for seen in (few, more, many)] == [1, 2, 4]


def test_nothing_is_known_before_a_year_and_the_sentence_names_the_day_from_which_it_is():
    rows = rows_of(CHRISTMAS, 1)
    first = rows["order_date"].min().date()
    seen = fit(rows, first + dt.timedelta(days=364))
    assert (seen.orders, seen.value, seen.doubt) == (NONE.orders, NONE.value, NONE.doubt)
    assert not seen.is_known and seen.why_not == (
        f"The season is not known until {first + dt.timedelta(days=365)}: there are 364 days of orders before "
        f"{first + dt.timedelta(days=364)}, and a year is needed."
    )
    assert fit(rows, first + dt.timedelta(days=365)).is_known


def test_without_an_order_or_with_few_repeat_orders_no_season_is_known_and_it_says_why():
    rows = rows_of(CHRISTMAS, 1)
    assert fit(rows, day("2020-01-01")).why_not == "The season is not known: there is no order before 2020-01-01."
    few = pd.DataFrame(
        {
            "customer_id": "ann",
            "order_date": [pd.Timestamp("2022-01-01") + pd.Timedelta(days=7 * week) for week in range(100)],
            "revenue": 20.0,
        }
    )
    assert fit(few).why_not == (
        "The season is not known: 99 repeat orders before 2024-01-01, and 100 are needed to tell it from chance."
    )
    assert fit(pd.concat([few, few.assign(customer_id="bob")])).is_known


@pytest.mark.parametrize("more", [{"growth": 0.6}, {"first_days": 90}], ids=["growth", "cohort"])
def test_growth_and_a_cohort_that_leaves_are_no_season(more):
    seen = folds(season_of(FLAT, 2, **more))
    assert seen == pytest.approx(1, abs=0.08)


def sale(rows, dates):
    """On each of the days, as many orders again as in ten days before it."""
    extra = [rows[(rows["order_date"] < when) & (rows["order_date"] >= when - pd.Timedelta(days=10))] for when in dates]
    moved = [part.assign(order_date=when) for part, when in zip(extra, dates, strict=True)]
    return pd.concat([rows, *moved], ignore_index=True)


def test_a_day_that_stands_out_every_year_is_kept_and_one_that_stood_out_once_is_not():
    every = [pd.Timestamp(year, 12, 31) for year in (2021, 2022, 2023)]
    seen = fit(sale(rows_of(FLAT), [*every, pd.Timestamp("2022-06-15")]))
    rates = seen.rates()
    assert rates[364] > 5 and rates[363] < 1.3
    assert rates[165] < 1.3  # 15 June


def test_the_value_of_an_order_has_a_season_of_its_own():
    seen = season_of(FLAT, values=CHRISTMAS)
    assert [seen.fold_of_value(begin, 90) for begin in QUARTERS] == pytest.approx(
        [true_fold(CHRISTMAS, begin) for begin in QUARTERS], rel=0.08
    )
    assert folds(seen) == pytest.approx(1, abs=0.04)


@settings(max_examples=3)
@given(st.integers(0, 10_000))
def test_purchases_from_the_day_on_change_nothing(seed):
    rows, chance = rows_of(CHRISTMAS, 2), np.random.default_rng(seed)
    later = pd.DataFrame(
        {
            "customer_id": chance.integers(0, 2000, 500).astype(str),
            "order_date": np.datetime64(BEFORE) + chance.integers(0, 400, 500).astype("timedelta64[D]"),
            "revenue": chance.lognormal(3, 2, 500).round(2),
        }
    )
    assert fit(pd.concat([rows, later], ignore_index=True)) == season_of(CHRISTMAS, 2)


@settings(max_examples=3)
@given(st.integers(0, 10_000))
def test_the_order_of_rows_and_the_names_of_customers_change_nothing(seed):
    rows, chance = rows_of(CHRISTMAS, 2), np.random.default_rng(seed)
    names = dict(zip(rows["customer_id"].unique(), chance.permutation(rows["customer_id"].nunique()), strict=True))
    shuffled = rows.assign(customer_id=[f"k{names[name]}" for name in rows["customer_id"]])
    assert fit(shuffled.iloc[chance.permutation(len(rows))]) == season_of(CHRISTMAS, 2)


CURVES = st.lists(st.floats(0.05, 20), min_size=12, max_size=12).map(
    lambda months: Season(orders=tuple(np.interp(np.arange(POINTS), 30.5 * np.arange(12), months).tolist()), why_not="")
)
DATES = st.dates(dt.date(1999, 1, 1), dt.date(2030, 12, 31))


@given(CURVES, st.integers(1995, 2030))
def test_a_year_of_season_time_is_as_long_as_on_the_calendar(curve, year):
    begin, end = dt.date(year, 1, 1), dt.date(year + 1, 1, 1)
    assert curve.day(begin) == NONE.day(begin) and curve.day(end) - curve.day(begin) == (end - begin).days
    assert curve.fold(begin, (end - begin).days) == 1


@settings(max_examples=30)
@given(CURVES, st.integers(1995, 2030))
def test_days_of_season_time_are_strictly_increasing(curve, year):
    dates = [dt.date(year, 1, 1) + dt.timedelta(days=number) for number in range(-3, 370)]
    assert all(earlier < later for earlier, later in pairwise(curve.day(date) for date in dates))


@given(DATES)
def test_without_a_season_its_time_is_the_calendar(date):
    assert NONE.day(date) == (date - dt.date(1970, 1, 1)).days
    assert (NONE.fold(date, 90), NONE.fold_of_value(date, 90), NONE.doubt_at(date)) == (1, 1, 0)


@settings(max_examples=50)
@given(CURVES, DATES, st.floats(0.1, 800))
def test_back_is_the_last_day_from_which_so_many_days_of_season_time_pass(curve, date, season_days):
    begin = curve.back(date, season_days)
    assert curve.day(date) - curve.day(begin) >= season_days
    assert curve.day(date) - curve.day(begin + dt.timedelta(days=1)) < season_days


@settings(max_examples=50)
@given(CURVES, DATES, st.integers(1, 800))
def test_back_inverts_the_days_between_two_dates(curve, begin, days):
    date = begin + dt.timedelta(days=days)
    assert curve.back(date, curve.day(date) - curve.day(begin)) == begin


@pytest.mark.parametrize("seen", [NONE, Season(why_not="", first_day=BEGIN, seen_until=BEFORE)], ids=["none", "known"])
def test_a_season_comes_back_from_its_values(seen):
    assert Season.from_dict(seen.as_dict()) == seen


@given(CURVES)
def test_any_curve_comes_back_from_its_values(curve):
    assert Season.from_dict(curve.as_dict()) == curve


def test_a_fold_is_how_many_times_an_average_stretch_as_long_the_days_are_worth():
    halves = Season(orders=(0.5,) * 182 + (1.5,) * 183, value=(0.8,) * 182 + (1.2,) * 183, why_not="")
    mean = (182 * 0.5 + 183 * 1.5) / 365
    assert halves.fold(day("2023-01-01"), 182) == pytest.approx(0.5 / mean, abs=1e-4)
    assert halves.fold(day("2023-07-02"), 183) == pytest.approx(1.5 / mean, abs=1e-4)
    assert halves.fold_of_value(day("2023-07-02"), 183) == pytest.approx(1.2)
    assert halves.fold_of_value(day("2023-07-01"), 2) == pytest.approx((0.5 * 0.8 + 1.5 * 1.2) / 2)  # by orders
