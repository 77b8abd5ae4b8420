"""The page that people open first: what the customers are expected to bring, which of them, and what one does about it."""

import datetime as dt
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from clv import model, reports, segments, settings
from clv.errors import InputError, Unreachable, UserError
from clv.evaluation import economics, metrics
from clv.evaluation.contest import Side
from clv.evaluation.economics import Terms
from clv.evaluation.hindsight import OURS, PAST_SPEND, Hindsight, look_back
from clv.history import History
from clv.outcome import CLUSTERED, CONTACTS, REPORT, Outcome, Run
from clv.registry import ledger, versions
from clv.registry import scores as stored
from clv.registry.production import Production, usable
from clv.registry.standing import Standing
from clv.reports.amounts import Money
from clv.steps.explain import PARTS, changes_between

_SHOWN = 15  # customers in a table of the page
_SLIPPING = ("lagging", "dormant")
_YEAR = 365


@dataclass(frozen=True)
class _Now:
    """The customers of today: the table of the clusters, and their features in the same order."""

    customers: pd.DataFrame
    features: pd.DataFrame
    production: Production


def report(run: Run, history: History, production: Production, standing: Standing) -> Outcome:
    """Puts what the steps before found into one page, and writes the lists that a campaign takes. It predicts and decides nothing new."""
    now = _now(run, history, production)
    back = look_back(history, _side(production.version, production.model), _earlier(standing, production))
    terms = settings.terms(run.config, production.horizon_days)
    table = segments.summary(now.customers)
    figures = _figures(history, now, back)
    change = _change(history, standing, now)
    budget = _budget(run, now, back, terms)
    best = economics.best_count(now.customers["predicted_clv"].to_numpy(), terms) if terms else None
    tables = {
        "report/figures.csv": _as_table(figures | {f"change_{part}": value for part, value in change.items()}),
        "report/segments.csv": table,
        "report/customers.csv": _noted(run, now),
        "report/budget.csv": budget,
        "report/deciles.csv": back.deciles if back else pd.DataFrame(columns=["decile"]),
    }
    page = reports.report_page(_told(run, history, now, best), tables, _pictures(run, now, back, terms))
    contacts = now.customers.head(best) if best is not None else None
    return Outcome(
        f"{len(table)} segments; read {run.config.outputs}/{REPORT} first"
        + (f"; {best:,} customers to contact" if best is not None else ""),
        title=f"version {production.version.number}, as of {history.as_of}",
        outputs={REPORT: page}
        | tables
        | _lists(now.customers)
        | ({CONTACTS: contacts} if contacts is not None else {}),
        shown=(REPORT,),
        tags=production.tags(history.as_of),
        metrics={"report/contacts": float(best)} if best is not None else {},
    )


def _now(run: Run, history: History, production: Production) -> _Now:
    """Raises: UserError: the clusters are those of another day or version."""
    customers = run.table(CLUSTERED, "cluster")
    made = (customers["model_version"].iloc[0], customers["as_of"].iloc[0])
    if made != (production.version.number, str(history.as_of)):
        raise UserError(
            f"The clusters are of version {made[0]} as of {made[1]}; in production is version {production.version.number}, and the day is "
            f"{history.as_of}.\nHint: run score, cluster and rank_clusters first."
        )
    table = history.snapshot(history.as_of, production.definition).set_index("customer_id")
    return _Now(customers, table.loc[customers["customer_id"]].reset_index(), production)


def _side(version: versions.Version, fitted: model.Model) -> Side:
    return Side(version.number, fitted, version.definition, version.horizon_days, version.learnt_until)


def _earlier(standing: Standing, production: Production) -> Side | None:
    """The version that was in production before, where it can be asked and used."""
    try:
        number = ledger.before(standing.decisions, production.version.number)
        version = usable(standing.existing(number), standing.name) if number else None
        return _side(version, versions.load(version)) if version else None
    except (Unreachable, UserError):
        return None


def _figures(history: History, now: _Now, back: Hindsight | None) -> dict[str, float]:
    """The numbers of the page by name; amounts in currency, shares 0 to 1."""
    predicted, horizon, as_of = now.customers["predicted_clv"].to_numpy(), now.production.horizon_days, history.as_of
    low, high = model.total(now.production.model, predicted)
    figures: dict[str, float] = {
        "customers": len(predicted),
        "predicted": predicted.sum(),
        "predicted_low": low,
        "predicted_high": high,
    }
    figures |= {
        "expected_orders": now.customers["expected_orders"].sum(),
        "season_fold": now.production.definition.fold(as_of),
    }
    figures["promised_share"] = now.production.model.interval
    for name, begin in (("last", as_of - dt.timedelta(days=horizon)), ("year_ago", as_of - dt.timedelta(days=_YEAR))):
        figures |= {f"{name}_{kind}": value for kind, value in _brought(history, now, begin).items()}
    if back:
        ours, actual = back.orders[OURS], back.actual
        figures |= {
            "back_predicted": ours.sum(),
            "back_low": back.total[0],
            "back_high": back.total[1],
            "back_actual": actual.sum(),
        }
        figures |= {"back_customers": len(actual), "back_coverage": back.coverage}
        figures |= {f"back_{name}": value for name, value in metrics.evaluate(actual, ours).items()}
        figures["back_top_decile_by_past_spend"] = metrics.evaluate(actual, back.orders[PAST_SPEND])["top_decile_share"]
    return figures


