"""The fitted purchase and spend models beside what customers did: the tables behind the pictures of the BTYD literature."""

import datetime as dt

import duckdb
import numpy as np
import pandas as pd

from clv.model import btyd
from clv.season import Season

_WEEK = 7
_MOST_ORDERS, _LEAST_ORDERS = 20, 6  # columns of the table by orders and recency
_RECENCIES = 40  # rows of that table


def orders_by_week(purchases: duckdb.DuckDBPyRelation, cutoff: dt.date, until: dt.date) -> pd.DataFrame:
    """Returns what the customers known at a cutoff ordered again, week by week, before and after it.

    Args:
        purchases: one row per customer and day: customer_id, order_date, revenue (currency), orders (0 or 1).
        cutoff: first day of a week; customers whose first order comes later are left out.
        until: first day that has not been seen; a week that it cuts is left out.
    Returns:
        One row per week from the first order on: week (first day), orders (repeat orders), revenue (of these, less what was refunded
        on the same day; in currency).
    """
    orders = purchases.filter(f"orders > 0 AND order_date < DATE '{until}'").set_alias("orders")
    first = orders.aggregate("customer_id, MIN(order_date) AS first_day", "customer_id")
    known = orders.join(first.filter(f"first_day < DATE '{cutoff}'").set_alias("known"), "customer_id")
    number = f"FLOOR((CAST(order_date AS DATE) - DATE '{cutoff}') / {_WEEK}.0)"
    counts = known.project(f"{number} AS number, order_date > first_day AS is_repeat, GREATEST(revenue, 0) AS revenue")
    sums = ", ".join(
        f"CAST(SUM(CASE WHEN is_repeat THEN {value} ELSE 0 END) AS DOUBLE) AS {name}"
        for value, name in (("1", "orders"), ("revenue", "revenue"))
    )
    table = counts.aggregate(f"CAST(number AS INTEGER) AS number, {sums}", "number").df().set_index("number")
    numbers = np.arange(table.index.min() if len(table) else 0, (until - cutoff).days // _WEEK)
    weeks = [cutoff + dt.timedelta(days=_WEEK * int(number)) for number in numbers]
    return (
        table.reindex(numbers, fill_value=0.0).reset_index(drop=True).assign(week=weeks)[["week", "orders", "revenue"]]
    )


def tracking(
    customers: btyd.Customers, features: pd.DataFrame, weekly: pd.DataFrame, cutoff: dt.date, season: Season
) -> pd.DataFrame:
    """Returns what customers ordered again beside what the purchase model expects of them, week by week.

    The expectation is that of a customer of whom only the day of the first order is known, E[X(t)], summed over the customers: the
    model is not told what it is compared with. Its time is that of the season: t is the season time since the first order.

    Args:
        customers: the model, fitted on what came before the cutoff.
        features: of every customer at the cutoff; tenure_days (season time since the first order), placed_orders,
            average_order_value (currency).
        weekly: of orders_by_week().
        season: of the definition of the features.
    Returns:
        week (first day), is_holdout (whether it lies after the cutoff), orders, expected_orders, revenue, expected_revenue (currency).
        The expected revenue is that of the expected orders: each at what the spend model expects an order of its customer to be worth,
        averaged over the orders that were placed, times the season of the value.
    Source:
        The tracking plots of Fader, Hardie and Lee (2005), doi:10.1287/mksc.1040.0098.
    """
    ends = [*weekly["week"], weekly["week"].iloc[-1] + dt.timedelta(days=_WEEK)] if len(weekly) else []
    until = np.array([season.day(day) for day in ends])
    first, counts = np.unique(
        season.day(cutoff) - features["tenure_days"].to_numpy("float64").round(), return_counts=True
    )
    longest = max(until.max(initial=0) - first.min(initial=0), 1)
    days = np.arange(np.ceil(longest) + 1)
    one = btyd.expected_orders_until(customers.purchases, days)  # it bends little within a day
    total = np.array([counts @ np.interp(day - first, days, one) for day in until])
    expected = np.diff(total) if len(total) else total
    value = [season.fold_of_value(day, _WEEK) for day in weekly["week"]]
    return pd.DataFrame(
        {
            "week": weekly["week"],
            "is_holdout": [day >= cutoff for day in weekly["week"]],
            "orders": weekly["orders"],
            "expected_orders": expected.round(6),
            "revenue": weekly["revenue"],
            "expected_revenue": (expected * _worth(customers, features) * np.array(value)).round(6),
        }
    )


def _worth(customers: btyd.Customers, features: pd.DataFrame) -> float:
    """What the spend model expects an order to be worth, averaged over orders: who orders often counts often. In currency."""
    orders = features["placed_orders"].to_numpy("float64")
    return float(
        np.average(
            customers.spend.expected(orders, features["average_order_value"].to_numpy("float64")), weights=orders
        )
    )


def by_repeat_orders(customers: btyd.Customers, features: pd.DataFrame, most: int = 7) -> pd.DataFrame:
    """Returns how many customers placed how many repeat orders, beside what the purchase model expects of their tenures.

    Args:
        features: tenure_days, placed_orders.
        most: from so many on, customers are counted together.
    Returns:
        repeat_orders (0 to most, as text; the last one has a +), customers, expected (customers).
    Source:
        http://brucehardie.com/notes/014/, a fit histogram of the BG/NBD model.
    """
    repeats = np.minimum(features["placed_orders"].to_numpy("float64") - 1, most).astype(int)
    tenures, counts = np.unique(features["tenure_days"].to_numpy("float64").round(), return_counts=True)
    expected = [float(counts @ customers.purchases.p_count(number, tenures)) for number in range(most)]
    expected.append(max(len(features) - sum(expected), 0.0))
    return pd.DataFrame(
        {
            "repeat_orders": [*map(str, range(most)), f"{most}+"],
            "customers": np.bincount(repeats, minlength=most + 1),
            "expected": np.round(expected, 6),
        }
    )


def by_orders_before(
    customers: btyd.Customers, features: pd.DataFrame, ordered: pd.DataFrame, horizon_days: int, most: int = 7
) -> pd.DataFrame:
    """Returns what customers ordered in the horizon by the repeat orders that they had placed before it, beside what is expected of them.

    Args:
        features: of every customer at the cutoff; the columns of btyd.NEEDS.
        ordered: of windows.ordered(), in the horizon after the cutoff, in the order of the features; orders.
        horizon_days: length of the horizon.
        most: from so many repeat orders on, customers are counted together.
    Returns:
        repeat_orders (0 to most, as text; the last one has a +), customers, orders (mean of a customer), error (its standard error),
        expected (orders; mean of a customer).
    Source:
        The conditional expectations of Fader, Hardie and Lee (2005), doi:10.1287/mksc.1040.0098.
    """
    repeats = np.minimum(features["placed_orders"].to_numpy("float64") - 1, most).astype(int)
    expected = btyd.expected(customers, features, horizon_days)["btyd_orders"].to_numpy()
    table = pd.DataFrame({"repeats": repeats, "orders": ordered["orders"].to_numpy("float64"), "expected": expected})
    means = table.groupby("repeats").agg(
        customers=("orders", "size"), orders=("orders", "mean"), error=("orders", "sem"), expected=("expected", "mean")
    )
    names = [f"{number}+" if number == most else str(number) for number in means.index]
    return means.round(6).reset_index(drop=True).assign(repeat_orders=names)[["repeat_orders", *means.columns]]


def by_orders_and_recency(customers: btyd.Customers, features: pd.DataFrame, horizon_days: int) -> pd.DataFrame:
    """Returns what the purchase model expects of a customer by the number of orders and the days since the last one.

    The customer has a long tenure, that of which one customer in ten has more. The horizon is an average one of the year.

    Args:
        features: tenure_days, placed_orders; they say how far the table reaches.
        horizon_days: how far ahead.
    Returns:
        orders (2 and more; with a single order there is no choice), days_since_last_order, expected_orders (in the horizon), alive
        (probability, 0 to 1), tenure_days (the same in every row).
    """
    tenure = max(float(np.ceil(features["tenure_days"].quantile(0.9))), 3.0)
    repeating = features.loc[features["placed_orders"] >= 2, "placed_orders"]
    most = int(np.clip(repeating.quantile(0.98) if len(repeating) else 0, _LEAST_ORDERS, _MOST_ORDERS))
    orders, recency = (
        side.ravel() for side in np.meshgrid(np.arange(2, most + 1), np.linspace(1, tenure - 1, _RECENCIES).round(3))
    )
    history = orders - 1.0, tenure - recency, np.full(len(orders), tenure)
    return pd.DataFrame(
        {
            "orders": orders,
            "days_since_last_order": recency,
            "expected_orders": customers.purchases.expected_purchases(horizon_days, *history).round(6),
            "alive": customers.purchases.p_alive(*history).round(6),
            "tenure_days": tenure,
        }
    )


def by_spend(customers: btyd.Customers, features: pd.DataFrame, bins: int = 30) -> pd.DataFrame:
    """Returns how many customers spend how much on an order, beside what the spend model expects of as many orders.

    Args:
        features: placed_orders, average_order_value (currency); customers without a positive value are left out.
        bins: number of ranges, each as many times as wide as the one before; one customer in a thousand lies beyond either end.
    Returns:
        value_from, value_to (currency), customers, expected (customers).
    Source:
        Fader and Hardie (2013), http://brucehardie.com/notes/025/, eq. 1a, mixed over the numbers of orders.
    """
    bought = features[features["average_order_value"] > 0]
    mean = bought["average_order_value"].to_numpy("float64")
    ends = np.quantile(mean, [0.001, 0.999]) if len(mean) else np.array([1.0, 1.0])
    edges = np.geomspace(ends[0] * 0.99, ends[1] * 1.01, bins + 1)
    number, counts = np.unique(bought["placed_orders"].to_numpy("float64"), return_counts=True)
    fine = np.exp(np.linspace(np.log(edges[0]), np.log(edges[-1]), 8 * bins + 1))
    density = np.array([counts @ customers.spend.density(number, np.full(len(number), value)) for value in fine])
    below = np.concatenate([[0.0], np.cumsum(np.diff(fine) * (density[1:] + density[:-1]) / 2)])[::8]
    return pd.DataFrame(
        {
            "value_from": edges[:-1].round(6),
            "value_to": edges[1:].round(6),
            "customers": np.histogram(mean, edges)[0],
            "expected": np.diff(below).round(6),
        }
    )


def timeline(
    purchases: btyd.PurchaseModel, orders: pd.DataFrame, season: Season, until: dt.date, days_ahead: int = 0
) -> pd.DataFrame:
    """Returns the probability that one customer is still a customer, day by day.

    Args:
        orders: of the customer; order_date (one row a day with an order, at least one, before `until`).
        until: the day of the look; from then on no order is known.
        days_ahead: days after it, if no order comes.
    Returns:
        One row a day, from the day after the first order: day, alive (0 to 1), is_known (False from `until` on).
    """
    dates = sorted(pd.Timestamp(day).date() for day in orders["order_date"])
    placed = np.array([season.day(day) for day in dates])
    days = [dates[0] + dt.timedelta(days=number) for number in range(1, (until - dates[0]).days + days_ahead + 1)]
    now = np.array([season.day(day) for day in days])
    seen = np.searchsorted(
        [day.toordinal() for day in dates], [day.toordinal() for day in days]
    )  # orders before the day
    alive = purchases.p_alive(seen - 1.0, placed[seen - 1] - placed[0], now - placed[0])
    return pd.DataFrame({"day": days, "alive": alive.round(6), "is_known": [day <= until for day in days]})
