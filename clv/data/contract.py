"""What conf/data says of the file: where its columns stand, and how its values are written."""

from dataclasses import dataclass

from clv.errors import Code, InputError


@dataclass(frozen=True)
class Contract:
    """How a history is read; named as in conf/data.

    Args: columns: our name -> the file's, of customer_id, order_date and revenue; or of quantity and unit_price, whose product
              is then the revenue; of refund, which is subtracted whatever its sign; and of currency. None or no entry: there is no such column.
          latest: day from which on an order lies in the future (YYYY-MM-DD).
          earliest_date: day before which an order is set aside.
          as_of: rows from this day on are counted; None counts none.
          encoding: of a text file without a mark; None is UTF-8.
          query: of a database, one SELECT; None: it is a file.
          sheet: of a workbook, several with ; between; None: there must be only one with something in it.
          delimiter: one sign, or "tab"; None is the one under which the header has the columns.
          skip_rows: lines above the header.
          widths: of the fields of a fixed-width file, in characters; None: it is not one.
          decimal, thousands: signs in amounts; None is a point, and nothing. An amount that could mean both is refused.
          negative_style: "parentheses" reads (5.00) as -5.00, "trailing_minus" reads 5.00- so; None reads neither.
          date_format: of strptime, several with | between them; or excel, unix, unix_ms for numbers that count days, seconds,
              milliseconds; None is ISO 8601.
          timezone: whose days count where offsets are mixed.
          max_abs_revenue: in the file's currency; a row beyond it is set aside.
          where: condition that a row must meet to count (clv/data/where.py); None: every row counts.
          currency: the one whose rows count, by the column of currencies; None: there must not be several.
          missing_id: "refuse" sets rows without an id aside as unreadable, "drop" leaves them out.
          guest_ids: ids that stand for nobody, in upper or lower case; their rows are left out.
    """

    columns: dict[str, str]
    latest: str
    earliest_date: str = "1990-01-01"
    as_of: str | None = None
    encoding: str | None = None
    query: str | None = None
    sheet: str | None = None
    delimiter: str | None = None
    skip_rows: int = 0
    widths: tuple[int, ...] | None = None
    decimal: str | None = None
    thousands: str | None = None
    negative_style: str | None = None
    date_format: str | None = None
    timezone: str | None = None
    max_abs_revenue: float = 1e9
    where: str | None = None
    currency: str | None = None
    missing_id: str = "refuse"
    guest_ids: tuple[str, ...] = ()

    @property
    def amounts(self) -> tuple[str, ...]:
        """Our names of the columns that make the revenue."""
        revenue = ("quantity", "unit_price") if self.columns.get("quantity") else ("revenue",)
        return (*revenue, "refund") if self.columns.get("refund") else revenue

    @property
    def leaves_out(self) -> bool:
        """Whether a row that can be read may not count."""
        return bool(self.where or self.currency or self.guest_ids or self.missing_id == "drop")

    @property
    def guests(self) -> tuple[str, ...]:
        """The ids that stand for nobody, as they are compared."""
        return tuple(guest.strip().lower() for guest in self.guest_ids)

    @property
    def names(self) -> dict[str, str]:
        """Our name -> the file's, of the columns that are read."""
        return {name: self.columns[name] for name in ("customer_id", "order_date", *self.amounts)}


def check(contract: Contract, path: str) -> None:
    """Raises: InputError: one of quantity and unit_price is named without the other."""
    for name, other in (("quantity", "unit_price"), ("unit_price", "quantity")):
        if contract.columns.get(name) and not contract.columns.get(other):
            what = f"data.columns.{name} is named and data.columns.{other} is not: revenue is the product of both"
            fix = f"data.columns.{other}=NAME, or data.columns.{name}=null"
            raise InputError(Code.MISSING_COLUMN, what=what, fix=fix, where=path)
