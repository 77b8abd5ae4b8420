"""A group of customers, seen from any cutoff: their features before it, and what they brought after it."""

import datetime as dt
import itertools

import duckdb
import pandas as pd

from clv import data, features, windows
from clv.season import Season

_NUMBERS = itertools.count()  # of tables that panels of one connection have


class Panel:
    """All purchases of some customers. Feature tables are made when they are first asked for, once, and shared: do not change them.

    Args: purchases: one row per customer and day: customer_id, order_date, revenue, positive_revenue, orders (0 or 1).
          connection: of the purchases.   discount_rate: of labels, a year; 0: they count in full.
          share: of all customers that are in the panel, 0 to 1; they were drawn by data.drawn().
          is_kept: whether feature tables stay in memory; not where each is asked for once.
    """

    def __init__(
        self,
        purchases: duckdb.DuckDBPyRelation,
        connection: duckdb.DuckDBPyConnection,
        discount_rate: float = 0.0,
        share: float = 1.0,
        is_kept: bool = True,
    ):
        self.purchases, self.share, self._is_kept = purchases, share, is_kept
        self._connection, self._discount_rate = connection, discount_rate
        self._snapshots: dict[tuple[dt.date, str], pd.DataFrame] = {}
        self._linked: dict[Season, duckdb.DuckDBPyRelation] = {}

    def thinned(self, share: float) -> "Panel":
        """Returns about the share of the panel's customers, the same ones whenever it is asked; the panel itself from 1 up."""
        if share >= 1:
            return self
        whole = share * self.share
        return Panel(self.purchases.filter(data.drawn(whole)), self._connection, self._discount_rate, whole)

    def drawn(self, table: pd.DataFrame) -> pd.DataFrame:
        """Returns the rows of the customers who are in the panel, if they are in the history. table: customer_id."""
        if self.share == 1:
            return table
        return self._connection.from_df(table).filter(data.drawn(self.share)).df()

    def customers(self, before: dt.date) -> int:
        """Returns how many customers a snapshot as of the day has: those with an order before it."""
        return windows.customers(self.purchases, before)

    def snapshot(self, cutoff: dt.date, definition: features.Definition) -> pd.DataFrame:
        """Returns the feature table at a cutoff."""
        if not self._is_kept:
            return self.seen_from(cutoff, cutoff, definition)
        key = (cutoff, repr(definition))
        if key not in self._snapshots:
            self._snapshots[key] = features.snapshot(self._in(definition.season), cutoff, definition)
        return self._snapshots[key]

    def _in(self, season: Season) -> duckdb.DuckDBPyRelation:
        """The purchases in the time of a season, made once."""
        if season not in self._linked:
            name = f"history_{next(_NUMBERS)}"
            features.history(self.purchases, season).create(name)
            self._linked[season] = self._connection.table(name)
        return self._linked[season]

    def labelled(self, cutoff: dt.date, definition: features.Definition) -> pd.DataFrame:
        """Returns the snapshot with actual_clv, the net revenue of the horizon that begins at the cutoff."""
        return self.with_actual(self.snapshot(cutoff, definition), cutoff, definition.horizon_days)

    def with_actual(self, table: pd.DataFrame, cutoff: dt.date, horizon_days: int) -> pd.DataFrame:
        """Returns the table with actual_clv of its customers."""
        return table.assign(actual_clv=self.revenue_of(table, cutoff, horizon_days).to_numpy())

    def revenue_of(self, table: pd.DataFrame, cutoff: dt.date, horizon_days: int) -> pd.Series:
        """Returns the net revenue of the table's customers in [cutoff, cutoff + horizon_days), discounted, in the table's order."""
        return windows.actual_clv(table["customer_id"], self.purchases, cutoff, horizon_days, self._discount_rate)

    def sample(self, before: dt.date, most: int) -> list[str]:
        """Returns digests of at most so many customers and days with a row before the day, in order: those whose digest is lowest.

        Two histories of one business have them in common; 8 signs of a digest do not say which customer it was.
        """
        days = self.purchases.filter(f"order_date < DATE '{before}'")
        digests = days.project("LEFT(MD5(customer_id || ' ' || CAST(order_date AS DATE)), 8) AS digest")
        lowest = digests.order("digest").limit(2 * most)  # of some rows; few have a digest in common
        return [digest for (digest,) in lowest.distinct().order("digest").limit(most).fetchall()]

    def recent(self, cutoff: dt.date, days: int, like: dt.date, definition: features.Definition) -> pd.DataFrame:
        """Returns the snapshot that the last days before the cutoff alone give: as much season time as `days` before `like` hold.

        Both sides of a comparison see histories of one length: else every customer who ever left would count as drift.
        """
        season = definition.season
        begin = season.back(cutoff, season.day(like) - season.day(like - dt.timedelta(days=days)))
        return self._cut(f"order_date >= DATE '{begin}'", cutoff, definition)

    def seen_from(self, known_until: dt.date, cutoff: dt.date, definition: features.Definition) -> pd.DataFrame:
        """Returns the snapshot at a cutoff that the orders before `known_until` give: later ones have not come yet."""
        return self._cut(f"order_date < DATE '{known_until}'", cutoff, definition)

    def _cut(self, condition: str, cutoff: dt.date, definition: features.Definition) -> pd.DataFrame:
        chosen = self.purchases.filter(condition)
        return features.snapshot(features.history(chosen, definition.season), cutoff, definition)
