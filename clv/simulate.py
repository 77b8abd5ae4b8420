"""Purchase histories with known true CLV: Poisson orders until an unseen end, seasons, returns, and a skew of spend."""

import numpy as np
import pandas as pd

# relative order rate, January to December
SEASON = np.array([0.85, 0.85, 0.95, 1.0, 1.0, 0.95, 0.9, 0.9, 1.0, 1.05, 1.25, 1.4])
_RETURN_SHARE, _RETURN_DELAY_DAYS = 0.06, 14


def simulate(customers: int, first_day: str, days: int, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Returns the orders of a shop that is already running on the first day and wins new customers at a steady pace.

    Orders come at a gamma-distributed rate until an exponentially distributed end (Pareto/NBD); order values are
    log-normal around a customer's own mean; 6 % of orders are returned within two weeks.

    Args:
        customers: number of them.
        first_day: YYYY-MM-DD.
        days: length of the history.
        seed: of every draw.
    Returns:
        Transactions: customer_id, order_date (YYYY-MM-DD), revenue (currency, below 0 for a return); sorted by date and customer.
        Truth: customer_id, orders_per_day, mean_order_value (currency), last_day_alive (days after the first); what true_clv needs.
    Source:
        Schmittlein, Morrison and Colombo (1987), Counting Your Customers, doi:10.1287/mnsc.33.1.1.

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
            "mean_order_value": np.exp(chance.normal(3.6, 0.7, customers)),
            "days_alive": chance.exponential(chance.gamma(2.0, 250, customers)),
        }
    )
    truth["last_day_alive"] = truth["first_day"] + truth["days_alive"]
    orders = _orders(truth, days, start, chance)
    value = orders["mean_order_value"].to_numpy() * np.exp(chance.normal(-0.125, 0.5, len(orders)))
    orders["revenue"] = np.round(np.maximum(value, 1.0), 2)
    returned = orders[chance.random(len(orders)) < _RETURN_SHARE].copy()
    returned["day"] += chance.integers(1, _RETURN_DELAY_DAYS + 1, len(returned))
    returned["revenue"] = -returned["revenue"]
    rows = pd.concat([orders, returned])
    rows = rows[(rows["day"] >= 0) & (rows["day"] < days)]
    rows["order_date"] = (start + pd.to_timedelta(rows["day"], unit="D")).dt.strftime("%Y-%m-%d")
    rows = rows.sort_values(["order_date", "customer_id", "revenue"], ignore_index=True)
    return rows[["customer_id", "order_date", "revenue"]], truth.drop(columns=["first_day", "days_alive"])


def _orders(truth: pd.DataFrame, days: int, start: pd.Timestamp, chance: np.random.Generator) -> pd.DataFrame:
    """One row per order: the first day of each customer, then a Poisson process thinned to the season."""
    alive_days = np.minimum(truth["last_day_alive"], days) - truth["first_day"]
    count = chance.poisson(truth["orders_per_day"] * SEASON.max() * alive_days)
    later = truth.loc[truth.index.repeat(count)]
    day = later["first_day"] + np.floor(chance.random(len(later)) * alive_days.loc[later.index])
    month = (start + pd.to_timedelta(day, unit="D")).dt.month.to_numpy() - 1
    kept = chance.random(len(later)) < SEASON[month] / SEASON.max()
    orders = pd.concat([truth.assign(day=truth["first_day"]), later.assign(day=day)[kept]])
    return orders.drop_duplicates(["customer_id", "day"])[["customer_id", "day", "mean_order_value"]].reset_index(
        drop=True
    )


def true_clv(truth: pd.DataFrame, first_day: str, cutoff: str, horizon_days: int) -> pd.Series:
    """Returns the expected net revenue in [cutoff, cutoff + horizon_days) of each customer, in currency.

    Rate, mean order value and last day alive are known; order times, values and returns are averaged.

    Args:
        truth: of simulate().
        first_day, cutoff: YYYY-MM-DD.
        horizon_days: how far ahead.
    Returns:
        One value a customer, index customer_id; 0 for those who ended before the cutoff.
    """
    begin = (pd.Timestamp(cutoff) - pd.Timestamp(first_day)).days
    calendar = pd.date_range(cutoff, periods=horizon_days)
    season = np.concatenate([[0.0], np.cumsum(SEASON[calendar.month.to_numpy() - 1])])
    left = np.clip(np.floor(truth["last_day_alive"] - begin), 0, horizon_days).astype(int)
    clv = truth["orders_per_day"] * truth["mean_order_value"] * season[left] * (1 - _RETURN_SHARE)
    return pd.Series(clv.to_numpy(), index=truth["customer_id"], name="true_clv")
