"""What decides whether a row counts, beside its customer: the columns of data.where, and the column of the currency."""

from collections.abc import Callable
from dataclasses import dataclass

from clv.data.contract import Contract
from clv.data.header import key, located, place_of
from clv.data.where import Condition, parse
from clv.errors import Code, InputError

_CURRENCY_NAMES = {
    "currency",
    "currency_code",
    "order_currency",
    "presentment_currency",
    "währung",
    "waehrung",
    "devise",
    "moneda",
    "valuta",
}
_NAME_IT = "data.where with a name of these, in double quotes where it holds blanks"


@dataclass(frozen=True)
class Selection:
    """Which columns decide.

    Args: currency: the place of its column; None: no column is called so.
          condition: of data.where; None: every row counts.   places: of the names in the condition.
    """

    currency: int | None
    condition: Condition | None
    places: dict[str, int]

    @property
    def needed(self) -> list[int]:
        """The places of all columns that decide."""
        places = [*self.places.values(), *([] if self.currency is None else [self.currency])]
        return sorted(set(places))

    def columns(self, text_of: Callable[[int], str]) -> dict[str, str]:
        """Returns the columns that the rows get, and their SQL: `currency`, and `is_counted` of the condition.

        Args: text_of: the SQL for a column's text, by its place.
        """
        columns = {} if self.currency is None else {"currency": text_of(self.currency)}
        if self.condition:
            texts = {name: text_of(place) for name, place in self.places.items()}
            columns["is_counted"] = self.condition.sql(texts)
        return columns


def selected(names: list[str], contract: Contract, where: str) -> Selection:
    """Returns the columns that decide, among the names of a file.

    A condition calls columns as the file does, or as data.columns does. Without data.columns.currency it is the column that is called currency, if there is one.

    Raises: InputError: data.where is not a condition, or there is no such column.
    """
    condition = parse(contract.where) if contract.where else None
    keys, places = {key(name) for name in names}, {}
    for name in condition.names if condition else ():
        theirs = name if key(name) in keys else contract.names.get(key(name), name)
        places[name] = place_of(theirs, names, _NAME_IT, where)
    return Selection(_currency(names, contract, where), condition, places)


def _currency(names: list[str], contract: Contract, where: str) -> int | None:
    theirs = contract.columns.get("currency")
    if not contract.has_currencies:
        return None
    if theirs:
        return place_of(theirs, names, "data.columns.currency=NAME names the right one", where)
    places = [place for place, name in enumerate(names) if key(name) in _CURRENCY_NAMES]
    if contract.currency and len(places) != 1:
        what = f"data.currency={contract.currency} is given, and {len(places)} columns are called currency"
        fix = f"data.columns.currency=NAME; none says that all amounts are in {contract.currency}"
        raise InputError(Code.MISSING_COLUMN, what=what, fix=fix, where=where)
    return places[0] if len(places) == 1 else None


def needed(names: list[str], contract: Contract, where: str) -> list[str]:
    """Returns the columns of a table that the contract reads, or that decide whether a row counts.

    Raises: InputError: one is missing.
    """
    places = [*located(names, contract.names, where).values(), *selected(names, contract, where).needed]
    return [names[place] for place in sorted(set(places))]
