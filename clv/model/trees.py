"""Boosted trees that correct what stands before them; how many is found on customers that were left out."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import xgboost as xgb

FOLDS, ROWS_PER_THREAD = 3, 100_000
OBJECTIVES = {
    "trees": ("reg:tweedie",),
    "squared_error": ("reg:squarederror",),
    "hurdle": ("binary:logistic", "reg:gamma"),
}


@dataclass(frozen=True)
class Trees:
    """kind: trees multiplies the base, squared_error adds to it; hurdle is a chance to buy times a size, and has no base.

    boosters: of labels in units of `unit`, the mean label, so that no option depends on the currency.
    """

    kind: str
    columns: list[str]
    unit: float
    boosters: list[xgb.Booster]


def fit(kind: str, rows: pd.DataFrame, base: np.ndarray, columns: list[str], options: dict) -> Trees:
    """Args: rows: the columns, customer_id, actual_clv.   base: positive, in currency, one per row: what is corrected."""
    unit, label = unit_of(rows), rows["actual_clv"].clip(lower=0).to_numpy()
    boosters = []
    for objective in OBJECTIVES[kind]:
        used = label > 0 if objective == "reg:gamma" else np.full(len(rows), True)
        target = (label > 0).astype(float) if objective == "binary:logistic" else label / unit
        if kind == "squared_error":
            target = rows["actual_clv"].to_numpy() / unit
        data = matrix(rows[used], columns, threads_for(len(rows), options), target[used])
        start_from(data, objective, base[used] / unit)
        chosen = parameters(objective, options | {"threads": threads_for(len(rows), options)})
        boosters.append(xgb.train(chosen, data, rounds(chosen, data, rows["customer_id"][used], options)))
    return Trees(kind, columns, unit, boosters)


def unit_of(rows: pd.DataFrame) -> float:
    return float(rows["actual_clv"].clip(lower=0).mean())


def rounds(chosen: dict, data: xgb.DMatrix, customers: pd.Series, options: dict) -> int:
    """The number of trees at which left-out customers are predicted best, over FOLDS folds of customers; at most options["rounds"]."""
    fold = folds(customers, options["seed"])
    splits = [(np.flatnonzero(fold != number), np.flatnonzero(fold == number)) for number in range(FOLDS)]
    found = xgb.cv(chosen, data, options["rounds"], folds=[split for split in splits if min(map(len, split))])
    return 1 + int(
        np.argmin(found[next(name for name in found if name.startswith("test-") and name.endswith("-mean"))])
    )


def folds(customers: pd.Series, seed: int) -> np.ndarray:
    """The fold of each row: the same for a customer in every snapshot, whatever the other customers are."""
    draw = pd.util.hash_pandas_object(customers.astype(object), index=False, hash_key=f"{seed:016d}")
    return draw.to_numpy() % FOLDS


def matrix(rows: pd.DataFrame, columns: list[str], threads: int, label: np.ndarray | None = None) -> xgb.DMatrix:
    return xgb.DMatrix(rows[columns], label=label, nthread=threads)


def threads_for(rows: int, options: dict) -> int:
    """One for few rows: where other programs run, threads that wait for each other made small trees ten times slower."""
    return min(options["threads"], 1 + rows // ROWS_PER_THREAD)


def start_from(data: xgb.DMatrix, objective: str, base: np.ndarray) -> None:
    """Let the trees add to the base, on the scale of the objective; the parts of a hurdle start from their own mean."""
    if objective == "reg:tweedie":
        data.set_base_margin(np.log(base))
    if objective == "reg:squarederror":
        data.set_base_margin(base)


def parameters(objective: str, options: dict) -> dict:
    """XGBoost's names for the keys of conf/model/."""
    power = options["tweedie_power"]
    return (
        {"tweedie_variance_power": power, "eval_metric": f"tweedie-nloglik@{power}"}
        if objective == "reg:tweedie"
        else {}
    ) | {
        "objective": objective,
        "max_depth": options["max_depth"],
        "learning_rate": options["learning_rate"],
        "min_child_weight": options["min_child_weight"],
        "subsample": options["subsample"],
        "colsample_bynode": options["colsample"],
        "lambda": options["reg_lambda"],
        "seed": options["seed"],
        "nthread": options["threads"],
        "tree_method": "hist",
    }


def predict(trees: Trees, table: pd.DataFrame, base: np.ndarray, threads: int) -> np.ndarray:
    """The base, corrected: in currency, at least 0."""
    found = np.full(len(table), trees.unit)
    for objective, booster in zip(OBJECTIVES[trees.kind], trees.boosters, strict=True):
        data = matrix(table, trees.columns, threads)
        start_from(data, objective, base / trees.unit)
        found = found * booster.predict(data).astype("float64")
    return found.clip(min=0)


def effects(trees: Trees, table: pd.DataFrame, threads: int) -> pd.DataFrame:
    """SHAP values of each column, on the scale on which the trees add up; one row per row of the table."""
    data = matrix(table, trees.columns, threads)
    found = sum(booster.predict(data, pred_contribs=True)[:, :-1].astype("float64") for booster in trees.boosters)
    return pd.DataFrame(found, columns=trees.columns, index=table.index)
