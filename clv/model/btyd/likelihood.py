"""The search for the parameters that make a history most likely, and what the purchase models share."""

from collections.abc import Callable, Sequence

import numpy as np
from scipy.optimize import OptimizeResult, minimize
from scipy.special import betainc, gammaln, xlog1py, xlogy

from clv.errors import Code, InputError

MOST_CUSTOMERS = 50_000  # more are sampled: four parameters need no more
_FIRST_LOOK = 5_000  # groups of equal customers that choose among the starts
_WORST = 1e10  # the cost where there is no likelihood
_ROUGHLY, _EXACTLY = 1e-7, 1e-11  # share of the likelihood that a step must gain: among starts, and from the best

_Parameters = Sequence[float] | np.ndarray
LogLikelihood = Callable[[np.ndarray, np.ndarray], np.ndarray]


def grouped(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns the rows that differ, in ascending order, and how often each occurs; of at most MOST_CUSTOMERS rows.

    >>> rows, counts = grouped(np.array([[2, 30], [0, 0], [2, 30]]))
    >>> rows.tolist(), counts.tolist()
    ([[0.0, 0.0], [2.0, 30.0]], [1, 2])
    """
    if len(rows) > MOST_CUSTOMERS:
        rows = rows[np.random.default_rng(0).choice(len(rows), MOST_CUSTOMERS, replace=False)]
    return np.unique(rows.astype(float), axis=0, return_counts=True)


def best(
    log_likelihood: LogLikelihood, starts: Sequence[_Parameters], rows: np.ndarray, counts: np.ndarray, name: str
) -> np.ndarray:
    """Returns the parameters with the highest mean log-likelihood, searched over their logarithms.

    Args:
        log_likelihood: of parameters and rows; one value a row.
        starts: parameters to search from; a part of the rows says which of several is the best one.
        rows, counts: of grouped().
        name: of the model, for the message.
    Raises:
        InputError: no start converges.
    """
    if len(starts) > 1:
        look = np.random.default_rng(0).permutation(len(rows))[:_FIRST_LOOK]
        looks = [_search(log_likelihood, start, rows[look], counts[look], _ROUGHLY) for start in starts]
        starts = [np.exp(min(looks, key=lambda look: look.fun).x)]
    answer = _search(log_likelihood, starts[0], rows, counts, _EXACTLY)
    if answer.fun >= _WORST or not np.isfinite(answer.fun):
        raise InputError(
            Code.NO_SOLUTION,
            what=f"The likelihood of {name} has no maximum on {counts.sum()} customers: {answer.message}",
            fix="a longer history, or a model that needs none of it: model=xgboost_tweedie",
        )
    return np.exp(answer.x)


def _search(
    log_likelihood: LogLikelihood, start: _Parameters, rows: np.ndarray, counts: np.ndarray, least_gain: float
) -> OptimizeResult:
    def cost(logs: np.ndarray) -> float:
        with np.errstate(all="ignore"):  # a value that is not a number is refused below
            value = -(counts * log_likelihood(np.exp(logs), rows)).sum() / counts.sum()
        return value if np.isfinite(value) else _WORST

    return minimize(
        cost,
        np.log(start),
        method="L-BFGS-B",
        jac="2-point",
        bounds=[(-12, 7)] * len(start),  # e^7: above it customers are all alike, and 2F1 overflows
        options={"ftol": least_gain, "gtol": 1e-8, "maxiter": 500},
    )


def by_value(function: Callable[[np.ndarray], np.ndarray], x: np.ndarray) -> np.ndarray:
    """Returns a function of the number of orders, worked out once for each number that occurs."""
    values, place = np.unique(x, return_inverse=True)
    return function(values)[place]


def by_pair(function: Callable[[np.ndarray, np.ndarray], np.ndarray], x: np.ndarray, t: np.ndarray) -> np.ndarray:
    """Returns a function of the number of orders and a time, worked out once for each pair that occurs: days are few, customers many.

    >>> by_pair(lambda x, t: x + len(t) * t, np.array([0.0, 1.0, 0.0]), np.array([5.0, 5.0, 5.0])).tolist()
    [10.0, 11.0, 10.0]
    """
    pairs, place = np.unique(x + 1j * t, return_inverse=True)
    return function(pairs.real, pairs.imag)[place]


def poisson_gamma(n: int, r: float, alpha: float, t: np.ndarray) -> np.ndarray:
    """Returns the probability of n orders in (0, t] of a customer who does not end: the negative binomial distribution.

    >>> poisson_gamma(0, 2.0, 3.0, np.array([0.0, 3.0])).round(2).tolist()
    [1.0, 0.25]
    """
    shares = xlogy(n, t / (alpha + t)) + xlog1py(r, -t / (alpha + t))
    return np.exp(gammaln(r + n) - gammaln(r) - gammaln(n + 1) + shares)


def poisson_gamma_from(n: int, r: float, alpha: float, t: np.ndarray) -> np.ndarray:
    """Returns the probability of n orders or more in (0, t] of a customer who does not end."""
    return betainc(n, r, t / (alpha + t)) if n else np.ones_like(t, float)
