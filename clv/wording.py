"""Small parts of sentences: a number with its noun, the name that was meant, the day that was meant."""

import datetime as dt
import difflib
import re
from collections.abc import Iterable

_ORDERS = {  # of the numbers in a day: year, month and day by their places
    r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})": (0, 1, 2),
    r"(\d{1,2})\.(\d{1,2})\.(\d{4})": (2, 1, 0),
}


def counted(number: int, noun: str, plural: str = "") -> str:
    """Returns the number with its noun.

    >>> counted(1, "snapshot"), counted(2_000, "snapshot"), counted(0, "entry", "entries")
    ('1 snapshot', '2,000 snapshots', '0 entries')
    """
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def dead(markdown: str) -> str:
    r"""Returns Markdown in which no tag, no picture and no link comes alive: names and values from files may stand in it.

    >>> print(dead("**read**: <img src=x> of ![a](http://b)"))
    **read**: &lt;img src=x> of !\[a\](http://b)
    """
    return re.sub(r"!\[|\](?=[(\[:])", lambda found: f"{found[0][:-1]}\\{found[0][-1]}", markdown.replace("<", "&lt;"))


def literal(text: str) -> str:
    r"""Returns a name or a text of a person's as Markdown that shows it letter by letter, in one line.

    >>> print(literal("a_b.csv\n<script>"), literal("![x](http://y)"))
    a\_b.csv &lt;script&gt; \!\[x\](http://y)
    """
    plain = " ".join(text.split()).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"([\\`*_\[\]!|])", r"\\\1", plain)


def nearest(word: str, names: Iterable[str]) -> list[str]:
    """Returns the names that the word may stand for: those that it begins, else the one that is spelt most like it.

    >>> nearest("xgboost", ["btyd", "xgboost_tweedie", "xgboost_squared_error"])
    ['xgboost_squared_error', 'xgboost_tweedie']
    >>> nearest("modle", ["model", "monitor"]), nearest("hunter2", ["model"])
    (['model'], [])
    """
    names = sorted(names)
    begun = [name for name in names if len(word) > 2 and name.startswith(word)]
    return begun or difflib.get_close_matches(word, names, 1)


def meant(word: str, names: Iterable[str], before: str = "", after: str = "") -> str:
    """Returns a sentence on nearest(), with a blank at its end; empty where nothing is near.

    Args: before, after: around each name.

    >>> meant("modle", ["model"], after="=FILE")
    'did you mean model=FILE? '
    """
    found = " or ".join(f"{before}{name}{after}" for name in nearest(word, names))
    return f"did you mean {found}? " if found else ""


def day_meant(text: str) -> str:
    """Returns the day as YYYY-MM-DD where only one can be meant; else nothing.

    >>> day_meant("2026-7-1"), day_meant("01.07.2026"), day_meant("07/01/2026"), day_meant("2026-13-1")
    ('2026-07-01', '2026-07-01', '', '')
    """
    for pattern, places in _ORDERS.items():
        if match := re.fullmatch(pattern, text.strip()):
            try:
                return dt.date(*(int(match.groups()[place]) for place in places)).isoformat()
            except ValueError:
                return ""
    return ""
