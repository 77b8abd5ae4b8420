"""Which customer a text means: cleaned of what cannot be seen; ids that a tool damaged are refused."""

import re
import unicodedata

import duckdb
import pyarrow as pa

from clv.errors import Code, InputError

BLANKS = " \t\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
UNSEEN = "\u200b\u200c\u200d\u2060\ufeff\xad\u200e\u200f"
NOTHING = (
    "'nan', 'none', 'null', 'n/a', '#n/a', 'na', '<na>', 'nat', 'unknown', 'undefined', '-', '?', '0', '\\n', '(null)', '[null]', '<null>', "
    "'(blank)', 'blank', '#ref!', '#name?', '#value!', '#nv', '#n/v', '(not set)', 'not set', 'nil', 'n.a.', '--', '---', "
    "'00000000-0000-0000-0000-000000000000'"
)

STRANGE = r"""
SELECT text FROM customer_id_texts
WHERE STARTS_WITH(text, '="') OR NOT regexp_full_match(text, '[!-~]+( [!-~]+)*')
  AND (NOT regexp_full_match(text, '[\p{L}\p{M}\p{N}\p{P}\p{S}]+( [\p{L}\p{M}\p{N}\p{P}\p{S}]+)*')
       OR CONTAINS(text, CHR(65533)) OR NFC_NORMALIZE(text) <> text)"""

IDS = r"""
CREATE OR REPLACE TABLE ids AS
SELECT t.text, t.n, t.line, COALESCE(c.customer_id, t.text) AS customer_id, COALESCE(c.changes, '') AS changes, c.why
FROM customer_id_texts t LEFT JOIN cleaned c USING (text)"""

# A swapped pair of fields is seen by an id that looks like an amount or a day among ids that do not.
SWAPPED = r"""
UPDATE ids SET why = 'customer_id looks like an amount or a day; most others do not'
WHERE why IS NULL AND {swapped} AND (SELECT AVG(CASE WHEN {swapped} THEN 1 ELSE 0 END) FROM ids) < 0.5"""
LIKE_ANOTHER = r"regexp_full_match(customer_id, '[-+]?\d+[.,]\d+|\d{4}-\d\d-\d\d([T ].*)?')"
FLOATS = r"""
SELECT SUM(n), MIN(line), ARG_MIN(text, line) FROM ids
WHERE regexp_full_match(customer_id, '-?\d+\.0|-?\d+[eE]\+\d+|-?\d+[.,]\d+[eE][-+]?\d+')
   OR (regexp_full_match(customer_id, '-?\d+[.,]0+') AND
       (SELECT AVG(CASE WHEN regexp_full_match(customer_id, '-?\d+[.,]0+') THEN 1 ELSE 0 END) FROM ids) >= 0.5)"""


def type_ids(path: str, connection: duckdb.DuckDBPyConnection) -> None:
    strange = connection.execute(STRANGE).fetchall()
    rows = [(text, *cleaned(text)) for (text,) in strange]
    columns = list(zip(*rows, strict=True)) or [[]] * 4
    table = pa.table([pa.array(column, pa.string()) for column in columns], ["text", "customer_id", "changes", "why"])
    connection.register("cleaned", table)
    connection.execute(IDS)
    connection.unregister("cleaned")
    connection.execute(SWAPPED.format(swapped=LIKE_ANOTHER))
    rows, line, example = connection.execute(FLOATS).fetchone()
    if rows:
        what = f"{rows:.0f} rows have ids that a tool turned into floats, for example {example[:60]!r}"
        fix = "export customer_id as text; the lost digits cannot be guessed"
        raise InputError(Code.FLOAT_IDS, what=what, fix=fix, where=f"{path}:{line}, customer_id")


def cleaned(text: str) -> tuple[str, str, str | None]:
    """The id; what was changed, as words; why it is no id, or None."""
    composed = unicodedata.normalize("NFC", text)
    plain = "".join(" " if unicodedata.category(sign) == "Zs" else sign for sign in composed)
    bare = plain.strip(" " + UNSEEN)
    found = re.sub(r'^="(.*)"$', r"\1", bare, flags=re.DOTALL)  # written so that Excel keeps it as text
    changes = {"composed": composed != text, "other_blanks": plain != composed, "outer_blanks": bare != plain}
    changes["excel_formulas"] = found != bare
    joined = re.sub(r"(?<=[^\x00-\x7f])[\u200c\u200d]", "", found)  # belongs to Persian, Hindi and emoji
    kinds = {unicodedata.category(sign) for sign in joined}
    why = None
    if not found:
        why = "customer_id is missing"
    elif kinds & {"Cc", "Zl", "Zp"}:
        why = "customer_id holds a line break or another control character"
    elif kinds & {"Cf", "Cs", "Co", "Cn"}:
        why = "customer_id holds a sign that cannot be seen"
    elif "\ufffd" in found:
        why = "customer_id holds a sign that was damaged before (U+FFFD)"
    return found, " ".join(name for name, changed in changes.items() if changed), why
