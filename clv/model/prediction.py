"""What a fitted model says of customers: amounts, their intervals, and what each column adds to them."""

import numpy as np
import pandas as pd

from clv.errors import Code, InputError
from clv.model import btyd, intervals
from clv.model.chains import Model, expected, stages_of, with_answers
from clv.model.inputs import checked


def predict(model: Model, features: pd.DataFrame) -> pd.DataFrame:
    """Returns the expected net revenue of each row in the horizon, and an interval that holds it.

    Args:
        model: of fit().
        features: the columns of model.inputs, one row a customer; those of gaps may be missing.
    Returns:
        predicted_clv, predicted_clv_low, predicted_clv_high, in currency, low <= predicted <= high; the index of the features.
    Raises:
        InputError: the table is not one that features make (see checked()), or a prediction is not a number.
    """
    return _predicted(model, checked(model.inputs, features))


def answers(model: Model, features: pd.DataFrame) -> pd.DataFrame:
    """Returns the columns of predict(), and by the probability model alone what each customer does: p_alive, p_buy, expected_orders.

    Args, Raises: of predict().
    """
    table = checked(model.inputs, features)
    behaviour = btyd.behaviour(model.customers, table, model.horizon_days)
    return pd.concat([_predicted(model, table), behaviour], axis=1)


def _predicted(model: Model, features: pd.DataFrame) -> pd.DataFrame:
    """Of predict(); features: checked."""
    table = with_answers(model, features)
    revenue = expected(model, table)
    if model.intervals:
        low, high = intervals.around(model.intervals, table, revenue)
    else:
        low, high = intervals.rough(table["btyd_orders"].to_numpy(), revenue, model.interval)
    predicted = pd.DataFrame(
        {"predicted_clv": revenue, "predicted_clv_low": low, "predicted_clv_high": high}, index=features.index
    )
    if bad := int((~np.isfinite(predicted)).any(axis=1).sum()):
        raise InputError(
            Code.NOT_FINITE,
            what=f"{bad} of {len(predicted)} predictions are not numbers",
            fix="look for missing or infinite values among the features",
        )
    return predicted


def total(model: Model, predicted: np.ndarray) -> tuple[float, float]:
    """Returns low and high of the sum of the predictions, in currency, at the model's level.

    Args:
        model: of fit().
        predicted: predicted_clv of all customers.
    """
    if model.intervals:
        return intervals.total(model.intervals, predicted)
    return intervals.spread_total(predicted, intervals.UNKNOWN_PERIOD_SD, model.interval)


def contributions(model: Model, features: pd.DataFrame) -> pd.DataFrame:
    """Returns what each column adds to the logarithm of a prediction, averaged over the chains: SHAP values.

    btyd_revenue is what the probability model says, beside the average customer of the training. squared_error and hurdle
    count on the scale on which their trees add up.

    Args:
        model: of fit().
        features: the columns of model.inputs, one row a customer.
    Returns:
        One row per row of the features, one column per column that a stage uses; 0 adds nothing.
    Source:
        Lundberg and Lee (2017), A Unified Approach to Interpreting Model Predictions; TreeSHAP of XGBoost.
    """
    table = with_answers(model, features)
    added = pd.DataFrame(0.0, index=features.index, columns=[*model.inputs[1:], *btyd.ANSWERS])
    for chain in model.chains:
        for stage in stages_of(model, chain):
            effects = stage.effects(table, model.threads)
            added[effects.columns] += effects / len(model.chains)
    return added.loc[:, (added != 0).any()]
