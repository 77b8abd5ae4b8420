"""What rejected texts look like, and what would have them read."""

import re

import duckdb
import pandas as pd

from clv.data.ids import BLANKS, UNSEEN
from clv.errors import Code

NOT_A_DAY = (
    "order_date is not a day written",
    "order_date is no possible day",
    "order_date is not written as data.date_format",
)
IMPLAUSIBLE = ("order_date lies before data.earliest_date", "order_date lies in the future")
NOT_A_NUMBER = "revenue is not a number"
EARLIEST, LATEST = 1990, 2069  # years of two digits are read as 1969 to 2068; a purchase of year 11 is none
FORMATS = [
    day + time
    for day in (
        "%Y-%m-%d", "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%d-%m-%Y", "%m-%d-%Y", "%Y/%m/%d", "%Y.%m.%d", "%Y-%d-%m", "%Y%m%d", "%d%m%Y", "%m%d%Y",
        "%d/%m/%y", "%m/%d/%y", "%d.%m.%y", "%d-%m-%y", "%y-%m-%d", "%y%m%d", "%d %b %Y", "%d-%b-%Y", "%d-%b-%y", "%b %d, %Y", "%d %B %Y", "%d. %B %Y",
        "%B %d, %Y", "%A, %B %d, %Y", "%a %Y-%m-%d", "%a, %d %b %Y",
    )
    for time in (
        "", " %H:%M", " %H:%M:%S", " %H:%M:%S.%f", " %I:%M %p", " %I:%M:%S %p", "T%H:%M:%S", "T%H%M%SZ", "T%H%M%S", "%H%M%S", " %H:%M:%S %z", " %H:%M:%S GMT",
    )
]  # fmt: skip
ZONE = "data.timezone=Europe/Berlin, or whose days count"
PLAIN = "export revenue as plain numbers"
WORDS = {
    Code.THOUSANDS: "a number with separated thousands",
    Code.DECIMAL_COMMA: "a number with a decimal comma",
    Code.DECIMAL_POINT: "a number with a decimal point",
}
AMOUNTS = {  # what an amount that cannot be read looks like -> code, words, what to do
    r".*\d.*%": (Code.PERCENT, "a percentage", PLAIN),
    r"\(.*\d.*\)|.*\d-": (Code.MINUS_STYLE, "a negative number of accountants", f"{PLAIN}, -12.50 for a return"),
    r"-?\d{1,3}(,\d\d)+,\d{3}(\.\d+)?": (Code.THOUSANDS, "lakhs and crores", f"{PLAIN}, without separators"),
    r"-?\d+[.,]": (Code.DECIMAL_POINT, "a number that ends with its point", f"{PLAIN}, 15 or 15.00"),
    r"[-+]?[\d.,]+[dD][-+]?\d+": (Code.DECIMAL_POINT, "an exponent of Fortran", f"{PLAIN}, or with an E"),
    r".*[٠-٩۰-۹０-９].*": (Code.DECIMAL_POINT, "digits that are not 0 to 9", f"{PLAIN}, with the digits 0 to 9"),
}  # fmt: skip
CURRENCY = Code.CURRENCY, "a number with a currency sign", f"{PLAIN}, without a currency"
SEPARATED = (
    r"[-+]?\d{1,3}(?:(?P<sign>[.,'’ \xa0\u202f\u2009])\d{3})(?:(?P=sign)\d{3})*(?:(?!(?P=sign))(?P<point>[.,])\d+)?"
)
TOO_MANY = (
    Code.TOO_MANY_REJECTS,
    "",
    "repair the export (every such row is in data_quality/rejected_rows.csv), or raise data.{limit}",
)


def looks_like(reason: str, rejected: pd.DataFrame) -> tuple[Code, str, str]:
    """Code, hint and fix for the commonest reason."""
    texts = rejected.loc[rejected["reason"] == reason, "value"].str.strip(BLANKS + UNSEEN)
    if reason.startswith(NOT_A_DAY):
        return Code.DATE_FORMAT, "", date_fix(texts)
    if reason.startswith(IMPLAUSIBLE) and (forms := formats(texts)):
        return Code.DATE_FORMAT, "", date_formats(forms)
    if reason.startswith(NOT_A_NUMBER):
        return amount_like(texts, "," if re.search(r"\d,\d+$", reason) else ".") or TOO_MANY
    return TOO_MANY


