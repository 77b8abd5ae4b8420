"""The probability model of one history's customers, from a feature table to what each of them will bring."""

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import pandas as pd

from clv.model.btyd.gamma_gamma import GammaGamma, fit_spend
from clv.model.btyd.kept import KeptShare, fit_kept
from clv.model.btyd.purchases import PurchaseModel, fit_purchases

NEEDS = (
    *("tenure_days", "placed_recency_days", "placed_orders", "placed_order_value"),
    *("average_order_value", "recency_days", "frequency", "kept_revenue"),
    *("season_of_orders", "season_of_value"),
)
READ = (
    "btyd_purchases",
    "btyd_alive",
    "btyd_spend",
    "btyd_placed_revenue",
)  # what corrections may read: neither refunds nor the season move it
ANSWERS = (*READ, "btyd_kept", "btyd_orders", "btyd_season", "btyd_revenue")


@dataclass(frozen=True)
class Customers:
    """How the customers of one history order, spend, and keep what they ordered."""

    purchases: PurchaseModel
    spend: GammaGamma
    kept: KeptShare


@dataclass(frozen=True)
class _Placed:
    """Orders as they were placed: x, t_x and T in days, and the mean value of an order."""

    x: np.ndarray
    t_x: np.ndarray
    T: np.ndarray
    value: np.ndarray

    @classmethod
    def of(cls, features: pd.DataFrame) -> Self:
        recency, orders, T, value = (
            features[name].to_numpy("float64")
            for name in ("placed_recency_days", "placed_orders", "tenure_days", "average_order_value")
        )
        return cls(orders - 1, T - recency, T, value)

    @property
    def ordered(self) -> np.ndarray:
        """The value of a customer's orders, in currency."""
        return (self.x + 1) * self.value


def fit(features: pd.DataFrame, kind: str, start: Customers | None = None) -> Customers:
    """Returns the most likely model of a feature table's customers.

    Args:
        features: the columns of NEEDS, one row a customer.
        kind: a name of MODELS.
        start: of another history of the same customers; spares the search among several starts.
    Raises:
        InputError: no order has a positive value, or no start converges.
    """
    placed = _Placed.of(features)
    # season time has fractions of a day; equal histories in whole days count once
    x, t_x, T = (values.round() for values in (placed.x, placed.t_x, placed.T))
    purchases = fit_purchases(kind, x, t_x, T, start.purchases if start else None)
    spend = fit_spend(placed.x + 1, placed.value, start.spend if start else None)
    kept = fit_kept(placed.x + 1, _kept(features), placed.ordered)
    # with a smaller prior, a refund on the day of its order would raise the share faster than it lowers the spend
    return Customers(purchases, spend, replace(kept, prior=max(kept.prior, spend.gamma)))


def expected(customers: Customers, features: pd.DataFrame, horizon_days: int) -> pd.DataFrame:
    """Returns what each customer will do in the horizon after the cutoff.

    Args:
        customers: parameters in days and currency.
        features: the columns of NEEDS, one row a customer.
        horizon_days: how far ahead.
    Returns:
        One row per row of the features. Of an average horizon: btyd_purchases (orders), btyd_alive (probability, 0 to 1), btyd_spend
        (value of an order, in currency), btyd_placed_revenue (in currency: orders x value x the share that everybody keeps). Then
        btyd_kept (share that the customer is expected to keep, 0 to 1), and of this horizon: btyd_orders, btyd_season (what it brings
        beside an average one), btyd_revenue (net revenue, in currency: orders x value less refunds x the share that is kept).
        A refund changes btyd_kept and btyd_revenue alone, and never raises the latter.

    >>> from clv.model.btyd import MODELS
    >>> customers = Customers(MODELS["bg_nbd"](r=0.24, alpha=31, a=0.79, b=2.43), GammaGamma(6.25, 3.74, 15.44), KeptShare(1.0, 0.0))
    >>> ann = {"tenure_days": [270], "placed_recency_days": [60], "placed_orders": [3], "placed_order_value": [20.0]}
    >>> ann |= {"recency_days": [60], "frequency": [2], "average_order_value": [20.0], "kept_revenue": [60.0]}
    >>> ann |= {"season_of_orders": [1.5], "season_of_value": [1.0]}
    >>> expected(customers, pd.DataFrame(ann), horizon_days=90).round(2).to_dict("records")[0]  # doctest: +NORMALIZE_WHITESPACE
    {'btyd_purchases': 0.45, 'btyd_alive': 0.73, 'btyd_spend': 21.94, 'btyd_placed_revenue': 9.96, 'btyd_kept': 1.0,
     'btyd_orders': 0.66, 'btyd_season': 1.46, 'btyd_revenue': 14.49}
    """
    placed, kept = _Placed.of(features), _kept(features)
    folds, values = (features[name].to_numpy("float64") for name in ("season_of_orders", "season_of_value"))
    alive = customers.purchases.p_alive(placed.x, placed.t_x, placed.T)
    orders = alive * customers.purchases.expected_if_alive(horizon_days, placed.x, placed.T)
    seasonal = alive * customers.purchases.expected_if_alive(horizon_days * folds, placed.x, placed.T)
    season = np.divide(seasonal, orders, out=folds.copy(), where=orders > 0) * values
    spend = customers.spend.expected(placed.x + 1, features["placed_order_value"].to_numpy("float64"))
    share = customers.kept.expected(kept, placed.ordered)
    revenue = orders * customers.spend.expected(placed.x + 1, placed.value) * share
    cancelled = features["frequency"].to_numpy("float64") < placed.x
    if cancelled.any():
        most = _without_cancelled(customers, features[cancelled], horizon_days)
        revenue[cancelled] = np.minimum(revenue[cancelled], most)
    return pd.DataFrame(
        {
            "btyd_purchases": orders,
            "btyd_alive": alive,
            "btyd_spend": spend,
            "btyd_placed_revenue": orders * spend * customers.kept.everybody,
            "btyd_kept": share,
            "btyd_orders": seasonal,
            "btyd_season": season,
            "btyd_revenue": revenue * season,
        },
        index=features.index,
    )


