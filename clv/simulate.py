"""Purchase histories with known true CLV: orders until an unseen end, a season, returns, and habits of customers and of the shop."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from clv.errors import UserError

_RETURN_SHARE, _RETURN_DELAY_DAYS = 0.06, 14
_RHYTHM = 10  # shape of the gamma distribution of the gaps of a customer with a rhythm; with 1, chance alone places the orders
_SALE_MONTHS, _SALE_DAYS = (1, 7), 14  # a sale lasts from the first day of these months
_BARGAIN_DAYS, _BARGAIN_GAP_DAYS, _BARGAIN_VALUE = 30, 20, 0.4


@dataclass(frozen=True)
class Shop:
    """The season of a shop, and habits that a probability model does not know.

    season: relative rate of orders, January to December; with a mean of 1, it changes no year's orders.
    bargain_share: of the customers, who come for a sale (the first two weeks of January or July), buy one to three cheap things
        (up to five, seldom) in 30 days, and never come back.
    regular_share: of the others, who buy in a rhythm of their own: the gaps between orders differ by 30 % of their mean.
    customer_spread: standard deviation of the logarithm of the mean order value, between customers.
    order_spread: of the logarithm of an order's value, between the orders of a customer.
    price_rise: by how much every order is dearer from a day on, like 0.12.   price_rise_day: YYYY-MM-DD; None: never.

    Raises: UserError: the season does not have twelve months.
    """

    season: Sequence[float] = (0.85, 0.85, 0.95, 1.0, 1.0, 0.95, 0.9, 0.9, 1.0, 1.05, 1.25, 1.4)
    bargain_share: float = 0.0
    regular_share: float = 0.0
    customer_spread: float = 0.7
    order_spread: float = 0.5
    price_rise: float = 0.0
    price_rise_day: str | None = None

    def __post_init__(self) -> None:
        if len(self.season) != 12:
            raise UserError(f"The season has {len(self.season)} months.\nHint: give 12 numbers, January to December.")

    def rates(self, dates: pd.DatetimeIndex) -> np.ndarray:
        """Returns the relative rate of orders on each date."""
        return np.array(self.season)[dates.month.to_numpy() - 1]

    def prices(self, dates: pd.DatetimeIndex) -> np.ndarray:
        """Returns the price of things on each date, beside that before the rise."""
        return np.where(dates >= pd.Timestamp(self.price_rise_day or pd.Timestamp.max), 1 + self.price_rise, 1.0)


_MILD = Shop()


def simulate(
    customers: int, first_day: str, days: int, seed: int, shop: Shop = _MILD
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Returns the orders of a shop that is already running on the first day and wins new customers at a steady pace.

    Orders come at a gamma-distributed rate until an exponentially distributed end (Pareto/NBD); order values are
    log-normal around a customer's own mean; 6 % of orders are returned within two weeks. Season and habits are the shop's.

    Args:
        customers: number of them.
        first_day: YYYY-MM-DD.
        days: length of the history.
        seed: of every draw.
        shop: its season and habits; by default a mild season and no habits.
    Returns:
        Transactions: customer_id, order_date (YYYY-MM-DD), revenue (currency, below 0 for a return); sorted by date and customer.
        Truth: customer_id, orders_per_day, mean_order_value (currency, before the price rise), rhythm (shape of the gaps' gamma
        distribution), is_bargain_hunter, last_day_alive (days after the first); what true_clv needs.
    Source:
        Schmittlein, Morrison and Colombo (1987), Counting Your Customers, doi:10.1287/mnsc.33.1.1; the rhythm as in Platzer and
        Reutterer (2016), Ticking Away the Moments, doi:10.1287/mksc.2015.0963.

    >>> transactions, truth = simulate(customers=50, first_day="2024-01-01", days=200, seed=1)
    >>> transactions.columns.tolist(), len(truth)
    (['customer_id', 'order_date', 'revenue'], 50)
    """
    chance = np.random.default_rng(seed)
    start = pd.Timestamp(first_day)
    truth = pd.DataFrame(
        {
            "customer_id": [f"C{number:06d}" for number in range(1, customers + 1)],
            "first_day": np.floor(chance.uniform(-0.5 * days, days, customers)),
            "orders_per_day": chance.gamma(1.2, 1 / 60, customers),
            "mean_order_value": np.exp(chance.normal(3.6, shop.customer_spread, customers)),
            "days_alive": chance.exponential(chance.gamma(2.0, 250, customers)),
        }
    )
    truth = _with_habits(truth, days, start, shop, np.random.default_rng([seed, 1]))
    truth["last_day_alive"] = truth["first_day"] + truth["days_alive"]
    orders = _orders(truth, days, start, shop, chance)
    value = orders["mean_order_value"].to_numpy() * shop.prices(_dates(start, orders["day"]))
    value = value * np.exp(chance.normal(-0.5 * shop.order_spread**2, shop.order_spread, len(orders)))
    orders["revenue"] = np.round(np.maximum(value, 1.0), 2)
    returned = orders[chance.random(len(orders)) < _RETURN_SHARE].copy()
    returned["day"] += chance.integers(1, _RETURN_DELAY_DAYS + 1, len(returned))
    returned["revenue"] = -returned["revenue"]
    rows = pd.concat([orders, returned])
    rows = rows[(rows["day"] >= 0) & (rows["day"] < days)]
    rows["order_date"] = _dates(start, rows["day"]).strftime("%Y-%m-%d")
    rows = rows.sort_values(["order_date", "customer_id", "revenue"], ignore_index=True)
    return rows[["customer_id", "order_date", "revenue"]], truth.drop(columns=["first_day", "days_alive"])


