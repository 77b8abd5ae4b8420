"""The business week by week: orders, revenue and new customers, with the same week a year before."""

import datetime as dt

import duckdb
import pandas as pd

COUNTED = ("orders", "revenue", "new_customers")
_YEAR = 52  # weeks: the same day of the week


def by_week(purchases: duckdb.DuckDBPyRelation, until: dt.date, first_day: dt.date, weeks: int = _YEAR) -> pd.DataFrame:
    """Returns what each of the weeks before a day brought, and what the week 52 weeks before it did.

    Args:    purchases: one row per customer and day: customer_id, order_date, revenue, orders.
             until: the day after the last week.
             first_day: of the history; a week that begins before it is not known.
    Returns: one row a week, oldest first: begin (its first day), orders (days of a customer with one), revenue (net, in currency),
             new_customers (who ordered for the first time), and the three of the year before as NAME_last_year; NaN: not known.
    """
    numbers = range(weeks + _YEAR - 1, -1, -1)
    table = _counted(purchases.filter(f"order_date < DATE '{until}'"), until).reindex(numbers).fillna(0.0)
    table.insert(0, "begin", [until - dt.timedelta(days=7 * (number + 1)) for number in numbers])
    table.loc[table["begin"] < first_day, list(COUNTED)] = float("nan")
    last_year = table[list(COUNTED)].head(weeks).reset_index(drop=True).add_suffix("_last_year")
    return table.tail(weeks).reset_index(drop=True).join(last_year)


def _counted(purchases: duckdb.DuckDBPyRelation, until: dt.date) -> pd.DataFrame:
    """The three counts; index: whole weeks between the week and the day, 0 for the last one."""
    week = f"(DATE '{until}' - CAST(order_date AS DATE) - 1) // 7 AS week"
    sums = "week, CAST(SUM(orders) AS DOUBLE) AS orders, CAST(SUM(revenue) AS DOUBLE) AS revenue"
    brought = purchases.project(f"{week}, orders, revenue").aggregate(sums, "week").df()
    firsts = purchases.filter("orders > 0").aggregate("customer_id, MIN(order_date) AS order_date", "customer_id")
    new = firsts.project(week).aggregate("week, CAST(COUNT(*) AS DOUBLE) AS new_customers", "week").df()
    return brought.set_index("week").join(new.set_index("week"), how="outer")
