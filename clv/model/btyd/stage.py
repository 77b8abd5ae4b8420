"""The probability model as the first stage of a chain."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd

from clv.model.btyd.customers import READ
from clv.model.protocol import LEAST, Lesson


@dataclass(frozen=True)
class Btyd:
    """BTYD's revenue on the scale of the actual total.

    scale: actual total over BTYD's.   unit: mean label, in currency.
    centre: mean logarithm of the answer for an average horizon where the model learnt; effects() count from it.
    """

    scale: float
    unit: float
    centre: float

    CORRECTS: ClassVar[bool] = False
    ANSWERS: ClassVar[tuple[str, ...]] = READ

    @classmethod
    def fit(cls, lesson: Lesson) -> Self:
        revenue = lesson.scale * lesson.rows["btyd_revenue"] / lesson.rows["btyd_season"]
        logs = np.log(np.maximum(revenue, LEAST * revenue.mean()))
        return cls(lesson.scale, lesson.unit, float(logs.mean()))

    def predict(self, table: pd.DataFrame, base: np.ndarray, threads: int) -> np.ndarray:
        return self.scale * table["btyd_revenue"].to_numpy("float64")

    def effects(self, table: pd.DataFrame, threads: int) -> pd.DataFrame:
        """Returns the logarithms of btyd_revenue, in an average horizon beside the average customer of the training, and of btyd_season."""
        season = np.log(table["btyd_season"])
        logs = np.log(np.maximum(self.scale * table["btyd_revenue"], LEAST * self.unit))
        return pd.DataFrame({"btyd_revenue": logs - season - self.centre, "btyd_season": season})

    def save(self, folder: Path, name: str) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def load(cls, folder: Path, content: dict[str, Any]) -> Self:
        return cls(**content)
