"""The tables of the report, from what the steps before made: every number that the page shows stands in one of them."""

import datetime as dt
from dataclasses import dataclass

import duckdb
import numpy as np
import pandas as pd

from clv import model, reports
from clv.config import Config
from clv.errors import InputError, Unreachable, UserError
from clv.evaluation import economics, metrics
from clv.evaluation.economics import Terms
from clv.evaluation.hindsight import OURS, PAST_SPEND, Hindsight
from clv.history import History
from clv.registry import scores as stored
from clv.registry.production import Production
from clv.registry.scores import Scores
from clv.registry.standing import Standing
from clv.reports.amounts import Money
from clv.segments import exact_sum
from clv.steps.explain import PARTS, changes_between

EXPECTED = "expected"  # the order of the contacts, where it is today's and nothing has come in
_SHOWN = 10  # customers in a list of the page
_SLIPPING = ("lagging", "dormant")
_LEAST_ALIVE = 0.02  # a lower chance of being alive counts as this one: nobody is at stake who is gone
_YEAR = 365
_KNOWN = (
    "customer_id",
    "clv_rank",
    "segment",
    "orders",
    "revenue_total",
    "last_order",
    "predicted_clv",
    "p_buy",
    "p_alive",
)


@dataclass(frozen=True)
class Now:
    """The customers of the day of scoring: the table of the clusters, the predicted CLV of each (in currency, highest first), and who scored."""

    customers: duckdb.DuckDBPyRelation
    predicted: np.ndarray
    production: Production


def figures(history: History, now: Now, back: Hindsight | None, more: dict[str, float]) -> pd.DataFrame:
    """Returns the numbers of the page by name: figure, value (amounts in currency, shares 0 to 1).

    Args: back: the newest horizon that has come in.   more: figures that are known already.
    """
    production, as_of = now.production, history.as_of
    low, high = model.total(production.model, now.predicted)
    values = {
        "customers": len(now.predicted),
        "predicted": now.predicted.sum(),
        "predicted_low": low,
        "predicted_high": high,
        "promised_share": production.model.interval,
        "expected_orders": now.customers.aggregate(exact_sum("expected_orders")).fetchall()[0][0],
        "season_fold": production.definition.fold(as_of),
    }
    begins = {"last": as_of - dt.timedelta(days=production.horizon_days), "year_ago": as_of - dt.timedelta(days=_YEAR)}
    for name, begin in begins.items():
        values |= {f"{name}_{kind}": value for kind, value in _brought(history, now, begin).items()}
    values |= {f"back_{name}": value for name, value in _back(back).items()} if back else {}
    values |= more
    return pd.DataFrame({"figure": list(values), "value": np.array(list(values.values()), dtype=float)})


def change_since(history: History, standing: Standing, now: Now) -> dict[str, float]:
    """Returns what moved the total since the newest scoring of an earlier day: change_ with the
    two totals, their difference and its parts: PARTS of the customers of then, and the customers who are new since.

    Empty where there is no such scoring, or the server does not answer.
    """
    try:
        runs = [
            scores
            for scores in stored.scoring_runs(standing.name)
            if scores.horizon_days == now.production.horizon_days
        ]
        after = _newest(runs, history.as_of, history.as_of)
        before = _newest(runs, dt.date.min, history.as_of - dt.timedelta(days=1))
        if after is None or before is None:
            return {}
        table = changes_between(history.panel, standing, before, after)
        fold = standing.existing(before.version).definition.fold(before.as_of)
    except (Unreachable, UserError, InputError):
        return {}
    days = (after.as_of - before.as_of).days
    features = history.panel.snapshot(history.as_of, now.production.definition)
    is_new = table["customer_id"].isin(features.loc[features["calendar_tenure_days"] <= days, "customer_id"])
    all_of_them = 1 if history.panel.share == 1 else now.predicted.sum() / table["predicted_after"].sum()
    sums = {f"change_{name}": all_of_them * table[name].sum() for name in ("predicted_before", "predicted_after")}
    parts = {f"change_{name}": all_of_them * table.loc[~is_new, name].sum() for name in PARTS}
    parts["change_new_customers"] = all_of_them * table.loc[is_new, "change"].sum()
    gain = sums["change_predicted_after"] - sums["change_predicted_before"]
    more = {"total": gain, "share": gain / max(sums["change_predicted_before"], 1e-9), "season_fold_before": fold}
    more |= {"days": days, "customers": round(is_new.sum() / history.panel.share)}
    sums |= parts
    return {name: float(value) for name, value in sums.items()} | {
        f"change_{name}": float(value) for name, value in more.items()
    }


