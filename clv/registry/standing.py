"""What the registry says of one model: its aliases, its versions, and the decisions about it."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clv import hints
from clv.errors import UserError
from clv.registry import answer, ledger, ledger_key, local_copy, versions
from clv.registry.aliases import CANDIDATE, PRODUCTION
from clv.registry.answer import ENTRY, HEAD, Answer, Head
from clv.registry.versions import Version

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion


class Standing:
    """What the registry says of one model, asked once and kept; reading it changes nothing.

    name: of the registered model that production is taken from.   candidates: of the one that training registers in, by default the same.
    home: the outputs folder, where this machine's copy of the version in production is.
    """

    def __init__(self, name: str, candidates: str | None = None, home: Path | None = None):
        self.name, self.candidates, self._home = name, candidates or name, home
        self._parts: dict[str, dict[str, Path]] = {}  # MODEL/NUMBER -> its files on this machine; they do not change
        self._answer: Answer | None = None
        self._waiting: Answer | None = None  # of the model of the candidates, if it is another one
        self._unentered: ledger.Entry | None = None
        self.is_being_settled = False  # by a person: all that is written counts

    def forget(self) -> None:
        """Asks again next time: the registry was changed."""
        self._answer = self._waiting = None

    @property
    def aliases(self) -> dict[str, str]:
        """Alias -> number of its version; empty where there is no such model."""
        return self._asked.aliases

    @property
    def production_aliases(self) -> dict[str, str]:
        """The alias `production` and its case variants, which other tools may have set."""
        return {alias: number for alias, number in self.aliases.items() if alias.lower() == PRODUCTION}

    @property
    def production_number(self) -> str | None:
        """The number that the alias names, whatever stands behind it; while a move waits for a person, the one of before it."""
        if ledger.newest_move(self.waiting):
            return ledger.current(self.entered)
        named = self.production_aliases
        return named.get(PRODUCTION) or next(iter(named.values()), None)

    @property
    def candidate_number(self) -> str | None:
        """The number that the alias `candidate` names."""
        return self._asked_of_candidates.aliases.get(CANDIDATE)

    @property
    def versions(self) -> "dict[str, ModelVersion]":
        """Number -> version of the model, oldest first."""
        return self._asked.versions

    @property
    def newest_candidate(self) -> str | None:
        """The number of the newest version that was trained."""
        return next(reversed(self._asked_of_candidates.versions), None)

    @property
    def was_promoted(self) -> bool:
        """Whether any version of the model is, or ever was, put into production."""
        tagged = any("promoted_by" in version.tags for version in self.versions.values())
        return tagged or bool(self.production_aliases) or ledger.current(self.decisions) is not None

    @property
    def decisions(self) -> list[ledger.Entry]:
        """The entries of the ledger that count, oldest first, and last a move that was noticed and could not be entered."""
        entries = self.entered
        if self._unentered and ledger.current(entries) != self._unentered["to"]:
            return [*entries, self._unentered]
        return entries

    @property
    def entered(self) -> list[ledger.Entry]:
        """The entries of the ledger that count, oldest first."""
        entries = ledger.entries(self.texts)
        return entries[: len(entries) - len(self.waiting)]

    @property
    def waiting(self) -> list[ledger.Entry]:
        """The newest entries, which nobody has brought about: a person finishes them, or somebody is at it."""
        unsealed = ledger.unsealed(self.texts, ledger_key.secret())
        return [] if self.is_being_settled else unsealed[len(ledger.noticed(unsealed)) :]

    @property
    def texts(self) -> dict[str, str]:
        """Key -> text of all entries and seals of the ledger."""
        return self._asked.texts

    @property
    def head(self) -> Head | None:
        return self._asked.head

    @property
    def ledger_run(self) -> str | None:
        """The run that holds the ledger; None where there is none yet."""
        return self._asked.run_id

    def existing(self, number: str | None) -> Version:
        """Returns a version of the model. Raises: UserError: it has none with this number; names those that it has."""
        return self._existing(self.name, self.versions, number)

    def candidate(self, number: str | None) -> Version:
        """Returns a version of the model that training registers in. Raises: UserError: as existing()."""
        return self._existing(self.candidates, self._asked_of_candidates.versions, number)

    def parts_of(self, full_name: str) -> dict[str, Path]:
        """Returns the files of a version (MODEL/NUMBER) that are on this machine; whoever fetches one adds it."""
        return self._parts.setdefault(full_name, {})

    def in_production(self) -> Version | None:
        """Returns the version that the alias names, or None; while a move waits for a person, the version of before it.

        Raises: UserError: case variants of the alias stand on different versions, or the version is not whole.
        """
        variants = self.production_aliases
        if ledger.newest_move(self.waiting):
            variants = {PRODUCTION: number} if (number := self.production_number) else {}
        if len(set(variants.values())) > 1:
            named = ", ".join(f"{alias!r} on version {version}" for alias, version in sorted(variants.items()))
            raise UserError(
                f"Model {self.name} has several Production aliases: {named}.\nHint: this leaves one:\n  {hints.promote('N')}"
            )
        for alias, number in variants.items():
            return self._existing(self.name, self.versions, number, alias)
        return None

    def without_production(self) -> UserError:
        """Returns the error that nothing is in production, with the command that promotes the newest version."""
        newest = self.newest_candidate
        if newest is None:
            return UserError(
                f"Model {self.candidates} has no version yet.\nHint: run `{hints.command('train')}` (or -e full_pipeline)."
            )
        return UserError(
            f"No version of model {self.name} is in production.\nHint: look at version {newest} in the UI, then\n"
            f"  {hints.promote(newest)}"
        )

    def problems(self) -> list[str]:
        """Returns what is not as it was written: in the chain, in the tag that keeps its newest entry, and in the entries that versions show."""
        head, texts = self.head, self.texts
        sentences = ledger.problems(texts, (head.number, head.digest) if head else None, ledger_key.secret())
        sealed = any(key.endswith(".sealed") for key in texts)
        if head is None and sealed and answer.head_of(self.name, answer.registered(self.name)) is None:
            sentences.append(f"the tag {HEAD} of model {self.name} was removed")
        for number, version in self.versions.items():
            key, digest = [*(version.tags.get(ENTRY) or "").split(" ", 2), ""][:2]
            if key and digest != ledger.digest(texts.get(key, "")):
                sentences.append(
                    f"version {number} shows entry {key} with another digest: one of the two was changed or removed"
                )
        return sentences

    def read_ledger(self) -> dict[str, str]:
        """Returns the texts of the ledger as they are at this moment; the rest of the answer is kept."""
        if run_id := self.ledger_run:
            self._answer = replace(self._asked, texts=answer.texts_of(self.name, run_id))
        return self.texts

    def add(self, key: str, text: str) -> None:
        """Keeps an entry that was just written, as if it had been read."""
        self._asked.texts[key] = text

    def take_as_entered(self, entry: dict[str, Any]) -> None:
        """Lets `decisions` hold a move that was noticed, and that this account may not enter in the ledger."""
        self._unentered = {"number": len(ledger.entries(self.texts)) + 1} | entry

    @property
    def _asked(self) -> Answer:
        if self._answer is None:
            self._answer = answer.ask(self.name)
        return self._answer

    @property
    def _asked_of_candidates(self) -> Answer:
        if self.candidates == self.name:
            return self._asked
        if self._waiting is None:
            self._waiting = answer.ask_without_ledger(self.candidates)
        return self._waiting

    def _existing(self, name: str, listed: "dict[str, ModelVersion]", number: str | None, alias: str = "") -> Version:
        if str(number) not in listed:
            raise UserError(
                f"Model {name} has no version {number}; it has {', '.join(listed) or 'none'}."
                "\nHint: the version's number stands in the UI under Models, and at the end of each training run."
            )
        entry, parts = listed[str(number)], self.parts_of(f"{name}/{number}")
        if not parts and self._home:
            parts |= local_copy.parts(self._home, entry)
        return versions.of(entry, alias, parts)
