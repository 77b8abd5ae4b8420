"""A better configuration of the model, searched on the past alone."""

import datetime as dt
import hashlib
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from clv import config, progress, search, settings, windows
from clv.errors import Code, InputError, UserError
from clv.evaluation import metrics
from clv.evaluation.measure import OURS, measure
from clv.history import History
from clv.outcome import Forget, Outcome, Part, Run, Write
from clv.steps import origins
from clv.wording import counted

_HEADER = "# @package _global_\n# Written by tune"
_COST = "rmse_over_mean"


def tune(run: Run, history: History) -> Outcome:
    """Searches the model's numbers on rolling origins whose labels end by the evaluation cutoff; writes the best as an experiment.

    What a trial came to at an origin is kept at once, so that an interrupted search goes on from there.
    """
    section, path = run.config.tune, _experiment(run)
    finished = origins.finished(run, history, "tune")
    space = {bounds.key: (bounds.low, bounds.high) for bounds in section.space}
    start = {name: getattr(run.config.model, name) for name in space}

    def ratio(values: dict[str, float], plan: windows.Plan) -> float:
        """Our RMSE over that of the training mean."""
        name = f"{plan.evaluation}_{_digest(values)}"
        if (part := finished.take(name)) is not None:
            return float(part[_COST].item())
        model: config.Model = replace(run.config.model, **dict[str, Any](values))
        value = _over_mean(run, history, plan, model)
        finished.keep(name, pd.DataFrame({_COST: [value]}))
        return value

    plans, early = _origins(run, history)
    usable, few = origins.measured(history, plans, lambda plan: ratio(start, plan), run.config.model.min_customers)
    best_so_far = math.inf

    def cost(values: dict[str, float]) -> tuple[float, dict[str, float]]:
        """Geometric mean of the ratios over the origins."""
        nonlocal best_so_far
        origins_of_trial = progress.over(list(usable), "origins of the trial")
        ratios = {f"{_COST}_{plan.evaluation}": ratio(values, plan) for plan in origins_of_trial}
        mean = float(np.exp(np.mean(np.log(list(ratios.values())))))
        best_so_far = min(best_so_far, mean)
        count.done(f"best {best_so_far:.4f}")
        return mean, ratios

    with progress.counting("trials", section.trials) as count:
        trials = search.minimise(cost, space, start, section.trials, section.minutes, run.config.seed)
    best, first = min(trials, key=lambda trial: trial.cost), trials[0]
    text = _as_experiment(section.name, best, first, list(usable))
    evaluation = settings.plan(run.config, history).evaluation
    return Outcome(
        f"{counted(len(trials), 'trial')} on {counted(len(usable), 'origin')} before {evaluation}: RMSE is {best.cost:.4f} of the training "
        f"mean's at best, and {first.cost:.4f} as configured; {path}",
        artifacts={f"experiment/{section.name}.yaml": text},
        metrics={_COST: best.cost, f"{_COST}_as_configured": first.cost, "trials": len(trials)},
        dataset=history.dataset,
        warnings=(*early, *few),
        parts=tuple(_part(number, trial) for number, trial in enumerate(trials)),
        effects=(Write(path, text), Forget(finished)),
    )


def _digest(values: dict[str, float]) -> str:
    return hashlib.sha256(repr(sorted(values.items())).encode()).hexdigest()[:16]


def _part(number: int, trial: search.Trial) -> Part:
    params = {f"model.{name}": str(value) for name, value in trial.values.items()}
    return Part(f"trial {number}", params, {_COST: trial.cost} | trial.details)


def _over_mean(run: Run, history: History, plan: windows.Plan, model: config.Model) -> float:
    measured = measure(history, plan, settings.recipe(run.config, plan, history, model))
    actual = measured.evaluation["actual_clv"].to_numpy()
    ours, mean = (metrics.evaluate(actual, measured.predicted[name])["rmse"] for name in (OURS, "naive_mean"))
    return ours / mean


def _origins(run: Run, history: History) -> tuple[list[windows.Plan], list[str]]:
    """The newest is measured on labels that end where the evaluation begins: no trial sees the evaluation snapshot's. A sentence says
    how many lie too early.

    Raises: InputError: the history is too short for one.
    """
    plan = settings.plan(run.config, history)
    horizon = dt.timedelta(days=plan.horizon_days)
    rule, asked = settings.rule(run.config), run.config.tune.origins
    plans = windows.rolling(history.first_day, plan.evaluation, asked, rule)
    if not plans:
        raise InputError(
            Code.HISTORY_TOO_SHORT,
            what=f"Before the evaluation cutoff {plan.evaluation} there is no room for an origin: it needs two horizons of "
            f"{horizon.days} days and {run.config.window.min_history_days} days before them",
            fix="a longer history, or a shorter window.horizon_days",
        )
    return plans, origins.too_early(asked - len(plans), asked, history.first_day, rule)


def _experiment(run: Run) -> Path:
    """The file to write. Raises: UserError: a person wrote it."""
    path = Path(run.config.tune.folder) / f"{run.config.tune.name}.yaml"
    if path.exists() and not path.read_text().startswith(_HEADER):
        raise UserError(f"{path} was not written by tune and is left as it is.\nHint: choose another tune.name.")
    return path


def _as_experiment(name: str, best: search.Trial, first: search.Trial, plans: list[windows.Plan]) -> str:
    """A file of conf/experiment/: what was measured, how to use it, and each value beside the one before."""
    cutoffs = ", ".join(plan.evaluation.isoformat() for plan in plans)
    lines = [
        f"{_HEADER} on {cutoffs}: RMSE over the training mean's {best.cost:.4f}, before {first.cost:.4f}.",
        f'# mlflow run . -e train -P overrides="experiment={name}"',
        "# On few origins a small gain is chance: see with -e backtest whether it lasts.",
        "model:",
        *(f"  {key}: {value!r}   # before: {first.values[key]!r}" for key, value in best.values.items()),
    ]
    return "\n".join(lines) + "\n"
