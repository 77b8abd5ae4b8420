"""Reviews that a monitor opened and a person closes, and the scores that wait to be judged: on runs and versions."""

import datetime as dt
import json
import tempfile
from dataclasses import dataclass
from pathlib import Path

import mlflow
import pandas as pd
from mlflow.exceptions import MlflowException

from clv.errors import UserError
from clv.registry.aliases import Version
from clv.tracking import journal, server

ACKNOWLEDGE = (
    "mlflow run . -e acknowledge -P run_id={run_id} -P reviewer=NAME -P decision=keep|retrain|redesign -P reason=WHY"
)
SCORES = "outputs/clv_ranked_predictions.parquet"
BEFORE = "outputs/clv_ranked_predictions.csv"  # of runs from before there was the Parquet, with the ids as they are
OPEN, CLOSED = "open", "closed"


@dataclass(frozen=True)
class Alarm:
    """A question that waits for a person: which version, and why."""

    model: str
    version: str
    as_of: str
    reasons: list[str]


@dataclass(frozen=True)
class Scores:
    """A run that scored customers. learnt_until: first day whose revenue its version had not learnt from."""

    run_id: str
    as_of: dt.date
    version: str
    horizon_days: int
    learnt_until: dt.date

    @property
    def matured_on(self) -> dt.date:
        return self.as_of + dt.timedelta(days=self.horizon_days)


def open_alarm(review: Alarm, opened_at: str) -> str:
    """Open a review in the active run, which holds its reports by now; last a tag on the version that points here. Returns the run's id."""
    one = journal.stack[-1]
    run_id = one.run_id
    content = {
        **vars(review),
        "status": OPEN,
        "opened_at": opened_at,
        "run_id": run_id,
        "close_with": ACKNOWLEDGE.format(run_id=run_id),
    }
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "opened.json").write_text(json.dumps(content, indent=1))
        one.do("files", folder=folder, path="review")
    one.do("tags", tags={"review": OPEN, "review_run": run_id})
    said = f"{OPEN} since {opened_at}: {review.reasons[0]}"[:4000]
    one.do("version_tag", name=review.model, number=review.version, key=f"review.{run_id}", value=said)
    return run_id


def opened(run_id: str) -> dict:
    """What the monitor asked when it opened the review; run_id: of the monitor, or of the pipeline it ran in.

    Raises: UserError: there is no such run, it opened no review, or somebody has closed it.
    """
    run = find(run_id)
    if "review_run" not in run.data.tags:
        raise UserError(
            f"Run {run_id} opened no review; nothing was written.\nHint: the monitor prints the run's id when its verdict is review."
        )
    if (monitor := find(run.data.tags["review_run"])).info.run_id != run.info.run_id:
        return opened(monitor.info.run_id)
    if run.data.tags["review"] != OPEN:
        raise UserError(
            f"The review of run {run_id} is closed already: {run.data.tags.get('review_decision', '')}; nothing was written."
        )
    return json.loads(server.download(f"runs:/{run.info.run_id}/review/opened.json").read_text())


def close(entry: dict) -> None:
    """Write a person's decision, as the ledger has it, to the run that opened the review and to the version."""
    client, opened_as = server.client(), entry["review_run"]
    run_id = find(opened_as).info.run_id
    said = "{decision} by {by} on {at}: {why}".format(**entry)
    client.log_dict(run_id, entry | {"status": CLOSED}, "review/decision.json")
    for version in entry["versions"]:
        name, number = version.split("/")
        client.set_model_version_tag(name, number, f"review.{opened_as}", said[:4000])
    client.set_tag(run_id, "review_decision", said[:4000])
    client.set_tag(run_id, "review", CLOSED)


def find(run_id: str) -> mlflow.entities.Run:
    """Also by the name that the run had while the server did not answer."""
    try:
        return server.client().get_run(run_id)
    except MlflowException as error:
        if later := journal.find(journal.stack[-1].experiment, run_id):
            return server.client().get_run(later)
        raise UserError(f"There is no run {run_id} on {server.address()}: {error}") from error


def link(run_id: str, ui: str | None) -> str:
    """Where a person opens the run."""
    where = ui or server.address()
    experiment = journal.stack[-1].experiment
    page = f"experiments/{experiment}/runs/{run_id}"
    return f"{where.rstrip('/')}/#/{page}" if where.startswith("http") else f"`make ui`, then #/{page}"


def waiting(version: Version) -> list[str]:
    """The runs whose reviews of the version nobody has closed."""
    return [
        name.removeprefix("review.")
        for name, said in version.tags.items()
        if name.startswith("review.") and said.startswith(OPEN)
    ]


def stored_scores(name: str) -> list[Scores]:
    """The scores of the model, one run an as-of date (the newest), oldest day first."""
    found = {one.as_of: one for one in reversed(scoring_runs(name))}
    return [found[day] for day in sorted(found)]


def scoring_runs(name: str) -> list[Scores]:
    """The runs of the active experiment that scored with this model, newest first; the newest thousand are looked at."""
    found = server.client().search_runs(
        [journal.stack[-1].experiment],
        f"tags.production_model = '{name}' and tags.step = 'score' and attributes.status = 'FINISHED'",
        order_by=["attributes.start_time DESC"],
        max_results=1000,
    )
    return [scores(run) for run in found]


def scoring_run(run_id: str) -> mlflow.entities.Run:
    """The run itself, or the one nested in it that scored.

    Raises: UserError: there is none.
    """
    run = find(run_id)
    if run.data.tags.get("step") == "score":
        return run
    nested = server.client().search_runs(
        [run.info.experiment_id], f"tags.mlflow.parentRunId = '{run_id}' and tags.step = 'score'", max_results=1
    )
    if not nested:
        raise UserError(f"Run {run_id} scored no customers.\nHint: the runs whose step is score, or a full_pipeline.")
    return nested[0]


def scores(run: mlflow.entities.Run) -> Scores:
    tags = run.data.tags
    days = (dt.date.fromisoformat(tags[name]) for name in ("as_of", "learnt_until"))
    as_of, learnt_until = days
    return Scores(run.info.run_id, as_of, tags["production_version"], int(tags["horizon_days"]), learnt_until)


def download_scores(stored: Scores, folder: Path) -> pd.DataFrame | None:
    """customer_id and predicted_clv (NaN where it is no number) in the order of the stored file; None where it is gone."""
    columns = ["customer_id", "predicted_clv"]
    if path := downloaded(stored.run_id, SCORES, folder):
        table = pd.read_parquet(path, columns=columns)
    elif path := downloaded(stored.run_id, BEFORE, folder):
        table = pd.read_csv(path, usecols=columns, dtype=str, keep_default_na=False)
    else:
        return None
    return table.assign(predicted_clv=pd.to_numeric(table["predicted_clv"], errors="coerce"))


def downloaded(run_id: str, name: str, folder: Path) -> Path | None:
    try:
        return server.download(f"runs:/{run_id}/{name}", str(folder))
    except (MlflowException, OSError):
        return None
