"""The feature table for a connection that is asked often, of few customers each time: what is the same each time is made once."""

import datetime as dt

import duckdb
import pandas as pd

from clv.features.definition import Definition
from clv.features.table import days_query, history_query, snapshot_query

_TABLE = "season_days"
_DAYS = 8  # of scoring whose statements are kept


class Prepared:
    """Gives snapshot() of the purchases in the connection's table `purchases`, by the same SQL, which is parsed once.

    Args: connection: is this object's own; its tables `season_days` and `history` are written here.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, definition: Definition):
        self.connection, self._definition = connection, definition
        connection.execute(
            "PRAGMA disable_optimizer"
        )  # for some customers, looking for a better plan takes longer than it spares
        connection.execute(f"CREATE OR REPLACE TABLE {_TABLE} AS {days_query(definition.season)}")
        (self._history,) = connection.extract_statements(
            f"CREATE OR REPLACE TEMP TABLE history AS {history_query(definition.season, _TABLE)}"
        )
        self._statements: dict[dt.date, duckdb.Statement] = {}

    def snapshot(self, cutoff: dt.date) -> pd.DataFrame:
        """Returns features.snapshot() of the customers in `purchases`."""
        self.connection.execute(self._history)
        return self.connection.execute(self._parsed(cutoff)).df()

    def _parsed(self, cutoff: dt.date) -> duckdb.Statement:
        if cutoff not in self._statements:
            if len(self._statements) >= _DAYS:
                self._statements.clear()
            query = f"{snapshot_query(cutoff, self._definition)} ORDER BY customer_id"
            self._statements[cutoff] = self.connection.extract_statements(query)[0]
        return self._statements[cutoff]
