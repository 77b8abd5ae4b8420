"""Commands as real processes, small disks, and what in an outputs folder does not belong together."""

import hashlib
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
import pytest
from helpers import ROOT, SMALL, read

from clv import simulate

RANKED, CLUSTERED, RANKINGS = (
    f"clv_{name}" for name in ("ranked_predictions", "clustered_customers", "cluster_rankings")
)
FAULTS = int(os.environ.get("CLV_FAULTS", 90))
DAYS = ("2025-12-31", "2025-12-20", "2025-12-10")


class Warm:
    """Commands as real processes, forked from one that has imported everything.

    Args: code: the folder of the engine's code.
    """

    def __init__(self, folder: Path, code: Path = ROOT):
        self.folder, self.code = folder, code
        self.process = subprocess.Popen(
            [sys.executable, Path(__file__).with_name("warm.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=folder,
            env=os.environ | {"PYTHONPATH": str(code), "MLFLOW_TRACKING_URI": f"sqlite:///{folder}/mlflow.db"},
        )

    def begin(self, step: str, *overrides: str) -> int:
        words = [step, "data.path=history.csv", "model=btyd", *SMALL, *overrides]
        self.process.stdin.write(shlex.join(words) + "\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())

    def end(self) -> int:
        return int(self.process.stdout.readline())

    def run(self, step: str, *overrides: str) -> int:
        self.begin(step, *overrides)
        return self.end()

    def killed(self, step: str, seconds: float, *overrides: str) -> int:
        """The exit code after kill -9 in that many seconds, or earlier its own."""
        pid = self.begin(step, *overrides)
        time.sleep(seconds)
        os.kill(pid, signal.SIGKILL) if alive(pid) else None
        return self.end()

    @property
    def said(self) -> str:
        return (self.folder / f"log_{self.process.pid}.txt").read_text()


@contextmanager
def started(folder: Path, *overrides: str, code: Path = ROOT) -> Iterator[Warm]:
    """A project of its own with a version in production, and commands that run in it as processes; the folder is the working directory."""
    simulate.simulate(300, "2024-01-01", 730, seed=3)[0].to_csv(folder / "history.csv", index=False)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{folder}/mlflow.db")
        warm = Warm(folder, code)
        try:
            assert warm.run("full_pipeline", *overrides) == 0, warm.said
            yield warm
        finally:
            warm.process.kill()
            warm.process.wait()


def alive(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


def torn(bundle: Path) -> list[str]:
    """What in a bundle does not belong together."""
    tables = {
        name: pd.read_parquet(bundle / f"{name}.parquet")
        for name in (RANKED, CLUSTERED)
        if (bundle / f"{name}.parquet").exists()
    }
    tables |= {RANKINGS: read(bundle / f"{RANKINGS}.csv")} if (bundle / f"{RANKINGS}.csv").exists() else {}
    ranked = tables[RANKED]
    made = {
        (name, *row)
        for name, table in tables.items()
        for row in table[["model_version", "as_of"]].drop_duplicates().itertuples(index=False)
    }
    wrong = [f"versions and days {made}"] if len({one[1:] for one in made}) > 1 else []
    for name in (RANKED, CLUSTERED):
        both = [(bundle / f"{name}{ending}").exists() for ending in (".csv", ".parquet")]
        if both[0] != both[1] or (
            name in tables
            and read(bundle / f"{name}.csv")["customer_id"].tolist() != tables[name]["customer_id"].tolist()
        ):
            wrong.append(f"{name}: CSV and Parquet differ")
    if CLUSTERED in tables and not tables[CLUSTERED][list(ranked)].equals(ranked):
        wrong.append("clusters of other scores")
    if RANKINGS in tables and (
        tables[RANKINGS]["customers"].sum() != len(ranked) or not (bundle / "clv_by_rank_and_cluster.png").exists()
    ):
        wrong.append("rankings of other clusters")
    reports = {path.stem.rpartition("_")[2] for path in (bundle / "monitoring").glob("*")}
    wrong += [
        f"half a report of {when}" for when in reports if len(list((bundle / "monitoring").glob(f"*_{when}.*"))) < 4
    ]
    return wrong


def digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def leftovers(outputs: Path) -> list[str]:
    dangling = [path.name for path in outputs.iterdir() if path.is_symlink() and not path.exists()]
    return [str(path) for path in outputs.rglob(".clv-*")] + dangling


@contextmanager
def mounted(folder: Path, options: str):
    """A tmpfs; the test is skipped where this account may not mount one."""
    folder.mkdir(exist_ok=True)
    if subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder], capture_output=True).returncode:
        pytest.skip("mount is not allowed here: no small disk to fill")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def resized(disk: Path, size: int) -> None:
    subprocess.run(["mount", "-o", f"remount,size={size}", disk], check=True)


def used(disk: Path) -> int:
    found = os.statvfs(disk)
    return (found.f_blocks - found.f_bfree) * found.f_frsize
