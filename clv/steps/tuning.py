"""A better configuration of the model, searched on the past alone."""

import datetime as dt
from dataclasses import replace
from pathlib import Path

import numpy as np

from clv import config, search, windows
from clv.errors import Code, InputError, UserError
from clv.evaluation import metrics
from clv.evaluation.measure import OURS, measure
from clv.record import Part, Record
from clv.workspace import Workspace

HEADER = "# @package _global_\n# Written by tune"
COST = "rmse_over_mean"


def tune(work: Workspace) -> Record:
    """Search the model's numbers on rolling origins whose labels end by the evaluation cutoff; write the best as an experiment."""
    chosen, plans, path = work.config.tune, origins(work), experiment(work)
    space = {where.key: (where.low, where.high) for where in chosen.space}
    start = {name: getattr(work.config.model, name) for name in space}

    def cost(values: dict[str, float]) -> tuple[float, dict[str, float]]:
        """Geometric mean over the origins of our RMSE over that of the training mean."""
        asked = replace(work.config.model, **values)
        ratios = {f"{COST}_{plan.evaluation}": over_mean(work, plan, asked) for plan in plans}
        return float(np.exp(np.mean(np.log(list(ratios.values()))))), ratios

    trials = search.minimise(cost, space, start, chosen.trials, chosen.minutes, work.config.seed)
    best, first = min(trials, key=lambda trial: trial.cost), trials[0]
    text = as_experiment(chosen.name, best, first, plans)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return Record(
        f"{len(trials)} trials on {len(plans)} origins before {work.plan.evaluation}: RMSE over the mean's {first.cost:.4f} as "
        f"configured, {best.cost:.4f} at best; {path}",
        artifacts={f"experiment/{chosen.name}.yaml": text},
        metrics={COST: best.cost, f"{COST}_as_configured": first.cost, "trials": len(trials)},
        dataset=work.dataset,
        parts=tuple(
            Part(
                f"trial {number}",
                {f"model.{name}": str(value) for name, value in trial.values.items()},
                {COST: trial.cost} | trial.details,
            )
            for number, trial in enumerate(trials)
        ),
    )


def over_mean(work: Workspace, plan: windows.Windows, asked: config.Model) -> float:
    found = measure(work, plan, asked)
    actual = found.evaluation["actual_clv"]
    ours, mean = (metrics.evaluate(actual, found.predicted[name])["rmse"] for name in (OURS, "naive_mean"))
    return ours / mean


def origins(work: Workspace) -> list[windows.Windows]:
    """The newest is measured on labels that end where the evaluation begins: no trial sees the evaluation snapshot's.

    Raises: InputError: the history is too short for one.
    """
    last, horizon = work.plan.evaluation, dt.timedelta(days=work.plan.horizon_days)
    found = work.rolling(last, work.config.tune.origins)
    if not found:
        raise InputError(
            Code.HISTORY_TOO_SHORT,
            what=f"Before the evaluation cutoff {last} there is no room for an origin: it needs two horizons of {horizon.days} days "
            f"and {work.config.window.min_history_days} days before them",
            fix="a longer history, or a shorter window.horizon_days",
        )
    return found


def experiment(work: Workspace) -> Path:
    """The file to write. Raises: UserError: a person wrote it."""
    path = Path(work.config.tune.folder) / f"{work.config.tune.name}.yaml"
    if path.exists() and not path.read_text().startswith(HEADER):
        raise UserError(f"{path} was not written by tune and is left as it is.\nHint: choose another tune.name.")
    return path


def as_experiment(name: str, best: search.Trial, first: search.Trial, plans: list[windows.Windows]) -> str:
    """A file of conf/experiment/: what was measured, how to use it, and each value beside the one before."""
    cutoffs = ", ".join(plan.evaluation.isoformat() for plan in plans)
    lines = [
        f"{HEADER} on {cutoffs}: RMSE over the training mean's {best.cost:.4f}, before {first.cost:.4f}.",
        f'# mlflow run . -e train -P overrides="experiment={name}"',
        "# On few origins a small gain is chance: see with -e backtest whether it lasts.",
        "model:",
        *(f"  {key}: {value!r}   # before: {first.values[key]!r}" for key, value in best.values.items()),
    ]
    return "\n".join(lines) + "\n"
