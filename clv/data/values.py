"""What the texts of the three columns mean. Each distinct text is judged once; what could mean two things is refused."""

import re
from dataclasses import dataclass

import duckdb

from clv.data.ids import BLANKS, UNSEEN, type_ids
from clv.data.layout import Layout, key
from clv.errors import Code, InputError

ISO = (  # groups that capture would make this three times slower
    r"\d{4}-\d{2}-\d{2}(?:[Tt ](?:[01]\d|2[0-3])(?::[0-5]\d){1,2}(?:[.,]\d{1,9})?"
    r"(?: ?(?:Z|z|UTC|GMT|[+-](?:0\d|1[0-4]):?(?:[0-5]\d)?))?)?"
)
DISTINCT = """
CREATE OR REPLACE TABLE {name}_texts AS
SELECT COALESCE({name}, '') AS text, COUNT(*) AS n, MIN(line) AS line FROM raw GROUP BY 1"""

DATES = r"""
CREATE OR REPLACE TABLE dates AS
WITH plain AS (SELECT *, {trimmed} AS day_text FROM order_date_texts),
shaped AS (SELECT *, {readable} AS readable,
                  CASE WHEN NOT {iso_only} OR LENGTH(day_text) <= 10 THEN NULL
                       WHEN SUFFIX(day_text, 'Z') THEN 'Z'
                       ELSE REPLACE(REGEXP_EXTRACT(SUBSTR(day_text, 11), '(Z|z|UTC|GMT|[+-]\d\d:?(\d\d)?)$', 1), ':', '') END AS zone
           FROM plain),
zoned AS (SELECT *, {as_written} AS written,
                 CASE WHEN zone = '' THEN NULL WHEN zone IN ('Z', 'z', 'UTC', 'GMT') THEN 0
                      ELSE CAST(LEFT(zone, 1) || '1' AS INTEGER)
                           * (CAST(SUBSTR(zone, 2, 2) AS INTEGER) * 60 + COALESCE(TRY_CAST(SUBSTR(zone, 4, 2) AS INTEGER), 0)) END AS offset_minutes
          FROM shaped),
days AS (SELECT *, CAST({day} AS DATE) AS day FROM zoned)
SELECT text, n, line, day, offset_minutes,
       CASE WHEN day_text = '' THEN 'order_date is missing'
            WHEN day IS NULL AND regexp_matches(day_text, '^\d{{4}}-\d\d-\d\d') AND {iso_only} THEN 'order_date is no possible day and time'
            WHEN day IS NULL THEN {not_a_day}
            WHEN day >= DATE '{latest}' THEN 'order_date lies in the future'
            WHEN day < DATE '{earliest}' THEN 'order_date lies before data.earliest_date={earliest}' END AS why
FROM days"""

REVENUES = r"""
CREATE OR REPLACE TABLE revenues AS
WITH plain AS (SELECT *, REPLACE({trimmed}, '−', '-') AS amount_text FROM revenue_texts),
numbers AS (SELECT *, CASE WHEN regexp_full_match(amount_text, {number}) OR regexp_full_match(amount_text, {grouped})
                           THEN REPLACE(REGEXP_REPLACE(amount_text, {separators}, '', 'g'), {decimal}, '.') END AS number_text
            FROM plain),
amounts AS (SELECT *, TRY_CAST(number_text AS DECIMAL(18,4)) AS amount,
                   REGEXP_REPLACE(amount_text, '[^0-9.,]', '', 'g') AS digits FROM numbers),
estimates AS (SELECT *, COALESCE(ABS(CAST(amount AS DOUBLE)), TRY_CAST(
                          CASE WHEN number_text IS NOT NULL THEN number_text
                               WHEN regexp_matches(amount_text, '\d *[-/:] *\d') THEN NULL
                               WHEN regexp_matches(digits, '[.,]\d{{1,2}}$')
                               THEN REGEXP_REPLACE(REGEXP_REPLACE(digits, '[.,]\d{{1,2}}$', ''), '[.,]', '', 'g') || '.'
                                    || REGEXP_EXTRACT(digits, '[.,](\d{{1,2}})$', 1)
                               ELSE REGEXP_REPLACE(digits, '[.,]', '', 'g') END AS DOUBLE)) AS estimate FROM amounts)
SELECT text, n, line, amount, amount_text,
       CASE WHEN ABS(estimate) <= {most} THEN ABS(estimate) ELSE 0 END AS estimate,
       text LIKE '%−%' AS other_minus,
       COALESCE(ABS(TRY_CAST(number_text AS DOUBLE) - CAST(amount AS DOUBLE)) > 1e-6, false) AS rounded,
       CASE WHEN amount_text = '' THEN 'revenue is missing'
            WHEN regexp_full_match(LOWER(amount_text), '[-+]?(inf|infinity|nan)') THEN 'revenue is not finite'
            WHEN number_text IS NULL THEN 'revenue is not a number like ' || {example}
            WHEN amount IS NULL OR ABS(amount) > {most} THEN 'revenue is beyond data.max_abs_revenue={most:g}' END AS why
FROM estimates"""

