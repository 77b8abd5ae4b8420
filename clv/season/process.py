"""What repeats every year in a series of weeks: a Gaussian process of a trend, a season, and what is a year's own."""

from dataclasses import dataclass

import numpy as np
from scipy.linalg import cho_factor, cho_solve
from scipy.optimize import minimize

# Standard deviations of the logarithm, but `width`, which is that of the kernel on the circle of the year. A season is expected to be
# as large as what a year has of its own: one year is trusted by half, and years that are alike by more.
_NAMES = ("trend", "season", "width", "own", "noise")
_USUAL = np.log([0.2, 0.2, 0.6, 0.2, 0.05])
_SPREAD = np.array([1.0, 1.0, 0.5, 1.0, 1.0])  # of the logarithms of these five around the usual
_ANY_LEVEL = 9.0  # variance of the level
_TREND_DAYS, _OWN_DAYS = 500, 20  # over which the trend, and what is a year's own, stay alike


@dataclass(frozen=True)
class Series:
    """One value a week.

    day: days since some day.   phase: moment of the year, 0 to 1.   value: a logarithm.   variance: of its noise.
    """

    day: np.ndarray
    phase: np.ndarray
    value: np.ndarray
    variance: np.ndarray


@dataclass(frozen=True)
class Yearly:
    """What a series says of the year. mean: logarithm of the curve at the moments.   covariance: of it.   own: standard deviation of
    what a year has of its own.   fitted: of the series, all parts together.   parameters: the logarithms of five standard deviations."""

    mean: np.ndarray
    covariance: np.ndarray
    own: float
    fitted: np.ndarray
    parameters: np.ndarray


def yearly(series: Series, moments: np.ndarray, start: np.ndarray | None = None) -> Yearly:
    """Returns the posterior of the part of a series that repeats every year, at the most likely size of every part.

    Args:
        series: n weeks.
        moments: of the year, 0 to 1, at which the curve is wanted.
        start: parameters of a similar series; spares a part of the search.
    Source:
        Rasmussen and Williams (2006), Gaussian Processes for Machine Learning, sections 2.2 and 5.4.3.
    """
    bounds = list(zip(_USUAL - 4, _USUAL + 3, strict=True))
    first = _USUAL if start is None else start
    search = minimize(_cost, first, (series,), "L-BFGS-B", bounds=bounds, options={"maxiter": 40, "ftol": 1e-7})
    parameters = search.x
    _, factor, weights = _solved(parameters, series)
    seasons, others = _season(parameters, moments, series.phase), _others(parameters, series)
    covariance = _season(parameters, moments, moments) - seasons @ cho_solve(factor, seasons.T)
    fitted = (others + _season(parameters, series.phase, series.phase)) @ weights
    return Yearly(seasons @ weights, covariance, float(np.exp(parameters[_NAMES.index("own")])), fitted, parameters)


def own_covariance(own: float, days: np.ndarray) -> np.ndarray:
    """Returns the covariance of what a year has of its own between days."""
    return own**2 * np.exp(-0.5 * (np.subtract.outer(days, days) / _OWN_DAYS) ** 2)


def _season(parameters: np.ndarray, one: np.ndarray, other: np.ndarray) -> np.ndarray:
    _, season, width, *_ = np.exp(parameters)
    return season**2 * np.exp(-2 * (np.sin(np.pi * np.subtract.outer(one, other)) / width) ** 2)


def _others(parameters: np.ndarray, series: Series) -> np.ndarray:
    trend, _, _, own, _ = np.exp(parameters)
    apart = np.subtract.outer(series.day, series.day)
    return _ANY_LEVEL + trend**2 * np.exp(-0.5 * (apart / _TREND_DAYS) ** 2) + own_covariance(own, series.day)


def _solved(parameters: np.ndarray, series: Series) -> tuple[float, tuple[np.ndarray, bool], np.ndarray]:
    """The negative log of the likelihood, the factor of the covariance, and the weights of the weeks."""
    noise = np.diag(series.variance + np.exp(2 * parameters[-1]))
    covariance = _season(parameters, series.phase, series.phase) + _others(parameters, series) + noise
    factor = cho_factor(covariance, lower=True)
    weights = cho_solve(factor, series.value)
    return 0.5 * series.value @ weights + np.log(np.diag(factor[0])).sum(), factor, weights


def _cost(parameters: np.ndarray, series: Series) -> float:
    return _solved(parameters, series)[0] + 0.5 * (((parameters - _USUAL) / _SPREAD) ** 2).sum()
