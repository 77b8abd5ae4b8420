"""Buy-till-you-die: how often a customer orders, whether they still do, and how much an order brings; by maximum likelihood.

x: repeat orders.   t_x: time from the first to the last order.   T: time from the first order to the cutoff (all in one unit).
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.optimize import minimize
from scipy.special import gammaln, hyp2f1

from clv.errors import Code, InputError

MOST_CUSTOMERS = 50_000  # more are sampled: four parameters need no more
FIRST_LOOK = 5_000  # groups of equal customers that choose among the starts
STARTS = ((1.0, 5.0, 1.0, 2.0), (0.3, 1.0, 0.5, 5.0), (2.0, 50.0, 0.2, 1.0))
SPEND_STARTS = ((5.0, 4.0, 15.0), (1.0, 2.0, 50.0), (2.0, 10.0, 1.0))


@dataclass(frozen=True)
class Purchases:
    """How orders come and end. kind: bg_nbd, mbg_nbd, pareto_nbd.   parameters: (r, alpha, a, b), Pareto/NBD (r, alpha, s, beta)."""

    kind: str
    parameters: tuple[float, float, float, float]
    log_likelihood: float


@dataclass(frozen=True)
class Spend:
    """Gamma-Gamma: what an order brings. parameters: (p, q, gamma)."""

    parameters: tuple[float, float, float]


@dataclass(frozen=True)
class Customers:
    """How the customers of one history order and spend. kept: share of the value of orders that was not returned."""

    purchases: Purchases
    spend: Spend
    kept: float


def fit(features: pd.DataFrame, kind: str, start: Customers | None = None) -> Customers:
    """From a feature table; tenure_days, recency_days, frequency, average_order_value and revenue_total are used.

    Args: start: of another history of the same customers; spares the search among several starts.
    """
    x, t_x, T, value = columns(features)
    purchases = fit_purchases(kind, x, t_x, T, start and start.purchases)
    spend = fit_spend(x + 1, value, start and start.spend)
    kept = features["revenue_total"].to_numpy("float64").sum() / (value * (x + 1)).sum()
    return Customers(purchases, spend, float(np.clip(kept, 0, 1)))


def expected(customers: Customers, features: pd.DataFrame, horizon_days: int) -> pd.DataFrame:
    """What each customer will do in the horizon after the cutoff: one row per row of the feature table.

    Returns: btyd_purchases: orders.   btyd_alive: probability.   btyd_spend: value of an order, in currency.
             btyd_revenue: net revenue, in currency: orders x value x the share that is kept.
    """
    x, t_x, T, value = columns(features)
    orders = expected_purchases(customers.purchases, horizon_days, x, t_x, T)
    spend = expected_spend(customers.spend, x + 1, value)
    return pd.DataFrame(
        {
            "btyd_purchases": orders,
            "btyd_alive": p_alive(customers.purchases, x, t_x, T),
            "btyd_spend": spend,
            "btyd_revenue": orders * spend * customers.kept,
        },
        index=features.index,
    )


def columns(features: pd.DataFrame) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """x, t_x and T in days, and the mean value of an order."""
    x, T = features["frequency"].to_numpy("float64"), features["tenure_days"].to_numpy("float64")
    return x, T - features["recency_days"].to_numpy("float64"), T, features["average_order_value"].to_numpy("float64")


def fit_purchases(
    kind: str, x: np.ndarray, t_x: np.ndarray, T: np.ndarray, start: Purchases | None = None
) -> Purchases:
    """Parameters that make the histories most likely. Equal (x, t_x, T) count once with their number.

    log_likelihood is that of the customers used: at most MOST_CUSTOMERS, drawn at random.

    Raises: InputError: no start converges.
    Source: BG/NBD: Fader, Hardie and Lee (2005), doi:10.1287/mksc.1040.0098, eq. 6.  MBG/NBD: Batislam, Denizel and Filiztekin
            (2007), doi:10.1016/j.ijresmar.2006.12.005.  Pareto/NBD: http://brucehardie.com/notes/009/, eq. 18.
    """
    groups, counts = grouped(np.column_stack([x, t_x, T]))
    unit = max(float(T.max()), 1e-9) / 39  # parameters of order one, whatever the unit of time
    units = np.array([1, unit, 1, unit if kind == "pareto_nbd" else 1])
    starts = [np.array(start.parameters) / units] if start else STARTS
    scaled = groups / (1, unit, unit)
    found = best(lambda parameters, rows: log_likelihood(kind, parameters, *rows.T), starts, scaled, counts, kind)
    total = -found.fun * counts.sum() - float((groups[:, 0] * counts).sum()) * np.log(unit)
    return Purchases(kind, tuple((found.x * units).tolist()), float(total))


def fit_spend(orders: np.ndarray, mean_value: np.ndarray, start: Spend | None = None) -> Spend:
    """Parameters of the Gamma-Gamma model from customers with at least one order of positive value.

    Args:    orders: number of orders behind each mean.   mean_value: mean order value, in currency.
    Raises:  InputError: no order has a positive value, or no start converges.
    Source:  http://brucehardie.com/notes/025/, eq. 1a.
    """
    known = (np.asarray(orders) > 0) & (np.asarray(mean_value) > 0)
    if not known.any():
        raise InputError(
            Code.NO_REVENUE,
            what="No customer has an order of positive value; there is no spend to model",
            fix="check the revenue column",
        )
    unit = float(np.mean(np.asarray(mean_value)[known])) / 30
    units = np.array([1, 1, unit])
    starts = [np.array(start.parameters) / units] if start else SPEND_STARTS
    rows, counts = grouped(np.column_stack([orders, np.asarray(mean_value) / unit])[known])
    found = best(
        lambda parameters, some: spend_log_likelihood(parameters, *some.T), starts, rows, counts, "Gamma-Gamma"
    )
    return Spend(tuple((found.x * units).tolist()))


def grouped(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rows that differ, and how often each occurs."""
    if len(rows) > MOST_CUSTOMERS:
        rows = rows[np.random.default_rng(0).choice(len(rows), MOST_CUSTOMERS, replace=False)]
    return np.unique(rows.astype(float), axis=0, return_counts=True)


