"""The registry: versions, their files and the aliases that name them."""

import contextlib
import hashlib
import io
import json
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import mlflow
import tenacity
from mlflow.exceptions import MlflowException
from mlflow.store.artifact.models_artifact_repo import REGISTERED_MODEL_META_FILE_NAME

from clv import model
from clv.errors import UserError
from clv.model import files
from clv.record import Candidate

PRODUCTION, CANDIDATE, PREVIOUS = "production", "candidate", "previous"
FILES = "clv_model"  # folder of the model within a version's artifacts
MODEL, BASELINE, LISTING = "model", "baseline", "files.json"  # the parts of a version, and the digests of their files
PROMOTE = "mlflow run . -e promote -P version={version} -P reviewer=NAME -P reason=WHY"
ROLLBACK = "mlflow run . -e rollback -P reviewer=NAME -P reason=WHY"
ANOTHER = f"Hint: promote another version, or go back to the one before:\n  {PROMOTE.format(version='N')}\n  {ROLLBACK}"


@dataclass(frozen=True)
class Version:
    """A version of the registered model; facts: of its Candidate.   tags: of the registry."""

    name: str
    number: str
    run_id: str
    alias: str
    facts: dict
    tags: dict[str, str]


@contextmanager
def readable() -> Iterator[None]:
    """What the tracking store refuses, as a message."""
    try:
        yield
    except MlflowException as error:
        raise UserError(f"The tracking store at {mlflow.get_tracking_uri()} refused: {error}") from error


def register(candidate: Candidate, name: str) -> str:
    """Log the model to the active run, register it with the digests of its files, and let the alias `candidate` name it.

    The run holds the rest of the version (its baseline) by now. Returns the version.
    """
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
            pip_requirements=[f"{library}=={version}" for library, version in candidate.facts["libraries"].items()],
        )
    run_id = mlflow.active_run().info.run_id
    found = digests(download(info.model_uri), MODEL) | digests(download(f"runs:/{run_id}/{BASELINE}"), BASELINE)
    mlflow.log_dict(found, LISTING)
    version = mlflow.register_model(info.model_uri, name, tags={"files_sha256": digest_of(found)}).version
    client = mlflow.MlflowClient()
    client.update_model_version(name, str(version), description=candidate.description)
    client.set_registered_model_alias(name, CANDIDATE, str(version))
    return str(version)


def signature(candidate: Candidate) -> mlflow.models.ModelSignature:
    """Numbers as double, which takes float32 as well."""
    numbers = candidate.example.select_dtypes("number")
    example = candidate.example.assign(**numbers.astype("float64"))
    return mlflow.models.infer_signature(example, model.predict(candidate.model, example))


def download(uri: str) -> Path:
    return Path(mlflow.artifacts.download_artifacts(uri))


def digests(folder: Path, part: str) -> dict[str, str]:
    """SHA-256 of every file of the folder, by part/path; without the note that MLflow leaves in what it downloads."""
    found = (
        path for path in sorted(folder.rglob("*")) if path.is_file() and path.name != REGISTERED_MODEL_META_FILE_NAME
    )
    return {f"{part}/{path.relative_to(folder)}": hashlib.sha256(path.read_bytes()).hexdigest() for path in found}


def digest_of(listing: dict[str, str]) -> str:
    return hashlib.sha256(json.dumps(listing, sort_keys=True).encode()).hexdigest()


def recorded_files(version: Version) -> dict[str, str]:
    """Path -> SHA-256 of the version's files, as they were when it was registered.

    Raises: UserError: nothing was recorded, or the record is not the one whose digest the version carries.
    """
    try:
        listing = json.loads(download(f"runs:/{version.run_id}/{LISTING}").read_text())
    except (MlflowException, OSError, ValueError) as error:
        raise earlier(version) from error
    if digest_of(listing) != version.tags.get("files_sha256"):
        raise UserError(
            f"Version {version.number} of model {version.name}: the list of its files' digests ({LISTING} in run {version.run_id}) "
            f"is not the one that was registered.\n{ANOTHER}"
        )
    return listing


def recorded_config(version: Version) -> str:
    """The configuration that the version was trained with, as YAML."""
    try:
        return download(f"runs:/{version.run_id}/config.yaml").read_text()
    except (MlflowException, OSError) as error:
        raise earlier(version) from error


