"""A version ready to score some customers: from all purchases of theirs, or from rows of its feature table."""

import datetime as dt
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import duckdb
import pandas as pd

from clv import data, features, model
from clv.compute import connect
from clv.data import Contract
from clv.errors import Code, InputError
from clv.scoring import predictions, scores
from clv.wording import counted, day_meant

_NAME = "the purchases"
_FIRST_YEAR, _LAST_YEAR = 1990, 2199  # of a day of scoring
_LIMITS: dict[str, str | int] = {"threads": 1, "memory_limit": "1GB"}  # of DuckDB; some customers need no second thread


@dataclass(frozen=True)
class Scored:
    """What a version says of some customers.

    scores: of scoring.scores(), in the order of customer_id.   as_of: the day of the scoring.
    not_scored: the customers without an order before that day, who are in no scores.   later_rows: purchases from that day on, not seen.
    """

    scores: pd.DataFrame
    as_of: dt.date
    not_scored: tuple[str, ...]
    later_rows: int


class Scorer:
    """Scores as the command `score` does: a customer's features depend on nobody else. Several threads may ask at once.

    Args: fitted: of model.fit().   definition: of the features that it learnt from.
    """

    def __init__(self, fitted: model.Model, definition: features.Definition):
        self._model, self._definition = replace(fitted, threads=1), definition
        self._idle: list[features.Prepared] = []  # each has a connection to DuckDB, which serves one request at a time

    def of_purchases(self, rows: pd.DataFrame, as_of: str | None = None) -> Scored:
        """Scores the customers of whom these are all purchases.

        Args:    rows: customer_id (text), order_date (text YYYY-MM-DD, a time may follow), revenue (number; negative is a return); any
                     order, several rows a day.
                 as_of: first day that is not seen (YYYY-MM-DD); None or empty: tomorrow by UTC, so that an order of today counts.
        Raises:  InputError: a row cannot be read, as_of is no day, or nobody ordered before it.
        """
        today = dt.datetime.now(dt.UTC).date()
        day = scoring_day(as_of, today)
        with self._one() as prepared:
            data.take(rows, _contract(today), prepared.connection, _NAME)
            table = prepared.snapshot(day)
            asked, later = _asked(day, prepared.connection)
        if table.empty:
            raise InputError(
                Code.NO_CUSTOMERS,
                what=f"None of {counted(len(asked), 'customer')} ordered before {day}, so there is nobody to score "
                f"({counted(later, 'row')} from that day on; an order is a day with revenue above 0)",
                fix="give all purchases of the customers, or a later as_of",
            )
        found = set(table["customer_id"])
        return Scored(scores(self._model, table, day), day, tuple(each for each in asked if each not in found), later)

    def of_features(self, table: pd.DataFrame) -> pd.DataFrame:
        """Returns scoring.predictions(), in the order of the rows.

        Args:   table: the columns of the version's feature table, one row a customer; customer_id is handed through.
        Raises: InputError: it is not such a table.
        """
        if table.empty:
            raise InputError(Code.NO_ROWS, what="The feature table has no row", fix="give one row a customer")
        return predictions(self._model, table.reset_index(drop=True)).set_axis(table.index)  # it may repeat itself

    def is_of_purchases(self, table: pd.DataFrame) -> bool:
        """Whether the rows are purchases, by what is filled; else they are of the feature table. Raises: InputError: both are."""
        inputs = [name for name in self._model.inputs if name in table and table[name].notna().any()]
        if inputs and "order_date" in table and table["order_date"].notna().any():
            raise InputError(
                Code.FEATURE_TYPE,
                what=f"the table has purchases (order_date) and {counted(len(inputs), 'column')} of the feature table ({inputs[0]})",
                fix="give the purchases, or the rows of the feature table, in a table of their own",
            )
        return "order_date" in table and not inputs

    @contextmanager
    def _one(self) -> Iterator[features.Prepared]:
        """For one request at a time; as many are made as there are requests at once."""
        try:
            prepared = self._idle.pop()
        except IndexError:
            prepared = features.Prepared(connect(_LIMITS, None), self._definition)
        try:
            yield prepared
        finally:
            self._idle.append(prepared)


def _asked(day: dt.date, connection: duckdb.DuckDBPyConnection) -> tuple[list[str], int]:
    """The customers who were asked for, and how many of their days lie at the day of scoring or later."""
    query = f"SELECT customer_id, COUNT(*) FILTER (order_date >= DATE '{day}') FROM purchases GROUP BY 1 ORDER BY 1"
    rows = connection.execute(query).fetchall()
    return [customer for customer, _ in rows], sum(later for _, later in rows)


def scoring_day(as_of: str | None, today: dt.date) -> dt.date:
    """Returns the day of the scoring; tomorrow where none is asked for.

    Raises: InputError: it is no day.

    >>> scoring_day("", dt.date(2026, 7, 1)).isoformat()
    '2026-07-02'
    """
    if not as_of:
        return today + dt.timedelta(days=1)
    try:
        day = dt.date.fromisoformat(as_of) if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", as_of) else None
    except ValueError:
        day = None
    if day is None or not _FIRST_YEAR <= day.year <= _LAST_YEAR:
        near = day_meant(as_of)
        near = near if str(_FIRST_YEAR) <= near[:4] <= str(_LAST_YEAR) else ""
        raise InputError(
            Code.AS_OF,
            what=f"as_of={as_of[:40]!r} is not a day written YYYY-MM-DD, of the years {_FIRST_YEAR} to {_LAST_YEAR}",
            fix=f"did you mean {near}?" if near else "write it like 2026-07-01, or leave it out: tomorrow",
        )
    return day


def known(facts: dict[str, Any], run_id: str) -> dict[str, Any]:
    """Returns what says which version answered. facts: that a version carries.   run_id: of its training."""
    days = {"learnt_until": facts["evaluation_cutoff"], "horizon_days": facts["horizon_days"]}
    return {"recipe": facts.get("recipe", ", ".join(facts["chains"]))} | days | {"run_id": run_id}


def _contract(today: dt.date) -> Contract:
    """The contract of conf/data, as far as a table with these columns needs it; a number has a decimal point."""
    names = {name: name for name in ("customer_id", "order_date", "revenue")}
    return Contract(names, latest=str(today + dt.timedelta(days=2)), decimal=".")  # somewhere it is tomorrow already
