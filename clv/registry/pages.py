"""What MLflow's pages of a model and of its versions say: first what to do or what was decided, then the figures.

A version's text has three parts: the decision, rewritten with each entry of the ledger; the review, rewritten with each review; and
what the training wrote.
"""

from contextlib import suppress
from typing import Any

from clv import hints
from clv.registry import ledger
from clv.registry.standing import Standing
from clv.tracking.server import Refused, client
from clv.wording import literal

_RULE, _TRAINING = "\n\n---\n\n", "\n\n**Training.** "
PENDING = "pending"  # tag review_status of a version whose newest review nobody has decided on
_OURS = "**Customer lifetime value, model "
_BUTTON = "MLflow's blue button **Promote model** is another thing: it copies the version to another model, and nothing is scored with it."
_EVENTS = {
    ledger.PROMOTION: "promoted by {by} on {day}: {why}",
    ledger.ROLLBACK: "brought back by {by} on {day}: {why}",
    ledger.REJECTION: "rejected by {by} on {day}: {why}",
    ledger.BOOTSTRAP: "in production since {day} as the first version; nobody reviewed it",
    ledger.OUTSIDE: "in production since some time before {day}; the alias was set outside the ledger",
}
_ROWS = {"rmse": "RMSE", "normalized_gini": "normalized Gini", "bias": "bias (1 is right)"}


def of_training(text: str) -> str:
    """Returns the text of a version that was just registered. text: Markdown of its training."""
    return f"**It waits for its review.**{_RULE}{_TRAINING}{text}"


def of_review(content: dict[str, Any], link: str) -> str:
    """Returns the part of the text that a review writes: four rows, and where the page is.

    Args: content: of the review.   link: address of its folder in MLflow's UI.
    """
    rows = [_row(label, _metric(content, name)) for name, label in _ROWS.items()] + [_coverage(content)]
    confidence = content["evaluation"]["confidence"]
    head = ["", "this version", f"version {content['against']}", f"difference ({confidence:.0%} interval)", "it is"]
    if not content["against"]:  # there is nothing to stand beside
        head, rows = head[:2], [row[:2] for row in rows]
    lines = [_cells(head), "|---" * len(head) + "|", *map(_cells, rows)]
    pages = f"[review.html]({link}/review.html), [review.json]({link}/review.json)"
    return "\n".join([*lines, "", f"**Review** of {content['at'][:10]}: {pages}"])


def decided(version: str, entries: list[ledger.Entry]) -> str:
    """Returns what the ledger last says of a version, in words; empty where it says nothing. version: MODEL/NUMBER."""
    number = version.rpartition("/")[2]
    for entry in reversed(entries):
        if version in entry["versions"] and entry["event"] in _EVENTS:
            if entry["event"] == ledger.OUTSIDE and entry["to"] != number:
                return f"no longer in production on {entry['at'][:10]}: the alias was taken away outside the ledger"
            return _EVENTS[entry["event"]].format(day=entry["at"][:10], **entry)
        if entry["event"] in ledger.MOVES and entry["from"] == number and entry["to"] != number:
            return f"in production until {entry['at'][:10]}; then version {entry['to'] or 'none'} by {entry['by']}: {entry['why']}"
    return ""


def show(standing: Standing, version: str, review: str | None = None) -> None:
    """Writes a version's page anew: the decision as the ledger has it, and a review where there is a new one.

    Args: version: MODEL/NUMBER.   review: of of_review().
    """
    name, number = version.split("/")
    entry = client.get_model_version(name, number)
    below = (entry.description or "").split(_RULE, 1)[-1]
    before, _, training = below.rpartition(_TRAINING)
    text = (before if review is None else review) + _TRAINING + training
    if review is not None and (rejected := _earlier_rejection(decided(version, standing.decisions), dict(entry.tags))):
        client.set_model_version_tag(name, number, "decision", f"waits for a person; earlier {rejected}"[:4000])
    client.update_model_version(name, number, description=_decision(standing, version, dict(entry.tags)) + _RULE + text)