def verified(version: Version, part: str) -> Path:
    """A part of the version (model or baseline), every file of it as it was when it was registered.

    Raises: UserError: a file is missing, was changed, or was added.
    """
    recorded = {name: digest for name, digest in recorded_files(version).items() if name.startswith(f"{part}/")}
    where = f"models:/{version.name}/{version.number}" if part == MODEL else f"runs:/{version.run_id}/{part}"
    try:
        folder = download(where)
    except (MlflowException, OSError) as error:
        raise UserError(
            f"Version {version.number} of model {version.name} has lost its {part}: {error}\n{ANOTHER}"
        ) from error
    found = digests(folder, part)
    if wrong := sorted(name for name in recorded.keys() | found.keys() if recorded.get(name) != found.get(name)):
        raise UserError(
            f"Version {version.number} of model {version.name} is not what was registered: {len(wrong)} of {len(recorded)} files of its "
            f"{part} were changed, lost or added: {', '.join(wrong[:5])}.\n{ANOTHER}"
        )
    return folder


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
        return bool(production_aliases(name)) or any("promoted_by" in version.tags for version in versions)


def named_production(name: str) -> str | None:
    """The number that the alias names, whatever stands behind it."""
    found = production_aliases(name)
    return found.get(PRODUCTION) or next(iter(found.values()), None)


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


def nothing(name: str, candidates: str) -> UserError:
    """Nothing is in production; with the command that promotes the newest candidate."""
    newest = newest_version(candidates)
    if newest is None:
        return UserError(
            f"Model {candidates} has no version yet.\nHint: run `mlflow run . -e train` (or -e full_pipeline)."
        )
    return UserError(
        f"No version of model {name} is in production.\nHint: look at version {newest} in the UI, then\n"
        f"  {PROMOTE.format(version=newest)}"
    )


def version_at(name: str, alias: str, number: str) -> Version:
    """Raises: UserError: there is no such version, this engine did not make it for this model, or its files are gone."""
    try:
        found = mlflow.MlflowClient().get_model_version(name, number)
        facts = mlflow.models.get_model_info(f"models:/{name}/{number}").metadata["clv"]
    except (MlflowException, OSError, TypeError, KeyError) as error:
        why = "it carries no facts of ours" if isinstance(error, (TypeError, KeyError)) else str(error)
        raise UserError(
            f"Version {number} of model {name} is not a whole version that this engine made: {why}.\n{ANOTHER}"
        ) from error
    return Version(name, str(number), found.run_id, alias, facts, dict(found.tags))


def existing(name: str, number: str | None) -> Version:
    """Raises: UserError: the model has no such version; names those that it has."""
    known = [str(version.version) for version in mlflow.MlflowClient().search_model_versions(f"name='{name}'")]
    if str(number) not in known:
        raise UserError(
            f"Model {name} has no version {number}; it has {', '.join(sorted(known, key=int)) or 'none'}."
            "\nHint: the version's number stands in the UI under Models, and at the end of each training run."
        )
    return version_at(name, "", str(number))


def load(version: Version) -> model.Model:
    """The model of a version, from its native files, which are as they were registered; no code that is stored with it is run.

    Raises: UserError: the files are not those, or another engine wrote them.
    """
    try:
        return files.load(verified(version, MODEL) / "artifacts" / FILES)
    except (KeyError, TypeError) as error:
        raise earlier(version) from error


def earlier(version: Version) -> UserError:
    return UserError(
        f"Version {version.number} of model {version.name} was made by an earlier engine, or its files are gone.\n{ANOTHER}"
    )


def point(name: str, number: str, previous: str | None) -> None:
    """Let the alias `production` name the version, and `previous` the one to go back to; case variants are taken away."""
    client = mlflow.MlflowClient()
    if previous:
        set_alias(name, PREVIOUS, previous)
    elif PREVIOUS in aliases(name):
        client.delete_registered_model_alias(name, PREVIOUS)
    for alias in production_aliases(name):
        if alias != PRODUCTION:
            client.delete_registered_model_alias(name, alias)
    set_alias(name, PRODUCTION, number)


@tenacity.retry(stop=tenacity.stop_after_attempt(5), wait=tenacity.wait_random(0, 0.5), reraise=True)
def set_alias(name: str, alias: str, number: str) -> None:
    """Of two who set a new alias at once, the store fails one."""
    mlflow.MlflowClient().set_registered_model_alias(name, alias, number)


def copied(source: Version, name: str) -> str:
    """The number of the version of another registered model that holds the same files; copied there if it is not yet."""
    here, client = f"{source.name}/{source.number}", mlflow.MlflowClient()
    for version in client.search_model_versions(f"name='{name}'"):
        if version.tags.get("copied_from") == here:
            return str(version.version)
    with contextlib.redirect_stderr(io.StringIO()):  # it prints what the ledger says
        number = str(client.copy_model_version(f"models:/{here}", name).version)
    client.set_model_version_tag(name, number, "copied_from", here)
    return number


def tag_version(name: str, number: str, tags: dict[str, str]) -> None:
    for key, value in tags.items():
        mlflow.MlflowClient().set_model_version_tag(name, number, key, str(value)[:4000])
