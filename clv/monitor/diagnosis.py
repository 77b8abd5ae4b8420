"""What an alarm looks like: a data fault, a change of the business, the season, or a customer base that grows older."""

from collections.abc import Mapping

from clv import features
from clv.monitor.evidence import PREDICTED, Evidence
from clv.monitor.feature_drift import named
from clv.monitor.finding import ALERT, WARN, Finding

_OTHER_UNIT = 5.0  # times that no business changes by in a few weeks
_BEYOND_CHANCE = 0.01  # of the test that all customers share one value
_MISSING = 0.05  # change of the share of customers without a value, in a column in which everybody has one


def diagnosis(findings: Mapping[str, Finding], evidence: Evidence) -> str:
    """Returns one or two sentences: what the alarm looks like, and why.

    Args: findings: by the name of the check, one of which counts.
          evidence: what they were made from.
    """
    if fault := _fault(findings, evidence):
        return f"It looks like a data fault: {fault}"
    if moved := _moved(findings):
        return f"It looks like a change of the business: the same customers {moved} than the model expects of them in this season."
    if evidence.season:
        return f"It may be the season. {evidence.season} Train a version from then on; it will know."
    if any(_counts(findings.get(name)) for name in ("Prediction drift", "Performance over time")):
        return "It looks like a change of the business: predictions are off by more than they were, and the season does not explain it."
    if evidence.ageing:
        return evidence.ageing
    return (
        "It looks like other customers than before, not like another behaviour: those who were there order as the model expects of them, and "
        "the season is taken out."
    )


def _fault(findings: Mapping[str, Finding], evidence: Evidence) -> str:
    """Why the file may be wrong, if it may."""
    if evidence.incomplete:
        return evidence.incomplete
    changes = _recent(findings)
    orders, value = (1 + (changes.get(name, {}).get("change") or 0) for name in ("orders", "value"))
    if not 1 / _OTHER_UNIT < value < _OTHER_UNIT:
        return f"an order is worth {value:.3g} times what it was; is the revenue in another unit or currency?"
    if orders < 1 / _OTHER_UNIT:
        return f"the same customers place {orders:.0%} of the orders that they did; are the newest purchases complete?"
    if evidence.columns.empty:
        return ""
    columns = evidence.columns.set_index("feature")
    everybody = columns.drop(index=[PREDICTED, *features.OF_GAPS], errors="ignore")
    frozen = everybody.index[everybody["frozen_q_value"] < _BEYOND_CHANCE]
    missing = everybody.index[everybody["missing_share_change"] > _MISSING]
    if names := [*frozen, *missing]:
        return f"{named(names[0])} has one value, or none, for customers who had their own ({len(names)} such columns)."
    return ""


def _moved(findings: Mapping[str, Finding]) -> str:
    """What the same customers do otherwise, if they do."""
    changes = _recent(findings)
    words = {
        "orders": ("order less often", "order more often"),
        "value": ("spend less an order", "spend more an order"),
    }
    moved = [
        f"{words[name][change['change'] > 0]} ({change['change']:+.0%})"
        for name, change in changes.items()
        if name in words and change["status"] in (WARN, ALERT) and change["change"] is not None
    ]
    return " and ".join(moved)


def _recent(findings: Mapping[str, Finding]) -> dict:
    finding = findings.get("Recent orders")
    return finding.figures if finding else {}


def _counts(finding: Finding | None) -> bool:
    return finding is not None and finding.status in (WARN, ALERT)
