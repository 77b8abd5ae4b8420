"""The rows of all files as text, on their way to be typed: a table while they are few, else files by the draw of their customer."""

import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

import duckdb

from clv.data.partitions import partition
from clv.data.queries import literal, render, row

MOST = 4_000_000  # rows in memory
BUCKETS = 64  # of the draws
_OF_TEXT = partition("COALESCE(customer_id, '')", BUCKETS)


class Staging:
    """Holds `file_rows` of the file that is being read, and `raw` of all that were read: tables, or views of files.

    Args: folder: for rows that are too many for memory; None: no number is too large.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, folder: Path | None = None):
        self.connection, self._folder = connection, folder
        self._current: Path | None = None  # where rows of this file went that had no room
        self._moved: list[
            tuple[Path, int]
        ] = []  # what `raw` is a view of, and the numbers that lines are counted on from
        self._rows, self._end = 0, 0  # of `raw`: their number, and the last line
        self._drop("raw")

    def create(self, columns: Iterable[str]) -> None:
        """Makes `file_rows` with the columns, for insert() and complete()."""
        self._current = None
        self._drop("file_rows")
        self.connection.execute(f"CREATE TABLE file_rows ({', '.join(columns)})")

    def insert(self, query: str) -> None:
        """Adds rows to `file_rows`."""
        self.connection.execute(f"INSERT INTO file_rows {query}")
        if not self._has_room_for(row(self.connection, "SELECT COUNT(*) FROM file_rows")[0]):
            self._current = self._to_buckets("FROM file_rows", self._current)
            self.connection.execute("CREATE OR REPLACE TABLE file_rows AS FROM file_rows LIMIT 0")

    def complete(self) -> None:
        """Ends `file_rows`: all of its rows have come."""
        if self._current:
            self._show_files("file_rows", [(self._to_buckets("FROM file_rows", self._current), 0)])

    def fill(self, query: str, rows: int) -> None:
        """Makes `file_rows` of a query that gives so many rows."""
        self._current = None
        self._drop("file_rows")
        if self._has_room_for(rows):
            self.connection.execute(f"CREATE TABLE file_rows AS {query}")
        else:
            self._current = self._to_buckets(query)
            self._show_files("file_rows", [(self._current, 0)])

    def drop_columns(self, names: Iterable[str]) -> None:
        """Takes columns out of `file_rows`; in files they do no harm."""
        if not self._current:
            for name in names:
                self.connection.execute(f"ALTER TABLE file_rows DROP COLUMN {name}")

    def append(self) -> int:
        """Moves the rows of `file_rows` into `raw`. Returns: the number that its lines are counted on from."""
        start, is_first = self._end, not self._end
        rows, end = row(self.connection, "SELECT COUNT(*), COALESCE(MAX(line), 0) FROM file_rows")
        self._rows, self._end = self._rows + rows, start + end
        if self._current or self._moved or not self._has_room_for(self._rows):
            if not is_first and not self._moved:
                self._moved.append((self._to_buckets("FROM raw"), 0))
            self._moved.append((self._current or self._to_buckets("FROM file_rows"), start))
            self._show_files("raw", self._moved)
        elif is_first:
            self._drop("raw")
            self.connection.execute("ALTER TABLE file_rows RENAME TO raw")
        else:
            self.connection.execute(f"INSERT INTO raw BY NAME SELECT * REPLACE (line + {start} AS line) FROM file_rows")
        self._drop("file_rows")
        return start

    def by_customer(self) -> Iterator[str]:
        """Gives queries that together have the rows of `raw`; rows of one customer are in one of them."""
        if not self._moved:
            yield "FROM raw"
        else:
            yield from (self._in_buckets([number]) for number in range(BUCKETS))

    def cut(self, number: int) -> Iterator[tuple[str, str]]:
        """Cuts the rows by the customers that `ids` says they mean; `raw` and the files are gone at the end.

        Returns: of each of so many partitions two queries: rows among which all of its rows are, and its ids.
        """
        if number == 1:
            yield "FROM raw", "FROM ids"
        else:
            yield from self._partitions(number)
        self._drop("raw")
        if self._folder:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _partitions(self, number: int) -> Iterator[tuple[str, str]]:
        part = partition("customer_id", number)
        ids = self._to_files(f"SELECT text, customer_id, why, {part} AS part FROM ids", "part", self._new_folder())
        strays = self._strays(number)
        self.connection.execute("CREATE OR REPLACE TABLE ids AS FROM ids LIMIT 0")  # makes room
        for each in range(number):
            rows = self._in_buckets(range(each * BUCKETS // number, ((each + 1) * BUCKETS - 1) // number + 1))
            more = _files(strays, "part", [each]) if strays else ""
            yield rows + (f" UNION ALL BY NAME {more}" if more else ""), _files(ids, "part", [each]) or "FROM ids"

    def _strays(self, number: int) -> Path | None:
        """The rows whose text of customer_id lies in other buckets than its customer, by partition; None where there are none."""
        if not self._moved:
            return None
        values = {"part": partition("customer_id", number), "bucket": partition("text", BUCKETS)}
        self.connection.execute(render("strays", **values, number=number, buckets=BUCKETS))
        if not row(self.connection, "SELECT COUNT(*) FROM strays")[0]:
            return None
        query = "SELECT raw.*, part FROM raw JOIN strays ON COALESCE(raw.customer_id, '') = strays.text"
        return self._to_files(query, "part", self._new_folder())

    def _in_buckets(self, numbers: Iterable[int]) -> str:
        """A query for the rows of `raw` in some buckets; all rows where they are in memory."""
        numbers = list(numbers)
        found = [(_files(folder, "bucket", numbers), start) for folder, start in self._moved]
        queries = [f"SELECT * REPLACE (line + {start} AS line) {files}" for files, start in found if files]
        return " UNION ALL BY NAME ".join(queries) or ("FROM raw LIMIT 0" if self._moved else "FROM raw")

    def _has_room_for(self, rows: int) -> bool:
        return self._folder is None or rows <= MOST

    def _to_buckets(self, query: str, folder: Path | None = None) -> Path:
        return self._to_files(f"SELECT *, {_OF_TEXT} AS bucket FROM ({query})", "bucket", folder or self._new_folder())

    def _to_files(self, query: str, by: str, folder: Path) -> Path:
        """Adds rows to the files of a folder, by a column that the files do not have."""
        self.connection.execute(f"COPY ({query}) TO {literal(str(folder))} (FORMAT parquet, PARTITION_BY {by}, APPEND)")
        return folder

    def _new_folder(self) -> Path:
        assert self._folder is not None
        for folder in (self._folder.parent, self._folder):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return self._folder / f"{len(list(self._folder.iterdir())):05}"

    def _show_files(self, name: str, folders: list[tuple[Path, int]]) -> None:
        """Makes the name a view of all rows in the folders."""
        queries = [f"SELECT * REPLACE (line + {start} AS line) {_files(folder)}" for folder, start in folders]
        self._drop(name)
        self.connection.execute(f"CREATE VIEW {name} AS {' UNION ALL BY NAME '.join(queries)}")

    def _drop(self, name: str) -> None:
        kinds = "SELECT table_type FROM information_schema.tables WHERE table_name = ?"
        for (kind,) in self.connection.execute(kinds, [name]).fetchall():
            self.connection.execute(f"DROP {'VIEW' if kind == 'VIEW' else 'TABLE'} {name}")


def _files(folder: Path, by: str = "*", numbers: Iterable[int] = ()) -> str:
    """A query for the rows of a folder, by a column's numbers; empty where it has none of them."""
    patterns = [f"{by}={number}/*.parquet" for number in numbers] or ["*/*.parquet"]
    files = [literal(str(file)) for pattern in patterns for file in sorted(folder.glob(pattern))]
    return f"FROM read_parquet([{', '.join(files)}], hive_partitioning = false)" if files else ""
