"""Rows as boosted trees read them: each value as the number of its bin, found once for all fits on the same rows."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
import xgboost as xgb

from clv.model.options import Options

FOLDS = 3


@dataclass(frozen=True)
class Part:
    """Some of the rows.   chosen: whether it has each row."""

    chosen: np.ndarray
    matrix: xgb.DMatrix


@dataclass(frozen=True)
class Binned:
    """Rows with customer_id and the columns that trees read. Nothing is binned before it is asked for.

    options: seed and threads are used.
    """

    rows: pd.DataFrame
    columns: list[str]
    options: Options

    @cached_property
    def whole(self) -> xgb.QuantileDMatrix:
        """All rows."""
        return xgb.QuantileDMatrix(self._values, feature_names=self.columns, nthread=self.options.threads)

    @cached_property
    def folds(self) -> list[tuple[Part, Part]]:
        """By fold of customers: the rows of the others, and its own, which are left out."""
        values, fold, threads = self._values, folds(self.rows["customer_id"], self.options.seed), self.options.threads
        numbers = np.unique(fold)
        return [
            (
                Part(fold != number, xgb.QuantileDMatrix(values[fold != number], nthread=threads)),
                Part(fold == number, xgb.DMatrix(values[fold == number], nthread=threads)),
            )
            for number in (numbers if len(numbers) > 1 else ())
        ]

    def teach(self, label: np.ndarray, margin: np.ndarray | None) -> None:
        """Sets what trees learn from now on, and what they add to; one value a row. margin: None where they begin at a mean."""
        everybody = Part(np.full(len(label), True), self.whole)
        for part in (everybody, *(part for fold in self.folds for part in fold)):
            base = np.empty(0) if margin is None else margin[part.chosen]
            part.matrix.set_info(label=label[part.chosen], base_margin=base)

    @property
    def _values(self) -> np.ndarray:
        return self.rows[self.columns].to_numpy("float32")


def folds(customers: pd.Series, seed: int) -> np.ndarray:
    """Returns the fold of each row, 0 to FOLDS - 1: the same for a customer in every snapshot, whatever the other customers are.

    >>> folds(pd.Series(["ann", "bob", "ann"]), seed=7).tolist()
    [1, 2, 1]
    """
    draw = pd.util.hash_pandas_object(customers.astype(object), index=False, hash_key=f"{seed:016d}")
    return draw.to_numpy() % FOLDS
