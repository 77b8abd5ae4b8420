"""Scores that were used, judged against what came in once their horizon has passed: one point a vintage."""

import datetime as dt
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from clv.errors import Code, InputError, Unreachable
from clv.evaluation import metrics
from clv.monitor import INSUFFICIENT, STABLE, Finding, performance
from clv.monitor.baseline import Baseline
from clv.registry import alarms
from clv.steps.old_work import Workspace

SHOWN = ("bias", "normalized_gini", "rmse")
KNOWN = 0.8  # share of the scored customers that this history must know, else the scores are of another business


@dataclass(frozen=True)
class Judged:
    """figures: of metrics.intervals().   deciles: of metrics.deciles().   actual: in the order of the stored scores."""

    scores: alarms.Scores
    figures: pd.DataFrame
    deciles: pd.DataFrame
    actual: pd.DataFrame


def judged(work: Workspace) -> list[Judged] | None:
    """The newest stored scores whose horizon has passed, oldest first; those that knew the future are left out. None: the server that
    has them does not answer."""
    try:
        return list(judged_scores(work))
    except Unreachable:
        return None


def judged_scores(work: Workspace) -> Iterator[Judged]:
    chosen = work.config.monitor.vintages
    stored = [
        one
        for one in alarms.stored_scores(work.config.tracking.model_name)
        if one.as_of >= one.learnt_until and one.matured_on <= work.as_of
    ]
    known = work.purchases.query("purchases", "SELECT DISTINCT customer_id FROM purchases").df()["customer_id"]
    for one in thinned(stored, chosen.days_apart)[-chosen.most :]:
        with tempfile.TemporaryDirectory() as folder:
            table = alarms.download_scores(one, Path(folder))
        if table is None:
            continue
        if wrong := int((~np.isfinite(table["predicted_clv"])).sum()):
            raise InputError(
                Code.STORED_SCORES,
                what=f"{wrong} of {len(table)} scores that run {one.run_id} stored are not numbers; they are not what was scored",
                fix="delete that run, or put its file back",
            )
        if table["customer_id"].isin(known).mean() >= KNOWN:
            yield measured(work, one, table)


def thinned(stored: list[alarms.Scores], days_apart: int) -> list[alarms.Scores]:
    """The first of those that lie closer together."""
    found: list[alarms.Scores] = []
    for one in stored:
        if not found or one.as_of >= found[-1].as_of + dt.timedelta(days=days_apart):
            found.append(one)
    return found


def measured(work: Workspace, scores: alarms.Scores, table: pd.DataFrame) -> Judged:
    actual = work.with_actual(table, scores.as_of, scores.horizon_days)[["actual_clv"]]
    predicted = table["predicted_clv"].to_numpy()
    figures = work.intervals(actual["actual_clv"], predicted)
    return Judged(scores, figures, metrics.deciles(actual["actual_clv"].to_numpy(), predicted), actual)


def finding(work: Workspace, base: Baseline, found: list[Judged] | None) -> Finding:
    """The newest vintage of the version in production beside what the version was measured to do."""
    if found is None:
        return Finding(
            INSUFFICIENT, "Stored scores were not judged: the tracking server does not answer.", {"vintages": []}
        )
    ours = [one for one in found if one.scores.version == work.production.number]
    figures = {"vintages": [point(one) for one in found]}
    if not ours:
        return Finding(
            INSUFFICIENT, f"No stored scores of version {work.production.number} are a horizon old yet.", figures
        )
    newest, limits = ours[-1], asdict(work.config.monitor.vintages)
    if len(newest.actual) < work.config.monitor.min_customers:
        return Finding(
            INSUFFICIENT,
            f"The scores of {newest.scores.as_of} are of {len(newest.actual)} customers, too few.",
            figures,
        )
    status, reason = performance.compare_vintage(base.metrics, newest.figures, limits)
    value = newest.figures["value"]
    calm = f"The scores of {newest.scores.as_of} came to {value['bias']:.2f} times what came in, Gini {value['normalized_gini']:.2f}: as measured, or within noise."
    return Finding(status, calm if status == STABLE else f"Scores of {newest.scores.as_of}: {reason}", figures)


def point(one: Judged) -> dict:
    """JSON-ready."""
    figures = {metric: one.figures.loc[metric, ["value", "low", "high"]].to_dict() for metric in SHOWN}
    where = {"as_of": one.scores.as_of.isoformat(), "version": one.scores.version, "scores_run": one.scores.run_id}
    return where | {"customers": len(one.actual)} | figures | {"deciles": one.deciles.to_dict("records")}


def drawn(found: list[Judged] | None) -> pd.DataFrame:
    """For the page: as_of, version, and value, low, high of bias and normalized_gini."""
    return pd.DataFrame(
        [
            {"as_of": one.scores.as_of, "version": one.scores.version}
            | {metric: one.figures.loc[metric, "value"] for metric in SHOWN}
            | {f"{metric}_{end}": one.figures.loc[metric, end] for metric in SHOWN for end in ("low", "high")}
            for one in found or []
        ]
    )


def series(found: list[Judged] | None) -> dict[str, dict[dt.date, float]]:
    return {
        f"vintage/{metric}": {one.scores.as_of: one.figures.loc[metric, "value"] for one in found or []}
        for metric in SHOWN
    }


def artifacts(found: list[Judged] | None) -> dict[str, pd.DataFrame]:
    """What came in, in the order of the scores that the run scores_run stores: enough to find the same figures again."""
    return {f"vintages/actual_{one.scores.as_of}_{one.scores.run_id[:8]}.parquet": one.actual for one in found or []}
