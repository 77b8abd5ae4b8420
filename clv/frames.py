"""The engine on a table of purchases, for a notebook: no MLflow, no Hydra, no files."""

import datetime as dt
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from omegaconf import OmegaConf

from clv import config, data, features, model, ranking, settings, windows
from clv.evaluation import leaderboard
from clv.evaluation.measure import Measured, measure
from clv.history import History
from clv.scoring import of_customers

_CONF = next(path for path in (Path(__file__).parent / "conf", Path(__file__).parents[1] / "conf") if path.is_dir())
_COLUMNS = ["customer_id", "order_date", "revenue"]


@dataclass(frozen=True)
class Fitted:
    """A model and its measurement on customers and days that it has not learnt from.

    learnt_until: first day whose revenue it has not learnt from; the measurement begins there.
    metrics: one row per recipe (clv is the model): rmse, mae (currency), r2, spearman, normalized_gini (0 random, 1 perfect order),
    bias (predicted over actual, 1 is right), top_decile_share (share of revenue in the tenth with the highest predictions).
    """

    model: model.Model
    definition: features.Definition
    horizon_days: int
    learnt_until: dt.date
    metrics: pd.DataFrame


def fit(
    purchases: pd.DataFrame,
    horizon_days: int = 90,
    as_of: str | None = None,
    overrides: Mapping[str, Any] | None = None,
) -> Fitted:
    """Fits the model of conf/model/blend.yaml and measures it out of time, on the newest horizon of the purchases.

    Args:    purchases: n rows; customer_id, order_date, revenue (currency; negative is a return); other columns are ignored.
             horizon_days: how far ahead CLV looks.   as_of: first day (YYYY-MM-DD) not to be seen; None: the day after the last order.
             overrides: keys of conf/ and their values, as {"model.max_depth": 4}.
    Raises:  InputError: the purchases cannot be read, or their history is too short.
    """
    values = _configuration(horizon_days, as_of, overrides)
    history = _history(values, purchases)
    plan = settings.plan(values, history)
    recipe = settings.recipe(values, plan, history)
    measured = measure(history, plan, recipe)
    board = _board(values, measured).drop(columns="cutoff")
    return Fitted(measured.model, recipe.definition, plan.horizon_days, plan.evaluation, board)


def predict(fitted: Fitted, purchases: pd.DataFrame, as_of: str | None = None) -> pd.DataFrame:
    """Predicts each customer with an order before the day of scoring, and ranks them.

    Args:    purchases: as for fit().   as_of: day of scoring (YYYY-MM-DD); None: the day after the last order.
    Returns: of ranking.rank(): customer_id, predicted_clv with its interval (currency over the horizon), clv_rank (1 = highest), ...
    """
    history = _history(_configuration(fitted.horizon_days, as_of, None), purchases)
    parts = [of_customers(fitted.model, fitted.definition, part, history.as_of) for part in history.parts]
    return ranking.rank(history.connection.from_df(pd.concat(parts)), {}).df()


def backtest(
    purchases: pd.DataFrame,
    horizon_days: int = 90,
    cutoffs: Sequence[str] = (),
    overrides: Mapping[str, Any] | None = None,
) -> pd.DataFrame:
    """Measures every recipe at several days of the past, each fitted on purchases before its day.

    Args:    purchases, horizon_days, overrides: as for fit().
             cutoffs: days (YYYY-MM-DD) to predict from; none: rolling origins a horizon apart, as far as the history reaches.
    Returns: cutoff, recipe, customers, metrics, best_baseline, beats_the_mean, and intervals of the difference to the best other recipe.
    Raises:  InputError: the history is too short for a cutoff.
    """
    values = _configuration(horizon_days, None, overrides)
    history, rule = _history(values, purchases), settings.rule(values)
    horizon = dt.timedelta(days=horizon_days)
    plans = [windows.plan(history.first_day, dt.date.fromisoformat(day) + horizon, rule) for day in cutoffs]
    plans = plans or windows.rolling(history.first_day, history.as_of, values.backtest.origins, rule)
    plans = plans or [settings.plan(values, history)]
    boards = [_board(values, measure(history, plan, settings.recipe(values, plan, history))) for plan in plans]
    return pd.concat(boards, ignore_index=True)


def _board(values: config.Config, measured: Measured) -> pd.DataFrame:
    draws = leaderboard.resampled(measured, values.evaluation.bootstrap_replicates, values.seed)
    return leaderboard.leaderboard(measured, draws, values.evaluation.confidence)


def _configuration(horizon_days: int, as_of: str | None, overrides: Mapping[str, Any] | None) -> config.Config:
    """The configuration that conf/ composes, without Hydra."""
    plain: Any = OmegaConf.to_container(OmegaConf.load(_CONF / "config.yaml"))
    groups = {
        group: name for entry in plain.pop("defaults") if isinstance(entry, dict) for group, name in entry.items()
    }
    del plain["hydra"]
    top = OmegaConf.create(plain)
    for group, name in groups.items():
        if name and not group.startswith("override "):
            top[group] = OmegaConf.load(_CONF / group / f"{name}.yaml")
    for key, value in {"window.horizon_days": horizon_days, "window.as_of": as_of, **(overrides or {})}.items():
        OmegaConf.update(top, key, value)
    return config.load(top)


def _history(values: config.Config, purchases: pd.DataFrame) -> History:
    """The purchases, read by the same contract as a file.

    Raises: InputError: a column is missing, or more rows cannot be read than conf/data allows.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "purchases.parquet"
        table = purchases[[name for name in _COLUMNS if name in purchases]]
        if "customer_id" in table:
            table = table.assign(customer_id=table["customer_id"].astype(str))
        table.to_parquet(path, index=False)
        values.data.path = str(path)
        history = settings.history(values, dt.datetime.now(dt.UTC))
        transactions = history.transactions  # read while the file is there
    if refusal := data.refusal(transactions, settings.data_limits(values), "purchases"):
        raise refusal
    return history
