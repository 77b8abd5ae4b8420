"""Whether a version learnt from the history that is being read."""

import datetime as dt

from clv.errors import Code, InputError
from clv.history import SAMPLED, History
from clv.registry.versions import Version

_IN_COMMON = 0.1  # share of customers and days; two businesses have fewer in common by chance
_LEAST = 10  # customers and days, below which nobody can tell


def stranger(version: Version, history: History) -> str | None:
    """Returns a sentence that the version learnt from another history; None where it learnt from this one, or nobody can tell.

    One business has the same customers on the same days, in an export of another day and in one that was cut or that holds wrong
    amounts: the monitor judges these.

    Source: bottom-k sketches, Cohen and Kaplan (2007), Summarizing data using bottom-k sketches.
    """
    there = version.facts.get("customers_and_days", "").split()
    here = history.sample(dt.date.fromisoformat(version.facts["as_of"])) if there else []
    if not here or not there:
        return None
    ends = [digests[-1] for digests in (here, there) if len(digests) == SAMPLED]  # beyond it a full sample says nothing
    end = min(ends, default=max(here[-1], there[-1]))
    ours, theirs = ({digest for digest in digests if digest <= end} for digests in (here, there))
    fewer = min(len(ours), len(theirs))
    if fewer < _LEAST or len(ours & theirs) >= _IN_COMMON * fewer:
        return None
    return (
        f"Version {version.number} of model {version.name} learnt from another history, {version.facts['data']}: of the customers and "
        f"the days that they ordered on, {len(ours & theirs) / fewer:.0%} are the same"
    )


def refuse_stranger(version: Version, history: History) -> None:
    """Raises: InputError: the version learnt from another history than the one at path."""
    if sentence := stranger(version, history):
        raise InputError(
            Code.OTHER_HISTORY,
            what=sentence,
            fix="name the profile of this history, or its model: tracking.model_name=NAME; `check` writes a profile; if customers got "
            "other ids, train a version on it and promote it",
            where=history.path,
        )
