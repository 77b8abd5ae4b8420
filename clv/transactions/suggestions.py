"""What rejected texts look like, and what would have them read."""

import re

import duckdb
import pandas as pd

NOT_A_DAY = (
    "order_date is not a day written",
    "order_date is no possible day",
    "order_date is not written as data.date_format",
)
NOT_A_NUMBER = "revenue is not a number"
FORMATS = [
    day + time
    for day in (
        "%Y-%m-%d", "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%d-%m-%Y", "%m-%d-%Y", "%Y/%m/%d", "%Y.%m.%d", "%Y-%d-%m", "%Y%m%d", "%d/%m/%y", "%m/%d/%y",
        "%d.%m.%y", "%d-%m-%y", "%y-%m-%d", "%d %b %Y", "%d-%b-%Y", "%d-%b-%y", "%b %d, %Y", "%d %B %Y", "%B %d, %Y",
    )
    for time in ("", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p", "T%H:%M:%S")
]  # fmt: skip
AMOUNTS = {  # what an amount that cannot be read looks like -> code, words, what to do
    r"-?\d+,\d{1,2}|-?\d+,\d{4,}|-?\d{1,3}([. \xa0\u202f'’]\d{3})+,\d+": (
        "DECIMAL_COMMA", "a number with a decimal comma", "data.decimal=',' (and data.thousands=. where points separate thousands)"),
    r"-?\d{1,3}([,'’ \xa0\u202f]\d{3})+(\.\d+)?": ("THOUSANDS", "a number with separated thousands", "data.thousands=',' (or a blank, or an apostrophe), or data.decimal=','"),
    r"-?\d{1,3}(\.\d{3})+": ("THOUSANDS", "a number with separated thousands", "data.thousands=."),
    r"-?\d+\.\d+": ("DECIMAL_POINT", "a number with a decimal point", "data.decimal=."),
    r".*\d.*%": ("PERCENT", "a percentage", "export revenue as plain numbers"),
    r"\(.*\d.*\)|.*\d-": ("MINUS_STYLE", "a negative number of accountants", "export revenue as plain numbers, -12.50 for a return"),
    r".*\d ?[^\d\s.,]+|[^\d\s.,]+ ?-?\d.*|-[^\d\s.,]+\d.*": ("CURRENCY", "a number with a currency sign", "export revenue as plain numbers, without a currency"),
}  # fmt: skip

TOO_MANY = (
    "TOO_MANY_REJECTS",
    "",
    "repair the export (every such row is in data_quality/rejected_rows.csv), or raise data.{limit}",
)


def looks_like(reason: str, rejected: pd.DataFrame) -> tuple[str, str, str]:
    """Code, hint and fix for the commonest reason."""
    texts = rejected.loc[rejected["reason"] == reason, "value"].str.strip()
    if reason.startswith(NOT_A_DAY):
        return "DATE_FORMAT", "", date_fix(texts)
    if reason.startswith(NOT_A_NUMBER):
        for pattern, (code, words, fix) in AMOUNTS.items():
            if texts.map(lambda text: re.fullmatch(pattern, text) is not None).mean() > 0.5:
                return code, f" ({words})", fix
    return TOO_MANY


def date_fix(texts: pd.Series) -> str:
    """The formats under which most of the days can be read; which of them is meant only a person knows."""
    days = texts.drop_duplicates().head(1000).to_frame("text")
    tried = ", ".join(f"COUNT(TRY_STRPTIME(text, '{form}'))" for form in FORMATS)
    read = duckdb.connect().execute(f"SELECT {tried} FROM days").fetchone()
    fits = [form for form, count in zip(FORMATS, read, strict=True) if count and count >= 0.9 * len(days)]
    fits = [
        form for form in fits if not form.endswith("%Y") or not days["text"].str.fullmatch(r".*\D\d\d").mean() > 0.5
    ]
    if fits:
        return " or ".join(f"data.date_format='{form}'" for form in fits[:3]) + ", whichever is meant"
    return "data.date_format=%d/%m/%Y, or however it is written; or export order_date as YYYY-MM-DD"
