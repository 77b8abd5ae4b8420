"""The record of every decision about a model: a chain of entries, each holding the digest of the one before it.

Whoever changes, removes or adds a byte breaks the chain or its seals. Whoever may write to the store's database and knows this file
can forge the whole of it: an auditor keeps a digest that `-e ledger` printed somewhere else.
"""

import datetime as dt
import hashlib
import json
from typing import Any

BOOTSTRAP, PROMOTION, ROLLBACK, OUTSIDE = "bootstrap", "promotion", "rollback", "promoted outside the ledger"
REJECTION, ACKNOWLEDGEMENT = "rejection", "acknowledgement"
MOVES = (BOOTSTRAP, PROMOTION, ROLLBACK, OUTSIDE)  # what puts a version into production
FIRST = "0" * 64  # what the first entry holds in place of a digest
Entry = dict[
    str, Any
]  # number, at (UTC), event, by, why, from, to, entered_by (account), previous, and the facts of the event


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
    found = [parsed(stored[name]) for name in sorted(stored) if name.isdigit()]
    return [entry for entry in found if entry]


def parsed(text: str) -> Entry | None:
    try:
        found = json.loads(text)
    except ValueError:
        return None
    return (
        found if isinstance(found, dict) and {"number", "at", "event", "from", "to", "previous"} <= set(found) else None
    )


def following(stored: dict[str, str], content: dict[str, Any]) -> tuple[str, str]:
    """Key and text of the entry that comes next, holding the digest of the newest one."""
    number = sum(name.isdigit() for name in stored) + 1
    before = digest(stored[key(number - 1)]) if number > 1 else FIRST
    return key(number), text_of({"number": number} | content | {"previous": before})


def problems(stored: dict[str, str], head: tuple[int, str] | None) -> list[str]:
    """What is not as it was written; empty when the chain holds.

    Args: stored: key -> text, of entries and of their seals.   head: number and digest of the newest sealed entry, kept elsewhere; entries
          beyond it may still wait for their seal.
    """
    numbers = [name for name in sorted(stored) if name.isdigit()]
    found = [
        f"{name} was added: it is no entry and no seal of one"
        for name in sorted(stored)
        if not name.isdigit() and name.removesuffix(".sealed") not in numbers
    ]
    before = FIRST
    for place, name in enumerate(numbers, 1):
        entry, now = parsed(stored[name]), digest(stored[name])
        seal = stored.get(f"{name}.sealed")
        if name != key(place):
            return [*found, f"entry {place} was removed: after entry {place - 1} comes {name}"]
        if entry is None or entry["number"] != place:
            found.append(f"entry {place} was changed: it cannot be read as what was written")
        elif entry["previous"] != before:
            found.append(
                f"entry {place} does not follow entry {place - 1}: one of the two was changed, or it was added"
            )
        if seal is None and head and place <= head[0]:
            found.append(f"entry {place} has lost its seal")
        elif seal not in (None, now):
            found.append(f"entry {place} was changed: its seal is of other bytes")
        before = now
    if head and (head[0] > len(numbers) or digest(stored[key(head[0])]) != head[1]):
        found.append(f"the newest entry was {head[0]} with digest {head[1][:12]}; it was removed or changed")
    return found


def newest_move(known: list[Entry]) -> Entry | None:
    return next((entry for entry in reversed(known) if entry["event"] in MOVES), None)


def current(known: list[Entry]) -> str | None:
    """The version that is in production by the record."""
    newest = newest_move(known)
    return newest["to"] if newest else None


def before(known: list[Entry], version: str) -> str | None:
    """The version that production left when this one came, other than by a rollback; where a rollback from it leads."""
    for entry in reversed(known):
        came = entry["event"] in MOVES and entry["event"] != ROLLBACK
        if came and entry["to"] == version and entry["from"] != version:
            return entry["from"]
    return None


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
