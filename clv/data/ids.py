"""Which customer a text means: cleaned of what cannot be seen; ids that a tool damaged are refused."""

import re
import unicodedata

import duckdb
import pyarrow as pa

from clv.data.places import Places
from clv.data.queries import render, row
from clv.errors import Code, InputError

BLANKS = " \t\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
UNSEEN = "\u200b\u200c\u200d\u2060\ufeff\xad\u200e\u200f"
WORDS_FOR_NOTHING = (
    "nan", "none", "null", "n/a", "#n/a", "na", "<na>", "nat", "unknown", "undefined", "-", "?", "0", "\\n", "(null)", "[null]", "<null>",
    "total", "grand total", "subtotal", "(blank)", "blank", "#ref!", "#name?", "#value!", "#nv", "#n/v", "(not set)", "not set", "nil", "n.a.", "--", "---",
    "00000000-0000-0000-0000-000000000000",
)  # fmt: skip
TOTALS = ("total", "grand total", "subtotal", "total général", "total general", "gesamtergebnis", "gesamtsumme", "totale complessivo", "eindtotaal", "suma końcowa")  # fmt: skip


def type_ids(guests: tuple[str, ...], places: Places, connection: duckdb.DuckDBPyConnection) -> None:
    """Makes the table `ids` of the table `customer_id_texts`: each text's id, or the reason why it is not one.

    Args:   guests: ids that stand for nobody, in lower case.
    Raises: InputError: a tool turned the ids into floats, or rounded them.
    """
    texts = [text for (text,) in connection.execute(render("ids_to_clean")).fetchall()]
    cleaned = [_clean(text) for text in texts]
    columns = [texts, *([values[place] for values in cleaned] for place in range(3))]
    names = ["text", "customer_id", "changes", "why"]
    connection.register("cleaned_ids", pa.table([pa.array(column, pa.string()) for column in columns], names))
    connection.execute(render("ids"))
    connection.unregister("cleaned_ids")
    connection.execute(render("ids_swapped"))
    if row(connection, render("ids_like_totals"))[0]:
        connection.execute(render("ids_totals", totals=TOTALS))
    connection.execute(render("ids_from_floats", guests=guests))
    _refuse_floats(places, connection)
    _refuse_cut(places, connection)


def _refuse_floats(places: Places, connection: duckdb.DuckDBPyConnection) -> None:
    rows, line, example = row(connection, render("ids_as_floats"))
    if rows:
        what = f"{rows:.0f} rows have ids that a tool turned into floats, for example {example[:60]!r}"
        fix = "export customer_id as text; the lost digits cannot be guessed"
        raise InputError(Code.FLOAT_IDS, what=what, fix=fix, where=places.where(line, "customer_id"))


def _refuse_cut(places: Places, connection: duckdb.DuckDBPyConnection) -> None:
    rows, line, example = row(connection, render("ids_cut"))
    if rows:
        what = f"{rows:.0f} rows have ids that all end in zeros behind the 15th digit, as a spreadsheet rounds them, for example {example[:60]!r}"
        fix = "export customer_id as text, past the spreadsheet; customers that differed in these digits cannot be told apart"
        raise InputError(Code.FLOAT_IDS, what=what, fix=fix, where=places.where(line, "customer_id"))


def _clean(text: str) -> tuple[str, str, str | None]:
    """Returns the id that a text means; what was changed, as words; and why it is not an id, or None.

    >>> _clean("\\xa0ann ")
    ('ann', 'other_blanks outer_blanks', None)
    """
    composed = unicodedata.normalize("NFC", text)
    plain = "".join(" " if unicodedata.category(sign) == "Zs" else sign for sign in composed)
    bare = plain.strip(" " + UNSEEN)
    inner = re.sub(r'^="(.*)"$', r"\1", bare, flags=re.DOTALL)  # written so that Excel keeps it as text
    changes = {"composed": composed != text, "other_blanks": plain != composed, "outer_blanks": bare != plain}
    changes["excel_formulas"] = inner != bare
    return inner, " ".join(name for name, is_changed in changes.items() if is_changed), _why_not(inner)


def _why_not(text: str) -> str | None:
    """Why a text is not an id."""
    joined = re.sub(r"(?<=[^\x00-\x7f])[\u200c\u200d]", "", text)  # belongs to Persian, Hindi and emoji
    kinds = {unicodedata.category(sign) for sign in joined}
    if not text:
        return "customer_id is missing"
    if kinds & {"Cc", "Zl", "Zp"}:
        return "customer_id holds a line break or another control character"
    if kinds & {"Cf", "Cs", "Co", "Cn"}:
        return "customer_id holds a sign that cannot be seen"
    if "\ufffd" in text:
        return "customer_id holds a sign that was damaged before (U+FFFD)"
    return None
