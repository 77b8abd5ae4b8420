"""Customers in the order of their predicted CLV."""

import datetime as dt

import numpy as np
import pandas as pd


def rank(features: pd.DataFrame, predicted: pd.DataFrame, model_version: str, as_of: dt.date) -> pd.DataFrame:
    """One row per customer, highest predicted CLV first; ties are broken by customer_id as text.

    Args:    predicted: of model.predict(), for the rows of the features.
    Returns: customer_id; predicted_clv (currency over the horizon, 4 decimals); clv_rank (1 = highest); clv_percentile
             (percent of customers ranked here or below, 100 = highest); predicted_clv_low, predicted_clv_high;
             lifecycle_stage; model_version; as_of.
    """
    table = pd.DataFrame(
        {
            "customer_id": features["customer_id"],
            **{name: predicted[name].to_numpy().round(4) for name in predicted},
            "lifecycle_stage": features["lifecycle_stage"],
        }
    )
    table = table.sort_values(["predicted_clv", "customer_id"], ascending=[False, True], ignore_index=True)
    position = np.arange(len(table))
    table.insert(2, "clv_rank", position + 1)
    table.insert(3, "clv_percentile", np.round(100 * (len(table) - position) / max(len(table), 1), 4))
    return table.assign(model_version=model_version, as_of=as_of.isoformat())
