"""Do the same customers order as the model expects of them? Their newest orders beside its expectation, in the season of the days."""

import datetime as dt
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from clv.monitor.evidence import Evidence, Measured
from clv.monitor.finding import ALERT, INSUFFICIENT, STABLE, Finding, OverYear, grade, worst

_VALUE_CAP = 0.99  # quantile of the baseline's revenue of a customer at which one is cut off
_BLIND = "Feasts that move through the year, such as Easter, Ramadan and Black Friday, are not part of the season."
_IN_WORDS = {"orders": "Orders", "value": "The value of an order"}
_NOTHING_BEFORE = {
    "orders": "Nobody had ordered in the weeks before the training, so the newest orders have nothing to be compared with.",
    "value": "The orders in the weeks before the training had brought no revenue, so their value has nothing to be compared with.",
}


@dataclass(frozen=True)
class Limits:
    """Args: days: length of the stretch that is looked at.
    windows: such stretches before the day of the training, at most, that make the baseline.
    min_z: standard errors that a change must lie beyond.
    warn, alert: relative change of orders, or of the value of an order, beside what the model expects.
    min_customers: fewer on either side cannot be judged.
    """

    days: int
    windows: int
    min_z: float
    warn: float
    alert: float
    min_customers: int


class RecentOrders:
    """The customers of some weeks ago: what they ordered since then beside what the model expected of them.

    Growth and ageing of the customer base do not move it, since it is about the customers who were there and about how old they
    were; the season does not, since the expectation is in season time.
    """

    name, section, pictured = "Recent orders", "recent_orders", "The season, with the last year over it"

    def limits(self, settings: Mapping[str, Any]) -> Limits:
        """Returns the changes of orders and of their value that count."""
        return Limits(**settings)

    def describe(self, measured: Measured) -> dict[str, Any]:
        """Returns both ratios in the weeks before the training, which the model had not seen."""
        return ratios(measured.recent)

    def compare(self, part: dict[str, Any], evidence: Evidence, limits: Limits) -> Finding:
        """Returns how far orders and their value lie from what is expected, beside how far they did at the training."""
        recent = evidence.recent
        if evidence.too_short:
            return Finding(INSUFFICIENT, evidence.too_short)
        if min(part["customers"], len(recent.table)) < limits.min_customers or not recent.table["orders"].any():
            return _too_few(part["customers"], recent.table, recent.begin, limits)
        now = ratios(recent.table, part["cap"])
        changes = {name: _change(part[name], now[name], recent.room, limits) for name in _IN_WORDS}
        status = worst(change["status"] for change in changes.values())
        where = f"in the {recent.days} days before {recent.begin + dt.timedelta(days=recent.days)}"
        reasons = [
            _sentence(name, where, part[name]["value"], now[name]["value"])
            for name, change in changes.items()
            if change["status"] == status
        ]
        calm = f"Orders and their value {where} are as the model expects of the same customers in this season."
        return Finding(
            status,
            calm if status == STABLE else " ".join(reasons),
            changes | {"cannot_see": _BLIND},
            metrics={f"recent/{name}": now[name]["value"] for name in _IN_WORDS},
            pictures=_pictures(evidence),
        )


def _sentence(name: str, where: str, before: float, now: float) -> str:
    if not math.isfinite(before):
        return _NOTHING_BEFORE[name]
    if not math.isfinite(now):
        return f"The orders {where} brought no revenue at all; is the revenue complete?"
    return (
        f"{_IN_WORDS[name]} {where} came to {now:.2f} times what the model expects of the same customers in this season; at the "
        f"training it was {before:.2f}."
    )


def _pictures(evidence: Evidence) -> tuple[OverYear, ...]:
    caption = (
        evidence.season
        or "The line is what the version knows of the season; orders above it in many weeks are a good time, not a season."
    )
    return (
        ()
        if evidence.recent.year.empty
        else (OverYear("Orders a week, beside their mean", evidence.recent.year, caption),)
    )


def _too_few(customers: int, table: pd.DataFrame, begin: dt.date, limits: Limits) -> Finding:
    if customers >= limits.min_customers and table["expected_orders"].sum() >= limits.min_customers:
        return Finding(ALERT, f"None of the {len(table)} customers has ordered since {begin}; is the history complete?")
    return Finding(INSUFFICIENT, f"Too few customers had ordered before {begin}, or none of them has since then.")


def ratios(table: pd.DataFrame, cap: float | None = None) -> dict[str, Any]:
    """Returns orders, and the value of an order, beside what was expected; each with the standard error of its logarithm.

    Args:    table: one row a customer and stretch; orders, revenue (currency), expected_orders, expected_value (currency an order).
             cap: of the revenue of one customer, in currency; by default a high quantile of this table.
    Returns: customers, cap, and orders, value: value (1 is as expected), log_error.
    """
    bought = table[table["orders"] > 0]
    cap = _quantile(bought["revenue"]) if cap is None else cap
    revenue, expected = bought["revenue"].clip(upper=cap), (bought["orders"] * bought["expected_value"]).clip(upper=cap)
    return {
        "customers": len(table),
        "cap": cap,
        "orders": _ratio(table["orders"].to_numpy("float64"), table["expected_orders"].to_numpy("float64")),
        "value": _ratio(revenue.to_numpy("float64"), expected.to_numpy("float64")),
    }


def _quantile(revenue: pd.Series) -> float:
    """To three digits, so that no customer shows."""
    return float(f"{revenue.quantile(_VALUE_CAP):.3g}") if len(revenue) else 0.0


def _ratio(actual: np.ndarray, expected: np.ndarray) -> dict[str, float]:
    """The ratio of the sums; the standard error of its logarithm by the delta method."""
    if not actual.sum() > 0 or not expected.sum() > 0:
        return {"value": math.nan, "log_error": math.nan}
    ratio = float(actual.sum() / expected.sum())
    return {"value": ratio, "log_error": float(np.sqrt(((actual - ratio * expected) ** 2).sum()) / actual.sum())}


def _change(before: dict[str, float], now: dict[str, float], room: float, limits: Limits) -> dict[str, Any]:
    """A change counts beyond noise, beyond what matters, and beyond the room that the season leaves. Nothing is no baseline."""
    if not all(math.isfinite(side["value"]) for side in (before, now)):
        status = ALERT if math.isfinite(before["value"]) else INSUFFICIENT
        return {"status": status, "change": None, "z": None}
    log_change = math.log(now["value"] / before["value"])
    z = log_change / max(math.hypot(before["log_error"], now["log_error"]), 1e-12)
    size = math.expm1(abs(log_change))
    status = grade(size, max(limits.warn, room), max(limits.alert, room), abs(z) >= limits.min_z)
    return {"status": status, "change": math.expm1(log_change), "z": z, "room": room}
