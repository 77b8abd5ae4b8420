"""Predictions that need no model: what every model must beat on the same customers."""

import numpy as np
import pandas as pd


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
