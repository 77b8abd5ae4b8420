"""Runs, artifacts and the registry: the only place for mlflow."""

import json
import math
import os
import subprocess
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ |= {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "false",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
}
os.environ.setdefault("MLFLOW_LOGGING_LEVEL", "WARNING")

import mlflow  # noqa: E402
from mlflow.data.dataset_source_registry import resolve_dataset_source  # noqa: E402
from mlflow.data.meta_dataset import MetaDataset  # noqa: E402
from mlflow.exceptions import MlflowException  # noqa: E402

from clv import model  # noqa: E402
from clv.errors import UserError  # noqa: E402
from clv.model import files  # noqa: E402
from clv.record import Candidate, Record  # noqa: E402

PRODUCTION, CANDIDATE, PREVIOUS = "production", "candidate", "previous"
FILES = "clv_model"  # folder of the model within a version's artifacts
PROMOTE = "mlflow run . -e promote -P version={version} -P reviewer=NAME -P reason=WHY"


@dataclass(frozen=True)
class Version:
    """A version of the registered model; facts: of its Candidate."""

    name: str
    number: str
    run_id: str
    alias: str
    facts: dict


class PurchaseDataset(MetaDataset):
    """A purchase history by its digest, with its counts as the profile that the UI shows."""

    def __init__(self, name: str, digest: str, source: str, profile: dict):
        with warnings.catch_warnings(action="ignore"):  # mlflow registers its local source twice and warns of it
            super().__init__(resolve_dataset_source(source), name=name, digest=digest)
        self._profile = profile

    def to_dict(self) -> dict[str, str]:
        return super().to_dict() | {"profile": json.dumps(self._profile)}


@contextmanager
def readable() -> Iterator[None]:
    """What the tracking store refuses, as a message."""
    try:
        yield
    except MlflowException as error:
        raise UserError(f"The tracking store at {mlflow.get_tracking_uri()} refused: {error}") from error


@contextmanager
def run(name: str, parameters: dict[str, Any], nested: bool = False) -> Iterator[str]:
    """An MLflow run (the one that `mlflow run` opened, if any); an exception leaves it FAILED with the reason as a tag."""
    with readable(), mlflow.start_run(run_name=name, nested=nested) as active:
        mlflow.set_tags({"mlflow.runName": name} | commit())
        mlflow.log_params({key: value for key, value in parameters.items() if key not in active.data.params})
        try:
            yield active.info.run_id
        except BaseException as error:
            mlflow.set_tag("failure_reason", f"{type(error).__name__}: {error}"[:4000])
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
            mlflow.log_metrics({name: value for name, value in part.metrics.items() if math.isfinite(value)})
    log_headline(record)


def log_headline(record: Record) -> None:
    """What a list of runs shows: metrics, tags, the data and a sentence. Logged to the step's run and to its parent."""
    mlflow.log_metrics({name: value for name, value in record.metrics.items() if math.isfinite(value)})
    for name, days in record.series.items():
        for day, value in days.items():
            if math.isfinite(value):
                mlflow.log_metric(name, value, step=int(f"{day:%Y%m%d}"))
    mlflow.set_tags(record.tags)
    describe([record.summary, *(f"**WARNING** {warning}" for warning in record.warnings)])
    if record.dataset:
        mlflow.log_input(PurchaseDataset(**record.dataset), context="training")


def describe(lines: list[str]) -> None:
    """What the run's page says under Description, in Markdown."""
    mlflow.set_tag("mlflow.note.content", "\n".join(f"- {line}" for line in lines))


def register(candidate: Candidate, name: str) -> str:
    """Log the model to the active run, register it, and let the alias `candidate` name it. Returns the version."""
    import numpy
    import pandas
    import scipy
    import xgboost

    libraries = (mlflow, numpy, pandas, scipy, xgboost)
    with (
        tempfile.TemporaryDirectory() as folder,
        warnings.catch_warnings(action="ignore"),  # it asks for type hints and for an example, which would be customers
    ):
        written = Path(folder) / FILES
        written.mkdir()
        files.save(candidate.model, written)
        info = mlflow.pyfunc.log_model(
            name="model",
            python_model=str(Path(__file__).parent / "serving.py"),
            artifacts={FILES: str(written)},
            code_paths=[str(Path(__file__).parent.parent)],
            signature=signature(candidate),
            metadata={"clv": candidate.facts},
            pip_requirements=[f"{library.__name__}=={library.__version__}" for library in libraries],
        )
    version = str(mlflow.register_model(info.model_uri, name).version)
    client = mlflow.MlflowClient()
    client.update_model_version(name, version, description=candidate.description)
    client.set_registered_model_alias(name, CANDIDATE, version)
    return version


def signature(candidate: Candidate) -> mlflow.models.ModelSignature:
    """Numbers as double, which takes float32 as well."""
    numbers = candidate.example.select_dtypes("number")
    example = candidate.example.assign(**numbers.astype("float64"))
    return mlflow.models.infer_signature(example, model.predict(candidate.model, example))


