"""What a command does about the registry before its steps: it enters what nobody entered, and a person's finishes what another left half done."""

import datetime as dt
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from clv import hints
from clv.errors import Unreachable, UserError
from clv.registry import ledger, ledger_store
from clv.registry.ledger import Decision
from clv.registry.standing import Standing


def catch_up(standing: Standing, who: Callable[[], dict[str, str]], by_a_person: bool = False) -> list[str]:
    """Finishes an interrupted promotion where a person asked for that, and enters in the ledger a move of the alias that other means than
    this engine's made.

    A move that this account may not enter stands in `standing.decisions` all the same.

    Args:    who: gives run, entered_by, git_commit of this command; asked where there is something to enter.   by_a_person: of settle().
    Returns: what was done, and what could not be done, in words. Nothing where the server does not answer.
    Raises:  UserError: the ledger was taken away or changed.
    """
    try:
        return [*_finished(standing, by_a_person), *_noticed(standing, who)]
    except Unreachable:
        return []


def _finished(standing: Standing, by_a_person: bool) -> list[str]:
    entries: list[ledger.Entry] = []
    if standing.texts:
        with suppress(UserError):  # who only scores may not be allowed to
            entries = ledger_store.settle(standing, by_a_person)
    sentences = [f"finished what another command left half done: {ledger.in_words(entry)}" for entry in entries]
    return [*sentences, ledger_store.waits(standing.name, standing.waiting)] if standing.waiting else sentences


def _noticed(standing: Standing, who: Callable[[], dict[str, str]]) -> list[str]:
    decision = _outside_move(standing)
    if decision is None:
        return []
    facts = {"at": dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds")} | who()
    before = ledger.current(standing.decisions)
    try:
        is_new = ledger_store.record(standing, decision, facts)
    except Unreachable:
        raise
    except UserError as error:
        standing.forget()
        standing.take_as_entered(_entry(decision, facts, before))
        return [_in_words(decision, f"It could not be entered: {error}")]
    return [_in_words(decision, "The ledger has an entry for it now.")] if is_new else []


def _outside_move(standing: Standing) -> Decision | None:
    """Returns what the ledger does not know yet: somebody moved the alias with other means."""
    recorded, number = ledger.current(standing.decisions), standing.production_number
    if number == recorded:
        return None
    version = f"{standing.name}/{number or recorded}"
    facts: dict[str, Any] = {"last_decision": ledger.last_word(standing.decisions, version)}
    if number:
        facts |= _as_the_store_has_it(standing, number)
    how = "moved" if number else "taken away"
    why = f"the alias was {how} with other means than this engine's, some time after the entry before"
    return Decision(ledger.OUTSIDE, "unknown", why, number, (version,), facts)


def _as_the_store_has_it(standing: Standing, number: str) -> dict[str, str | None]:
    """Of a version whose promotion nobody entered."""
    version = standing.versions[number]
    times = {"created": version.creation_timestamp, "updated": version.last_updated_timestamp}
    days = {
        name: dt.datetime.fromtimestamp(milliseconds / 1000, dt.UTC).isoformat(timespec="seconds")
        for name, milliseconds in times.items()
        if milliseconds
    }
    return days | {
        "gates": version.tags.get("gates", "never reviewed"),
        "files_sha256": version.tags.get("files_sha256"),
    }


def _entry(decision: Decision, facts: dict[str, str], before: str | None) -> ledger.Entry:
    words = {"event": decision.event, "by": decision.by, "why": decision.why, "versions": list(decision.versions)}
    return words | {"from": before, "to": decision.to} | facts | decision.facts


def _in_words(decision: Decision, outcome: str) -> str:
    """What a person should know of a move that nobody entered. outcome: what became of its entry."""
    if decision.to is None:
        return f"the alias of {decision.versions[0]} was taken away outside the ledger. {outcome}"
    history = f"gates: {decision.facts['gates']}; {decision.facts['last_decision']}"
    return (
        f"version {decision.to} was put into production outside the ledger ({history}). {outcome} To put a name to it: "
        f"{hints.review(decision.to)}, then promote it."
    )
