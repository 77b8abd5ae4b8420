"""All that is wrong with the columns of a history, in one answer."""

import duckdb
import pandas as pd

from clv.data.contract import Contract
from clv.data.places import Places
from clv.data.queries import fields, render
from clv.data.suggestions import TOO_MANY, looks_like
from clv.errors import InputError

_MOST = 0.5  # of the rows
_TEXTS = 10_000  # of a column


def faults(contract: Contract, connection: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    """Returns the distinct texts of each column that cannot be read: column, reason, value, rows, line."""
    tables = {"customer_id": "ids", "order_date": "dates"} | {name: f"amounts_{name}" for name in contract.amounts}
    made = {name for (name,) in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()}
    tables = {column: table for column, table in tables.items() if table in made}
    if not tables:
        return pd.DataFrame(columns=["column", "reason", "value", "rows", "line"])
    return connection.sql(render("faults", tables=tables, most=_TEXTS)).df()


def unreadable(contract: Contract, places: Places, connection: duckdb.DuckDBPyConnection) -> list[InputError]:
    """Returns the refusals of the columns that most rows cannot be read for, by one reason each."""
    texts = faults(contract, connection)
    rows = fields(connection, "SELECT SUM(n) AS number FROM customer_id_texts")["number"]
    errors = []
    for (column, reason), group in texts.groupby(["column", "reason"], sort=False):
        if group["rows"].sum() <= _MOST * rows:
            continue
        code, hint, fix = looks_like(reason, group)
        first = group.loc[group["line"].idxmin()]
        what = f"{group['rows'].sum():.0f} x {reason}, for example {first['value'][:60]!r}{hint}"
        errors.append(InputError(code, what=what, fix=_without_limit(fix), where=places.where(first["line"], column)))
    return errors


def further_fixes(texts: pd.DataFrame, rows: float, but: str) -> list[str]:
    """Returns what would have other columns read whose faults concern more than so many rows.

    Args: texts: of faults().   but: the column that is named already.
    """
    fixes = []
    for (column, reason), group in texts.groupby(["column", "reason"], sort=False):
        suggestion = looks_like(reason, group)
        if column != but and group["rows"].sum() > rows and suggestion is not TOO_MANY:
            fixes.append(_without_limit(suggestion.fix))
    return list(dict.fromkeys(fixes))


def together(errors: list[InputError]) -> InputError:
    """Returns one refusal that says them all; its code and its place are those of the first."""
    first, *others = errors
    also = "".join(f"; also [{error.code}] {error.what}, {error.where} -- fix: {error.fix}" for error in others)
    return InputError(first.code, what=first.what, fix=first.fix + also, where=first.where)


def _without_limit(fix: str) -> str:
    """The fix without what is said of every rejected row."""
    return fix.removesuffix(TOO_MANY.fix).removesuffix("; ") or "repair the export"
