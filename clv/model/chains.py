"""A fitted model, and what its chains say of a table."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from clv.model import btyd, intervals
from clv.model.protocol import LEAST, Stage


@dataclass(frozen=True)
class Model:
    """What fit() returns and predict() takes.

    chains: lists of stage names.
    inputs: columns of the feature table that predict() needs.
    unit: mean label, in currency; the base of a chain's first stage.
    level: by which the mean of the chains is multiplied.
    interval: probability promised, 0 to 1.
    customers: the probability model of the history at the cutoff from which the model predicts.
    stages: by the chain up to them ("btyd+glm").
    intervals: None where there were no labels to learn them from.
    alone: why BTYD stands alone, though there were labels and other chains were asked for; empty where it does not.
    """

    chains: list[list[str]]
    inputs: list[str]
    horizon_days: int
    threads: int
    unit: float
    level: float
    interval: float
    customers: btyd.Customers
    stages: dict[str, Stage]
    intervals: intervals.Intervals | None
    alone: str = ""


def key(chain: Sequence[str]) -> str:
    """Returns the name of a chain's last stage in Model.stages.

    >>> key(["btyd", "glm"])
    'btyd+glm'
    """
    return "+".join(chain)


def stages_of(model: Model, chain: Sequence[str]) -> list[Stage]:
    """Returns the fitted stages of a chain, first to last."""
    return [model.stages[key(chain[: number + 1])] for number in range(len(chain))]


def with_answers(model: Model, features: pd.DataFrame) -> pd.DataFrame:
    """Returns the feature table with BTYD's columns."""
    return features.join(btyd.expected(model.customers, features, model.horizon_days))


def floored(model: Model, revenue: np.ndarray) -> np.ndarray:
    """Returns predictions as a base: at least LEAST of the mean label."""
    return np.maximum(revenue, LEAST * model.unit)


def along(model: Model, chain: Sequence[str], table: pd.DataFrame) -> np.ndarray:
    """Returns the prediction of a chain, in currency; the mean label for an empty chain. table: with BTYD's columns."""
    return _along(model, chain, table, {})


def _along(model: Model, chain: Sequence[str], table: pd.DataFrame, known: dict[str, np.ndarray]) -> np.ndarray:
    """known: predictions of chains on the table; chains that begin alike ask each stage once."""
    if not chain:
        return np.full(len(table), model.unit)
    if key(chain) not in known:
        before = floored(model, _along(model, chain[:-1], table, known))
        known[key(chain)] = model.stages[key(chain)].predict(table, before, model.threads)
    return known[key(chain)]


def expected(model: Model, table: pd.DataFrame) -> np.ndarray:
    """Returns the mean of the chains, in currency. table: with BTYD's columns."""
    known: dict[str, np.ndarray] = {}
    return model.level * np.mean([_along(model, chain, table, known) for chain in model.chains], axis=0)
