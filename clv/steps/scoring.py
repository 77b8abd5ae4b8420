"""Scores, clusters and their ranks, by the version in production."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd

from clv import clusters, data, model, progress, ranking, reports, segments, settings, windows
from clv.errors import Code, InputError
from clv.history import History
from clv.outcome import CLUSTERED, PICTURE, RANKED, RANKINGS, SAME_HISTORY, Forget, Outcome, Run, raw
from clv.registry.production import Production
from clv.scoring import of_customers
from clv.spark import Lakes
from clv.steps.lineage import refuse_stranger
from clv.store import Finished

SHOWN = "clv_rank, predicted_clv, cluster_id, horizon_days"  # of each customer, in the picture of the result


def score(run: Run, history: History, production: Production) -> Outcome:
    """Scores every customer with an order before the as-of date, once, by the version in production."""
    version, as_of = production.version, history.as_of
    refuse_stranger(version, history)
    finished = _unfinished(run, history, production)
    ranked = _ranked(run, history, production, finished)
    predicted = column(ranked, "predicted_clv")
    low, high = model.total(production.model, predicted)
    return Outcome(
        f"{len(predicted):,} customers by version {version.number} ({version.alias}): {predicted.sum():,.0f} ({low:,.0f} to {high:,.0f}) "
        f"predicted over {production.horizon_days} days from {as_of}"
        + ("" if history.is_plain_revenue else f" ({history.money})")
        + f"; {production.definition.season_in_words(as_of)}",
        title=f"version {version.number}, as of {as_of}",
        outputs={RANKED: ranked, raw(RANKED): ranked},
        artifacts=_of_the_panel(history, {raw(RANKED): ranked}),
        warnings=tuple(_doubts(run, history, production)),
        metrics={
            "predicted_clv_total": predicted.sum(),
            "predicted_clv/total_low": low,
            "predicted_clv/total_high": high,
            "predicted_clv/mean": predicted.mean(),
            "predicted_clv/customers": len(predicted),
            "season/fold": production.definition.fold(as_of),
        },
        tags=production.tags(as_of)
        | {"horizon_days": str(production.horizon_days), "learnt_until": production.learnt_until.isoformat()},
        effects=(Forget(finished),),
    )


def _unfinished(run: Run, history: History, production: Production) -> Finished:
    """Where the scores of each part are kept until all are done: an interrupted scoring goes on from there."""
    facts: dict[str, Any] = {
        "version": production.version.number,
        "run": production.version.run_id,
        "data": history.quality.sha256,
    }
    facts |= {"model": production.version.name, "as_of": history.as_of.isoformat(), "parts": len(history.parts)}
    return Finished(Path(run.config.outputs), "score", facts | {"contract": asdict(run.config.data)})


def _ranked(run: Run, history: History, production: Production, finished: Finished) -> duckdb.DuckDBPyRelation:
    """Every customer with an order before the as-of date, in the order of the predictions; kept on the disk.

    Raises: InputError: there is none.
    """
    files = _SCORED_BY[run.config.compute.engine](run, history, production, finished)
    rows = run.compute.connection.read_parquet([str(file) for file in files])
    if not rows.limit(1).fetchall():
        raise InputError(
            Code.NO_CUSTOMERS,
            what=f"No customer ordered before {history.as_of}; there is nothing to score",
            fix="choose a later window.as_of",
        )
    known = {"model_version": production.version.number, "as_of": history.as_of.isoformat()}
    finished.keep("ranked", ranking.rank(rows, known | {"horizon_days": production.horizon_days}))
    return run.compute.connection.read_parquet(str(finished.path("ranked")))


def _part_by_part(run: Run, history: History, production: Production, finished: Finished) -> list[Path]:
    """Scores on this machine; a part that an interrupted run finished is not scored again."""
    files = [finished.path(f"part-{number:05d}") for number in range(len(history.parts))]
    for part, file in progress.over(list(zip(history.parts, files, strict=True)), "parts"):
        if not file.exists():
            finished.keep(file.stem, of_customers(production.model, production.definition, part, history.as_of))
    return files


def _on_spark(run: Run, history: History, production: Production, finished: Finished) -> list[Path]:
    """Scores on the workers of Spark, who write the files."""
    target, lakes = finished.path("scores"), Lakes(run.config.compute.remote or "")
    lakes.score(history.folder, production.model, production.definition, history.as_of, target)
    return [target / "*.parquet"]


_SCORED_BY = {"duckdb": _part_by_part, "spark": _on_spark}  # the files of the scores, in any order


def column(rows: duckdb.DuckDBPyRelation, name: str) -> np.ndarray:
    """Returns the values of one column, in the order of the rows."""
    return rows.project(name).fetchnumpy()[name]


def _of_the_panel(history: History, tables: dict[str, duckdb.DuckDBPyRelation]) -> dict[str, duckdb.DuckDBPyRelation]:
    """What the run keeps of large tables in their place: the customers of the panel; all of a table where there is one part."""
    panel = history.panel
    if panel.share == 1:
        return {}
    return {f"outputs/{name}": rows.filter(data.drawn(panel.share)) for name, rows in tables.items()}


def _doubts(run: Run, history: History, production: Production) -> Iterator[str]:
    """Reasons not to take these scores at their word."""
    name, horizon = f"version {production.version.number}", production.horizon_days
    if production.warning:
        yield production.warning
    if (money := production.version.facts.get("money", "net revenue")) != history.money:
        yield f"{name} predicts {money}; the configuration says {history.money}. Promote a version trained for it."
    if (asked := run.config.window.horizon_days) != horizon:
        yield f"{name} predicts {horizon} days; window.horizon_days={asked} was asked for. Promote a version trained for it."
    then, now = production.version.revenue_then, history.net_revenue(*production.version.measured_days)
    if not abs(now - then) <= SAME_HISTORY * abs(then):
        yield (
            f"{name} learnt from other amounts: the {horizon} days from {production.learnt_until} brought {then:,.0f} there and "
            f"{now:,.0f} here. If the amounts were corrected, promote a version trained on these."
        )
    if history.as_of < production.learnt_until:
        yield f"{name} learnt from revenue up to {production.learnt_until}: scores as of {history.as_of} know the future."
    yield from _cut(run, history, production)
    yield from _by_month(history, production)
    if (silent := history.silent_days(history.as_of)) > run.config.window.max_silent_days:
        yield f"there is no order in the {silent} days before the as-of date {history.as_of}: is the history complete?"


def _cut(run: Run, history: History, production: Production) -> Iterator[str]:
    """Whether the history begins so late that customers look younger than those that the version was measured on."""
    days, number = production.version.facts["history_days"], production.version.number
    there = (history.as_of - history.first_day).days
    begins_later = history.first_day > production.learnt_until - dt.timedelta(days=days)
    if begins_later and there < run.config.monitor.least_history * days:
        yield (
            f"the history was cut: it has {there} days before {history.as_of}, and version {number} was measured on {days}. Stages and "
            f"predictions are others than with the whole one: hand over purchases from {history.as_of - dt.timedelta(days=days)} on, or "
            "train a version on this history."
        )


def _by_month(history: History, production: Production) -> Iterator[str]:
    """Whether the orders are dated by month, and the horizon holds more or fewer such days than the one that was measured."""
    horizon, day = production.horizon_days, windows.day_of_month(history.purchases)
    if day is None:
        return
    measured = windows.days_held(production.learnt_until, horizon, day)
    ahead = windows.days_held(history.as_of, horizon, day)
    if measured == ahead:
        return
    earlier = (history.as_of - dt.timedelta(days=number) for number in range(1, 32))
    alike = [str(other) for other in earlier if windows.days_held(other, horizon, day) == measured]
    fix = f" Score as of a day from which they hold as many: window.as_of={alike[0]}." if alike else ""
    yield (
        f"orders are dated by month, on day {day}: the {horizon} days from {history.as_of} hold {ahead} of these days, and those that version "
        f"{production.version.number} was measured on held {measured}. The total moves with that.{fix}"
    )


def cluster(run: Run) -> Outcome:
    """Makes clusters of predicted CLV alone."""
    ranked, section = run.table(RANKED, "score"), run.config.clusters
    predicted = pd.Series(column(ranked, "predicted_clv"))
    ids = clusters.assign(predicted, section.k, section.scale)
    rankings = clusters.rank_clusters(pd.DataFrame({"predicted_clv": predicted, "cluster_id": ids}))
    clustered = segments.named(ranked, rankings.sort_values("cluster_id"))
    count = len(rankings)
    fewer = f"clusters.k={section.k} was asked for, but there are only {count} distinct predictions."
    return Outcome(
        f"{count} clusters of {len(predicted):,} customers",
        outputs={CLUSTERED: clustered, raw(CLUSTERED): clustered},
        warnings=(fewer,) if count < section.k else (),
        metrics={"clusters/found": count},
        tags=_made_by(ranked),
    )


def rank_clusters(run: Run) -> Outcome:
    """Ranks clusters by median predicted CLV, and draws the picture of the result."""
    table = run.table(CLUSTERED, "cluster")
    clustered = table.project(SHOWN).df()
    rankings = clusters.rank_clusters(clustered)
    tags, top = _made_by(table), rankings.iloc[0]
    version, as_of = tags["production_version"], tags["as_of"]
    groups = segments.value_groups(rankings["cluster_rank"])
    title = f"Predicted CLV by rank and cluster (version {version}, as of {as_of})"
    return Outcome(
        f"top cluster: {top['customers']:,.0f} customers with {top['share_of_total']:.0%} of predicted CLV, median {top['median_clv']:,.2f}",
        outputs={
            RANKINGS: rankings.assign(value_group=groups, model_version=version, as_of=as_of),
            PICTURE: reports.result_picture(
                clustered,
                rankings,
                title,
                settings.special_money(run.config, run.now),
                reports.Money(run.config.data.currency),
            ),
        },
        metrics={
            f"cluster_rank_{row.cluster_rank}/{name}": getattr(row, name)
            for row in rankings.itertuples()
            for name in ("customers", "median_clv", "share_of_total")
        },
        tags=tags,
    )


def _made_by(scores: duckdb.DuckDBPyRelation) -> dict[str, str]:
    """Which version and day a table of scores came from, read from the table itself."""
    version, as_of = scores.project("model_version, as_of").limit(1).fetchall()[0]
    return {"production_version": version, "as_of": as_of}
