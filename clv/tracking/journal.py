"""What a run logs: at once while the server answers; from the first failure on it waits in the spool, in order, for the next command.

Everything in the spool may be delivered twice without harm: the run is found by its key, a parameter, a tag, a metric or a file written
again is the same. So a delivery (`spool.py`) that was interrupted is simply done again.
"""

import json
import os
import shutil
import time
import uuid
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mlflow
from mlflow.data.dataset_source_registry import resolve_dataset_source
from mlflow.data.meta_dataset import MetaDataset
from mlflow.entities import DatasetInput, InputTag, Metric, Param, RunTag
from mlflow.tracking.context.registry import resolve_tags

from clv import process
from clv.errors import Unreachable
from clv.tracking import local_store, server

FINISHED, FAILED, KILLED, RUNNING = "FINISHED", "FAILED", "KILLED", "RUNNING"
SPOOL = ".spool"  # under the outputs folder
KEY = "journal"  # tag of the run
stack: list["Journal"] = []  # the runs that are open, a nested one after its parent


class Journal:
    """One run. run_id: on the server; the key while it is not known there.   strict: what cannot be logged stops the run."""

    def __init__(self, name: str, home: Path, strict: bool, tags: dict[str, str]):
        self.key, parent = uuid.uuid4().hex, stack[-1] if stack else None
        self.resumed = None if parent else os.environ.pop("MLFLOW_RUN_ID", None)  # opened by `mlflow run`
        self.folder = home / SPOOL / f"{time.time_ns()}_{self.key[:8]}"
        self.home, self.strict, self.waiting = home, strict, []
        self.known: dict[str, str] = {}  # parameters that the run has already
        self.head = {
            "key": self.key,
            "run_id": self.resumed,
            "parent": parent and parent.key,
            "parent_run": parent and parent.head["run_id"],
            **(parent.where if parent else where()),
            "begun": now(),
            "tags": resolve_tags() | tags | {"mlflow.runName": name, KEY: self.key},
            "process": process.identity(),
            "server": local_store.store(),
        }

    @property
    def run_id(self) -> str:
        return self.head["run_id"] or self.key

    @property
    def where(self) -> dict[str, str | None]:
        return {name: self.head[name] for name in ("experiment", "experiment_name")}

    @property
    def experiment(self) -> str:
        return self.head["experiment"]

    @property
    def name(self) -> str:
        """Of its note."""
        return self.resumed or self.key

    def open(self) -> "Journal":
        stack.append(self)
        process.note(self.name, self.head)
        try:
            if server.circuit.why:
                raise server.circuit.error()
            self.head["run_id"] = created(self.head)
            process.note(self.name, self.head)
            if self.resumed:
                run = server.client().get_run(self.run_id)
                self.known, self.head["experiment"] = run.data.params, run.info.experiment_id
                do_tags(self.run_id, self.head["tags"])
        except Unreachable:
            self.keep(*[{"kind": "tags", "tags": self.head["tags"]}] * bool(self.resumed))
            if self.strict:
                raise
        return self

    def do(self, kind: str, **what: Any) -> None:
        """An operation of DO: now, or later where the server does not answer.

        Raises: Unreachable: it does not, and the run is strict.
        """
        if self.head["run_id"] and not self.waiting and not server.circuit.why:
            try:
                return DO[kind](self.run_id, **what)
            except Unreachable:
                pass
        self.keep({"kind": kind} | self.in_the_spool(what))
        if self.strict and kind != "end":
            raise server.circuit.error()

    def in_the_spool(self, what: dict[str, Any]) -> dict[str, Any]:
        """With its files, which may be gone later, copied there."""
        if "folder" not in what:
            return what
        copy = self.folder / f"{len(self.waiting):04}"
        shutil.copytree(what["folder"], copy)
        return what | {"folder": copy.name, "files": files_in(copy)}

    def keep(self, *more: dict[str, Any]) -> None:
        self.waiting += more
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        fresh = self.folder / "journal.fresh"
        fresh.write_text(json.dumps({"run": self.head, "waiting": self.waiting}, indent=1))
        os.replace(fresh, self.folder / "journal.json")

    def close(self, status: str) -> None:
        self.do("end", status=status, at=now())
        process.forget(self.name)
        stack.remove(self)


