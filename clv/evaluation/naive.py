"""Predictions that need no model: what every model must beat on the same customers."""

import numpy as np
import pandas as pd

ORDER_GROUPS = ["1 order", "2 orders", "3-5 orders", "6 orders and more"]


def predictions(
    features: pd.DataFrame, training_mean: float, last_horizon: np.ndarray, horizon_days: int
) -> dict[str, np.ndarray]:
    """Three naive predictions of net revenue in the horizon for each row of the feature table.

    Args: training_mean: mean label of the newest training snapshot.   last_horizon: net revenue of each customer in the
          horizon before the cutoff.

    naive_mean: the training mean.   naive_rate: spend per day so far (over at least 30 days) times the horizon, at least 0.
    naive_last: the last horizon carried forward.
    """
    return {
        "naive_mean": np.full(len(features), training_mean),
        "naive_rate": features["revenue_per_day"].to_numpy("float64").clip(min=0) * horizon_days,
        "naive_last": last_horizon,
    }


def by_orders(features: pd.DataFrame) -> pd.Series:
    """The group of each customer by the number of orders so far: 1, 2, 3-5, 6 and more."""
    orders = features["frequency"] + 1
    return pd.cut(orders, [0, 1, 2, 5, np.inf], labels=ORDER_GROUPS).astype(str)


def group_means(training: pd.DataFrame, features: pd.DataFrame) -> np.ndarray:
    """For each row of the features the mean label of the training customers with as many orders; of all where there are none."""
    means = training["actual_clv"].groupby(by_orders(training)).mean()
    return by_orders(features).map(means).fillna(training["actual_clv"].mean()).to_numpy("float64")
