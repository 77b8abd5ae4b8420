"""How much may be wrong: the refusal of a history, and the warnings below it."""

import re
from dataclasses import dataclass

import duckdb
import pandas as pd

from clv.errors import InputError

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


@dataclass(frozen=True)
class Limits:
    """Above which the history is refused: shares of the rows, of absolute revenue, of customers; and above which it is said."""

    max_rejected_share: float
    max_rejected_rows: int
    max_rejected_revenue_share: float
    max_lost_customers_share: float
    warn_share: float


def shares(quality: dict) -> dict[str, float]:
    """Of the rows, of the absolute revenue and of the customers, that is lost with the rejects."""
    money = quality["rejected_absolute_revenue"] + quality["accepted_absolute_revenue"]
    return {
        "rejected_share": quality["rejected_rows"] / max(quality["rows"], 1),
        "rejected_revenue_share": quality["rejected_absolute_revenue"] / money if money else 0.0,
        "lost_customers_share": quality["lost_customers"] / max(quality["known_customers"], 1),
    }


def exceeded(quality: dict, limits: Limits) -> list[tuple[str, str]]:
    """The limits that are: key, and what was found."""
    lost = shares(quality)
    facts = {
        "rejected_share": f"{quality['rejected_rows']} of {quality['rows']} rows cannot be read",
        "rejected_revenue_share": f"rows with {lost['rejected_revenue_share']:.2%} of absolute revenue cannot be read",
        "lost_customers_share": f"{quality['lost_customers']} of {quality['known_customers']} customers lose every row",
    }
    found = [
        (f"max_{name}", facts[name]) for name, share in lost.items() if not share <= getattr(limits, f"max_{name}")
    ]
    if quality["rejected_rows"] > limits.max_rejected_rows:
        found.append(("max_rejected_rows", facts["rejected_share"]))
    if not quality["customers"]:
        found.insert(0, ("max_rejected_share", f"{facts['rejected_share']}, so there are no purchases"))
    return found


def refusal(quality: dict, rejected: pd.DataFrame, limits: Limits, path: str) -> InputError | None:
    """Why the history is refused; None when it is not. Names the three commonest reasons, each with an example."""
    found = exceeded(quality, limits)
    if not found:
        return None
    limit, said = found[0]
    said += f" (more than data.{limit}={getattr(limits, limit):g})"
    common = commonest(rejected)
    first = common.iloc[0]
    alone = not first["rows"] <= limits.max_rejected_share * quality["rows"]
    code, hint, fix = looks_like(first["reason"], rejected) if alone else TOO_MANY
    reasons = "; ".join(
        f"{row.rows} x {row.reason}, first line {row.line}: {row.value!r}" for row in common.itertuples()
    )
    where = f"{path}:{first['line']}, {first['column']}"
    return InputError(code, f"{said}: {reasons}{hint}", fix.format(limit=limit), where)


def commonest(rejected: pd.DataFrame) -> pd.DataFrame:
    common = rejected.groupby(["reason", "column"], as_index=False).agg(
        rows=("line", "size"), line=("line", "first"), value=("value", "first")
    )
    return common.assign(value=common["value"].str[:60]).sort_values(["rows", "line"], ascending=[False, True]).head(3)


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


def warnings(quality: dict, limits: Limits) -> list[str]:
    """What to know of a history that is not refused."""
    lost, said = shares(quality), []
    names = {
        "rejected_share": "rows",
        "rejected_revenue_share": "absolute revenue",
        "lost_customers_share": "customers",
    }
    for name, words in names.items():
        if lost[name] > limits.warn_share:
            said.append(f"{lost[name]:.2%} of the {words} could not be read (data_quality/rejected_rows.csv)")
    for kind, words in (
        ("case_variants", "differ only by case or inner blanks"),
        ("ids_for_nothing", "are words for nothing"),
    ):
        if quality[kind]:
            said.append(f"{quality[kind]} customer ids {words}, for example {quality[f'{kind}_example']}")
    if quality["duplicate_rows"] > 0.1 * quality["rows"]:
        said.append(
            f"{quality['duplicate_rows']} of {quality['rows']} rows repeat customer, date and revenue of another: order lines may, "
            "an export that was joined to itself would"
        )
    if quality["outlier_rows"]:
        said.append(f"{quality['outlier_rows']} rows have more than 100 times the 99th percentile of absolute revenue")
    return said + [f"the file has {note}" for note in quality["notes"]]
