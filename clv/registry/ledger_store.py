"""How a decision gets into the ledger, and what its entries bring about.

The entries are parameters of one MLflow run: the store writes a parameter once, refuses another value for it and has no call that
changes or removes it. So the first of two writers gets the number, and the other writes the next one. A registered model named
MODEL-ledger says which run it is; a tag on the model itself keeps number and digest of the newest entry.
"""

import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import tenacity

from clv import hints
from clv.errors import UserError
from clv.registry import alarms, aliases, answer, ledger, ledger_key, pages
from clv.registry.answer import ENTRY, HEAD, restore
from clv.registry.ledger import Decision
from clv.registry.standing import Standing
from clv.tracking import server
from clv.tracking.server import Refused, client

_BY_A_PERSON = (ledger.PROMOTION, ledger.REJECTION, ledger.ROLLBACK, ledger.ACKNOWLEDGEMENT)
_LONGEST = 5900  # characters of an entry; MLflow cuts a parameter at 6,000
_NOTE = (
    "**Not a model, and nothing to open or to promote here.** It holds the place of the ledger of model {name}: every decision is a "
    "parameter of run {run}. Read it with `{command}`."
)
_EXPERIMENT = (
    "The ledger of model {name}: one run, whose parameters are the decisions, oldest first. Read it with `{command}`."
)


class Overtaken(Exception):
    """Another writer took the number."""


def record(standing: Standing, decision: Decision, facts: dict[str, Any]) -> bool:
    """Enters a decision, then brings about what the ledger says, as settle() may; the standing asks again after it.

    Args:    facts: at, run, entered_by, git_commit.
    Returns: False where the ledger says it already (there is a first version, a move was noticed by another command).
    Raises:  UserError: the review that it is based on is closed, or as append().
    """
    written = append(standing, lambda entries: _content(standing, entries, decision, facts))
    settle(standing, by_a_person=decision.event in _BY_A_PERSON)
    standing.forget()
    return written


def _content(
    standing: Standing, entries: list[ledger.Entry], decision: Decision, facts: dict[str, Any]
) -> dict[str, Any] | None:
    """The entry of a decision; None where the ledger says it already."""
    current = ledger.current(entries)
    if decision.event == ledger.BOOTSTRAP and entries:
        return None
    if decision.event == ledger.OUTSIDE and (current == decision.to or _moved_on(standing, decision)):
        return None
    _refuse_closed_review(entries, decision)
    if decision.event == ledger.ACKNOWLEDGEMENT and standing.waiting:
        raise UserError(waits(standing.name, standing.waiting))
    words = {"event": decision.event, "by": decision.by, "why": decision.why, "versions": list(decision.versions)}
    move = {"from": current, "to": decision.to}
    if decision.event in ledger.MOVES:
        back = ledger.before(entries, decision.to) if decision.event == ledger.ROLLBACK else current
        move["back"] = back if back != decision.to else ledger.before(entries, decision.to)
    return {"at": facts["at"]} | words | move | facts | decision.facts


def _moved_on(standing: Standing, noticed: Decision) -> bool:
    """Whether somebody is about to move the alias by the ledger, or it is not where it was noticed any more."""
    standing.forget()
    return bool(ledger.unsealed(standing.texts, ledger_key.secret())) or standing.production_number != noticed.to


def _refuse_closed_review(entries: list[ledger.Entry], decision: Decision) -> None:
    """Raises: UserError: somebody has decided on the same review, perhaps a moment ago."""
    closing = (ledger.PROMOTION, ledger.REJECTION)
    for entry in entries if decision.event in closing else ():
        if entry["event"] in closing and entry.get("review_sha256", "") == decision.facts.get("review_sha256"):
            raise UserError(
                f"The review of {decision.versions[-1]} is closed: {entry['event']} by {entry['by']} on {entry['at']}: {entry['why']}."
                f"\nHint: {hints.review(decision.versions[-1].split('/')[1])}"
            )


