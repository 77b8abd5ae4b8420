"""How much may be wrong: when a history is refused for the rows that were set aside, and the warnings below that."""

from dataclasses import dataclass

import pandas as pd

from clv.data.quality import Quality
from clv.data.reading import Transactions
from clv.data.suggestions import TOO_MANY, looks_like
from clv.data.together import further_fixes
from clv.errors import Code, InputError

_FEW_CUSTOMERS = 20  # below it a large customer is ordinary
_TIMES_EQUAL = 5  # of the share that every customer would have if all were equal; below it a large share is ordinary
_MANY_DUPLICATES = 0.1  # of the rows
_MANY_ROWS = 500  # below it a file in which no customer comes twice is ordinary
_SHOWN = 60  # characters of a value
_CHANGED = "_changed_by_rounding"  # in the name of a normalisation


@dataclass(frozen=True)
class Limits:
    """Above which share of rows, number of rows, share of absolute revenue and of customers a history is refused.

    warn_share: above this share of any of them there is a warning.
    max_customer_share: above this share of all revenue, or of all orders, a single customer is warned of.
    allow_unique_ids: whether a history of many rows may have no customer who comes twice.
    """

    max_rejected_share: float
    max_rejected_rows: int
    max_rejected_revenue_share: float
    max_lost_customers_share: float
    warn_share: float
    max_customer_share: float = 0.05
    allow_unique_ids: bool = False


def refusal(history: Transactions, limits: Limits, path: str) -> InputError | None:
    """Returns why the history is refused; None when it is not.

    It names every limit that is exceeded, the three commonest reasons with an example each, and what would have each column read.
    """
    exceeded = _exceeded(history.quality, limits)
    if not exceeded:
        return None if limits.allow_unique_ids else _orders_for_customers(history.quality, path)
    facts = "; ".join(f"{fact} (more than data.{limit}={getattr(limits, limit):g})" for limit, fact in exceeded)
    common = _commonest(history.rejected, path)
    first = common.iloc[0]
    most = limits.max_rejected_share * history.quality.rows
    code, hint, fix = looks_like(first["reason"], history.rejected) if first["rows"] > most else TOO_MANY
    reasons = "; ".join(
        f"{row.rows} x {row.reason}, first line {row.line}: {row.value!r}" for row in common.itertuples()
    )
    fixes = [
        fix.format(limit=" and data.".join(limit for limit, _ in exceeded)),
        *further_fixes(history.faults, most, but=first["column"]),
    ]
    where = f"{first['file']}:{first['line']}, {first['column']}"
    return InputError(code, what=f"{facts}: {reasons}{hint}", fix="; and ".join(fixes), where=where)


def _orders_for_customers(quality: Quality, path: str) -> InputError | None:
    """The refusal of ids that are numbers of orders: none of many comes twice."""
    rows = quality.rows - quality.rejected_rows
    if rows < _MANY_ROWS or quality.customers < rows:
        return None
    what = f"each of {quality.customers:,} customer ids comes once in the whole file: these are numbers of orders, not of customers"
    fix = "data.columns.customer_id=NAME names the column of customers; data.allow_unique_ids=true, if every customer did buy once"
    return InputError(Code.UNIQUE_IDS, what=what, fix=fix, where=f"{path}, customer_id")


def _exceeded(quality: Quality, limits: Limits) -> list[tuple[str, str]]:
    """The limits that are: key, and the fact in words."""
    rows = f"{quality.rejected_rows} of {quality.rows} rows cannot be read"
    money = f"rows with {quality.rejected_revenue_share:.2%} of absolute revenue cannot be read"
    customers = f"{quality.lost_customers} of {quality.known_customers} customers lose every row"
    if not quality.customers:
        return [("max_rejected_share", f"{rows}, so there are no purchases")]
    tests = [
        (quality.rejected_share > limits.max_rejected_share, "max_rejected_share", rows),
        (quality.rejected_revenue_share > limits.max_rejected_revenue_share, "max_rejected_revenue_share", money),
        (quality.lost_customers_share > limits.max_lost_customers_share, "max_lost_customers_share", customers),
        (quality.rejected_rows > limits.max_rejected_rows, "max_rejected_rows", rows),
    ]
    return [(limit, fact) for is_exceeded, limit, fact in tests if is_exceeded]


def unreadable(rejected: pd.DataFrame, rows: int, name: str) -> InputError:
    """Returns the refusal of rows that must all be readable. Args: rejected: of Transactions.   rows: all of them.   name: of the rows."""
    reasons = "; ".join(
        f"{row.rows} x {row.reason}, first row {row.line}: {row.value!r}"
        for row in _commonest(rejected, name).itertuples()
    )
    what = f"{len(rejected)} of {rows} rows of {name} cannot be read: {reasons}"
    fix = "mend these rows: a customer without some of the rows would be another one"
    return InputError(Code.UNREADABLE_ROWS, what=what, fix=fix)


