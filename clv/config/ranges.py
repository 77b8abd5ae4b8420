"""What a field of the schema may hold, as its metadata; check() in this package reads it."""

from dataclasses import MISSING, field
from typing import Any


def required() -> Any:
    """A value of any size; like all values it stands in conf/, not here."""
    return field(default=MISSING)


def between(low: float, high: float) -> Any:
    return field(default=MISSING, metadata={"allowed": (low, high)})


def one_of(*values: str) -> Any:
    return field(default=MISSING, metadata={"choices": values})


def day_or_none() -> Any:
    return field(default=MISSING, metadata={"day": True})


def pattern(expression: str, says: str, secret: bool = False) -> Any:
    """secret: a value that does not match is not shown; it may be a password in the wrong place."""
    return field(default=MISSING, metadata={"pattern": (expression, says), "secret": secret})


def text() -> Any:
    """Free text that a run may log (logged.py); other free text is left out."""
    return field(default=MISSING, metadata={"text": True})
