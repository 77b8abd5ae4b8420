"""The purchases of one business: read once; all of them, a panel that says what the business is like, and one part after the other."""

import datetime as dt
import math
import shutil
from collections.abc import Callable
from functools import cached_property
from pathlib import Path

import duckdb
import pandas as pd

from clv import data, season, spill, windows
from clv.compute import Compute
from clv.data import Contract, Partitioning, Quality, Transactions
from clv.panel import Panel
from clv.season import Season

SAMPLED = 2048  # digests of customers and days; fewer are all


class History:
    """Each part is made when it is first asked for, once.

    What is estimated (season, model, metrics, drift) is estimated on the panel; each customer is scored, part by part.

    Args: path: of the file.   contract: how it is read.   compute: what the reading may use of the machine.
          as_of: the day of scoring (YYYY-MM-DD); None: the day after the last order.   discount_rate: of labels, a year; 0: in full.
          read: data.read(), or another engine's.
    """

    def __init__(
        self,
        path: str,
        contract: Contract,
        compute: Compute,
        as_of: str | None = None,
        discount_rate: float = 0.0,
        read: Callable[..., Transactions] = data.read,
    ):
        self._discount_rate = discount_rate
        self.path, self._contract, self._as_of = path, contract, as_of
        self.compute, self._read = compute, read
        self._seasons: dict[tuple[dt.date, int], Season] = {}

    @property
    def connection(self) -> duckdb.DuckDBPyConnection:
        """DuckDB in memory."""
        return self.compute.connection

    @cached_property
    def transactions(self) -> Transactions:
        """Raises: InputError: the file cannot be read as a table of purchases."""
        parts = Partitioning(self.folder, self.compute.partition_customers)
        return self._read(self.path, self._contract, self.connection, parts)

    def keep_in(self, folder: Path) -> None:
        """Purchases that do not fit into memory wait in the folder from now on: a command that was interrupted finds them there.

        It is for the one command that may write there; without it they wait in a folder of this process.
        """
        if "transactions" not in vars(self):
            self.folder = folder

    def forget(self) -> None:
        """Removes the purchases that wait in a folder: the command has done its work."""
        shutil.rmtree(self.folder, ignore_errors=True)

    @cached_property
    def folder(self) -> Path:
        """Where purchases wait that do not fit into memory."""
        return spill.folder(self.compute.temp_folder) / f"purchases-{id(self)}"

    @property
    def purchases(self) -> duckdb.DuckDBPyRelation:
        """One row per customer and day: customer_id, order_date, revenue, positive_revenue, orders (0 or 1)."""
        return self.transactions.purchases

    @cached_property
    def parts(self) -> tuple[Panel, ...]:
        """Every customer is in one of them, drawn by the id alone; a business that is not large has one."""
        parts = self.transactions.partitions
        rate, share = self._discount_rate, 1 / len(parts)
        return tuple(
            Panel(rows, self.connection, rate, share, is_kept=number == 0) for number, rows in enumerate(parts)
        )

    @property
    def panel(self) -> Panel:
        """The first of the parts: what is estimated is estimated on it."""
        return self.parts[0]

    def only(self, customers: pd.Series) -> Panel:
        """Returns the panel of these customers, who may be in any part. customers: ids."""
        ids = self.connection.from_df(pd.DataFrame({"customer_id": customers.unique()}))
        rows = self.purchases.join(ids, "customer_id", how="semi")
        return Panel(rows, self.connection, self._discount_rate)

    @property
    def panel_in_words(self) -> str:
        """What the panel is of all customers; empty where it is everybody."""
        return "" if self.panel.share == 1 else f" (a panel: 1 of {len(self.parts)} customers, drawn by their ids)"

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
        """Returns the season that the purchases of the panel before a day show."""
        key = (before, horizon_days)
        if key not in self._seasons:
            self._seasons[key] = season.estimate(self.panel.purchases, before, horizon_days)
        return self._seasons[key]

    def net_revenue(self, begin: dt.date, end: dt.date, known_before: dt.date | None = None) -> float:
        """Returns the net revenue of all customers in [begin, end); known_before: of those alone who had ordered before a day."""
        return math.fsum(windows.net_revenue(part.purchases, begin, end, known_before) for part in self.parts)

    def customers(self, before: dt.date) -> int:
        """Returns how many customers had ordered before the day."""
        return sum(part.customers(before) for part in self.parts)

    def known(self, customers: pd.Series) -> pd.Series:
        """Returns those of the customers who have a row in the history. customers: ids."""
        return self.only(customers).purchases.project("customer_id").distinct().df()["customer_id"]

    def sample(self, before: dt.date) -> list[str]:
        """Returns Panel.sample() of the panel."""
        return self.panel.sample(before, SAMPLED)
