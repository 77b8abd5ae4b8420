"""The record of every decision about a model: a chain of entries, each holding the digest of the one before it.

Whoever changes, removes or adds a byte breaks the chain or its seals. Whoever may write to the store's database and knows this file
can forge the whole of it: an auditor keeps a digest that `-e ledger` printed somewhere else.
"""

import datetime as dt
import hashlib
import json
import re
from dataclasses import dataclass
from typing import Any

BOOTSTRAP, PROMOTION, ROLLBACK, OUTSIDE = "bootstrap", "promotion", "rollback", "promoted outside the ledger"
REJECTION, ACKNOWLEDGEMENT = "rejection", "acknowledgement"
MOVES = (BOOTSTRAP, PROMOTION, ROLLBACK, OUTSIDE)  # they put a version into production; OUTSIDE takes it away as well
FIRST = "0" * 64  # what the first entry holds in place of a digest
EVENTS = (*MOVES, REJECTION, ACKNOWLEDGEMENT)
FIELDS = {  # of every entry; the facts of the event come besides
    "number": int,
    "at": str,  # UTC
    "event": str,
    "by": str,
    "why": str,
    "from": str | None,
    "to": str | None,
    "versions": list,  # MODEL/NUMBER, that it is about
    "entered_by": str,  # account
    "previous": str,  # digest of the entry before
}
Entry = dict[str, Any]


@dataclass(frozen=True)
class Decision:
    """What the ledger is to say.

    event: of clv.ledger.   by, why: as a person said it.   to: the version of the model that is in production from now on; None: nothing
    moves.   versions: MODEL/NUMBER of the versions that show it.   facts: JSON-ready; what it was based on.
    """

    event: str
    by: str
    why: str
    to: str | None
    versions: tuple[str, ...]
    facts: dict


def key(number: int) -> str:
    return f"{number:06d}"


def seal_key(number: int) -> str:
    return f"{key(number)}.sealed"


def text_of(entry: Entry) -> str:
    """One line of JSON: the bytes that are digested."""
    return json.dumps(entry, ensure_ascii=False, allow_nan=False)


def digest(text: str) -> str:
    """SHA-256 of the text's UTF-8 bytes, as hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def entries(stored: dict[str, str]) -> list[Entry]:
    """The entries that can be read, in their order; whether they are what was written, problems() says."""
    found = [parsed(name, stored[name]) for name in numbers(stored)]
    return [entry for entry in found if entry]


def numbers(stored: dict[str, str]) -> list[str]:
    """The keys of entries."""
    return [name for name in sorted(stored) if re.fullmatch(r"[0-9]{6}", name)]


def parsed(name: str, text: str) -> Entry | None:
    """The entry, if the text is a whole one that belongs under the key."""
    try:
        found = json.loads(text)
        whole = all(isinstance(found[field], kind) for field, kind in FIELDS.items()) and found["event"] in EVENTS
        when = dt.datetime.fromisoformat(found["at"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    whole = whole and when.tzinfo is not None and all(isinstance(version, str) for version in found["versions"])
    return found if whole and key(found["number"]) == name else None


def following(stored: dict[str, str], content: dict[str, Any]) -> tuple[str, str]:
    """Key and text of the entry that comes next, holding the digest of the newest one."""
    number = len(numbers(stored)) + 1
    before = digest(stored[key(number - 1)]) if number > 1 else FIRST
    return key(number), text_of({"number": number} | content | {"previous": before})


def problems(stored: dict[str, str], head: tuple[int, str] | None) -> list[str]:
    """What is not as it was written; empty when the chain holds.

    Args: stored: key -> text, of entries and of their seals.   head: number and digest of the newest entry that was brought about, kept
          elsewhere; it and entries beyond it may still wait for their seal.
    """
    names = numbers(stored)
    found = [
        f"{name} was added: it is no entry and no seal of one"
        for name in sorted(stored)
        if name not in names and name.removesuffix(".sealed") not in names
    ]
    before = FIRST
    for place, name in enumerate(names, 1):
        if name != key(place):
            return [*found, f"entry {place} was removed: after entry {place - 1} comes {name}"]
        entry, now, seal = parsed(name, stored[name]), digest(stored[name]), stored.get(f"{name}.sealed")
        if entry is None:
            found.append(f"entry {place} was changed: it cannot be read as what was written")
        elif entry["previous"] != before:
            found.append(
                f"entry {place} does not follow entry {place - 1}: one of the two was changed, or it was added"
            )
        if seal is None and head and place < head[0]:
            found.append(f"entry {place} has lost its seal")
        elif seal not in (None, now):
            found.append(f"entry {place} was changed: its seal is of other bytes")
        before = now
    if head and (head[0] > len(names) or digest(stored[key(head[0])]) != head[1]):
        found.append(f"the newest entry was {head[0]} with digest {head[1][:12]}; it was removed or changed")
    return found


def unsealed(stored: dict[str, str]) -> list[Entry]:
    """Written, and not brought about yet: somebody is at it, was interrupted, or added it by hand."""
    return [entry for entry in entries(stored) if seal_key(entry["number"]) not in stored]


def in_words(entry: Entry) -> str:
    return f"entry {entry['number']} ({entry['event']} of {', '.join(entry['versions'])} by {entry['by']})"


def newest_move(known: list[Entry]) -> Entry | None:
    return next((entry for entry in reversed(known) if entry["event"] in MOVES), None)


def current(known: list[Entry]) -> str | None:
    """The version that is in production by the record."""
    newest = newest_move(known)
    return newest["to"] if newest else None


def last_in_production(known: list[Entry]) -> str | None:
    """The same, or the one before the alias was taken away."""
    return next((entry["to"] for entry in reversed(known) if entry["event"] in MOVES and entry["to"]), None)


def before(known: list[Entry], version: str) -> str | None:
    """The version that production left when this one came, other than by a rollback; where a rollback from it leads."""
    for entry in reversed(known):
        came = entry["event"] in MOVES and entry["event"] != ROLLBACK
        if came and entry["to"] == version and entry["from"] != version:
            return entry["from"]
    return None


def approved(known: list[Entry], version: str) -> Entry | None:
    """The newest promotion of the version: a person's, through a review."""
    return next((entry for entry in reversed(known) if entry["event"] == PROMOTION and entry["to"] == version), None)


def last_word(known: list[Entry], version: str) -> str:
    """What a person decided last about a version (MODEL/NUMBER)."""
    for entry in reversed(known):
        if version in entry.get("versions", []) and entry["event"] in (PROMOTION, REJECTION, ROLLBACK):
            return f"{entry['event']} by {entry['by']} on {entry['at'][:10]} ({entry['why']})"
    return "nobody decided about it before"


def at(known: list[Entry], moment: dt.datetime) -> Entry | None:
    """The entry that put a version into production before the moment, the newest."""
    return newest_move([entry for entry in known if dt.datetime.fromisoformat(entry["at"]) < moment])


def moment_of(asked: str) -> dt.datetime:
    """End of a day, or a moment: UTC, unless it says otherwise.

    Raises: ValueError: it is neither.
    """
    if len(asked) == 10:
        return dt.datetime.combine(dt.date.fromisoformat(asked) + dt.timedelta(days=1), dt.time(), dt.UTC)
    found = dt.datetime.fromisoformat(asked)
    return found if found.tzinfo else found.replace(tzinfo=dt.UTC)
