"""What a log does on the server: each may be done twice without harm, now or when it is delivered from the spool."""

import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from clv.tracking import experiment, server

FINISHED, FAILED, KILLED, RUNNING = "FINISHED", "FAILED", "KILLED", "RUNNING"
KEY = "journal"  # tag of the run
_ASIDE = "set_aside"  # tag of a run that only `mlflow run` needed
_METRICS_A_CALL = 500


def now() -> int:
    """Returns milliseconds since 1970, UTC."""
    return int(time.time() * 1000)


def created(head: dict[str, Any], *, is_new: bool = False) -> str:
    """Returns the run's id on the server: the one that is known, that of the run with the key, or of a new run.

    Args: is_new: nobody can have made the run before, so it is not looked for.
    """
    from mlflow import MlflowClient

    if head["run_id"]:
        return head["run_id"]
    head["experiment"] = head["experiment"] or experiment.made(head["experiment_name"])
    parent = head["parent_run"] or (find([head["experiment"]], head["parent"]) if head["parent"] else None)
    tags = head["tags"] | ({"mlflow.parentRunId": parent} if parent else {})
    client, name = MlflowClient(), tags["mlflow.runName"]

    def look_up() -> str | None:
        return _with_key(client.search_runs([head["experiment"]], _has_key(head["key"]), max_results=1))

    def make() -> str:  # a signal that waited for the end of this call takes its result: so the head gets the id here
        head["run_id"] = client.create_run(head["experiment"], head["begun"], tags, name).info.run_id
        return head["run_id"]

    return server.once(look_up, make, is_new=is_new)


def find(experiments: list[str], key: str) -> str | None:
    """Returns the id of the run in these experiments that has the key."""
    return _with_key(server.client.search_runs(experiments, _has_key(key), max_results=1)) if experiments else None


def _has_key(key: str) -> str:
    return f"tags.{KEY} = '{key}'"


def _with_key(runs: Any) -> str | None:
    return runs[0].info.run_id if runs else None


def log(
    run_id: str,
    parameters: dict[str, str] | None = None,
    tags: dict[str, str] | None = None,
    metrics: list[list[Any]] | None = None,
) -> None:
    """Logs to a run in as few calls as MLflow allows. metrics: rows of key, value, milliseconds, step."""
    from mlflow.entities import Metric, Param, RunTag

    rows = [Metric(*row) for row in metrics or []]
    server.client.log_batch(
        run_id,
        metrics=rows[:_METRICS_A_CALL],
        params=[Param(key, value) for key, value in (parameters or {}).items()],
        tags=[RunTag(key, value) for key, value in (tags or {}).items()],
    )
    for begin in range(_METRICS_A_CALL, len(rows), _METRICS_A_CALL):
        server.client.log_batch(run_id, metrics=rows[begin : begin + _METRICS_A_CALL])


def end(run_id: str, status: str, at: int) -> None:
    """Ends the run on the server. at: milliseconds since 1970, UTC."""
    server.client.set_terminated(run_id, status, at)


def _files(run_id: str, folder: str, path: str | None = None) -> None:
    server.client.log_artifacts(run_id, folder, path)


def _dataset(run_id: str, dataset: dict[str, Any]) -> None:
    from clv.tracking.dataset import as_input

    server.client.log_inputs(run_id, [as_input(**dataset)])


def _version_tag(_run_id: str, name: str, number: str, key: str, value: str) -> None:
    server.client.set_model_version_tag(name, number, key, value)


OPERATIONS: dict[str, Callable[..., None]] = {
    "log": log,
    "files": _files,
    "dataset": _dataset,
    "version_tag": _version_tag,
    "end": end,
}


def set_aside(run_id: str, name: str) -> None:
    """Marks the run that `mlflow run` opened for a command whose log is elsewhere. `mlflow run` still has to end it, and then it goes."""
    tags = {
        _ASIDE: "true",
        "mlflow.runName": name,
        "mlflow.note.content": "Opened by `mlflow run`; the next command deletes it.",
    }
    log(run_id, tags=tags)


def delete_aside() -> None:
    """Deletes the runs that were set aside, as far as `mlflow run` has ended them and the server lets us."""
    with suppress(server.Refused):
        for run in server.client.search_runs(experiment.of_mlflow(), f"tags.{_ASIDE} = 'true'"):
            if run.info.status != RUNNING:
                server.client.delete_run(run.info.run_id)
