"""How much may be wrong: when a history is refused for the rows that were set aside, and the warnings below that."""

from dataclasses import dataclass

import pandas as pd

from clv.data.quality import Quality
from clv.data.reading import Transactions
from clv.data.suggestions import TOO_MANY, looks_like
from clv.errors import InputError

_LARGE_SHARE = 0.25  # of all revenue, of one customer
_FEW_CUSTOMERS = 20  # below it a large customer is ordinary
_MANY_DUPLICATES = 0.1  # of the rows
_SHOWN = 60  # characters of a value


@dataclass(frozen=True)
class Limits:
    """Above which share of rows, number of rows, share of absolute revenue and of customers a history is refused.

    warn_share: above this share of any of them there is a warning.
    """

    max_rejected_share: float
    max_rejected_rows: int
    max_rejected_revenue_share: float
    max_lost_customers_share: float
    warn_share: float


def refusal(history: Transactions, limits: Limits, path: str) -> InputError | None:
    """Returns why the history is refused; None when it is not. It names the three commonest reasons, each with an example."""
    exceeded = _exceeded(history.quality, limits)
    if not exceeded:
        return None
    limit, sentence = exceeded[0]
    sentence += f" (more than data.{limit}={getattr(limits, limit):g})"
    common = _commonest(history.rejected, path)
    first = common.iloc[0]
    is_alone = first["rows"] > limits.max_rejected_share * history.quality.rows
    code, hint, fix = looks_like(first["reason"], history.rejected) if is_alone else TOO_MANY
    reasons = "; ".join(
        f"{row.rows} x {row.reason}, first line {row.line}: {row.value!r}" for row in common.itertuples()
    )
    where = f"{first['file']}:{first['line']}, {first['column']}"
    return InputError(code, what=f"{sentence}: {reasons}{hint}", fix=fix.format(limit=limit), where=where)


def _exceeded(quality: Quality, limits: Limits) -> list[tuple[str, str]]:
    """The limits that are: key, and the fact in words."""
    rows = f"{quality.rejected_rows} of {quality.rows} rows cannot be read"
    money = f"rows with {quality.rejected_revenue_share:.2%} of absolute revenue cannot be read"
    customers = f"{quality.lost_customers} of {quality.known_customers} customers lose every row"
    tests = [
        (not quality.customers, "max_rejected_share", f"{rows}, so there are no purchases"),
        (quality.rejected_share > limits.max_rejected_share, "max_rejected_share", rows),
        (quality.rejected_revenue_share > limits.max_rejected_revenue_share, "max_rejected_revenue_share", money),
        (quality.lost_customers_share > limits.max_lost_customers_share, "max_lost_customers_share", customers),
        (quality.rejected_rows > limits.max_rejected_rows, "max_rejected_rows", rows),
    ]
    return [(limit, fact) for is_exceeded, limit, fact in tests if is_exceeded]


def _commonest(rejected: pd.DataFrame, path: str) -> pd.DataFrame:
    """The three commonest reasons: rows, and the file, the line and the value of the first."""
    rejected = rejected if "file" in rejected else rejected.assign(file=path)
    common = rejected.groupby(["reason", "column"], as_index=False).agg(
        rows=("line", "size"), file=("file", "first"), line=("line", "first"), value=("value", "first")
    )
    common = common.assign(value=common["value"].str[:_SHOWN])
    return common.sort_values(["rows", "line"], ascending=[False, True]).head(3)


def warnings(history: Transactions, limits: Limits) -> list[str]:
    """Returns what to know of a history that is not refused, a sentence each."""
    quality = history.quality
    return [
        *_lost_shares(quality, limits),
        *_doubtful_ids(quality),
        *_doubtful_amounts(quality),
        *(f"the file has {note}" for note in quality.notes),
    ]


def _lost_shares(quality: Quality, limits: Limits) -> list[str]:
    shares = {
        "rows": quality.rejected_share,
        "absolute revenue": quality.rejected_revenue_share,
        "customers": quality.lost_customers_share,
    }
    return [
        f"{share:.2%} of the {words} could not be read (data_quality/rejected_rows.csv)"
        for words, share in shares.items()
        if share > limits.warn_share
    ]


def _doubtful_ids(quality: Quality) -> list[str]:
    kinds = (
        (quality.case_variants, "differ only by case, inner blanks or a leading apostrophe", quality.case_variants_example),
        (quality.ids_for_nothing, "are words for nothing", quality.ids_for_nothing_example),
    )  # fmt: skip
    return [f"{number} customer ids {words}, for example {example}" for number, words, example in kinds if number]


def _doubtful_amounts(quality: Quality) -> list[str]:
    sentences = []
    if quality.duplicate_rows > _MANY_DUPLICATES * quality.rows:
        sentences.append(
            f"{quality.duplicate_rows} of {quality.rows} rows repeat customer, date and revenue of another: order lines may, "
            "an export that was joined to itself would"
        )
    if quality.largest_customer_share > _LARGE_SHARE and quality.customers >= _FEW_CUSTOMERS:
        sentences.append(
            f"customer {quality.largest_customer!r} alone has {quality.largest_customer_share:.0%} of all revenue: a total, or a word for nothing?"
        )
    if quality.outlier_rows:
        sentences.append(
            f"{quality.outlier_rows} rows have more than 100 times the 99th percentile of absolute revenue"
        )
    return sentences
