"""From the configuration to the values that the lower shelves take; they know no configuration."""

import datetime as dt
from dataclasses import asdict, fields

from clv import data, features, windows
from clv.compute import Compute
from clv.config import Config, Model
from clv.data import Contract, Limits
from clv.evaluation.economics import Terms
from clv.evaluation.measure import Recipe
from clv.history import History
from clv.model import Options
from clv.season import NONE
from clv.spark import Lakes

_CONTRACT = {entry.name for entry in fields(Contract)}  # named as in conf/data


def contract(config: Config, now: dt.datetime) -> Contract:
    """Returns what conf/data says of the file. No order may lie in the future of `now` (UTC)."""
    values = {key: value for key, value in vars(config.data).items() if key in _CONTRACT}
    latest = now.date() + dt.timedelta(days=2)  # the clock is UTC; somewhere it is tomorrow already
    columns = asdict(config.data.columns)
    return Contract(**values | {"columns": columns, "latest": str(latest), "as_of": config.window.as_of})


def history(config: Config, now: dt.datetime) -> History:
    """Returns the history that conf/data names, not read yet."""
    window = config.window
    read = Lakes(config.compute.remote or "").read if config.compute.engine == "spark" else data.read
    asked = (config.data.path, contract(config, now), compute(config))
    return History(*asked, window.as_of, window.discount_rate, read)


def compute(config: Config) -> Compute:
    """Returns what a command may use of the machine."""
    return Compute(**{entry.name: getattr(config.compute, entry.name) for entry in fields(Compute)})


def special_money(config: Config, now: dt.datetime) -> str:
    """Returns what a prediction is an amount of, in words; empty where it is plain net revenue, which need not be said."""
    unread = history(config, now)
    return "" if unread.is_plain_revenue else unread.money


def terms(config: Config, horizon_days: int) -> Terms | None:
    """Returns what a contact costs and brings; None where its cost is not known."""
    section = config.economics
    if section.contact_cost is None:
        return None
    worth = windows.mean_discount(horizon_days, section.discount_rate)
    return Terms(section.contact_cost, section.response, section.margin, worth)


def data_limits(config: Config) -> Limits:
    """Returns how much of a history may be unreadable."""
    return Limits(*(getattr(config.data, entry.name) for entry in fields(Limits)))


def rule(config: Config) -> windows.Rule:
    """Returns how cutoffs are laid out in a history."""
    return windows.Rule(*(getattr(config.window, entry.name) for entry in fields(windows.Rule)))


def plan(config: Config, history: History, as_of: dt.date | None = None) -> windows.Plan:
    """Returns the cutoffs of a model when customers are scored on a day; by default on the history's as-of date."""
    return windows.plan(history.first_day, as_of or history.as_of, rule(config))


def definition(config: Config, plan: windows.Plan, history: History) -> features.Definition:
    """Returns the features that every training snapshot of the plan can fill, in the season of the purchases before its evaluation."""
    section = config.features
    return features.Definition.within(
        plan.shortest_history_days,
        section.windows_days,
        section.half_lives_days,
        plan.horizon_days,
        asdict(section.lifecycle),
        history.season(plan.evaluation, plan.horizon_days) if section.season else NONE,
    )


def recipe(config: Config, plan: windows.Plan, history: History, section: Model | None = None) -> Recipe:
    """Returns what is fitted on the plan, and how; section: another one than conf/model."""
    columns = definition(config, plan, history)
    options = Options(
        **asdict(section or config.model),
        seed=config.seed,
        threads=config.compute.threads,
        horizon_days=plan.horizon_days,
        cutoffs=plan.training,
        season_doubt=columns.doubt_at(plan.evaluation) if columns.season.is_known else None,
    )
    return Recipe(columns, columns.columns(config.features.moving), options, config.window.max_silent_days)
