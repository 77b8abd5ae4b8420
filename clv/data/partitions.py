"""The purchases of a large history, in files of some customers each: a customer's draw says in which."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from clv.data.queries import literal

Relations = tuple[duckdb.DuckDBPyRelation, tuple[duckdb.DuckDBPyRelation, ...]]  # all purchases; of each partition
DRAWS = 2**32  # a draw is a whole number below it


@dataclass(frozen=True)
class Partitioning:
    """How a large history is cut.

    Args: folder: for the files; private, made when it is needed.   customers: about so many in each partition.
    """

    folder: Path
    customers: int


def draw(customer_id: str) -> str:
    """Returns the SQL of a customer's draw, a whole number in [0, DRAWS) that depends on the id alone.

    Args: customer_id: the SQL of the id.
    """
    return f"CAST('0x' || LEFT(MD5({customer_id}), 8) AS UBIGINT)"


def partition(customer_id: str, number: int) -> str:
    """Returns the SQL of the partition that a customer is in, from 0 on, where there are so many."""
    return f"({draw(customer_id)} * {number} // {DRAWS})"


def drawn(share: float) -> str:
    """Returns the SQL that holds for about a share of the customers, by their draws: the first partition is the share of 1 / number.

    Args: share: 0 to less than 1; a smaller one is a part of a larger one.

    >>> drawn(0.25)
    "LEFT(MD5(customer_id), 8) < '40000000'"
    """
    return f"LEFT(MD5(customer_id), 8) < '{math.ceil(share * DRAWS):08x}'"


class Purchases:
    """Takes the purchases of one partition after another: a table where there is one, else files and a view of them.

    Args: customers: number of all of them.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, partitioning: Partitioning | None, customers: int):
        self._connection = connection
        self._folder = partitioning.folder if partitioning else Path()
        self._added = 0
        self.number = -(-customers // partitioning.customers) or 1 if partitioning else 1

    def add(self, purchases: duckdb.DuckDBPyRelation) -> None:
        """Adds one row per customer and day of the next partition."""
        if self.number == 1:
            purchases.create("summed")
            return
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        purchases.order("customer_id, order_date").write_parquet(str(_file(self._folder, self._added)))
        self._added += 1

    def relations(self) -> Relations:
        """Returns all purchases, and those of each partition; they are the same where there is one."""
        if self.number > 1:
            return opened(self._folder, self.number, self._connection)
        self._connection.execute("ALTER TABLE summed RENAME TO purchases")
        whole = self._connection.table("purchases")
        return whole, (whole,)


def opened(folder: Path, number: int, connection: duckdb.DuckDBPyConnection) -> Relations:
    """Makes the view `purchases` of so many partitions in the folder, and returns it and them."""
    files = [_file(folder, each) for each in range(number)]
    connection.execute(f"CREATE VIEW purchases AS {_of(files)}")
    return connection.table("purchases"), tuple(connection.sql(_of([file])) for file in files)


def _file(folder: Path, number: int) -> Path:
    return folder / f"part-{number:05}.parquet"


def _of(files: Sequence[Path]) -> str:
    return f"FROM read_parquet([{', '.join(literal(str(file)) for file in files)}])"