def noted(history: History, now: Now, config: Config) -> pd.DataFrame:
    """Returns the customers that the page names: list (top: expected to bring most; slipping: late, with most at stake), what is known
    of them, at_stake (what they would bring if they were customers for certain, less what is expected, in currency), and the reason in words.
    """
    at_stake = f"ROUND_EVEN(predicted_clv * (1 / GREATEST(p_alive, {_LEAST_ALIVE}) - 1), 4) AS at_stake"
    customers = now.customers.project(f"*, {at_stake}")
    late = customers.filter(f"lifecycle_stage IN {_SLIPPING}").order("at_stake DESC, clv_rank").limit(_SHOWN).df()
    table = pd.concat([customers.limit(_SHOWN).df().assign(list="top"), late.assign(list="slipping")])
    features = history.only(table["customer_id"]).snapshot(history.as_of, now.production.definition)
    rows = features.set_index("customer_id").loc[table["customer_id"]].reset_index()
    effects = model.contributions(now.production.model, rows)
    money = Money(config.data.currency)
    reasons = [reports.reason(rows.loc[place], effects.loc[place], money) for place in rows.index]
    return table[["list", *_KNOWN, "at_stake"]].assign(reason=reasons).reset_index(drop=True)


def budget(now: Now, back: Hindsight | None, terms: Terms | None, config: Config, best: int | None) -> pd.DataFrame:
    """Returns a row a depth (the best one among them) and order of the contacts: what the best customers are expected to bring, and what the best of the horizon
    before brought, with intervals. Without terms of a contact, cost is 0 and profit is the whole revenue.
    """
    shares, rules = {*config.economics.depths} | ({best / len(now.predicted)} if best else set()), config.evaluation
    depths = sorted(shares)
    known = terms or Terms(contact_cost=0.0, response=1.0, margin=1.0)
    expected = economics.at_depths(now.predicted, now.predicted, known, depths).assign(order=EXPECTED)
    if back is None:
        return expected
    measured = back.budget(known, depths, rules.bootstrap_replicates, rules.confidence, config.seed)
    return pd.concat([expected, measured], ignore_index=True)


def _newest(runs: list[Scores], first: dt.date, last: dt.date) -> Scores | None:
    """The newest day's run within [first, last]; of one day, the newest run."""
    inside = [scores for scores in runs if first <= scores.as_of <= last]
    return max(inside, key=lambda scores: scores.as_of, default=None)


def _brought(history: History, now: Now, begin: dt.date) -> dict[str, float]:
    """What the horizon from a day on brought, in all and from those who were customers before it; nothing where it was not whole."""
    horizon = now.production.horizon_days
    if begin <= history.first_day or begin + dt.timedelta(days=horizon) > history.as_of:
        return {}
    end = begin + dt.timedelta(days=horizon)
    return {
        "customers": history.customers(begin),
        "from_known": history.net_revenue(begin, end, known_before=begin),
        "from_all": history.net_revenue(begin, end),
    }


def _back(back: Hindsight) -> dict[str, float]:
    ours, (low, high) = back.orders[OURS], back.total
    spend = metrics.evaluate(back.actual, back.orders[PAST_SPEND])
    return {
        "customers": len(back.actual),
        "predicted": ours.sum(),
        "low": low,
        "high": high,
        "actual": back.actual.sum(),
        "coverage": back.coverage,
        "top_decile_share_by_past_spend": spend["top_decile_share"],
        **metrics.evaluate(back.actual, ours),
    }