TYPED = """
CREATE OR REPLACE TABLE typed AS
SELECT r.line, i.customer_id, i.why IS NULL AND NOT {header} AS known, r.customer_id AS id_text, r.order_date AS date_text,
       r.revenue AS revenue_text, d.day AS order_date, v.amount AS revenue, v.estimate,
       CASE WHEN {header} THEN 'customer_id repeats the header'
            WHEN r.line = {cut} THEN 'revenue cannot be trusted: the file ends in the middle of this row'
            ELSE COALESCE(i.why, d.why, v.why) END AS reason
FROM raw r JOIN ids i ON COALESCE(r.customer_id, '') = i.text JOIN dates d ON COALESCE(r.order_date, '') = d.text
     JOIN revenues v ON COALESCE(r.revenue, '') = v.text"""


@dataclass(frozen=True)
class Contract:
    """What conf/data says of the file, and the days that its dates lie between.

    columns: our name -> the file's, of customer_id, order_date and revenue.   latest: an order on or after it lies in the future.
    as_of: rows from it on are counted.   decimal, thousands: None is a point, and nothing; what could be both is refused.
    date_format: of strptime; None is ISO 8601.   timezone: whose days count where offsets are mixed.
    """

    columns: dict[str, str]
    latest: str
    earliest_date: str = "1990-01-01"
    as_of: str | None = None
    decimal: str | None = None
    thousands: str | None = None
    date_format: str | None = None
    timezone: str | None = None
    max_abs_revenue: float = 1e9


def type_all(contract: Contract, layout: Layout, path: str, connection: duckdb.DuckDBPyConnection) -> None:
    """Make the table `typed` of the table `raw`: each row's customer, day and revenue, or the reason why it has none.

    Raises: InputError: a column as a whole could mean two things.
    """
    for name in ("customer_id", "order_date", "revenue"):
        connection.execute(DISTINCT.format(name=name))
    header = repeated_header(contract, layout, path, connection)
    type_ids(path, connection)
    type_dates(contract, path, connection)
    type_revenues(contract, path, connection)
    connection.execute(TYPED.format(header=header, cut=layout.cut or -1))
    connection.execute("DROP TABLE raw")


def literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


TRIMMED = (  # TRIM of more than blanks is slow, and hardly ever has something to do
    "CASE WHEN STRLEN(text) = LENGTH(text) AND NOT CONTAINS(text, CHR(9)) THEN TRIM(text) "
    f"ELSE TRIM(text, {literal(BLANKS + UNSEEN)}) END"
)


def type_dates(contract: Contract, path: str, connection: duckdb.DuckDBPyConnection) -> None:
    form, zone = contract.date_format, contract.timezone
    if form and "%z" in form and not zone:
        what = f"data.date_format={form} reads UTC offsets, and nothing says whose days count"
        raise InputError(
            Code.MIXED_OFFSETS, what=what, fix="data.timezone=Europe/Berlin, or whose days count", where=path
        )
    iso = f"regexp_full_match(day_text, '{ISO}')"
    written = "CASE WHEN readable THEN TRY_CAST(LEFT(day_text, 10) AS DATE) END"
    day = "written"
    if zone:
        moment = (
            "CAST(written AS TIMESTAMP) + TRY_CAST(REGEXP_EXTRACT(day_text, '\\d\\d:\\d\\d(:\\d\\d)?') AS INTERVAL)"
        )
        utc = f"timezone('UTC', {moment} - TO_MINUTES(offset_minutes))"
        day = f"CASE WHEN offset_minutes IS NULL THEN written ELSE timezone({literal(zone)}, {utc}) END"
    not_a_day = "order_date is not a day written YYYY-MM-DD"
    if form:
        iso, written, day = "true", f"TRY_STRPTIME(day_text, {literal(form)})", "written"
        if "%z" in form and zone:
            written = f"timezone({literal(zone)}, TRY_STRPTIME(day_text, {literal(form)}))"
        not_a_day = f"order_date is not written as data.date_format={form}"
    try:
        connection.execute(
            DATES.format(
                trimmed=TRIMMED,
                readable=iso,
                iso_only="false" if form else "true",
                as_written=written,
                day=day,
                not_a_day=literal(not_a_day),
                latest=contract.latest,
                earliest=contract.earliest_date,
            )
        )
    except duckdb.Error as error:
        what = f"data.date_format={form!r} or data.timezone={zone!r} is not understood: {str(error).splitlines()[0]}"
        raise InputError(
            Code.DATE_FORMAT, what=what, fix="a format like %d/%m/%Y, a zone like Europe/Berlin", where=path
        ) from error
    if not zone:
        refuse_mixed_offsets(path, connection)


