"""What would be read without an error, and mean something else."""

from collections.abc import Iterator

import duckdb

from clv.data.queries import row
from clv.proposal.described import Column
from clv.proposal.look import Look
from clv.proposal.roles import Roles

_REPEATED = 0.98  # share of orders with several lines
_ORDERS = 20
_FEW_NUMBERS = 12
_MANY = 200  # rows


def traps(look: Look, proposal: Roles, columns: list[Column], connection: duckdb.DuckDBPyConnection) -> Iterator[str]:
    """Gives a sentence for each trap, with the way out."""
    yield from _repeated_totals(look, proposal, connection)
    yield from _pieces_for_revenue(proposal, columns)
    yield from _several_dates(proposal, columns)


def has_repeated_totals(look: Look, name: str, order_id: str, connection: duckdb.DuckDBPyConnection) -> bool:
    """Returns whether all lines of an order have one amount, which is then the order's total and not the line's."""
    amount, order = look.column(name), look.column(order_id)
    query = (
        f"SELECT COUNT(*), COUNT(*) FILTER (amounts = 1) FROM (SELECT COUNT(*) AS n, COUNT(DISTINCT {amount}) AS amounts "
        f"FROM cells WHERE {amount} <> '' AND {order} <> '' GROUP BY {order}) WHERE n > 1"
    )
    orders, repeated = row(connection, query)
    return orders >= _ORDERS and repeated >= _REPEATED * orders


def _repeated_totals(look: Look, proposal: Roles, connection: duckdb.DuckDBPyConnection) -> Iterator[str]:
    revenue, order_id = proposal.columns.get("revenue"), proposal.order_id
    if revenue and order_id and has_repeated_totals(look, revenue, order_id, connection):
        yield (
            f"all lines of an order have one {revenue!r}, by {order_id!r}: it looks like the total of the order, and it would count once a line; "
            "export one row an order, or name the amount of the line"
        )


def _pieces_for_revenue(proposal: Roles, columns: list[Column]) -> Iterator[str]:
    """Few small whole numbers are pieces rather than money."""
    revenue = next((column for column in columns if column.name == proposal.columns.get("revenue")), None)
    if revenue is None or revenue.has_decimals or revenue.filled < _MANY or revenue.distinct > _FEW_NUMBERS:
        return
    others = [
        column.name for column in columns if column.type == "number" and column.name not in proposal.columns.values()
    ]
    numbers = f"; other columns of numbers are {', '.join(map(repr, others[:8]))}" if others else ""
    yield f"{revenue.name!r} has only {revenue.distinct} different whole numbers: it may count pieces, and not money{numbers}"


def _several_dates(proposal: Roles, columns: list[Column]) -> Iterator[str]:
    day = proposal.columns.get("order_date")
    others = [column.name for column in columns if column.type == "day" and column.name != day]
    if day and others:
        yield f"{day!r} is taken as the day of the order; the other columns of days are {', '.join(map(repr, others[:6]))}"
