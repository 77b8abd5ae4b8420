"""DuckDB within the limits of conf/compute: what does not fit into memory goes to the disk."""

from dataclasses import dataclass
from functools import cached_property

import duckdb

from clv import spill
from clv.errors import UserError


@dataclass(frozen=True)
class Compute:
    """What one command may use of a machine.

    threads, memory_limit, temp_folder: of DuckDB; without a folder it spills to one of this process in the system's.
    partition_customers: about so many customers are held in memory at once, and as many say what a business is like.
    """

    threads: int = 2
    memory_limit: str = "2GB"
    temp_folder: str | None = None
    partition_customers: int = 200_000

    @cached_property
    def connection(self) -> duckdb.DuckDBPyConnection:
        """DuckDB in memory, the same one whenever it is asked for."""
        return connect({"threads": self.threads, "memory_limit": self.memory_limit}, self.temp_folder)


def connect(limits: dict[str, str | int], temp_folder: str | None) -> duckdb.DuckDBPyConnection:
    """Returns DuckDB in memory. What processes that were killed have spilled is removed.

    Args:   limits: threads, memory_limit.   temp_folder: where this process has its own to spill to; None: in the system's.
    Raises: UserError: DuckDB does not take the values.
    """
    try:
        connection = duckdb.connect(config={**limits, "temp_directory": str(spill.folder(temp_folder) / "duckdb")})
    except (duckdb.Error, OSError) as error:
        raise UserError(f"DuckDB does not start with the values of compute: {error}") from error
    return connection.execute("SET TimeZone = 'UTC'")  # a time stamp with a zone is the same day on every machine
