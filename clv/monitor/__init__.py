"""Has something moved? Each check holds now against the baseline and gives a Finding; none of them changes anything."""

from dataclasses import dataclass, field

STABLE, WARN, ALERT, INSUFFICIENT = "stable", "warn", "alert", "insufficient"
SEVERITY = {INSUFFICIENT: 0, STABLE: 1, WARN: 2, ALERT: 3}


@dataclass(frozen=True)
class Finding:
    """status: stable, warn, alert, or insufficient (too little to judge by).   reason: one sentence for a manager.
    figures: JSON-ready, for the reports."""

    status: str
    reason: str
    figures: dict = field(default_factory=dict)


def grade(size: float, warn: float, alert: float, beyond_chance: bool = True) -> str:
    """A change counts when it is both beyond chance and large enough to matter; a size that is no number is an alert."""
    if size != size:
        return ALERT
    if not beyond_chance or size < warn:
        return STABLE
    return ALERT if size >= alert else WARN


def worst(statuses: list[str]) -> str:
    return max(statuses, key=SEVERITY.__getitem__, default=INSUFFICIENT)
