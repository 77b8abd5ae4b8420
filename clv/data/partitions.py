"""The purchases of a large history, in files of some customers each: a customer's draw says in which."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from clv import progress
from clv.data.queries import literal, row

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


def cut(
    purchases: duckdb.DuckDBPyRelation, partitioning: Partitioning | None, connection: duckdb.DuckDBPyConnection
) -> tuple[duckdb.DuckDBPyRelation, ...]:
    """Makes `purchases`, of one row per customer and day: a table where the customers are few, else files and a view of them.

    Returns: the partitions; the only one of a small history is the table.
    """
    purchases.create("purchases")
    customers = row(connection, "SELECT COUNT(DISTINCT customer_id) FROM purchases")[0]
    if not partitioning or customers <= partitioning.customers:
        return (connection.table("purchases"),)
    number = -(-customers // partitioning.customers)
    partitioning.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    files = [partitioning.folder / f"part-{each:05}.parquet" for each in range(number)]
    for each in progress.over(range(number), "partitions"):
        query = f"FROM purchases WHERE {partition('customer_id', number)} = {each} ORDER BY customer_id, order_date"
        connection.execute(f"COPY ({query}) TO {literal(str(files[each]))} (FORMAT parquet)")
    connection.execute("DROP TABLE purchases")
    connection.execute(f"CREATE VIEW purchases AS {_of(files)}")
    return tuple(connection.sql(_of([file])) for file in files)


def _of(files: Sequence[Path]) -> str:
    return f"FROM read_parquet([{', '.join(literal(str(file)) for file in files)}])"