@tenacity.retry(
    retry=tenacity.retry_if_exception_type(Overtaken),
    wait=tenacity.wait_random(0, 0.2),
    stop=tenacity.stop_after_attempt(100),
)
def append(standing: Standing, make: Callable[[list[ledger.Entry]], dict[str, Any] | None]) -> bool:
    """Writes the entry that make() gives for the entries so far, which are read again for it; no entry if it gives None.

    Returns: whether there is an entry.
    Raises:  UserError: the chain is broken (nothing is added to it), or the entry is too long.
    """
    run_id = standing.ledger_run or _opened(standing)
    texts = standing.read_ledger()
    if wrong := standing.problems():
        raise UserError(
            f"The ledger of model {standing.name} is broken, nothing was added to it: {wrong[0]}.\n{restore()}"
        )
    content = make(ledger.entries(texts))
    if content is None:
        return False
    key, text = ledger.following(texts, content)
    if len(text) > _LONGEST:
        raise UserError(f"The entry would have {len(text)} characters, and {_LONGEST} fit.\nHint: a shorter reason.")
    try:
        client.log_param(run_id, key, text)
    except Refused as error:
        standing.forget()
        if standing.texts.get(key) in (None, text):
            raise
        raise Overtaken from error
    standing.add(key, text)
    return True


def settle(standing: Standing, by_a_person: bool) -> list[ledger.Entry]:
    """Brings about what the ledger says and nobody has sealed yet, also for a writer who was interrupted; nothing where the chain is broken.

    Args:    by_a_person: whether a person asked for it; else only what ledger.noticed() names.
    Returns: the entries that waited.
    """
    standing.is_being_settled = by_a_person
    try:
        return _settled(standing)
    finally:
        standing.is_being_settled = False


def _settled(standing: Standing) -> list[ledger.Entry]:
    texts, head = standing.texts, standing.head
    unsealed = ledger.unsealed(texts, ledger_key.secret())
    waiting = unsealed if standing.is_being_settled else ledger.noticed(unsealed)
    sealed = [entry for entry in ledger.entries(texts) if entry not in unsealed]
    is_behind = bool(sealed) and (head is None or head.number < sealed[-1]["number"])
    if not (waiting or is_behind) or standing.problems():
        return []
    for entry in ledger.without_seal(waiting, texts):
        with suppress(Refused):  # this shows what the ledger says; not everybody may write it everywhere
            _show(entry, ledger.digest(texts[ledger.key(entry["number"])]))
    _rewrite(standing, waiting)
    if any(entry["event"] in ledger.MOVES for entry in waiting):
        _follow(standing)
    _seal(standing, texts, waiting or sealed[-1:])
    standing.forget()
    return waiting


def waits(name: str, entries: list[ledger.Entry]) -> str:
    """Returns what a person should know of the entries that wait in the ledger of a model."""
    return (
        f"{', '.join(map(ledger.in_words, entries))} waits in the ledger of model {name}: somebody is at it, was interrupted, or added it by "
        "hand. Until a person has finished it, what was decided before it holds.\nHint: if it is right, "
        f"`{hints.command('ledger', settle='true')}` brings it about; so does the next promotion, rejection or rollback."
    )


def _show(entry: ledger.Entry, digest: str) -> None:
    """On the versions that the entry is about."""
    tags = _tags_of(entry) | {ENTRY: _shown(entry, digest)}
    for version in entry["versions"]:
        for name, value in tags.items():
            client.set_model_version_tag(*version.split("/"), name, value[:4000])
    if entry["event"] == ledger.ACKNOWLEDGEMENT:
        alarms.close(entry)


