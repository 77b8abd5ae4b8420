"""The checks of the monitor, in the order in which a person reads them. No other module names one."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from clv.monitor import distributions
from clv.monitor.check import Check
from clv.monitor.evidence import Evidence, Measured
from clv.monitor.feature_drift import FeatureDrift
from clv.monitor.finding import INSUFFICIENT, Finding
from clv.monitor.prediction_drift import PredictionDrift
from clv.monitor.segment_drift import SegmentDrift
from clv.monitor.shap_drift import ShapDrift
from clv.monitor.sketches import Sketch
from clv.monitor.stored_scores import PerformanceOverTime

CHECKS: tuple[Check[Any], ...] = (
    FeatureDrift(),
    PredictionDrift(),
    PerformanceOverTime(),
    SegmentDrift(),
    ShapDrift(),
)


def limits(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the limits of each check by its section.

    Args: settings: conf/monitor/ as plain values; a check without a section of its own gets min_customers alone.
    """
    shared = {"min_customers": settings["min_customers"]}
    return {check.section: check.limits({**settings.get(check.section, {}), **shared}) for check in CHECKS}


def describe(measured: Measured) -> dict[str, dict[str, Any]]:
    """Returns the part of each check in the baseline by its section, JSON-ready."""
    return {check.section: check.describe(measured) for check in CHECKS}


def columns(
    sketches: Mapping[str, Sketch], scored: pd.DataFrame, moving: list[str], limits: Mapping[str, Any]
) -> pd.DataFrame:
    """Returns every column now beside its sketch: of distributions.compare(), with the limits of the feature drift.

    Args: sketches: of the baseline, by column.
          scored: one row a customer; the feature table with predicted_clv.
          moving: columns that are reported and not judged.
          limits: of limits().
    """
    return distributions.compare(sketches, distributions.watched(scored), moving, limits[FeatureDrift.section])


def compare(parts: Mapping[str, dict[str, Any]], evidence: Evidence, limits: Mapping[str, Any]) -> dict[str, Finding]:
    """Returns what each check finds, by its name.

    Args: parts: of describe(), when the version was trained; a check that was added later has no part and is insufficient.
          evidence: everything that is known now.
          limits: of limits().
    """
    return {check.name: _finding(check, parts, evidence, limits[check.section]) for check in CHECKS}


def _finding(check: Check[Any], parts: Mapping[str, dict[str, Any]], evidence: Evidence, limits: Any) -> Finding:
    if check.section not in parts:
        return Finding(
            INSUFFICIENT,
            f"The baseline of version {evidence.version} was made before this check; a version trained now has it.",
        )
    return check.compare(parts[check.section], evidence, limits)