def behaviour(customers: Customers, features: pd.DataFrame, horizon_days: int) -> pd.DataFrame:
    """Returns what each customer does in the horizon after the cutoff, in its season, whatever an order brings.

    Args:
        customers: parameters in days.   features: the columns of NEEDS, one row a customer.   horizon_days: how far ahead.
    Returns:
        p_alive (probability of still being a customer), p_buy (of an order in the horizon; never above p_alive), expected_orders.

    >>> from clv.model.btyd import MODELS
    >>> customers = Customers(MODELS["bg_nbd"](r=0.24, alpha=31, a=0.79, b=2.43), GammaGamma(6.25, 3.74, 15.44), KeptShare(1.0, 0.0))
    >>> ann = {"tenure_days": [270], "placed_recency_days": [60], "placed_orders": [3], "average_order_value": [20.0]}
    >>> behaviour(customers, pd.DataFrame(ann | {"season_of_orders": [1.0]}), horizon_days=90).round(2).to_dict("records")[0]
    {'p_alive': 0.73, 'p_buy': 0.32, 'expected_orders': 0.45}
    """
    placed = _Placed.of(features)
    horizon = horizon_days * features["season_of_orders"].to_numpy("float64")
    alive = customers.purchases.p_alive(placed.x, placed.t_x, placed.T)
    answers = {
        "p_alive": alive,
        "p_buy": alive * customers.purchases.p_order_if_alive(horizon, placed.x, placed.T),
        "expected_orders": alive * customers.purchases.expected_if_alive(horizon, placed.x, placed.T),
    }
    return pd.DataFrame(answers, index=features.index)


def _without_cancelled(customers: Customers, features: pd.DataFrame, horizon_days: int) -> np.ndarray:
    """Net revenue of customers as if they had never placed the orders that they cancelled, in currency.

    The probability model may expect more of a customer with fewer orders: ten orders and a long silence say gone, one order and the
    same silence says slow. Were that taken as it is, a refund could raise a prediction. So it is the most that any number of
    orders, up to those that were kept, would give: it falls with every order that is cancelled.
    """
    kept, x = _kept(features), features["frequency"].to_numpy("float64")
    T = features["tenure_days"].to_numpy("float64")
    t_x, p, q = T - features["recency_days"].to_numpy("float64"), customers.spend.p, max(customers.spend.q - 1, 1e-3)
    most = np.zeros(len(features))
    for fewer in range(int(x.max()) + 1):
        rows = x >= fewer
        repeats = np.full(rows.sum(), float(fewer))
        orders = customers.purchases.expected_purchases(horizon_days, repeats, t_x[rows], T[rows])
        most[rows] = np.maximum(most[rows], orders * p / (p * (repeats + 1) + q))
    return most * (customers.spend.gamma + kept) * customers.kept.expected(kept, kept)


def _kept(features: pd.DataFrame) -> np.ndarray:
    return np.maximum(features["kept_revenue"].to_numpy("float64"), 0)