def _rewrite(standing: Standing, waiting: list[ledger.Entry]) -> None:
    """The pages of the versions that the entries are about, of those that leave production by them, and of the model."""
    decisions = [entry for entry in waiting if entry["event"] != ledger.ACKNOWLEDGEMENT]
    left = [
        f"{standing.name}/{entry['from']}" for entry in decisions if entry["event"] in ledger.MOVES and entry["from"]
    ]
    for version in dict.fromkeys([*(version for entry in decisions for version in entry["versions"]), *left]):
        with suppress(Refused):
            word = pages.decided(version, standing.decisions)
            client.set_model_version_tag(*version.split("/"), "decision", word[:4000])
            pages.show(standing, version)
    if decisions:
        pages.show_model(standing)


def _shown(entry: ledger.Entry, digest: str) -> str:
    """Number and digest, by which the tag is held against the ledger; then the words."""
    return f"{ledger.key(entry['number'])} {digest} {entry['event']} by {entry['by']} on {entry['at']}: {entry['why']}"


def _tags_of(entry: ledger.Entry) -> dict[str, str]:
    """Returns what a version shows of the newest decision about it, beside the entry itself."""
    event = entry["event"]
    if event == ledger.OUTSIDE:
        return {"review_status": "missing" if entry["to"] else "withdrawn"}
    if event == ledger.ACKNOWLEDGEMENT:
        return {}
    if event == ledger.REJECTION:
        return {"review_status": "rejected", "rejected_by": entry["by"]}
    return {"promoted_by": entry["by"]} | ({"review_status": "approved"} if event == ledger.PROMOTION else {})


def _follow(standing: Standing) -> None:
    """Lets the aliases name what the newest entry says; looks again after it, so that they end there whoever was faster."""
    move, done = ledger.newest_move(standing.entered), None
    while move and move != done:
        if move["event"] != ledger.OUTSIDE:
            aliases.point(standing, move["to"])
        aliases.remember(standing, move.get("back"))
        standing.read_ledger()
        done, move = move, ledger.newest_move(standing.entered)
        if move != done:
            standing.forget()


def _seal(standing: Standing, texts: dict[str, str], done: list[ledger.Entry]) -> None:
    """Entry by entry: first its digest on the model, then beside it, with its code. So an entry below the model's is sealed, whenever this ends."""
    run_id, secret = standing.ledger_run, ledger_key.secret()
    for entry in done:
        number, text = entry["number"], texts[ledger.key(entry["number"])]
        head = json.dumps({"run": run_id, "number": number, "digest": ledger.digest(text)})
        client.set_registered_model_tag(standing.name, HEAD, head)
        if secret:
            client.log_param(run_id, ledger.code_key(number), ledger.code(text, secret))
        client.log_param(run_id, ledger.seal_key(number), ledger.digest(text))


def _opened(standing: Standing) -> str:
    """The run that holds the ledger. Of two who open it at once, one is first; the other's run is deleted."""
    name = standing.name
    experiment = client.get_experiment_by_name(answer.ledger_name(name))
    run = client.create_run(experiment.experiment_id if experiment else _experiment(name), run_name=f"ledger of {name}")
    client.set_terminated(run.info.run_id)
    try:
        note = _NOTE.format(name=name, command=hints.command("ledger"), run=run.info.run_id)
        client.create_registered_model(answer.ledger_name(name), tags={"run": run.info.run_id}, description=note)
    except Refused as error:
        if answer.ledger_run(name) != run.info.run_id:  # it was another writer, not our own try whose reply was lost
            client.delete_run(run.info.run_id)
        if error.code != server.EXISTS:
            raise
    standing.forget()
    if standing.ledger_run is None:
        raise UserError(f"The ledger of model {name} was opened and is gone.\n{restore()}")
    return standing.ledger_run


def _experiment(name: str) -> str:
    """The ledger's experiment; somebody else may be making it."""
    try:
        note = _EXPERIMENT.format(name=name, command=hints.command("ledger"))
        return client.create_experiment(answer.ledger_name(name), tags={"mlflow.note.content": note})
    except Refused:
        experiment = client.get_experiment_by_name(answer.ledger_name(name))
        if experiment is None:
            raise
        return experiment.experiment_id
