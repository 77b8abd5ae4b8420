"""Has something moved? Each check compares now with the baseline and returns a Finding. No check changes anything."""

from clv.monitor.finding import (
    ALERT,
    INSUFFICIENT,
    STABLE,
    STATUSES,
    WARN,
    Finding,
    OverDays,
    OverYear,
    Shares,
    grade,
    worst,
)

__all__ = [
    "ALERT",
    "INSUFFICIENT",
    "STABLE",
    "STATUSES",
    "WARN",
    "Finding",
    "OverDays",
    "OverYear",
    "Shares",
    "grade",
    "worst",
]
