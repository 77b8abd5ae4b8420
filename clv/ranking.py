"""Customers in the order of their predicted CLV."""

import datetime as dt
from collections.abc import Mapping

import duckdb
import numpy as np
import pandas as pd


def scores(features: pd.DataFrame, predicted: pd.DataFrame) -> pd.DataFrame:
    """Returns one row per customer, in the order of the features.

    Args:
        features: n rows; lifecycle_stage, and customer_id if the customers have one.
        predicted: of model.predict(), for the rows of the features; further columns are taken over.
    Returns:
        customer_id; the columns of predicted (amounts, probabilities) with 4 decimals; lifecycle_stage.
    """
    columns = {name: column.to_numpy() for name, column in predicted.round(4).items()}
    ids = {"customer_id": features["customer_id"]} if "customer_id" in features else {}
    return pd.DataFrame({**ids, **columns, "lifecycle_stage": features["lifecycle_stage"]})


def rank(scored: duckdb.DuckDBPyRelation, known: Mapping[str, str | int]) -> duckdb.DuckDBPyRelation:
    """Returns one row per customer, highest predicted CLV first; ties are broken by customer_id as text.

    Args:
        scored: of scores(), of any number of customers; they need not fit into memory.
        known: columns that all customers have in common, such as the number of the model version.
    Returns:
        customer_id; predicted_clv (currency over the horizon, 4 decimals); clv_rank (1 = highest); clv_percentile (percent of
        customers ranked here or below, 100 = highest); the other columns of scored; those of `known`.

    >>> scored = duckdb.from_df(pd.DataFrame({"customer_id": ["ann", "bob"], "predicted_clv": [5.0, 7.5]}))
    >>> rank(scored, {"model_version": "3"}).fetchall()
    [('bob', 7.5, 1, 100.0, '3'), ('ann', 5.0, 2, 50.0, '3')]
    """
    number = scored.aggregate("COUNT(*)").fetchall()[0][0]
    ordered = scored.order("predicted_clv DESC, customer_id").project("*, ROW_NUMBER() OVER () AS clv_rank")
    percentile = f"ROUND_EVEN(CAST(100.0 * ({number} - clv_rank + 1) AS DOUBLE) / {number}, 4) AS clv_percentile"
    others = [name for name in scored.columns if name not in ("customer_id", "predicted_clv")]
    constants = [f"{_literal(value)} AS {name}" for name, value in known.items()]
    return ordered.project(", ".join(["customer_id", "predicted_clv", "clv_rank", percentile, *others, *constants]))


def _literal(value: str | int) -> str:
    return str(value) if isinstance(value, int) else "'" + value.replace("'", "''") + "'"


def past(features: pd.DataFrame, as_of: dt.date) -> pd.DataFrame:
    """Returns what a person knows a customer by, as it was paid and by the calendar.

    Args:
        features: n rows; placed_orders, calendar_revenue_total, calendar_recency_days (days before the day of the scoring).
        as_of: the day of the scoring.
    Returns:
        orders (days with an order, cancelled ones too), revenue_total (net revenue so far, 2 decimals), last_order (YYYY-MM-DD); the
        index of the features.

    >>> ann = pd.DataFrame({"placed_orders": [3], "calendar_revenue_total": [59.9], "calendar_recency_days": [31]})
    >>> past(ann, dt.date(2011, 6, 1)).to_dict("records")
    [{'orders': 3, 'revenue_total': 59.9, 'last_order': '2011-05-01'}]
    """
    days = pd.to_timedelta(features["calendar_recency_days"].astype("int64"), unit="D")
    return pd.DataFrame(
        {
            "orders": features["placed_orders"].astype("int64"),
            "revenue_total": features["calendar_revenue_total"].astype("float64").round(2),
            "last_order": (pd.Timestamp(as_of) - days).dt.strftime("%Y-%m-%d"),
        }
    )


def moved(now: pd.DataFrame, before: pd.DataFrame) -> pd.DataFrame:
    """Returns the customers of both rankings by how much their predicted CLV changed, most first.

    Args:
        now, before: of rank().
    Returns:
        customer_id, lifecycle_stage, rank_before, rank_now, clv_before, clv_now, clv_change (currency over the horizon), top_decile
        (enters, leaves, or nothing). Customers with equal predictions share the mean of their ranks: a tie that is broken by their
        ids is not a move.
    """
    sides = [
        pd.DataFrame(
            {
                "customer_id": table["customer_id"],
                f"rank_{when}": table["predicted_clv"].rank(ascending=False),
                f"clv_{when}": table["predicted_clv"],
            }
        )
        for table, when in ((before, "before"), (now, "now"))
    ]
    table = now[["customer_id", "lifecycle_stage"]].merge(sides[0], on="customer_id").merge(sides[1], on="customer_id")
    table = table[["customer_id", "lifecycle_stage", "rank_before", "rank_now", "clv_before", "clv_now"]]
    top = max(len(table) // 10, 1)
    is_in, was_in = table["rank_now"] <= top, table["rank_before"] <= top
    crosses = np.select([is_in & ~was_in, was_in & ~is_in], ["enters", "leaves"], "")
    table = table.assign(clv_change=(table["clv_now"] - table["clv_before"]).round(4), top_decile=crosses)
    order = table["clv_change"].abs().sort_values(ascending=False, kind="stable").index
    return table.loc[order].reset_index(drop=True)


def tied(table: pd.DataFrame) -> float:
    """Returns the share of customers who have the commonest prediction, 0 to 1. table: of rank()."""
    return float(table["predicted_clv"].value_counts(normalize=True).iloc[0]) if len(table) else 0.0


def agreement(both: pd.DataFrame) -> dict[str, float]:
    """Returns how alike two rankings are.

    Args:
        both: of moved().
    Returns:
        customers; top_decile_overlap (share of the top decile that stays in it, 0 to 1); rank_correlation (Spearman's: 1 the
        same order, 0 unrelated, -1 the reverse).
    """
    top = max(len(both) // 10, 1)
    stays = (both["rank_before"] <= top) & (both["rank_now"] <= top)
    spearman = both["rank_before"].corr(both["rank_now"]) if len(both) > 1 else 1.0
    return {"customers": len(both), "top_decile_overlap": float(stays.sum() / top), "rank_correlation": float(spearman)}
