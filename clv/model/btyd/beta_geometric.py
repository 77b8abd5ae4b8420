"""BG/NBD and MBG/NBD: a customer orders at a rate of their own, and after an order may never come back."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy.special import betaln, gammaln, hyp2f1

from clv.model.btyd.alive import OfTheLiving
from clv.model.btyd.likelihood import by_value, poisson_gamma, poisson_gamma_from


@dataclass(frozen=True)
class _BetaGeometric(OfTheLiving):
    """r, alpha: of the gamma distribution of order rates (alpha in the unit of time).
    a, b: of the beta distribution of the chance to end after an order."""

    r: float
    alpha: float
    a: float
    b: float

    TIMES: ClassVar[tuple[bool, ...]] = (False, True, False, False)
    FIRST: ClassVar[int]  # 1 where a customer may end right after the first order, else 0

    def log_likelihood(self, x: np.ndarray, t_x: np.ndarray, T: np.ndarray) -> np.ndarray:
        r, alpha, a, b, first = self.r, self.alpha, self.a, self.b, self.FIRST
        common = by_value(
            lambda n: (
                gammaln(r + n)
                - gammaln(r)
                + gammaln(a + b)
                - gammaln(b)
                + gammaln(b + n + first)
                - gammaln(a + b + n + first)
            ),
            x,
        ) + r * np.log(alpha)
        alive = -(r + x) * np.log(alpha + T)
        with np.errstate(divide="ignore"):
            ended = np.where(
                x + first > 0,
                np.log(a) - np.log(np.maximum(b + x - 1 + first, 1e-300)) - (r + x) * np.log(alpha + t_x),
                -np.inf,
            )
        return common + np.logaddexp(alive, ended)

    def p_alive(self, x: np.ndarray, t_x: np.ndarray, T: np.ndarray) -> np.ndarray:
        log_odds = np.where(
            x + self.FIRST > 0,
            np.log(self.a / np.maximum(self.b + x - 1 + self.FIRST, 1e-300))
            + (self.r + x) * (np.log(self.alpha + T) - np.log(self.alpha + t_x)),
            -np.inf,
        )
        return 1 / (1 + np.exp(np.clip(log_odds, -700, 700)))

    def expected_if_alive(self, horizon: float | np.ndarray, x: np.ndarray, T: np.ndarray) -> np.ndarray:
        r, alpha = self.r, self.alpha
        a = self.a + 1e-6 * (abs(self.a - 1) < 1e-6)  # the formula divides by a - 1; its limit is finite
        shape, second = a + self.b + x - 1 + self.FIRST, self.b + x + self.FIRST
        shrunk = np.exp((r + x) * np.log((alpha + T) / (alpha + T + horizon))) * hyp2f1(
            r + x, second, shape, horizon / (alpha + T + horizon)
        )
        return shape / (a - 1) * (1 - shrunk)

    def p_order_if_alive(self, horizon: float | np.ndarray, x: np.ndarray, T: np.ndarray) -> np.ndarray:
        """Who is alive at T stays so until the next order: its wait is that of a gamma mixture of exponentials (Pareto II)."""
        never = (self.r + x) * np.log((self.alpha + T) / (self.alpha + T + horizon))
        return -np.expm1(never)

    def p_count(self, n: int, t: np.ndarray) -> np.ndarray:
        r, alpha, a, b, first = self.r, self.alpha, self.a, self.b, self.FIRST
        stayed = np.exp(betaln(a, b + n + first) - betaln(a, b)) * poisson_gamma(n, r, alpha, t)
        if n + first == 0:  # nobody ends before the first chance to
            return stayed
        return stayed + np.exp(betaln(a + 1, b + n - 1 + first) - betaln(a, b)) * poisson_gamma_from(n, r, alpha, t)


class BgNbd(_BetaGeometric):
    """A customer may end after each repeat order; everybody with a single order is still a customer.

    Source: Fader, Hardie and Lee (2005), Counting Your Customers the Easy Way, doi:10.1287/mksc.1040.0098: likelihood eq. 6,
            P(X(t) = n) eq. 8, E[X(t)] eq. 9, expectation eq. 10.   P(alive): http://brucehardie.com/notes/021/.
    """

    FIRST = 0


class MbgNbd(_BetaGeometric):
    """A customer may end after each order, the first one too: BG/NBD's formulas with one more chance to end (b + x + 1 for b + x).

    Source: Batislam, Denizel and Filiztekin (2007), Empirical validation and comparison of models for customer base analysis,
            doi:10.1016/j.ijresmar.2006.12.005.
    """

    FIRST = 1