def refuse_mixed_offsets(path: str, connection: duckdb.DuckDBPyConnection) -> None:
    found = connection.execute(
        "SELECT offset_minutes, SUM(n), MIN(line), ARG_MIN(text, line) FROM dates WHERE day IS NOT NULL "
        "GROUP BY 1 ORDER BY 2 DESC, 3"
    ).fetchall()
    if len(found) > 1:
        said = ", ".join(f"{rows:.0f} rows like {text!r}" for _, rows, _, text in found[:3])
        what = f"time stamps of {len(found)} UTC offsets (or of none) beside one another: {said}"
        where = f"{path}:{found[1][2]}, order_date"
        raise InputError(
            Code.MIXED_OFFSETS, what=what, fix="data.timezone=Europe/Berlin, or whose days count", where=where
        )


def type_revenues(contract: Contract, path: str, connection: duckdb.DuckDBPyConnection) -> None:
    decimal = contract.decimal or ("," if contract.thousands == "." else ".")
    thousands = contract.thousands or ""
    if decimal == thousands:
        what = f"data.decimal={decimal} and data.thousands={thousands} are one sign"
        raise InputError(Code.THOUSANDS, what=what, fix="data.thousands=null, or another sign", where=path)
    signs = {" ": "[ \xa0\u202f\u2009]", "'": "['’]", "": "[^\\s\\S]"}.get(thousands, re.escape(thousands))
    point = re.escape(decimal)
    number = rf"[-+]?(\d+({point}\d+)?|{point}\d+)([eE][-+]?\d+)?"
    grouped = rf"[-+]?\d{{1,3}}({signs}\d{{3}})+({point}\d+)?"
    connection.execute(
        REVENUES.format(
            trimmed=TRIMMED,
            number=literal(number),
            grouped=literal(grouped),
            separators=literal(signs),
            decimal=literal(decimal),
            most=contract.max_abs_revenue,
            example=literal(f"-1234{decimal}50"),
        )
    )
    if not contract.decimal and not contract.thousands:
        refuse_ambiguous(path, connection)


def refuse_ambiguous(path: str, connection: duckdb.DuckDBPyConnection) -> None:
    """Raises: InputError: most points could separate thousands as well as decimals."""
    either = r"regexp_full_match(amount_text, '[-+]?[1-9]\d{0,2}(\.\d{3})+')"
    pointed = r"regexp_full_match(amount_text, '[-+]?[\d.]+([eE][-+]?\d+)?') AND amount_text LIKE '%.%'"
    rows, others, line, example = connection.execute(
        f"SELECT SUM(n) FILTER ({either}), SUM(n) FILTER ({pointed} AND NOT {either}), MIN(line) FILTER ({either}), "
        f"ARG_MIN(text, line) FILTER ({either}) FROM revenues"
    ).fetchone()
    if rows and (not others or rows >= 2 and rows > others):
        what = f"{rows:.0f} rows have revenue like {example!r}, which is both a thousand and a number with decimals"
        fix = "data.decimal=. where the point is a decimal point, data.thousands=. where it separates thousands"
        raise InputError(Code.AMBIGUOUS_REVENUE, what=what, fix=fix, where=f"{path}:{line}, revenue")


def repeated_header(contract: Contract, layout: Layout, path: str, connection: duckdb.DuckDBPyConnection) -> str:
    """SQL that holds for a row of `raw` that is the header again. Raises: InputError: with its columns in another order."""
    wanted = [key(contract.columns[name]) for name in ("customer_id", "order_date", "revenue")]
    names, same = {key(name) for name in layout.names}, []
    words = connection.execute("SELECT text FROM revenue_texts WHERE TRY_CAST(text AS DOUBLE) IS NULL").fetchall()
    words = [text for (text,) in words if key(text) in names]
    rows = connection.execute("SELECT line, customer_id, order_date, revenue FROM raw WHERE revenue IN ?", [words])
    for line, *cells in rows.fetchall() if words else ():
        found = [key(cell or "") for cell in cells]
        if found == wanted:
            same.append(line)
        elif all(name in names and name for name in found):
            what = "a second header with its columns in another order: two files were joined"
            raise InputError(
                Code.MIXED_HEADERS,
                what=what,
                fix="export them one by one, and join them by name",
                where=f"{path}:{line}",
            )
    return f"r.line IN ({', '.join(map(str, same))})" if same else "false"
