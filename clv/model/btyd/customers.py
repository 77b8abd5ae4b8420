"""The probability model of one history's customers, from a feature table to what each of them will bring."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from clv.model.btyd.gamma_gamma import GammaGamma, fit_spend
from clv.model.btyd.purchases import PurchaseModel, fit_purchases

NEEDS = ("tenure_days", "recency_days", "frequency", "average_order_value", "revenue_total")
ANSWERS = ("btyd_purchases", "btyd_alive", "btyd_spend", "btyd_revenue")


@dataclass(frozen=True)
class Customers:
    """How the customers of one history order and spend. kept: share of the value of orders that was not returned, 0 to 1."""

    purchases: PurchaseModel
    spend: GammaGamma
    kept: float


def fit(features: pd.DataFrame, kind: str, start: Customers | None = None) -> Customers:
    """Returns the most likely model of a feature table's customers.

    Args:
        features: the columns of NEEDS, one row a customer.
        kind: a name of MODELS.
        start: of another history of the same customers; spares the search among several starts.
    Raises:
        InputError: no order has a positive value, or no start converges.
    """
    x, t_x, T, value = _histories(features)
    purchases = fit_purchases(kind, x, t_x, T, start.purchases if start else None)
    spend = fit_spend(x + 1, value, start.spend if start else None)
    kept = features["revenue_total"].to_numpy("float64").sum() / (value * (x + 1)).sum()
    return Customers(purchases, spend, float(np.clip(kept, 0, 1)))


def expected(customers: Customers, features: pd.DataFrame, horizon_days: int) -> pd.DataFrame:
    """Returns what each customer will do in the horizon after the cutoff.

    Args:
        customers: parameters in days and currency.
        features: the columns of NEEDS, one row a customer.
        horizon_days: how far ahead.
    Returns:
        One row per row of the features: btyd_purchases (orders), btyd_alive (probability, 0 to 1), btyd_spend (value of an
        order, in currency), btyd_revenue (net revenue, in currency: orders x value x the share that is kept).

    >>> from clv.model.btyd import MODELS
    >>> customers = Customers(MODELS["bg_nbd"](r=0.24, alpha=31, a=0.79, b=2.43), GammaGamma(6.25, 3.74, 15.44), kept=1.0)
    >>> ann = {"frequency": [2], "recency_days": [60], "tenure_days": [270], "average_order_value": [20.0], "revenue_total": [60.0]}
    >>> expected(customers, pd.DataFrame(ann), horizon_days=90).round(2).to_dict("records")
    [{'btyd_purchases': 0.45, 'btyd_alive': 0.73, 'btyd_spend': 21.94, 'btyd_revenue': 9.96}]
    """
    x, t_x, T, value = _histories(features)
    orders = customers.purchases.expected_purchases(horizon_days, x, t_x, T)
    spend = customers.spend.expected(x + 1, value)
    return pd.DataFrame(
        {
            "btyd_purchases": orders,
            "btyd_alive": customers.purchases.p_alive(x, t_x, T),
            "btyd_spend": spend,
            "btyd_revenue": orders * spend * customers.kept,
        },
        index=features.index,
    )


def _histories(features: pd.DataFrame) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """x, t_x and T in days, and the mean value of an order."""
    x, T = features["frequency"].to_numpy("float64"), features["tenure_days"].to_numpy("float64")
    return x, T - features["recency_days"].to_numpy("float64"), T, features["average_order_value"].to_numpy("float64")
