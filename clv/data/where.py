"""Which rows count: data.where, a condition on the file's columns that can do nothing else.

    status in ('completed', 'processing') and not (country = 'Freedonia' or total < 0) and coupon is null

A name stands as in the file, in double quotes where it holds blanks; a text stands in single quotes. Texts are compared
without outer blanks, numbers as numbers. A field with nothing in it is null: it differs from every text and every number.
"""

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from clv.data.queries import literal
from clv.errors import Code, InputError

_TOKENS = re.compile(
    r"""(?P<blank>\s+)|(?P<text>'(?:[^']|'')*')|(?P<quoted>"[^"]+"|`[^`]+`)|(?P<number>-?\d+(?:\.\d+)?(?![\w.]))"""
    r"""|(?P<word>\w[\w.]*)|(?P<sign><=|>=|<>|!=|==|[=<>(),])|(?P<stranger>.)""",
    re.DOTALL,
)
_SIGNS = {"=": "=", "==": "=", "!=": "<>", "<>": "<>", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
_WORDS = ("and", "or", "not", "in", "is", "null")
_FIX = (
    "data.where=\"status in ('paid', 'sent') and total > 0\" is one: names, = <> < <= > >=, in, is null, and, or, not"
)

Sql = Callable[[dict[str, str]], str]  # from the expression of each column, by its name in the condition


class Condition(NamedTuple):
    """names: of the columns that are read, as the condition writes them.   sql: gives it in SQL; it is true or false, never NULL."""

    names: tuple[str, ...]
    sql: Sql


class _Token(NamedTuple):
    kind: str
    text: str


def parse(text: str) -> Condition:
    """Returns the condition that a text writes.

    Raises: InputError: the text is not such a condition.

    >>> parse("status = 'paid'").sql({"status": "s"})
    "COALESCE(TRIM(s), '') = 'paid'"
    """
    parser = _Parser(text)
    sql = parser.any_of()
    parser.expect("end")
    return Condition(tuple(dict.fromkeys(parser.names)), sql)


def _tokens(text: str) -> Iterator[_Token]:
    for match in _TOKENS.finditer(text):
        kind, piece = match.lastgroup or "", match.group()
        if kind == "word" and piece.lower() in _WORDS:
            yield _Token(piece.lower(), piece)
        elif kind in ("quoted", "word"):
            yield _Token("name", piece.strip('"`') if kind == "quoted" else piece)
        elif kind == "sign":
            yield _Token("comparison" if piece in _SIGNS else piece, piece)
        elif kind != "blank":
            yield _Token(kind, piece)
    yield _Token("end", "")


class _Parser:
    """Reads tokens from left to right; each method takes what it is called after, and gives its SQL."""

    def __init__(self, text: str):
        self._text, self._tokens, self._place = text, list(_tokens(text)), 0
        self.names: list[str] = []

    def _accept(self, *kinds: str) -> str | None:
        """The text of the next token, if it is of such a kind."""
        token = self._tokens[self._place]
        if token.kind not in kinds:
            return None
        self._place += 1
        return token.text

    def expect(self, *kinds: str) -> str:
        """Raises: InputError: the next token is of another kind."""
        text = self._accept(*kinds)
        if text is None:
            token = self._tokens[self._place]
            what = f"data.where={self._text!r} is not a condition: {token.text or 'its end'!r} where {' or '.join(kinds)} belongs"
            raise InputError(Code.CONDITION, what=what, fix=_FIX)
        return text

    def any_of(self) -> Sql:
        parts = [self._all_of()]
        while self._accept("or"):
            parts.append(self._all_of())
        return _joined(parts, " OR ")

    def _all_of(self) -> Sql:
        parts = [self._negated()]
        while self._accept("and"):
            parts.append(self._negated())
        return _joined(parts, " AND ")

    def _negated(self) -> Sql:
        if self._accept("not"):
            part = self._negated()
            return lambda columns: f"NOT ({part(columns)})"
        if self._accept("("):
            part = self.any_of()
            self.expect(")")
            return part
        return self._comparison()

    def _comparison(self) -> Sql:
        name = self.expect("name", "not", "(")
        self.names.append(name)
        if self._accept("is"):
            is_not = self._accept("not")
            self.expect("null")
            return lambda columns: f"{_plain(columns[name])} {'<>' if is_not else '='} ''"
        if self._accept("not"):
            self.expect("in")
            part = self._in(name)
            return lambda columns: f"NOT ({part(columns)})"
        if self._accept("in"):
            return self._in(name)
        sign = _SIGNS[self.expect("comparison", "in", "is", "not")]
        return self._compared(name, sign)

    def _in(self, name: str) -> Sql:
        self.expect("(")
        parts = [self._compared(name, "=")]
        while self._accept(","):
            parts.append(self._compared(name, "="))
        self.expect(")")
        return _joined(parts, " OR ")

    def _compared(self, name: str, sign: str) -> Sql:
        if (number := self._accept("number")) is not None:
            missing = "true" if sign == "<>" else "false"
            return lambda columns: f"COALESCE(TRY_CAST({columns[name]} AS DOUBLE) {sign} {number}, {missing})"
        text = literal(self.expect("text", "number")[1:-1].replace("''", "'").strip())
        return lambda columns: f"{_plain(columns[name])} {sign} {text}"


def _joined(parts: list[Sql], word: str) -> Sql:
    return parts[0] if len(parts) == 1 else lambda columns: word.join(f"({part(columns)})" for part in parts)


def _plain(column: str) -> str:
    return f"COALESCE(TRIM({column}), '')"
