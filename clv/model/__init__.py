"""What a customer will bring: chains in which each stage corrects the one before it; the prediction is the mean of the chains.

`btyd+glm+trees` asks the probability model, lets a GLM correct its answer, and trees correct that. A stage sees the feature
table at its own cutoff and the prediction so far; all but squared_error and hurdle multiply it.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from clv.errors import Code, InputError
from clv.model import btyd, glm, intervals, trees

LEAST = 1e-3  # a base is at least this share of the mean label: zero could not be corrected
BTYD_COLUMNS = ["btyd_purchases", "btyd_alive", "btyd_spend", "btyd_revenue"]
BTYD_NEEDS = ["tenure_days", "recency_days", "frequency", "average_order_value", "revenue_total"]


Options = dict  # for the moment


@dataclass(frozen=True)
class Model:
    """chains: lists of stage names.   stages: by the chain up to them ("btyd+glm").   inputs: columns of the feature table.

    unit: mean label, in currency: the base of a chain that does not begin with btyd.   centre: mean logarithm of BTYD's answer where
    the model learnt, from which contributions() counts.   scale, level: see totals().
    interval: probability promised.   intervals: none where there were no labels to learn them from.
    """

    chains: list[list[str]]
    inputs: list[str]
    horizon_days: int
    threads: int
    unit: float
    centre: float
    scale: float
    level: float
    interval: float
    customers: btyd.Customers
    stages: dict[str, Any]
    intervals: intervals.Intervals | None


def fit(snapshots: list[pd.DataFrame], current: pd.DataFrame, columns: list[str], options: dict) -> Model:
    """Fit on all snapshots; BTYD on each one's own history, and for use on that of `current`.

    Args:    snapshots: oldest first; customer_id, lifecycle_stage, the feature columns, actual_clv; may be empty: BTYD alone.
             current: the feature table at the cutoff from which the model will predict.   columns: what stages learn from.
             options: keys of conf/model/, seed, threads, horizon_days, cutoffs (of the snapshots).
    Raises:  InputError: too few customers, or nobody bought in any label window.
    """
    check(snapshots, current, options)
    customers = btyd.fit(current, options["probability_model"])
    revenue = btyd.expected(customers, current, options["horizon_days"])["btyd_revenue"]
    model = Model(
        chains=[["btyd"]],
        inputs=list(dict.fromkeys(["lifecycle_stage", *columns, *BTYD_NEEDS])),
        horizon_days=options["horizon_days"],
        threads=options["threads"],
        unit=float(revenue.mean()),
        centre=mean_log(revenue),
        scale=1.0,
        level=1.0,
        interval=options["interval"],
        customers=customers,
        stages={},
        intervals=None,
    )
    if not snapshots:
        return model
    tables, chains = with_btyd(snapshots, customers, options), [chain.split("+") for chain in options["chains"]]
    rows = pd.concat(tables, ignore_index=True)
    scale, level = totals(chains, rows, options)
    centre = mean_log(scale * rows["btyd_revenue"])
    model = replace(model, chains=chains, unit=trees.unit_of(rows), centre=centre, scale=scale, level=level)
    for chain in chains:
        learn(model, chain, rows, columns, options)
    model = bounded(model, current)
    return replace(model, intervals=intervals.fit(tables, expected(model, tables[-1]), columns, options))


def mean_log(revenue: pd.Series) -> float:
    """Of amounts that are at least a small share of their mean."""
    return float(np.log(np.maximum(revenue, LEAST * revenue.mean())).mean())


def check(snapshots: list[pd.DataFrame], current: pd.DataFrame, options: dict) -> None:
    smallest = min([current, *snapshots], key=len)
    if len(smallest) < options["min_customers"]:
        raise InputError(
            Code.TOO_FEW_CUSTOMERS,
            what=f"A training snapshot has {len(smallest)} customers, and model.min_customers={options['min_customers']} are "
            "needed",
            fix="a longer history or a shorter window.horizon_days",
        )
    if snapshots and not any((snapshot["actual_clv"] > 0).any() for snapshot in snapshots):
        raise InputError(
            Code.NOTHING_TO_LEARN,
            what="Nobody brought revenue in any training label window; there is nothing to learn",
            fix="check the dates of the history, or choose a longer window.horizon_days",
        )


def with_btyd(snapshots: list[pd.DataFrame], customers: btyd.Customers, options: dict) -> list[pd.DataFrame]:
    """Each snapshot with the answer of a BTYD that knows its own history alone; each fit starts from the one after it."""
    found = []
    for snapshot in reversed(snapshots):
        customers = btyd.fit(snapshot, options["probability_model"], start=customers)
        table = snapshot.join(btyd.expected(customers, snapshot, options["horizon_days"]))
        found.append(thinned(table, snapshots, options))
    return found[::-1]


def thinned(table: pd.DataFrame, snapshots: list[pd.DataFrame], options: dict) -> pd.DataFrame:
    """The same share of the customers in every snapshot, so that all of them together fit model.max_training_rows."""
    share = options["max_training_rows"] / sum(map(len, snapshots))
    if share >= 1:
        return table
    draw = pd.util.hash_pandas_object(table["customer_id"].astype(object), index=False, hash_key="thinned".zfill(16))
    return table[draw.to_numpy() < share * 2.0**64].reset_index(drop=True)


def totals(chains: list[list[str]], rows: pd.DataFrame, options: dict) -> tuple[float, float]:
    """Scale and level: BTYD is corrected on the scale of the actual total, and a part of that is taken back at the end.

    All customers of a period are off together, so a ratio of totals says less than the number of customers makes believe:
    it is trusted as n / (n + model.level_prior), with n label windows side by side in the training span; the shrinkage of a
    random effect that is seen n times. A ratio beyond e or 1 / e is no size of a correction and is cut off there.

    Source: Buhlmann and Gisler (2005), A Course in Credibility Theory and its Applications, chapter 3.
    """
    if not any(chain[0] == "btyd" and len(chain) > 1 for chain in chains):
        return 1.0, 1.0
    revenue = rows["actual_clv"].clip(lower=0).sum()
    ratio = np.clip(revenue / max(rows["btyd_revenue"].sum(), 1e-9 * revenue), np.exp(-1), np.exp(1))
    doubt = options["level_prior"] / (intervals.windows_side_by_side(options) + options["level_prior"])
    return float(ratio), float(ratio**-doubt)


def bounded(model: Model, current: pd.DataFrame) -> Model:
    """Corrections that would make more than e times, or less than 1 / e of, BTYD's total where the model is used are no
    corrections: what was learnt there does not fit here (a shop that was closed, a history that has just begun)."""
    if not all(chain[0] == "btyd" for chain in model.chains):
        return model
    table = current.join(btyd.expected(model.customers, current, model.horizon_days))
    change = expected(model, table).sum() / max(table["btyd_revenue"].sum(), LEAST * model.unit)
    return replace(model, level=float(model.level * np.clip(change, np.exp(-1), np.e) / max(change, 1e-9)))


def learn(model: Model, chain: list[str], rows: pd.DataFrame, columns: list[str], options: dict) -> None:
    """Fit the stages of a chain that no earlier chain has fitted, each on what stands before it."""
    for number, name in enumerate(chain):
        key = "+".join(chain[: number + 1])
        if name == "btyd" or key in model.stages:
            continue
        before = np.maximum(along(model, chain[:number], rows), LEAST * model.unit)
        if name == "glm":
            known = [*columns, *BTYD_COLUMNS] if chain[0] == "btyd" else columns
            model.stages[key] = glm.fit(rows, before, known, options)
        else:
            model.stages[key] = trees.fit(name, rows, before, columns, options)


def along(model: Model, chain: list[str], table: pd.DataFrame) -> np.ndarray:
    """The prediction of a chain, in currency; of an empty chain, the mean label. table: with BTYD's columns.

    What is corrected is BTYD's answer on the scale of the actual total, and at least a small share of the mean label.
    """
    found = np.full(len(table), model.unit)
    for number, name in enumerate(chain):
        if name == "btyd":
            found = model.scale * table["btyd_revenue"].to_numpy("float64")
        else:
            stage = model.stages["+".join(chain[: number + 1])]
            base = np.maximum(found, LEAST * model.unit)
            found = (
                glm.predict(stage, table, base) if name == "glm" else trees.predict(stage, table, base, model.threads)
            )
    return found


def expected(model: Model, table: pd.DataFrame) -> np.ndarray:
    """Mean of the chains, in currency. table: with BTYD's columns."""
    return model.level * np.mean([along(model, chain, table) for chain in model.chains], axis=0)


