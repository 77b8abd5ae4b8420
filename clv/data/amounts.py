"""Which amount a text of revenue means; amounts that could mean two numbers are refused."""

import re

import duckdb

from clv.data.contract import Contract
from clv.data.ids import BLANKS, UNSEEN
from clv.data.queries import render, row
from clv.errors import Code, InputError

_SEPARATORS = {
    " ": "[ \xa0\u202f\u2009]",
    "'": "['’]",
    "": "[^\\s\\S]",
}  # as regular expressions; the last matches nothing


def type_revenues(contract: Contract, path: str, connection: duckdb.DuckDBPyConnection) -> None:
    """Makes the table `revenues` of the table `revenue_texts`: each text's amount, or the reason why it is not one.

    Raises: InputError: one sign has two meanings, or most points could separate thousands as well as decimals.
    """
    decimal = contract.decimal or ("," if contract.thousands == "." else ".")
    thousands = contract.thousands or ""
    if decimal == thousands:
        what = f"data.decimal={decimal} and data.thousands={thousands} are one sign"
        raise InputError(Code.THOUSANDS, what=what, fix="data.thousands=null, or another sign", where=path)
    point, separators = re.escape(decimal), _SEPARATORS.get(thousands, re.escape(thousands))
    query = render(
        "amounts",
        number=rf"[-+]?(\d+({point}\d+)?|{point}\d+)([eE][-+]?\d+)?",
        grouped=rf"[-+]?\d{{1,3}}({separators}\d{{3}})+({point}\d+)?",
        separators=separators,
        decimal=decimal,
        most=contract.max_abs_revenue,
        unseen=BLANKS + UNSEEN,
    )
    connection.execute(query)
    if not contract.decimal and not contract.thousands:
        _refuse_two_meanings(path, connection)


def _refuse_two_meanings(path: str, connection: duckdb.DuckDBPyConnection) -> None:
    rows, others, line, example = row(connection, render("amounts_of_two_meanings"))
    if rows and (not others or (rows >= 2 and rows > others)):
        what = f"{rows:.0f} rows have revenue like {example!r}, which is both a thousand and a number with decimals"
        fix = "data.decimal=. where the point is a decimal point, data.thousands=. where it separates thousands"
        raise InputError(Code.AMBIGUOUS_REVENUE, what=what, fix=fix, where=f"{path}:{line}, revenue")
