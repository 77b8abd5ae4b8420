"""Predictions that need no model: what every model must beat on the same customers."""

import numpy as np
import pandas as pd

ORDER_GROUPS = ["1 order", "2 orders", "3-5 orders", "6 orders and more"]


def predictions(
    features: pd.DataFrame, training_mean: float, last_horizon: np.ndarray, horizon_days: int
) -> dict[str, np.ndarray]:
    """Returns three naive predictions of net revenue in the horizon for each row of the feature table.

    Args:
        features: n rows; calendar_revenue_total (in currency), calendar_tenure_days.
        training_mean: mean label of the newest training snapshot, in currency.
        last_horizon: net revenue of each customer in the horizon before the cutoff, in currency.
        horizon_days: how far ahead.
    Returns:
        naive_mean: the training mean.
        naive_rate: revenue per day so far, over at least 30 days, times the horizon, at least 0.
        naive_last: the last horizon carried forward.
    """
    return {
        "naive_mean": np.full(len(features), training_mean),
        "naive_rate": (features["calendar_revenue_total"] / features["calendar_tenure_days"].clip(lower=30))
        .to_numpy("float64")
        .clip(min=0)
        * horizon_days,
        "naive_last": last_horizon,
    }


def by_orders(features: pd.DataFrame) -> pd.Series:
    """Returns the group of each customer by the number of orders so far. features: frequency (repeat orders).

    >>> by_orders(pd.DataFrame({"frequency": [0, 4, 5]})).tolist()
    ['1 order', '3-5 orders', '6 orders and more']
    """
    orders = features["frequency"] + 1
    return pd.cut(orders, [0, 1, 2, 5, np.inf], labels=ORDER_GROUPS).astype(str)


def group_means(training: pd.DataFrame, features: pd.DataFrame) -> np.ndarray:
    """Returns the mean label of the training customers with as many orders; of all of them where there are none.

    Args:
        training: labelled customers; frequency, actual_clv (in currency).
        features: n rows; frequency.
    Returns:
        n values, in currency.
    """
    means = training["actual_clv"].groupby(by_orders(training)).mean()
    return by_orders(features).map(means).fillna(training["actual_clv"].mean()).to_numpy("float64")
