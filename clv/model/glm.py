"""A Tweedie GLM with log link that multiplies what stands before it."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from clv.errors import Code, InputError

MONEY = r"revenue|value|spend"  # columns of amounts; in tenths of the mean label, so that the currency changes nothing
REACH = 5  # standard deviations beyond which a feature says no more
MOST = 2.0  # a correction multiplies by e^-2 to e^2 at most


@dataclass(frozen=True)
class Glm:
    """log(prediction / base) = intercept + coefficients . z; z: signed logs of the columns, standardised, 0 where missing.

    unit: mean label, in currency.
    """

    columns: list[str]
    unit: float
    mean: list[float]
    scale: list[float]
    coefficients: list[float]
    intercept: float


def fit(rows: pd.DataFrame, base: np.ndarray, columns: list[str], options: dict) -> Glm:
    """Tweedie with the base as an offset: trained on label / base with weights base^(2 - power), which is the same likelihood.

    Args:   rows: the columns, actual_clv.   base: positive, in currency, one per row.
    Raises: InputError: the fit has no finite solution.
    Source: Smyth and Jorgensen (2002), Fitting Tweedie's compound Poisson model to insurance claims data, doi:10.2143/AST.32.1.1020.
    """
    from sklearn.linear_model import TweedieRegressor

    label = rows["actual_clv"].clip(lower=0).to_numpy()
    logs, power = signed_log(rows[columns], label.mean()), options["tweedie_power"]
    known = np.isfinite(logs).any(axis=0)
    mean, scale = np.zeros(len(columns)), np.ones(len(columns))
    mean[known], scale[known] = np.nanmean(logs[:, known], axis=0), np.nanstd(logs[:, known], axis=0)
    scale[scale < 1e-9] = 1.0  # a constant column stands at 0 and teaches nothing
    weight = (base / label.mean()) ** (2 - power)
    found = TweedieRegressor(
        power=power, alpha=options["glm_alpha"], link="log", solver="newton-cholesky", max_iter=100
    ).fit(standardised(logs, mean, scale), label / base, sample_weight=weight)
    if not np.isfinite([found.intercept_, *found.coef_]).all():
        raise InputError(
            Code.NO_SOLUTION,
            what=f"The GLM has no finite solution on {len(rows)} rows",
            fix="a larger model.glm_alpha, or model=xgboost_tweedie",
        )
    return Glm(
        columns, float(label.mean()), mean.tolist(), scale.tolist(), found.coef_.tolist(), float(found.intercept_)
    )


def signed_log(table: pd.DataFrame, unit: float) -> np.ndarray:
    values = table.to_numpy("float64") * np.where(table.columns.str.contains(MONEY), 10 / unit, 1)
    return np.sign(values) * np.log1p(np.abs(values))


def standardised(logs: np.ndarray, mean: np.ndarray, scale: np.ndarray) -> np.ndarray:
    return np.clip(np.nan_to_num((logs - mean) / scale), -REACH, REACH)


def effects(glm: Glm, table: pd.DataFrame) -> pd.DataFrame:
    """What each column adds to the log of the prediction; one row per row of the table."""
    z = standardised(signed_log(table[glm.columns], glm.unit), np.array(glm.mean), np.array(glm.scale))
    return pd.DataFrame(z * glm.coefficients, columns=glm.columns, index=table.index)


def predict(glm: Glm, table: pd.DataFrame, base: np.ndarray) -> np.ndarray:
    """The base, corrected: in currency."""
    return base * np.exp(np.clip(effects(glm, table).sum(axis=1).to_numpy() + glm.intercept, -MOST, MOST))
