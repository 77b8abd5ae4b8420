"""Runs, artifacts and the registry: the only place for mlflow."""

import getpass
import json
import math
import os
import subprocess
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from clv.tracking.address import without_password

os.environ |= {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "false",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
} | without_password(os.environ)
os.environ.setdefault("MLFLOW_LOGGING_LEVEL", "WARNING")

import mlflow  # noqa: E402
from mlflow.data.dataset_source_registry import resolve_dataset_source  # noqa: E402
from mlflow.data.meta_dataset import MetaDataset  # noqa: E402

from clv.errors import hidden  # noqa: E402
from clv.record import Record  # noqa: E402
from clv.tracking.registry import readable  # noqa: E402


class PurchaseDataset(MetaDataset):
    """A purchase history by its digest, with its counts as the profile that the UI shows."""

    def __init__(self, name: str, digest: str, source: str, profile: dict):
        with warnings.catch_warnings(action="ignore"):  # mlflow registers its local source twice and warns of it
            super().__init__(resolve_dataset_source(source), name=name, digest=digest)
        self._profile = profile

    def to_dict(self) -> dict[str, str]:
        return super().to_dict() | {"profile": json.dumps(self._profile)}


@contextmanager
def run(name: str, parameters: dict[str, Any], nested: bool = False) -> Iterator[str]:
    """An MLflow run (the one that `mlflow run` opened, if any); an exception leaves it FAILED with the reason as a tag."""
    with readable(), mlflow.start_run(run_name=name, nested=nested) as active:
        mlflow.set_tags({"mlflow.runName": name, "step": name, "account": account()} | commit())
        mlflow.log_params({key: value for key, value in parameters.items() if key not in active.data.params})
        try:
            yield active.info.run_id
        except BaseException as error:
            mlflow.set_tag("failure_reason", hidden(f"{type(error).__name__}: {error}")[:4000])
            raise


def commit() -> dict[str, str]:
    """The git commit of the code and whether the work tree differed from it; nothing outside a repository."""

    def git(*words: str) -> str:
        return subprocess.run(
            ["git", *words], cwd=Path(__file__).parent, capture_output=True, text=True, check=True
        ).stdout.strip()

    try:
        return {"git_commit": git("rev-parse", "HEAD"), "git_dirty": str(bool(git("status", "--porcelain"))).lower()}
    except (OSError, subprocess.CalledProcessError):
        return {}


def log(record: Record, written: Path, artifacts: Path) -> None:
    """Log one step's record to the active run: its outputs from the folder `written`, all files of the folder `artifacts`."""
    for name in record.outputs:
        if f"outputs/{name}" not in record.artifacts:
            mlflow.log_artifact(str(written / name), str(Path("outputs") / Path(name).parent))
    mlflow.log_artifacts(str(artifacts))
    for part in record.parts:
        with mlflow.start_run(run_name=part.name, nested=True):
            mlflow.log_params(part.params)
            mlflow.log_metrics(shown(part.metrics))
    log_headline(record)


def log_headline(record: Record) -> None:
    """What a list of runs shows: metrics, tags, the data and a sentence. Logged to the step's run and to its parent."""
    mlflow.log_metrics(shown(record.metrics))
    for name, days in record.series.items():
        for day, value in days.items():
            if math.isfinite(value):
                mlflow.log_metric(behind(name), value, step=int(f"{day:%Y%m%d}"))
    mlflow.set_tags(record.tags)
    describe([record.summary, *(f"**WARNING** {warning}" for warning in record.warnings)])
    if record.dataset:
        mlflow.log_input(PurchaseDataset(**record.dataset), context="training")


def shown(metrics: dict[str, float]) -> dict[str, float]:
    return {behind(name): value for name, value in metrics.items() if math.isfinite(value)}


def behind(name: str) -> str:
    """The UI sorts metrics by name and shows the first few: those with a / in their name stand behind those without."""
    return f"within/{name}" if "/" in name else name


def tag(tags: dict[str, str]) -> None:
    """On the active run."""
    mlflow.set_tags(tags)


def who() -> dict[str, str]:
    """The active run, the account behind it, and the commit of the code."""
    return {
        "run": mlflow.active_run().info.run_id,
        "entered_by": account(),
        "git_commit": commit().get("git_commit", ""),
    }


def account() -> str:
    """Of the tracking server where it asks for one, else of this machine; as the client says it, the server does not check it."""
    return os.environ.get("MLFLOW_TRACKING_USERNAME") or getpass.getuser()


def rename(step: str, title: str) -> None:
    """Let the active run's name say what came out."""
    if title:
        mlflow.set_tag("mlflow.runName", f"{step}: {title}")


def describe(lines: list[str]) -> None:
    """What the run's page says under Description, in Markdown."""
    mlflow.set_tag("mlflow.note.content", "\n".join(f"- {line}" for line in lines))