def best(log_likelihood, starts, rows: np.ndarray, counts: np.ndarray, name: str):
    """Maximise the mean log-likelihood over the logarithms of the parameters; `x` of the answer holds the parameters."""

    def search(start, some, weights):
        def cost(logs):
            with np.errstate(all="ignore"):  # what is no number is no likelihood
                value = -(weights * log_likelihood(np.exp(logs), some)).sum() / weights.sum()
            return value if np.isfinite(value) else 1e10

        return minimize(
            cost,
            np.log(start),
            method="L-BFGS-B",
            jac="3-point",
            bounds=[(-12, 7)] * len(start),  # e^7: above it customers are all alike, and 2F1 overflows
            options={"ftol": 1e-15, "gtol": 1e-10, "maxiter": 500},
        )

    if len(starts) > 1:
        look = np.random.default_rng(0).permutation(len(rows))[:FIRST_LOOK]
        tried = [search(start, rows[look], counts[look]) for start in starts]
        starts = [np.exp(min(tried, key=lambda one: one.fun).x)]
    found = search(starts[0], rows, counts)
    if found.fun >= 1e10 or not np.isfinite(found.fun):
        raise InputError(
            Code.NO_SOLUTION,
            what=f"The likelihood of {name} has no maximum on {counts.sum()} customers: {found.message}",
            fix="a longer history, or a model that needs none of it: model=xgboost_tweedie",
        )
    found.x = np.exp(found.x)
    return found


def by_value(function, x: np.ndarray) -> np.ndarray:
    """A function of the number of orders, worked out once for each number that occurs."""
    values, place = np.unique(x, return_inverse=True)
    return function(values)[place]


def log_likelihood(kind: str, parameters, x: np.ndarray, t_x: np.ndarray, T: np.ndarray) -> np.ndarray:
    r, alpha, third, fourth = parameters
    if kind == "pareto_nbd":
        alive = -(r + x) * np.log(alpha + T) - third * np.log(fourth + T)
        return (
            by_value(lambda n: gammaln(r + n) - gammaln(r), x)
            + r * np.log(alpha)
            + third * np.log(fourth)
            + np.logaddexp(alive, np.log(third / (r + third + x)) + log_ended(parameters, x, t_x, T))
        )
    a, b = third, fourth
    zero = kind == "mbg_nbd"  # the modified model lets a customer end right after the first order
    common = by_value(
        lambda n: (
            gammaln(r + n)
            - gammaln(r)
            + gammaln(a + b)
            - gammaln(b)
            + gammaln(b + n + zero)
            - gammaln(a + b + n + zero)
        ),
        x,
    ) + r * np.log(alpha)
    alive = -(r + x) * np.log(alpha + T)
    with np.errstate(divide="ignore"):
        ended = np.where(
            x + zero > 0,
            np.log(a) - np.log(np.maximum(b + x - 1 + zero, 1e-300)) - (r + x) * np.log(alpha + t_x),
            -np.inf,
        )
    return common + np.logaddexp(alive, ended)