def _with_habits(
    truth: pd.DataFrame, days: int, start: pd.Timestamp, shop: Shop, chance: np.random.Generator
) -> pd.DataFrame:
    """The same customers; some buy in a rhythm, others for a sale alone."""
    calendar = pd.date_range(start - pd.Timedelta(days=days // 2), start + pd.Timedelta(days=days - 1))
    sale_days = (calendar - start).days[calendar.month.isin(_SALE_MONTHS) & (calendar.day <= _SALE_DAYS)]
    hunts = (chance.random(len(truth)) < shop.bargain_share) & (len(sale_days) > 0)
    truth.loc[hunts, "first_day"] = chance.choice(sale_days, hunts.sum()).astype(float)
    truth.loc[hunts, ["orders_per_day", "days_alive"]] = 1 / _BARGAIN_GAP_DAYS, _BARGAIN_DAYS
    truth.loc[hunts, "mean_order_value"] *= _BARGAIN_VALUE
    is_regular = ~hunts & (chance.random(len(truth)) < shop.regular_share)
    return truth.assign(rhythm=np.where(is_regular, _RHYTHM, 1), is_bargain_hunter=hunts)


def _orders(
    truth: pd.DataFrame, days: int, start: pd.Timestamp, shop: Shop, chance: np.random.Generator
) -> pd.DataFrame:
    """One row per order: the first day of each customer, then a Poisson process thinned to the season. With a rhythm of 10 the
    process is ten times as fast, and every tenth event is an order."""
    alive_days = np.minimum(truth["last_day_alive"], days) - truth["first_day"]
    count = chance.poisson(truth["orders_per_day"] * truth["rhythm"] * max(shop.season) * alive_days)
    later = truth.loc[truth.index.repeat(count)]
    later = later.assign(day=later["first_day"] + np.floor(chance.random(len(later)) * alive_days.loc[later.index]))
    later = later[chance.random(len(later)) < shop.rates(_dates(start, later["day"])) / max(shop.season)]
    place = later.groupby("customer_id")["day"].rank(method="first")
    orders = pd.concat([truth.assign(day=truth["first_day"]), later[place % later["rhythm"] == 0]])
    orders = orders.drop_duplicates(["customer_id", "day"], ignore_index=True)
    return orders[["customer_id", "day", "mean_order_value"]]


def _dates(start: pd.Timestamp, day: pd.Series) -> pd.DatetimeIndex:
    return pd.DatetimeIndex(start + pd.to_timedelta(day, unit="D"))


def true_clv(truth: pd.DataFrame, first_day: str, cutoff: str, horizon_days: int, shop: Shop = _MILD) -> pd.Series:
    """Returns the expected net revenue in [cutoff, cutoff + horizon_days) of each customer, in currency.

    Rate, mean order value, last day alive, season and price rise are known; order times, values and returns are averaged. The days
    since the last order are averaged too, although they tell more of a customer with a rhythm.

    Args:
        truth: of simulate().
        first_day, cutoff: YYYY-MM-DD.
        horizon_days: how far ahead.
        shop: the one that was simulated.
    Returns:
        One value a customer, index customer_id; 0 for those who ended before the cutoff.
    """
    begin = (pd.Timestamp(cutoff) - pd.Timestamp(first_day)).days
    calendar = pd.date_range(cutoff, periods=horizon_days)
    until = np.concatenate([[0.0], np.cumsum(shop.rates(calendar) * shop.prices(calendar))])
    left = np.clip(np.floor(truth["last_day_alive"] - begin), 0, horizon_days).astype(int)
    clv = truth["orders_per_day"] * truth["mean_order_value"] * until[left] * (1 - _RETURN_SHARE)
    return pd.Series(clv.to_numpy(), index=truth["customer_id"], name="true_clv")
