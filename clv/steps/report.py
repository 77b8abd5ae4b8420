"""The page that people open first: what the customers are expected to bring, which of them, and what one does about it."""

import re
from pathlib import Path
from typing import Any

import duckdb

from clv import clusters, model, reports, segments, settings, store
from clv.errors import Unreachable, UserError
from clv.evaluation import economics, purchase_model
from clv.evaluation.contest import Side
from clv.evaluation.economics import Terms
from clv.evaluation.hindsight import Hindsight, look_back
from clv.history import History
from clv.outcome import CLUSTERED, CONTACTS, REPORT, Outcome, Run
from clv.registry import ledger, versions
from clv.registry.production import Production, usable
from clv.registry.standing import Standing
from clv.reports.amounts import Money
from clv.steps import report_tables
from clv.steps.evidence import over_year
from clv.steps.report_tables import EXPECTED, Now
from clv.steps.scoring import SHOWN

_TERMS = ("contact_cost", "response", "margin", "discount_rate")


def report(run: Run, history: History, production: Production, standing: Standing) -> Outcome:
    """Puts what the steps before found into one page, and writes the lists that a campaign takes. It predicts and decides nothing new."""
    now = _now(run, history, production)
    back = look_back(history, _side(production.version, production.model), _earlier(standing, production))
    terms = settings.terms(run.config, production.horizon_days)
    best = economics.best_count(now.predicted, terms) if terms else None
    more = report_tables.change_since(history, standing, now)
    more |= {} if best is None else {"contacts": best, "contacts_share": best / len(now.predicted)}
    more |= {"break_even": terms.break_even} if terms and best else {}
    tables = {
        "report/figures.csv": report_tables.figures(history, now, back, more),
        "report/segments.csv": segments.summary(now.customers),
        "report/customers.csv": run.loggable(report_tables.noted(history, now, run.config)),
        "report/budget.csv": report_tables.budget(now, back, terms, run.config, best),
    }
    tables |= {"report/deciles.csv": back.deciles} if back else {}
    money = Money(run.config.data.currency)
    pictures = _pictures(history, now, back, money) | _profit(now, back, terms, money)
    told = _told(run, history, now, _approval(standing, production.version.number))
    page = reports.report_page(told, tables, pictures)
    contacts = {} if best is None else {CONTACTS: now.customers.limit(best)}
    return Outcome(
        f"{len(tables['report/segments.csv'])} segments; read {run.config.outputs}/{REPORT} first"
        + ("" if best is None else f"; {best:,} customers earn the cost of a contact"),
        title=f"version {production.version.number}, as of {history.as_of}",
        outputs={REPORT: page} | tables | _lists(now.customers) | contacts,
        shown=(REPORT,),
        tags=production.tags(history.as_of),
        metrics={} if best is None else {"report/contacts": float(best)},
    )


def _now(run: Run, history: History, production: Production) -> Now:
    """Raises: UserError: the clusters are those of another day or version."""
    customers = run.table(CLUSTERED, "cluster")
    version, day = customers.project("model_version, as_of").limit(1).fetchall()[0]
    if (version, day) != (production.version.number, str(history.as_of)):
        raise UserError(
            f"The clusters are of version {version} as of {day}; version {production.version.number} is in production, and the day is "
            f"{history.as_of}.\nHint: run score, cluster and rank_clusters first."
        )
    return Now(customers, customers.project("predicted_clv").fetchnumpy()["predicted_clv"], production)


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


def _approval(standing: Standing, number: str) -> str:
    """Who put the version into production, in words."""
    try:
        entry = ledger.approved(standing.decisions, number)
    except Unreachable:
        return "who put it into production could not be asked: the server does not answer"
    if entry is None:
        return (
            "nobody reviewed it: it is in production because it was the first, or it was put there outside the ledger"
        )
    return f"promoted by {entry['by']} on {entry['at'][:10]} ({entry['why']})"


def _profit(now: Now, back: Hindsight | None, terms: Terms | None, money: Money) -> dict[str, Any]:
    """The picture of the profit by depth; none without the terms of a contact."""
    if terms is None:
        return {}
    curves = {EXPECTED: economics.profit_curve(now.predicted, now.predicted, terms)}
    if back:
        curves |= {name: economics.profit_curve(back.actual, order, terms) for name, order in back.orders.items()}
    best = economics.best_count(now.predicted, terms) / len(now.predicted)
    return {"profit": reports.profit_chart(curves, best, money)}


def _pictures(history: History, now: Now, back: Hindsight | None, money: Money) -> dict[str, Any]:
    """Name -> figure."""
    season, clustered = now.production.definition.season, now.customers.project(SHOWN).df()
    rankings = clusters.rank_clusters(clustered)
    pictures = {
        "season": reports.season_chart("The season, with the last year over it", over_year(history, season)),
        "clusters": reports.result_picture(clustered, rankings, "Who is expected to bring it", amounts=money),
    }
    if back:
        pictures["deciles"] = reports.decile_chart(back.deciles, money, now.production.horizon_days)
    return pictures | _of_purchases(history, now, money)


def _of_purchases(history: History, now: Now, money: Money) -> dict[str, Any]:
    """How the customers of the day on which the version was measured order, before and after it."""
    production, cutoff = now.production, now.production.learnt_until
    if cutoff > history.as_of:
        return {}
    features = history.panel.snapshot(cutoff, production.definition)
    weekly = purchase_model.orders_by_week(history.panel.purchases, cutoff, history.as_of)
    season, days = production.definition.season, production.horizon_days
    seen = reports.Purchases(production.model.customers, features, weekly, cutoff, season, days)
    return reports.purchase_pictures(reports.purchase_tables(seen), days, money)


def _told(run: Run, history: History, now: Now, approval: str) -> reports.Told:
    """What the page says beside its tables."""
    config, version = run.config, now.production.version
    return reports.Told(
        model=version.name,
        version=version.number,
        approval=approval,
        measured=version.learnt_until,
        as_of=history.as_of,
        horizon_days=version.horizon_days,
        currency=config.data.currency,
        amounts=history.money,
        season=now.production.definition.season_in_words(history.as_of),
        economics={name: getattr(config.economics, name) for name in _TERMS},
        actions=config.segments.actions,
        lifecycle=now.production.definition.lifecycle,
        confidence=config.evaluation.confidence,
        monitoring=_newest_monitoring(run),
        data=f"{Path(history.path).name}, {history.quality.rows:,} rows, {history.first_day} to {history.last_day}",
    )


def _newest_monitoring(run: Run) -> str | None:
    """The newest page of the monitor, of this run or an earlier one, as a link from the report."""
    places = (run.bundle, Path(run.config.outputs) / store.CURRENT)
    names = [path.name for place in places for path in (place / "monitoring").glob("monitoring_*.html")]
    return f"monitoring/{max(names)}" if names else None


def _lists(customers: duckdb.DuckDBPyRelation) -> dict[str, duckdb.DuckDBPyRelation]:
    """A file a segment, for the tool that sends: highest prediction first."""
    names = [name for (name,) in customers.project("segment").distinct().order("segment").fetchall()]
    return {"segments/" + re.sub(r"\W+", "_", name) + ".csv": customers.filter(f"segment = '{name}'") for name in names}
