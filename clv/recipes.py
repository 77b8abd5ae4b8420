"""Our model and what it must beat, fitted before an evaluation cutoff and measured on the same customers after it."""

import datetime as dt
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd
import xgboost as xgb

from clv import btyd, model, naive, windows
from clv.errors import InputError
from clv.workspace import Workspace

OURS = "clv"


@dataclass(frozen=True)
class Measured:
    """evaluation: the feature table at the evaluation cutoff with actual_clv.   predicted: recipe -> a value a row, ours first."""

    plan: windows.Windows
    booster: xgb.Booster
    inputs: list[str]
    evaluation: pd.DataFrame
    predicted: dict[str, np.ndarray]


def measure(work: Workspace, plan: windows.Windows) -> Measured:
    """Fit on the plan's training snapshots alone; predict, with every recipe, each customer of its evaluation snapshot.

    Raises: InputError: the evaluation's labels reach beyond the history.
    """
    config, definition = work.config, work.definition(plan)
    if work.silent_days(plan.as_of) > config.window.max_silent_days:
        raise InputError(
            f"There is no order in the {work.silent_days(plan.as_of)} days before {plan.as_of}, where the labels of "
            f"{plan.evaluation} end; more than window.max_silent_days={config.window.max_silent_days}: they would be zeros that "
            "nobody observed.\nHint: an earlier day, or a history that reaches further."
        )
    snapshots = [work.labelled(cutoff, definition) for cutoff in plan.training]
    inputs = definition.columns(config.features.moving)
    booster = model.fit(snapshots, inputs, asdict(config.model), config.seed, config.compute.threads)
    evaluation = work.labelled(plan.evaluation, definition)
    before = plan.evaluation - dt.timedelta(days=plan.horizon_days)
    last = windows.actual_clv(evaluation["customer_id"], work.purchases, before, plan.horizon_days)
    predicted = {
        OURS: model.predict(booster, evaluation),
        "btyd": btyd.expected_revenue(evaluation, config.evaluation.probability_model, plan.horizon_days),
        **naive.predictions(evaluation, snapshots[-1]["actual_clv"].mean(), last.to_numpy(), plan.horizon_days),
    }
    return Measured(plan, booster, inputs, evaluation, predicted)
