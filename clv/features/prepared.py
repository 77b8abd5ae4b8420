"""The feature table for a connection that is asked often, of few customers each time: what is the same each time is made once."""

import datetime as dt
import functools

import duckdb
import pandas as pd

from clv.features.definition import Definition
from clv.features.table import days_query, history_query, snapshot_query

_TABLE = "season_days"


class Prepared:
    """Gives snapshot() of the purchases in the connection's table `purchases`, by the same SQL.

    Args: connection: is this object's own; its tables `season_days` and `history` are written here.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, definition: Definition):
        self.connection, self._definition = connection, definition
        connection.execute(f"CREATE OR REPLACE TABLE {_TABLE} AS {days_query(definition.season)}")
        self._history = f"CREATE OR REPLACE TEMP TABLE history AS {history_query(definition.season, _TABLE)}"
        self._query = functools.lru_cache(maxsize=8)(functools.partial(snapshot_query, definition=definition))

    def snapshot(self, cutoff: dt.date) -> pd.DataFrame:
        """Returns features.snapshot() of the customers in `purchases`."""
        self.connection.execute(self._history)
        return self.connection.execute(f"{self._query(cutoff)} ORDER BY customer_id").df()
