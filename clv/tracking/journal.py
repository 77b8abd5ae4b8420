"""What a run logs: at once while the server answers; from the first failure on it waits in the spool, in order, for the next command.

Everything in the spool may be delivered twice without harm: the run is found by its key, a parameter, a tag, a metric or a file written
again is the same. So a delivery (`spool.py`) that was interrupted is simply done again.
"""

import datetime as dt
import json
import math
import os
import shutil
import time
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from clv import process
from clv.errors import Unreachable
from clv.tracking import local_store, server

FINISHED, FAILED, KILLED, RUNNING = "FINISHED", "FAILED", "KILLED", "RUNNING"
SPOOL = ".spool"  # under the outputs folder
_KEY = "journal"  # tag of the run
_METRICS_A_CALL = 500
stack: list["Journal"] = []  # the runs that are open, a nested one after its parent


class Journal:
    """One run's log. run_id: on the server; the key while it is not known there.   strict: what cannot be logged stops the run."""

    def __init__(self, name: str, home: Path, strict: bool, tags: dict[str, str]):
        from mlflow.tracking.context.registry import resolve_tags

        self.key, parent = uuid.uuid4().hex, stack[-1] if stack else None
        self._resumed = None if parent else os.environ.pop(process.RUN_OF_MLFLOW, None)
        self.folder = home / SPOOL / f"{time.time_ns()}_{self.key[:8]}"
        self.home, self.strict, self._step = home, strict, name
        self._waiting: list[dict[str, Any]] = []
        self._logged: dict[str, str] = {}  # tags, as they were sent last
        self.head: dict[str, Any] = {
            "key": self.key,
            "run_id": self._resumed,
            "parent": parent and parent.key,
            "parent_run": parent and parent.head["run_id"],
            **(parent._where if parent else _where()),
            "begun": now(),
            "tags": resolve_tags() | tags | {"mlflow.runName": name, _KEY: self.key},
            "process": process.identity(),
            "server": local_store.store(),
        }

    @property
    def run_id(self) -> str:
        return self.head["run_id"] or self.key

    @property
    def experiment(self) -> str:
        return self.head["experiment"]

    @property
    def note(self) -> str:
        """The name of its note."""
        return self._resumed or self.key

    @property
    def _where(self) -> dict[str, str | None]:
        return {name: self.head[name] for name in ("experiment", "experiment_name")}

    def open(self, parameters: dict[str, Any]) -> None:
        """Begins the run on the server, with its parameters.

        Raises: Unreachable: the server does not answer, and the run is strict.
        """
        stack.append(self)
        process.note(self.note, self.head)
        try:
            parameters = self._begun(parameters)
        except Unreachable:
            if self._resumed:
                self._keep({"kind": "log", "tags": self.head["tags"]})
            if self.strict:
                raise
        self.log(parameters={key: str(value) for key, value in parameters.items()})

    def _begun(self, parameters: dict[str, Any]) -> dict[str, Any]:
        """The parameters that the run does not have yet."""
        if server.circuit.why:
            raise server.circuit.error()
        self.head["run_id"] = created(self.head, is_new=True)
        process.note(self.note, self.head)
        if not self._resumed:
            return parameters
        run = server.client.get_run(self.run_id)
        self.head["experiment"] = run.info.experiment_id
        log(self.run_id, tags=self.head["tags"])
        return {key: value for key, value in parameters.items() if key not in run.data.params}

    def log(
        self,
        *,
        parameters: dict[str, str] | None = None,
        tags: dict[str, str] | None = None,
        metrics: dict[str, float] | None = None,
        series: dict[str, dict[dt.date, float]] | None = None,
        title: str = "",
        lines: Sequence[str] = (),
    ) -> None:
        """Logs all of it in one call; a tag that was sent before with the same value is not sent again.

        Args:   metrics: name -> value; a value that is not finite is left out.   series: name -> day -> value, for a chart over days.
                title: what the run's name says beside its step.   lines: what the run's page says under Description, in Markdown.
        Raises: Unreachable: the server does not answer, and the run is strict.
        """
        tags = (tags or {}) | self._shown(title, lines)
        fresh = {key: str(value) for key, value in tags.items() if self._logged.get(key) != str(value)}
        points = [(name, value, 0) for name, value in (metrics or {}).items()]
        points += [
            (name, value, int(f"{day:%Y%m%d}")) for name, days in (series or {}).items() for day, value in days.items()
        ]
        rows = [[_sorted_last(name), float(value), now(), step] for name, value, step in points if math.isfinite(value)]
        content = {"parameters": parameters, "tags": fresh, "metrics": rows}
        if any(content.values()):
            self._logged |= fresh
            self._do("log", **{name: part for name, part in content.items() if part})

    def _shown(self, title: str, lines: Sequence[str]) -> dict[str, str]:
        """The tags that MLflow shows as the run's name and as its description."""
        name = {"mlflow.runName": f"{self._step}: {title}"} if title else {}
        return name | ({"mlflow.note.content": "\n".join(f"- {line}" for line in lines)} if lines else {})

    def files(self, folder: Path, path: str | None = None) -> None:
        """Logs every file below the folder. path: folder in the run for them."""
        self._do("files", folder=str(folder), path=path)

    def dataset(self, content: dict[str, Any]) -> None:
        """Logs which data the run read. content: name, digest, source, profile (counts)."""
        self._do("dataset", dataset=content)

    def tag_model_version(self, name: str, number: str, key: str, value: str) -> None:
        """Tags a version of a registered model; the tag waits with the rest while the server does not answer."""
        self._do("version_tag", name=name, number=number, key=key, value=value)

    def close(self, status: str) -> None:
        """Ends the run: FINISHED, FAILED or KILLED."""
        self._do("end", status=status, at=now())
        if self.head["run_id"] or self._waiting:  # else its beginning may have arrived, and the reply may be lost
            process.forget(self.note)
        stack.remove(self)

    def _do(self, kind: str, **content: Any) -> None:
        """One of OPERATIONS: now, or later where the server does not answer."""
        if self.head["run_id"] and not self._waiting and not server.circuit.why:
            try:
                OPERATIONS[kind](self.run_id, **content)
                return
            except Unreachable:
                pass
        self._keep({"kind": kind} | self._with_files(content))
        if self.strict and kind != "end":
            raise server.circuit.error()

    def _with_files(self, content: dict[str, Any]) -> dict[str, Any]:
        """Its files, which may be gone later, are copied into the spool."""
        if "folder" not in content:
            return content
        copy = self.folder / f"{len(self._waiting):04}"
        shutil.copytree(content["folder"], copy)
        return content | {"folder": copy.name, "files": files_in(copy)}

    def _keep(self, operation: dict[str, Any]) -> None:
        """In the spool. Nothing is kept of a run that needs the server and never began: it did nothing, and whoever started it was told."""
        if self.strict and not self.head["run_id"] and not self.head["parent"]:
            return
        self._waiting.append(operation)
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        fresh = self.folder / "journal.fresh"
        fresh.write_text(json.dumps({"run": self.head, "waiting": self._waiting}, indent=1))
        os.replace(fresh, self.folder / "journal.json")


