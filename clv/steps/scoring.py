"""Scores, clusters and their ranks, by the version in production."""

from collections.abc import Iterator

import pandas as pd

from clv import clusters, model, ranking, reports
from clv.errors import Code, InputError
from clv.record import Record
from clv.workspace import CLUSTERED, PICTURE, RANKED, RANKINGS, SAME_HISTORY, Workspace, raw


def score(work: Workspace) -> Record:
    """Every customer with an order before the as-of date, once, by the version in production."""
    version = work.production
    table = work.snapshot(work.as_of, work.production_definition)
    if table.empty:
        raise InputError(
            Code.NO_CUSTOMERS,
            what=f"No customer ordered before {work.as_of}; there is nothing to score",
            fix="choose a later window.as_of",
        )
    ranked = ranking.rank(table, model.predict(work.production_model, table), version.number, work.as_of)
    horizon, predicted = version.facts["horizon_days"], ranked["predicted_clv"].to_numpy()
    low, high = model.total(work.production_model, predicted)
    return Record(
        f"{len(ranked):,} customers by version {version.number} ({version.alias}): {predicted.sum():,.0f} ({low:,.0f} to {high:,.0f}) "
        f"predicted over {horizon} days from {work.as_of}",
        title=f"version {version.number}, as of {work.as_of}",
        outputs={RANKED: ranked, raw(RANKED): ranked},
        warnings=tuple(doubts(work)),
        metrics={
            "predicted_clv_total": predicted.sum(),
            "predicted_clv/total_low": low,
            "predicted_clv/total_high": high,
            "predicted_clv/mean": predicted.mean(),
            "predicted_clv/customers": len(ranked),
        },
        decisions=work.governance.to_enter,
        tags=work.production_tags
        | {
            "horizon_days": str(horizon),
            "learnt_until": work.learnt_until.isoformat(),
        },
    )


def doubts(work: Workspace) -> Iterator[str]:
    """Reasons not to take these scores at their word."""
    facts, version = work.production.facts, f"version {work.production.number}"
    asked = work.config.window.horizon_days
    if asked != facts["horizon_days"]:
        yield f"{version} predicts {facts['horizon_days']} days; window.horizon_days={asked} was asked. Promote a version trained for it."
    then, now = work.then_and_now(work.production)
    if not abs(now - then) <= SAME_HISTORY * abs(then):
        yield (
            f"{version} learnt from another history, {facts['data']}: the {facts['horizon_days']} days from {facts['evaluation_cutoff']} brought {then:,.0f} there and "
            f"{now:,.0f} here. Promote a version trained on this one, or give this history a model of its own: tracking.model_name=NAME."
        )
    if work.as_of < work.learnt_until:
        yield f"{version} learnt from revenue up to {work.learnt_until}: scores as of {work.as_of} know the future."
    if (silent := work.silent_days(work.as_of)) > work.config.window.max_silent_days:
        yield f"there is no order in the {silent} days before the as-of date {work.as_of}: is the history complete?"


def cluster(work: Workspace) -> Record:
    """Clusters of predicted CLV alone."""
    ranked, chosen = work.table(RANKED, "score"), work.config.clusters
    clustered = ranked.assign(cluster_id=clusters.assign(ranked["predicted_clv"], chosen.k, chosen.scale))
    found = clustered["cluster_id"].nunique()
    fewer = f"clusters.k={chosen.k} was asked, but there are only {found} distinct predictions."
    return Record(
        f"{found} clusters of {len(clustered):,} customers",
        outputs={CLUSTERED: clustered, raw(CLUSTERED): clustered},
        warnings=(fewer,) if found < chosen.k else (),
        metrics={"clusters/found": found},
        tags=made_by(ranked),
    )


def rank_clusters(work: Workspace) -> Record:
    """Clusters by median predicted CLV, with the picture of the result."""
    clustered = work.table(CLUSTERED, "cluster")
    rankings = clusters.rank_clusters(clustered)
    version = made_by(clustered)
    top = rankings.iloc[0]
    title = f"Predicted CLV by rank and cluster (version {version['production_version']}, as of {version['as_of']})"
    return Record(
        f"top cluster: {top['customers']:,.0f} customers with {top['share_of_total']:.0%} of predicted CLV, median {top['median_clv']:,.2f}",
        outputs={
            RANKINGS: rankings.assign(model_version=version["production_version"], as_of=version["as_of"]),
            PICTURE: reports.result_picture(clustered, rankings, title),
        },
        metrics={
            f"cluster_rank_{row.cluster_rank}/{name}": getattr(row, name)
            for row in rankings.itertuples()
            for name in ("customers", "median_clv", "share_of_total")
        },
        tags=version,
    )


def made_by(scores: pd.DataFrame) -> dict[str, str]:
    """Which version and day a table of scores came from, read from the table itself."""
    return {"production_version": scores["model_version"].iloc[0], "as_of": scores["as_of"].iloc[0]}
