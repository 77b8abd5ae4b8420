"""The version in production, as a run may use it."""

import datetime as dt
from functools import cached_property
from pathlib import Path

from clv import features, hints, model
from clv.errors import Unreachable, UserError
from clv.registry import ledger, local_copy, versions
from clv.registry.standing import Standing
from clv.registry.versions import FILES_SHA256, Version
from clv.tracking import server
from clv.wording import counted


class Production:
    """The version in production, asked for once, when a step first needs it: every step of a run uses one version.

    warning: what to know where the registry could not be asked, and the version that this machine saw last serves.
    """

    def __init__(self, standing: Standing, home: Path, require_record: bool = False):
        """home: the outputs folder.   require_record: a version that somebody put into production outside the ledger is refused."""
        self._standing, self._home, self._require_record = standing, home, require_record
        self.warning: str | None = None

    @cached_property
    def version(self) -> Version:
        """The version that the alias names; without the server, the one that this machine saw last.

        Raises: UserError: there is none, it cannot be used here, it is not what the ledger says, or the server does not answer and
                nothing was seen here.
        """
        try:
            version = self._promoted()
            kept = local_copy.keep(self._home, version) if server.remote() else version
            return usable(kept, self._standing.name)
        except Unreachable:
            seen = local_copy.find(self._home, self._standing.name)
            if seen is None:
                raise
            self.warning = (
                f"version {seen.number} scored because it was in production when this machine last saw the registry, {seen.seen}; "
                "whether it still is could not be asked."
            )
            return usable(seen, self._standing.name)

    @cached_property
    def model(self) -> model.Model:
        return versions.load(self.version)

    @property
    def definition(self) -> features.Definition:
        """The features that the version learnt from."""
        return self.version.definition

    @property
    def horizon_days(self) -> int:
        return self.version.horizon_days

    @property
    def learnt_until(self) -> dt.date:
        """First day whose revenue the version has not learnt from."""
        return self.version.learnt_until

    def tags(self, as_of: dt.date) -> dict[str, str]:
        """Returns the tags of a run that used the version."""
        return {
            "production_model": self.version.name,
            "production_version": self.version.number,
            "production_alias": self.version.alias,
            "as_of": as_of.isoformat(),
        }

    def _promoted(self) -> Version:
        version, move = self._standing.in_production(), ledger.newest_move(self._standing.decisions)
        if version is None:
            raise self._standing.without_production()
        promoted = move.get(FILES_SHA256) if move and move["to"] == version.number else None
        if move and promoted and promoted != version.tags.get(FILES_SHA256):
            raise UserError(
                f"Version {version.number} of model {version.name} is not what was put into production: entry {move['number']} of the ledger has the "
                f"digest {promoted[:12]}, the version {version.tags.get(FILES_SHA256, 'none')[:12]}.\n{hints.another()}"
            )
        is_recorded = move and move["to"] == version.number and move["event"] != ledger.OUTSIDE
        if self._require_record and not is_recorded:
            raise UserError(
                f"Version {version.number} of model {version.name} was put into production outside the ledger (review.require_record).\nHint: "
                f"review it and enter the promotion:\n  {hints.review(version.number)}\n  {hints.promote(version.number)}"
            )
        return version


def usable(version: Version, name: str) -> Version:
    """Returns the version itself, if it can be used as a version of the model.

    Raises: UserError: a file of the model is not what was registered, the version was made for another model, its features mean something
            else here, or what it asks for is not what the features are.
    """
    versions.verified(version, versions.MODEL)  # first: its facts are believed from here on
    facts = version.facts
    if facts.get("model") != name:
        raise UserError(
            f"Version {version.number} of model {version.name} was trained as a version of model {facts.get('model')}, not of {name}."
            f"\n{hints.another()}"
        )
    definition = version.definition
    columns = ["lifecycle_stage", *definition.numbers(dt.date(2000, 1, 1))]
    if missing := [column for column in facts["inputs"] if column not in columns]:
        raise UserError(
            f"Version {version.number} of model {version.name} learnt from {counted(len(missing), 'column')} that this engine does not make: "
            f"{', '.join(missing[:5])}; it makes {', '.join(columns)}.\nHint: train a new version, or go back to an engine of then."
        )
    digest = features.digest(definition)
    if facts["feature_digest"] != digest:
        raise UserError(
            f"Version {version.number} of model {version.name} learnt from features defined as {facts['feature_digest']}; this engine "
            f"defines them as {digest}: the columns mean something else.\nHint: train a new version, and promote it when a person has "
            "looked at it, or go back to an engine of then."
        )
    return version
