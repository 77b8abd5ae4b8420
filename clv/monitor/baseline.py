"""What a version was made on, as far as the monitor needs it: sketches, moments, counts and shares; no row and no id."""

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from clv.errors import UserError
from clv.monitor import checks, distributions, sketches
from clv.monitor.evidence import PREDICTED, Measured

_FACTS = ("history_days", "evaluation_cutoff", "as_of")  # of the version, those that the monitor reads


@dataclass(frozen=True)
class Baseline:
    """Args: facts: of the version, with as_of (the day of its training), evaluation_cutoff (of the customers that it was measured on),
    and history_days (days of history before that cutoff).
    sketches: by column of the customers on the day of the training, the predicted CLV among them.
    parts: of checks.describe(), by the section of the check.
    """

    facts: dict[str, Any]
    sketches: dict[str, sketches.Sketch]
    parts: Mapping[str, dict[str, Any]]

    @property
    def customers(self) -> int:
        """Returns the number of customers on the day of the training."""
        return next(iter(self.sketches.values())).customers

    @property
    def as_of(self) -> dt.date:
        """Returns the day of the training: the first whose purchases it has not seen."""
        return dt.date.fromisoformat(self.facts["as_of"])

    @property
    def days(self) -> int:
        """Returns the days of history before the day of the training."""
        measured = dt.date.fromisoformat(self.facts["evaluation_cutoff"])
        return self.facts["history_days"] + (self.as_of - measured).days


def describe(facts: dict[str, Any], measured: Measured) -> Baseline:
    """Returns the baseline of a version.

    Args: facts: of the version.
          measured: what it was made on; it must not have learnt from the revenue of the labelled customers.
    """
    numbers = distributions.watched(measured.scored)
    return Baseline(
        facts=facts,
        sketches={name: sketches.sketch(values.to_numpy("float64")) for name, values in numbers.items()},
        parts=checks.describe(measured),
    )


def files(base: Baseline) -> dict[str, dict[str, Any] | pd.DataFrame]:
    """Returns the files of a run that hold the baseline: path -> JSON-ready content, or a table."""
    counts = {
        name: {"customers": sketch.customers, "missing": sketch.missing, "zeros": sketch.zeros}
        for name, sketch in base.sketches.items()
    }
    content = {"facts": base.facts, "columns": counts, "checks": base.parts}
    return {"baseline/baseline.json": content, "baseline/sketches.parquet": sketches.to_table(base.sketches)}


def load(folder: Path) -> Baseline:
    """Returns the baseline that files() made.

    Raises: UserError: the folder holds no whole baseline of this engine.
    """
    try:
        return _read(folder)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise UserError(
            f"The baseline is not whole, or was made by an earlier engine: {type(error).__name__}: {error}"
        ) from error


def _read(folder: Path) -> Baseline:
    content = json.loads((folder / "baseline.json").read_text(), parse_constant=_refuse_constant)
    table = pd.read_parquet(folder / "sketches.parquet")
    parts = {section: dict(_numbers(part)) for section, part in content.get("checks", {}).items()}
    base = Baseline(content["facts"], sketches.from_table(table, content["columns"]), parts)
    if missing := [name for name in (*_FACTS, PREDICTED) if name not in {*base.facts, *base.sketches}]:
        raise ValueError(f"it lacks {', '.join(missing)}")
    return base


def _refuse_constant(text: str) -> None:
    raise ValueError(f"{text} is not a number")


def _numbers(value: Any) -> Any:
    """The same, with NaN where it says null (a figure that was undefined).

    Raises: ValueError: a text, yes or no stands where a number belongs.
    """
    if isinstance(value, dict):
        return {key: _numbers(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_numbers(item) for item in value]
    if isinstance(value, (bool, str)):
        raise ValueError(f"{value!r} stands where a number belongs")
    return float("nan") if value is None else value
