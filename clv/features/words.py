"""The columns of the feature table, and of the probability model, in plain words."""

import re

_WORDS = {
    "recency_days": "days since the last order that was not cancelled",
    "tenure_days": "days since the first order",
    "frequency": "repeat orders that were not cancelled",
    "kept_revenue": "what refunds left of all orders",
    "placed_orders": "orders, cancelled ones too",
    "placed_recency_days": "days since the last order",
    "revenue_total": "net revenue so far",
    "revenue_per_day": "net revenue a day since the first order",
    "placed_order_value": "mean value of an order",
    "average_order_value": "mean value of an order, less what was refunded on its day",
    "last_order_value": "value of the last order",
    "first_order_value": "value of the first order",
    "largest_order_value": "value of the largest order",
    "gap_median_days": "days between orders, usually (median)",
    "gap_mean_days": "days between orders, on average",
    "gap_std_days": "how much the days between orders vary",
    "gap_max_days": "longest gap between orders, in days",
    "gap_last_days": "days between the last two orders",
    "recency_over_gap": "days since the last order, in gaps of the customer's own",
    "return_share": "share of revenue that was returned",
    "active_months": "months (30 days, counted back) with an order",
    "active_month_share": "share of months (30 days, counted back) with an order",
    "revenue_same_window_last_year": "value of orders in the same days of last year",
    "season_of_orders": "orders in the horizon, beside those of an average stretch as long",
    "season_of_value": "value of an order in the horizon, beside its mean over the year",
    "calendar_recency_days": "days since the last order, by the calendar",
    "calendar_tenure_days": "days since the first order, by the calendar",
    "calendar_revenue_total": "net revenue so far, as it was paid",
    "btyd_orders": "what the probability model expects: orders in the horizon",
    "btyd_season": "what the season makes of the horizon",
    "btyd_placed_revenue": "what the probability model expects before the customer's own refunds: revenue in an average horizon",
    "btyd_kept": "share of an order that the customer is expected to keep",
    "btyd_revenue": "what the probability model expects: revenue in the horizon",
    "btyd_purchases": "what the probability model expects: orders in an average horizon",
    "btyd_alive": "chance, by the probability model, of still being a customer",
    "btyd_spend": "what the probability model expects an order to be worth",
}


def in_words(name: str) -> str:
    """Returns a column's name in plain words; the name itself where there are none.

    >>> in_words("revenue_30d")
    'value of orders in the last 30 days'
    >>> in_words("orders_decayed_90d")
    'orders, an order weighing half after 90 days'
    """
    if windowed := re.fullmatch(r"(revenue|orders)_(decayed_)?(\d+)d", name):
        what, decayed, days = windowed.groups()
        what = "value of orders" if what == "revenue" else "orders"
        return f"{what}, an order weighing half after {days} days" if decayed else f"{what} in the last {days} days"
    return _WORDS.get(name, name)
