"""What conf/data says of the file: where its columns stand, and how its values are written."""

from dataclasses import dataclass

ROLES = ("customer_id", "order_date", "revenue")


@dataclass(frozen=True)
class Contract:
    """How one file is read.

    Args: columns: our name -> the file's, of customer_id, order_date and revenue.
          latest: day from which on an order lies in the future (YYYY-MM-DD).
          earliest_date: day before which an order is set aside.
          as_of: rows from this day on are counted; None counts none.
          decimal, thousands: signs in amounts; None is a point, and nothing. An amount that could mean both is refused.
          date_format: of strptime; None is ISO 8601.
          timezone: whose days count where offsets are mixed.
          max_abs_revenue: in the file's currency; a row beyond it is set aside.
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
