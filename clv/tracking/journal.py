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
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path
from typing import Any

from clv import process
from clv.errors import Unreachable, hidden
from clv.tracking import experiment, local_store, operations, server
from clv.tracking.operations import KEY, KILLED, OPERATIONS, now
from clv.wording import dead

SPOOL = ".spool"  # under the outputs folder
stack: list["Journal"] = []  # the runs that are open, a nested one after its parent


class Logged(Enum):
    """When a command gets a run: always; when it has something to log (a refused one leaves none); or never, because it only reads."""

    ALWAYS = auto()
    WHEN_DONE = auto()
    NEVER = auto()


@dataclass(frozen=True)
class Terms:
    """How a command logs.

    home: the outputs folder.   strict: what cannot be logged stops the command; else it waits in the spool.   model: name of the
    registered model, whose experiment holds the run.
    """

    home: Path
    strict: bool
    model: str
    logged: Logged = Logged.ALWAYS


class Journal:
    """One run's log, which may wait for the run's beginning. Under `mlflow run`, the run that MLflow opened goes on as ours where somebody
    chose its experiment; else ours is a new one, and MLflow's is set aside.
    """

    def __init__(self, name: str, terms: Terms, tags: dict[str, str]):
        from mlflow.tracking.context.registry import resolve_tags

        self.key, parent = uuid.uuid4().hex, stack[-1] if stack else None
        self._given = None if parent else os.environ.pop(process.RUN_OF_MLFLOW, None)
        self._resumed = self._given if experiment.is_chosen() else None
        self.terms, self._name, self.is_begun, self.holds_files = terms, name, False, False
        self._parameters: dict[str, str] = {}
        self.folder = terms.home / SPOOL / f"{time.time_ns()}_{self.key[:8]}"
        self._waiting: list[dict[str, Any]] = []
        self._logged: dict[str, str] = {}  # tags, as they were sent last
        self.head: dict[str, Any] = {
            "key": self.key,
            "run_id": None,
            "parent": parent and parent.key,
            "parent_run": parent and parent.head["run_id"],
            **(parent._where if parent else experiment.place(terms.model)),
            "begun": now(),
            "tags": resolve_tags() | tags | {"mlflow.runName": name, KEY: self.key},
            "process": process.identity(),
            "server": local_store.store(),
        }

    @property
    def run_id(self) -> str:
        """On the server, or the key while it is not known there; empty where the command gets no run."""
        return "" if self.terms.logged == Logged.NEVER else self.head["run_id"] or self.key

    @property
    def experiments(self) -> list[str]:
        """The ids of all experiments where runs of the model may be."""
        name, model = self.head["experiment_name"], self.terms.model
        self.head["experiment"] = self.head["experiment"] or experiment.found(name)
        return experiment.searched(self.head["experiment"], None if name == model else model)

    @property
    def experiment(self) -> str:
        """The id of the experiment of a run that has begun."""
        return self.head["experiment"]

    @property
    def note(self) -> str:
        """The name of its note."""
        return self._resumed or self.key

    @property
    def _where(self) -> dict[str, str | None]:
        return {name: self.head[name] for name in ("experiment", "experiment_name")}

    def open(self, parameters: dict[str, Any]) -> None:
        """Begins the run on the server with its parameters, or keeps them for the beginning.

        Raises: Unreachable: the server does not answer, and the run is strict.
        """
        stack.append(self)
        self._parameters = {key: str(value) for key, value in parameters.items()}
        if self.terms.logged == Logged.ALWAYS:
            self.begin()
        elif self.terms.strict:
            self.head["experiment"] = self.head["experiment"] or experiment.found(self.head["experiment_name"])

    def begin(self) -> None:
        """Begins the run on the server, once; nothing where the command gets none.

        Raises: Unreachable: as open().
        """
        if self.is_begun or self.terms.logged == Logged.NEVER:
            return
        self.is_begun, self.head["run_id"] = True, self._resumed
        process.note(self.note, self.head)
        parameters = self._parameters
        try:
            parameters = self._begun(parameters)
        except Unreachable:
            if self._resumed:
                self._keep({"kind": "log", "tags": self.head["tags"]})
            if self.terms.strict:
                raise
        self.log(parameters=parameters)

    def _begun(self, parameters: dict[str, str]) -> dict[str, str]:
        """The parameters that the run does not have yet."""
        if server.circuit.why:
            raise server.circuit.error()
        given = server.client.get_run(self._given) if self._given else None
        if given:  # what MLflow knows of the project
            self.head["tags"] = {k: v for k, v in given.data.tags.items() if k != "mlflow.runName"} | self.head["tags"]
        self.head["run_id"] = operations.created(self.head, is_new=True)
        process.note(self.note, self.head)
        if given is None or not self._resumed:
            self._set_aside()
            return parameters
        self.head["experiment"] = given.info.experiment_id
        operations.log(self.run_id, tags=self.head["tags"])
        return {key: value for key, value in parameters.items() if key not in given.data.params}

    def _set_aside(self) -> None:
        """Marks the run that `mlflow run` opened, if the server answers."""
        if self._given:
            with suppress(Unreachable, server.Refused):
                operations.set_aside(self._given, self._name)

    def log(
        self,
        *,
        parameters: dict[str, str] | None = None,
        tags: dict[str, str] | None = None,
        metrics: dict[str, float] | None = None,
        series: dict[str, dict[dt.date, float]] | None = None,
        title: str = "",
        lines: Sequence[str] = (),
        of: Sequence[str] = (),
    ) -> None:
        """Logs all of it in one call; a tag that was sent before with the same value is not sent again.

        Args:   metrics: name -> value, logged with 6 digits; a value that is not finite is left out.   series: name -> day -> value, for a chart over days.
                of: what the metrics were measured on, where MLflow has it: id of the logged model, name and digest of the data.
                title: the run's name, in place of its step.   lines: what the run's page says under Description, in Markdown.
        Raises: Unreachable: the server does not answer, and the run is strict.
        """
        tags = (tags or {}) | self._shown(title, lines)
        fresh = {key: str(value) for key, value in tags.items() if self._logged.get(key) != str(value)}
        points = [(name, value, 0) for name, value in (metrics or {}).items()]
        points += [
            (_sorted_last(name), value, int(f"{day:%Y%m%d}"))
            for name, days in (series or {}).items()
            for day, value in days.items()
        ]
        rows = [[name, float(f"{value:.6g}"), now(), step, *of] for name, value, step in points if math.isfinite(value)]
        content = {"parameters": parameters, "tags": fresh, "metrics": rows}
        if any(content.values()):
            self._logged |= fresh
            self._do("log", **{name: part for name, part in content.items() if part})

    def _shown(self, title: str, lines: Sequence[str]) -> dict[str, str]:
        """The tags that MLflow shows as the run's name and as its description."""
        name = {"mlflow.runName": title} if title else {}
        return name | ({"mlflow.note.content": "\n".join(f"- {dead(hidden(line))}" for line in lines)} if lines else {})

    def files(self, folder: Path, path: str | None = None) -> None:
        """Logs every file below the folder. path: folder in the run for them."""
        self.holds_files = True
        self._do("files", folder=str(folder), path=path)

    def dataset(self, content: dict[str, Any]) -> None:
        """Logs which data the run read. content: name, digest, source, profile (counts)."""
        self._do("dataset", dataset=content | {"source": hidden(content["source"])})

    def tag_model_version(self, name: str, number: str, key: str, value: str) -> None:
        """Tags a version of a registered model; the tag waits with the rest while the server does not answer."""
        self._do("version_tag", name=name, number=number, key=key, value=value)

    def close(self, status: str) -> None:
        """Ends the run, if it has begun: FINISHED, FAILED or KILLED. Whatever fails, it is open no longer; its note is left then."""
        try:
            if self.is_begun:
                self._do("end", status=status, at=now())
            else:
                self._set_aside()
        finally:
            stack.remove(self)
        is_known = bool(
            self.head["run_id"] or self._waiting
        )  # else its beginning may have arrived, and the reply may be lost
        for name in {self.note, self._given} if is_known or not self.is_begun else ():
            process.forget(name or self.note)

    def _do(self, kind: str, **content: Any) -> None:
        """One of OPERATIONS: now, or later where the server does not answer."""
        self.begin()
        if not self.is_begun:
            return
        if self.head["run_id"] and not self._waiting and not server.circuit.why:
            try:
                OPERATIONS[kind](self.run_id, **content)
                return
            except Unreachable:
                pass
        self._keep({"kind": kind} | self._with_files(content))
        if self.terms.strict and kind != "end":
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
        if self.terms.strict and not self.head["run_id"] and not self.head["parent"]:
            return
        self._waiting.append(operation)
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        fresh = self.folder / "journal.fresh"
        fresh.write_text(json.dumps({"run": self.head, "waiting": self._waiting}, indent=1))
        os.replace(fresh, self.folder / "journal.json")


def files_in(folder: Path) -> list[str]:
    """Returns the paths of all files below the folder, sorted."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def _sorted_last(name: str) -> str:
    """The UI sorts metrics by name and shows the first few: those with a / in their name stand behind those without."""
    return f"within/{name}" if "/" in name else name


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
