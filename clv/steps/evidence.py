"""Everything that the checks of the monitor look at, from the history and the version in production."""

import datetime as dt
import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pandas as pd

from clv import features, model, windows
from clv.errors import Code, InputError
from clv.features import Definition
from clv.history import History
from clv.model import btyd
from clv.model.intervals import UNKNOWN_PERIOD_SD
from clv.monitor import checks
from clv.monitor.baseline import Baseline
from clv.monitor.evidence import ACTUAL, PREDICTED, Evidence, Matured, Recent, Vintage
from clv.season import Season
from clv.steps.vintages import Watch

_LEFT = 0.5  # share of the baseline's customers; fewer, and fewer than can be judged, are no whole history
_WEEKS = 52
_NEW_DAYS = 90
_NEW_SHARE = 1 / 3  # of the usual number of new customers in these days, below which the base grows older


def gathered(watch: Watch, base: Baseline, limits: Mapping[str, Any], scores: list[Vintage] | None) -> Evidence:
    """Returns everything that the checks look at.

    Args:   limits: of checks.limits().
            scores: of vintages.matured().
    Raises: InputError: no customer ordered in the days that the baseline covers.
    """
    days, production, as_of = base.days, watch.production, watch.history.as_of
    customers = scored(watch, base, as_of)
    if customers.empty:
        raise InputError(
            Code.NO_CUSTOMERS,
            what=f"No customer ordered in the {days} days before {as_of}; there is nothing to compare with the baseline of "
            f"version {production.version.number}",
            fix="check the dates of the history, or choose another window.as_of",
        )
    last_year, ageing = _last_year(watch, base), _ageing(watch)
    moving = watch.run.config.features.moving
    return Evidence(
        version=production.version.number,
        sketches=base.sketches,
        columns=checks.columns(base.sketches, customers, last_year, moving, ageing, limits),
        scored=customers,
        contributions=_contributions(watch, customers),
        recent=_recent(watch),
        matured=_matured(watch, base.facts["history_days"]),
        vintages=scores,
        last_year=last_year,
        room=room(production.definition, as_of, production.horizon_days, watch.run.config.monitor.season_doubts),
        season=production.definition.season.why_not,
        ageing=ageing,
        too_short=_too_short(watch, days),
        gone=_gone(watch, base, len(customers)),
    )


def scored(watch: Watch, base: Baseline, cutoff: dt.date) -> pd.DataFrame:
    """Returns the customers that a history as long as the baseline's shows before the cutoff, with predictions for an average horizon."""
    table = watch.history.panel.recent(cutoff, base.days, base.as_of, watch.production.definition)
    return table if table.empty else table.assign(predicted_clv=in_average_season(watch.production.model, table))


def in_average_season(fitted: model.Model, table: pd.DataFrame) -> pd.Series:
    """Returns what each customer would bring in an average horizon, in currency: the season moves nothing in it."""
    return model.predict(fitted, features.in_average_season(table))[PREDICTED]


def _contributions(watch: Watch, customers: pd.DataFrame) -> pd.DataFrame:
    """The SHAP values of a sample of the customers, for an average horizon."""
    sample = watch.run.sample(customers, watch.run.config.monitor.shap_drift.customers)
    return model.contributions(watch.production.model, features.in_average_season(sample))


def room(definition: Definition, begin: dt.date, days: int, doubts: float) -> float:
    """Returns by what relative change the season may move the total of [begin, begin + days) without anything having changed.

    A shorter stretch than the horizon has more of its own. Without a known season it is what totals of unknown businesses vary by.
    """
    doubt = definition.doubt_at(begin) * math.sqrt(max(definition.horizon_days / days, 1))
    season = definition.season
    unknown = season.seen_until is not None and not season.is_known  # it was looked for, and not found
    return math.expm1(doubts * (UNKNOWN_PERIOD_SD if unknown else doubt))


def ordered_since(
    history: History, fitted: model.Model, definition: Definition, begin: dt.date, days: int
) -> pd.DataFrame:
    """Returns what the customers before a day ordered in the days from then on, beside what the model expects: as in Recent."""
    table = history.panel.snapshot(begin, replace(definition, horizon_days=days))
    answers = btyd.expected(fitted.customers, table, days)
    ordered = windows.ordered(table["customer_id"], history.panel.purchases, begin, days)
    expected_value = answers["btyd_spend"] * table["season_of_value"]
    return ordered.assign(expected_orders=answers["btyd_orders"].to_numpy(), expected_value=expected_value.to_numpy())


def _recent(watch: Watch) -> Recent:
    section, definition = watch.run.config.monitor.recent_orders, watch.production.definition
    days = min(section.days, definition.horizon_days)
    begin = watch.history.as_of - dt.timedelta(days=days)
    table = ordered_since(watch.history, watch.production.model, definition, begin, days)
    doubts = watch.run.config.monitor.season_doubts
    year = over_year(watch.history, definition.season)
    return Recent(begin, days, table, room(definition, begin, days, doubts), year)


