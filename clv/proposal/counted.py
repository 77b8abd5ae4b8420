"""Which rows count: the values of a status, the currencies, and the ids that stand for nobody."""

from dataclasses import dataclass

import duckdb

from clv.data.queries import literal
from clv.proposal import words
from clv.proposal.look import Look
from clv.proposal.notation import Notation
from clv.proposal.roles import Roles

_SHOWN = 8
_COMMON = 0.01  # share of rows, above which an id like 0, 9999 or Guest 4 stands for nobody


@dataclass(frozen=True)
class _Value:
    """text: as it stands in the file; empty for nothing.   share: of rows."""

    text: str
    rows: int
    share: float

    def __str__(self) -> str:
        return f"{self.text or 'nothing'} ({self.share:.1%})"


def values_of(look: Look, name: str, most: int, connection: duckdb.DuckDBPyConnection) -> list[_Value]:
    """Returns the commonest values of a column, the commonest first."""
    column = look.column(name)
    query = f"SELECT COALESCE(TRIM({column}), '') AS text, COUNT(*) AS n FROM cells GROUP BY text ORDER BY n DESC, text LIMIT {most}"
    return [_Value(text, n, n / max(look.rows, 1)) for text, n in connection.execute(query).fetchall()]


def statuses(look: Look, proposal: Roles, notation: Notation, connection: duckdb.DuckDBPyConnection) -> None:
    """Adds data.where for the rows whose status says that something was sold."""
    names = {words.plain(name) for name in look.names}
    only = proposal.system.only if proposal.system else ()
    conditions = [condition for column, condition in only if words.plain(column) in names]
    if proposal.status:
        values = values_of(look, proposal.status, 50, connection)
        kept, dropped = _sorted(values, proposal)
        shown = ", ".join(map(str, values[:_SHOWN]))
        if kept and dropped:
            conditions.insert(0, _condition(proposal, kept, dropped))
            notation.evidence["where"] = f"left out by {proposal.status}: {', '.join(map(str, dropped[:_SHOWN]))}"
        elif not any(map(_is_known, values)) and len(values) > 1:
            notation.choices.append(
                f"{proposal.status!r} has the values {shown}: if some are of orders that came to nothing, name the others in data.where"
            )
    if conditions:
        notation.set("where", " and ".join(conditions), notation.evidence.get("where", "as the export needs it"))


def _sorted(values: list[_Value], proposal: Roles) -> tuple[list[_Value], list[_Value]]:
    """The values of a status whose rows count, and those whose rows do not. A value that is not known counts."""
    kept = [value for value in values if _counts(value, proposal)]
    return kept, [value for value in values if value not in kept]


def _condition(proposal: Roles, kept: list[_Value], dropped: list[_Value]) -> str:
    """Names the values that count, if all are known; else those that do not."""
    name = _name(str(proposal.status))
    if all(map(_is_known, kept)):
        return f"{name} in ({', '.join(literal(value.text) for value in kept)})"
    parts = [f"{name} not in ({', '.join(literal(value.text) for value in dropped if value.text)})"]
    parts += [f"{name} is not null"] if any(not value.text for value in dropped) else []
    return " and ".join(parts)


def _is_known(value: _Value) -> bool:
    return words.plain(value.text) in words.KEPT | words.DROPPED


def _counts(value: _Value, proposal: Roles) -> bool:
    """Whether rows with this status count; a value that is not known does."""
    text = words.plain(value.text)
    if not value.text:
        return not proposal.system
    if text in words.REFUNDED and "refund" in proposal.columns:
        return True  # the refund is subtracted
    return text in words.KEPT or text not in words.DROPPED


def _name(name: str) -> str:
    """As data.where writes a column."""
    return name if name.isidentifier() else f'"{name}"'


def currencies(look: Look, proposal: Roles, notation: Notation, connection: duckdb.DuckDBPyConnection) -> None:
    """Adds data.currency where there are several."""
    name = proposal.columns.get("currency")
    if not name:
        return
    values = [value for value in values_of(look, name, 50, connection) if value.text]
    codes: dict[str, float] = {}
    for value in values:
        codes[value.text.upper()] = codes.get(value.text.upper(), 0) + value.share
    if len(codes) > 1:
        first, *others = sorted(codes, key=lambda code: -codes[code])
        shown = ", ".join(f"{code} ({codes[code]:.1%} of rows)" for code in others[:_SHOWN])
        notation.set("currency", first, f"rows in {shown} are left out")
        notation.choices.append(
            f"the rows are in {len(codes)} currencies: the profile keeps {first} ({codes[first]:.1%} of rows) and leaves out {shown}"
        )


def nobody(look: Look, proposal: Roles, notation: Notation, connection: duckdb.DuckDBPyConnection) -> None:
    """Adds data.guest_ids and data.missing_id, where rows have no customer."""
    name = proposal.columns.get("customer_id")
    if not name:
        return
    missing, guests = 0.0, []
    for value in values_of(look, name, 10_000, connection):
        if not value.text:
            missing = value.share
        elif _is_nobody(value):
            guests.append(value)
    if guests:
        shown = ", ".join(map(str, guests[:_SHOWN]))
        notation.set("guest_ids", [value.text for value in guests], f"share of rows: {shown}")
    if missing:
        notation.set("missing_id", "drop", f"{missing:.1%} of rows have no customer")


def _is_nobody(value: _Value) -> bool:
    """By its word; a number, or a name that only begins with one (Guesthouse Müller), must be common besides."""
    text = words.plain(value.text)
    if text in words.GUESTS and any(sign.isalpha() for sign in text):
        return True
    may_be = text in words.GUESTS or text.startswith(("guest", "walkin", "gastkonto"))
    return may_be and value.share > _COMMON
