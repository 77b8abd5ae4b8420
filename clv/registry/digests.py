"""What the files of a version are: their digests, by which a change of one of them is seen."""

import hashlib
import json
from pathlib import Path

LINK = "a link"
_LEFT_BY_MLFLOW = "registered_model_meta"  # MLflow writes it into a folder that it fetched


def digests(folder: Path, part: str) -> dict[str, str]:
    """Returns part/path -> SHA-256 of every file of the folder. A link has no digest: what it leads to may change.

    What MLflow and Python leave in a folder that they use is left out: a note, and compiled code, which versions.load() does not run.
    """
    paths = [path for path in sorted(folder.rglob("*")) if path.is_file() or path.is_symlink()]
    return {
        f"{part}/{path.relative_to(folder)}": LINK
        if path.is_symlink()
        else hashlib.sha256(path.read_bytes()).hexdigest()
        for path in paths
        if path.suffix != ".pyc" and path.name != _LEFT_BY_MLFLOW
    }


def digest_of(listing: dict[str, str]) -> str:
    """Returns the SHA-256 of the listing itself, whatever its order."""
    return hashlib.sha256(json.dumps(listing, sort_keys=True).encode()).hexdigest()
