"""Scores of earlier runs: which run scored which customers when, and the table that it stored."""

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from clv import tracking
from clv.errors import UserError
from clv.tracking import server
from clv.tracking.server import Refused, client

if TYPE_CHECKING:
    from mlflow.entities import Run

_TABLE = "outputs/clv_ranked_predictions.parquet"
_BEFORE = "outputs/clv_ranked_predictions.csv"  # of runs from before there was the Parquet, with the ids as they are


@dataclass(frozen=True)
class Scores:
    """A run that scored customers.

    version: number of the version that scored.   learnt_until: first day whose revenue that version had not learnt from.
    artifacts: address of the run's files.
    """

    run_id: str
    as_of: dt.date
    version: str
    horizon_days: int
    learnt_until: dt.date
    artifacts: str

    @property
    def matured_on(self) -> dt.date:
        """The day on which the revenue that was predicted has come in."""
        return self.as_of + dt.timedelta(days=self.horizon_days)


def stored_scores(name: str) -> list[Scores]:
    """Returns the scores of the model, one run an as-of date (the newest), oldest day first."""
    by_day = {scores.as_of: scores for scores in reversed(scoring_runs(name))}
    return [by_day[day] for day in sorted(by_day)]


def scoring_runs(name: str) -> list[Scores]:
    """Returns the runs that scored with this model, newest first; the newest thousand are looked at."""
    runs = client.search_runs(
        tracking.current().experiments,
        f"tags.production_model = '{name}' and tags.step = 'score' and attributes.status = 'FINISHED'",
        order_by=["attributes.start_time DESC"],
        max_results=1000,
    )
    return [scores_of(run) for run in runs]


def scoring_run(run_id: str) -> "Run":
    """Returns the run itself, or the one nested in it that scored.

    Raises: UserError: there is none.
    """
    run = tracking.find_run(run_id)
    if run.data.tags.get("step") == "score":
        return run
    nested = client.search_runs(
        [run.info.experiment_id], f"tags.mlflow.parentRunId = '{run_id}' and tags.step = 'score'", max_results=1
    )
    if not nested:
        raise UserError(f"Run {run_id} scored no customers.\nHint: the runs whose step is score, or a full_pipeline.")
    return nested[0]


def scores_of(run: "Run") -> Scores:
    """Returns what a scoring run says of itself."""
    tags = run.data.tags
    as_of, learnt_until = (dt.date.fromisoformat(tags[name]) for name in ("as_of", "learnt_until"))
    horizon_days, version = int(tags["horizon_days"]), tags["production_version"]
    return Scores(run.info.run_id, as_of, version, horizon_days, learnt_until, run.info.artifact_uri or "")


def download_scores(scores: Scores, folder: Path) -> pd.DataFrame | None:
    """Returns customer_id and predicted_clv in the order of the stored file; None where it is gone.

    Args: folder: for the file.   Returns: n rows; predicted_clv is NaN where it is not a number.
    """
    columns = ["customer_id", "predicted_clv"]
    if path := _downloaded(scores, _TABLE, folder):
        table = pd.read_parquet(path, columns=columns)
    elif path := _downloaded(scores, _BEFORE, folder):
        table = pd.read_csv(path, usecols=columns, dtype=str, keep_default_na=False)
    else:
        return None
    return table.assign(predicted_clv=pd.to_numeric(table["predicted_clv"], errors="coerce"))


def _downloaded(scores: Scores, name: str, folder: Path) -> Path | None:
    try:
        return server.download(scores.artifacts, name, str(folder))
    except (Refused, OSError):
        return None
