"""The table `cells`: the rows of every file of an export as text, whatever its columns are called."""

import csv
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

import duckdb

from clv.data.cells import Row, text_of
from clv.data.formats import json_object, json_text
from clv.data.header import key, refuse_other_columns
from clv.data.parquet import refusing_damage
from clv.data.queries import literal, row
from clv.errors import Code, InputError
from clv.proposal.layout import Layout

_NAMING = 20_000  # JSON objects whose keys are the columns


class Cells:
    """line, and c0, c1, ... as text: the columns of the first file, by its names; those of later files stand below them.

    Args: connection: gets the table.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection):
        self._connection = connection
        self._names: list[str] | None = None

    def add_text(self, text: Path, layout: Layout, path: str) -> None:
        """Adds the rows of a text with signs or fixed widths. Raises: InputError: it has other columns than the first file."""
        if layout.widths:
            fields, columns, begin = ["line_text"], [], 1
            for width in layout.widths:
                columns.append(f"TRIM(SUBSTR(line_text, {begin}, {width}))")
                begin += width
            delimiter, quote = "\x01", ""
        else:
            fields = [f"c{place}" for place in range(len(layout.names))]
            columns, delimiter, quote = [f"TRIM({name})" for name in fields], layout.delimiter, '"'
        types = "{" + ", ".join(f"{literal(name)}: 'VARCHAR'" for name in fields) + "}"
        source = (
            f"read_csv({literal(str(text))}, auto_detect=false, header=false, delim={literal(delimiter)}, "
            f"quote={literal(quote)}, escape={literal(quote)}, skip={layout.first}, columns={types}, null_padding=true, "
            "ignore_errors=true, strict_mode=false, parallel=false, max_line_size=8388608)"
        )
        self._add(columns, source, layout.names, path)

    def add_json(self, text: Path, path: str) -> list[str]:
        """Adds the rows of JSON lines, and returns their names; lines that are not objects are passed over.

        Raises: InputError: it has other columns than the first file.
        """
        names = list(dict.fromkeys(name for each in islice(_objects(text), _NAMING) for name in each))
        rows = ([json_text(each.get(name)) for name in names] for each in _objects(text))
        with as_csv(rows) as copy:
            self.add_text(copy, Layout("", names, 0, ","), path)
        return names

    def add_parquet(self, copy: Path, path: str) -> list[str]:
        """Adds the rows of a Parquet file, and returns the names of its columns.

        Raises: InputError: it is damaged, or has other columns than the first file.
        """
        source = f"read_parquet({literal(str(copy))})"
        with refusing_damage(copy, path):
            names = [name for name, *_ in self._connection.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()]
            columns = ['CAST("{}" AS VARCHAR)'.format(name.replace('"', '""')) for name in names]
            self._add(columns, source, names, path)
        return names

    def _add(self, columns: list[str], source: str, names: list[str], path: str) -> None:
        """Args: columns: SQL of each, in the order of the names."""
        if not names:
            what, fix = (
                "no column was found in it",
                "export the table as CSV, with the names of the columns as its first line",
            )
            raise InputError(Code.EMPTY, what=what, fix=fix, where=path)
        first = self._names or names
        refuse_other_columns(first, names, path)
        ordered = (columns[place] for place in _places(first, names))
        query = ", ".join(f"{column} AS c{place}" for place, column in enumerate(ordered))
        if self._names is None:
            self._names = names
            self._connection.execute(
                f"CREATE OR REPLACE TABLE cells AS SELECT 0::BIGINT AS line, {query} FROM {source} LIMIT 0"
            )
        start = row(self._connection, "SELECT COUNT(*) FROM cells")[0]
        self._connection.execute(
            f"INSERT INTO cells SELECT {start} + ROW_NUMBER() OVER () AS line, * FROM (SELECT {query} FROM {source})"
        )


def _places(first: list[str], names: list[str]) -> list[int]:
    """Where each column of the first file stands among these names."""
    ours, theirs = (list(map(key, each)) for each in (first, names))
    return list(range(len(ours))) if ours == theirs else [theirs.index(name) for name in ours]


@contextmanager
def as_csv(rows: Iterable[Row]) -> Iterator[Path]:
    """Makes a CSV file of the cells of rows, each in one line; it is removed behind it."""
    with tempfile.NamedTemporaryFile(
        "w", prefix="clv-", suffix=".txt", encoding="utf-8", errors="replace", newline=""
    ) as copy:
        writer = csv.writer(copy, lineterminator="\n")
        for cells in rows:
            writer.writerow([" ".join(text_of(cell).split()) for cell in cells])
        copy.flush()
        yield Path(copy.name)


def _objects(text: Path) -> Iterator[dict[str, object]]:
    with text.open(encoding="utf-8", newline="\n") as lines:
        for line in lines:
            if (each := json_object(line)) is not None:
                yield each
