"""The record of every decision about a model: a chain of entries, each holding the digest of the one before it.

Whoever changes, removes or adds a byte breaks the chain or its seals. Whoever may write to the store's database and knows this file
can forge the whole of it, unless the entries carry codes by a key that is not in the store; and whoever restores an older copy of the
database makes it forget. An auditor keeps a digest that `-e ledger` printed somewhere else.
"""

import datetime as dt
import hashlib
import hmac
import itertools
import json
import re
from dataclasses import dataclass
from typing import Any

BOOTSTRAP, PROMOTION, ROLLBACK, OUTSIDE = "bootstrap", "promotion", "rollback", "promoted outside the ledger"
REJECTION, ACKNOWLEDGEMENT = "rejection", "acknowledgement"
MOVES = (BOOTSTRAP, PROMOTION, ROLLBACK, OUTSIDE)  # they put a version into production; OUTSIDE takes it away as well
FIRST = "0" * 64  # what the first entry holds in place of a digest
_EVENTS = (*MOVES, REJECTION, ACKNOWLEDGEMENT)
_FIELDS: dict[str, Any] = {  # of every entry; the facts of the event come besides
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

    event: one of the words above.   by, why: as a person said it.   to: number of the version of the model that is in production from now
    on; None: nothing moves.   versions: MODEL/NUMBER of the versions that show it.   facts: JSON-ready; what it was based on.
    """

    event: str
    by: str
    why: str
    to: str | None
    versions: tuple[str, ...]
    facts: dict[str, Any]


def key(number: int) -> str:
    """Returns the key of an entry: 6 digits."""
    return f"{number:06d}"


def seal_key(number: int) -> str:
    """Returns the key of an entry's seal."""
    return f"{key(number)}.sealed"


def code_key(number: int) -> str:
    """Returns the key of an entry's code."""
    return f"{key(number)}.mac"


def text_of(entry: Entry) -> str:
    """Returns the entry as one line of JSON: the bytes that are digested."""
    return json.dumps(entry, ensure_ascii=False, allow_nan=False)


def digest(text: str) -> str:
    """Returns the SHA-256 of the text's UTF-8 bytes, as 64 hexadecimal digits."""
    return hashlib.sha256(text.encode()).hexdigest()


def code(text: str, secret: bytes) -> str:
    """Returns the HMAC-SHA256 of the text's UTF-8 bytes. An entry holds the digest of the one before it: its code vouches for those as well."""
    return hmac.digest(secret, text.encode(), "sha256").hex()


def entries(stored: dict[str, str]) -> list[Entry]:
    """Returns the entries that can be read, in their order; whether they are what was written, problems() says.

    Args: stored: key -> text, of entries, of their seals and of their codes.
    """
    parsed = [_parsed(name, stored[name]) for name in _numbers(stored)]
    return [entry for entry in parsed if entry]


def _numbers(stored: dict[str, str]) -> list[str]:
    """The keys of entries."""
    return [name for name in sorted(stored) if re.fullmatch(r"[0-9]{6}", name)]


def _parsed(name: str, text: str) -> Entry | None:
    """The entry, if the text is a whole one that belongs under the key."""
    try:
        entry = json.loads(text)
        whole = all(isinstance(entry[field], kind) for field, kind in _FIELDS.items()) and entry["event"] in _EVENTS
        moment = dt.datetime.fromisoformat(entry["at"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    whole = whole and moment.tzinfo is not None and all(isinstance(version, str) for version in entry["versions"])
    return entry if whole and key(entry["number"]) == name else None


def following(stored: dict[str, str], content: dict[str, Any]) -> tuple[str, str]:
    """Returns key and text of the entry that comes next, holding the digest of the newest one.

    Args: content: the entry without its number and without the digest before it.
    """
    number = len(_numbers(stored)) + 1
    before = digest(stored[key(number - 1)]) if number > 1 else FIRST
    return key(number), text_of({"number": number} | content | {"previous": before})


def problems(stored: dict[str, str], head: tuple[int, str] | None, secret: bytes | None = None) -> list[str]:
    """Returns what is not as it was written; nothing when the chain holds.

    Args: stored: key -> text, of entries, of their seals and of their codes.   head: number and digest of the newest entry that was brought
          about, kept elsewhere; it and entries beyond it may still wait for their seal.   secret: None: codes are not checked.
    """
    names = _numbers(stored)
    sentences = [
        f"{name} was added: it is neither an entry nor the seal of one"
        for name in sorted(stored)
        if name not in names and name.removesuffix(".sealed").removesuffix(".mac") not in names
    ]
    before = FIRST
    for place, name in enumerate(names, 1):
        if name != key(place):
            return [*sentences, f"entry {place} was removed: after entry {place - 1} comes {name}"]
        sentences += _problems_of_one(place, stored, before, head)
        if secret and code_key(place) in stored and not _has_code(place, stored[name], stored, secret):
            sentences.append(f"entry {place} has a code of another key, or somebody without the key made it")
        before = digest(stored[name])
    if head and (head[0] > len(names) or digest(stored[key(head[0])]) != head[1]):
        sentences.append(f"the newest entry was {head[0]} with digest {head[1][:12]}; it was removed or changed")
    return sentences


def _problems_of_one(place: int, stored: dict[str, str], before: str, head: tuple[int, str] | None) -> list[str]:
    text, seal = stored[key(place)], stored.get(seal_key(place))
    entry, sentences = _parsed(key(place), text), []
    if entry is None:
        sentences.append(f"entry {place} was changed: it cannot be read as what was written")
    elif entry["previous"] != before:
        sentences.append(
            f"entry {place} does not follow entry {place - 1}: one of the two was changed, or it was added"
        )
    if seal is None and head and place < head[0]:
        sentences.append(f"entry {place} has lost its seal")
    elif seal not in (None, digest(text)):
        sentences.append(f"entry {place} was changed: its seal is of other bytes")
    return sentences


def vouched(stored: dict[str, str], secret: bytes) -> int:
    """Returns the number of the newest entry with a code by this key: it and all before it are as somebody with the key saw them; or 0."""
    found = (place for place, name in enumerate(_numbers(stored), 1) if _has_code(place, stored[name], stored, secret))
    return max(found, default=0)


def _has_code(number: int, text: str, stored: dict[str, str], secret: bytes) -> bool:
    return hmac.compare_digest(stored.get(code_key(number), ""), code(text, secret))


def unsealed(stored: dict[str, str], secret: bytes | None = None) -> list[Entry]:
    """Returns the entries after the newest one that was brought about: somebody is at it, was interrupted, or added one by hand.

    Args: secret: where there is one, only an entry that somebody who has it brought about, or saw later, counts.
    """
    found = entries(stored)
    last = vouched(stored, secret) if secret else len(stored)
    newest = max((entry["number"] for entry in found if seal_key(entry["number"]) in stored), default=0)
    return [entry for entry in found if entry["number"] > min(newest, last)]


def without_seal(waiting: list[Entry], stored: dict[str, str]) -> list[Entry]:
    """Returns those of unsealed() that have no seal at all, and not only none by the key."""
    return [entry for entry in waiting if seal_key(entry["number"]) not in stored]


def noticed(waiting: list[Entry]) -> list[Entry]:
    """Returns those of unsealed() that any command may finish, because nobody decided anything by them: a move that was made already with
    other means, and that the first version ever serves.
    """
    return list(itertools.takewhile(lambda entry: entry["event"] == OUTSIDE or _is_first(entry), waiting))


def _is_first(entry: Entry) -> bool:
    return entry["event"] == BOOTSTRAP and entry["number"] == 1


def in_words(entry: Entry) -> str:
    """Returns an entry as a message names it."""
    return f"entry {entry['number']} ({entry['event']} of {', '.join(entry['versions'])} by {entry['by']})"


def newest_move(decisions: list[Entry]) -> Entry | None:
    """Returns the newest entry that put a version into production, or took it away."""
    return next((entry for entry in reversed(decisions) if entry["event"] in MOVES), None)


def current(decisions: list[Entry]) -> str | None:
    """Returns the number of the version that is in production by the record."""
    newest = newest_move(decisions)
    return newest["to"] if newest else None


def last_in_production(decisions: list[Entry]) -> str | None:
    """Returns the same, or, where the alias was taken away, the version before that."""
    return next((entry["to"] for entry in reversed(decisions) if entry["event"] in MOVES and entry["to"]), None)


def before(decisions: list[Entry], version: str | None) -> str | None:
    """Returns the version that production left when this one came, other than by a rollback; a rollback from it leads there."""
    for entry in reversed(decisions):
        came = entry["event"] in MOVES and entry["event"] != ROLLBACK
        if came and entry["to"] == version and entry["from"] != version:
            return entry["from"]
    return None


def approved(decisions: list[Entry], version: str) -> Entry | None:
    """Returns the newest promotion of the version: a person's, through a review."""
    return next(
        (entry for entry in reversed(decisions) if entry["event"] == PROMOTION and entry["to"] == version), None
    )


def came_by(decisions: list[Entry], version: str) -> str | None:
    """Returns the event by which a version came into production: a promotion where it ever had one, else the newest; None: it has none.

    >>> came_by([{"event": PROMOTION, "to": "1"}, {"event": ROLLBACK, "to": "1"}, {"event": BOOTSTRAP, "to": "2"}], "1")
    'promotion'
    """
    moves = [entry["event"] for entry in reversed(decisions) if entry["event"] in MOVES and entry["to"] == version]
    return PROMOTION if PROMOTION in moves else next(iter(moves), None)


def closing(decisions: list[Entry], review_sha256: str) -> Entry | None:
    """Returns the promotion or rejection that closed a review; None where nobody has decided on it."""
    closed = (entry for entry in reversed(decisions) if entry["event"] in (PROMOTION, REJECTION))
    return next((entry for entry in closed if entry.get("review_sha256") == review_sha256), None)


def last_word(decisions: list[Entry], version: str) -> str:
    """Returns what a person decided last about a version. version: MODEL/NUMBER."""
    for entry in reversed(decisions):
        if version in entry.get("versions", []) and entry["event"] in (PROMOTION, REJECTION, ROLLBACK):
            return f"{entry['event']} by {entry['by']} on {entry['at'][:10]} ({entry['why']})"
    return "nobody decided about it before"


def at(decisions: list[Entry], moment: dt.datetime) -> Entry | None:
    """Returns the newest entry before the moment that put a version into production."""
    return newest_move([entry for entry in decisions if dt.datetime.fromisoformat(entry["at"]) < moment])


def moment_of(text: str) -> dt.datetime:
    """Returns the end of a day, or a moment: UTC, unless the text names another zone.

    Raises: ValueError: it is neither.

    >>> moment_of("2026-05-01").isoformat(), moment_of("2026-05-01T12:00:00").isoformat()
    ('2026-05-02T00:00:00+00:00', '2026-05-01T12:00:00+00:00')
    """
    if len(text) == 10:
        return dt.datetime.combine(dt.date.fromisoformat(text) + dt.timedelta(days=1), dt.time(), dt.UTC)
    moment = dt.datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
