"""A version's files: logged with their digests, and read only as they were registered."""

import hashlib
import json
import tempfile
import warnings
from pathlib import Path

import mlflow
from mlflow.exceptions import MlflowException
from mlflow.store.artifact.models_artifact_repo import REGISTERED_MODEL_META_FILE_NAME

from clv import model
from clv.errors import UserError
from clv.model import files
from clv.record import Candidate
from clv.tracking.registry import ANOTHER, CANDIDATE, Version

FILES = "clv_model"  # folder of the model within a version's artifacts
LINK = "a link"
MODEL, BASELINE, LISTING = "model", "baseline", "files.json"  # the parts of a version, and the digests of their files


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
    """SHA-256 of every file of the folder, by part/path; without what MLflow and Python leave in a folder that they use: a note, and
    compiled code, which load() does not run. A link has no digest: what it leads to may change."""
    found = [path for path in sorted(folder.rglob("*")) if path.is_file() or path.is_symlink()]
    return {
        f"{part}/{path.relative_to(folder)}": LINK
        if path.is_symlink()
        else hashlib.sha256(path.read_bytes()).hexdigest()
        for path in found
        if path.suffix != ".pyc" and path.name != REGISTERED_MODEL_META_FILE_NAME
    }


def digest_of(listing: dict[str, str]) -> str:
    return hashlib.sha256(json.dumps(listing, sort_keys=True).encode()).hexdigest()


def recorded_files(version: Version) -> dict[str, str]:
    """Path -> SHA-256 of the version's files, as they were when it was registered.

    Raises: UserError: nothing was recorded, or the record is not the one whose digest the version carries.
    """
    try:
        listing = json.loads(download(f"runs:/{version.run_id}/{LISTING}").read_text())
    except (MlflowException, OSError, ValueError, RecursionError) as error:
        raise earlier(version) from error
    known = isinstance(listing, dict) and digest_of(listing) == version.tags.get("files_sha256")
    if not known or LINK in listing.values():
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


def load(version: Version) -> model.Model:
    """The model of a version, from its native files, which are as they were registered; no code that is stored with it is run.

    Raises: UserError: the files are not those, or another engine wrote them.
    """
    try:
        found = files.load(verified(version, MODEL) / "artifacts" / FILES)
        if found.inputs != version.facts["inputs"]:
            raise UserError(
                f"Version {version.number} of model {version.name} takes the columns {', '.join(found.inputs)}; its registration names "
                f"{', '.join(version.facts['inputs'])}.\n{ANOTHER}"
            )
        return found
    except (KeyError, TypeError, AttributeError, OSError, ValueError) as error:
        if isinstance(error, UserError):
            raise
        raise earlier(version) from error


def earlier(version: Version) -> UserError:
    return UserError(
        f"Version {version.number} of model {version.name} was made by an earlier engine, or its files are gone.\n{ANOTHER}"
    )
