"""The version in production, asked for once, when a step first needs it."""

import datetime as dt
from functools import cached_property
from pathlib import Path

from clv import features, model
from clv.errors import Unreachable, UserError
from clv.registry import aliases, ledger, local_copy, versions
from clv.registry.aliases import Version
from clv.registry.standing import Standing
from clv.tracking import server


class Production:
    def __init__(self, standing: Standing, home: Path, require_record: bool):
        self.standing, self.home, self.require_record = standing, home, require_record
        self.warning: str | None = None

    @cached_property
    def version(self) -> Version:
        try:
            version = self._promoted()
            return local_copy.keep(self.home, version) if server.remote() else version
        except Unreachable:
            if (version := local_copy.find(self.home, self.standing.name)) is None:
                raise
            self.warning = (
                f"version {version.number} scored because it was in production when this machine last saw the registry, {version.seen}; "
                "whether it still is could not be asked."
            )
            return usable(version, self.standing.name)

    def _promoted(self) -> Version:
        name = self.standing.name
        newest = ledger.newest_move(self.standing.decisions)
        version = aliases.find_production(name)
        if version is None:
            raise aliases.nothing(name, self.standing.candidates)
        return usable(version, name)

    @cached_property
    def model(self) -> model.Model:
        return versions.load(self.version)

    @property
    def definition(self) -> features.Definition:
        return self.version.definition

    @property
    def learnt_until(self) -> dt.date:
        return self.version.learnt_until

    @property
    def horizon_days(self) -> int:
        return self.version.horizon_days

    def tags(self, as_of: dt.date) -> dict[str, str]:
        return {
            "production_model": self.version.name,
            "production_version": self.version.number,
            "production_alias": self.version.alias,
            "as_of": as_of.isoformat(),
        }


def usable(version: Version, name: str) -> Version:
    """Raises: UserError: a file of the model is not what was registered, the version was made for another model, its features mean
    something else here, or what it asks for is not what the features are."""
    versions.verified(version, versions.MODEL)  # first: its facts are believed from here on
    ours, known = name, version.facts
    if known.get("model") != ours:
        raise UserError(
            f"Version {version.number} of model {version.name} was trained as a version of model {known.get('model')}, not of {ours}."
            f"\n{aliases.ANOTHER}"
        )
    definition = features.Definition.from_dict(known["definition"])
    made = ["lifecycle_stage", *definition.numbers(dt.date(2000, 1, 1))]
    if unknown := [name for name in known["inputs"] if name not in made]:
        raise UserError(
            f"Version {version.number} of model {version.name} learnt from {len(unknown)} columns that this engine does not make: "
            f"{', '.join(unknown[:5])}; it makes {', '.join(made)}.\nHint: train a new version, or go back to an engine of then."
        )
    here = features.digest(definition)
    if known["feature_digest"] != here:
        raise UserError(
            f"Version {version.number} of model {version.name} learnt from features defined as {known['feature_digest']}; this engine "
            f"defines them as {here}: the columns mean something else.\nHint: train a new version, and promote it when a person has "
            f"looked at it, or go back to an engine of then."
        )
    return version
