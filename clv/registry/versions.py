"""A version of a registered model, read only as it was registered."""

import datetime as dt
import functools
import hashlib
import json
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from clv import features, hints, model
from clv.errors import Unreachable, UserError
from clv.model import files
from clv.tracking import server
from clv.tracking.server import Refused, client

if TYPE_CHECKING:
    from mlflow.entities import Run
    from mlflow.entities.model_registry import ModelVersion

FILES = "clv_model"  # folder of the model within a version's artifacts
MODEL, BASELINE, LISTING = "model", "baseline", "files.json"  # the parts of a version, and the digests of their files
CONFIG = "config.yaml"
_LINK, _COMPILED = "a link", ".pyc"
_LEFT_BY_MLFLOW = "registered_model_meta"  # MLflow writes it into a folder that it fetched
LABEL = "MLmodel"  # of MODEL: where its facts are
AS_READ = "model, as it is read"  # of MODEL: what this engine reads
_READ = (
    f"{MODEL}/{LABEL}",
    f"{MODEL}/artifacts/",
    f"{BASELINE}/",
)  # the rest, three hundred files of code, is there for MLflow
FILES_SHA256 = "files_sha256"  # tag: the digest of LISTING
_COPY = "Hint: this is the copy on this machine, and the tracking server does not answer; when it does, any command fetches the version again."


@dataclass(frozen=True)
class Version:
    """A version as the registry had it when it was asked.

    run_id: of its training.   alias: by which it was looked for, or empty.   facts: of its Candidate.   tags, description: of the registry.
    kept: folder with its files on this machine, where the registry could not be asked.   seen: when this machine last saw it.
    parts: its files that are on this machine already.   source: address of its model's files.
    """

    name: str
    number: str
    run_id: str
    alias: str
    facts: dict[str, Any]
    tags: dict[str, str]
    description: str = ""
    kept: Path | None = None
    seen: str = ""
    parts: dict[str, Path] = field(default_factory=dict, compare=False, repr=False)
    source: str = ""

    @property
    def full_name(self) -> str:
        """MODEL/NUMBER."""
        return f"{self.name}/{self.number}"

    @property
    def horizon_days(self) -> int:
        """How far ahead it predicts."""
        return self.facts["horizon_days"]

    @functools.cached_property
    def definition(self) -> features.Definition:
        """The features that it learnt from."""
        return features.Definition.from_dict(self.facts["definition"])

    @property
    def learnt_until(self) -> dt.date:
        """First day whose revenue it has not learnt from."""
        return dt.date.fromisoformat(self.facts["evaluation_cutoff"])

    @property
    def measured_days(self) -> tuple[dt.date, dt.date]:
        """First day that it was measured on, and the day after the last one."""
        return self.learnt_until, self.learnt_until + dt.timedelta(days=self.horizon_days)

    @property
    def revenue_then(self) -> float:
        """Net revenue of those days, new customers' too, as its training saw it."""
        return self.facts["evaluation_revenue"]

    @functools.cached_property
    def run(self) -> "Run":
        """The run that trained it, asked for once."""
        return client.get_run(self.run_id)

    @property
    def author(self) -> str:
        """The account that the training run belongs to."""
        return self.run.data.tags.get("account") or self.run.info.user_id or ""


def of(entry: "ModelVersion", alias: str = "", parts: dict[str, Path] | None = None) -> Version:
    """Returns the version that the registry lists, with its facts.

    Args:   parts: its files that are on this machine already; what is fetched joins them.
    Raises: UserError: this engine did not make it, or its files are gone.
    """
    number, source = str(entry.version), entry.source or ""
    parts = {} if parts is None else parts
    try:
        if source.startswith("models:"):
            source = client.get_model_version_download_uri(entry.name, number)
        if LABEL not in parts:
            parts[LABEL] = server.fetch(source, [LABEL]) / LABEL
        facts = dict(_metadata(parts[LABEL].read_text())["clv"])
    except Unreachable:
        raise
    except Exception as error:  # whatever a file raises that is not an MLmodel
        reason = "it carries no facts of ours" if isinstance(error, (TypeError, KeyError)) else str(error)
        raise UserError(
            f"Version {number} of model {entry.name} is not a whole version that this engine made: {reason}.\n{hints.another()}"
        ) from error
    said, tags = entry.description or "", dict(entry.tags)
    return Version(entry.name, number, entry.run_id or "", alias, facts, tags, said, parts=parts, source=source)


@functools.lru_cache(maxsize=8)
def _metadata(label: str) -> dict[str, Any]:
    """What an MLmodel file says of the model, by its text: a command reads the same one several times, and it takes a tenth of a second.
    The parser in C would be faster; it dies of a text that is nested deeply.
    """
    return yaml.safe_load(label)["metadata"] or {}


def digests(folder: Path, part: str) -> dict[str, str]:
    """Returns part/path -> SHA-256 of every file of the folder but MLflow's note. A link has no digest: what it leads to may change."""
    paths = [path for path in sorted(folder.rglob("*")) if path.is_file() or path.is_symlink()]
    return {
        f"{part}/{path.relative_to(folder)}": _LINK
        if path.is_symlink()
        else hashlib.sha256(path.read_bytes()).hexdigest()
        for path in paths
        if path != folder / _LEFT_BY_MLFLOW or path.is_symlink()
    }


def digest_of(listing: dict[str, str]) -> str:
    """Returns the SHA-256 of the listing itself, whatever its order."""
    return hashlib.sha256(json.dumps(listing, sort_keys=True).encode()).hexdigest()


