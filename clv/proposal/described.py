"""What stands in each column of an export: how many values, of which type, and examples."""

import re
from dataclasses import dataclass

import duckdb
import pandas as pd

from clv.data.date_formats import fitting, pairs
from clv.data.queries import row

_SAMPLED = 4_000  # rows, spread over the file, by which types are judged
_EXAMPLES = 3
_AT_ONCE = 100  # columns of one query; the time of a query grows with their square
_NEARLY_ALL = 0.9
_SEEN = 60  # characters of an example
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}([Tt ].*)?")
_LIKE_A_DAY = re.compile(
    r"\D{0,4}\d{1,4}\s*[-/. ]\s*(\d{1,2}|[^\W\d]{3,9}\.?)[-/., ]+\d{1,4}.*|[^\W\d]{3,9},? .*\d{4}.*|\d{8}(T?\d{6}Z?)?"
)
_MONEY = r"(?:[^\w\s.,()+-]{1,2}|[A-Za-z]{1,3}[.$]|[A-Za-z]{1,3}(?=\s)|EUR|USD|GBP|CHF|SEK|NOK|DKK|PLN|CZK|HUF|AUD|CAD|NZD|JPY|INR|BRL|MXN|ZAR|TRY)?"
NUMBER = re.compile(
    rf"[(+-]?\s*{_MONEY}\s*[-+]?(\d[\d.,'’ \xa0\u202f\u2009]*|\.\d+)([eE][-+]?\d+)?\s*(?:[^\w\s.,()+-]|[A-Za-z]{{2,3}})?\s*\)?-?"
)


@dataclass(frozen=True)
class Column:
    """A column as it is.

    Args: name: as the file has it.   type: "empty", "number", "day" or "text".   filled: rows with a value in it.
          distinct: values, about.   examples: the first values that differ.   sample: of its values, in the order of the file.
    """

    name: str
    type: str
    filled: int
    distinct: int
    examples: tuple[str, ...]
    sample: pd.Series

    @property
    def has_decimals(self) -> bool:
        """Whether numbers of it have decimals."""
        return self.type == "number" and self.sample.str.contains(r"[.,]\d{1,2}\D*$", regex=True).mean() > 0.05


def described(names: list[str], connection: duckdb.DuckDBPyConnection) -> dict[str, Column]:
    """Returns the columns of the table `cells`, by their names in it: c0, c1, ..."""
    cells = [f"c{place}" for place in range(len(names))]
    groups = [slice(begin, begin + _AT_ONCE) for begin in range(0, len(cells), _AT_ONCE)]
    columns: dict[str, Column] = {}
    for group in groups:
        columns |= _group(cells[group], names[group], connection)
    return columns


def _group(cells: list[str], names: list[str], connection: duckdb.DuckDBPyConnection) -> dict[str, Column]:
    """The same of some of the columns."""
    counts = ", ".join(
        f"COUNT(NULLIF(TRIM({cell}), '')), APPROX_COUNT_DISTINCT(NULLIF(TRIM({cell}), ''))" for cell in cells
    )
    rows, *figures = row(connection, f"SELECT COUNT(*), {counts} FROM cells")
    step = 1 + rows // _SAMPLED
    texts = ", ".join(f"TRIM({cell}) AS {cell}" for cell in cells)
    sample = connection.execute(f"SELECT {texts} FROM cells WHERE line % {step} = 0 OR line <= 20 ORDER BY line").df()
    return {
        cell: _column(name, sample[cell], filled, distinct)
        for cell, name, filled, distinct in zip(cells, names, figures[::2], figures[1::2], strict=True)
    }


def _column(name: str, texts: pd.Series, filled: int, distinct: int) -> Column:
    texts = texts[texts.notna() & (texts != "")].astype(object)  # Python's regular expressions, not those of Arrow
    examples = tuple(text[:_SEEN] for text in texts.drop_duplicates().head(_EXAMPLES))
    return Column(name, _type(texts), filled, distinct, examples, texts)


def _type(texts: pd.Series) -> str:
    if texts.empty:
        return "empty"
    if texts.str.fullmatch(_ISO).mean() >= _NEARLY_ALL:
        return "day"
    if texts.str.fullmatch(_LIKE_A_DAY).mean() >= _NEARLY_ALL and (fitting(texts) or pairs(texts)):
        return "day"
    return "number" if texts.str.fullmatch(NUMBER).mean() >= _NEARLY_ALL else "text"
