"""How much may be wrong: the refusal of a history, and the warnings below it."""

from dataclasses import dataclass

import pandas as pd

from clv.data.suggestions import TOO_MANY, looks_like
from clv.errors import InputError

LARGE_SHARE = 0.25  # of all revenue, of one customer


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
    return InputError(code, what=f"{said}: {reasons}{hint}", fix=fix.format(limit=limit), where=where)


def commonest(rejected: pd.DataFrame) -> pd.DataFrame:
    common = rejected.groupby(["reason", "column"], as_index=False).agg(
        rows=("line", "size"), line=("line", "first"), value=("value", "first")
    )
    return common.assign(value=common["value"].str[:60]).sort_values(["rows", "line"], ascending=[False, True]).head(3)


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
        ("case_variants", "differ only by case, inner blanks or a leading apostrophe"),
        ("ids_for_nothing", "are words for nothing"),
    ):
        if quality[kind]:
            said.append(f"{quality[kind]} customer ids {words}, for example {quality[f'{kind}_example']}")
    if quality["duplicate_rows"] > 0.1 * quality["rows"]:
        said.append(
            f"{quality['duplicate_rows']} of {quality['rows']} rows repeat customer, date and revenue of another: order lines may, "
            "an export that was joined to itself would"
        )
    if quality["largest_customer_share"] > LARGE_SHARE and quality["customers"] >= 20:
        said.append(
            f"customer {quality['largest_customer']!r} alone has {quality['largest_customer_share']:.0%} of all revenue: a total, or a word for nothing?"
        )
    if quality["outlier_rows"]:
        said.append(f"{quality['outlier_rows']} rows have more than 100 times the 99th percentile of absolute revenue")
    return said + [f"the file has {note}" for note in quality["notes"]]
