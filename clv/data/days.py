"""Which day a text of order_date means; time stamps whose day depends on a zone are refused without one."""

import duckdb

from clv.data.contract import Contract
from clv.data.ids import BLANKS, UNSEEN
from clv.data.places import Places
from clv.data.queries import render
from clv.errors import Code, InputError

_ISO = (  # groups that capture would make this three times slower
    r"\d{4}-\d{2}-\d{2}(?:[Tt ](?:[01]\d|2[0-3])(?::[0-5]\d){1,2}(?:[.,]\d{1,9})?"
    r"(?: ?(?:Z|z|UTC|GMT|[+-](?:0\d|1[0-4]):?(?:[0-5]\d)?))?)?"
)
_NAME_A_ZONE = "data.timezone=Europe/Berlin, or whose days count"


def type_dates(contract: Contract, places: Places, connection: duckdb.DuckDBPyConnection) -> None:
    """Makes the table `dates` of the table `order_date_texts`: each text's day, or the reason why it is not one.

    Raises: InputError: the format or the zone is not understood, or offsets are mixed and no zone says whose days count.
    """
    form, zone = contract.date_format, contract.timezone
    if form and "%z" in form and not zone:
        what = f"data.date_format={form} reads UTC offsets, and nothing says whose days count"
        raise InputError(Code.MIXED_OFFSETS, what=what, fix=_NAME_A_ZONE, where=places.path)
    query = render(
        "days",
        form=form,
        forms=(form or "").split("|"),
        zone=zone,
        iso=_ISO,
        unseen=BLANKS + UNSEEN,
        latest=contract.latest,
        earliest=contract.earliest_date,
    )
    try:
        connection.execute(query)
    except duckdb.Error as error:
        what = f"data.date_format={form!r} or data.timezone={zone!r} is not understood: {str(error).splitlines()[0]}"
        fix = "a format like %d/%m/%Y, a zone like Europe/Berlin"
        raise InputError(Code.DATE_FORMAT, what=what, fix=fix, where=places.path) from error
    if not zone:
        _refuse_mixed_offsets(places, connection)


def _refuse_mixed_offsets(places: Places, connection: duckdb.DuckDBPyConnection) -> None:
    offsets = connection.execute(render("day_offsets")).fetchall()
    if len(offsets) < 2:
        return
    examples = ", ".join(f"{rows:.0f} rows like {text!r}" for _, rows, _, text in offsets[:3])
    what = f"time stamps of {len(offsets)} UTC offsets (or of none) beside one another: {examples}"
    raise InputError(Code.MIXED_OFFSETS, what=what, fix=_NAME_A_ZONE, where=places.where(offsets[1][2], "order_date"))