def predict(model: Model, features: pd.DataFrame) -> pd.DataFrame:
    """Expected net revenue of each row in the horizon and an interval that holds it, in currency.

    Returns: predicted_clv, predicted_clv_low, predicted_clv_high; the index of the features.
    Raises:  InputError: the table lacks a column that the model learnt on, or a prediction is not a number.
    """
    if missing := [name for name in model.inputs if name not in features]:
        raise InputError(
            Code.MISSING_FEATURES,
            what=f"The feature table lacks {len(missing)} columns the model learnt on: {', '.join(missing[:5])}",
            fix="build it with the definition that is stored with the model version",
        )
    if text := [name for name in model.inputs[1:] if not pd.api.types.is_numeric_dtype(features[name])]:
        kinds = ", ".join(f"{name} {features[name].dtype}" for name in text[:5])
        raise InputError(
            Code.FEATURE_TYPE,
            what=f"{len(text)} columns of the feature table are not the numbers that the model learnt on: {kinds}",
            fix="build it with the definition that is stored with the model version",
        )
    endless = np.isinf(features[model.inputs].select_dtypes("number")).any(axis=1)
    if endless.any():
        raise InputError(
            Code.NOT_FINITE,
            what=f"{endless.sum()} of {len(features)} rows of the feature table hold infinite values",
            fix="look at the revenue column of those customers",
        )
    table = features.join(btyd.expected(model.customers, features, model.horizon_days))
    predicted = expected(model, table)
    if model.intervals:
        low, high = intervals.around(model.intervals, table, predicted)
    else:
        low, high = intervals.rough(table["btyd_purchases"].to_numpy(), predicted, model.interval)
    found = pd.DataFrame(
        {"predicted_clv": predicted, "predicted_clv_low": low, "predicted_clv_high": high}, index=features.index
    )
    if bad := int((~np.isfinite(found)).any(axis=1).sum()):
        raise InputError(
            Code.NOT_FINITE,
            what=f"{bad} of {len(found)} predictions are not numbers",
            fix="look for missing or infinite values among the features",
        )
    return found


