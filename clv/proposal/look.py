"""The first look at an export: its encoding, its layout, and all of its columns as text, whatever they are called."""

import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import chain, islice
from pathlib import Path
from typing import Any

import duckdb

from clv.data import database, remote
from clv.data.cells import Row
from clv.data.container import Opened, opened
from clv.data.header import key
from clv.data.queries import row
from clv.data.sources import files_of
from clv.errors import Code, InputError
from clv.proposal.cells import Cells, as_csv
from clv.proposal.encoding import Encoding, guessed
from clv.proposal.layout import JSON, Layout, delimited, layout_of

WHOLE_ROWS = 200_000  # that are looked at one by one; behind them some of every piece of the file
_SOME = 0.02  # share of the text of a piece
_SPREAD = "the beginning of the file, and some of every piece behind it"
_HEAD = 1 << 18  # characters that the layout is judged by


@dataclass(frozen=True)
class Look:
    """What an export is.

    Args: files: that were looked at.   kind: in words, like "CSV".   names: of the columns; their numbers where there is no header.
          settings: key of conf/data -> value, of those that reading the layout needs.   evidence: key -> why, in words.
          rows: that were looked at.   part: which rows of the files these are, in words; empty where they are all.

    The rows are in the table `cells` of the connection: line, and c0, c1, ... as text.
    """

    files: list[str]
    kind: str
    names: list[str]
    settings: dict[str, Any]
    evidence: dict[str, str]
    rows: int
    part: str

    def column(self, name: str) -> str:
        """Returns the name in `cells` of a column of the file, which is compared as the contract does."""
        return f"c{[key(each) for each in self.names].index(key(name))}"


def look(path: str, given: dict[str, Any], connection: duckdb.DuckDBPyConnection) -> Look:
    """Returns what the files of a path are; the layout is judged by the first of them.

    Args:   given: settings of conf/data that a person has made; they are taken as they are.
            connection: gets the table `cells`.
    Raises: InputError: there is no file, it is not a table, or the files have different columns.
    """
    files = files_of(path)
    looking = _Looking(given, Cells(connection), {})
    first, *others = [looking.at(name) for name in files]
    part = next((layout.part for layout in (first, *others) if layout.part), "")
    rows = row(connection, "SELECT COUNT(*) FROM cells")[0]
    return Look(files, first.kind, first.names, first.settings, looking.evidence, rows, part)


@dataclass(frozen=True)
class _Looking:
    """A look at one file after another, whose rows go into `cells`.   given, evidence: as of a look."""

    given: dict[str, Any]
    cells: Cells
    evidence: dict[str, str]

    def at(self, name: str) -> Layout:
        """Adds the rows of a file, or of a query. Returns its layout."""
        if database.is_database(name):
            with database.asked(name, self.given.get("query")) as result:
                return self._at_rows(chain([result.names], result.rows), "a query of a database", name)
        with remote.local(name) as copy:
            return self._at_file(copy, name)

    def _at_file(self, path: str, name: str) -> Layout:
        with opened(path, name) as file:
            if file.is_parquet:
                with file.copied() as copy:
                    return Layout("Parquet", self.cells.add_parquet(copy, name), 0)
            if file.is_workbook:
                with file.unpacked() as copy:
                    return self._at_workbook(copy, name)
        encoding = Encoding(self.given.get("encoding"))
        try:
            return self._at_text(path, encoding, name)
        except InputError as error:
            if encoding.name or error.code not in (Code.WRONG_ENCODING, Code.NUL_BYTE):
                raise
            encoding = guessed(path, error)
        layout = self._at_text(path, encoding, name)
        layout.settings["encoding"] = encoding.name
        self.evidence["encoding"] = encoding.evidence
        return layout

    def _at_workbook(self, copy: Path, name: str) -> Layout:
        from clv.data import workbook

        with workbook.refusing_damage(name):
            sheet, rows = workbook.largest_sheet(copy, self.given.get("sheet"), name)
            layout = self._at_rows(rows, f"the sheet {sheet!r} of a workbook", name)
        layout.settings["sheet"] = sheet
        self.evidence["sheet"] = "the sheet with the most rows"
        return layout

    def _at_rows(self, rows: Iterable[Row], kind: str, name: str) -> Layout:
        """Cells, looked at as the CSV file that they make."""
        rows = iter(rows)
        with as_csv(islice(rows, WHOLE_ROWS)) as copy:
            part = "" if next(rows, None) is None else f"the first {WHOLE_ROWS - 1:,}"
            with copy.open(encoding="utf-8", newline="") as text:
                head = text.read(_HEAD)
            layout = replace(delimited(head, ",", self.given, name), kind=kind, part=part)
            self.cells.add_text(copy, layout, name)
        return layout

    def _at_text(self, path: str, encoding: Encoding, name: str) -> Layout:
        with opened(path, name) as file, _as_utf8(file, encoding.name) as (text, head, part):
            if not head.strip():
                fix = "look at what wrote it: an export has a header and a row for every order and return"
                raise InputError(Code.EMPTY, what="the file holds no text but blank lines", fix=fix, where=name)
            layout = replace(layout_of(head, self.given, name), part=part)
            if layout.kind == JSON:
                return replace(layout, names=self.cells.add_json(text, name))
            self.cells.add_text(text, layout, name)
        return layout


@contextmanager
def _as_utf8(file: Opened, encoding: str | None) -> Iterator[tuple[Path, str, str]]:
    """A copy of the text in UTF-8 as far as it is looked at, its beginning, and which part it is, in words."""
    with tempfile.NamedTemporaryFile(
        "w", prefix="clv-", suffix=".txt", encoding="utf-8", errors="replace", newline="\n"
    ) as copy:
        head, lines, part = "", 0, ""
        for text in file.texts(encoding):
            piece = text.removeprefix("\ufeff") if not lines else text
            head += piece[: max(_HEAD - len(head), 0)]
            if piece and lines >= WHOLE_ROWS:
                piece, part = _some_of(piece), _SPREAD
            copy.write(piece)
            lines += piece.count("\n")
        copy.flush()
        yield Path(copy.name), head[: head.rfind("\n") + 1] or head, part


def _some_of(piece: str) -> str:
    """Whole lines from the beginning of a piece, but for the first, which may have begun in the piece before."""
    begin = piece.find("\n") + 1
    return piece[begin : piece.rfind("\n", begin, begin + int(_SOME * len(piece))) + 1]
