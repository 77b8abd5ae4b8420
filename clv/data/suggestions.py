"""What rejected texts look like, and what would have them read."""

import datetime as dt
import re
from typing import NamedTuple

import pandas as pd

from clv.data.date_formats import fitting, pairs
from clv.data.ids import BLANKS, UNSEEN
from clv.errors import Code

_NOT_A_DAY = (
    "order_date is not a day written",
    "order_date is not a possible day",
    "order_date is not written as data.date_format",
)
_IMPLAUSIBLE = ("order_date lies before data.earliest_date", "order_date lies in the future")
_ISO_DAY = r"\d{4}-\d\d-\d\d(?!\d)"
_NOT_A_NUMBER = re.compile(r"(revenue|quantity|unit_price|refund|cost) is not a number")
_ASCENDING = "the first is the one under which days ascend most with the file"
_ZONE = "data.timezone=Europe/Berlin, or whose days count"
_PLAIN = "export revenue as plain numbers"
_HINTS = {
    Code.THOUSANDS: " (a number with separated thousands)",
    Code.DECIMAL_COMMA: " (a number with a decimal comma)",
    Code.DECIMAL_POINT: " (a number with a decimal point)",
}


class Suggestion(NamedTuple):
    """code: of the refusal.   hint: what the values look like, in brackets, or empty.   fix: what would have them read."""

    code: Code
    hint: str
    fix: str


TOO_MANY = Suggestion(
    Code.TOO_MANY_REJECTS,
    "",
    "repair the export (every such row is in data_quality/rejected_rows.csv), or raise data.{limit}",
)
_MISSING_ID = Suggestion(
    Code.TOO_MANY_REJECTS,
    "",
    f"data.missing_id=drop leaves such rows out, and says their share of revenue; {TOO_MANY.fix}",
)
_AMOUNTS = {  # what an amount that cannot be read looks like
    r".*\d.*%": Suggestion(Code.PERCENT, " (a percentage)", _PLAIN),
    r"[^\d]*\(.*\d.*\)": Suggestion(
        Code.MINUS_STYLE, " (a negative number of accountants)", "data.negative_style=parentheses"
    ),
    r".*\d\s*-": Suggestion(
        Code.MINUS_STYLE, " (a negative number with its minus behind)", "data.negative_style=trailing_minus"
    ),
    r"-?\d{1,3}(,\d\d)+,\d{3}(\.\d+)?": Suggestion(
        Code.THOUSANDS, " (lakhs and crores)", f"{_PLAIN}, without separators"
    ),
    r"-?\d+[.,]": Suggestion(Code.DECIMAL_POINT, " (a number that ends with its point)", f"{_PLAIN}, 15 or 15.00"),
    r"[-+]?[\d.,]+[dD][-+]?\d+": Suggestion(Code.DECIMAL_POINT, " (an exponent of Fortran)", f"{_PLAIN}, or with an E"),
    r".*[٠-٩۰-۹０-９].*": Suggestion(
        Code.DECIMAL_POINT, " (digits that are not 0 to 9)", f"{_PLAIN}, with the digits 0 to 9"
    ),
}
_CURRENCY = Suggestion(
    Code.CURRENCY, " (a number with a currency sign that most do not carry)", f"{_PLAIN}, in one currency"
)
COUNTED_TIME = {  # what days as numbers look like -> value of data.date_format, what they count
    r"\d{5}([.,]\d+)?": ("excel", "days"),
    r"\d{9,10}(\.\d+)?": ("unix", "seconds"),
    r"\d{13}": ("unix_ms", "milliseconds"),
}
_TOO_FINE = r"\d{16}|\d{19}"
_WITH_SIGNS = r"[-+]?\d[\d.,' ]*\s?[^\d\s,]+|[^\d\s,]+\s?[-+]?\d.*|[-+][^\d\s,]+\d.*"  # of currencies
_SEPARATED = (
    r"[-+]?\d{1,3}(?:(?P<sign>[.,'’ \xa0\u202f\u2009])\d{3})(?:(?P=sign)\d{3})*(?:(?!(?P=sign))(?P<point>[.,])\d+)?"
)
_POINT_ALONE = r"[-+]?(?:\d+([.,])(?:\d\d?|\d{4,})|\d{4,}([.,])\d+)"


def looks_like(reason: str, rejected: pd.DataFrame) -> Suggestion:
    """Returns what the values of the commonest reason look like.

    Args: reason: of rejected rows.   rejected: line, column, value, reason.
    """
    texts = rejected.loc[rejected["reason"] == reason, "value"].str.strip(BLANKS + UNSEEN)
    if reason.startswith(_NOT_A_DAY):
        return Suggestion(Code.DATE_FORMAT, "", _date_fix(texts))
    if reason.startswith(_IMPLAUSIBLE):
        return _implausible(reason, texts)
    if reason == "customer_id is missing":
        return _MISSING_ID
    if _NOT_A_NUMBER.match(reason):
        return _amount_like(texts, "," if re.search(r"\d,\d+$", reason) else ".") or TOO_MANY
    return TOO_MANY