def fetched(version: Version, name: str) -> Path:
    """Returns where a part of the version is on this machine: its copy, or what was fetched from the store once.

    Args: name: MODEL, or a file or folder of the run that trained it.   Raises: Refused, OSError: it is not there.
    """
    if version.kept:
        return version.kept / name
    if name not in version.parts:
        version.parts[name] = _fetched(version, name)
    return version.parts[name]


def _fetched(version: Version, name: str) -> Path:
    if name == MODEL:
        return server.download(version.source)
    if name == BASELINE:
        return server.download(version.run.info.artifact_uri, name)
    return server.fetch(version.run.info.artifact_uri, [name]) / name


def _fetched_as_read(version: Version, part: str, names: list[str]) -> Path:
    """A part of the version without what only MLflow reads; its files are known by name, so that the store lists nothing."""
    if version.kept or part in version.parts:
        return fetched(version, part)
    key = AS_READ if part == MODEL else part
    if key not in version.parts:
        version.parts[key] = _by_name(version, part, names)
    return version.parts[key]


def _by_name(version: Version, part: str, names: list[str]) -> Path:
    """Raises: Refused, OSError: a file is not there."""
    root = version.source if part == MODEL else f"{version.run.info.artifact_uri}/{part}"
    return server.fetch(root, [name.removeprefix(f"{part}/") for name in names])


def recorded_files(version: Version) -> dict[str, str]:
    """Returns path -> SHA-256 of the version's files, as they were when it was registered.

    Raises: UserError: nothing was recorded, or the record is not the one whose digest the version carries.
    """
    try:
        listing = json.loads(fetched(version, LISTING).read_text())
    except Unreachable:
        raise
    except (OSError, ValueError, RecursionError) as error:
        raise _earlier(version) from error
    is_ours = isinstance(listing, dict) and digest_of(listing) == version.tags.get(FILES_SHA256)
    if not is_ours or _LINK in listing.values():
        raise UserError(
            f"Version {version.number} of model {version.name}: the list of its files' digests ({LISTING} in run {version.run_id}) "
            f"is not the one that was registered.\n{hints.another()}"
        )
    return listing


def recorded_config(version: Version) -> str:
    """Returns the configuration that the version was trained with, as YAML.

    Raises: UserError: it is gone.
    """
    try:
        return fetched(version, CONFIG).read_text()
    except (Refused, OSError) as error:
        raise _earlier(version) from error


def is_read(name: str) -> bool:
    """Returns whether this engine reads the file of a version. name: as in the list of its files."""
    return name.startswith(_READ)


def verified(version: Version, part: str, *, whole: bool = False) -> Path:
    """Returns a part of the version (MODEL or BASELINE), every file of it as it was when it was registered.

    Args:   whole: what only MLflow reads as well; it is fetched from a server for nobody else, and looked at anyway where it is at hand.
    Raises: UserError: a file is missing, was changed, or was added.
    """
    whole = whole or not server.remote()
    listed = {name: digest for name, digest in recorded_files(version).items() if name.startswith(f"{part}/")}
    recorded = listed if whole else {name: digest for name, digest in listed.items() if is_read(name)}
    try:
        folder = fetched(version, part) if whole else _fetched_as_read(version, part, list(recorded))
    except (Refused, OSError) as error:
        raise UserError(
            f"Version {version.number} of model {version.name} has lost its {part}: {error}\n{hints.another()}"
        ) from error
    present = {name: digest for name, digest in digests(folder, part).items() if whole or is_read(name)}
    if wrong := sorted(name for name in recorded.keys() | present.keys() if recorded.get(name) != present.get(name)):
        _ask_again(version, part, sorted(recorded.keys() - present.keys()))
        raise UserError(
            f"Version {version.number} of model {version.name} is not what was registered: {len(wrong)} of {len(recorded)} files of its "
            f"{part} were changed, lost or added: {', '.join(wrong[:5])}.\n{_way_out(version, folder, wrong)}"
        )
    return folder


def _ask_again(version: Version, part: str, lacking: list[str]) -> None:
    """Asks a server for what it must know, and for files that its list lacked, by their names: nobody is accused on the word of somebody
    who answers in its place.

    Raises: Unreachable: it is no server that answers.
    """
    if version.kept or not server.remote():
        return
    with suppress(Refused, OSError):  # they are lost
        client.get_run(version.run_id)
        if lacking:
            _by_name(version, part, lacking)
            raise server.contradicts_itself(f"its list of {part} lacks {lacking[0]}, and the file is there")


def _way_out(version: Version, folder: Path, wrong: list[str]) -> str:
    """What a person does about files that are not those of the version."""
    if all(name.endswith(_COMPILED) for name in wrong):
        return f"Hint: compiled code is no part of a version: somebody added it, or Python left it there; delete every __pycache__ in {folder}."
    return _COPY if version.kept else hints.another()


def load(version: Version) -> model.Model:
    """Returns the model of a version, from its native files, which are as they were registered; no code that is stored with it is run.

    Raises: UserError: the files are not those, or another engine wrote them.
    """
    try:
        fitted = files.load(verified(version, MODEL) / "artifacts" / FILES)
        if fitted.inputs != version.facts["inputs"]:
            raise UserError(
                f"Version {version.number} of model {version.name} takes the columns {', '.join(fitted.inputs)}; its registration names "
                f"{', '.join(version.facts['inputs'])}.\n{hints.another()}"
            )
    except (KeyError, TypeError, AttributeError, OSError, ValueError) as error:
        if isinstance(error, UserError):
            raise
        raise _earlier(version) from error
    return fitted


def _earlier(version: Version) -> UserError:
    return UserError(
        f"Version {version.number} of model {version.name} was made by an earlier engine, or its files are gone.\n{hints.another()}"
    )