def log_ended(parameters, x: np.ndarray, t_x: np.ndarray, T: np.ndarray) -> np.ndarray:
    """Logarithm of A_0 in the Pareto/NBD likelihood: the customer ended between t_x and T (notes/009, eqs. 19 and 20).

    2F1 by Euler's transformation, 2F1(a, b; c; z) = (1 - z)^(c-a-b) 2F1(c-a, c-b; c; z): what is left of it stays finite for
    a customer with hundreds of orders.
    """
    r, alpha, s, beta = parameters
    larger, second = (alpha, s + 1) if alpha >= beta else (beta, r + x)
    power, smaller = r + s + x, min(alpha, beta)

    def term(t):
        left = hyp2f1(1, power + 1 - second, power + 1, abs(alpha - beta) / (larger + t))
        return np.log(left) + (1 - second) * np.log((smaller + t) / (larger + t)) - power * np.log(larger + t)

    early, late = term(t_x), term(T)
    with np.errstate(divide="ignore"):
        return early + np.log(np.maximum(-np.expm1(np.minimum(late - early, 0)), 1e-300))


def spend_log_likelihood(parameters, n: np.ndarray, mean: np.ndarray) -> np.ndarray:
    p, q, gamma = parameters
    return (
        by_value(lambda k: gammaln(p * k + q) - gammaln(p * k), n)
        - gammaln(q)
        + q * np.log(gamma)
        + (p * n - 1) * np.log(mean)
        + p * n * np.log(n)
        - (p * n + q) * np.log(gamma + n * mean)
    )


def p_alive(model: Purchases, x: np.ndarray, t_x: np.ndarray, T: np.ndarray) -> np.ndarray:
    """Probability that a customer still orders at T. Under BG/NBD it is 1 for everybody with a single order."""
    r, alpha, third, fourth = model.parameters
    if model.kind == "pareto_nbd":
        log_odds = (
            np.log(third / (r + third + x))
            + (r + x) * np.log(alpha + T)
            + third * np.log(fourth + T)
            + log_ended(model.parameters, x, t_x, T)
        )
    else:
        zero = model.kind == "mbg_nbd"
        log_odds = np.where(
            x + zero > 0,
            np.log(third / np.maximum(fourth + x - 1 + zero, 1e-300))
            + (r + x) * (np.log(alpha + T) - np.log(alpha + t_x)),
            -np.inf,
        )
    return 1 / (1 + np.exp(np.clip(log_odds, -700, 700)))


def expected_purchases(model: Purchases, horizon: float, x: np.ndarray, t_x: np.ndarray, T: np.ndarray) -> np.ndarray:
    """Orders expected in (T, T + horizon] given the history (BG/NBD eq. 10; Pareto/NBD notes/009, eq. 41)."""
    r, alpha, third, fourth = model.parameters
    alive = p_alive(model, x, t_x, T)
    third = third + 1e-6 * (abs(third - 1) < 1e-6)  # both formulas divide by third - 1; their limit is finite
    if model.kind == "pareto_nbd":
        left = -np.expm1((third - 1) * np.log((fourth + T) / (fourth + T + horizon)))
        return alive * (r + x) * (fourth + T) / (alpha + T) / (third - 1) * left
    zero = model.kind == "mbg_nbd"
    shape, second = third + fourth + x - 1 + zero, fourth + x + zero
    shrunk = np.exp((r + x) * np.log((alpha + T) / (alpha + T + horizon))) * hyp2f1(
        r + x, second, shape, horizon / (alpha + T + horizon)
    )
    return alive * shape / (third - 1) * (1 - shrunk)


def expected_spend(model: Spend, orders: np.ndarray, mean_value: np.ndarray) -> np.ndarray:
    """Expected value of an order, in currency: the customer's own mean drawn to everybody's (notes/025, eq. 5)."""
    p, q, gamma = model.parameters
    return (gamma + np.asarray(orders) * np.maximum(mean_value, 0)) * p / (p * np.asarray(orders) + max(q - 1, 1e-3))
