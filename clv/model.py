"""XGBoost on several snapshots: fit, predict, importance."""

import numpy as np
import pandas as pd
import xgboost as xgb

from clv.errors import InputError


def held_out(customers: pd.Series, share: float, seed: int) -> np.ndarray:
    """True for about this share of the customers: the same ones in every snapshot, whatever the others are."""
    draw = pd.util.hash_pandas_object(customers.astype(object), index=False, hash_key=f"{seed:016d}").to_numpy()
    return draw % 1_000_000 < share * 1_000_000


def fit(snapshots: list[pd.DataFrame], columns: list[str], options: dict, seed: int, threads: int) -> xgb.Booster:
    """Fit on all snapshots; the held-out customers of the newest one say when to stop.

    Args:    snapshots: oldest first; customer_id, the feature columns, actual_clv.   options: keys of conf/model/.
    Returns: the booster up to its best round.
    Raises:  InputError: too few customers, or nobody bought in any label window.
    """
    newest = snapshots[-1]
    smallest = min(len(snapshot) for snapshot in snapshots)
    if len(newest) < options["min_customers"]:
        raise InputError(
            f"The newest training snapshot has {len(newest)} customers, and model.min_customers="
            f"{options['min_customers']} are needed.\nHint: a longer history or a shorter window.horizon_days; "
            f"the smallest snapshot has {smallest}."
        )
    rows = pd.concat(snapshots, ignore_index=True)
    if not (rows["actual_clv"] > 0).any():
        raise InputError(
            "Nobody brought revenue in any training label window; there is nothing to learn."
            "\nHint: check the dates of the history, or choose a longer window.horizon_days."
        )
    held = held_out(rows["customer_id"], options["validation_share"], seed)
    training = matrix(rows[~held], columns, options, threads)
    judge = newest[held_out(newest["customer_id"], options["validation_share"], seed)]
    validation = matrix(judge, columns, options, threads, like=training)
    booster = xgb.train(
        parameters(options, seed, threads),
        training,
        options["rounds"],
        evals=[(validation, "held_out")],
        early_stopping_rounds=options["early_stopping_rounds"],
        verbose_eval=False,
    )
    return booster[: booster.best_iteration + 1]


def matrix(
    rows: pd.DataFrame, columns: list[str], options: dict, threads: int, like: xgb.DMatrix | None = None
) -> xgb.DMatrix:
    label = rows["actual_clv"].clip(lower=0) if options["objective"] == "tweedie" else rows["actual_clv"]
    return xgb.QuantileDMatrix(rows[columns], label=label, nthread=threads, ref=like)


def parameters(options: dict, seed: int, threads: int) -> dict:
    objective = {
        "tweedie": {
            "objective": "reg:tweedie",
            "tweedie_variance_power": options["tweedie_power"],
            "eval_metric": f"tweedie-nloglik@{options['tweedie_power']}",
        },
        "squared_error": {"objective": "reg:squarederror", "eval_metric": "rmse"},
    }[options["objective"]]
    return objective | {
        "max_depth": options["max_depth"],
        "learning_rate": options["learning_rate"],
        "subsample": options["subsample"],
        "colsample_bytree": options["colsample"],
        "min_child_weight": options["min_child_weight"],
        "lambda": options["reg_lambda"],
        "seed": seed,
        "nthread": threads,
        "tree_method": "hist",
    }


def predict(booster: xgb.Booster, features: pd.DataFrame) -> np.ndarray:
    """Expected net revenue of each row in the horizon, in currency (float64).

    Raises: InputError: the table lacks a column that the model learnt on.
    """
    missing = [name for name in booster.feature_names if name not in features]
    if missing:
        raise InputError(
            f"The feature table lacks {len(missing)} columns the model learnt on: {', '.join(missing[:5])}."
            "\nHint: build it with the definition that is stored with the model version."
        )
    return booster.inplace_predict(features[booster.feature_names]).astype("float64")


def importance(booster: xgb.Booster) -> pd.Series:
    """Share of the total gain by feature, largest first; 0 for a feature that no tree uses."""
    gain = (
        pd.Series(booster.get_score(importance_type="total_gain"), dtype="float64")
        .reindex(booster.feature_names)
        .fillna(0.0)
    )
    return (gain / max(gain.sum(), 1e-300)).sort_values(ascending=False).rename("importance")
