"""The version in production and the ledger, as a run finds them: what it may believe, and what the ledger must learn."""

import datetime as dt
from contextlib import suppress
from functools import cached_property
from pathlib import Path

from clv import features
from clv.config import Config
from clv.errors import Unreachable, UserError
from clv.record import Decision
from clv.registry import aliases, ledger, ledger_store, local_copy, reviews, versions
from clv.registry.aliases import Version
from clv.tracking import server


class Governance:
    """Each part is asked for once, when a step first needs it.

    finished: decisions that another command left half done, and this one brought about.   unseen: what to know of a version in
    production that the registry could not be asked for.
    """

    def __init__(self, config: Config):
        self.config = config
        self.finished: list[ledger.Entry] = []
        self.unseen: str | None = None

    @cached_property
    def production(self) -> Version:
        """The version that the alias names; resolved once, so that every step of a run uses one version. Without the server, the one that
        this machine saw last.

        Raises: UserError: as promoted(), or the server does not answer and nothing was seen here.
        """
        home = Path(self.config.outputs)
        try:
            found = self.promoted()
            return local_copy.keep(home, found) if server.remote() else found
        except Unreachable:
            if (found := local_copy.find(home, self.config.tracking.model_name)) is None:
                raise
            self.unseen = (
                f"version {found.number} scored because it was in production when this machine last saw the registry, {found.seen}; "
                "whether it still is could not be asked."
            )
            return self.usable(found)

    def promoted(self) -> Version:
        """Raises: UserError: there is none, it cannot be used here, or review.require_record, and the ledger says nothing of it."""
        newest = ledger.newest_move(self.known_decisions)  # first: an interrupted promotion is finished by then
        found = aliases.find_production(self.config.tracking.model_name)
        if found is None:
            raise aliases.nothing(self.config.tracking.model_name, self.candidates)
        self.usable(found)
        promoted = newest.get("files_sha256") if newest and newest["to"] == found.number else None
        if promoted and promoted != found.tags.get("files_sha256"):
            raise UserError(
                f"Version {found.number} of model {found.name} is not what was put into production: entry {newest['number']} of the ledger has the "
                f"digest {promoted[:12]}, the version {found.tags.get('files_sha256', 'none')[:12]}.\n{aliases.ANOTHER}"
            )
        if self.config.review.require_record and (self.unrecorded or newest["event"] == ledger.OUTSIDE):
            raise UserError(
                f"Version {found.number} of model {found.name} was put into production outside the ledger (review.require_record).\nHint: review it and enter the promotion:\n  "
                f"{reviews.REVIEW.format(version=found.number)}\n  {aliases.PROMOTE.format(version=found.number)}"
            )
        return found

    @cached_property
    def known_decisions(self) -> list[ledger.Entry]:
        """Of the ledger; what an interrupted command left to be done is done first."""
        name = self.config.tracking.model_name
        with suppress(UserError), server.readable():  # who only scores may not be allowed to
            self.finished = ledger_store.settle(name)
        return ledger.entries(ledger_store.stored(name))

    @cached_property
    def unrecorded(self) -> Decision | None:
        """What the ledger does not know yet: somebody moved the alias with other means."""
        name = self.config.tracking.model_name
        recorded = ledger.current(self.known_decisions)  # first: what was left half done is finished by then
        number = aliases.named_production(name)
        if number == recorded:
            return None
        shown = f"{name}/{number or recorded}"
        facts = {"last_decision": ledger.last_word(self.known_decisions, shown)}
        if number:
            facts |= reviews.known_to_mlflow(name, number)
        why = f"the alias was {'moved' if number else 'taken away'} with other means than this engine's, some time after the entry before"
        return Decision(ledger.OUTSIDE, "unknown", why, number, (shown,), facts)

    @property
    def to_enter(self) -> tuple[Decision, ...]:
        """What the ledger must learn before anything else."""
        with suppress(Unreachable):
            return (self.unrecorded,) if self.unrecorded else ()
        return ()

    @property
    def candidates(self) -> str:
        """Name of the registered model that training registers in."""
        return self.config.tracking.candidates or self.config.tracking.model_name

    def usable(self, version: Version) -> Version:
        """Raises: UserError: a file of the model is not what was registered, the version was made for another model, its features mean
        something else here, or what it asks for is not what the features are."""
        versions.verified(version, versions.MODEL)  # first: its facts are believed from here on
        ours, known = self.config.tracking.model_name, version.facts
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
