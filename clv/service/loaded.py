"""A version that is loaded, and what it answers."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

import pandas as pd

from clv.registry import versions
from clv.registry.versions import Version
from clv.scorer import Scorer, known


@dataclass(frozen=True)
class Loaded:
    """version: whose files are as they were registered.   at: when it was loaded (UTC)."""

    version: Version
    scorer: Scorer
    at: dt.datetime

    @property
    def facts(self) -> dict[str, Any]:
        """What every answer says of the version."""
        version = self.version
        named = {"model": version.name, "version": version.number, "alias": version.alias}
        money = {"money": version.facts.get("money", "net revenue")}
        return named | known(version.facts, version.run_id) | money

    def answer(self, rows: pd.DataFrame, as_of: str | None) -> dict[str, Any]:
        """Returns the scores of the customers of whom these are all purchases, JSON-ready. Raises: InputError: of Scorer.of_purchases()."""
        scored = self.scorer.of_purchases(rows, as_of)
        day, until = scored.as_of, self.version.learnt_until
        return self.facts | {
            "as_of": day.isoformat(),
            "predictions": scored.scores.to_dict("records"),
            "not_scored": list(scored.not_scored),
            "later_rows": scored.later_rows,
            "warnings": _warnings(day, until),
        }


def _warnings(day: dt.date, until: dt.date) -> list[str]:
    """day: of the scoring.   until: first day whose revenue the version has not learnt from."""
    ahead = (day - dt.datetime.now(dt.UTC).date()).days
    if day < until:
        return [f"the version learnt from revenue up to {until}: scores as of {day} know the future"]
    if ahead > 2:  # tomorrow, where it is tomorrow already
        return [f"as_of lies {ahead:,} days ahead: the customers are scored as if none of them ordered until then"]
    return []


def load(version: Version) -> Loaded:
    """Returns the version, ready to answer. Raises: UserError: a file is not as it was registered, or another engine wrote it."""
    return Loaded(version, Scorer(versions.load(version), version.definition), dt.datetime.now(dt.UTC))
