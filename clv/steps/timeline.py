"""One customer's orders over time, and the chance of still being a customer."""

import datetime as dt
from typing import Any

import duckdb

from clv import reports
from clv.evaluation import purchase_model
from clv.history import History
from clv.outcome import Run
from clv.registry import versions
from clv.registry.versions import Version

TIMELINE = "explain/timeline.png"


def timeline(run: Run, history: History, version: Version, day: dt.date) -> dict[str, Any]:
    """Returns the picture of the customer who was asked for, by the purchase model of a version: output -> figure.

    Args: day: orders from then on are not shown; the chance goes on for a horizon, as if none came.
    """
    customer = run.config.ask.customer
    wanted = duckdb.ColumnExpression("customer_id") == duckdb.ConstantExpression(customer)
    days = history.purchases.filter(wanted).filter(f"order_date < DATE '{day}'").order("order_date")
    orders = days.project("order_date, CAST(revenue AS DOUBLE) AS revenue, orders").df()
    bought, purchases = orders[orders["orders"] > 0], versions.load(version).customers.purchases
    alive = purchase_model.timeline(purchases, bought, version.definition.season, day, version.horizon_days)
    name = f"Customer {customer}" if run.config.tracking.log_customer_ids else "One customer"
    title = f"{name}, as of {day}, by version {version.number}"
    return {TIMELINE: reports.timeline_chart(title, alive, orders, reports.Money(run.config.data.currency))}
