"""The purchases of one business: read once, and seen from any cutoff as features and labels."""

import datetime as dt
import os
import shutil
import tempfile
from functools import cached_property
from pathlib import Path

import duckdb
import pandas as pd

from clv import data, features, process, season, windows
from clv.data import Contract, Quality, Transactions
from clv.errors import UserError
from clv.season import Season

_SPILL = "clv-duckdb-"
SAMPLED = 2048  # digests of customers and days; fewer are all


class History:
    """Each part is made when it is first asked for, once.

    Args: path: of the file.   contract: how it is read.   as_of: the day of scoring (YYYY-MM-DD); None: the day after the last order.
          threads, memory_limit, temp_folder: of DuckDB.   discount_rate: of labels, a year; 0: they count in full.
    """

    def __init__(
        self,
        path: str,
        contract: Contract,
        as_of: str | None = None,
        threads: int = 2,
        memory_limit: str = "2GB",
        temp_folder: str | None = None,
        discount_rate: float = 0.0,
    ):
        self._discount_rate = discount_rate
        self.path, self._contract, self._as_of = path, contract, as_of
        self._compute: dict[str, str | int] = {"threads": threads, "memory_limit": memory_limit}
        self._temp_folder = temp_folder
        self._snapshots: dict[tuple[dt.date, str], pd.DataFrame] = {}
        self._seasons: dict[tuple[dt.date, int], Season] = {}
        self._linked: dict[Season, duckdb.DuckDBPyRelation] = {}

    @cached_property
    def connection(self) -> duckdb.DuckDBPyConnection:
        """DuckDB in memory; it spills to a folder of this process."""
        return connect(self._compute, self._temp_folder)

    @cached_property
    def transactions(self) -> Transactions:
        """Raises: InputError: the file cannot be read as a table of purchases."""
        return data.read(self.path, self._contract, self.connection)

    @property
    def purchases(self) -> duckdb.DuckDBPyRelation:
        """One row per customer and day: customer_id, order_date, revenue, positive_revenue, orders (0 or 1)."""
        return self.transactions.purchases

    @property
    def quality(self) -> Quality:
        """Counts, first and last day, and the digest of the file."""
        return self.transactions.quality

    @property
    def money(self) -> str:
        """What a prediction is an amount of, in words: `net revenue`, unless the configuration says otherwise."""
        rate = self._discount_rate
        return self._contract.money + (f", discounted at {rate:.4g} a year" if rate else "")

    @property
    def is_plain_revenue(self) -> bool:
        """Whether amounts are those of the file: without margin, cost, rates or discount."""
        return self.money == "net revenue"

    @cached_property
    def first_day(self) -> dt.date:
        """Day of the first accepted row."""
        return dt.date.fromisoformat(self.quality.first_day)

    @cached_property
    def last_day(self) -> dt.date:
        """Day of the last accepted row."""
        return dt.date.fromisoformat(self.quality.last_day)

    @cached_property
    def as_of(self) -> dt.date:
        """The cutoff at which customers are scored."""
        return windows.scoring_day(self.first_day, self.last_day, self._as_of)

    def silent_days(self, day: dt.date) -> int:
        """Returns the days without a row before the day, counted from the last row of the history."""
        return (day - self.last_day).days - 1

    @property
    def dataset(self) -> dict:
        """The data as MLflow shows them: name, digest, source, and counts as the profile."""
        counts = ("rows", "rejected_rows", "return_rows", "customers", "first_day", "last_day")
        profile = {"num_rows": self.quality.rows} | {name: getattr(self.quality, name) for name in counts}
        return {
            "name": Path(self.path).name,
            "digest": self.quality.sha256[:12],
            "source": self.path,
            "profile": profile,
        }

    def season(self, before: dt.date, horizon_days: int) -> Season:
        """Returns the season that the purchases before a day show."""
        key = (before, horizon_days)
        if key not in self._seasons:
            self._seasons[key] = season.estimate(self.purchases, before, horizon_days)
        return self._seasons[key]

    def _in(self, season: Season) -> duckdb.DuckDBPyRelation:
        """The purchases in the time of a season, made once."""
        if season not in self._linked:
            name = f"history_{len(self._linked)}"
            features.history(self.purchases, season).create(name)
            self._linked[season] = self.connection.table(name)
        return self._linked[season]

    def snapshot(self, cutoff: dt.date, definition: features.Definition) -> pd.DataFrame:
        """Returns the feature table at a cutoff. It is shared: do not change it."""
        key = (cutoff, repr(definition))
        if key not in self._snapshots:
            self._snapshots[key] = features.snapshot(self._in(definition.season), cutoff, definition)
        return self._snapshots[key]

    def labelled(self, cutoff: dt.date, definition: features.Definition) -> pd.DataFrame:
        """Returns the snapshot with actual_clv, the net revenue of the horizon that begins at the cutoff."""
        return self.with_actual(self.snapshot(cutoff, definition), cutoff, definition.horizon_days)

    def with_actual(self, table: pd.DataFrame, cutoff: dt.date, horizon_days: int) -> pd.DataFrame:
        """Returns the table with actual_clv of its customers."""
        return table.assign(actual_clv=self.revenue_of(table, cutoff, horizon_days).to_numpy())

    def revenue_of(self, table: pd.DataFrame, cutoff: dt.date, horizon_days: int) -> pd.Series:
        """Returns the net revenue of the table's customers in [cutoff, cutoff + horizon_days), discounted, in the table's order."""
        return windows.actual_clv(table["customer_id"], self.purchases, cutoff, horizon_days, self._discount_rate)

    def net_revenue(self, begin: dt.date, end: dt.date) -> float:
        """Returns the net revenue of all customers in [begin, end)."""
        return windows.net_revenue(self.purchases, begin, end)

    def customers(self, before: dt.date) -> int:
        """Returns how many customers a snapshot as of the day has: those with an order before it."""
        ordered = self.purchases.filter(f"order_date < DATE '{before}' AND orders > 0")
        return ordered.aggregate("count(DISTINCT customer_id)").fetchall()[0][0]

    def sample(self, before: dt.date) -> list[str]:
        """Returns digests of some customers and days with a row before the day, in order: those whose digest is lowest.

        Two histories of one business have them in common; 8 signs of a digest do not say which customer it was.
        """
        days = self.purchases.filter(f"order_date < DATE '{before}'")
        digests = days.project("LEFT(MD5(customer_id || ' ' || CAST(order_date AS DATE)), 8) AS digest")
        lowest = digests.order("digest").limit(2 * SAMPLED)  # of some rows; few have a digest in common
        return [digest for (digest,) in lowest.distinct().order("digest").limit(SAMPLED).fetchall()]

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
        return features.snapshot(
            features.history(self.purchases.filter(condition), definition.season), cutoff, definition
        )


def connect(compute: dict[str, str | int], temp_folder: str | None) -> duckdb.DuckDBPyConnection:
    """Returns DuckDB in memory. What processes that were killed have spilled is removed.

    Args:   compute: threads, memory_limit.   temp_folder: to spill to; None: a folder of this process in the system's.
    Raises: UserError: DuckDB does not take the values.
    """
    for old in Path(tempfile.gettempdir()).glob(f"{_SPILL}[0-9]*"):
        if not process.identity(int(old.name.removeprefix(_SPILL))):
            shutil.rmtree(old, ignore_errors=True)
    spill = temp_folder or f"{tempfile.gettempdir()}/{_SPILL}{os.getpid()}"  # made when it is needed
    try:
        connection = duckdb.connect(config={**compute, "temp_directory": spill})
    except duckdb.Error as error:
        raise UserError(f"DuckDB does not start with the values of compute: {error}") from error
    return connection.execute("SET TimeZone = 'UTC'")  # a time stamp with a zone is the same day on every machine
