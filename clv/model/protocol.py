"""What every stage of a chain can do."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Protocol, Self

import numpy as np
import pandas as pd

from clv.model.binned import Binned
from clv.model.options import Options

LEAST = 1e-3  # share of the mean label that a base has at least: zero could not be corrected


@dataclass(frozen=True)
class Lesson:
    """What a stage learns from.

    rows: labelled customers of all snapshots: customer_id, the columns, BTYD's columns, actual_clv (net revenue, in currency).
    base: what stands before the stage, in currency, positive, one value a row.
    columns: of the feature table.
    answers: columns of the stages before it that a correction may read.
    unit: mean label, in currency.
    scale: actual total over BTYD's.
    binned: the same rows and columns for trees; None: nobody has binned them yet.
    """

    rows: pd.DataFrame
    base: np.ndarray
    columns: list[str]
    answers: tuple[str, ...]
    unit: float
    scale: float
    options: Options
    binned: Binned | None = None


class Stage(Protocol):
    """One step of a chain, fitted: a frozen dataclass.

    CORRECTS: whether it corrects what stands before it; a stage that does not can only stand first.
    ANSWERS:  columns that it adds to the table; a stage with any answers from the customer's own history, without labels.
    """

    CORRECTS: ClassVar[bool]
    ANSWERS: ClassVar[tuple[str, ...]]

    @classmethod
    def fit(cls, lesson: Lesson) -> Self:
        """Returns the stage that has learnt the lesson."""
        ...

    def predict(self, table: pd.DataFrame, base: np.ndarray, threads: int) -> np.ndarray:
        """Returns the base, corrected, in currency; one value per row of the table, which has BTYD's columns."""
        ...

    def effects(self, table: pd.DataFrame, threads: int) -> pd.DataFrame:
        """Returns what each column adds, on the scale on which the stage adds up; one row per row of the table."""
        ...

    def save(self, folder: Path, name: str) -> dict[str, Any]:
        """Writes what is not JSON into files whose names begin with the name, and returns the rest."""
        ...

    @classmethod
    def load(cls, folder: Path, content: dict[str, Any]) -> Self:
        """Returns the stage that save() wrote."""
        ...
