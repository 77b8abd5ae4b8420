"""A proposal how to read an export: it is looked at as a whole, and each setting comes with the reason for it.

look.py       its encoding (encoding.py), its layout (layout.py), and all columns as text (cells.py)
described.py  what stands in each column
roles.py      which column is which: by a known system (systems.py), by its name (words.py), or by what stands in it
notation.py   how days and amounts are written
counted.py    which rows count: statuses, currencies, ids that stand for nobody
traps.py      what would be read without an error, and mean something else
"""

from dataclasses import dataclass, fields, replace
from typing import Any

import duckdb

from clv.data import Contract
from clv.data.queries import refusing_errors
from clv.proposal import counted, words
from clv.proposal.described import Column, described
from clv.proposal.look import Look, look
from clv.proposal.notation import Notation, of_amounts, of_days
from clv.proposal.roles import Roles, columns_in_order, roles
from clv.proposal.traps import has_repeated_totals, traps

__all__ = ["Proposal", "propose"]

_NO_OTHERS: dict[str, Any] = dict.fromkeys(("quantity", "unit_price", "refund", "currency"))
_NOT_OPTIONS = ("columns", "latest", "earliest_date", "as_of")


@dataclass(frozen=True)
class Proposal:
    """How an export may be read.

    Args: look: what it is.   columns: all of its columns.   roles: which of them is which.
          settings: key of conf/data -> value, where it is not the usual one.   evidence: key, or our name of a column -> why.
          choices: what a person must decide, a sentence each.   traps: what would be read and mean something else, a sentence each.
    """

    look: Look
    columns: list[Column]
    roles: Roles
    settings: dict[str, Any]
    evidence: dict[str, str]
    choices: list[str]
    traps: list[str]

    def contract(self, given: Contract) -> Contract:
        """Returns the contract that reads the export so.

        Args: given: the contract that the proposal began with.
        """
        settings: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in self.settings.items()
        }
        return replace(given, columns=given.columns | _NO_OTHERS | self.roles.columns, **settings)

    @property
    def missing(self) -> list[str]:
        """Our names of the columns that no column of the file was taken for."""
        needed = ["customer_id", "order_date", *([] if "quantity" in self.roles.columns else ["revenue"])]
        return [name for name in needed if name not in self.roles.columns]


def propose(path: str, given: Contract, connection: duckdb.DuckDBPyConnection) -> Proposal:
    """Returns how the files of a path may be read. What the contract sets already is taken as it is.

    Args:   connection: gets the table `cells`.
    Raises: InputError: there is no file, or it is not a table.
    """
    with refusing_errors(path):
        return _propose(path, given, connection)


def _propose(path: str, given: Contract, connection: duckdb.DuckDBPyConnection) -> Proposal:
    options = _options(given)
    seen = look(path, options, connection)
    columns = list(described(seen.names, connection).values())
    proposal = _of_lines(seen, roles(columns, seen.rows, given.columns), columns, connection)
    notation = Notation(dict(seen.settings), dict(seen.evidence))
    by_name = {column.name: column for column in columns}
    if day := by_name.get(proposal.columns.get("order_date", "")):
        of_days(day, notation)
    amounts = [
        by_name[name]
        for role, name in proposal.columns.items()
        if role in ("revenue", "unit_price", "quantity", "refund")
    ]
    of_amounts(amounts, notation)
    for add in (counted.statuses, counted.currencies, counted.nobody):
        add(seen, proposal, notation, connection)
    settings = {name: value for name, value in notation.settings.items() if name not in options} | options
    evidence = proposal.evidence | {name: notation.evidence.get(name, "set by the configuration") for name in settings}
    sentences = list(traps(seen, proposal, columns, connection))
    ours = replace(proposal, columns=columns_in_order(proposal.columns))
    return Proposal(seen, columns, ours, settings, evidence, notation.choices, sentences)


def _options(contract: Contract) -> dict[str, Any]:
    """The settings that a person has made: those that differ from the usual ones."""
    usual = Contract({}, "")
    names = [entry.name for entry in fields(Contract) if entry.name not in _NOT_OPTIONS]
    given = {name: getattr(contract, name) for name in names}
    return {name: value for name, value in given.items() if (value or None) != (getattr(usual, name) or None)}


def _of_lines(seen: Look, proposal: Roles, columns: list[Column], connection: duckdb.DuckDBPyConnection) -> Roles:
    """Quantity and unit price, where the amount that was taken for revenue is the order's total on each of its lines."""
    revenue, order_id = proposal.columns.get("revenue"), proposal.order_id
    if not revenue or not order_id or not has_repeated_totals(seen, revenue, order_id, connection):
        return proposal
    rest = [column for column in columns if column.name != revenue]
    lines = roles(
        [
            column
            for column in rest
            if words.plain(column.name) not in words.REVENUE or words.plain(column.name) in words.UNIT_PRICE
        ],
        seen.rows,
        {},
    )
    if "quantity" not in lines.columns or "unit_price" not in lines.columns:
        return proposal
    kept = {role: name for role, name in proposal.columns.items() if role != "revenue"}
    why = f"{revenue!r} is the same on all lines of an order: it is the order's total"
    names = {role: lines.columns[role] for role in ("quantity", "unit_price")}
    return replace(proposal, columns=kept | names, evidence=proposal.evidence | dict.fromkeys(names, why))
