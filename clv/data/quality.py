"""What was counted while a history was read: the figures of data_quality.json."""

from dataclasses import asdict, dataclass
from typing import Any

import duckdb

from clv.data.contract import Contract
from clv.data.ids import WORDS_FOR_NOTHING
from clv.data.queries import add, fields, render

COUNTED = ("counted_days", "counted_customers", "counted_amounts")  # tables


@dataclass(frozen=True)
class Counts:
    """What the tables of one reading hold, in rows, customers, days and money.

    first_day, last_day: of the accepted rows, as YYYY-MM-DD; empty where no row was accepted.
    only_day_of_month: on which all rows lie, 1 to 31; None where they lie on several, or in less than three months.
    net_revenue: of the accepted rows; None where there are none.   largest_customer: by positive revenue.   busiest_customer: by rows with an order.
    known_customers: with an id that can be read.   lost_customers: those of them of whom no row was accepted.
    """

    rows: int
    rejected_rows: int
    return_rows: int
    zero_rows: int
    rows_after_as_of: int
    duplicate_rows: int
    first_day: str
    last_day: str
    only_day_of_month: int | None
    net_revenue: float | None
    accepted_absolute_revenue: float
    rejected_absolute_revenue: float
    customers: int
    customers_with_an_order: int
    known_customers: int
    lost_customers: int
    largest_customer: str | None
    largest_customer_share: float
    busiest_customer: str | None
    busiest_customer_share: float
    outlier_rows: int
    case_variants: int
    case_variants_example: str | None
    ids_for_nothing: int
    ids_for_nothing_example: str | None
    normalisations: dict[str, int]


@dataclass(frozen=True)
class LeftOut:
    """rows: that do not count.   revenue_share: of the absolute revenue of all rows that can be read, 0 to 1."""

    rows: int
    revenue_share: float


@dataclass(frozen=True)
class Quality(Counts):
    """The counts of a history, and what is known of its file.

    left_out: key of the configuration -> the rows that do not count by it; they are in no other figure.
    notes: what was passed over, in words.   sha256: of the file's bytes.   reasons: of the rejected rows -> their number.
    """

    left_out: dict[str, LeftOut]
    notes: tuple[str, ...]
    sha256: str
    reasons: dict[str, int]

    @property
    def left_out_share(self) -> float:
        """Share of all rows of the files that do not count: 0 none, 1 all."""
        rows = sum(part.rows for part in self.left_out.values())
        return rows / max(rows + self.rows, 1)

    @property
    def left_out_revenue_share(self) -> float:
        """Share of all absolute revenue in these rows, 0 to 1. Amounts in several currencies are not added."""
        return sum(part.revenue_share for name, part in self.left_out.items() if name != "currency")

    @property
    def rejected_share(self) -> float:
        """Share of the rows that were set aside: 0 none, 1 all."""
        return self.rejected_rows / max(self.rows, 1)

    @property
    def rejected_revenue_share(self) -> float:
        """Share of absolute revenue in the rows that were set aside, as far as their amounts can be guessed."""
        money = self.rejected_absolute_revenue + self.accepted_absolute_revenue
        return self.rejected_absolute_revenue / money if money else 0.0

    @property
    def lost_customers_share(self) -> float:
        """Share of the customers of whom no row was accepted."""
        return self.lost_customers / max(self.known_customers, 1)

    def as_dict(self) -> dict[str, Any]:
        """Returns the figures as data_quality.json holds them: plain values, null where there is no day."""
        return asdict(self) | {
            "first_day": self.first_day or None,
            "last_day": self.last_day or None,
            "notes": list(self.notes),
        }


def of_texts(contract: Contract, connection: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    """Returns the fields of Counts that concern distinct texts, from the tables that values.judge() made."""
    ids = fields(connection, render("quality_of_ids", guests=contract.guests, words_for_nothing=WORDS_FOR_NOTHING))
    changes = connection.execute(render("normalisations", amounts=contract.amounts)).fetchall()
    return ids | {"normalisations": dict(changes)}


def count(contract: Contract, connection: duckdb.DuckDBPyConnection) -> None:
    """Counts the rows of the table `typed`, one partition after another, in the tables of COUNTED."""
    for name in COUNTED:
        add(name, render(name, amounts=contract.amounts), connection)


def of_rows(contract: Contract, connection: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    """Returns the other fields of Counts, of all partitions that were counted.

    Args: contract: names the day from which on rows are counted as later.
    """
    counts = fields(connection, render("quality_of_rows", as_of=contract.as_of))
    for name in ("quality_of_customers", "quality_of_amounts"):
        counts |= fields(connection, render(name))
    return counts