def setting(key: str, value: str) -> str:
    """As it is written on a command line, through the shell and Hydra."""
    value = " " if value in BLANKS else value
    plain = re.fullmatch(r"[\w%./:+-]+", value)
    quoted = value.replace("'", "\\'").replace("’", "\\'")
    return f"data.{key}={value}" if plain else f"\"data.{key}='{quoted}'\""


def formats(texts: pd.Series) -> list[str]:
    """Those under which nearly all of the days can be read, and lie in years that orders have."""
    days = texts.drop_duplicates().to_frame("text")
    days = days.iloc[:: 1 + len(days) // 200]  # of the whole file: in one month all days may be below 13
    some = days["text"].iloc[:: 1 + len(days) // 5]
    forms = [
        form for form in FORMATS if pd.to_datetime(some, format=form, errors="coerce").notna().any()
    ]  # few for DuckDB
    year = "YEAR(TRY_STRPTIME(text, '{}'))"
    tried = [f"COUNT(*) FILTER ({year.format(form)} BETWEEN {EARLIEST} AND {LATEST})" for form in forms]
    read = duckdb.connect().execute(f"SELECT {', '.join(['0', *tried])} FROM days").fetchone()[1:]
    return [form for form, count in zip(forms, read, strict=True) if count and count >= 0.9 * len(days)]


def date_formats(fits: list[str]) -> str:
    said = " or ".join(setting("date_format", form) for form in fits[:3])
    zone = f" and {ZONE}" if fits[0].endswith("%z") else ""
    return (f"{said}, whichever is meant" if len(fits) > 1 else said) + zone


def date_fix(texts: pd.Series) -> str:
    """The formats that fit; else what to export instead."""
    if texts.str.fullmatch(r"\d{5}(\.\d+)?|\d{9,10}(\.\d+)?|\d{13}|\d{16}|\d{19}").mean() > 0.5:
        return "export order_date as YYYY-MM-DD: these are numbers that count days or seconds"
    if forms := formats(texts):
        return date_formats(forms)
    return "export order_date as YYYY-MM-DD, or data.date_format=FORMAT if strptime can read it"


def amount_like(texts: pd.Series, decimal: str) -> tuple[Code, str, str] | None:
    """Code, hint and fix for what most of the amounts are; decimal: the sign that was read as the decimal point."""

    def most(pattern: str) -> bool:
        return texts.map(lambda text: re.fullmatch(pattern, text, re.ASCII) is not None).mean() > 0.5

    if most(rf"{SEPARATED}|[-+]?\d+[.,]\d+"):
        return separated(texts, decimal)
    for pattern, (code, words, fix) in AMOUNTS.items():
        if most(pattern):
            return code, f" ({words})", fix
    if most(r"[-+]?\d[\d.,' ]*\s?[^\d\s,]+|[^\d\s,]+\s?[-+]?\d.*|[-+][^\d\s,]+\d.*") and not most(r".*\d_\d.*"):
        code, words, fix = CURRENCY
        return code, f" ({words})", fix
    return None


def separated(texts: pd.Series, decimal: str) -> tuple[Code, str, str]:
    """Numbers whose separators are not those that were said: which they are."""
    found = texts.str.extract(f"^{SEPARATED}$")
    alone = texts.str.extract(r"^[-+]?(?:\d+([.,])(?:\d\d?|\d{4,})|\d{4,}([.,])\d+)$")
    points = pd.concat([found["point"], alone[0], alone[1]]).dropna()
    point = points.mode()[0] if len(points) else None
    signs = found["sign"].dropna()
    signs = signs[(signs != point) & ~(signs.eq(decimal) & (point is None))]
    sign = signs.mode()[0] if len(signs) else None
    if point is None and sign in (".", ","):
        either = f"{setting('thousands', sign)} or {setting('decimal', sign)}, whichever is meant"
        return Code.THOUSANDS, " (a number with separated thousands)", either
    said = [setting("decimal", point)] if point not in (None, decimal) else []
    said += [setting("thousands", sign or "null")] if sign or point == "." else []
    code = Code.THOUSANDS if point in (None, decimal) else Code.DECIMAL_COMMA if point == "," else Code.DECIMAL_POINT
    return code, f" ({WORDS[code]})", " and ".join(said) or PLAIN
