"""What a long command has finished, kept beside the outputs until the whole is done: an interrupted run goes on from there."""

import hashlib
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

from clv.store.files import replace

UNFINISHED = ".unfinished"
_ENGINE = Path(__file__).parents[1]


class Finished:
    """The finished parts of one command, each a table with a name of its own.

    Args: outputs: the folder of outputs.
          command: whose parts they are.
          facts: all that the parts depend on, JSON-ready; parts of other facts, or of another engine, are not taken.
    """

    def __init__(self, outputs: Path, command: str, facts: Mapping[str, Any]):
        sources = b"".join(path.read_bytes() for path in sorted(_ENGINE.rglob("*.py")))
        self._all = outputs / UNFINISHED / command
        digest = hashlib.sha256(json.dumps(facts, sort_keys=True, default=str).encode() + sources).hexdigest()
        self._folder = self._all / digest[:16]

    def take(self, name: str) -> pd.DataFrame | None:
        """Returns a part that an interrupted run finished; None where there is none."""
        try:
            return pd.read_parquet(self.path(name))
        except (OSError, ValueError):
            return None

    def keep(self, name: str, part: pd.DataFrame | duckdb.DuckDBPyRelation) -> None:
        """Writes a part at once, whole or not at all."""
        replace(self.path(name), part)

    def path(self, name: str) -> Path:
        """Returns where a part is, or will be: a Parquet file."""
        return self._folder / f"{name}.parquet"

    def clear(self) -> None:
        """Removes all parts of the command: what they were for is done."""
        shutil.rmtree(self._all, ignore_errors=True)
