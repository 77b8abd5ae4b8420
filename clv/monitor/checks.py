"""The checks of the monitor, in the order in which a person reads them. No other module names one."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from clv import progress
from clv.monitor import distributions
from clv.monitor.check import Check
from clv.monitor.evidence import Evidence, Measured
from clv.monitor.feature_drift import FeatureDrift
from clv.monitor.finding import INSUFFICIENT, Finding
from clv.monitor.prediction_drift import PredictionDrift
from clv.monitor.recent_orders import RecentOrders
from clv.monitor.segment_drift import SegmentDrift
from clv.monitor.shap_drift import ShapDrift
from clv.monitor.sketches import Sketch, exact
from clv.monitor.stored_scores import PerformanceOverTime

CHECKS: tuple[Check[Any], ...] = (
    RecentOrders(),
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
    return {check.section: check.describe(measured) for check in progress.over(CHECKS, "checks")}


def columns(
    sketches: Mapping[str, Sketch],
    scored: pd.DataFrame,
    last_year: pd.DataFrame | None,
    moving: list[str],
    ageing: str,
    limits: Mapping[str, Any],
) -> pd.DataFrame:
    """Returns every column now beside its sketch: of distributions.compare(), with the limits of the feature drift.

    Args: sketches: of the baseline, by column.
          scored: one row a customer; the feature table with predicted_clv.
          last_year: the same, a year earlier; what is as it was then is not drift. None where there is none.
          moving: columns that are reported and not judged.
          ageing: a sentence where the customer base grows older; only missing and frozen values count then.
          limits: of limits().
    """
    now, of_features = distributions.watched(scored), limits[FeatureDrift.section]
    table = distributions.compare(sketches, now, moving, of_features, ageing)
    if last_year is None:
        return table
    then = {name: exact(values.to_numpy("float64")) for name, values in distributions.watched(last_year).items()}
    return distributions.milder(table, distributions.compare(then, now, moving, of_features, ageing))


def compare(parts: Mapping[str, dict[str, Any]], evidence: Evidence, limits: Mapping[str, Any]) -> dict[str, Finding]:
    """Returns what each check finds, by its name.

    Args: parts: of describe(), when the version was trained; a check that was added later has no part and is insufficient.
          evidence: everything that is known now.
          limits: of limits().
    """
    checks = progress.over(CHECKS, "checks")
    return {check.name: _finding(check, parts, evidence, limits[check.section]) for check in checks}


def _finding(check: Check[Any], parts: Mapping[str, dict[str, Any]], evidence: Evidence, limits: Any) -> Finding:
    if check.section not in parts:
        return Finding(
            INSUFFICIENT,
            f"The baseline of version {evidence.version} was made before this check; a version trained now has it.",
        )
    return check.compare(parts[check.section], evidence, limits)
