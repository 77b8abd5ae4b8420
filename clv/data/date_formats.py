"""Which formats of dates would read the texts of a column."""

from itertools import product

import duckdb
import numpy as np
import pandas as pd

from clv.data.queries import literal

_EARLIEST, _LATEST = 1990, 2069  # years of two digits are read as 1969 to 2068; nobody bought anything in the year 11
_NEARLY_ALL = 0.9  # of the days
_FORMATS = [
    day + time
    for day in (
        "%Y-%m-%d", "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%d-%m-%Y", "%m-%d-%Y", "%Y/%m/%d", "%Y.%m.%d", "%Y-%d-%m", "%Y%m%d", "%d%m%Y", "%m%d%Y",
        "%d/%m/%y", "%m/%d/%y", "%d.%m.%y", "%d-%m-%y", "%m-%d-%y", "%y-%m-%d", "%y%m%d", "%d %b %Y", "%d-%b-%Y", "%d-%b-%y", "%b %d, %Y", "%b %d %Y", "%d %B %Y", "%d. %B %Y",
        "%B %d, %Y", "%A, %B %d, %Y", "%a %Y-%m-%d", "%a, %d %b %Y",
    )
    for time in (
        "", " %H:%M", " %H:%M:%S", " %H:%M:%S.%f", " %I:%M %p", " %I:%M:%S %p", "T%H:%M:%S", "T%H%M%SZ", "T%H%M%S", "%H%M%S", " %H:%M:%S %z", " %H:%M:%S GMT", ", %I:%M:%S %p", ", %H:%M:%S",
    )
]  # fmt: skip
_IN_ORDER = 5_000  # days that are looked at in the order of the file


def fitting(texts: pd.Series) -> list[str]:
    """Returns the formats under which nearly all of the days can be read, and lie in years that orders have."""
    return [form for form, days in _readable(texts).items() if days.mean() >= _NEARLY_ALL]


def pairs(texts: pd.Series) -> list[str]:
    """Returns the pairs of formats, as FORMAT|FORMAT, of which each reads what the other does not.

    Args: texts: in the order of the file; the pair under which days ascend most with it comes first.
    """
    readable = _readable(texts)
    if len(readable) < 2:
        return []
    most = max(days.sum() for days in readable.values())
    firsts = [form for form, days in readable.items() if days.sum() == most]
    rest = {form: days & ~readable[firsts[0]] for form, days in readable.items()}
    most = max(days.sum() for days in rest.values())
    seconds = [form for form, days in rest.items() if days.sum() == most]
    whole = [
        f"{first}|{second}"
        for first, second in product([form for form in firsts if form not in seconds], seconds)
        if (readable[first] | readable[second]).mean() >= _NEARLY_ALL
    ]
    return sorted(whole, key=lambda pair: descents(texts.head(_IN_ORDER), pair))


def _readable(texts: pd.Series) -> dict[str, np.ndarray]:
    """Format -> whether each of some of the days can be read under it, and lies in a year that orders have."""
    days = texts.drop_duplicates().to_frame("text")
    days = days.iloc[:: 1 + len(days) // 200]  # of the whole file: in one month all days may be below 13
    sample = days["text"].iloc[:: 1 + len(days) // 20]
    forms = [
        form for form in _FORMATS if pd.to_datetime(sample, format=form, errors="coerce").notna().any()
    ]  # few for DuckDB
    years = [
        f"COALESCE(YEAR(TRY_STRPTIME(text, {literal(form)})) BETWEEN {_EARLIEST} AND {_LATEST}, false)"
        for form in forms
    ]
    rows = duckdb.connect().register("days", days).execute(f"SELECT {', '.join(['0', *years])} FROM days").fetchall()
    read = np.array(rows, dtype=bool)
    return {form: read[:, place] for place, form in enumerate(forms, 1) if read[:, place].any()}


def descents(texts: pd.Series, pair: str) -> int:
    """Returns how often a day lies before the one of the row above.

    Args: texts: in the order of the file.   pair: a format, or several with | between.
    """
    days = texts.to_frame("text")
    forms = ", ".join(literal(form) for form in pair.split("|"))
    read = duckdb.connect().register("days", days).sql(f"SELECT TRY_STRPTIME(text, [{forms}]) AS day FROM days").df()
    return int((read["day"].diff() < pd.Timedelta(0)).sum())
