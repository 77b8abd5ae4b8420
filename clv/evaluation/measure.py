"""Our model and what it must beat, fitted before an evaluation cutoff and measured on the same customers after it."""

import datetime as dt
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd

from clv import model, windows
from clv.config import Model
from clv.errors import Code, InputError
from clv.evaluation import naive
from clv.model import btyd
from clv.workspace import Workspace

OURS = "clv"


@dataclass(frozen=True)
class Measured:
    """evaluation: the feature table at the evaluation cutoff with actual_clv.   ours: of model.predict().
    predicted: recipe -> a value a row, ours first.   group_means: the training mean of customers with as many orders."""

    plan: windows.Windows
    model: model.Model
    evaluation: pd.DataFrame
    ours: pd.DataFrame
    predicted: dict[str, np.ndarray]
    group_means: np.ndarray


def measure(work: Workspace, plan: windows.Windows, asked: Model | None = None) -> Measured:
    """Fit on the plan's training snapshots alone; predict, with every recipe, each customer of its evaluation snapshot.

    Args:   asked: another model than the configured one.
    Raises: InputError: the evaluation's labels reach beyond the history.
    """
    config, definition = work.config, work.definition(plan)
    if work.silent_days(plan.as_of) > config.window.max_silent_days:
        raise InputError(
            Code.SILENT_DAYS,
            what=f"There is no order in the {work.silent_days(plan.as_of)} days before {plan.as_of}, where the labels of "
            f"{plan.evaluation} end; more than window.max_silent_days={config.window.max_silent_days}: they would be zeros that "
            "nobody observed",
            fix="an earlier day, or a history that reaches further",
        )
    horizon = plan.horizon_days
    snapshots = [work.labelled(cutoff, definition) for cutoff in plan.training]
    evaluation = work.labelled(plan.evaluation, definition)
    fitted = model.fit(
        snapshots,
        evaluation.drop(columns="actual_clv"),
        definition.columns(config.features.moving),
        model.Options(
            **asdict(asked or config.model),
            seed=config.seed,
            threads=config.compute.threads,
            horizon_days=horizon,
            cutoffs=plan.training,
        ),
    )
    ours = model.predict(fitted, evaluation)
    last = last_horizon(work, evaluation, plan.evaluation, horizon)
    newest = (
        snapshots[-1] if snapshots else evaluation.assign(actual_clv=last)
    )  # no label is known: the horizon before it
    predicted = {OURS: ours["predicted_clv"].to_numpy()} | without_learning(fitted, evaluation, newest, last)
    return Measured(plan, fitted, evaluation, ours, predicted, naive.group_means(newest, evaluation))


def last_horizon(work: Workspace, table: pd.DataFrame, cutoff: dt.date, horizon_days: int) -> np.ndarray:
    """Net revenue of each customer in the horizon before the cutoff."""
    return windows.actual_clv(
        table["customer_id"], work.purchases, cutoff - dt.timedelta(days=horizon_days), horizon_days
    ).to_numpy()


def without_learning(
    fitted: model.Model, table: pd.DataFrame, newest: pd.DataFrame, last: np.ndarray
) -> dict[str, np.ndarray]:
    """What every model must beat: the probability model alone, and the naive recipes.

    Args: newest: labelled customers whose horizon ends where the table's begins.   last: of last_horizon().
    """
    alone = btyd.expected(fitted.customers, table, fitted.horizon_days)["btyd_revenue"].to_numpy()
    return {"btyd": alone} | naive.predictions(table, newest["actual_clv"].mean(), last, fitted.horizon_days)
