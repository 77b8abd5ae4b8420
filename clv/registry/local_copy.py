"""The version in production as it was last seen, on this machine: what scores while the server does not answer."""

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
from clv.registry.aliases import Version
from clv.tracking import server

KEPT = ".production"  # under the outputs folder, a folder of it for each registered model
FACTS = "version.json"


def keep(home: Path, version: Version) -> Version:
    """The version with its files on this machine, as they were registered; fetched again unless they are."""
    here = replace(version, kept=home / KEPT / version.name)
    (home / KEPT).mkdir(parents=True, exist_ok=True, mode=0o700)
    with filelock.FileLock(home / KEPT / "lock"), tempfile.TemporaryDirectory(dir=home / KEPT) as fresh:
        if not is_whole(here):
            copy(version, Path(fresh) / "new")
            if here.kept.exists():
                os.replace(here.kept, Path(fresh) / "old")
            os.replace(Path(fresh) / "new", here.kept)
        seen = f"{dt.datetime.now(dt.UTC):%Y-%m-%d %H:%M} UTC"
        (Path(fresh) / FACTS).write_text(
            json.dumps({"server": server.address(), "version": asdict(version) | {"seen": seen}})
        )
        os.replace(Path(fresh) / FACTS, here.kept / FACTS)
    return here


def is_whole(version: Version) -> bool:
    try:
        return bool(versions.verified(version, versions.MODEL) and versions.verified(version, versions.BASELINE))
    except UserError:
        return False


def copy(version: Version, folder: Path) -> None:
    """Raises: UserError: a file is not as it was registered."""
    for part in (versions.MODEL, versions.BASELINE):
        shutil.copytree(versions.verified(version, part), folder / part)
    shutil.copy2(server.download(f"runs:/{version.run_id}/{versions.LISTING}"), folder / versions.LISTING)
    shutil.copy2(server.download(f"runs:/{version.run_id}/{versions.CONFIG}"), folder / versions.CONFIG)


def find(home: Path, name: str) -> Version | None:
    """As this machine saw it last on the same server."""
    folder = home / KEPT / name
    try:
        known = json.loads((folder / FACTS).read_text())
        return Version(**known["version"] | {"kept": folder}) if known["server"] == server.address() else None
    except (OSError, ValueError, TypeError, KeyError):
        return None
