"""What it costs and brings to contact the best customers: a contact adds a share of what a customer brings anyway, less its cost."""

from dataclasses import dataclass

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class Terms:
    """What a contact costs and brings.

    contact_cost: of one customer, in currency.   response: share of a customer's CLV that a contact adds, 0 to 1.
    margin: share of revenue that is left after the cost of goods, 0 to 1.
    worth: of one unit of currency that comes in during the horizon, today; 1 without a discount rate (windows.mean_discount).
    """

    contact_cost: float
    response: float
    margin: float
    worth: float = 1.0

    def gain(self, clv: np.ndarray) -> np.ndarray:
        """Returns what a contact adds to a customer who brings so much, before its cost, in currency."""
        return self.response * self.margin * self.worth * np.asarray(clv, float)

    @property
    def break_even(self) -> float:
        """The CLV at which a contact earns its cost, in currency; infinite where a contact adds nothing."""
        share = self.response * self.margin * self.worth
        return self.contact_cost / share if share else np.inf


def best_count(predicted: np.ndarray, terms: Terms) -> int:
    """Returns how many customers earn the cost of their contact, by their predictions.

    >>> best_count(np.array([50.0, 30.0, 5.0]), Terms(contact_cost=1.0, response=0.1, margin=0.5))
    2
    """
    return int((terms.gain(predicted) > terms.contact_cost).sum())


def profit_curve(brings: np.ndarray, order_by: np.ndarray, terms: Terms, points: int = 100) -> pd.DataFrame:
    """Returns the profit of contacting the first customers of an order.

    Args:
        brings: what n customers bring without a contact, in currency: predicted or actual.
        order_by: of the same customers; the highest are contacted first, equal ones in the order of the rows.
        terms: of a contact.   points: steps from nobody to everybody.
    Returns:
        points + 1 rows; depth (share of customers, 0 to 1), customers, revenue (what they bring anyway), cost, profit (in currency).

    >>> curve = profit_curve(np.array([10.0, 100.0]), np.array([1.0, 2.0]), Terms(1.0, 0.1, 0.5), points=2)
    >>> curve[["depth", "profit"]].to_dict("list")
    {'depth': [0.0, 0.5, 1.0], 'profit': [0.0, 4.0, 3.5]}
    """
    ranked = np.asarray(brings, float)[np.argsort(-np.asarray(order_by), kind="stable")]
    at = np.linspace(0, len(ranked), points + 1).round().astype(int)
    return _at(ranked, at, terms).assign(depth=at / max(len(ranked), 1))


def at_depths(brings: np.ndarray, order_by: np.ndarray, terms: Terms, depths: list[float]) -> pd.DataFrame:
    """Returns the same at some shares of the customers, at least one customer each. depths: 0 to 1."""
    ranked = np.asarray(brings, float)[np.argsort(-np.asarray(order_by), kind="stable")]
    at = np.array([_count(depth, len(ranked)) for depth in depths])
    return _at(ranked, at, terms).assign(depth=depths)


def intervals(
    actual: np.ndarray,
    orders: dict[str, np.ndarray],
    terms: Terms,
    depths: list[float],
    replicates: int,
    confidence: float,
    seed: int,
) -> pd.DataFrame:
    """Returns what several orders of the same customers would have brought, with bootstrap intervals, and the first beside the others.

    Args:
        actual: net revenue of n customers in a horizon that no order has seen, in currency.
        orders: name -> n values, the highest first; the first name is the one that is judged.
        terms: of a contact.   depths: shares of the customers.
        replicates, confidence, seed: of the bootstrap over customers; all orders see the same draws, so differences are paired.
    Returns:
        A row a depth and order: depth, order, customers, revenue, cost, profit, profit_low, profit_high; gained, gained_low, gained_high
        (profit of the first order less that of this one; 0 for the first), in currency.
    """
    chance, n = np.random.default_rng(seed), len(actual)
    draws = [chance.integers(0, n, n) for _ in range(replicates)]
    tail = (1 - confidence) / 2
    rows, first = [], next(iter(orders))
    drawn = {
        name: np.array([at_depths(actual[draw], values[draw], terms, depths)["profit"] for draw in draws])
        for name, values in orders.items()
    }
    whole = {name: at_depths(actual, values, terms, depths) for name, values in orders.items()}
    for place, depth in enumerate(depths):
        for name in orders:
            row = whole[name].iloc[place]
            gained = drawn[first][:, place] - drawn[name][:, place]
            low, high = np.quantile(drawn[name][:, place], [tail, 1 - tail])
            gained_low, gained_high = np.quantile(gained, [tail, 1 - tail])
            rows.append(
                {"depth": depth, "order": name}
                | {column: row[column] for column in ("customers", "revenue", "cost", "profit")}
                | {"profit_low": low, "profit_high": high}
                | {"gained": whole[first]["profit"].iloc[place] - row["profit"]}
                | {"gained_low": gained_low, "gained_high": gained_high}
            )
    return pd.DataFrame(rows).astype({"customers": "int64"})


def _count(depth: float, customers: int) -> int:
    return min(max(round(depth * customers), 1), customers)


def _at(ranked: np.ndarray, counts: np.ndarray, terms: Terms) -> pd.DataFrame:
    revenue = np.concatenate([[0.0], np.cumsum(ranked)])[counts]
    cost = counts * terms.contact_cost
    profit = terms.response * terms.margin * terms.worth * revenue - cost
    return pd.DataFrame({"depth": np.nan, "customers": counts, "revenue": revenue, "cost": cost, "profit": profit})
