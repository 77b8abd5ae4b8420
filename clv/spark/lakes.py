"""Spark in place of data.read() and of the scoring of one part after another."""

import datetime as dt
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pandas as pd

from clv import model
from clv.data import Contract, Partitioning, Transactions
from clv.features import Definition
from clv.spark import reading
from clv.spark.engine import Spark
from clv.spark.session import connect

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_DONE = "_SUCCESS"  # Spark writes it last


class Lakes:
    """Args: remote: of connect(); the session begins when it is needed."""

    def __init__(self, remote: str):
        self._remote = remote

    @cached_property
    def _session(self) -> "SparkSession":
        return connect(self._remote)

    def read(
        self, path: str, contract: Contract, connection: duckdb.DuckDBPyConnection, partitioning: Partitioning
    ) -> Transactions:
        """Returns what data.read() would: the workers read, judge and write the purchases; small questions are answered from their files.

        Args, Raises: of data.read(), and of reading.read().
        """
        lake = reading.read(self._session, path, contract)
        purchases, parts = reading.partitions(lake, partitioning, connection)
        faults = lake.rejected.groupby(["column", "reason", "value"], as_index=False).agg(
            rows=("reason", "size"), line=("line", "min")
        )
        return Transactions(purchases, parts, lake.rejected, lake.quality, pd.DataFrame(faults))

    def score(self, purchases: Path, fitted: model.Model, definition: Definition, as_of: dt.date, target: Path) -> None:
        """Writes scoring.scores() of every customer, unless an earlier run has done so.

        Args:
            purchases: the folder of the partitions that read() made.
            fitted, definition: of the version that scores.
            as_of: the day of the scoring.
            target: a folder of Parquet, made anew.
        """
        if (target / _DONE).exists():
            return
        engine = Spark(self._session)
        history = engine.history(self._session.read.parquet(str(purchases)).drop("part"), definition.season)
        scored = engine.predict(fitted, engine.snapshot(history, as_of, definition), as_of)
        scored.write.mode("overwrite").parquet(str(target))
        history.unpersist()
