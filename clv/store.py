"""Tables and reports to files, whole or not at all: a run's outputs are one bundle, made current by one swap."""

import json
import math
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from clv.errors import UserError

BUNDLES, CURRENT = "bundles", "current"
PRIVATE = "data_quality"  # personal data: files in a folder of this name are readable by their owner alone


def write(folder: Path, files: dict[str, Any]) -> None:
    """Write each table, text, JSON or figure under its relative path; the ending says how."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".csv":
            content.to_csv(path, index=False)
        elif path.suffix == ".parquet":
            content.to_parquet(path, index=False)
        elif path.suffix == ".json":
            path.write_text(as_json(content))
        elif path.suffix == ".png":
            content.savefig(path, dpi=120, metadata={"Software": None})
        else:
            path.write_text(content)
        if PRIVATE in Path(name).parts:
            path.chmod(0o600)


def as_json(content: Any) -> str:
    """JSON with numpy numbers as numbers and NaN as null (bare NaN is no JSON)."""

    def plain(value: Any) -> Any:
        if isinstance(value, dict):
            return {str(key): plain(item) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [plain(item) for item in value]
        value = value.item() if isinstance(value, np.generic) else value
        return None if isinstance(value, float) and not math.isfinite(value) else value

    return json.dumps(plain(content), indent=1) + "\n"


def read_csv(folder: Path, name: str, made_by: str) -> pd.DataFrame:
    """A table of the bundle; customer_id and model_version stay text.

    Raises: UserError: it is not there yet.
    """
    path = folder / name
    if not path.exists():
        raise UserError(f"outputs hold no {name} yet.\nHint: run `mlflow run . -e {made_by}` first.")
    return pd.read_csv(
        path, dtype={"customer_id": str, "model_version": str}, keep_default_na=False, na_values={"predicted_clv": [""]}
    )


def replace(path: Path, content: pd.DataFrame | str) -> None:
    """Write a file beside its place and move it there, readable by its owner alone."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    write(fresh.parent, {fresh.name: content if isinstance(content, str) else content.to_csv(index=False)})
    fresh.chmod(0o600)
    os.replace(fresh, path)


@contextmanager
def bundle(outputs: Path, name: str, stale: tuple[str, ...], keep: int) -> Iterator[Path]:
    """A new folder for one run's files. On success it becomes current; on an exception the earlier bundle stays.

    Args:   name: of the folder, unique.   stale: files of the current bundle that the new one makes untrue; its other files
            are carried over.   keep: bundles kept; older ones are removed.
    Raises: UserError: the folder cannot be written, or a file that is not ours stands where a link of ours belongs.
    """
    folder = outputs / BUNDLES / name
    try:
        folder.mkdir(parents=True)
    except OSError as error:
        raise UserError(
            f"Outputs cannot be written to {outputs}: {error}.\nHint: choose another folder with outputs=FOLDER."
        ) from error
    try:
        refuse_strangers(outputs, [CURRENT, *(path.name for path in outputs.glob("clv_*")), "monitoring", "backtest"])
        yield folder
        if any(folder.iterdir()):
            carry_over(outputs / CURRENT, folder, stale)
            make_current(outputs, folder)
            remove_old(outputs, keep)
    finally:
        if not (outputs / CURRENT).exists() or (outputs / CURRENT).resolve() != folder.resolve():
            shutil.rmtree(folder, ignore_errors=True)


def refuse_strangers(outputs: Path, names: list[str]) -> None:
    for name in names:
        if (outputs / name).exists() and not (outputs / name).is_symlink():
            raise UserError(
                f"{outputs / name} is a file or folder of its own, where a link to the newest results belongs; nothing was changed."
                "\nHint: move it away, or choose another folder with outputs=FOLDER."
            )


def carry_over(current: Path, folder: Path, stale: tuple[str, ...]) -> None:
    """Hard links: an earlier file in the new bundle costs no space."""
    for path in current.rglob("*"):
        name = path.relative_to(current)
        if path.is_file() and str(name) not in stale and not (folder / name).exists():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            os.link(path, folder / name)


def make_current(outputs: Path, folder: Path) -> None:
    """Swap the `current` link in one step, last; the names that people read lead through it."""
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb") as stream:
                os.fsync(stream.fileno())
    names = [path.name for path in folder.iterdir()]
    refuse_strangers(outputs, names)
    for name in names:
        point(outputs / name, f"{CURRENT}/{name}")
    point(outputs / CURRENT, f"{BUNDLES}/{folder.name}")


def remove_old(outputs: Path, keep: int) -> None:
    """Our links that lead nowhere, and bundles beyond the count; never the current one."""
    for path in outputs.iterdir():
        if path.is_symlink() and not path.exists() and os.readlink(path) == f"{CURRENT}/{path.name}":
            path.unlink()
    current = (outputs / CURRENT).resolve()
    others = sorted(
        (path for path in (outputs / BUNDLES).iterdir() if path.resolve() != current),
        key=lambda path: path.stat().st_mtime_ns,
    )
    for old in others[: max(len(others) + 1 - keep, 0)]:
        shutil.rmtree(old, ignore_errors=True)


def point(link: Path, target: str) -> None:
    fresh = link.with_name(f".{link.name}.{os.getpid()}")
    fresh.symlink_to(target)
    os.replace(fresh, link)
