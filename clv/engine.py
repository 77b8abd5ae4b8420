"""What an engine must be able to do so that each customer can be scored: a protocol, and DuckDB's way."""

import datetime as dt
from collections.abc import Mapping
from typing import Protocol, TypeVar

import duckdb
import pyarrow as pa

from clv import features, model, ranking, windows
from clv.features import Definition
from clv.scoring import scores
from clv.season import Season

Table = TypeVar("Table")


class Engine(Protocol[Table]):
    """Works on tables of its own kind. Every engine gives the same columns and rows, up to 1e-9 and to their order.

    Purchases: one row per customer and day: customer_id, order_date, revenue, positive_revenue, orders (0 or 1).
    """

    def history(self, purchases: Table, season: Season) -> Table:
        """Returns features.history()."""

    def snapshot(self, history: Table, cutoff: dt.date, definition: Definition) -> Table:
        """Returns features.snapshot(), in any order."""

    def labels(self, purchases: Table, cutoff: dt.date, horizon_days: int, discount_rate: float) -> Table:
        """Returns windows.labels(): customer_id, actual_clv."""

    def predict(self, fitted: model.Model, snapshot: Table, as_of: dt.date) -> Table:
        """Returns scoring.scores() of the customers of a snapshot."""

    def rank(self, scored: Table, known: Mapping[str, str | int]) -> Table:
        """Returns ranking.rank(). scored: of predict(), kept somewhere: it is read several times."""

    def arrow(self, table: Table) -> pa.Table:
        """Returns the table in the memory of this process."""


class DuckDB:
    """One machine."""

    def __init__(self, connection: duckdb.DuckDBPyConnection):
        self._connection = connection

    def history(self, purchases: duckdb.DuckDBPyRelation, season: Season) -> duckdb.DuckDBPyRelation:
        """Returns features.history()."""
        return features.history(purchases, season)

    def snapshot(
        self, history: duckdb.DuckDBPyRelation, cutoff: dt.date, definition: Definition
    ) -> duckdb.DuckDBPyRelation:
        """Returns features.snapshot()."""
        return self._connection.from_df(features.snapshot(history, cutoff, definition))

    def labels(
        self, purchases: duckdb.DuckDBPyRelation, cutoff: dt.date, horizon_days: int, discount_rate: float
    ) -> duckdb.DuckDBPyRelation:
        """Returns windows.labels()."""
        return self._connection.from_df(windows.labels(purchases, cutoff, horizon_days, discount_rate).reset_index())

    def predict(
        self, fitted: model.Model, snapshot: duckdb.DuckDBPyRelation, as_of: dt.date
    ) -> duckdb.DuckDBPyRelation:
        """Returns scoring.scores()."""
        return self._connection.from_df(scores(fitted, snapshot.df(), as_of))

    def rank(self, scored: duckdb.DuckDBPyRelation, known: Mapping[str, str | int]) -> duckdb.DuckDBPyRelation:
        """Returns ranking.rank()."""
        return ranking.rank(scored, known)

    def arrow(self, table: duckdb.DuckDBPyRelation) -> pa.Table:
        """Returns the table."""
        return table.to_arrow_table()
