"""Boosted trees that correct what stands before them; customers that were left out say how many trees there are."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd
import xgboost as xgb

from clv.model.binned import Binned, Part
from clv.model.options import Options
from clv.model.protocol import Lesson

PATIENCE = 30  # trees without a better one, after which no more are tried
_ROWS_PER_THREAD = 100_000


@dataclass(frozen=True)
class Objective:
    """What trees are fitted to; revenue is in units of the mean label, so that no option depends on the currency.

    name: XGBoost's.   label: of net revenue.   margin: of the base, on the scale on which the trees add up; None: from a mean.
    buyers_only: whether rows without revenue are left out.
    """

    name: str
    label: Callable[[np.ndarray], np.ndarray]
    margin: Callable[[np.ndarray], np.ndarray] | None = None
    buyers_only: bool = False


def _at_least_zero(revenue: np.ndarray) -> np.ndarray:
    return np.maximum(revenue, 0)


def _bought(revenue: np.ndarray) -> np.ndarray:
    return (revenue > 0).astype(float)


@dataclass(frozen=True)
class _Boosted:
    """One booster an objective; the prediction is the product of theirs, in units of `unit`, the mean label."""

    columns: list[str]
    unit: float
    boosters: list[xgb.Booster]

    CORRECTS: ClassVar[bool]
    ANSWERS: ClassVar[tuple[str, ...]] = ()
    OBJECTIVES: ClassVar[tuple[Objective, ...]]

    @classmethod
    def fit(cls, lesson: Lesson) -> Self:
        boosters = [_boosted(objective, lesson) for objective in cls.OBJECTIVES]
        return cls(lesson.columns, lesson.unit, boosters)

    def predict(self, table: pd.DataFrame, base: np.ndarray, threads: int) -> np.ndarray:
        product = np.full(len(table), self.unit)
        for objective, booster in zip(self.OBJECTIVES, self.boosters, strict=True):
            data = _from_base(matrix(table, self.columns, threads), objective, base / self.unit)
            product = product * booster.predict(data).astype("float64")
        return product.clip(min=0)

    def effects(self, table: pd.DataFrame, threads: int) -> pd.DataFrame:
        """Returns the SHAP values of each column."""
        data = matrix(table, self.columns, threads)
        shap = sum(booster.predict(data, pred_contribs=True)[:, :-1].astype("float64") for booster in self.boosters)
        return pd.DataFrame(shap, columns=self.columns, index=table.index)

    def save(self, folder: Path, name: str) -> dict[str, Any]:
        names = [f"{name}-{number}.ubj" for number in range(len(self.boosters))]
        for file, booster in zip(names, self.boosters, strict=True):
            booster.save_model(folder / file)
        return {"columns": self.columns, "unit": self.unit, "files": names}

    @classmethod
    def load(cls, folder: Path, content: dict[str, Any]) -> Self:
        """Raises: ValueError: a file lies outside of the folder."""
        if elsewhere := [name for name in content["files"] if Path(name).name != name]:
            raise ValueError(f"The model names files outside of its folder: {', '.join(elsewhere)}")
        boosters = [xgb.Booster(model_file=folder / name) for name in content["files"]]
        return cls(content["columns"], content["unit"], boosters)


class Tweedie(_Boosted):
    """Trees that multiply the base."""

    CORRECTS = True
    OBJECTIVES = (Objective("reg:tweedie", _at_least_zero, margin=np.log),)


class SquaredError(_Boosted):
    """Trees that add to the base."""

    CORRECTS = True
    OBJECTIVES = (Objective("reg:squarederror", np.positive, margin=np.positive),)


class Hurdle(_Boosted):
    """The chance to buy at all, times the size if so; it has no base."""

    CORRECTS = False
    OBJECTIVES = (Objective("binary:logistic", _bought), Objective("reg:gamma", np.positive, buyers_only=True))


def _boosted(objective: Objective, lesson: Lesson) -> xgb.Booster:
    revenue = lesson.rows["actual_clv"].to_numpy() / lesson.unit
    used = revenue > 0 if objective.buyers_only else np.full(len(revenue), True)
    options = with_threads_for(len(revenue), lesson.options)
    binned = lesson.binned if lesson.binned and used.all() else Binned(lesson.rows[used], lesson.columns, options)
    margin = objective.margin(lesson.base[used] / lesson.unit) if objective.margin else None
    binned.teach(objective.label(revenue[used]), margin)
    settings = parameters(objective.name, options)
    return xgb.train(settings, binned.whole, _rounds(settings, binned.folds, options.rounds))


def _rounds(settings: dict[str, Any], folds: list[tuple[Part, Part]], most: int) -> int:
    """The number of trees at which left-out customers are predicted best, in the mean of the folds."""
    boosters = [xgb.Booster(settings, [learnt.matrix, left_out.matrix]) for learnt, left_out in folds]
    losses: list[float] = []
    while len(losses) < most and not is_past_best(losses):
        grown = [_one_more_tree(booster, *parts, len(losses)) for booster, parts in zip(boosters, folds, strict=True)]
        losses.append(float(np.mean(grown)))
    return 1 + int(np.argmin(losses))


def is_past_best(losses: list[float]) -> bool:
    """Returns whether PATIENCE trees have not bettered the least loss. losses: with 1 tree, with 2, and so on.

    >>> is_past_best([3.0, 2.0] + [2.5] * PATIENCE), is_past_best([3.0, 2.5] * (PATIENCE // 2) + [2.0])
    (True, False)
    """
    return len(losses) > PATIENCE and min(losses[-PATIENCE:]) >= min(losses[:-PATIENCE])


def _one_more_tree(booster: xgb.Booster, learnt: Part, left_out: Part, number: int) -> float:
    """The loss on left-out customers with another tree."""
    booster.update(learnt.matrix, number)
    return float(booster.eval(left_out.matrix, "left_out", number).rpartition(":")[2])


def matrix(rows: pd.DataFrame, columns: list[str], threads: int) -> xgb.DMatrix:
    """Returns the columns as XGBoost takes them."""
    numbers = rows[columns].to_numpy(
        "float32"
    )  # as XGBoost would make of each column by itself, ten times slower for few rows
    return xgb.DMatrix(numbers, feature_names=columns, feature_types=["float"] * len(columns), nthread=threads)


def with_threads_for(rows: int, options: Options) -> Options:
    """Returns the options with one thread for few rows, and at most the configured threads.

    Where other programs run, threads that wait for each other made small trees ten times slower.
    """
    return replace(options, threads=min(options.threads, 1 + rows // _ROWS_PER_THREAD))


def _from_base(data: xgb.DMatrix, objective: Objective, base: np.ndarray) -> xgb.DMatrix:
    """The data with the base as what the trees add to."""
    if objective.margin:
        data.set_base_margin(objective.margin(base))
    return data


def parameters(objective: str, options: Options) -> dict[str, Any]:
    """Returns the options under XGBoost's names.

    Args:
        objective: XGBoost's name of what the trees are fitted to.
        options: see Options.
    """
    power = options.tweedie_power
    tweedie = {"tweedie_variance_power": power, "eval_metric": f"tweedie-nloglik@{power}"}
    return (tweedie if objective == "reg:tweedie" else {}) | {
        "objective": objective,
        "max_depth": options.max_depth,
        "learning_rate": options.learning_rate,
        "min_child_weight": options.min_child_weight,
        "subsample": options.subsample,
        "colsample_bynode": options.colsample,
        "lambda": options.reg_lambda,
        "seed": options.seed,
        "nthread": options.threads,
        "tree_method": "hist",
    }
