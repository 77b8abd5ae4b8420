"""Which column is which: by a known system, by its name, or by what stands in it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from clv.data.header import key
from clv.proposal import words
from clv.proposal.described import Column
from clv.proposal.systems import System, recognised

_ROLES = ("customer_id", "order_date", "revenue", "quantity", "unit_price", "refund", "currency")
_NAMES = {
    "customer_id": words.CUSTOMER,
    "order_date": words.ORDER_DATE,
    "revenue": words.REVENUE,
    "quantity": words.QUANTITY,
    "unit_price": words.UNIT_PRICE,
    "refund": words.REFUND,
    "currency": words.CURRENCY,
    "status": words.STATUS,
    "order_id": words.ORDER_ID,
}
_TYPES = {  # that a column must have
    "order_date": ("day", "number"),
    "revenue": ("number",),
    "quantity": ("number",),
    "unit_price": ("number",),
    "refund": ("number",),
    "currency": ("text",),
    "status": ("text", "number"),
}
_UNIQUE = 0.999  # distinct values a row, from which on a column names rows, and not customers
_MANY_ROWS = 50
_CLEAR = 0.5  # of words.likeness: the name is one of ours, and not only part of it
_WEAK = {
    "price",
    "preis",
    "precio",
    "prix",
    "prezzo",
    "prijs",
    "value",
    "valor",
}  # a price beside a quantity is of one piece
_STATES = 40  # a status has no more values
_CODES = 12  # characters of a currency


@dataclass(frozen=True)
class Roles:
    """Which column is which.

    Args: columns: our name -> the file's.   evidence: our name -> why.   system: whose export it is, if it is known.
          status, order_id: names of these columns, where there are some.
    """

    columns: dict[str, str]
    evidence: dict[str, str]
    system: System | None = None
    status: str | None = None
    order_id: str | None = None


def roles(columns: list[Column], rows: int, given: Mapping[str, str | None]) -> Roles:
    """Returns what the columns are.

    Args: given: our name -> the file's, of columns that a person has named; they are taken where the file has them.
    """
    names = {key(column.name): column.name for column in columns}
    named = {role: names[key(name)] for role, name in given.items() if name and key(name) in names}
    system = recognised([column.name for column in columns])
    proposal = Roles(dict(named), dict.fromkeys(named, "by its name"), system)
    if system:
        proposal = _of_system(proposal, system, columns)
    for role in ("order_date", "status", "order_id", "customer_id", "quantity", "refund", "currency"):
        proposal = _by_name(proposal, role, columns, rows)
    proposal = _money(proposal, columns, rows)
    return _by_content(proposal, columns, rows)


def _with(proposal: Roles, role: str, name: str, why: str) -> Roles:
    if role in ("status", "order_id"):
        names: dict[str, Any] = {role: name}
        return replace(proposal, **names, evidence=proposal.evidence | {role: why})
    return replace(proposal, columns=proposal.columns | {role: name}, evidence=proposal.evidence | {role: why})


def _is_open(proposal: Roles, role: str) -> bool:
    return role not in proposal.columns and (role not in ("status", "order_id") or not getattr(proposal, role))


def _of_system(proposal: Roles, system: System, columns: list[Column]) -> Roles:
    filled = {words.plain(column.name): column for column in columns if column.filled}
    for role, names in system.columns.items():
        column = next((filled[words.plain(name)] for name in names if words.plain(name) in filled), None)
        if column and _is_open(proposal, role):
            proposal = _with(proposal, role, column.name, f"as {system.name} have it")
    if system.status and words.plain(system.status) in filled:
        proposal = _with(proposal, "status", filled[words.plain(system.status)].name, f"as {system.name} have it")
    return proposal


def _by_name(proposal: Roles, role: str, columns: list[Column], rows: int) -> Roles:
    """The column whose name says the role best."""
    if not _is_open(proposal, role):
        return proposal
    taken = {*proposal.columns.values(), proposal.status, proposal.order_id}
    scores = {column.name: _score(role, column, rows) for column in columns if column.name not in taken}
    best = max(scores, key=lambda name: scores[name], default=None)
    if best is None or scores[best] <= 0:
        return proposal
    return _with(proposal, role, best, "by its name" if scores[best] > _CLEAR else "by part of its name")


def _score(role: str, column: Column, rows: int) -> float:
    """How well a column fits a role: 0 not at all, up to 1."""
    score = words.likeness(column.name, _NAMES[role])
    if not score or column.type == "empty" or _is_nested(column) or column.type not in _TYPES.get(role, (column.type,)):
        return 0.0
    if score < _CLEAR and words.STRANGERS.get(role, set()) & set(words.parts(column.name)):
        return 0.0
    if role == "status" and not _may_be_status(column):
        return 0.0
    if role == "currency" and max(map(len, column.examples)) > _CODES:
        return 0.0
    if role == "customer_id":
        return _as_customer(score, column, rows)
    if role == "order_date" and column.type == "number" and not _may_count_time(column):
        return 0.0
    return score * (0.5 + 0.5 * column.filled / rows)


def _may_be_status(column: Column) -> bool:
    """Few values; by another name than status, at least one that is known: a state may be Kentucky."""
    values = {words.plain(text) for text in column.sample.drop_duplicates().head(_STATES)}
    is_called_so = "status" in words.plain(column.name)
    return column.distinct <= _STATES and (is_called_so or bool(values & (words.KEPT | words.DROPPED)))


def _is_nested(column: Column) -> bool:
    """Whether its values are objects or lists of JSON."""
    return bool(column.examples) and column.examples[0][:1] in ("{", "[")


def _as_customer(score: float, column: Column, rows: int) -> float:
    """An id that comes once in every row is the number of a row."""
    if column.type == "day" or (column.has_decimals and not column.sample.str.fullmatch(r"\d+\.0").mean() > 0.9):
        return 0.0
    names_rows = rows >= _MANY_ROWS and column.distinct >= _UNIQUE * column.filled
    return score * (0.3 if names_rows or column.distinct < 2 else 1) * (0.3 + 0.7 * column.filled / rows)


def _may_count_time(column: Column) -> bool:
    """Whether whole numbers may count days or seconds, or write a day without signs."""
    return column.sample.str.fullmatch(r"\d{5}(\.\d+)?|\d{8}|\d{9,10}(\.\d+)?|\d{13}").mean() > 0.9


def _money(proposal: Roles, columns: list[Column], rows: int) -> Roles:
    """Revenue; or quantity and unit price, where no column is a total."""
    if "revenue" in proposal.columns or {"quantity", "unit_price"} <= proposal.columns.keys():
        return _one_kind(proposal)
    total = _by_name(proposal, "revenue", columns, rows)
    name = total.columns.get("revenue")
    if "quantity" not in proposal.columns:
        return total
    weak = name is None or words.plain(name) in _WEAK or total.evidence["revenue"] != "by its name"
    product = _by_name(proposal, "unit_price", columns, rows)
    if weak and "unit_price" in product.columns:
        return _one_kind(product)
    return _one_kind(total)


def _one_kind(proposal: Roles) -> Roles:
    """Quantity and unit price alone, or revenue alone: the contract takes one of them."""
    other = ("quantity", "unit_price") if "revenue" in proposal.columns else ("revenue",)
    if "revenue" not in proposal.columns and "unit_price" not in proposal.columns:
        other = ("quantity",)
    return replace(proposal, columns={name: theirs for name, theirs in proposal.columns.items() if name not in other})


def _by_content(proposal: Roles, columns: list[Column], rows: int) -> Roles:
    """What no name says: the only day, the amount with decimals, the value that comes again."""
    taken = {*proposal.columns.values(), proposal.status, proposal.order_id}
    free = [column for column in columns if column.name not in taken and column.filled > rows / 2]
    if "order_date" not in proposal.columns:
        days = [column for column in free if column.type == "day"] or [each for each in free if _may_be_day(each)]
        if days:
            proposal = _with(proposal, "order_date", days[0].name, "the first column of days")
            free.remove(days[0])
    if not {"revenue", "quantity"} & proposal.columns.keys():
        amounts = [column for column in free if column.has_decimals]
        if amounts:
            proposal = _with(proposal, "revenue", amounts[-1].name, "the last column of numbers with decimals")
            free.remove(amounts[-1])
    if "customer_id" not in proposal.columns:
        ids = [
            column for column in free if column.type != "day" and not column.has_decimals and _comes_again(column, rows)
        ]
        if ids:
            best = max(ids, key=lambda column: column.distinct)
            proposal = _with(proposal, "customer_id", best.name, "the column with the most values that come again")
    return proposal


def _may_be_day(column: Column) -> bool:
    """A day without signs, or seconds of this century."""
    return column.type == "number" and column.sample.str.fullmatch(r"(19|20)\d{6}|1[0-9]{9}(\d{3})?").mean() > 0.9


def _comes_again(column: Column, rows: int) -> bool:
    return column.distinct < _UNIQUE * column.filled and column.distinct > min(20, rows / 50)


def columns_in_order(columns: dict[str, str]) -> dict[str, str]:
    """Returns our name -> the file's, in the order of conf/data."""
    return {role: columns[role] for role in _ROLES if role in columns}
