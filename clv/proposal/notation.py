"""How days and amounts are written, by the texts themselves."""

import re
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from clv.data.date_formats import descents, fitting, pairs
from clv.data.suggestions import COUNTED_TIME, separators
from clv.proposal.described import Column

_ISO = r"\d{4}-\d{2}-\d{2}(?:[Tt ]\d{2}(?::\d{2}){1,2}(?:[.,]\d{1,9})?(?: ?(?:Z|z|UTC|GMT|[+-]\d{2}:?(?:\d{2})?))?)?"
_OFFSET = r"(Z|z|UTC|GMT|[+-]\d{2}:?\d{2})$"
_NEARLY_ALL = 0.9
_FEW = 0.01  # share of texts
_CLEARLY = 3  # times as many descents


@dataclass
class Notation:
    """settings: key of conf/data -> value.   evidence: key -> why.   choices: what a person must decide, a sentence each."""

    settings: dict[str, Any] = field(default_factory=dict)
    evidence: dict[str, str] = field(default_factory=dict)
    choices: list[str] = field(default_factory=list)

    def set(self, name: str, value: Any, why: str) -> None:
        self.settings[name], self.evidence[name] = value, why


def of_days(column: Column, notation: Notation) -> None:
    """Adds date_format and timezone, where ISO 8601 is not what the column has."""
    texts = column.sample
    is_iso = texts.str.fullmatch(_ISO)
    if is_iso.mean() >= 1 - _FEW or texts.empty:
        _offsets(texts[is_iso], notation)
        return
    for pattern, (name, unit) in COUNTED_TIME.items():
        if texts.str.fullmatch(pattern).mean() >= _NEARLY_ALL:
            notation.set("date_format", name, f"numbers like {texts.iloc[0]}, which count {unit}")
            return
    forms = fitting(texts)
    two = pairs(texts) if not forms or _share_of(texts, forms[0]) < 1 - _FEW else []
    if two:
        shown = ", ".join(column.examples[:3])
        notation.set(
            "date_format",
            two[0],
            f"two formats in one column, like {shown}; under this pair days ascend most with the file",
        )
        notation.choices.append(
            f"{column.name!r} has two formats of days in one column: data.date_format={two[0]} reads both; look at some rows of each"
        )
    elif forms:
        _one_format(forms, texts, column, notation)
    if "%z" in str(notation.settings.get("date_format")):
        notation.set("timezone", "UTC", "its days have offsets; name the zone whose days count, like Europe/Berlin")


def _share_of(texts: pd.Series, form: str) -> float:
    return float(pd.to_datetime(texts, format=form, errors="coerce").notna().mean())


def _one_format(forms: list[str], texts: pd.Series, column: Column, notation: Notation) -> None:
    if len(forms) == 1:
        notation.set("date_format", forms[0], f"days like {texts.iloc[0]}")
        return
    steps = {form: descents(texts, form) for form in forms}
    best, second, *_ = sorted(forms, key=lambda form: steps[form])
    why = f"days ascend with the file under it in all but {steps[best]} of {len(texts)} rows, under {second} in all but {steps[second]}"
    notation.set("date_format", best, why)
    if steps[second] < _CLEARLY * max(steps[best], 1):
        notation.choices.append(
            f"{column.name!r} like {texts.iloc[0]!r} may be written as {best} or as {second}, and the order of the rows does not say which: "
            f"the profile says {best}; change it if that is wrong"
        )


def _offsets(texts: pd.Series, notation: Notation) -> None:
    offsets = (
        texts.str.extract(_OFFSET)[0]
        .fillna("none")
        .replace({"Z": "+0000", "z": "+0000", "UTC": "+0000", "GMT": "+0000"})
    )
    names = sorted(set(offsets.str.replace(":", "")))
    if len(names) > 1:
        shown = ", ".join(names[:4])
        notation.set(
            "timezone",
            "UTC",
            f"time stamps have the offsets {shown}; name the zone whose days count, like Europe/Berlin",
        )


def of_amounts(columns: list[Column], notation: Notation) -> None:
    """Adds decimal, thousands and negative_style, where amounts are not plain numbers."""
    texts = pd.concat([column.sample for column in columns]) if columns else pd.Series(dtype=str)
    if texts.empty:
        return
    bare = texts.str.replace(r"[^\d.,'’\s\u202f\u2009+-]", "", regex=True).str.strip()
    point, sign = separators(bare.str.strip("-+ "), ".")
    if point == ",":
        notation.set("decimal", ",", f"amounts like {_like(texts, r',[0-9]')}")
    if sign:
        value = {"\xa0": " ", "\u202f": " ", "\u2009": " ", "’": "'"}.get(sign, sign)
        if point is None and sign in ".,":
            notation.choices.append(
                f"amounts like {_like(texts, re.escape(sign))} may be thousands or have decimals: the profile says thousands; change it if that is wrong"
            )
        notation.set("thousands", value, f"amounts like {_like(texts, re.escape(sign) + '[0-9]{3}')}")
    for name, pattern in (("parentheses", r"\s*[^\d]*\(.*\d.*\)\s*"), ("trailing_minus", r".*\d\s*-\s*")):
        if texts.str.fullmatch(pattern).any():
            notation.set("negative_style", name, f"amounts like {_like(texts, pattern)}")


def _like(texts: pd.Series, pattern: str) -> str:
    fitting_texts = texts[texts.str.contains(pattern, regex=True)]
    return str((fitting_texts if len(fitting_texts) else texts).iloc[0])