def files_in(folder: Path) -> list[str]:
    """Returns the paths of all files below the folder, sorted."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def now() -> int:
    """Returns milliseconds since 1970, UTC."""
    return int(time.time() * 1000)


def _where() -> dict[str, str | None]:
    """The experiment that `mlflow run` or the environment names; its id may have to be asked for."""
    name = os.environ.get("MLFLOW_EXPERIMENT_NAME")
    return {"experiment": os.environ.get("MLFLOW_EXPERIMENT_ID") or (None if name else "0"), "experiment_name": name}


def _sorted_last(name: str) -> str:
    """The UI sorts metrics by name and shows the first few: those with a / in their name stand behind those without."""
    return f"within/{name}" if "/" in name else name


def created(head: dict[str, Any], *, is_new: bool = False) -> str:
    """Returns the run's id on the server: the one that is known, that of the run with the key, or of a new run.

    Args: is_new: nobody can have made the run before, so it is not looked for.
    """
    from mlflow import MlflowClient

    if head["run_id"]:
        return head["run_id"]
    head["experiment"] = head["experiment"] or local_store.experiment(head["experiment_name"])
    parent = head["parent_run"] or (find(head["experiment"], head["parent"]) if head["parent"] else None)
    tags = head["tags"] | ({"mlflow.parentRunId": parent} if parent else {})
    client, name = MlflowClient(), tags["mlflow.runName"]

    def look_up() -> str | None:
        return _with_key(client.search_runs([head["experiment"]], _has_key(head["key"]), max_results=1))

    def make() -> str:  # a signal that waited for the end of this call takes its result: so the head gets the id here
        head["run_id"] = client.create_run(head["experiment"], head["begun"], tags, name).info.run_id
        return head["run_id"]

    return server.once(look_up, make, is_new=is_new)


def find(experiment: str, key: str) -> str | None:
    """Returns the id of the run that has the key."""
    return _with_key(server.client.search_runs([experiment], _has_key(key), max_results=1))


def _has_key(key: str) -> str:
    return f"tags.{_KEY} = '{key}'"


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


def abandon() -> None:
    """Says on the open runs that the process is about to be ended by force, if the server is quick."""
    from mlflow import MlflowClient

    server.circuit.patience = 0.3
    for journal in reversed(stack):
        run_id = journal.run_id
        try:
            server.try_once(lambda run_id=run_id: MlflowClient().set_terminated(run_id, KILLED))  # type: ignore[misc]  # mypy cannot type a lambda's default
            process.forget(journal.note)
        except Exception:  # noqa: BLE001  # whatever it is, its note stays for the next command
            return
