"""What was read of a large history, beside its partitions: a command that was interrupted finds it, and does not read again."""

import hashlib
import json
import os
import shutil
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

import duckdb
import pandas as pd

from clv.data.contract import Contract
from clv.data.partitions import Partitioning
from clv.data.quality import LeftOut, Quality

_READ, _REJECTED, _FAULTS = "read.json", "rejected.parquet", "faults.parquet"


@dataclass(frozen=True)
class Kept:
    """What is known of a history whose purchases lie in partitions.

    Args: quality, rejected, faults: of Transactions.   partitions: how many there are.
    """

    quality: Quality
    rejected: pd.DataFrame
    faults: pd.DataFrame
    partitions: int


def keep(kept: Kept, path: str, contract: Contract, partitioning: Partitioning) -> None:
    """Writes it; the file that says that everything is there comes last, whole or not at all."""
    folder = partitioning.folder
    kept.rejected.to_parquet(folder / _REJECTED)
    kept.faults.to_parquet(folder / _FAULTS)
    values = {
        "facts": _facts(path, contract, partitioning),
        "partitions": kept.partitions,
        "quality": asdict(kept.quality),
    }
    (folder / f"{_READ}.part").write_text(json.dumps(values))
    os.replace(folder / f"{_READ}.part", folder / _READ)


def take(path: str, contract: Contract, partitioning: Partitioning) -> Kept | None:
    """Returns what was read of the path by the same contract and the same engine; None where there is nothing.

    Whether the path holds the same bytes still, its caller must find out: quality.sha256 is of those that were read.
    """
    folder = partitioning.folder
    try:
        values = json.loads((folder / _READ).read_text())
        if values["facts"] != _facts(path, contract, partitioning):
            return None
        rejected, faults = (pd.read_parquet(folder / name) for name in (_REJECTED, _FAULTS))
    except (OSError, ValueError):
        return None
    quality = values["quality"]
    left_out = {name: LeftOut(**part) for name, part in quality["left_out"].items()}
    read = Quality(**quality | {"left_out": left_out, "notes": tuple(quality["notes"])})
    return Kept(read, rejected, faults, values["partitions"])


def clear(partitioning: Partitioning) -> None:
    """Removes what another reading left in the folder."""
    shutil.rmtree(partitioning.folder, ignore_errors=True)


def _facts(path: str, contract: Contract, partitioning: Partitioning) -> str:
    """A digest of all that the purchases depend on beside the bytes of the files."""
    facts = [path, asdict(contract), partitioning.customers, duckdb.__version__, _engine()]
    return hashlib.sha256(json.dumps(facts, default=str).encode()).hexdigest()


@cache
def _engine() -> str:
    """A digest of this package."""
    sources = sorted(file for file in Path(__file__).parent.rglob("*") if file.suffix in (".py", ".sql"))
    return hashlib.sha256(b"".join(file.read_bytes() for file in sources)).hexdigest()