def show_model(standing: Standing) -> None:
    """Writes the model's page anew, unless somebody else wrote it or this account may not."""
    entries, name = standing.decisions, standing.name
    number = ledger.current(entries)
    word = literal(decided(f"{name}/{number}", entries)) if number else "no version is"
    serves = (
        f"**In production: version {number}**, {word.removeprefix('in production ')}."
        if number
        else "**No version is in production.**"
    )
    text = (
        f"{_OURS}`{name}`.** {serves}\n\n- Versions, below: the tag `recipe` says how one was made, `gates` and `standing` what its review "
        f"found, `decision` what a person decided. Open a version for its figures and its review.\n- To promote one: "
        f"`{hints.promote('N')}`, or click on its aliases and add `production`. {_BUTTON}\n- To go back: `{hints.rollback()}`. All "
        f"decisions: `{hints.command('ledger')}`."
    )
    with suppress(Refused):
        there = client.get_registered_model(name).description or ""
        if not there or there.startswith(_OURS):
            client.update_registered_model(name, text)


def _decision(standing: Standing, version: str, tags: dict[str, str]) -> str:
    """The first part: what was decided, or what the review recommends, and the command for it."""
    entries, number = standing.decisions, version.rpartition("/")[2]
    word, advice = literal(decided(version, entries)), tags.get("recommendation", "It waits for its review.")
    serves = version == f"{standing.name}/{ledger.current(entries)}"
    rejected = _earlier_rejection(word, tags)
    if not word or rejected:
        despite = tags.get("gates") == "failed"
        promote, reject = hints.promote(number, despite_gates=despite), hints.reject(number)
        earlier = f"It was reviewed again. Earlier it was {rejected}.\n\n" if rejected else ""
        return f"**{advice}**\n\n{earlier}To promote: `{promote}`\n\nTo reject: `{reject}`\n\n{_BUTTON}"
    if serves:
        word = word.removeprefix("in production") if word.startswith("in production") else f": {word}"
        back = f"\n\nTo go back to the version before: `{hints.rollback()}`" if ledger.before(entries, number) else ""
        return f"**In production{word}.**\n\nIts review: {advice}{back}"
    again = f"`{hints.review(number)}`, then `{hints.promote(number)}`"
    return f"**{word[0].upper()}{word[1:]}.**\n\nIts review: {advice}\n\nTo promote it all the same: {again}. {_BUTTON}"


def _earlier_rejection(word: str, tags: dict[str, str]) -> str:
    """The rejection after which the version was reviewed again; empty where its newest state is another one. word: of decided()."""
    return word if word.startswith("rejected") and tags.get("review_status") == PENDING else ""


def _metric(content: dict[str, Any], name: str) -> dict[str, Any]:
    return next((row for row in content["metrics"] if row["metric"] == name), {})


def _row(label: str, row: dict[str, Any]) -> list[str]:
    interval = ""
    if row.get("difference") is not None:
        interval = f"{figure(row['difference'], '+')} ({figure(row['low'], '+')} to {figure(row['high'], '+')})"
    values = [figure(row.get(side)) for side in ("candidate", "production")]
    return [label, *values, interval or "-", row.get("candidate_is") or "-"]


def _coverage(content: dict[str, Any]) -> list[str]:
    sides = [content["coverage"].get(side, []) for side in ("candidate", "production")]
    every = [next((row["coverage"] for row in rows if row["group"] == "all"), None) for rows in sides]
    return [
        "customers within their interval",
        *(f"{value:.0%}" if value is not None else "-" for value in every),
        "-",
        "-",
    ]


def figure(value: float | None, sign: str = "") -> str:
    """Returns a metric as a table shows it.

    >>> figure(1234.567), figure(0.12345), figure(-1.4e-05, "+"), figure(None)
    ('1,234.57', '0.123', '-0.000', '-')
    """
    if value is None or value != value:
        return "-"
    return f"{value:{sign},.2f}" if abs(value) >= 1 else f"{value:{sign}.3f}"


def _cells(values: list[str]) -> str:
    """A row of a table; MLflow's pages set no space between cells."""
    return "| " + " | ".join(f"{value}&emsp;" for value in values) + " |"