def total(model: Model, predicted: np.ndarray) -> tuple[float, float]:
    """Low and high of the sum of the predictions, in currency, at the model's level."""
    if model.intervals:
        return intervals.total(model.intervals, predicted)
    return intervals.spread_total(predicted, intervals.UNKNOWN_PERIOD_SD, model.interval)


def contributions(model: Model, features: pd.DataFrame) -> pd.DataFrame:
    """What each column adds to the logarithm of a prediction, averaged over the chains: SHAP values.

    btyd_revenue is what the probability model says, beside the average customer of the training. (Of squared_error and hurdle: on the scale
    on which their trees add up.)

    Returns: one row per row of the features, one column per column that a stage uses.
    Source:  Lundberg and Lee (2017), A Unified Approach to Interpreting Model Predictions; TreeSHAP of XGBoost.
    """
    table = features.join(btyd.expected(model.customers, features, model.horizon_days))
    found = pd.DataFrame(0.0, index=features.index, columns=[*model.inputs[1:], *BTYD_COLUMNS])
    for chain in model.chains:
        for number, name in enumerate(chain):
            if name == "btyd":
                logs = np.log(np.maximum(model.scale * table["btyd_revenue"], LEAST * model.unit))
                effects = (logs - model.centre).to_frame("btyd_revenue")
            else:
                stage = model.stages["+".join(chain[: number + 1])]
                effects = glm.effects(stage, table) if name == "glm" else trees.effects(stage, table, model.threads)
            found[effects.columns] += effects / len(model.chains)
    return found.loc[:, (found != 0).any()]
