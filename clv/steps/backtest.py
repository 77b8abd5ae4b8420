"""How good would the scores have been? Every recipe at several cutoffs of the past, each fitted on rows before its cutoff."""

import datetime as dt
from dataclasses import dataclass

import pandas as pd

from clv import settings, windows
from clv.errors import Code, InputError
from clv.evaluation import leaderboard, metrics
from clv.evaluation.measure import OURS, Measured, measure
from clv.history import History
from clv.outcome import Forget, Outcome, Part, Run
from clv.steps import origins
from clv.store import Finished

_ENDS = ["predicted_clv_low", "predicted_clv_high"]


def backtest(run: Run, history: History) -> Outcome:
    """Trains before each cutoff, predicts everybody who had ordered, joins what came, and compares with the best other recipe.

    What a cutoff came to is kept at once, so that an interrupted run goes on from there.
    """
    plans, early = _plans(run, history)
    finished = origins.finished(run, history, "backtest")

    def tables(plan: windows.Plan) -> _Tables:
        return _kept(finished, plan) or _measured(run, history, plan, finished)

    every, few = origins.measured(history, plans, tables, run.config.model.min_customers)
    board = pd.concat([tables.board for tables in every.values()], ignore_index=True)
    predictions = pd.concat([tables.predictions for tables in every.values()], ignore_index=True)
    return Outcome(
        " ".join(leaderboard.in_words(tables.board) for tables in every.values()),
        outputs={"backtest/predictions.csv": predictions, "backtest/leaderboard.csv": board},
        metrics={f"mean_{metric}": board.loc[board["recipe"] == OURS, metric].mean() for metric in metrics.METRICS},
        dataset=history.dataset,
        warnings=(*early, *few),
        parts=tuple(_part(row) for row in board.to_dict("records")),
        effects=(Forget(finished),),
    )


@dataclass(frozen=True)
class _Tables:
    """What a cutoff came to. board: of leaderboard().   predictions: of _long_table()."""

    board: pd.DataFrame
    predictions: pd.DataFrame


def _kept(finished: Finished, plan: windows.Plan) -> _Tables | None:
    board, predictions = (finished.take(f"{plan.evaluation}_{name}") for name in ("board", "predictions"))
    return None if board is None or predictions is None else _Tables(board, predictions)


def _measured(run: Run, history: History, plan: windows.Plan, finished: Finished) -> _Tables:
    section, measured = run.config.evaluation, measure(history, plan, settings.recipe(run.config, plan, history))
    draws = leaderboard.resampled(measured, section.bootstrap_replicates, run.config.seed)
    tables = _Tables(leaderboard.leaderboard(measured, draws, section.confidence), _long_table(measured))
    finished.keep(f"{plan.evaluation}_board", tables.board)
    finished.keep(f"{plan.evaluation}_predictions", tables.predictions)
    return tables


def _part(row: dict) -> Part:
    params = {"recipe": row["recipe"], "cutoff": row["cutoff"]}
    return Part(f"{row['recipe']} {row['cutoff']}", params, {metric: row[metric] for metric in metrics.METRICS})


def _plans(run: Run, history: History) -> tuple[list[windows.Plan], list[str]]:
    """One for each cutoff that was asked for, or rolling origins a horizon apart, newest first, as far as the history reaches; and a
    sentence on those that lie too early.

    Raises: InputError: all cutoffs lie too early in the history.
    """
    rule, first_day, section = settings.rule(run.config), history.first_day, run.config.backtest
    cutoffs = list(dict.fromkeys(dt.date.fromisoformat(cutoff) for cutoff in section.cutoffs))
    if not cutoffs:
        plans = windows.rolling(first_day, history.as_of, section.origins, rule) or [settings.plan(run.config, history)]
        return plans, origins.too_early(section.origins - len(plans), section.origins, first_day, rule)
    possible = [cutoff for cutoff in cutoffs if cutoff >= windows.first_possible(first_day, rule)]
    if not possible:
        raise InputError(
            Code.HISTORY_TOO_SHORT,
            what=f"The cutoff {cutoffs[0]} lies before {origins.first_possible(first_day, rule)}",
            fix="a later cutoff, or a shorter window.horizon_days",
        )
    horizon = dt.timedelta(days=rule.horizon_days)
    plans = [windows.plan(first_day, cutoff + horizon, rule) for cutoff in possible]
    return plans, origins.too_early(len(cutoffs) - len(possible), len(cutoffs), first_day, rule)


def _long_table(measured: Measured) -> pd.DataFrame:
    """One row per recipe and customer; only our recipe has intervals."""
    base = measured.evaluation[["customer_id", "actual_clv"]].assign(cutoff=measured.plan.evaluation.isoformat())
    tables = [base.assign(recipe=name, predicted_clv=value.round(4)) for name, value in measured.predicted.items()]
    tables[0] = tables[0].assign(**{name: measured.ours[name].round(4) for name in _ENDS})
    columns = ["cutoff", "customer_id", "recipe", "predicted_clv", *_ENDS, "actual_clv"]
    return pd.concat(tables, ignore_index=True)[columns]