def _commonest(rejected: pd.DataFrame, path: str) -> pd.DataFrame:
    """The three commonest reasons: rows, and the file, the line and the value of the first."""
    rejected = rejected if "file" in rejected else rejected.assign(file=path)
    common = rejected.groupby(["reason", "column"], as_index=False).agg(
        rows=("line", "size"), file=("file", "first"), line=("line", "first"), value=("value", "first")
    )
    common = common.assign(value=common["value"].str[:_SHOWN])
    return common.sort_values(["rows", "line"], ascending=[False, True]).head(3)


def warnings(history: Transactions, limits: Limits) -> list[str]:
    """Returns what is doubtful in a history that is not refused: a sentence each, with what to do."""
    quality = history.quality
    return [
        *_lost_shares(quality, limits),
        *_doubtful_ids(quality),
        *_large_customers(quality, limits),
        *_doubtful_amounts(quality),
        *_months_for_days(quality),
        *(f"the file has {note}" for note in quality.notes if ": " in note),  # with what to do behind the colon
    ]


def left_out(quality: Quality) -> list[str]:
    """Returns which rows do not count by the configuration, a sentence each."""
    words = {
        "where": "do not meet data.where",
        "currency": "are not in data.currency",
        "latest_date": "lie after data.latest_date",
        "guest_ids": "have an id of data.guest_ids",
        "missing_id": "have no customer id (data.missing_id=drop)",
    }
    return [
        f"{part.rows:,} rows{'' if name == 'currency' else f' with {part.revenue_share:.1%} of absolute revenue'} {words[name]} and are left out"
        for name, part in quality.left_out.items()
    ]


def _lost_shares(quality: Quality, limits: Limits) -> list[str]:
    shares = {
        "rows": quality.rejected_share,
        "absolute revenue": quality.rejected_revenue_share,
        "customers": quality.lost_customers_share,
    }
    return [
        f"{share:.2%} of the {words} could not be read: the rows and the reasons are in data_quality/rejected_rows.csv"
        for words, share in shares.items()
        if share > limits.warn_share
    ]


def _doubtful_ids(quality: Quality) -> list[str]:
    sentences = []
    if quality.case_variants:
        sentences.append(
            f"{quality.case_variants} customer ids differ only by case, inner blanks or a leading apostrophe, for example "
            f"{quality.case_variants_example}: each counts as a customer; write them alike in the export if they are one"
        )
    if quality.ids_for_nothing:
        sentences.append(
            f"{quality.ids_for_nothing} customer ids are words for nothing, for example {quality.ids_for_nothing_example}: "
            f"{_guests(quality.ids_for_nothing_example)} leaves such rows out"
        )
    return sentences


def _guests(name: str | None) -> str:
    """The setting that leaves a customer out, as it is written on a command line."""
    quoted = str(name).replace("\\", "\\\\").replace("'", "\\'")
    return f"\"data.guest_ids=['{quoted}']\""


def _large_customers(quality: Quality, limits: Limits) -> list[str]:
    usual = max(limits.max_customer_share, _TIMES_EQUAL / max(quality.customers, 1))
    if quality.customers < _FEW_CUSTOMERS:
        return []
    shares: dict[str, list[str]] = {}
    for name, share, words in (
        (quality.largest_customer, quality.largest_customer_share, "of all revenue"),
        (quality.busiest_customer, quality.busiest_customer_share, "of all orders"),
    ):
        if name is not None and share > usual:
            shares.setdefault(name, []).append(f"{share:.0%} {words}")
    return [
        f"customer {name!r} alone has {' and '.join(parts)}: if it stands for nobody (guests, a till, a total), {_guests(name)} "
        "leaves it out; if it is a customer, raise data.max_customer_share"
        for name, parts in shares.items()
    ]


def _months_for_days(quality: Quality) -> list[str]:
    if not quality.only_day_of_month:
        return []
    return [
        f"every row is dated on day {quality.only_day_of_month} of a month: the dates are months, and what depends on days is coarse; "
        "a horizon of whole months fits (window.horizon_days=91, 182 or 365), and window.as_of on such a day"
    ]


def _doubtful_amounts(quality: Quality) -> list[str]:
    sentences = []
    if quality.duplicate_rows > _MANY_DUPLICATES * (quality.rows - quality.rejected_rows):
        sentences.append(
            f"{quality.duplicate_rows} of {quality.rows - quality.rejected_rows} rows repeat customer, date and amount of another: "
            "order lines may; if the export was joined to itself, export it again"
        )
    if changed := sum(rows for name, rows in quality.normalisations.items() if name.endswith(_CHANGED)):
        sentences.append(
            f"{changed:,} rows ({changed / quality.rows:.1%}) have an amount that four decimals change by more than .1 %: give the amounts in a "
            "smaller unit"
        )
    if quality.outlier_rows:
        sentences.append(
            f"{quality.outlier_rows} rows have more than 100 times the 99th percentile of absolute revenue: look at the largest "
            "amounts of the file; a lower data.max_abs_revenue sets such rows aside"
        )
    return sentences
