"""A candidate's review: kept in the run that trained it, shown on its version, and read again before it is promoted."""

import datetime as dt
import hashlib
import json
from dataclasses import dataclass

from mlflow.exceptions import MlflowException

from clv.errors import UserError
from clv.registry import aliases
from clv.registry.aliases import Version
from clv.tracking import journal, server

PENDING = "pending"
REVIEW = "mlflow run . -e review -P version={version}"
HEADING = "\n\n**Review**"


@dataclass(frozen=True)
class Review:
    """A candidate beside the version in production, as a person reads it: goes to the candidate's own run and version.

    model, version, run_id: of the candidate.   against: version in production, None where there was none.   gates: passed or failed.
    page: HTML.   content: JSON-ready, with at (when).
    """

    model: str
    version: str
    run_id: str
    against: str | None
    gates: str
    page: str
    content: dict


def attach(assessment: Review) -> None:
    """Page and figures to the candidate's run; then tags and a link on its version."""
    client, stamp = server.client(), f"{dt.datetime.fromisoformat(assessment.content['at']):%Y%m%dT%H%M%SZ}"
    text, folder = json.dumps(assessment.content, indent=1, allow_nan=False) + "\n", f"review/{stamp}"
    client.log_text(assessment.run_id, assessment.page, f"{folder}/review.html")
    client.log_text(assessment.run_id, text, f"{folder}/review.json")
    tags = {
        "review_status": PENDING,
        "gates": assessment.gates,
        "review_against": assessment.against or "nothing",
        "review_folder": folder,
        "review_sha256": hashlib.sha256(text.encode()).hexdigest(),
    }
    aliases.tag_version(assessment.model, assessment.version, tags)
    described = client.get_model_version(assessment.model, assessment.version).description or ""
    link = f"#/experiments/{client.get_run(assessment.run_id).info.experiment_id}/runs/{assessment.run_id}/artifacts/{folder}"
    against = f"version {assessment.against}" if assessment.against else "nothing in production"
    said = f"{HEADING} of {assessment.content['at']} against {against}, gates {assessment.gates}: [review.html]({link}/review.html), "
    said += f"[review.json]({link}/review.json).\n\n> {assessment.content['recommendation']}"
    client.update_model_version(assessment.model, assessment.version, description=described.split(HEADING)[0] + said)


def read(version: Version) -> dict:
    """The newest review of the version, with sha256 of its bytes.

    Raises: UserError: there is none, or it is not the one that was written.
    """
    hint = f"\nHint: {REVIEW.format(version=version.number)}"
    who = f"Version {version.number} of model {version.name}"
    if "review_folder" not in version.tags:
        raise UserError(f"{who} was never reviewed.{hint}")
    try:
        path = server.download(f"runs:/{version.run_id}/{version.tags['review_folder']}/review.json")
    except (MlflowException, OSError) as error:
        raise UserError(f"{who}: its review is gone: {error}{hint}") from error
    found = path.read_bytes()
    if (digest := hashlib.sha256(found).hexdigest()) != version.tags.get("review_sha256"):
        raise UserError(
            f"{who}: its review was changed after it was written; its digest is not the one on the version.{hint}"
        )
    return json.loads(found) | {"sha256": digest}


def trained_by(version: Version) -> str:
    """The account that the training run belongs to."""
    run = server.client().get_run(version.run_id)
    return run.data.tags.get("account") or run.info.user_id or ""


def parameters(version: Version) -> dict[str, str]:
    """Of conf/, as the version's training logged them."""
    return server.client().get_run(version.run_id).data.params


def known_to_mlflow(name: str, number: str) -> dict[str, str | None]:
    """What the store says of a version whose promotion nobody entered."""
    found = server.client().get_model_version(name, number)
    days = {"created": found.creation_timestamp, "updated": found.last_updated_timestamp}
    said = {
        name: dt.datetime.fromtimestamp(when / 1000, dt.UTC).isoformat(timespec="seconds")
        for name, when in days.items()
    }
    return said | {"gates": found.tags.get("gates", "never reviewed"), "files_sha256": found.tags.get("files_sha256")}


def last_verdict(version: Version) -> dict[str, str] | None:
    """The newest monitor run of the version in this experiment: run, when, as_of, verdict, reasons."""
    found = server.client().search_runs(
        [journal.stack[-1].experiment],
        f"tags.step = 'monitor' and tags.production_version = '{version.number}' and tags.production_model = '{version.name}'",
        order_by=["attributes.start_time DESC"],
        max_results=1,
    )
    return (
        {"run": found[0].info.run_id}
        | {key: found[0].data.tags.get(key, "") for key in ("as_of", "verdict", "verdict_reasons")}
        if found
        else None
    )
