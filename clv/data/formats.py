"""How a text holds its rows: with a sign between the fields, in fixed widths, or as a JSON object a line; cells.py: of cells."""

import json
from collections.abc import Iterator
from itertools import pairwise
from typing import Protocol, TypeVar

from clv.data.contract import Contract
from clv.data.header import Header, headed, located, numbered
from clv.data.rows import Rows, parsed, whole_rows
from clv.errors import Code, InputError

Piece = tuple[int, str]  # the line that it begins on, and a text of whole rows
_ENDS = ("\n", '"', "}")  # of a text that was not cut short in a value
Content = TypeVar("Content")  # what holds the rows: a text, or a list of rows of cells


class Format(Protocol[Content]):
    """What the layout asks of rows, whatever holds them."""

    def header(self, piece: tuple[int, Content], contract: Contract, path: str) -> tuple[Header, Content]:
        """Returns the header that the first piece begins with, and what stands behind it."""

    def rows(self, content: Content, line: int, header: Header) -> Rows:
        """Returns the rows of a content that begins on the line."""

    def ends_whole(self, content: Content) -> bool:
        """Returns whether the last content shows that it was not cut short in its last row."""


class TextFormat(Format[str], Protocol):
    """What the layout asks of a text besides."""

    def pieces(self, texts: Iterator[str], path: str, line: int) -> Iterator[Piece]:
        """Gives the text, cut where a row ends; it begins on the line."""


class Delimited:
    """CSV, by whatever sign."""

    def pieces(self, texts: Iterator[str], path: str, line: int) -> Iterator[Piece]:
        return whole_rows(texts, path, line)

    def header(self, piece: Piece, contract: Contract, path: str) -> tuple[Header, str]:
        return headed(piece[1], contract, path, piece[0])

    def rows(self, content: str, line: int, header: Header) -> Rows:
        return parsed(content, line, header)

    def ends_whole(self, content: str) -> bool:
        return content.endswith(_ENDS)


class FixedWidth:
    """Fields of so many characters each; a line may end early, and a header is one that holds our names."""

    def __init__(self, widths: tuple[int, ...]):
        ends = [sum(widths[:number]) for number in range(len(widths) + 1)]
        self._cuts = [slice(begin, end) for begin, end in pairwise(ends)]
        self._end = ends[-1]

    def pieces(self, texts: Iterator[str], path: str, line: int) -> Iterator[Piece]:  # noqa: ARG002
        return _whole_lines(texts, line)

    def header(self, piece: Piece, contract: Contract, path: str) -> tuple[Header, str]:
        line, text = piece
        first, _, rest = text.partition("\n")
        names, where = self._fields(first), f"{path}:{line}"
        if numbers := numbered(names, contract.names):
            return Header(numbers, "", located(numbers, contract.names, where), line, path), text
        return Header(names, "", located(names, contract.names, where), line + 1, path), rest

    def _fields(self, line: str) -> list[str]:
        return [line[cut].strip() for cut in self._cuts]

    def rows(self, content: str, line: int, header: Header) -> Rows:
        lines: list[int] = []
        fields: list[str] = []
        for number, text in enumerate(content.split("\n"), line):
            if text[self._end :].strip():
                what = f"the row has {len(text)} characters, and data.widths has {self._end}"
                fix = "data.widths with the width of every field"
                raise InputError(Code.RAGGED_ROW, what=what, fix=fix, where=f"{header.path}:{number}")
            if text.strip():
                lines.append(number)
                fields.extend(self._fields(text))
        return Rows(lines, [len(self._cuts)] * len(lines), fields)

    def ends_whole(self, content: str) -> bool:
        return content.endswith(_ENDS)


class JsonLines:
    """One object a line; its keys are the names of the columns, and a key that is missing is a field with nothing in it."""

    def pieces(self, texts: Iterator[str], path: str, line: int) -> Iterator[Piece]:  # noqa: ARG002
        return _whole_lines(texts, line)

    def header(self, piece: Piece, contract: Contract, path: str) -> tuple[Header, str]:
        line, text = piece
        objects = self._objects(text, line, path)
        names = list(dict.fromkeys(name for _, each in objects for name in each))
        return Header(names, "", located(names, contract.names, f"{path}:{line}"), line, path), text

    def _objects(self, text: str, line: int, path: str) -> Iterator[tuple[int, dict[str, object]]]:
        for number, content in enumerate(text.split("\n"), line):
            if not content.strip():
                continue
            each = json_object(content)
            if each is None:
                what = f"the line is not a JSON object: {content[:60]!r}"
                fix = "write one object a line, or export it as CSV"
                raise InputError(Code.RAGGED_ROW, what=what, fix=fix, where=f"{path}:{number}")
            yield number, each

    def rows(self, content: str, line: int, header: Header) -> Rows:
        lines: list[int] = []
        fields: list[str] = []
        for number, each in self._objects(content, line, header.path):
            lines.append(number)
            fields.extend(json_text(each.get(name)) for name in header.names)
        return Rows(lines, [len(header.names)] * len(lines), fields)

    def ends_whole(self, content: str) -> bool:
        return content.endswith(_ENDS)


def format_of(first: str, contract: Contract) -> TextFormat:
    """Returns the format of a text.

    Args: first: its beginning.
    """
    if contract.widths:
        return FixedWidth(tuple(contract.widths))
    return JsonLines() if first.lstrip("\ufeff \t\n").startswith("{") else Delimited()


def json_object(line: str) -> dict[str, object] | None:
    """Returns the object that a line of JSON holds, numbers as they are written; None: it holds something else."""
    try:
        value = json.loads(line, parse_float=str, parse_int=str, parse_constant=str)
        if "\\u" in line:
            json.dumps(value, ensure_ascii=False).encode()  # half of a surrogate pair is not text
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def json_text(value: object) -> str:
    """Returns a value of JSON as a CSV file would hold it: an object or a list as JSON.

    >>> json_text(None), json_text("5.50"), json_text(["a"])
    ('', '5.50', '["a"]')
    """
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _whole_lines(texts: Iterator[str], line: int) -> Iterator[Piece]:
    rest = ""
    for text in texts:
        whole, end, rest = (rest + text).rpartition("\n")
        if (whole + end).strip():
            yield line, whole + end
        line += (whole + end).count("\n")
    if rest.strip():
        yield line, rest
