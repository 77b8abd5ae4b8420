"""What a version was measured on, as far as the monitor needs it: sketches, moments, counts and shares; no row and no id."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from clv.errors import UserError
from clv.monitor import checks, distributions, sketches
from clv.monitor.evidence import PREDICTED, Measured

_FACTS = ("history_days", "evaluation_cutoff")  # of the version, those that the monitor reads


@dataclass(frozen=True)
class Baseline:
    """Args: facts: of the version, with history_days (days of history before the cutoff) and evaluation_cutoff.
    sketches: by column, the predicted CLV among them.
    parts: of checks.describe(), by the section of the check.
    """

    facts: dict[str, Any]
    sketches: dict[str, sketches.Sketch]
    parts: Mapping[str, dict[str, Any]]

    @property
    def customers(self) -> int:
        """Returns the number of customers that the version was measured on."""
        return next(iter(self.sketches.values())).customers


def describe(
    facts: dict[str, Any],
    scored: pd.DataFrame,
    metrics: pd.DataFrame,
    cluster_id: np.ndarray,
    contributions: pd.DataFrame,
) -> Baseline:
    """Returns the baseline of a version; it must not have learnt from the revenue of these customers.

    Args: facts: of the version.
          scored, metrics, cluster_id, contributions: as in evidence.Measured.
    """
    numbers = distributions.watched(scored)
    return Baseline(
        facts=facts,
        sketches={name: sketches.sketch(values.to_numpy("float64")) for name, values in numbers.items()},
        parts=checks.describe(Measured(scored, metrics, cluster_id, contributions)),
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
