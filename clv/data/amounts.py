"""Which amount a text of revenue, quantity, unit price or refund means; amounts that could mean two numbers are refused."""

import re

import duckdb

from clv.data.contract import Contract
from clv.data.ids import BLANKS, UNSEEN
from clv.data.places import Places
from clv.data.queries import render, row
from clv.errors import Code, InputError

_SEPARATORS = {
    " ": "[ \xa0\u202f\u2009]",
    "'": "['’]",
    "": "[^\\s\\S]",
}  # as regular expressions; the last matches nothing
_SOFT_HYPHEN = "\xad"
_MOST = 0.5  # of the rows


def type_amounts(name: str, contract: Contract, places: Places, connection: duckdb.DuckDBPyConnection) -> None:
    """Makes the table `amounts_NAME` of the table `NAME_texts`: each text's amount, or the reason why it is not one.

    A currency sign that most amounts carry is left out; an amount with another one is not read.

    Raises: InputError: one sign has two meanings, or most points could separate thousands as well as decimals.
    """
    connection.execute(_query(name, contract, places.path, None))
    if sign := _currency(name, connection):
        connection.execute(_query(name, contract, places.path, sign))
    if not contract.decimal and not contract.thousands:
        _refuse_two_meanings(name, places, connection)


def _query(name: str, contract: Contract, path: str, currency: str | None) -> str:
    decimal = contract.decimal or ("," if contract.thousands == "." else ".")
    thousands = contract.thousands or ""
    if decimal == thousands:
        what = f"data.decimal={decimal} and data.thousands={thousands} are one sign"
        raise InputError(Code.THOUSANDS, what=what, fix="data.thousands=null, or another sign", where=path)
    point, separators = re.escape(decimal), _SEPARATORS.get(thousands, re.escape(thousands))
    return render(
        "amounts",
        name=name,
        number=rf"[-+]?(\d+({point}\d+)?|{point}\d+)([eE][-+]?\d+)?",
        grouped=rf"[-+]?\d{{1,3}}({separators}\d{{3}})+({point}\d+)?",
        separators=separators,
        decimal=decimal,
        currency=re.escape(currency) if currency else None,
        negative_style=contract.negative_style,
        most=contract.max_abs_revenue,
        unseen=BLANKS + UNSEEN.replace(_SOFT_HYPHEN, ""),  # it may have been a minus
    )


def _currency(name: str, connection: duckdb.DuckDBPyConnection) -> str | None:
    """The sign that most amounts carry; it is looked for where most of them cannot be read."""
    unread = f"SELECT SUM(n) FILTER (amount IS NULL AND amount_text <> '') / SUM(n) FROM amounts_{name}"
    if (row(connection, unread)[0] or 0) <= _MOST:
        return None
    signs = connection.execute(render("amounts_currency", name=name)).fetchall()
    return signs[0][0] if signs else None


def _refuse_two_meanings(name: str, places: Places, connection: duckdb.DuckDBPyConnection) -> None:
    rows, others, line, example = row(connection, render("amounts_of_two_meanings", name=name))
    if rows and (not others or (rows >= 2 and rows > others)):
        what = f"{rows:.0f} rows have {name} like {example!r}, which is both a thousand and a number with decimals"
        fix = "data.decimal=. where the point is a decimal point, data.thousands=. where it separates thousands"
        raise InputError(Code.AMBIGUOUS_REVENUE, what=what, fix=fix, where=places.where(line, name))
