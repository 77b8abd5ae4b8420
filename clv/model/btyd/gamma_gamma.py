"""Gamma-Gamma: what an order brings."""

from dataclasses import astuple, dataclass

import numpy as np
from scipy.special import gammaln

from clv.errors import Code, InputError
from clv.model.btyd.likelihood import best, by_value, grouped

_STARTS = ((5.0, 4.0, 15.0), (1.0, 2.0, 50.0), (2.0, 10.0, 1.0))


@dataclass(frozen=True)
class GammaGamma:
    """p: shape of the values of a customer's orders.   q, gamma: of the distribution of their scales (gamma in currency).

    Source: Fader and Hardie (2013), http://brucehardie.com/notes/025/: likelihood eq. 1a, expectation eq. 5.
    """

    p: float
    q: float
    gamma: float

    def log_likelihood(self, n: np.ndarray, mean: np.ndarray) -> np.ndarray:
        """Args: n: orders of a customer.   mean: mean value of them, in currency, above 0."""
        p, q, gamma = self.p, self.q, self.gamma
        return (
            by_value(lambda k: gammaln(p * k + q) - gammaln(p * k), n)
            - gammaln(q)
            + q * np.log(gamma)
            + (p * n - 1) * np.log(mean)
            + p * n * np.log(n)
            - (p * n + q) * np.log(gamma + n * mean)
        )

    def density(self, n: np.ndarray, mean: np.ndarray) -> np.ndarray:
        """Returns how dense the mean values of n orders lie, per unit of currency. mean: in currency, above 0."""
        return np.exp(self.log_likelihood(n, mean))

    def expected(self, orders: np.ndarray, mean_value: np.ndarray) -> np.ndarray:
        """Returns the expected value of an order, in currency: the customer's own mean drawn to everybody's.

        Args:
            orders: number of orders behind each mean.
            mean_value: mean order value, in currency; below 0 it counts as 0.

        >>> GammaGamma(p=6.25, q=3.74, gamma=15.44).expected(np.array([1, 50]), np.array([100, 100])).round(1).tolist()
        [80.3, 99.4]
        """
        p, q, gamma = self.p, self.q, self.gamma
        return (
            (gamma + np.asarray(orders) * np.maximum(mean_value, 0)) * p / (p * np.asarray(orders) + max(q - 1, 1e-3))
        )


def fit_spend(orders: np.ndarray, mean_value: np.ndarray, start: GammaGamma | None = None) -> GammaGamma:
    """Returns the most likely model of customers with at least one order of positive value.

    Args:
        orders: number of orders behind each mean.
        mean_value: mean order value, in currency.
        start: of another history of the same customers; spares the search among several starts.
    Raises:
        InputError: no order has a positive value, or no start converges.
    """
    bought = (np.asarray(orders) > 0) & (np.asarray(mean_value) > 0)
    if not bought.any():
        raise InputError(
            Code.NO_REVENUE,
            what="No customer has an order of positive value; there is no spend to model",
            fix="check the revenue column",
        )
    unit = float(np.mean(np.asarray(mean_value)[bought])) / 30  # parameters of order one, whatever the currency
    units = np.array([1, 1, unit])
    starts = [np.array(astuple(start)) / units] if start else _STARTS
    rows, counts = grouped(np.column_stack([orders, np.asarray(mean_value) / unit])[bought])
    parameters = best(
        lambda parameters, rows: GammaGamma(*parameters).log_likelihood(*rows.T), starts, rows, counts, "Gamma-Gamma"
    )
    return GammaGamma(*(parameters * units).tolist())
