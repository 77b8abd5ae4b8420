"""Pareto/NBD: a customer orders at a rate of their own until an end that nobody sees and that may come at any time."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy.special import gammaln, hyp2f1

from clv.model.btyd.alive import OfTheLiving
from clv.model.btyd.likelihood import by_pair, by_value, poisson_gamma

_GAUSS, _FINE = np.polynomial.legendre.leggauss(24), np.polynomial.legendre.leggauss(96)


@dataclass(frozen=True)
class ParetoNbd(OfTheLiving):
    """r, alpha: of the gamma distribution of order rates.   s, beta: of that of the rates at which customers end.
    alpha, beta: in the unit of time.

    Source: Schmittlein, Morrison and Colombo (1987), doi:10.1287/mnsc.33.1.1, as in Fader and Hardie (2005),
            http://brucehardie.com/notes/009/: likelihood eqs. 18 to 20, expectation eq. 41.
    """

    r: float
    alpha: float
    s: float
    beta: float

    TIMES: ClassVar[tuple[bool, ...]] = (False, True, False, True)

    def log_likelihood(self, x: np.ndarray, t_x: np.ndarray, T: np.ndarray) -> np.ndarray:
        r, alpha, s, beta = self.r, self.alpha, self.s, self.beta
        alive = -(r + x) * np.log(alpha + T) - s * np.log(beta + T)
        return (
            by_value(lambda n: gammaln(r + n) - gammaln(r), x)
            + r * np.log(alpha)
            + s * np.log(beta)
            + np.logaddexp(alive, np.log(s / (r + s + x)) + self.log_ended(x, t_x, T))
        )

    def log_ended(self, x: np.ndarray, t_x: np.ndarray, T: np.ndarray) -> np.ndarray:
        """Returns the logarithm of A_0 in the likelihood: the customer ended between t_x and T (notes/009, eqs. 19 and 20).

        2F1 by Euler's transformation, 2F1(a, b; c; z) = (1 - z)^(c-a-b) 2F1(c-a, c-b; c; z): what is left of it stays finite for
        a customer with hundreds of orders.
        """
        r, alpha, s, beta = self.r, self.alpha, self.s, self.beta
        larger, smaller = max(alpha, beta), min(alpha, beta)

        def term(x: np.ndarray, t: np.ndarray) -> np.ndarray:
            power, second = r + s + x, s + 1 if alpha >= beta else r + x
            left = hyp2f1(1, power + 1 - second, power + 1, abs(alpha - beta) / (larger + t))
            return np.log(left) + (1 - second) * np.log((smaller + t) / (larger + t)) - power * np.log(larger + t)

        early, late = by_pair(term, x, t_x), by_pair(term, x, T)
        with np.errstate(divide="ignore"):
            return early + np.log(np.maximum(-np.expm1(np.minimum(late - early, 0)), 1e-300))

    def p_alive(self, x: np.ndarray, t_x: np.ndarray, T: np.ndarray) -> np.ndarray:
        log_odds = (
            np.log(self.s / (self.r + self.s + x))
            + (self.r + x) * np.log(self.alpha + T)
            + self.s * np.log(self.beta + T)
            + self.log_ended(x, t_x, T)
        )
        return 1 / (1 + np.exp(np.clip(log_odds, -700, 700)))

    def expected_if_alive(self, horizon: float | np.ndarray, x: np.ndarray, T: np.ndarray) -> np.ndarray:
        s = self.s + 1e-6 * (abs(self.s - 1) < 1e-6)  # the formula divides by s - 1; its limit is finite
        left = -np.expm1((s - 1) * np.log((self.beta + T) / (self.beta + T + horizon)))
        return (self.r + x) * (self.beta + T) / (self.alpha + T) / (s - 1) * left

    def p_order_if_alive(self, horizon: float | np.ndarray, x: np.ndarray, T: np.ndarray) -> np.ndarray:
        """Given that the customer is alive at T, the first order after it comes at T + u with the density E[rate exp(-(rate + end) u)]:
        both rates are gamma distributed, of shapes r + x and s and of scales alpha + T and beta + T. Its integral by Gauss-Legendre."""
        density = np.zeros(len(x))
        for node, weight in zip(*_GAUSS, strict=True):
            u = horizon * (1 + node) / 2
            waited = (self.r + x) * np.log1p(u / (self.alpha + T)) + self.s * np.log1p(u / (self.beta + T))
            density += weight / 2 * (self.r + x) / (self.alpha + T + u) * np.exp(-waited)
        return np.clip(horizon * density, 0, 1)

    def p_count(self, n: int, t: np.ndarray) -> np.ndarray:
        """P(X(t) = n): over the ends in (0, t), by quadrature, and over the customers who have not ended by t.

        The closed form (http://brucehardie.com/notes/012/) is a sum of 2F1 whose terms cancel. The integral is over log(1 + end / c),
        on which everything is smooth; c lies below the scales of both distributions.
        """
        r, alpha, s, beta, (nodes, weights) = self.r, self.alpha, self.s, self.beta, _FINE
        c, t = min(alpha / (1 + r), beta / (1 + s)), np.asarray(t, float)
        half = np.log1p(t / c)[..., None] / 2
        ends = c * np.expm1(half * (1 + nodes))
        density = s / beta * np.exp(-(s + 1) * np.log1p(ends / beta))
        ended = (density * poisson_gamma(n, r, alpha, ends) * (c + ends) * half) @ weights
        return ended + np.exp(-s * np.log1p(t / beta)) * poisson_gamma(n, r, alpha, t)
