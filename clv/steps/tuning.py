"""A better configuration of the model, searched on the past alone."""

import datetime as dt
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from clv import config, search, settings, windows
from clv.errors import Code, InputError, UserError
from clv.evaluation import metrics
from clv.evaluation.measure import OURS, measure
from clv.history import History
from clv.outcome import Outcome, Part, Run, Write

_HEADER = "# @package _global_\n# Written by tune"
_COST = "rmse_over_mean"


def tune(run: Run, history: History) -> Outcome:
    """Searches the model's numbers on rolling origins whose labels end by the evaluation cutoff; writes the best as an experiment."""
    section, origins, path = run.config.tune, _origins(run, history), _experiment(run)
    space = {bounds.key: (bounds.low, bounds.high) for bounds in section.space}
    start = {name: getattr(run.config.model, name) for name in space}

    def cost(values: dict[str, float]) -> tuple[float, dict[str, float]]:
        """Geometric mean over the origins of our RMSE over that of the training mean."""
        model: config.Model = replace(run.config.model, **dict[str, Any](values))
        ratios = {f"{_COST}_{plan.evaluation}": _over_mean(run, history, plan, model) for plan in origins}
        return float(np.exp(np.mean(np.log(list(ratios.values()))))), ratios

    trials = search.minimise(cost, space, start, section.trials, section.minutes, run.config.seed)
    best, first = min(trials, key=lambda trial: trial.cost), trials[0]
    text = _as_experiment(section.name, best, first, origins)
    evaluation = settings.plan(run.config, history).evaluation
    return Outcome(
        f"{len(trials)} trials on {len(origins)} origins before {evaluation}: RMSE over the mean's {first.cost:.4f} as "
        f"configured, {best.cost:.4f} at best; {path}",
        artifacts={f"experiment/{section.name}.yaml": text},
        metrics={_COST: best.cost, f"{_COST}_as_configured": first.cost, "trials": len(trials)},
        dataset=history.dataset,
        parts=tuple(_part(number, trial) for number, trial in enumerate(trials)),
        effects=(Write(path, text),),
    )


def _part(number: int, trial: search.Trial) -> Part:
    params = {f"model.{name}": str(value) for name, value in trial.values.items()}
    return Part(f"trial {number}", params, {_COST: trial.cost} | trial.details)


def _over_mean(run: Run, history: History, plan: windows.Plan, model: config.Model) -> float:
    measured = measure(history, plan, settings.recipe(run.config, plan, model))
    actual = measured.evaluation["actual_clv"].to_numpy()
    ours, mean = (metrics.evaluate(actual, measured.predicted[name])["rmse"] for name in (OURS, "naive_mean"))
    return ours / mean


def _origins(run: Run, history: History) -> list[windows.Plan]:
    """The newest is measured on labels that end where the evaluation begins: no trial sees the evaluation snapshot's.

    Raises: InputError: the history is too short for one.
    """
    plan = settings.plan(run.config, history)
    horizon = dt.timedelta(days=plan.horizon_days)
    origins = windows.rolling(history.first_day, plan.evaluation, run.config.tune.origins, settings.rule(run.config))
    if not origins:
        raise InputError(
            Code.HISTORY_TOO_SHORT,
            what=f"Before the evaluation cutoff {plan.evaluation} there is no room for an origin: it needs two horizons of "
            f"{horizon.days} days and {run.config.window.min_history_days} days before them",
            fix="a longer history, or a shorter window.horizon_days",
        )
    return origins


def _experiment(run: Run) -> Path:
    """The file to write. Raises: UserError: a person wrote it."""
    path = Path(run.config.tune.folder) / f"{run.config.tune.name}.yaml"
    if path.exists() and not path.read_text().startswith(_HEADER):
        raise UserError(f"{path} was not written by tune and is left as it is.\nHint: choose another tune.name.")
    return path


def _as_experiment(name: str, best: search.Trial, first: search.Trial, origins: list[windows.Plan]) -> str:
    """A file of conf/experiment/: what was measured, how to use it, and each value beside the one before."""
    cutoffs = ", ".join(plan.evaluation.isoformat() for plan in origins)
    lines = [
        f"{_HEADER} on {cutoffs}: RMSE over the training mean's {best.cost:.4f}, before {first.cost:.4f}.",
        f'# mlflow run . -e train -P overrides="experiment={name}"',
        "# On few origins a small gain is chance: see with -e backtest whether it lasts.",
        "model:",
        *(f"  {key}: {value!r}   # before: {first.values[key]!r}" for key, value in best.values.items()),
    ]
    return "\n".join(lines) + "\n"
