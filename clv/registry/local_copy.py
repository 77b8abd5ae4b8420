"""The version in production as it was last seen, on this machine: it scores while the server does not answer."""

import datetime as dt
import json
import os
import shutil
import tempfile
from dataclasses import asdict, replace
from pathlib import Path

import filelock

from clv.errors import UserError
from clv.registry import versions
from clv.registry.versions import Version
from clv.tracking import server

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
        return bool(versions.verified(version, versions.MODEL) and versions.verified(version, versions.BASELINE))
    except UserError:
        return False


def _copy(version: Version, folder: Path) -> None:
    """Raises: UserError: a file is not as it was registered."""
    for part in (versions.MODEL, versions.BASELINE):
        shutil.copytree(versions.verified(version, part), folder / part)
    for name in (versions.LISTING, versions.CONFIG):
        shutil.copy2(versions.fetched(version, name), folder / name)


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
