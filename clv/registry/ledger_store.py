"""Where the ledger is kept, and what its entries bring about.

The entries are parameters of one MLflow run: the store writes a parameter once, refuses another value for it and has no call that
changes or removes it. So the first of two writers gets the number, and the other writes the next one. A registered model named
MODEL-ledger says which run it is; a tag on the model itself keeps number and digest of the newest entry.
"""

import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import mlflow
import tenacity
from mlflow.exceptions import MlflowException

from clv.errors import UserError
from clv.registry import alarms, aliases, ledger, reviews
from clv.registry.ledger import Decision
from clv.tracking import server

LONGEST = 5900  # characters of an entry; MLflow cuts a parameter at 6,000
HEAD, ENTRY = "ledger_head", "ledger_entry"  # tags of the model, and of the versions that an entry is about
RESTORE = "Hint: `mlflow run . -e ledger -P verify=true` names what is wrong; restore the tracking store's database from before."
NOTE = "The ledger of model {name}: its entries are the parameters of run {run}. Read it with `mlflow run . -e ledger`."


class Overtaken(Exception):
    """Another writer took the number."""


def stored(name: str) -> dict[str, str]:
    """Key -> text of all entries and seals of the model's ledger; empty where there is none yet.

    Raises: UserError: the ledger was there, and is gone.
    """
    head, run_id = head_of(name), run_of(name)  # in this order: a head is written after the run is known
    if run_id is None and head is None:
        return {}
    try:
        run = server.client().get_run(run_id or head["run"])
    except MlflowException as error:
        raise UserError(f"The ledger of model {name} is gone: {error}\n{RESTORE}") from error
    if run_id is None or run.info.lifecycle_stage == "deleted" or head and head["run"] != run_id:
        raise UserError(
            f"The ledger of model {name} was taken away: its entries are in run {run.info.run_id} ({run.info.lifecycle_stage}).\nHint: "
            f"restore that run, and let the tag `run` of registered model {ledger_name(name)} name it."
        )
    return dict(run.data.params)


def ledger_name(name: str) -> str:
    return f"{name}-ledger"


def registered(name: str) -> mlflow.entities.model_registry.RegisteredModel | None:
    try:
        return server.client().get_registered_model(name)
    except MlflowException as error:
        if error.error_code == "RESOURCE_DOES_NOT_EXIST":
            return None
        raise


def run_of(name: str) -> str | None:
    """Raises: UserError: the ledger is there, and its tag is gone."""
    found = registered(ledger_name(name))
    if found and not found.tags.get("run"):
        raise UserError(
            f"The ledger of model {name} was taken away: the tag `run` of registered model {ledger_name(name)} is gone.\nHint: let it name the "
            "run again that the model's description names."
        )
    return found.tags["run"] if found else None


def head_of(name: str) -> dict | None:
    """run, number and digest of the newest sealed entry.

    Raises: UserError: the tag was changed.
    """
    found = registered(name)
    if found is None or HEAD not in found.tags:
        return None
    try:
        head = json.loads(found.tags[HEAD])
        kinds = (("number", int), ("digest", str), ("run", str))
        if all(isinstance(head[field], kind) for field, kind in kinds) and head["number"] >= 1:
            return head
    except (ValueError, KeyError, TypeError, RecursionError):
        pass
    raise UserError(f"The tag {HEAD} of model {name} was changed: it cannot be read.\n{RESTORE}")


def problems(name: str) -> list[str]:
    """What is not as it was written: in the chain, in the tag that keeps its newest entry, and in the entries that versions show."""
    head, versions = head_of(name), server.client().search_model_versions(f"name='{name}'")
    texts = stored(name)  # read last: what the others speak of is there by now
    found = ledger.problems(texts, head and (head["number"], head["digest"]))
    if head is None and any(key.endswith(".sealed") for key in texts) and head_of(name) is None:
        found.append(f"the tag {HEAD} of model {name} was removed")
    for version in versions:
        number, _, digest = (version.tags.get(ENTRY) or "").partition(" ")
        if number and digest != ledger.digest(texts.get(number, "")):
            found.append(
                f"version {version.version} shows entry {number} with another digest: one of the two was changed or removed"
            )
    return found


def opened(name: str) -> str:
    """The run that holds the ledger. Of two who open it at once, one is first; the other's run is deleted."""
    if found := run_of(name):
        return found
    client = server.client()
    experiment = client.get_experiment_by_name(ledger_name(name))
    run = client.create_run(experiment.experiment_id if experiment else created(name), run_name=f"ledger of {name}")
    client.set_terminated(run.info.run_id)
    try:
        note = NOTE.format(name=name, run=run.info.run_id)
        client.create_registered_model(ledger_name(name), tags={"run": run.info.run_id}, description=note)
    except MlflowException as error:
        if run_of(name) != run.info.run_id:  # it was another writer, not our own try whose reply was lost
            client.delete_run(run.info.run_id)
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise
    return run_of(name)


def created(name: str) -> str:
    """The ledger's experiment; somebody else may be making it."""
    client = server.client()
    try:
        return client.create_experiment(ledger_name(name))
    except MlflowException:
        return client.get_experiment_by_name(ledger_name(name)).experiment_id


