"""What the texts of the columns mean. Each distinct text is judged once; what could mean two things is refused."""

from collections.abc import Callable
from functools import partial

import duckdb
import pyarrow as pa

from clv.data.amounts import type_amounts
from clv.data.contract import Contract
from clv.data.days import type_dates
from clv.data.header import key
from clv.data.ids import type_ids
from clv.data.layout import Layout
from clv.data.places import Places
from clv.data.queries import render
from clv.data.staging import Staging
from clv.data.together import together, unreadable
from clv.errors import Code, InputError


def judge(contract: Contract, layout: Layout, places: Places, staging: Staging) -> list[int]:
    """Makes the tables `ids`, `dates`, `amounts_NAME` and `header_lines` of what the texts of `raw` mean.

    Returns: the lines of the rows that are the header again.
    Raises:  InputError: a column as a whole could mean two things, or there are several currencies.
    """
    connection = staging.connection
    for column in contract.names:
        connection.execute(f"CREATE OR REPLACE TABLE {column}_texts (text VARCHAR, n BIGINT, line BIGINT)")
        for rows in staging.by_customer() if column == "customer_id" else ["FROM raw"]:
            connection.execute(render("distinct_texts", column=column, rows=rows))
    header_lines = _repeated_headers(contract, layout, places, connection)
    connection.register("lines", pa.table({"line": pa.array(header_lines, pa.int64())}))
    connection.execute("CREATE OR REPLACE TABLE header_lines AS FROM lines")
    connection.unregister("lines")
    _type_columns(contract, layout, places, connection)
    return header_lines


def type_rows(
    contract: Contract,
    layout: Layout,
    header_lines: list[int],
    sources: tuple[str, str],
    connection: duckdb.DuckDBPyConnection,
) -> None:
    """Makes the table `typed`: each row's customer, day and revenue, or the reason why it has none.

    Its column left_out, if it has one, names the key of the configuration by which a row does not count.

    Args: header_lines: of judge().   sources: queries for the rows and for the ids; rows without one of these ids are passed over.
    """
    rows, ids = sources
    query = render(
        "typed",
        rows=rows,
        ids=ids,
        amounts=contract.amounts,
        has_headers=bool(header_lines),
        cut_lines=layout.cut,
        most=contract.max_abs_revenue,
        leaves_out=contract.leaves_out,
        has_condition=bool(contract.where),
        currency=contract.main_currency if contract.has_currencies else None,
        factors=contract.factors,
        margin=contract.margin,
        latest_date=contract.latest_date,
        guests=contract.guests,
        drops_missing=contract.missing_id == "drop",
    )
    connection.execute(query)


def _type_columns(contract: Contract, layout: Layout, places: Places, connection: duckdb.DuckDBPyConnection) -> None:
    """Makes the tables of ids, dates and amounts. Raises: InputError: what is wrong with all of the columns, in one answer."""
    steps: list[Callable[[], None]] = [
        partial(type_ids, contract.guests, places, connection),
        partial(type_dates, contract, places, connection),
        *(partial(type_amounts, name, contract, places, connection) for name in contract.amounts),
    ]
    if layout.has_currency:
        steps.insert(0, partial(_check_currencies, contract, places, connection))
    errors = []
    for step in steps:
        try:
            step()
        except InputError as error:
            errors.append(
                error.with_traceback(None)
            )  # with it, the error would hold this frame, and the frame the error
    if errors:
        raise together(errors + unreadable(contract, places, connection))


def _check_currencies(contract: Contract, places: Places, connection: duckdb.DuckDBPyConnection) -> None:
    """Raises: InputError: the rows are in several currencies and none is chosen, none is in the chosen one, or one has no rate."""
    query = render("currencies", has_condition=bool(contract.where), whatever=bool(contract.rates))
    currencies = connection.execute(query).fetchall()
    shown = ", ".join(f"{rows} rows in {name}" for name, rows, _ in currencies[:10])
    if contract.rates:
        _refuse_without_rate(contract, currencies, places)
    elif contract.currency and contract.main_currency not in [name for name, *_ in currencies]:
        what = f"no row is in data.currency={contract.currency}; there are: {shown or 'no currencies'}"
        raise InputError(Code.CURRENCIES, what=what, fix="data.currency=NAME of these", where=places.path)
    if len(currencies) > 1 and not contract.currency:
        what = f"the rows are in {len(currencies)} currencies, and their amounts cannot be added: {shown}"
        fix = (
            f'data.currency={currencies[0][0]} leaves out the others; with "data.rates={{{currencies[1][0]}: RATE}}" as well, '
            f"a row in {currencies[1][0]} counts RATE times its amount"
        )
        raise InputError(Code.CURRENCIES, what=what, fix=fix, where=places.where(currencies[1][2], "currency"))


def _refuse_without_rate(contract: Contract, currencies: list[tuple[str, int, int]], places: Places) -> None:
    """Raises: InputError: rows are in currencies without a rate."""
    strangers = [each for each in currencies if each[0] != contract.main_currency and each[0] not in contract.factors]
    if strangers:
        shown = ", ".join(f"{rows} rows in {name[:20]!r}" for name, rows, _ in strangers[:10])
        what = f"data.rates has no rate to {contract.main_currency} for {shown}"
        fix = f"a rate for each in data.rates, or data.where=\"currency <> '{strangers[0][0][:20]}'\" leaves such rows out"
        raise InputError(Code.CURRENCIES, what=what, fix=fix, where=places.where(strangers[0][2], "currency"))


def _repeated_headers(
    contract: Contract, layout: Layout, places: Places, connection: duckdb.DuckDBPyConnection
) -> list[int]:
    """Lines of the rows that are the header again. Raises: InputError: with its columns in another order."""
    header = [key(name) for name in contract.names.values()]
    names, lines = {key(name) for name in layout.names}, []
    for line, *cells in _rows_of_names(names, contract, connection):
        keys = [key(cell or "") for cell in cells]
        if keys == header:
            lines.append(line)
        elif all(name in names and name for name in keys):
            what = "a second header with its columns in another order: two files were joined"
            fix = "export them one by one, and join them by name"
            raise InputError(Code.MIXED_HEADERS, what=what, fix=fix, where=places.where(line))
    return lines


def _rows_of_names(names: set[str], contract: Contract, connection: duckdb.DuckDBPyConnection) -> list[tuple]:
    """Line and texts of the rows whose amount is the name of a column."""
    amount = contract.amounts[0]
    texts = connection.execute(f"SELECT text FROM {amount}_texts WHERE TRY_CAST(text AS DOUBLE) IS NULL").fetchall()
    words = [text for (text,) in texts if key(text) in names]
    if not words:
        return []
    query = f"SELECT line, {', '.join(contract.names)} FROM raw WHERE {amount} IN ?"
    return connection.execute(query, [words]).fetchall()
