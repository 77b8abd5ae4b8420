"""The feature table at one cutoff: one row per customer, from purchases before the cutoff alone."""

import datetime as dt
import hashlib
import re
from pathlib import Path

import duckdb
import jinja2
import numpy as np
import pandas as pd

from clv import dialects
from clv.features.definition import OF_THE_HORIZON, Definition
from clv.season import NONE, Season

_SQL = Path(__file__).parent / "sql"
_SNAPSHOT = jinja2.Template((_SQL / "snapshot.sql").read_text(), undefined=jinja2.StrictUndefined)

# Gaps look back from each order, so one pass serves every cutoff. An order's value is the day's net revenue, at least 0.
HISTORY = (_SQL / "history.sql").read_text()
_HISTORY = jinja2.Template(HISTORY, undefined=jinja2.StrictUndefined)


def history(purchases: duckdb.DuckDBPyRelation, season: Season = NONE) -> duckdb.DuckDBPyRelation:
    """Returns purchases in season time, with the days of each customer's previous and next order; good for every cutoff.

    Args:
        purchases: one row per customer and day: customer_id, order_date, revenue, positive_revenue, orders.
        season: of the definition whose features are wanted.
    """
    return _queried(purchases, "purchases", history_query(season))


def snapshot(history: duckdb.DuckDBPyRelation, cutoff: dt.date, definition: Definition) -> pd.DataFrame:
    """Returns the features of every customer with an order before the cutoff.

    Args:
        history: of history().
        cutoff: first day that the features may not see.
        definition: which columns.
    Returns:
        One row per customer in the order of customer_id: customer_id, lifecycle_stage (new, active, lagging, dormant, lost), then
        float32 columns; missing where a value does not exist (gaps of a customer with one order).
    """
    return _queried(history, "history", snapshot_query(cutoff, definition)).order("customer_id").df()


def history_query(season: Season = NONE, days: str | None = None) -> str:
    """Returns the SQL of history() on `purchases`, in DuckDB's dialect; clv.dialects says it in another one.

    Args: days: a table that days_query() made, to read the days of the season from; None: they stand in the text, which takes longer to parse than some
        customers' features take.
    """
    if days is None:
        return _HISTORY.render(days=_days(season))
    return re.sub(rf"\(VALUES\s+\({days}\)\s+\) AS days", f"{days} AS days", _HISTORY.render(days=[[days]]))


def days_query(season: Season) -> str:
    """Returns the SQL of the days of a year in season time."""
    rows = ", ".join(f"({', '.join(day)})" for day in _days(season))
    return f"SELECT * FROM (VALUES {rows})"


def snapshot_query(cutoff: dt.date, definition: Definition) -> str:
    """Returns the SQL of snapshot() on `history`, in any order of the customers, in DuckDB's dialect; clv.dialects says it in another one."""
    return _SNAPSHOT.render(
        calendar_day=(cutoff - dt.date(1970, 1, 1)).days,
        cutoff_day=f"{definition.season.day(cutoff):.3f}",
        horizon_season_days=f"{definition.horizon_days * definition.season_of_orders(cutoff):.3f}",
        numbers=definition.numbers(cutoff),
        **definition.as_dict(),
    )


def statements(dialect: str, table: str, cutoff: dt.date, definition: Definition) -> tuple[str, str]:
    """Returns two statements for a person to run in a warehouse: the first makes `TABLE_history`, the second is the feature table.

    Args:
        dialect: one of dialects.NAMES. Its parser took the statements in our tests; nobody but Spark has run them.
        table: purchases, one row per customer and day: customer_id (text), order_date (date), revenue and positive_revenue
            (decimals with 4 digits), orders (0 or 1).
        cutoff, definition: of snapshot().
    Raises:
        UserError: the dialect is not known, or lacks what the features need.
    """
    history = dialects.said(history_query(definition.season), dialect, {"purchases": table})
    features = dialects.said(snapshot_query(cutoff, definition), dialect, {"history": f"{table}_history"})
    return f"CREATE TABLE {table}_history AS\n{history}", features


def in_average_season(table: pd.DataFrame) -> pd.DataFrame:
    """Returns a feature table as if its horizon were an average stretch of the year."""
    return table.assign(**dict.fromkeys(OF_THE_HORIZON, 1.0))


def digest(definition: Definition) -> str:
    """Returns 16 hexadecimal digits of what the columns mean: of the SQL at some cutoff without its comments and blanks.

    They change when a column comes to mean something else; versions and baselines of before are refused from then on.
    """
    text = HISTORY + snapshot_query(dt.date(2000, 1, 1), definition)
    plain = " ".join(line.split("--")[0] for line in text.splitlines())
    return hashlib.sha256(" ".join(plain.split()).encode()).hexdigest()[:16]


def _queried(table: duckdb.DuckDBPyRelation, name: str, query: str) -> duckdb.DuckDBPyRelation:
    rows = table.query(name, query)
    assert rows is not None  # DuckDB's types allow None, for statements that return no rows
    return rows


def _days(season: Season) -> list[list[str]]:
    """The days of a year: their number, then season time since 1 January and the worth of an amount, in a plain and in a leap year."""
    columns = [[str(number) for number in range(1, 367)]]
    for is_leap in (False, True):
        offsets, values = (np.resize(curve, 366) for curve in (season.offsets(is_leap), season.values(is_leap)))
        columns += [[f"{day:.3f}" for day in offsets], [f"{1 / value:.6f}" for value in values]]
    return [list(row) for row in zip(*columns, strict=True)]