def _brought(history: History, now: _Now, begin: dt.date) -> dict[str, float]:
    """What the horizon from a day on brought: in all, and from those who were customers before it. Nothing where it began before the history."""
    horizon, definition = now.production.horizon_days, now.production.definition
    end = begin + dt.timedelta(days=horizon)
    if begin <= history.first_day or end > history.as_of:
        return {}
    known = history.snapshot(begin, definition)
    return {
        "customers": len(known),
        "from_known": float(history.revenue_of(known, begin, horizon).sum()),
        "from_all": history.net_revenue(begin, end),
    }


def _change(history: History, standing: Standing, now: _Now) -> dict[str, float]:
    """What moved the total since the newest scoring of an earlier day; empty where there is none, or nobody can be asked."""
    try:
        runs = stored.scoring_runs(standing.name)
        after = next((scores for scores in runs if scores.as_of == history.as_of), None)
        before = next(
            (
                scores
                for scores in runs
                if scores.as_of < history.as_of and scores.horizon_days == now.production.horizon_days
            ),
            None,
        )
        if after is None or before is None:
            return {}
        table = changes_between(history, standing, before, after)
    except (Unreachable, UserError, InputError):
        return {}
    return {name: float(table[name].sum()) for name in ("predicted_before", "predicted_after", *PARTS)} | {
        "days": (after.as_of - before.as_of).days
    }


def _noted(run: Run, now: _Now) -> pd.DataFrame:
    """The customers that the page names, with the reason in words: those expected to bring most, and those with most at stake."""
    customers = now.customers.assign(
        at_stake=now.customers["predicted_clv"] * (1 / now.customers["p_alive"].clip(lower=1e-3) - 1).clip(upper=50)
    )
    slipping = customers[customers["lifecycle_stage"].isin(_SLIPPING)].nlargest(_SHOWN, "at_stake")
    lists = {"top": customers.head(_SHOWN), "slipping": slipping}
    table = pd.concat([rows.assign(list=name) for name, rows in lists.items()])
    rows = now.features.loc[table.index]
    effects = model.contributions(now.production.model, rows.reset_index(drop=True))
    money = Money(run.config.data.currency)
    reasons = [
        reports.reason(row, effect, money)
        for (_, row), (_, effect) in zip(rows.iterrows(), effects.iterrows(), strict=True)
    ]
    columns = [
        "customer_id",
        "clv_rank",
        "segment",
        "orders",
        "revenue_total",
        "last_order",
        "predicted_clv",
        "p_buy",
        "p_alive",
        "at_stake",
    ]
    return run.loggable(table[["list", *columns]].assign(reason=reasons).reset_index(drop=True))


def _budget(run: Run, now: _Now, back: Hindsight | None, terms: Terms | None) -> pd.DataFrame:
    """A row a depth: what contacting the best customers is expected to bring, and what the same depth brought in the horizon before.

    Without terms of a contact, cost is 0 and profit is the whole revenue.
    """
    section, known = run.config.economics, terms or Terms(0.0, 1.0, 1.0)
    predicted = now.customers["predicted_clv"].to_numpy()
    expected = economics.at_depths(predicted, predicted, known, section.depths).assign(order="expected")
    if back is None:
        return expected
    rules = run.config.evaluation
    measured = back.budget(known, section.depths, rules.bootstrap_replicates, rules.confidence, run.config.seed)
    return pd.concat([expected, measured], ignore_index=True)


def _pictures(run: Run, now: _Now, back: Hindsight | None, terms: Terms | None) -> dict[str, Any]:
    """Heading -> figure."""
    money = Money(run.config.data.currency)
    pictures = {}
    if terms:
        predicted = now.customers["predicted_clv"].to_numpy()
        curves = {"expected": economics.profit_curve(predicted, predicted, terms)}
        measured = (
            {}
            if back is None
            else {name: economics.profit_curve(back.actual, order, terms) for name, order in back.orders.items()}
        )
        pictures["profit"] = reports.profit_chart(curves | measured, money)
    if back:
        pictures["deciles"] = reports.decile_chart(back.deciles)
    return pictures


def _told(run: Run, history: History, now: _Now, best: int | None) -> reports.Told:
    """What the page says beside its tables."""
    version = now.production.version
    return reports.Told(
        model=version.name,
        version=version.number,
        as_of=history.as_of,
        horizon_days=version.horizon_days,
        currency=run.config.data.currency,
        amounts=history.money,
        season=now.production.definition.season_in_words(history.as_of),
        best=best,
        economics={
            name: getattr(run.config.economics, name)
            for name in ("contact_cost", "response", "margin", "discount_rate")
        },
        actions=run.config.segments.actions,
        monitoring=_newest_monitoring(run),
        data=f"{history.dataset['name']}, {history.quality.rows:,} rows, {history.first_day} to {history.last_day}",
        measured=version.learnt_until,
    )


def _newest_monitoring(run: Run) -> str | None:
    places = (run.bundle, Path(run.config.outputs) / "current")
    names = sorted((path.name for place in places for path in (place / "monitoring").glob("monitoring_*.html")))
    return f"monitoring/{names[-1]}" if names else None


def _lists(customers: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """A file a segment, for the tool that sends: highest prediction first."""
    return {f"segments/{_slug(str(name))}.csv": rows for name, rows in customers.groupby("segment", sort=True)}


def _slug(name: str) -> str:
    return re.sub(r"\W+", "_", name.lower()).strip("_")


def _as_table(figures: dict[str, float]) -> pd.DataFrame:
    return pd.DataFrame({"figure": list(figures), "value": np.array(list(figures.values()), dtype=float)})
