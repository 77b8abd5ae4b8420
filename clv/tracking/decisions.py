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

from clv import ledger
from clv.errors import UserError
from clv.record import Decision
from clv.tracking import registry, reviews

LONGEST = 5900  # characters of an entry; MLflow cuts a parameter at 6,000
HEAD = "ledger_head"
NOTE = "The ledger of model {name}: its entries are the parameters of run {run}. Read it with `mlflow run . -e ledger`."


class Overtaken(Exception):
    """Another writer took the number."""


def stored(name: str) -> dict[str, str]:
    """Key -> text of all entries and seals of the model's ledger; empty where there is none yet.

    Raises: UserError: the ledger was there, and is gone.
    """
    run_id, head = run_of(name), head_of(name)
    if run_id is None and head is None:
        return {}
    try:
        run = mlflow.MlflowClient().get_run(run_id or head["run"])
    except MlflowException as error:
        raise UserError(
            f"The ledger of model {name} is gone: {error}\nHint: restore the tracking store's database."
        ) from error
    if run_id is None or run.info.lifecycle_stage == "deleted" or head and head["run"] != run_id:
        raise UserError(
            f"The ledger of model {name} was taken away: its entries are in run {run.info.run_id} ({run.info.lifecycle_stage}).\nHint: "
            f"restore that run, and let the tag `run` of registered model {ledger_name(name)} name it."
        )
    return dict(run.data.params)


def ledger_name(name: str) -> str:
    return f"{name}-ledger"


def run_of(name: str) -> str | None:
    try:
        return mlflow.MlflowClient().get_registered_model(ledger_name(name)).tags.get("run")
    except MlflowException as error:
        if error.error_code == "RESOURCE_DOES_NOT_EXIST":
            return None
        raise


def head_of(name: str) -> dict | None:
    try:
        text = mlflow.MlflowClient().get_registered_model(name).tags.get(HEAD)
        return json.loads(text) if text else None
    except ValueError as error:
        raise UserError(f"The tag {HEAD} of model {name} was changed: it cannot be read.") from error
    except MlflowException as error:
        if error.error_code == "RESOURCE_DOES_NOT_EXIST":
            return None
        raise


def problems(name: str) -> list[str]:
    head = head_of(name)
    return ledger.problems(stored(name), head and (head["number"], head["digest"]))


def opened(name: str) -> str:
    """The run that holds the ledger. Of two who open it at once, one is first; the other's run is deleted."""
    if found := run_of(name):
        return found
    client = mlflow.MlflowClient()
    experiment = client.get_experiment_by_name(ledger_name(name))
    run = client.create_run(experiment.experiment_id if experiment else created(name), run_name=f"ledger of {name}")
    client.set_terminated(run.info.run_id)
    try:
        note = NOTE.format(name=name, run=run.info.run_id)
        client.create_registered_model(ledger_name(name), tags={"run": run.info.run_id}, description=note)
    except MlflowException as error:
        client.delete_run(run.info.run_id)
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise
    return run_of(name)


def created(name: str) -> str:
    """The ledger's experiment; somebody else may be making it."""
    client = mlflow.MlflowClient()
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
    if wrong := ledger.problems(texts, None):
        raise UserError(f"The ledger of model {name} is broken, nothing was added to it: {wrong[0]}.\n{LOOK}")
    content = make(ledger.entries(texts))
    if content is None:
        return False
    key, text = ledger.following(texts, content)
    if len(text) > LONGEST:
        raise UserError(f"The entry would have {len(text)} characters, and {LONGEST} fit.\nHint: a shorter reason.")
    try:
        mlflow.MlflowClient().log_param(run_id, key, text)
    except MlflowException as error:
        if stored(name).get(key) in (None, text):
            raise
        raise Overtaken from error
    return True


LOOK = "Hint: `mlflow run . -e ledger -P verify=true` names all of it; restore the tracking store's database."


def record(name: str, decision: Decision, facts: dict[str, Any]) -> bool:
    """Enter a decision, then bring about what the ledger says. facts: at, run, entered_by, git_commit.

    Returns: False where the ledger says it already (a first version there is one before, a move that was noticed).
    """

    def content(known: list[ledger.Entry]) -> dict[str, Any] | None:
        current = ledger.current(known)
        if (
            decision.event == ledger.BOOTSTRAP
            and current
            or decision.event == ledger.OUTSIDE
            and current == decision.to
        ):
            return None
        back = ledger.before(known, decision.to) if decision.event == ledger.ROLLBACK else current
        moved = {
            "from": current,
            "to": decision.to,
            "back": back if back != decision.to else ledger.before(known, decision.to),
        }
        said = {"event": decision.event, "by": decision.by, "why": decision.why, "versions": list(decision.versions)}
        stays = {"from": current, "to": None}
        return {"at": facts["at"]} | said | (moved if decision.to else stays) | facts | decision.facts

    written = append(name, content)
    settle(name)
    return written


def settle(name: str) -> None:
    """Bring about what the ledger says and nobody has sealed yet: also for a writer who was interrupted."""
    waiting = unsealed(stored(name))
    for entry in waiting:
        with suppress(MlflowException):  # this shows what the ledger says; not everybody may write it everywhere
            show(entry)
    if any(entry["event"] in ledger.MOVES for entry in waiting):
        follow(name)
    seal(name, waiting)


def show(entry: ledger.Entry) -> None:
    for version in entry["versions"]:
        registry.tag_version(*version.split("/"), tags_of(entry))
    if entry["event"] == ledger.ACKNOWLEDGEMENT:
        reviews.close(entry)


def follow(name: str) -> None:
    """Let the aliases name what the newest entry says; look again after it, so that they end there whoever was faster."""
    seen = None
    while (newest := ledger.newest_move(ledger.entries(stored(name)))) != seen:
        if newest["event"] == ledger.OUTSIDE:
            registry.set_alias(name, registry.PREVIOUS, newest["back"]) if newest["back"] else None
        else:
            registry.point(name, newest["to"], newest["back"])
        seen = newest


def unsealed(texts: dict[str, str]) -> list[ledger.Entry]:
    return [entry for entry in ledger.entries(texts) if ledger.seal_key(entry["number"]) not in texts]


def seal(name: str, done: list[ledger.Entry]) -> None:
    """Write the digest of each entry beside it, and that of the newest on the model."""
    if not done:
        return
    client, run_id, texts = mlflow.MlflowClient(), run_of(name), stored(name)
    for entry in done:
        client.log_param(run_id, ledger.seal_key(entry["number"]), ledger.digest(texts[ledger.key(entry["number"])]))
    number = done[-1]["number"]
    head = {"run": run_id, "number": number, "digest": ledger.digest(texts[ledger.key(number)])}
    client.set_registered_model_tag(name, HEAD, json.dumps(head))


def tags_of(entry: ledger.Entry) -> dict[str, str]:
    """What a version shows of the newest decision about it."""
    event = entry["event"]
    status = {ledger.PROMOTION: "approved", ledger.REJECTION: "rejected", ledger.OUTSIDE: "missing"}.get(event)
    words = ("rejected", "rejection") if event == ledger.REJECTION else ("promoted", "promotion")
    who = {f"{words[0]}_by": entry["by"], f"{words[0]}_at": entry["at"], f"{words[1]}_reason": entry["why"]}
    shown = who if event not in (ledger.OUTSIDE, ledger.ACKNOWLEDGEMENT) else {}
    return shown | ({"review_status": status} if status else {}) | {"ledger_entry": str(entry["number"])}