class PurchaseDataset(MetaDataset):
    """A purchase history by its digest, with its counts as the profile that the UI shows."""

    def __init__(self, name: str, digest: str, source: str, profile: dict):
        with warnings.catch_warnings(action="ignore"):  # mlflow registers its local source twice and warns of it
            super().__init__(resolve_dataset_source(source), name=name, digest=digest)
        self._profile = profile

    def to_dict(self) -> dict[str, str]:
        return super().to_dict() | {"profile": json.dumps(self._profile)}


def files_in(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def where() -> dict[str, str | None]:
    """The experiment that `mlflow run` or the environment names; its id may have to be asked for."""
    name = os.environ.get("MLFLOW_EXPERIMENT_NAME")
    return {"experiment": os.environ.get("MLFLOW_EXPERIMENT_ID") or (None if name else "0"), "experiment_name": name}


def now() -> int:
    """Milliseconds since 1970, UTC."""
    return int(time.time() * 1000)


def created(head: dict[str, Any]) -> str:
    """The run's id on the server: the one that is known, that of the run with the key, or of a new one."""
    if head["run_id"]:
        return head["run_id"]
    head["experiment"] = head["experiment"] or local_store.experiment(head["experiment_name"])
    parent = head["parent_run"] or (find(head["experiment"], head["parent"]) if head["parent"] else None)
    tags = head["tags"] | ({"mlflow.parentRunId": parent} if parent else {})
    client, name = mlflow.MlflowClient(), tags["mlflow.runName"]
    return server.once(
        lambda: look_up(head["experiment"], head["key"]),
        lambda: client.create_run(head["experiment"], head["begun"], tags, name).info.run_id,
    )


def find(experiment: str, key: str) -> str | None:
    """The id of the run that has the key."""
    return server.call(look_up, experiment, key)


def look_up(experiment: str, key: str) -> str | None:
    found = mlflow.MlflowClient().search_runs([experiment], f"tags.{KEY} = '{key}'", max_results=1)
    return found[0].info.run_id if found else None


def do_tags(run_id: str, tags: dict[str, str]) -> None:
    server.client().log_batch(run_id, tags=[RunTag(key, str(value)) for key, value in tags.items()])


def do_params(run_id: str, params: dict[str, str]) -> None:
    server.client().log_batch(run_id, params=[Param(key, value) for key, value in params.items()])


def do_metrics(run_id: str, metrics: list[list]) -> None:
    """metrics: key, value, milliseconds, step."""
    for begin in range(0, len(metrics), 500):
        server.client().log_batch(run_id, metrics=[Metric(*row) for row in metrics[begin : begin + 500]])


def do_files(run_id: str, folder: str, path: str | None = None) -> None:
    server.client().log_artifacts(run_id, folder, path)


def do_dataset(run_id: str, dataset: dict[str, Any]) -> None:
    entity = PurchaseDataset(**dataset)._to_mlflow_entity()
    server.client().log_inputs(run_id, [DatasetInput(entity, [InputTag("mlflow.data.context", "training")])])


def do_version_tag(_run_id: str, name: str, number: str, key: str, value: str) -> None:
    server.client().set_model_version_tag(name, number, key, value)


def do_end(run_id: str, status: str, at: int) -> None:
    server.client().set_terminated(run_id, status, at)


DO: dict[str, Callable[..., None]] = {
    "tags": do_tags,
    "params": do_params,
    "metrics": do_metrics,
    "files": do_files,
    "dataset": do_dataset,
    "version_tag": do_version_tag,
    "end": do_end,
}


def abandon() -> None:
    """The process is about to be ended by force: say so on what is open, if the server is quick."""
    server.circuit.patience = 0.3
    for one in reversed(stack):
        try:
            server.attempt(lambda run_id=one.run_id: mlflow.MlflowClient().set_terminated(run_id, KILLED))
            process.forget(one.name)
        except Exception:  # its note stays for the next command
            return
