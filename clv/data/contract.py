"""What conf/data says of the file: where its columns stand, and how its values are written."""

from dataclasses import dataclass

from clv.errors import Code, InputError

_REVENUE = "net revenue"


@dataclass(frozen=True)
class Contract:
    """How a history is read; named as in conf/data.

    Args: columns: our name -> the file's, of customer_id, order_date and revenue; or of quantity and unit_price, whose product
              is then the revenue; of refund, which is subtracted whatever its sign; of cost, which has the sign of the revenue
              and is subtracted; and of currency. None or no entry: there is no such column.
          latest: day from which on an order lies in the future (YYYY-MM-DD).
          earliest_date: day before which an order is set aside.
          latest_date: day after which rows are left out; None: none is.
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
          rates: currency -> what one unit of it is worth in `currency`; rows in these count as well, converted. None: there are none.
          margin: the share of the revenue that is profit, 0 to 1; None: amounts are revenue, or revenue less cost.
          missing_id: "refuse" sets rows without an id aside as unreadable, "drop" leaves them out.
          guest_ids: ids that stand for nobody, in upper or lower case; their rows are left out.
    """

    columns: dict[str, str]
    latest: str
    earliest_date: str = "1990-01-01"
    latest_date: str | None = None
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
    rates: dict[str, float] | None = None
    margin: float | None = None
    missing_id: str = "refuse"
    guest_ids: tuple[str, ...] = ()

    @property
    def amounts(self) -> tuple[str, ...]:
        """Our names of the columns that make the revenue."""
        revenue = ("quantity", "unit_price") if self.columns.get("quantity") else ("revenue",)
        return (*revenue, *(name for name in ("refund", "cost") if self.columns.get(name)))

    @property
    def money(self) -> str:
        """What the amounts are, in words."""
        worth = " in " + (self.main_currency or "") if self.rates else ""
        rates = ", ".join(f"{name} x {rate:g}" for name, rate in self.factors.items())
        if self.margin is not None:
            words = f"profit{worth}, {self.margin:.4g} of net revenue"
        elif self.columns.get("cost"):
            words = f"profit{worth}, net revenue less {self.columns['cost']}"
        else:
            words = f"{_REVENUE}{worth}"
        return f"{words} ({rates})" if rates else words

    @property
    def leaves_out(self) -> bool:
        """Whether a row that can be read may not count."""
        by_currency = self.currency and self.has_currencies and not self.rates
        chosen = (self.where, by_currency, self.guest_ids, self.latest_date)
        return any(chosen) or self.missing_id == "drop"

    @property
    def has_currencies(self) -> bool:
        """Whether a row may say its currency: data.columns.currency=none says that all amounts are in data.currency."""
        return bool(self.rates) or self.columns.get("currency") != "none"

    @property
    def main_currency(self) -> str | None:
        """The currency that all amounts are in, as it is compared; None where none is named."""
        return self.currency.strip().upper() if self.currency else None

    @property
    def factors(self) -> dict[str, float]:
        """The rates by the names of their currencies, as they are compared."""
        return {name.strip().upper(): rate for name, rate in (self.rates or {}).items()}

    @property
    def guests(self) -> tuple[str, ...]:
        """The ids that stand for nobody, as they are compared."""
        return tuple(guest.strip().lower() for guest in self.guest_ids)

    @property
    def names(self) -> dict[str, str]:
        """Our name -> the file's, of the columns that are read."""
        return {name: self.columns[name] for name in ("customer_id", "order_date", *self.amounts)}


def check(contract: Contract, path: str) -> None:
    """Raises: InputError: one of quantity and unit_price is named without the other, rates without a currency, or two kinds of margin."""
    if contract.margin is not None and contract.columns.get("cost"):
        what = "data.margin and data.columns.cost both say what of the revenue is profit"
        raise InputError(Code.DOUBLED_COLUMN, what=what, fix="data.margin=null, or data.columns.cost=null", where=path)
    if contract.rates and not contract.currency:
        what = "data.rates says what currencies are worth, and not in which currency"
        raise InputError(Code.CURRENCIES, what=what, fix="data.currency=NAME, the one to convert to", where=path)
    for name, other in (("quantity", "unit_price"), ("unit_price", "quantity")):
        if contract.columns.get(name) and not contract.columns.get(other):
            what = f"data.columns.{name} is named and data.columns.{other} is not: revenue is the product of both"
            fix = f"data.columns.{other}=NAME, or data.columns.{name}=null"
            raise InputError(Code.MISSING_COLUMN, what=what, fix=fix, where=path)
