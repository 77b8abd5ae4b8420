"""Origins of the past, one after the other: those that lie too early are left out."""

import datetime as dt
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

from clv import progress, windows
from clv.errors import Code, InputError
from clv.history import History
from clv.outcome import Run
from clv.store import Finished

_SECTIONS = ("data", "window", "features", "model", "evaluation")  # of conf/, those that what is measured depends on
_Part = TypeVar("_Part")


def finished(run: Run, history: History, command: str) -> Finished:
    """Returns where the parts of this command are kept until it is done."""
    facts: dict[str, Any] = {name: asdict(getattr(run.config, name)) for name in _SECTIONS}
    facts |= {"seed": run.config.seed, "data": history.quality.sha256, "as_of": history.as_of.isoformat()}
    return Finished(Path(run.config.outputs), command, facts)


def measured(
    history: History, plans: list[windows.Plan], measure: Callable[[windows.Plan], _Part], least: int
) -> tuple[dict[windows.Plan, _Part], list[str]]:
    """Measures each origin.

    Args:    measure: of one origin.
             least: customers that a training snapshot needs.
    Returns: what each origin came to, and a sentence for each that has too few customers.
    Raises:  InputError: none of them has enough.
    """
    parts: dict[windows.Plan, _Part] = {}
    skipped: list[str] = []
    for plan in progress.over(plans, "origins"):
        try:
            parts[plan] = measure(plan)
        except InputError as error:
            if error.code != Code.TOO_FEW_CUSTOMERS or (plan is plans[-1] and not parts):
                raise
            skipped.append(f"{_few(history, plan, error, least)}")
    return parts, skipped


def _few(history: History, plan: windows.Plan, error: InputError, least: int) -> str:
    day = windows.day_of_customers(history.purchases, least)
    since = f"; by {day}, {least} customers had ordered" if day else ""
    return f"{plan.evaluation} was skipped: {error.what[0].lower()}{error.what[1:]}{since}."


def too_early(skipped: int, asked: int, first_day: dt.date, rule: windows.Rule) -> list[str]:
    """Returns a sentence on the origins that lie too early, where there are any."""
    if not skipped:
        return []
    verb = "were skipped: they lie" if skipped > 1 else "was skipped: it lies"
    return [f"{skipped} of {asked} origins {verb} before {first_possible(first_day, rule)}."]


def first_possible(first_day: dt.date, rule: windows.Rule) -> str:
    """Returns the first possible cutoff, with what makes it possible."""
    return (
        f"{windows.first_possible(first_day, rule)}, the first that has {rule.horizon_days} days of training labels and "
        f"{rule.min_history_days} days of history before them"
    )
