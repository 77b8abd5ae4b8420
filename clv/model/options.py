"""What a fit may be told."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Options:
    """The keys of conf/model/, which says what each does, and five facts about the fit.

    seed: of every draw.   threads: at most.   horizon_days: how far ahead the labels look.
    cutoffs: of the snapshots, oldest first; empty where there are none.
    season_doubt: standard deviation of the logarithm of a horizon's total, beside what the season says; None where no season is known.
    """

    chains: Sequence[str]
    probability_model: str
    level_prior: float
    tweedie_power: float
    glm_alpha: float
    rounds: int
    learning_rate: float
    max_depth: int
    min_child_weight: float
    subsample: float
    colsample: float
    reg_lambda: float
    interval: float
    max_training_rows: int
    min_customers: int
    correct_from: int
    seed: int
    threads: int
    horizon_days: int
    cutoffs: Sequence[dt.date]
    season_doubt: float | None = None

    @property
    def windows_side_by_side(self) -> float:
        """How many label windows the training span holds; 1 where all of them begin on one day."""
        return 1 + (self.cutoffs[-1] - self.cutoffs[0]).days / self.horizon_days