@tenacity.retry(
    retry=tenacity.retry_if_exception_type(Overtaken),
    wait=tenacity.wait_random(0, 0.2),
    stop=tenacity.stop_after_attempt(100),
)
def append(name: str, make: Callable[[list[ledger.Entry]], dict[str, Any] | None]) -> bool:
    """Write the entry that make() gives for the entries so far, none if it gives None. Returns whether there is one.

    Raises: UserError: the chain is broken (nothing is added to it), or the entry is too long.
    """
    run_id, texts = opened(name), stored(name)
    if wrong := problems(name):
        raise UserError(f"The ledger of model {name} is broken, nothing was added to it: {wrong[0]}.\n{RESTORE}")
    content = make(ledger.entries(texts))
    if content is None:
        return False
    key, text = ledger.following(texts, content)
    if len(text) > LONGEST:
        raise UserError(f"The entry would have {len(text)} characters, and {LONGEST} fit.\nHint: a shorter reason.")
    try:
        server.client().log_param(run_id, key, text)
    except MlflowException as error:
        if stored(name).get(key) in (None, text):
            raise
        raise Overtaken from error
    return True


def record(name: str, decision: Decision, facts: dict[str, Any]) -> bool:
    """Enter a decision, then bring about what the ledger says. facts: at, run, entered_by, git_commit.

    Returns: False where the ledger says it already (a first version there is one before, a move that was noticed).
    """

    def content(known: list[ledger.Entry]) -> dict[str, Any] | None:
        current = ledger.current(known)
        if decision.event == ledger.BOOTSTRAP and known:
            return None
        if decision.event == ledger.OUTSIDE and (current == decision.to or moved_on(name, decision)):
            return None
        refuse_a_closed_review(known, decision)
        said = {"event": decision.event, "by": decision.by, "why": decision.why, "versions": list(decision.versions)}
        moved = {"from": current, "to": decision.to}
        if decision.event in ledger.MOVES:
            back = ledger.before(known, decision.to) if decision.event == ledger.ROLLBACK else current
            moved["back"] = back if back != decision.to else ledger.before(known, decision.to)
        return {"at": facts["at"]} | said | moved | facts | decision.facts

    written = append(name, content)
    settle(name)
    return written


def moved_on(name: str, noticed: Decision) -> bool:
    """Whether somebody is about to move the alias by the ledger, or it is not where it was noticed any more."""
    return bool(ledger.unsealed(stored(name))) or aliases.named_production(name) != noticed.to


def refuse_a_closed_review(known: list[ledger.Entry], decision: Decision) -> None:
    """Raises: UserError: somebody has decided on the same review, perhaps a moment ago."""
    closing = (ledger.PROMOTION, ledger.REJECTION)
    for entry in known if decision.event in closing else ():
        if entry["event"] in closing and entry.get("review_sha256", "") == decision.facts.get("review_sha256"):
            raise UserError(
                f"The review of {decision.versions[-1]} is closed: {entry['event']} by {entry['by']} on {entry['at']}: {entry['why']}."
                f"\nHint: {reviews.REVIEW.format(version=decision.versions[-1].split('/')[1])}"
            )


def settle(name: str) -> list[ledger.Entry]:
    """Bring about what the ledger says and nobody has sealed yet, also for a writer who was interrupted; nothing where the chain is broken.

    Returns: the entries that waited.
    """
    texts = stored(name)
    waiting, head = ledger.unsealed(texts), head_of(name)
    behind = bool(texts) and (head is None or head["number"] < len(ledger.entries(texts)))
    if not (waiting or behind) or problems(name):
        return []
    for entry in waiting:
        with suppress(MlflowException):  # this shows what the ledger says; not everybody may write it everywhere
            show(entry, ledger.digest(texts[ledger.key(entry["number"])]))
    if any(entry["event"] in ledger.MOVES for entry in waiting):
        follow(name)
    seal(name, texts, waiting)
    return waiting


def show(entry: ledger.Entry, digest: str) -> None:
    """On the versions that the entry is about."""
    for version in entry["versions"]:
        aliases.tag_version(*version.split("/"), tags_of(entry) | {ENTRY: f"{ledger.key(entry['number'])} {digest}"})
    if entry["event"] == ledger.ACKNOWLEDGEMENT:
        alarms.close(entry)


def follow(name: str) -> None:
    """Let the aliases name what the newest entry says; look again after it, so that they end there whoever was faster."""
    seen = None
    while (newest := ledger.newest_move(ledger.entries(stored(name)))) != seen:
        if newest["event"] != ledger.OUTSIDE:
            aliases.point(name, newest["to"])
        aliases.remember(name, newest.get("back"))
        seen = newest


def seal(name: str, texts: dict[str, str], done: list[ledger.Entry]) -> None:
    """Entry by entry: first its digest on the model, then beside it. So an entry below the model's is sealed, whenever this ends."""
    client, run_id = server.client(), run_of(name)
    for entry in done or ledger.entries(texts)[-1:]:
        number, digest = entry["number"], ledger.digest(texts[ledger.key(entry["number"])])
        client.set_registered_model_tag(name, HEAD, json.dumps({"run": run_id, "number": number, "digest": digest}))
        client.log_param(run_id, ledger.seal_key(number), digest)


def tags_of(entry: ledger.Entry) -> dict[str, str]:
    """What a version shows of the newest decision about it."""
    event = entry["event"]
    if event == ledger.OUTSIDE and entry["to"] is None:
        return {"review_status": "withdrawn"}
    status = {ledger.PROMOTION: "approved", ledger.REJECTION: "rejected", ledger.OUTSIDE: "missing"}.get(event)
    words = ("rejected", "rejection") if event == ledger.REJECTION else ("promoted", "promotion")
    who = {f"{words[0]}_by": entry["by"], f"{words[0]}_at": entry["at"], f"{words[1]}_reason": entry["why"]}
    shown = who if event not in (ledger.OUTSIDE, ledger.ACKNOWLEDGEMENT) else {}
    return shown | ({"review_status": status} if status else {})