def _implausible(reason: str, texts: pd.Series) -> Suggestion:
    """Days that no order can have: another format reads them otherwise, or they can be left out."""
    if not texts.str.match(_ISO_DAY).all():
        return Suggestion(Code.DATE_FORMAT, "", _name_formats(forms)) if (forms := fitting(texts)) else TOO_MANY
    if reason.startswith("order_date lies before"):
        return TOO_MANY
    latest = dt.date.fromisoformat(texts.min()[:10]) - dt.timedelta(days=1)
    fix = f"data.latest_date={latest} leaves them out, and says their share; {TOO_MANY.fix}"
    return Suggestion(Code.TOO_MANY_REJECTS, " (orders that are yet to come)", fix)


def _setting(name: str, value: str) -> str:
    """As it is written on a command line, through the shell and Hydra."""
    value = " " if value in BLANKS else value
    quoted = value.replace("'", "\\'").replace("’", "\\'")
    is_plain = re.fullmatch(r"[\w%./:+-]+", value)
    return f"data.{name}={value}" if is_plain else f"\"data.{name}='{quoted}'\""


def _name_formats(forms: list[str]) -> str:
    settings = " or ".join(_setting("date_format", form) for form in forms[:3])
    zone = f" and {_ZONE}" if forms[0].endswith("%z") else ""
    return (f"{settings}, whichever is meant" if len(forms) > 1 else settings) + zone


def _date_fix(texts: pd.Series) -> str:
    """The formats that fit; else what to export instead."""
    for pattern, (name, unit) in COUNTED_TIME.items():
        if texts.str.fullmatch(pattern).mean() > 0.5:
            return f"data.date_format={name}, if these numbers count {unit}"
    if texts.str.fullmatch(_TOO_FINE).mean() > 0.5:
        return "export order_date as YYYY-MM-DD: these numbers count parts of a second"
    if forms := fitting(texts):
        return _name_formats(forms)
    if two := pairs(texts):
        return f"{_name_formats(two)}: two formats in one column" + (f"; {_ASCENDING}" if len(two) > 1 else "")
    return "export order_date as YYYY-MM-DD, or data.date_format=FORMAT if strptime can read it"


def _amount_like(texts: pd.Series, decimal: str) -> Suggestion | None:
    """What most of the amounts are; None: nothing known.   decimal: the sign that was read as the decimal point."""

    def are(pattern: str) -> bool:
        return texts.map(lambda text: re.fullmatch(pattern, text, re.ASCII) is not None).mean() > 0.5

    if are(rf"{_SEPARATED}|[-+]?\d+[.,]\d+"):
        return _separated(texts, decimal)
    for pattern, suggestion in _AMOUNTS.items():
        if are(pattern):
            return suggestion
    return _CURRENCY if are(_WITH_SIGNS) and not are(r".*\d_\d.*") else None


def _separated(texts: pd.Series, decimal: str) -> Suggestion:
    """Numbers whose separators are not those of the configuration: which they are."""
    point, sign = separators(texts, decimal)
    if point is None and sign in (".", ","):
        either = f"{_setting('thousands', sign)} or {_setting('decimal', sign)}, whichever is meant"
        return Suggestion(Code.THOUSANDS, _HINTS[Code.THOUSANDS], either)
    settings = [_setting("decimal", point)] if point not in (None, decimal) else []
    settings += [_setting("thousands", sign or "null")] if sign or point == "." else []
    code = Code.THOUSANDS if point in (None, decimal) else Code.DECIMAL_COMMA if point == "," else Code.DECIMAL_POINT
    return Suggestion(code, _HINTS[code], " and ".join(settings) or _PLAIN)


def separators(texts: pd.Series, decimal: str) -> tuple[str | None, str | None]:
    """Returns the commonest sign before decimals, and the commonest between thousands; None where there is none.

    Args: decimal: the sign that is read as the decimal point.
    """
    parts = texts.str.extract(f"^{_SEPARATED}$")
    alone = texts.str.extract(f"^{_POINT_ALONE}$")
    points = pd.concat([parts["point"], alone[0], alone[1]]).dropna()
    point = points.mode()[0] if len(points) else None
    signs = parts["sign"].dropna()
    signs = signs[(signs != point) & ~(signs.eq(decimal) & (point is None))]
    return point, signs.mode()[0] if len(signs) else None
