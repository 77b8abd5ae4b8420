"""The values of a few numbers that make a cost small: the only place for Optuna."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import optuna


@dataclass(frozen=True)
class Trial:
    """One choice of values and what it cost. details: of the cost, for the record."""

    values: dict[str, float]
    cost: float
    details: dict[str, float]


Cost = Callable[[dict[str, float]], tuple[float, dict[str, float]]]


def minimise(
    cost: Cost, space: dict[str, tuple[float, float]], start: dict[str, float], trials: int, minutes: float, seed: int
) -> list[Trial]:
    """Returns the trials, in their order: the start, then what promises most, until there are enough or the time is over.

    Args:
        cost: values -> cost and details.
        space: name -> (low, high); on a log scale where high >= 10 * low > 0.
        start: a value for every name, always tried; whole numbers where a name stands for a whole number.
        trials: at most.
        minutes: after which no trial begins.
        seed: of the choices.
    Source:
        Watanabe (2023), Tree-structured Parzen Estimator, arXiv:2304.11127 (Optuna's TPESampler).
    """
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    done: list[Trial] = []

    def attempt(trial: optuna.Trial) -> float:
        values = {name: suggested(trial, name, ends, start[name]) for name, ends in space.items()}
        price, details = cost(values)
        done.append(Trial(values, price, details))
        return price

    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=seed, multivariate=True))
    study.enqueue_trial(start, skip_if_exists=True)
    began = time.monotonic()
    study.optimize(attempt, n_trials=1)
    left = minutes * 60 - (time.monotonic() - began)
    if trials > 1 and left > 0:
        study.optimize(attempt, n_trials=trials - 1, timeout=left)
    return done


def suggested(trial: "optuna.Trial", name: str, ends: tuple[float, float], example: float) -> float:
    """Returns the value that a trial draws between both ends.

    Args:
        trial: of Optuna.
        name: of the number.
        ends: low and high; on a log scale where high >= 10 * low > 0.
        example: a whole number where the name stands for one.
    """
    low, high = ends
    if isinstance(example, int):
        return trial.suggest_int(name, int(low), int(high))
    return float(f"{trial.suggest_float(name, low, high, log=high >= 10 * low > 0):.4g}")
