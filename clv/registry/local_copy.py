"""The version in production as it was last seen, on this machine: it scores while the server does not answer, and saves fetching it again
while it does. It holds what this engine reads of a version.
"""

import datetime as dt
import json
import os
import shutil
import tempfile
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

import filelock

from clv.errors import UserError
from clv.registry import versions
from clv.registry.versions import AS_READ, BASELINE, CONFIG, FILES_SHA256, LABEL, LISTING, MODEL, Version
from clv.tracking import server

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion

_FOLDER = ".production"  # under the outputs folder, a folder of it for each registered model
_FACTS = "version.json"


def keep(home: Path, version: Version) -> Version:
    """Returns the version with its files on this machine, as they were registered; they are fetched again unless they are.

    Args: home: the outputs folder.
    """
    copies, folder = home / _FOLDER, home / _FOLDER / version.name
    local = replace(version, kept=folder)
    copies.mkdir(parents=True, exist_ok=True, mode=0o700)
    with filelock.FileLock(copies / "lock"), tempfile.TemporaryDirectory(dir=copies) as fresh:
        if not _is_whole(local):
            _copy(version, Path(fresh) / "new")
            if folder.exists():
                os.replace(folder, Path(fresh) / "old")
            os.replace(Path(fresh) / "new", folder)
        seen = f"{dt.datetime.now(dt.UTC):%Y-%m-%d %H:%M} UTC"
        content = asdict(replace(version, seen=seen, parts={}))
        (Path(fresh) / _FACTS).write_text(json.dumps({"server": server.address(), "version": content}))
        os.replace(Path(fresh) / _FACTS, folder / _FACTS)
    return local


def _is_whole(version: Version) -> bool:
    try:
        return bool(versions.verified(version, MODEL) and versions.verified(version, BASELINE))
    except UserError:
        return False


def _copy(version: Version, folder: Path) -> None:
    """Raises: UserError: a file is not as it was registered."""
    parts = {part: versions.verified(version, part) for part in (MODEL, BASELINE)}
    read = [name for name in versions.recorded_files(version) if versions.is_read(name)]
    files = {name: parts[name.partition("/")[0]] / name.partition("/")[2] for name in read}
    files |= {name: versions.fetched(version, name) for name in (LISTING, CONFIG)}
    for name, path in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, folder / name)


def parts(home: Path, entry: "ModelVersion") -> dict[str, Path]:
    """Returns the files of a version that are on this machine: those of the copy, if it is of this version as the registry lists it now.

    Args: home: the outputs folder.
    """
    seen = find(home, entry.name) if server.remote() else None
    if seen is None or seen.kept is None or seen.number != str(entry.version):
        return {}
    if seen.tags.get(FILES_SHA256) != entry.tags.get(FILES_SHA256) or not _is_whole(seen):
        return {}
    names = {LABEL: f"{MODEL}/{LABEL}", AS_READ: MODEL, BASELINE: BASELINE, LISTING: LISTING, CONFIG: CONFIG}
    return {name: seen.kept / path for name, path in names.items()}


def find(home: Path, name: str) -> Version | None:
    """Returns the version in production as this machine saw it last on the same server; None where it never did.

    Args: home: the outputs folder.   name: of the registered model.
    """
    folder = home / _FOLDER / name
    try:
        content = json.loads((folder / _FACTS).read_text())
        return Version(**content["version"] | {"kept": folder}) if content["server"] == server.address() else None
    except (OSError, ValueError, TypeError, KeyError):
        return None
