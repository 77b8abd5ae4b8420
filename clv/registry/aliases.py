"""The names that versions have in the registry, and how they are moved."""

from typing import TYPE_CHECKING

from clv.tracking.server import client

if TYPE_CHECKING:
    from clv.registry.standing import Standing

PRODUCTION, CANDIDATE, _PREVIOUS = "production", "candidate", "previous"


def point(standing: "Standing", number: str) -> None:
    """Lets the alias `production` name the version; its case variants are taken away."""
    for alias in standing.production_aliases:
        if alias != PRODUCTION:
            client.delete_registered_model_alias(standing.name, alias)
    client.set_registered_model_alias(standing.name, PRODUCTION, number)


def remember(standing: "Standing", previous: str | None) -> None:
    """Lets the alias `previous` name the version to go back to; no version where there is none, or it was deleted."""
    if previous in standing.versions:
        client.set_registered_model_alias(standing.name, _PREVIOUS, previous)
    elif _PREVIOUS in standing.aliases:
        client.delete_registered_model_alias(standing.name, _PREVIOUS)
