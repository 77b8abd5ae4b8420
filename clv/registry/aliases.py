"""The registry: versions, their files and the aliases that name them."""

import contextlib
import datetime as dt
import io
from dataclasses import dataclass
from pathlib import Path

import mlflow
import tenacity
from mlflow.exceptions import MlflowException

from clv import features
from clv.errors import Unreachable, UserError
from clv.tracking import server

PRODUCTION, CANDIDATE, PREVIOUS = "production", "candidate", "previous"
PROMOTE = "mlflow run . -e promote -P version={version} -P reviewer=NAME -P reason=WHY"
ROLLBACK = "mlflow run . -e rollback -P reviewer=NAME -P reason=WHY"
ANOTHER = f"Hint: promote another version, or go back to the one before:\n  {PROMOTE.format(version='N')}\n  {ROLLBACK}"


@dataclass(frozen=True)
class Version:
    """A version of the registered model; facts: of its Candidate.   tags: of the registry.   kept: folder with its files on this machine.
    seen: when the registry last said so."""

    name: str
    number: str
    run_id: str
    alias: str
    facts: dict
    tags: dict[str, str]
    kept: Path | None = None
    seen: str = ""

    @property
    def horizon_days(self) -> int:
        """How far ahead it predicts."""
        return self.facts["horizon_days"]

    @property
    def definition(self) -> features.Definition:
        """The features that it learnt from."""
        return features.Definition.from_dict(self.facts["definition"])

    @property
    def learnt_until(self) -> dt.date:
        """First day whose revenue it has not learnt from."""
        return dt.date.fromisoformat(self.facts["evaluation_cutoff"])

    @property
    def measured_days(self) -> tuple[dt.date, dt.date]:
        """First day that it was measured on, and the day after the last one."""
        return self.learnt_until, self.learnt_until + dt.timedelta(days=self.horizon_days)

    @property
    def revenue_then(self) -> float:
        """Net revenue of those days, new customers' too, as its training saw it."""
        return self.facts["evaluation_revenue"]


def aliases(name: str) -> dict[str, str]:
    """Alias -> version; empty where there is no such model."""
    try:
        found = server.client().get_registered_model(name).aliases
    except MlflowException as error:
        if error.error_code == "RESOURCE_DOES_NOT_EXIST":
            return {}
        raise
    return {alias: str(version) for alias, version in found.items()}


def production_aliases(name: str) -> dict[str, str]:
    """The alias `production` and its case variants, which other tools may have set."""
    return {alias: version for alias, version in aliases(name).items() if alias.lower() == PRODUCTION}


def was_promoted(name: str) -> bool:
    """Whether any version of the model is, or ever was, put into production."""
    with server.readable():
        versions = server.client().search_model_versions(f"name='{name}'")
        return bool(production_aliases(name)) or any("promoted_by" in version.tags for version in versions)


def named_production(name: str) -> str | None:
    """The number that the alias names, whatever stands behind it."""
    found = production_aliases(name)
    return found.get(PRODUCTION) or next(iter(found.values()), None)


def find_production(name: str) -> Version | None:
    """The version that a reviewer promoted, or None.

    Raises: UserError: case variants of the alias stand on different versions.
    """
    variants = production_aliases(name)
    if len(set(variants.values())) > 1:
        named = ", ".join(f"{alias!r} on version {version}" for alias, version in sorted(variants.items()))
        raise UserError(
            f"Model {name} has several Production aliases: {named}."
            f"\nHint: this leaves one:\n  {PROMOTE.format(version='N')}"
        )
    return version_at(name, *next(iter(variants.items()))) if variants else None


def newest_version(name: str) -> str | None:
    found = server.client().search_model_versions(f"name='{name}'", order_by=["version_number DESC"], max_results=1)
    return str(found[0].version) if found else None


def nothing(name: str, candidates: str) -> UserError:
    """Nothing is in production; with the command that promotes the newest candidate."""
    newest = newest_version(candidates)
    if newest is None:
        return UserError(
            f"Model {candidates} has no version yet.\nHint: run `mlflow run . -e train` (or -e full_pipeline)."
        )
    return UserError(
        f"No version of model {name} is in production.\nHint: look at version {newest} in the UI, then\n"
        f"  {PROMOTE.format(version=newest)}"
    )


def version_at(name: str, alias: str, number: str) -> Version:
    """Raises: UserError: there is no such version, this engine did not make it for this model, or its files are gone."""
    try:
        found = server.client().get_model_version(name, number)
        facts = dict(server.call(mlflow.models.get_model_info, f"models:/{name}/{number}").metadata["clv"])
    except Unreachable:
        raise
    except Exception as error:  # whatever a file raises that is no MLmodel
        why = "it carries no facts of ours" if isinstance(error, (TypeError, KeyError)) else str(error)
        raise UserError(
            f"Version {number} of model {name} is not a whole version that this engine made: {why}.\n{ANOTHER}"
        ) from error
    return Version(name, str(number), found.run_id, alias, facts, dict(found.tags))


def existing(name: str, number: str | None) -> Version:
    """Raises: UserError: the model has no such version; names those that it has."""
    known = [str(version.version) for version in server.client().search_model_versions(f"name='{name}'")]
    if str(number) not in known:
        raise UserError(
            f"Model {name} has no version {number}; it has {', '.join(sorted(known, key=int)) or 'none'}."
            "\nHint: the version's number stands in the UI under Models, and at the end of each training run."
        )
    return version_at(name, "", str(number))


def point(name: str, number: str) -> None:
    """Let the alias `production` name the version; its case variants are taken away."""
    for alias in production_aliases(name):
        if alias != PRODUCTION:
            server.client().delete_registered_model_alias(name, alias)
    set_alias(name, PRODUCTION, number)


def remember(name: str, previous: str | None) -> None:
    """Let the alias `previous` name the version to go back to; none where there is none, or it was deleted."""
    there = [str(version.version) for version in server.client().search_model_versions(f"name='{name}'")]
    if previous in there:
        set_alias(name, PREVIOUS, previous)
    elif PREVIOUS in aliases(name):
        server.client().delete_registered_model_alias(name, PREVIOUS)


@tenacity.retry(stop=tenacity.stop_after_attempt(5), wait=tenacity.wait_random(0, 0.5), reraise=True)
def set_alias(name: str, alias: str, number: str) -> None:
    """Of two who set a new alias at once, the store fails one."""
    server.client().set_registered_model_alias(name, alias, number)


def copied(source: Version, name: str) -> str:
    """The number of the version of another registered model that holds the same files; copied there if it is not yet."""
    here, client = f"{source.name}/{source.number}", mlflow.MlflowClient()

    def find() -> str | None:
        for version in client.search_model_versions(f"name='{name}'"):
            if version.tags.get("copied_from") == here or version.source == f"models:/{here}":
                return str(version.version)
        return None

    def make() -> str:
        with contextlib.redirect_stderr(io.StringIO()):  # it prints what the ledger says
            return str(client.copy_model_version(f"models:/{here}", name).version)

    number = server.once(find, make)
    server.client().set_model_version_tag(name, number, "copied_from", here)
    return number


def tag_version(name: str, number: str, tags: dict[str, str]) -> None:
    for key, value in tags.items():
        server.client().set_model_version_tag(name, number, key, str(value)[:4000])
