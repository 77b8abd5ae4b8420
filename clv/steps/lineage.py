"""Whether a version learnt from the history that is being read."""

from clv.errors import Code, InputError
from clv.history import History
from clv.outcome import SAME_HISTORY
from clv.registry.versions import Version


def stranger(version: Version, history: History) -> str | None:
    """Returns a sentence that the version learnt from another history; None where it learnt from this one.

    The days that the version was measured on brought the same revenue there and here, but for returns that came later. Money of
    another kind cannot be compared: scoring says so.
    """
    if version.facts.get("money", "net revenue") != history.money:
        return None
    then, now = version.revenue_then, history.net_revenue(*version.measured_days)
    if abs(now - then) <= SAME_HISTORY * abs(then):
        return None
    first, last = version.measured_days
    return (
        f"Version {version.number} of model {version.name} learnt from another history, {version.facts['data']}: the days from {first} "
        f"to {last} brought {then:,.0f} there and {now:,.0f} here"
    )


def refuse_stranger(version: Version, history: History) -> None:
    """Raises: InputError: the version learnt from another history than the one at path."""
    if sentence := stranger(version, history):
        raise InputError(
            Code.OTHER_HISTORY,
            what=sentence,
            fix="name the profile of this history, or its model: tracking.model_name=NAME; `check` writes a profile; if the history was "
            "corrected, train a version on it and promote it",
            where=history.path,
        )
