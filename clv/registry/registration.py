"""From a trained model to a version in the registry, once, with the digests of its files."""

import contextlib
import datetime as dt
import io
import json
import re
import shutil
import tempfile
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from clv import model, tracking
from clv.features import Definition
from clv.model import files
from clv.registry import pages
from clv.registry.aliases import CANDIDATE
from clv.registry.standing import Standing
from clv.registry.versions import BASELINE, FILES, FILES_SHA256, LISTING, MODEL, Version, digest_of, digests
from clv.scorer import Scorer, known
from clv.tracking import server
from clv.tracking.server import Refused, client

if TYPE_CHECKING:
    from mlflow.entities import Run
    from mlflow.models import ModelSignature

_UNDECIDED = {"gates": "never reviewed", "standing": "never reviewed", "decision": "waits for a person"}
_VERSIONS = "mlflow.modelVersions"  # tag of a logged model, by which MLflow's page of models names its versions
_OF_PURCHASES = ("customer_id", "orders", "revenue_total", "last_order", "as_of")  # a row of features need not say them
_COPIED_FROM = "copied_from"  # tag of a version that was copied from another registered model


@dataclass(frozen=True)
class Candidate:
    """A trained model on its way to the registry.

    facts: JSON-ready; what scoring and monitoring need to use this version.   description: Markdown that a reviewer reads.   recipe: what people call it.
    """

    model: model.Model
    facts: dict[str, Any]
    description: str
    recipe: str


def register(candidate: Candidate, standing: Standing) -> tuple[str, str]:
    """Logs the model to the open run, registers it with the digests of its files, and lets the alias `candidate` name it.

    The run holds the rest of the version (its baseline) by now. A lost reply makes no second version.

    Returns: the version's number, and the id of the logged model.
    """
    run = client.get_run(tracking.current().run_id)
    with tempfile.TemporaryDirectory() as folder:
        written, code = Path(folder) / FILES, Path(folder) / "clv"
        written.mkdir()
        files.save(candidate.model, written)
        shutil.copytree(Path(__file__).parent.parent, code, ignore=shutil.ignore_patterns("__pycache__", "*.pyc"))
        model_id, location = server.call(_logged, candidate, (written, code), run)
    stored = {MODEL: server.download(location), BASELINE: server.download(run.info.artifact_uri, BASELINE)}
    listing = {name: digest for part, there in stored.items() for name, digest in digests(there, part).items()}
    client.log_dict(run.info.run_id, listing, LISTING)
    tags = {
        "recipe": candidate.recipe,
        **_UNDECIDED,
        FILES_SHA256: digest_of(listing),
    }  # MLflow lists them in this order
    name = standing.candidates
    number = created(name, location, run.info.run_id, tags, model_id)
    standing.parts_of(f"{name}/{number}").update(stored)
    client.set_logged_model_tags(model_id, {_VERSIONS: json.dumps([{"name": name, "version": number}])})
    client.update_model_version(name, number, description=pages.of_training(candidate.description))
    client.set_registered_model_alias(name, CANDIDATE, number)
    return number, model_id


def _logged(candidate: Candidate, parts: tuple[Path, Path], run: "Run") -> tuple[str, str]:
    """Id and address of the model that MLflow makes of its files and code, in the run's experiment; MLflow alone would take Default."""
    from mlflow import MlflowClient, pyfunc
    from mlflow.models import Model

    (written, code), place = parts, run.info
    facts = candidate.facts | {"recipe": candidate.recipe}
    as_of = facts["evaluation_cutoff"]
    example = _example(dt.date.fromisoformat(as_of))
    entry = MlflowClient().create_logged_model(
        place.experiment_id, _called(candidate), place.run_id, params=run.data.params
    )
    with warnings.catch_warnings(action="ignore"):  # it asks for type hints
        logged = Model.log(
            artifact_path=None,
            model_id=entry.model_id,
            flavor=pyfunc,
            run_id=place.run_id,
            python_model=str(Path(__file__).parent / "serving.py"),
            artifacts={FILES: str(written)},
            code_paths=[str(code)],
            signature=_signature(candidate.model, facts, example),
            input_example=(example, {"as_of": as_of}),
            metadata={"clv": facts},
            pip_requirements=[f"{library}=={version}" for library, version in facts["libraries"].items()],
        )
    return logged.model_id, logged.artifact_path


