"""The registry's answer about one registered model, and the order in which it is asked."""

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from clv import hints
from clv.errors import UserError
from clv.tracking import server
from clv.tracking.server import Refused, client

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion, RegisteredModel

HEAD, ENTRY = "ledger_head", "ledger_entry"  # tags of the model, and of the versions that an entry is about


@dataclass(frozen=True)
class Head:
    """The newest entry that was brought about, as a tag of the model keeps it. run: that holds the ledger."""

    run: str
    number: int
    digest: str


@dataclass(frozen=True)
class Answer:
    """run_id, texts: of the ledger; None and nothing where there is none yet."""

    aliases: dict[str, str]
    versions: "dict[str, ModelVersion]"
    head: Head | None
    run_id: str | None
    texts: dict[str, str]


def ledger_name(name: str) -> str:
    """Returns the name of the registered model that says which run holds the ledger."""
    return f"{name}-ledger"


def registered(name: str) -> "RegisteredModel | None":
    """Returns the registered model, or None where there is none."""
    try:
        return client.get_registered_model(name)
    except Refused as error:
        if error.code == server.MISSING:
            return None
        raise


def ledger_run(name: str) -> str | None:
    """Returns the run that holds the ledger of a model. Raises: UserError: the ledger is there, and its tag is gone."""
    model = registered(ledger_name(name))
    if model and not model.tags.get("run"):
        raise UserError(
            f"The ledger of model {name} was taken away: the tag `run` of registered model {ledger_name(name)} is gone.\nHint: let it name the "
            "run again that the model's description names."
        )
    return model.tags["run"] if model else None


def ask(name: str) -> Answer:
    """Returns what the registry says of the model. The ledger is read last: what the model and its versions say of it is there by then.

    Raises: UserError: the ledger was there, and is gone or was changed.
    """
    model = registered(name)
    head, listed = head_of(name, model), _versions_of(name) if model else {}
    if strangers := set(_aliases_of(model).values()) - listed.keys() if server.remote() else ():
        raise server.contradicts_itself(f"model {name} has an alias on version {min(strangers)}, and no such version")
    run_id = ledger_run(name)
    if run_id is None and head is None:
        return Answer(_aliases_of(model), listed, head, None, {})
    is_named = run_id is not None and (head is None or head.run == run_id)
    texts = texts_of(name, run_id or (head.run if head else ""), is_named)
    return Answer(_aliases_of(model), listed, head, run_id, texts)


def ask_without_ledger(name: str) -> Answer:
    """Returns what the registry says of a model that no decision is about: the one that only training writes."""
    model = registered(name)
    return Answer(_aliases_of(model), _versions_of(name) if model else {}, None, None, {})


def _aliases_of(model: "RegisteredModel | None") -> dict[str, str]:
    """Returns alias -> number of its version."""
    return {alias: str(version) for alias, version in model.aliases.items()} if model else {}


def _versions_of(name: str) -> "dict[str, ModelVersion]":
    """Returns number -> version of a model, oldest first."""
    entries = client.search_model_versions(f"name='{name}'")
    return {str(entry.version): entry for entry in sorted(entries, key=lambda entry: int(entry.version))}


def head_of(name: str, model: "RegisteredModel | None") -> Head | None:
    """Returns the newest entry as the model's tag keeps it. Raises: UserError: the tag was changed."""
    if model is None or HEAD not in model.tags:
        return None
    try:
        content = json.loads(model.tags[HEAD])
        kinds = (("number", int), ("digest", str), ("run", str))
        if all(isinstance(content[field], kind) for field, kind in kinds) and content["number"] >= 1:
            return Head(content["run"], content["number"], content["digest"])
    except (ValueError, KeyError, TypeError, RecursionError):
        pass
    raise UserError(f"The tag {HEAD} of model {name} was changed: it cannot be read.\n{restore()}")


def texts_of(name: str, run_id: str, is_named: bool = True) -> dict[str, str]:
    """Returns the texts of the ledger that a run holds. is_named: whether the registry names that run.

    Raises: UserError: the run is gone, was deleted, or is not named.
    """
    try:
        run = client.get_run(run_id)
    except Refused as error:
        raise UserError(f"The ledger of model {name} is gone: {error}\n{restore()}") from error
    if not is_named or run.info.lifecycle_stage == "deleted":
        raise UserError(
            f"The ledger of model {name} was taken away: its entries are in run {run.info.run_id} ({run.info.lifecycle_stage}).\nHint: "
            f"restore that run, and let the tag `run` of registered model {ledger_name(name)} name it."
        )
    return dict(run.data.params)


def restore() -> str:
    """Returns the hint for a ledger that was changed."""
    return f"Hint: `{hints.command('ledger', verify='true')}` names what is wrong; restore the tracking store's database from before."
