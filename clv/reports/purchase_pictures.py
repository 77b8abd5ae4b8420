"""How customers order, beside what the purchase model expects: the pictures that a training and the report have in common."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from clv.evaluation import purchase_model
from clv.model import btyd
from clv.reports import purchase_figures
from clv.reports.amounts import Money
from clv.season import Season


@dataclass(frozen=True)
class Purchases:
    """What the pictures are made from.

    customers: the purchase model.   features: of the customers at the cutoff.   weekly: of purchase_model.orders_by_week().
    ordered: of windows.ordered(), in the horizon after the cutoff; None where it has not come yet.
    """

    customers: btyd.Customers
    features: pd.DataFrame
    weekly: pd.DataFrame
    cutoff: dt.date
    season: Season
    horizon_days: int
    ordered: pd.DataFrame | None = None


def purchase_tables(seen: Purchases) -> dict[str, pd.DataFrame]:
    """Returns the tables behind the pictures: tracking, repeat_orders, orders_before, orders_and_recency, spend."""
    customers, features, days = seen.customers, seen.features, seen.horizon_days
    after = seen.ordered
    before = (
        {} if after is None else {"orders_before": purchase_model.by_orders_before(customers, features, after, days)}
    )
    return before | {
        "tracking": purchase_model.tracking(customers, features, seen.weekly, seen.cutoff, seen.season),
        "repeat_orders": purchase_model.by_repeat_orders(customers, features),
        "orders_and_recency": purchase_model.by_orders_and_recency(customers, features, days),
        "spend": purchase_model.by_spend(customers, features),
    }


def purchase_pictures(tables: Mapping[str, pd.DataFrame], horizon_days: int, money: Money) -> dict[str, Any]:
    """Returns the figures: tracking_orders, tracking_revenue, repeat_orders, orders_before (where there is a table), orders_and_recency, spend.

    Args: tables: of purchase_tables().   horizon_days: of the predictions.   money: how amounts are written.
    """
    before = tables.get("orders_before")
    pictures = {} if before is None else {"orders_before": purchase_figures.orders_before_chart(before, horizon_days)}
    return pictures | {
        "tracking_orders": purchase_figures.tracking_chart(tables["tracking"], "orders"),
        "tracking_revenue": purchase_figures.tracking_chart(tables["tracking"], "revenue", money),
        "repeat_orders": purchase_figures.repeat_orders_chart(tables["repeat_orders"]),
        "orders_and_recency": purchase_figures.heat_maps(tables["orders_and_recency"], horizon_days),
        "spend": purchase_figures.spend_chart(tables["spend"], money),
    }