def _called(candidate: Candidate) -> str:
    """`clv_blend_90d`: MLflow wants a name before there is a number, and takes no sign but these."""
    facts = candidate.facts
    return re.sub(r"[^\w-]+", "_", f"{facts['model']}_{candidate.recipe}_{facts['horizon_days']}d")


def _signature(fitted: model.Model, facts: dict[str, Any], example: pd.DataFrame) -> "ModelSignature":
    """What goes in and what comes out. A table is of purchases or of features, so that no column is in both kinds; one alias moves both."""
    from mlflow.models import ModelSignature, infer_signature
    from mlflow.types import ColSpec, DataType, ParamSchema, ParamSpec, Schema

    scored = Scorer(fitted, Definition.from_dict(facts["definition"])).of_purchases(example, facts["evaluation_cutoff"])
    answer = scored.scores.assign(as_of=str(scored.as_of), **known(facts, tracking.current().run_id))
    kinds = dict.fromkeys(("customer_id", "order_date", "lifecycle_stage"), DataType.string)
    columns = dict.fromkeys([*example, *fitted.inputs])
    inputs: list[Any] = [ColSpec(kinds.get(name, DataType.double), name, required=False) for name in columns]
    outputs: list[Any] = [
        ColSpec(each.type, each.name, required=each.name not in _OF_PURCHASES)
        for each in infer_signature(answer).inputs
    ]
    return ModelSignature(
        Schema(inputs), Schema(outputs), ParamSchema([ParamSpec("as_of", DataType.string, default="")])
    )


def _example(learnt_until: dt.date) -> pd.DataFrame:
    """Purchases of nobody, before the day: a regular, somebody who sent an order back and bought twice on one day, and somebody new."""
    rows = [("regular", days, amount) for days, amount in ((300, 40.0), (210, 55.5), (120, 38.0), (31, 60.0))]
    rows += [
        ("returns", 90, 25.0),
        ("returns", 80, -25.0),
        ("returns", 20, 12.5),
        ("returns", 20, 7.5),
        ("new", 5, 19.9),
    ]
    return pd.DataFrame(
        [(customer, str(learnt_until - dt.timedelta(days=days)), amount) for customer, days, amount in rows],
        columns=["customer_id", "order_date", "revenue"],
    )


def created(name: str, location: str, run_id: str, tags: dict[str, str], model_id: str | None = None) -> str:
    """Returns the number of the version that a run registers, once.

    Args: location: of the model's artifacts.   model_id: of the model that MLflow made of them.
    """
    from mlflow import MlflowClient

    store = MlflowClient()
    try:
        client.create_registered_model(name)
    except Refused as error:
        if error.code != server.EXISTS:
            raise

    def find() -> str | None:
        same = [version for version in store.search_model_versions(f"name='{name}'") if version.run_id == run_id]
        return str(same[0].version) if same else None

    def make() -> str:
        return str(store.create_model_version(name, location, run_id, tags, model_id=model_id).version)

    return server.once(find, make)


def copied(version: Version, name: str) -> str:
    """Returns the number of the version of another registered model that holds the same files; copied there if it is not yet."""
    from mlflow import MlflowClient

    store = MlflowClient()

    def find() -> str | None:
        for entry in store.search_model_versions(f"name='{name}'"):
            if entry.tags.get(_COPIED_FROM) == version.full_name or entry.source == f"models:/{version.full_name}":
                return str(entry.version)
        return None

    def make() -> str:
        with contextlib.redirect_stderr(io.StringIO()):  # it prints what the ledger says
            return str(store.copy_model_version(f"models:/{version.full_name}", name).version)

    number = server.once(find, make)
    client.set_model_version_tag(name, number, _COPIED_FROM, version.full_name)
    return number
