"""How good would the scores have been? Every recipe at several cutoffs of the past, each fitted on rows before its cutoff."""

import datetime as dt

import pandas as pd

from clv import windows
from clv.errors import Code, InputError
from clv.evaluation import metrics
from clv.evaluation.leaderboard import compared, resampled, sentence
from clv.evaluation.measure import OURS, Measured, measure
from clv.record import Part, Record
from clv.workspace import Workspace

ENDS = ["predicted_clv_low", "predicted_clv_high"]


def backtest(work: Workspace) -> Record:
    """Train before each cutoff, predict everybody who had ordered, join what came, and compare with the best other recipe."""
    found = [measure(work, plan) for plan in plans(work)]
    board = pd.concat([compared(work, one, resampled(work, one)) for one in found], ignore_index=True)
    predictions = pd.concat([long_table(one) for one in found], ignore_index=True)
    return Record(
        " ".join(sentence(rows) for _, rows in board.groupby("cutoff", sort=False)),
        outputs={"backtest/predictions.csv": predictions, "backtest/leaderboard.csv": board},
        metrics={f"{OURS}/{metric}": board.loc[board["recipe"] == OURS, metric].mean() for metric in metrics.METRICS},
        dataset=work.dataset,
        parts=tuple(
            Part(
                f"{row['recipe']} {row['cutoff']}",
                {"recipe": row["recipe"], "cutoff": row["cutoff"]},
                {metric: row[metric] for metric in metrics.METRICS},
            )
            for row in board.to_dict("records")
        ),
    )


def plans(work: Workspace) -> list[windows.Windows]:
    """One for each cutoff that was asked, or for rolling origins a horizon apart, newest first, as far as the history reaches.

    Raises: InputError: a cutoff lies too early in the history.
    """
    chosen, asked = work.config.window, work.config.backtest.cutoffs
    horizon = dt.timedelta(days=chosen.horizon_days)
    earliest = work.first_day + horizon + dt.timedelta(days=chosen.min_history_days)
    cutoffs = list(dict.fromkeys(dt.date.fromisoformat(cutoff) for cutoff in asked))
    if too_early := [cutoff for cutoff in cutoffs if cutoff < earliest]:
        raise InputError(
            Code.HISTORY_TOO_SHORT,
            what=f"The cutoff {too_early[0]} lies before {earliest}, the first that has {chosen.horizon_days} days of training labels "
            f"and {chosen.min_history_days} days of history before them",
            fix="a later cutoff, or a shorter window.horizon_days",
        )
    if cutoffs:
        return [work.plan_at(cutoff + horizon) for cutoff in cutoffs]
    return work.rolling(work.as_of, work.config.backtest.origins) or [work.plan]


def long_table(found: Measured) -> pd.DataFrame:
    """One row per recipe and customer; only our recipe has intervals."""
    base = found.evaluation[["customer_id", "actual_clv"]].assign(cutoff=found.plan.evaluation.isoformat())
    tables = [base.assign(recipe=name, predicted_clv=predicted.round(4)) for name, predicted in found.predicted.items()]
    tables[0] = tables[0].assign(**{name: found.ours[name].round(4) for name in ENDS})
    return pd.concat(tables, ignore_index=True)[
        ["cutoff", "customer_id", "recipe", "predicted_clv", *ENDS, "actual_clv"]
    ]
