"""Tables and reports to files, whole or not at all: a run's outputs are one bundle, made current by one swap.

    outputs/clv_ranked_predictions.csv -> current/clv_ranked_predictions.csv      for people, one file at a time
    outputs/current -> bundles/NAME                                               the swap
    outputs/bundles/.clv-NAME.part                                                not whole yet; the next run removes a dead run's

Who opens several of the links one after the other may see a swap in between. Who resolves outputs/current once and reads in the folder
it leads to sees one generation, which stays for keep_bundles - 1 more runs.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from clv.errors import OutputsError, UserError, disk_trouble
from clv.store import lock
from clv.store.files import ADVICE, PART, QUALITY, as_json, linked, made, replace, sync, told, write
from clv.store.finished import UNFINISHED, Finished

__all__ = [
    "BUNDLES",
    "CURRENT",
    "QUALITY",
    "UNFINISHED",
    "Finished",
    "Outputs",
    "as_json",
    "bundle",
    "linked",
    "made",
    "no_bundle",
    "replace",
    "write",
]

BUNDLES, CURRENT, _REPORTS = "bundles", "current", "monitoring"
OURS = (CURRENT, _REPORTS, "backtest", "explain", "report", "report.html", "review", "segments")


@dataclass(frozen=True)
class Outputs:
    """The folder of outputs, and its rules.

    keep_bundles: how many bundles stay, the current one among them.   keep_reports: how many runs of the monitor keep their reports.
    lock_wait_seconds: the longest wait for another command.
    """

    folder: Path
    keep_bundles: int
    keep_reports: int
    lock_wait_seconds: float


@contextmanager
def bundle(outputs: Outputs, step: str, name: str, stale: tuple[str, ...] = ()) -> Iterator[Path]:
    """Makes a folder for one run's files, under the lock. On success it becomes current; on an exception the earlier bundle stays.

    Args:   step: for those who wait.   name: of the bundle, unique.   stale: files (or folders, NAME/) of the current bundle that the new one makes untrue;
            its other files are carried over.
    Raises: BusyError: another command writes there.   OutputsError: the folder cannot be written; found before the work.
            UserError: a file that is not ours stands where a link of ours belongs.
    """
    folder, fresh = outputs.folder, outputs.folder / BUNDLES / PART.format(name)
    with _disk_trouble(folder), lock.held(folder, step, outputs.lock_wait_seconds):
        with told(folder):
            _prepare(folder, fresh)
        try:
            yield fresh
            if any(fresh.iterdir()):
                with told(folder):
                    _carry_over(folder / CURRENT, fresh, stale)
                    _remove_reports(fresh / _REPORTS, outputs.keep_reports)
                    _make_current(folder, fresh, name)
                with suppress(OSError):  # the next run removes them then
                    _remove_old(folder, outputs.keep_bundles)
        finally:
            with suppress(OSError):
                _sweep(folder)


@contextmanager
def no_bundle() -> Iterator[Path]:
    """Stands in for a bundle where a command writes no outputs: it needs no lock, and no folder that can be written."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)
        if names := os.listdir(folder):
            raise RuntimeError(f"{', '.join(names)}: this command said that it writes no outputs")


@contextmanager
def _disk_trouble(folder: Path) -> Iterator[None]:
    """A disk that fails a run is named as such, whichever library met it first."""
    try:
        yield
    except Exception as error:
        reason = disk_trouble(error)
        if reason is None:
            raise
        raise OutputsError(f"The disk failed while outputs were made for {folder}: {reason}.\n{ADVICE}") from error


def _prepare(folder: Path, fresh: Path) -> None:
    """Do once, without effect, what the swap will do; and clear away what a dead run left."""
    _refuse_strangers(folder, [*OURS, *(path.name for path in folder.glob("clv_*"))])
    _sweep(folder)
    if (folder / CURRENT).is_symlink():
        point(folder / CURRENT, os.readlink(folder / CURRENT))
    fresh.mkdir(parents=True)


def _refuse_strangers(folder: Path, names: list[str]) -> None:
    for name in names:
        if (folder / name).exists() and not (folder / name).is_symlink():
            raise UserError(
                f"{folder / name} is a file or folder of its own, where a link to the newest results belongs; nothing was changed."
                "\nHint: move it away, or choose another folder with outputs=FOLDER."
            )


def _carry_over(current: Path, fresh: Path, stale: tuple[str, ...]) -> None:
    """Hard links where the disk has them: an earlier file in the new bundle costs no space."""
    for path in current.rglob("*"):
        name = path.relative_to(current)
        is_stale = any(f"{name}" == entry or (entry.endswith("/") and f"{name}".startswith(entry)) for entry in stale)
        if path.is_file() and not is_stale and not (fresh / name).exists():
            linked(path, fresh / name)


def _remove_reports(reports: Path, keep: int) -> None:
    """Those of all but the newest runs of the monitor; a report's name ends in the time of its run."""
    times = {path: path.stem.rpartition("_")[2] for path in reports.glob("*")}
    kept = sorted(set(times.values()))[-keep:]
    for path in times:
        if times[path] not in kept:
            path.unlink()


def _make_current(folder: Path, fresh: Path, name: str) -> None:
    """Everything on the disk first; then the swap of the `current` link, in one step. The names that people read lead through it."""
    names = os.listdir(fresh)
    _refuse_strangers(folder, names)
    sync(*fresh.rglob("*"), fresh)
    whole = fresh.with_name(name)
    fresh.rename(whole)
    sync(whole.parent)
    try:
        for entry in names:
            point(folder / entry, f"{CURRENT}/{entry}")
        sync(folder)
        point(folder / CURRENT, f"{BUNDLES}/{name}")
    except OSError:
        _discard(whole)
        raise
    sync(folder)


def _remove_old(folder: Path, keep: int) -> None:
    """Bundles beyond the count; never the current one."""
    current = (folder / CURRENT).resolve()
    others = sorted(
        (path for path in (folder / BUNDLES).iterdir() if path.resolve() != current),
        key=lambda path: path.stat().st_mtime_ns,
    )
    for old in others[: max(len(others) + 1 - keep, 0)]:
        _discard(old)


def _discard(bundle: Path) -> None:
    """Rename it first: a bundle that has its name is whole."""
    going = bundle.with_name(PART.format(bundle.name))
    bundle.rename(going)
    shutil.rmtree(going, ignore_errors=True)


def _sweep(folder: Path) -> None:
    """What a dead or failed run left: files and folders that are not whole, and links of ours that lead nowhere."""
    for place in (folder, folder / BUNDLES, folder / QUALITY):
        for path in place.glob(PART.format("*")):
            path.unlink() if path.is_symlink() else shutil.rmtree(path, ignore_errors=True)
    for path in folder.iterdir():
        if path.is_symlink() and not path.exists() and os.readlink(path) == f"{CURRENT}/{path.name}":
            path.unlink()


def point(link: Path, target: str) -> None:
    """Lead a link elsewhere in one step: whoever reads meets the old target or the new."""
    if link.is_symlink() and os.readlink(link) == target and link.name != CURRENT:
        return
    fresh = link.with_name(PART.format(link.name))
    fresh.symlink_to(target)
    try:
        os.replace(fresh, link)
    except OSError:
        fresh.unlink()
        raise
