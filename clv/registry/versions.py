"""A version's files: logged with their digests, and read only as they were registered."""

import hashlib
import json
import tempfile
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mlflow
from mlflow.exceptions import MlflowException
from mlflow.store.artifact.models_artifact_repo import REGISTERED_MODEL_META_FILE_NAME

from clv import model
from clv.errors import Unreachable, UserError
from clv.model import files
from clv.registry.aliases import ANOTHER, CANDIDATE, Version
from clv.tracking import journal, server

FILES = "clv_model"  # folder of the model within a version's artifacts
LINK = "a link"
COPY = "Hint: this is the copy on this machine, and the tracking server does not answer; when it does, any command fetches the version again."
MODEL, BASELINE, LISTING = "model", "baseline", "files.json"  # the parts of a version, and the digests of their files
CONFIG = "config.yaml"


@dataclass(frozen=True)
class Candidate:
    """A trained model on its way to the registry.

    model: of clv.model.   facts: JSON-ready; what scoring and monitoring need to use this version.
    example: a few rows of its inputs, for the signature.   description: Markdown that a reviewer reads.
    """

    model: Any
    facts: dict
    example: Any
    description: str


def register(candidate: Candidate, name: str) -> str:
    """Log the model to the open run, register it with the digests of its files, and let the alias `candidate` name it.

    The run holds the rest of the version (its baseline) by now. A lost reply makes no second version. Returns the version.
    """
    run_id, client = journal.stack[-1].run_id, server.client()
    with tempfile.TemporaryDirectory() as folder:
        written = Path(folder) / FILES
        written.mkdir()
        files.save(candidate.model, written)
        source = server.carry(logged, candidate, written, run_id)
    listing = digests(server.download(source), MODEL) | digests(server.download(f"runs:/{run_id}/{BASELINE}"), BASELINE)
    client.log_dict(run_id, listing, LISTING)
    number = created(name, source, run_id, {"files_sha256": digest_of(listing)})
    client.update_model_version(name, number, description=candidate.description)
    client.set_registered_model_alias(name, CANDIDATE, number)
    return number


def logged(candidate: Candidate, written: Path, run_id: str) -> str:
    """URI of the model that MLflow makes of the files."""
    with warnings.catch_warnings(
        action="ignore"
    ):  # it asks for type hints and for an example, which would be customers
        return mlflow.models.Model.log(
            artifact_path=None,
            name="model",
            flavor=mlflow.pyfunc,
            run_id=run_id,
            python_model=str(Path(__file__).parent / "serving.py"),
            artifacts={FILES: str(written)},
            code_paths=[str(Path(__file__).parent.parent)],
            signature=signature(candidate),
            metadata={"clv": candidate.facts},
            pip_requirements=[f"{library}=={version}" for library, version in candidate.facts["libraries"].items()],
        ).model_uri


def created(name: str, source: str, run_id: str, tags: dict[str, str]) -> str:
    """The number of the version that a run registers, once."""
    client = mlflow.MlflowClient()
    try:
        server.client().create_registered_model(name)
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise

    def find() -> str | None:
        same = [one for one in client.search_model_versions(f"name='{name}'") if one.run_id == run_id]
        return str(same[0].version) if same else None

    def make() -> str:
        logged_model = source.removeprefix("models:/")
        return str(client.create_model_version(name, source, run_id, tags, model_id=logged_model).version)

    return server.once(find, make)


def signature(candidate: Candidate) -> mlflow.models.ModelSignature:
    """Numbers as double, which takes float32 as well."""
    numbers = candidate.example.select_dtypes("number")
    example = candidate.example.assign(**numbers.astype("float64"))
    return mlflow.models.infer_signature(example, model.predict(candidate.model, example))


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


def found(version: Version, name: str) -> Path:
    """A file or folder of the version: the copy on this machine, or fetched from the store."""
    if version.kept:
        return version.kept / name
    return server.download(
        f"models:/{version.name}/{version.number}" if name == MODEL else f"runs:/{version.run_id}/{name}"
    )


def recorded_files(version: Version) -> dict[str, str]:
    """Path -> SHA-256 of the version's files, as they were when it was registered.

    Raises: UserError: nothing was recorded, or the record is not the one whose digest the version carries.
    """
    try:
        listing = json.loads(found(version, LISTING).read_text())
    except Unreachable:
        raise
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
        return found(version, CONFIG).read_text()
    except (MlflowException, OSError) as error:
        raise earlier(version) from error


def verified(version: Version, part: str) -> Path:
    """A part of the version (model or baseline), every file of it as it was when it was registered.

    Raises: UserError: a file is missing, was changed, or was added.
    """
    recorded = {name: digest for name, digest in recorded_files(version).items() if name.startswith(f"{part}/")}
    try:
        folder = found(version, part)
    except (MlflowException, OSError) as error:
        raise UserError(
            f"Version {version.number} of model {version.name} has lost its {part}: {error}\n{ANOTHER}"
        ) from error
    here = digests(folder, part)
    if wrong := sorted(name for name in recorded.keys() | here.keys() if recorded.get(name) != here.get(name)):
        raise UserError(
            f"Version {version.number} of model {version.name} is not what was registered: {len(wrong)} of {len(recorded)} files of its "
            f"{part} were changed, lost or added: {', '.join(wrong[:5])}.\n{COPY if version.kept else ANOTHER}"
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
