"""How good would the scores have been? Every recipe at several cutoffs of the past, each fitted on rows before its cutoff."""

import datetime as dt

import pandas as pd

from clv import settings, windows
from clv.errors import Code, InputError
from clv.evaluation import leaderboard, metrics
from clv.evaluation.measure import OURS, Measured, measure
from clv.history import History
from clv.outcome import Outcome, Part, Run

_ENDS = ["predicted_clv_low", "predicted_clv_high"]


def backtest(run: Run, history: History) -> Outcome:
    """Trains before each cutoff, predicts everybody who had ordered, joins what came, and compares with the best other recipe."""
    section, seed = run.config.evaluation, run.config.seed
    every = [measure(history, plan, settings.recipe(run.config, plan)) for plan in _plans(run, history)]
    boards = []
    for measured in every:
        draws = leaderboard.resampled(measured, section.bootstrap_replicates, seed)
        boards.append(leaderboard.leaderboard(measured, draws, section.confidence))
    board = pd.concat(boards, ignore_index=True)
    predictions = pd.concat([_long_table(measured) for measured in every], ignore_index=True)
    return Outcome(
        " ".join(leaderboard.in_words(rows) for rows in boards),
        outputs={"backtest/predictions.csv": predictions, "backtest/leaderboard.csv": board},
        metrics={f"{OURS}/{metric}": board.loc[board["recipe"] == OURS, metric].mean() for metric in metrics.METRICS},
        dataset=history.dataset,
        parts=tuple(_part(row) for row in board.to_dict("records")),
    )


def _part(row: dict) -> Part:
    params = {"recipe": row["recipe"], "cutoff": row["cutoff"]}
    return Part(f"{row['recipe']} {row['cutoff']}", params, {metric: row[metric] for metric in metrics.METRICS})


def _plans(run: Run, history: History) -> list[windows.Plan]:
    """One for each cutoff that was asked for, or rolling origins a horizon apart, newest first, as far as the history reaches.

    Raises: InputError: a cutoff lies too early in the history.
    """
    rule, first_day = settings.rule(run.config), history.first_day
    horizon = dt.timedelta(days=rule.horizon_days)
    earliest = first_day + horizon + dt.timedelta(days=rule.min_history_days)
    cutoffs = list(dict.fromkeys(dt.date.fromisoformat(cutoff) for cutoff in run.config.backtest.cutoffs))
    if too_early := [cutoff for cutoff in cutoffs if cutoff < earliest]:
        raise InputError(
            Code.HISTORY_TOO_SHORT,
            what=f"The cutoff {too_early[0]} lies before {earliest}, the first that has {rule.horizon_days} days of training labels "
            f"and {rule.min_history_days} days of history before them",
            fix="a later cutoff, or a shorter window.horizon_days",
        )
    if cutoffs:
        return [windows.plan(first_day, cutoff + horizon, rule) for cutoff in cutoffs]
    origins = windows.rolling(first_day, history.as_of, run.config.backtest.origins, rule)
    return origins or [settings.plan(run.config, history)]


def _long_table(measured: Measured) -> pd.DataFrame:
    """One row per recipe and customer; only our recipe has intervals."""
    base = measured.evaluation[["customer_id", "actual_clv"]].assign(cutoff=measured.plan.evaluation.isoformat())
    tables = [base.assign(recipe=name, predicted_clv=value.round(4)) for name, value in measured.predicted.items()]
    tables[0] = tables[0].assign(**{name: measured.ours[name].round(4) for name in _ENDS})
    columns = ["cutoff", "customer_id", "recipe", "predicted_clv", *_ENDS, "actual_clv"]
    return pd.concat(tables, ignore_index=True)[columns]
