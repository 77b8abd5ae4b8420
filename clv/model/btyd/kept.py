"""What customers keep of what they order: each one's own share, drawn to everybody's as far as few orders say little."""

from dataclasses import dataclass

import numpy as np

_MOST_ORDERS = 1000.0  # of the prior: above it customers do not differ


@dataclass(frozen=True)
class KeptShare:
    """everybody: share of the value of all orders that refunds left, 0 to 1.   prior: weight of that share beside a customer's
    own, in currency: the orders that it counts as, times the mean value of an order.

    Source: the beta-binomial model, its overdispersion by moments; credibility by exposure as in Buhlmann and Straub, in Buhlmann
            and Gisler (2005), A Course in Credibility Theory and its Applications, chapter 4.
    """

    everybody: float
    prior: float

    def expected(self, kept: np.ndarray, ordered: np.ndarray) -> np.ndarray:
        """Returns the share of the next order that each customer is expected to keep, 0 to 1; a refund always lowers it.

        Args:
            kept: value that refunds left of a customer's orders, in currency.
            ordered: value of the same orders before refunds, in currency.

        >>> KeptShare(everybody=0.9, prior=50.0).expected(np.array([0.0, 500.0, 0.0]), np.array([0.0, 500.0, 500.0])).round(2).tolist()
        [0.9, 0.99, 0.08]
        """
        return (kept + self.prior * self.everybody) / (np.maximum(ordered, kept) + self.prior)


def fit_kept(orders: np.ndarray, kept: np.ndarray, ordered: np.ndarray) -> KeptShare:
    """Returns what the customers of a history keep, and how much they differ in it.

    Args:
        orders: number of orders of each customer, at least 1.
        kept, ordered: as for KeptShare.expected().
    """
    total = max(float(ordered.sum()), 1e-9)
    everybody = float(np.clip(kept.sum() / total, 0, 1))
    return KeptShare(everybody, _orders_of_prior(orders, kept, ordered) * total / max(float(orders.sum()), 1.0))


def _orders_of_prior(orders: np.ndarray, kept: np.ndarray, ordered: np.ndarray) -> float:
    """1 / overdispersion - 1: a sum of squares beside that of customers who are all alike, whose orders are kept or not."""
    some = ordered > 0
    n, share = orders[some], np.minimum(kept[some] / ordered[some], 1)
    mean = float((n * share).sum() / max(n.sum(), 1.0))
    alike = mean * (1 - mean) * len(n)
    if alike <= 0 or n.sum() <= len(n):
        return _MOST_ORDERS
    excess = ((n * (share - mean) ** 2).sum() / alike - 1) / (n.mean() - 1)
    return float(min(1 / np.clip(excess, 1e-6, 0.99) - 1, _MOST_ORDERS))
