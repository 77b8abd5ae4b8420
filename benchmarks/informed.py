"""The best that a history allows: one who knows how the customers were made and the season, but no customer's rate, value or end.

A clairvoyant knows more than any history shows, so RMSE over the clairvoyant's cannot come down to 1. This says how far it can.
"""

import numpy as np
import pandas as pd

from benchmarks.season_shops import BEGIN, Shop, rate_level, value_level

RATE, END, VALUE, ORDER_SHAPE = (1.0, 70.0), (1.5, 500.0), (4.0, 120.0, 18.0), 6.0  # as season_shops draws them


def informed(rows: pd.DataFrame, shop: Shop, cutoff: str, horizon_days: int) -> pd.Series:
    """Returns the expected revenue in the horizon of each customer in the rows, given his orders; index customer_id.

    Customers whose first order lies before the file are taken to begin with the first order in it.

    Args: rows: customer_id, order_date, revenue; those from the cutoff on are not looked at.
    Source: Fader, Hardie and Lee (2005), A Note on Implementing the Pareto/NBD Model, with orders in season time and the end in days.
    """
    seen = rows[rows["order_date"] < cutoff]
    day = (pd.to_datetime(seen["order_date"]) - BEGIN).dt.days
    own = seen.assign(day=day, revenue=seen["revenue"] / value_level(shop, day.to_numpy())).groupby("customer_id")
    table = own.agg(first=("day", "min"), last=("day", "max"), orders=("day", "size"), spent=("revenue", "sum"))
    end = (pd.Timestamp(cutoff) - BEGIN).days
    days = np.arange(end + horizon_days)
    season = np.concatenate([[0.0], np.cumsum(rate_level(shop.shape, days))])
    worth = np.concatenate([[0.0], np.cumsum(rate_level(shop.shape, days) * value_level(shop, days))])
    expected = [_orders(row, end, season, worth) for row in table.itertuples()]
    shape, rate, scale = VALUE
    value = scale * (rate + table["spent"] * ORDER_SHAPE / scale) / (shape - 1 + ORDER_SHAPE * table["orders"])
    return value * expected


def _orders(customer, end: int, season: np.ndarray, worth: np.ndarray) -> float:
    """Expected orders from `end` on, each weighed by the level of its value."""
    (shape, rate), (end_shape, end_rate) = RATE, END
    power = shape + customer.orders - 1
    died = np.arange(customer.last, end)  # in the middle of each day
    gone = _alive(died - customer.first, end_rate, end_shape) - _alive(died + 1 - customer.first, end_rate, end_shape)
    middle = (season[died] + season[died + 1]) / 2 - season[customer.first]
    now = rate + season[end] - season[customer.first]
    weight_gone = (gone * ((rate + middle) / now) ** -power).sum()  # over the weight of orders until now
    weight_here = _alive(end - customer.first, end_rate, end_shape)
    later = np.arange(end, len(season) - 1)
    lives = _alive(later + 0.5 - customer.first, end_rate, end_shape) / _alive(
        end - customer.first, end_rate, end_shape
    )
    coming = (lives * np.diff(worth)[later]).sum() * power / now
    return float(weight_here / (weight_here + weight_gone) * coming)


def _alive(days: np.ndarray | float, rate: float, shape: float) -> np.ndarray:
    """The share of customers who live longer than so many days."""
    return (1 + np.asarray(days) / rate) ** -shape
