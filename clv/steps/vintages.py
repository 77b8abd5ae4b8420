"""The scores that were used, fetched from their runs once their horizon has passed, with what came in."""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from clv.errors import Unreachable
from clv.evaluation import metrics
from clv.history import History
from clv.monitor import stored_scores
from clv.monitor.evidence import ACTUAL, PREDICTED, Vintage
from clv.outcome import Run
from clv.registry import scores as runs
from clv.registry.production import Production
from clv.registry.scores import Scores


@dataclass(frozen=True)
class Watch:
    """What the monitor looks at: the run, the history, and the version in production."""

    run: Run
    history: History
    production: Production


def matured(watch: Watch) -> list[Vintage] | None:
    """Returns the newest stored scores whose horizon has passed, oldest first; None: the server that has them does not answer.

    Raises: InputError: a stored score is not a number.
    """
    try:
        return list(_fetched(watch))
    except Unreachable:
        return None


def artifacts(vintages: list[Vintage] | None) -> dict[str, pd.DataFrame]:
    """Returns what came in, in the order of the scores that each run stores: enough to find the same figures again."""
    return {
        f"vintages/actual_{vintage.as_of}_{vintage.run_id[:8]}.parquet": vintage.actual for vintage in vintages or []
    }


def _fetched(watch: Watch) -> Iterator[Vintage]:
    for stored in _newest(watch):
        with tempfile.TemporaryDirectory() as folder:
            scores = runs.download_scores(stored, Path(folder))
        if scores is None:
            continue
        stored_scores.refuse_missing(scores, stored.run_id)
        if stored_scores.of_this_business(scores, watch.history.known(scores["customer_id"])):
            yield _measured(watch, stored, scores)


def _newest(watch: Watch) -> list[Scores]:
    """The runs whose scores are judged; those whose version had learnt from the days that it scored are left out."""
    limits = watch.run.config.monitor.performance_over_time
    by_day = {
        stored.as_of: stored
        for stored in runs.stored_scores(watch.run.config.tracking.model_name)
        if stored.as_of >= stored.learnt_until and stored.matured_on <= watch.history.as_of
    }
    return [by_day[day] for day in stored_scores.days_apart(list(by_day), limits.days_apart, limits.most)]


def _measured(watch: Watch, stored: Scores, scores: pd.DataFrame) -> Vintage:
    actual = watch.history.only(scores["customer_id"]).with_actual(scores, stored.as_of, stored.horizon_days)[[ACTUAL]]
    predicted = scores[PREDICTED].to_numpy()
    figures = watch.run.intervals(actual[ACTUAL], predicted)
    deciles = metrics.deciles(actual[ACTUAL].to_numpy(), predicted)
    return Vintage(stored.as_of, stored.version, stored.run_id, figures, deciles, actual, float(predicted.sum()))