def over_year(history: History, season: Season) -> pd.DataFrame:
    """Returns the orders of the last 52 weeks beside their mean, and what the season says of these weeks: as in finding.OverYear."""
    begins = [history.as_of - dt.timedelta(days=7 * number) for number in range(_WEEKS, 0, -1)]
    orders = windows.orders_by_week(history.purchases, begins[0], _WEEKS)
    rates = pd.Series([season.fold(begin, 7) for begin in begins])
    return pd.DataFrame({"day": begins, "season": rates, "last_year": orders / max(orders.mean(), 1e-9)})


def _last_year(watch: Watch, base: Baseline) -> pd.DataFrame | None:
    """The customers of the same day a year ago, where the season is not known and the history reaches back so far."""
    day = watch.history.as_of - dt.timedelta(days=365)
    if watch.production.definition.season.is_known or (day - watch.history.first_day).days < base.days:
        return None
    customers = scored(watch, base, day)
    return None if len(customers) < watch.run.config.monitor.min_customers else customers


def _ageing(watch: Watch) -> str:
    """Why the customer base grows older, if it does: hardly anybody new has come."""
    as_of, there = watch.history.as_of, (watch.history.as_of - watch.history.first_day).days
    before, now = (watch.history.panel.customers(day) for day in (as_of - dt.timedelta(days=_NEW_DAYS), as_of))
    share, usual = 1 - before / now, _NEW_DAYS / max(there, 1)
    if share >= _NEW_SHARE * usual:
        return ""
    return (
        f"Expected ageing: {share:.1%} of the customers came in the last {_NEW_DAYS} days, and a steady business of {there} days would have "
        f"{usual:.0%}. The same customers grow older, so their features, predictions and groups move by themselves; what they order is "
        "judged beside what the model expects of them."
    )


def _too_short(watch: Watch, days: int) -> str:
    """Why the history cannot be compared with the baseline, if so. days: of history that the baseline saw."""
    there = (watch.history.as_of - watch.history.first_day).days
    if there >= watch.run.config.monitor.least_history * days:
        return ""
    begin = watch.history.as_of - dt.timedelta(days=days)
    return (
        f"The history has {there} days before {watch.history.as_of}, and the baseline of version {watch.production.version.number} has {days}: hand over "
        f"purchases from {begin} on, or train a version on this history."
    )


def _gone(watch: Watch, base: Baseline, customers: int) -> str:
    """Why so few customers mean that the history is not whole, if so; a small business has always had few."""
    least = watch.run.config.monitor.min_customers
    if customers >= least or base.customers < least or customers > _LEFT * base.customers:
        return ""
    return f"{customers} customers are left of {base.customers:,} on the day of the training: is the history complete?"


def _matured(watch: Watch, history_days: int) -> Matured:
    """The newest window whose revenue has come in. Revenue that the version learnt from is refused."""
    horizon = watch.production.horizon_days
    cutoff = watch.history.as_of - dt.timedelta(days=horizon)
    same_data = watch.history.quality.sha256 == watch.production.version.facts["data_sha256"]
    nothing_new = same_data and cutoff == watch.production.learnt_until
    if why_not := _immature(watch, cutoff, horizon):
        return Matured(cutoff, why_not=why_not, tells_nothing_new=nothing_new)
    customers = watch.history.panel.recent(
        cutoff, history_days, watch.production.learnt_until, watch.production.definition
    )
    if len(customers) < watch.run.config.monitor.min_customers:
        few = f"Errors are not judged: {len(customers)} customers had ordered before {cutoff}, too few to judge by."
        return Matured(cutoff, why_not=few, tells_nothing_new=nothing_new)
    predicted = model.predict(watch.production.model, customers)[PREDICTED]
    table = watch.history.panel.with_actual(customers.assign(predicted_clv=predicted), cutoff, horizon)
    intervals = watch.run.intervals(table[ACTUAL], table[PREDICTED].to_numpy())
    fold = watch.production.definition.fold(cutoff)
    return Matured(cutoff, table, intervals=intervals, tells_nothing_new=nothing_new, fold=fold)


def _immature(watch: Watch, cutoff: dt.date, horizon: int) -> str:
    """Why no error can be judged from this cutoff on, if so."""
    learnt, silent = watch.production.learnt_until, watch.history.silent_days(watch.history.as_of)
    if cutoff < learnt:
        return (
            f"Labels not matured until {learnt + dt.timedelta(days=horizon)}: version {watch.production.version.number} learnt from revenue up "
            f"to {learnt}, and the newest window of {horizon} days begins {cutoff}."
        )
    if silent > watch.run.config.window.max_silent_days:
        return f"Errors are not judged: there is no order in the {silent} days before {watch.history.as_of}; is the history complete?"
    return ""
