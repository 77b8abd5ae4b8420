"""A Tweedie GLM with log link that multiplies what stands before it."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd

from clv.errors import Code, InputError
from clv.model.protocol import Lesson

_MONEY = r"revenue|value|spend"  # columns of amounts; in tenths of the mean label, so that the currency changes nothing
_REACH = 5  # standard deviations beyond which a feature says no more
_MOST = 2.0  # a correction multiplies by e^-2 to e^2 at most


@dataclass(frozen=True)
class Glm:
    """log(prediction / base) = intercept + coefficients . z; z: signed logs of the columns, standardised, 0 where missing.

    unit: mean label, in currency.   mean, scale: of the signed logs, by column.
    """

    columns: list[str]
    unit: float
    mean: list[float]
    scale: list[float]
    coefficients: list[float]
    intercept: float

    CORRECTS: ClassVar[bool] = True
    ANSWERS: ClassVar[tuple[str, ...]] = ()

    @classmethod
    def fit(cls, lesson: Lesson) -> Self:
        """Tweedie with the base as an offset: trained on label / base with weights base^(2 - power), which is the same likelihood.

        Raises: InputError: the fit has no finite solution.
        Source: Smyth and Jorgensen (2002), Fitting Tweedie's compound Poisson model to insurance claims data, doi:10.2143/AST.32.1.1020.
        """
        columns, power = [*lesson.columns, *lesson.answers], lesson.options.tweedie_power
        label = lesson.rows["actual_clv"].clip(lower=0).to_numpy()
        logs = _signed_log(lesson.rows[columns], lesson.unit)
        mean, scale = _moments(logs)
        weight = (lesson.base / lesson.unit) ** (2 - power)
        coefficients, intercept = _regression(
            _standardised(logs, mean, scale), label / lesson.base, weight, power, lesson.options.glm_alpha
        )
        return cls(columns, lesson.unit, mean.tolist(), scale.tolist(), coefficients.tolist(), intercept)

    def predict(self, table: pd.DataFrame, base: np.ndarray, threads: int) -> np.ndarray:
        logs = self.effects(table, threads).sum(axis=1).to_numpy() + self.intercept
        return base * np.exp(np.clip(logs, -_MOST, _MOST))

    def effects(self, table: pd.DataFrame, threads: int) -> pd.DataFrame:
        """Returns what each column adds to the logarithm of the prediction."""
        logs = _signed_log(table[self.columns], self.unit)
        z = _standardised(logs, np.array(self.mean), np.array(self.scale))
        return pd.DataFrame(z * self.coefficients, columns=self.columns, index=table.index)

    def save(self, folder: Path, name: str) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def load(cls, folder: Path, content: dict[str, Any]) -> Self:
        return cls(**content)


def _regression(
    z: np.ndarray, ratio: np.ndarray, weight: np.ndarray, power: float, alpha: float
) -> tuple[np.ndarray, float]:
    """Coefficients and intercept."""
    from sklearn.linear_model import TweedieRegressor

    regression = TweedieRegressor(power=power, alpha=alpha, link="log", solver="newton-cholesky", max_iter=100)
    try:
        regression.fit(z, ratio, sample_weight=weight)
        if not np.isfinite([regression.intercept_, *regression.coef_]).all():
            raise ValueError("a coefficient is not a number")
    except ValueError as error:  # scikit-learn's too: it refuses infinite input
        raise InputError(
            Code.NO_SOLUTION,
            what=f"The GLM has no finite solution on {len(ratio)} rows: {error}",
            fix="a larger model.glm_alpha, or model=xgboost_tweedie",
        ) from error
    return regression.coef_, float(regression.intercept_)


def _signed_log(table: pd.DataFrame, unit: float) -> np.ndarray:
    values = table.to_numpy("float64") * np.where(table.columns.str.contains(_MONEY), 10 / unit, 1)
    return np.sign(values) * np.log1p(np.abs(values))


def _moments(logs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation of each column; 0 and 1 where all is missing."""
    filled = np.isfinite(logs).any(axis=0)
    mean, scale = np.zeros(logs.shape[1]), np.ones(logs.shape[1])
    mean[filled], scale[filled] = np.nanmean(logs[:, filled], axis=0), np.nanstd(logs[:, filled], axis=0)
    scale[scale < 1e-9] = 1.0  # a constant column stands at 0 and teaches nothing
    return mean, scale


def _standardised(logs: np.ndarray, mean: np.ndarray, scale: np.ndarray) -> np.ndarray:
    return np.clip(np.nan_to_num((logs - mean) / scale), -_REACH, _REACH)
