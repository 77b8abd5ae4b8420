"""What a version was measured on, as far as a monitor needs it: sketches, moments, counts and shares; no row and no id."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from clv.errors import UserError
from clv.monitor import performance, segments, shap, sketches

STAGES = ("new", "active", "lagging", "dormant", "lost")
PREDICTED = "predicted_clv"
FACTS = ("history_days", "evaluation_cutoff")  # that a monitor reads


@dataclass(frozen=True)
class Baseline:
    """facts: of the version, with history_days (days of history before the cutoff).
    sketches: by column, the predicted CLV among them.   performance: of performance.moments().   metrics: of metrics.intervals().
    segments: grouping -> group -> customers.   cluster_limits: of segments.limits_of().   shap: of shap.profile().
    """

    facts: dict
    sketches: dict[str, sketches.Sketch]
    performance: dict
    metrics: pd.DataFrame
    segments: dict[str, dict[str, int]]
    cluster_limits: list[float]
    shap: dict

    @property
    def customers(self) -> int:
        return next(iter(self.sketches.values())).customers


def describe(
    facts: dict, scored: pd.DataFrame, metrics: pd.DataFrame, cluster_id: np.ndarray, contributions: pd.DataFrame
) -> Baseline:
    """Of customers whom the model has not learnt from.

    Args: scored: the feature table with lifecycle_stage, predicted_clv and actual_clv.   cluster_id: of each row, 1 = lowest predictions.
          contributions: SHAP values of a sample.
    """
    limits = segments.limits_of(scored[PREDICTED], cluster_id)
    return Baseline(
        facts=facts,
        sketches={name: sketches.sketch(watched(scored)[name].to_numpy("float64")) for name in watched(scored)},
        performance=performance.moments(scored["actual_clv"], scored[PREDICTED]),
        metrics=metrics,
        segments=groups(scored, limits),
        cluster_limits=limits,
        shap=shap.profile(contributions),
    )


def watched(scored: pd.DataFrame) -> pd.DataFrame:
    """The columns whose distributions are compared."""
    return scored.select_dtypes("number").drop(columns=["actual_clv"], errors="ignore")


def groups(scored: pd.DataFrame, limits: list[float]) -> dict[str, dict[str, int]]:
    stages = scored["lifecycle_stage"].value_counts(dropna=False)
    named = dict.fromkeys(STAGES, 0) | {str(stage): int(count) for stage, count in stages.items()}
    return {"stage": named, "cluster": segments.within(scored[PREDICTED], limits)}


def files(base: Baseline) -> dict:
    """The files of a run that hold it."""
    counts = {
        name: {"customers": one.customers, "missing": one.missing, "zeros": one.zeros}
        for name, one in base.sketches.items()
    }
    rest = {name: value for name, value in vars(base).items() if name not in ("sketches", "metrics")}
    content = rest | {"columns": counts, "metrics": base.metrics.to_dict("index")}
    return {"baseline/baseline.json": content, "baseline/sketches.parquet": sketches.to_table(base.sketches)}


def no_number(text: str) -> None:
    raise ValueError(f"{text} is no number")


def numbers(value: object) -> object:
    """The same, with NaN where it says null (a figure that was undefined).

    Raises: ValueError: a text, yes or no stands where a number belongs.
    """
    if isinstance(value, dict):
        return {key: numbers(item) for key, item in value.items()}
    if isinstance(value, list):
        return [numbers(item) for item in value]
    if isinstance(value, (bool, str)):
        raise ValueError(f"{value!r} stands where a number belongs")
    return float("nan") if value is None else value


def load(folder: Path) -> Baseline:
    """Raises: UserError: the folder holds no whole baseline of this engine."""
    try:
        content = json.loads((folder / "baseline.json").read_text(), parse_constant=no_number)
        metrics = pd.DataFrame.from_dict(numbers(content.pop("metrics")), orient="index").astype("float64")
        table, counts = pd.read_parquet(folder / "sketches.parquet"), content.pop("columns")
        content |= {name: numbers(content[name]) for name in ("performance", "segments", "cluster_limits", "shap")}
        found = Baseline(**content | {"metrics": metrics, "sketches": sketches.from_table(table, counts)})
        if missing := [name for name in (*FACTS, PREDICTED) if name not in {*found.facts, *found.sketches}]:
            raise ValueError(f"it lacks {', '.join(missing)}")
        return found
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise UserError(
            f"The baseline is not whole, or was made by an earlier engine: {type(error).__name__}: {error}"
        ) from error
