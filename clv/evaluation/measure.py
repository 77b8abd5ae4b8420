"""Our model and what it must beat, fitted before an evaluation cutoff and measured on the same customers after it."""

import datetime as dt
from dataclasses import dataclass

import numpy as np
import pandas as pd

from clv import features, model, progress, windows
from clv.errors import Code, InputError
from clv.evaluation import naive
from clv.history import History
from clv.model import btyd

OURS = "clv"


@dataclass(frozen=True)
class Recipe:
    """What is fitted, and how.

    columns: those of the feature table that a model may learn from.   max_silent_days: days without any order at the end of a label
    window, beyond which its zeros are not taken for observed.
    """

    definition: features.Definition
    columns: list[str]
    options: model.Options
    max_silent_days: int


@dataclass(frozen=True)
class Measured:
    """A model and its measurement on customers whom it has not learnt from.

    evaluation: the feature table at the evaluation cutoff with actual_clv.   ours: of model.predict().
    predicted: recipe -> a value a row, ours first.   group_means: the training mean of customers with as many orders.
    """

    plan: windows.Plan
    model: model.Model
    evaluation: pd.DataFrame
    ours: pd.DataFrame
    predicted: dict[str, np.ndarray]
    group_means: np.ndarray


def measure(history: History, plan: windows.Plan, recipe: Recipe) -> Measured:
    """Fits on the plan's training snapshots alone; predicts, with every recipe, each customer of its evaluation snapshot.

    Raises: InputError: the evaluation's labels reach beyond the history.
    """
    _refuse_silence(history, plan, recipe.max_silent_days)
    horizon = plan.horizon_days
    panel, rows = history.panel, sum(history.panel.customers(cutoff) for cutoff in plan.training)
    learning = panel.thinned(recipe.options.max_training_rows / max(rows, 1))
    cutoffs = progress.over(plan.training, "snapshots")
    snapshots = [learning.labelled(cutoff, recipe.definition) for cutoff in cutoffs]
    evaluation = panel.labelled(plan.evaluation, recipe.definition)
    fitted = model.fit(snapshots, evaluation.drop(columns="actual_clv"), recipe.columns, recipe.options)
    ours = model.predict(fitted, evaluation)
    last = last_horizon(history, evaluation, plan.evaluation, horizon)
    newest = snapshots[-1] if snapshots else evaluation.assign(actual_clv=last)  # no label yet: the horizon before it
    predicted = {OURS: ours["predicted_clv"].to_numpy()} | without_learning(fitted, evaluation, newest, last)
    return Measured(plan, fitted, evaluation, ours, predicted, naive.group_means(newest, evaluation))


def last_horizon(history: History, table: pd.DataFrame, cutoff: dt.date, horizon_days: int) -> np.ndarray:
    """Returns the net revenue of each customer in the horizon before the cutoff."""
    return history.panel.revenue_of(table, cutoff - dt.timedelta(days=horizon_days), horizon_days).to_numpy()


def without_learning(
    fitted: model.Model, table: pd.DataFrame, newest: pd.DataFrame, last: np.ndarray
) -> dict[str, np.ndarray]:
    """Returns what every model must beat: the probability model alone, and the naive recipes.

    Args: newest: labelled customers whose horizon ends where the table's begins.   last: of last_horizon().
    """
    alone = btyd.expected(fitted.customers, table, fitted.horizon_days)["btyd_revenue"].to_numpy()
    return {"btyd": alone} | naive.predictions(table, newest["actual_clv"].mean(), last, fitted.horizon_days)


def _refuse_silence(history: History, plan: windows.Plan, max_silent_days: int) -> None:
    silent = history.silent_days(plan.as_of)
    if silent > max_silent_days:
        raise InputError(
            Code.SILENT_DAYS,
            what=f"There is no order in the {silent} days before {plan.as_of}, where the labels of {plan.evaluation} end; more "
            f"than window.max_silent_days={max_silent_days}: they would be zeros that nobody observed",
            fix="an earlier day, or a history that reaches further",
        )