def aliases(name: str) -> dict[str, str]:
    """Alias -> version; empty where there is no such model."""
    try:
        found = mlflow.MlflowClient().get_registered_model(name).aliases
    except MlflowException as error:
        if error.error_code == "RESOURCE_DOES_NOT_EXIST":
            return {}
        raise
    return {alias: str(version) for alias, version in found.items()}


def production_aliases(name: str) -> dict[str, str]:
    """The alias `production` and its case variants, which other tools may have set."""
    return {alias: version for alias, version in aliases(name).items() if alias.lower() == PRODUCTION}


def was_promoted(name: str) -> bool:
    """Whether any version of the model is, or ever was, put into production."""
    with readable():
        versions = mlflow.MlflowClient().search_model_versions(f"name='{name}'")
        moved = production_aliases(name) or PREVIOUS in aliases(name)
        return bool(moved) or any("promoted_by" in version.tags for version in versions)


def find_production(name: str) -> Version | None:
    """The version that a reviewer promoted, or None.

    Raises: UserError: case variants of the alias stand on different versions.
    """
    variants = production_aliases(name)
    if len(set(variants.values())) > 1:
        named = ", ".join(f"{alias!r} on version {version}" for alias, version in sorted(variants.items()))
        raise UserError(
            f"Model {name} has several Production aliases: {named}."
            f"\nHint: this leaves one:\n  {PROMOTE.format(version='N')}"
        )
    return version_at(name, *next(iter(variants.items()))) if variants else None


def newest_version(name: str) -> str | None:
    found = mlflow.MlflowClient().search_model_versions(
        f"name='{name}'", order_by=["version_number DESC"], max_results=1
    )
    return str(found[0].version) if found else None


def production(name: str) -> Version:
    """Raises: UserError: nothing is in production; with the command that promotes the newest candidate."""
    found = find_production(name)
    if found is None:
        newest = newest_version(name)
        if newest is None:
            raise UserError(
                f"Model {name} has no version yet.\nHint: run `mlflow run . -e train` (or -e full_pipeline)."
            )
        raise UserError(
            f"No version of model {name} is in production.\nHint: look at version {newest} in the UI, then\n"
            f"  {PROMOTE.format(version=newest)}"
        )
    return found


def version_at(name: str, alias: str, number: str) -> Version:
    """Raises: UserError: this engine did not make the version, or its files are gone."""
    run_id = mlflow.MlflowClient().get_model_version(name, number).run_id
    try:
        facts = mlflow.models.get_model_info(f"models:/{name}/{number}").metadata["clv"]
    except (MlflowException, OSError, TypeError, KeyError) as error:
        why = "it carries no facts of ours" if isinstance(error, (TypeError, KeyError)) else str(error)
        raise UserError(
            f"Version {number} of model {name} is not a whole version that this engine made: {why}."
            f"\nHint: promote another one:\n  {PROMOTE.format(version='N')}"
        ) from error
    return Version(name, number, run_id, alias, facts)


def load(version: Version) -> model.Model:
    """The model of a version, from its native files; no code that is stored with it is run.

    Raises: UserError: the version has no files of this engine's.
    """
    folder = Path(mlflow.artifacts.download_artifacts(f"models:/{version.name}/{version.number}")) / "artifacts" / FILES
    if not folder.exists():
        raise earlier(version)
    try:
        return files.load(folder)
    except (KeyError, TypeError) as error:
        raise earlier(version) from error


def earlier(version: Version) -> UserError:
    return UserError(
        f"Version {version.number} of model {version.name} was made by an earlier engine, or its files are gone."
        f"\nHint: train again and promote the new version:\n  {PROMOTE.format(version='N')}"
    )


def download_baseline(version: Version, folder: Path) -> Path:
    """Raises: UserError: the version's run has no baseline."""
    try:
        return Path(
            mlflow.artifacts.download_artifacts(run_id=version.run_id, artifact_path="baseline", dst_path=str(folder))
        )
    except (MlflowException, OSError) as error:
        raise UserError(
            f"Version {version.number} of model {version.name} has no baseline in its run {version.run_id}."
            "\nHint: promote a version that this engine trained, or train a new one."
        ) from error


def promote(name: str, number: str, tags: dict[str, str]) -> str | None:
    """Move the alias `production` to a version and `previous` to the one it leaves. Returns the one it leaves.

    tags: the record of who and why, written to the version before the alias moves.
    Raises: UserError: the model has no such version, or this engine did not make it.
    """
    client = mlflow.MlflowClient()
    known = [str(version.version) for version in client.search_model_versions(f"name='{name}'")]
    if str(number) not in known:
        raise UserError(
            f"Model {name} has no version {number}; it has {', '.join(sorted(known, key=int)) or 'none'}."
            "\nHint: the version's number stands in the UI under Models, and at the end of each training run."
        )
    version_at(name, PRODUCTION, number)
    before = production_aliases(name)
    for key, value in tags.items():
        client.set_model_version_tag(name, number, key, value)
    for alias, version in before.items():
        if version != number:
            client.set_registered_model_alias(name, PREVIOUS, version)
        if alias != PRODUCTION:
            client.delete_registered_model_alias(name, alias)
    client.set_registered_model_alias(name, PRODUCTION, number)
    return before.get(PRODUCTION) or next(iter(before.values()), None)
