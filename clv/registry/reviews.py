"""A candidate's review: kept in the run that trained it, shown on its version, and read again before it is promoted."""

import datetime as dt
import hashlib
import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from clv import hints, tracking
from clv.errors import UserError
from clv.registry.pages import PENDING
from clv.registry.versions import Version
from clv.tracking import operations, server
from clv.tracking.server import Refused, client


@dataclass(frozen=True)
class Review:
    """A candidate beside the version in production, as a person reads it: goes to the candidate's own run and version.

    against: number of the version in production, None where there was none.   gates: passed or failed.   page: HTML.
    content: JSON-ready, with at (when) and recommendation.
    """

    version: Version
    against: str | None
    gates: str
    page: str
    content: dict[str, Any]


def attach(review: Review) -> tuple[dict[str, str], dict[str, float], str]:
    """Logs page and figures to the candidate's run; then puts tags on its version.

    Returns: tags and metrics that the candidate's run and version show of it, and the link to its folder in MLflow's UI.
    """
    version, at = review.version, review.content["at"]
    folder = f"review/{dt.datetime.fromisoformat(at):%Y%m%dT%H%M%SZ}"
    text = json.dumps(review.content, indent=1, allow_nan=False) + "\n"
    client.log_text(version.run_id, review.page, f"{folder}/review.html")
    client.log_text(version.run_id, text, f"{folder}/review.json")
    shown = {
        "gates": review.gates,
        "standing": standing(review.content),
        "recommendation": review.content["recommendation"],
    }
    metrics = _beside_production(review.content)
    if version.run_id != tracking.current().run_id:  # else they are logged with what else this run found
        points = [[name, value, operations.now(), 0] for name, value in metrics.items()]
        operations.log(version.run_id, tags={name: value[:4000] for name, value in shown.items()}, metrics=points)
    tags = shown | {
        "review_status": PENDING,
        "gates": review.gates,
        "review_against": review.against or "nothing",
        "review_folder": folder,
        "review_sha256": hashlib.sha256(text.encode()).hexdigest(),
    }
    for name, value in tags.items():
        client.set_model_version_tag(version.name, version.number, name, value[:4000])
    run = version.run.info
    return shown, metrics, f"#/experiments/{run.experiment_id}/runs/{run.run_id}/artifacts/{folder}"


def standing(content: dict[str, Any]) -> str:
    """Returns how the candidate stands beside Production in the metrics that are judged: better, worse, no clear difference, or alone.

    >>> rows = [{"metric": "rmse", "candidate_is": "worse"}, {"metric": "r2", "candidate_is": "better"}]
    >>> standing({"metrics": rows, "limits": {"metrics": ["rmse", "r2"]}}), standing({"metrics": rows, "limits": {"metrics": ["r2"]}})
    ('worse', 'better')
    """
    judged = content["limits"]["metrics"]
    found = {row.get("candidate_is") for row in content["metrics"] if row["metric"] in judged}
    return next((word for word in ("worse", "better", "no clear difference") if word in found), "alone")


def _beside_production(content: dict[str, Any]) -> dict[str, float]:
    """The difference of the RMSE to the version in production, and the ends of its interval."""
    row = next(row for row in content["metrics"] if row["metric"] == "rmse")
    ends = {"": "difference", "_low": "low", "_high": "high"}
    return {f"rmse_change{end}": row[key] for end, key in ends.items() if row.get(key) is not None}


def read(version: Version) -> dict[str, Any]:
    """Returns the newest review of the version, with sha256 of its bytes.

    Raises: UserError: there is none, or it is not the one that was written.
    """
    hint = f"\nHint: {hints.review(version.number)}"
    name = f"Version {version.number} of model {version.name}"
    if "review_folder" not in version.tags:
        raise UserError(f"{name} was never reviewed.{hint}")
    try:
        path = server.download(version.run.info.artifact_uri, f"{version.tags['review_folder']}/review.json")
    except (Refused, OSError) as error:
        raise UserError(f"{name}: its review is gone: {error}{hint}") from error
    content = path.read_bytes()
    if (digest := hashlib.sha256(content).hexdigest()) != version.tags.get("review_sha256"):
        raise UserError(
            f"{name}: its review was changed after it was written; its digest is not the one on the version.{hint}"
        )
    return json.loads(content) | {"sha256": digest}


def rewrite(version: Version, change: Callable[[str], str]) -> None:
    """Lets the page of the version's newest review say more; the figures beside it, whose digest the version carries, stay as they are.

    The ledger knows the decision, so a store that lets this account write no more to that run, or has no page, is left as it is.
    """
    name = f"{version.tags['review_folder']}/review.html"
    with suppress(Refused, OSError):
        page = server.download(version.run.info.artifact_uri, name).read_text()
        if (changed := change(page)) != page:
            client.log_text(version.run_id, changed, name)


def last_verdict(version: Version) -> dict[str, str] | None:
    """Returns the newest monitor run of the version: run, at (when it began), as_of, verdict, verdict_reasons; None where there is none."""
    runs = client.search_runs(
        tracking.current().experiments,
        f"tags.step = 'monitor' and tags.production_version = '{version.number}' and tags.production_model = '{version.name}'",
        order_by=["attributes.start_time DESC"],
        max_results=1,
    )
    if not runs:
        return None
    tags, info = runs[0].data.tags, runs[0].info
    at = dt.datetime.fromtimestamp(info.start_time / 1000, dt.UTC).isoformat(timespec="seconds")
    return {"run": info.run_id, "at": at} | {key: tags.get(key, "") for key in ("as_of", "verdict", "verdict_reasons")}
