"""A model as files: XGBoost's own for the trees, one JSON for the rest, and nothing pickled."""

import json
from dataclasses import astuple, fields
from pathlib import Path
from typing import Any

import xgboost as xgb

from clv.model import btyd
from clv.model.chains import Model
from clv.model.intervals import Intervals
from clv.model.stages import STAGES

CONTENT, QUANTILES = "model.json", "quantiles.ubj"
FORMAT = 4  # of the JSON; another one was written by another engine


def save(model: Model, folder: Path) -> None:
    """Write the model into an empty folder."""
    content: dict[str, Any] = {"format": FORMAT}
    content |= {field.name: getattr(model, field.name) for field in fields(model)}
    content["customers"] = _customers_as_json(model.customers)
    content["stages"] = {key: stage.save(folder, key.replace("+", "-")) for key, stage in model.stages.items()}
    if model.intervals:
        content["intervals"] = {name: value for name, value in vars(model.intervals).items() if name != "booster"}
        model.intervals.booster.save_model(folder / QUANTILES)
    (folder / CONTENT).write_text(json.dumps(content, indent=1))


def load(folder: Path) -> Model:
    """Returns the model that save() wrote; it predicts the same numbers.

    Raises:
        ValueError: another engine wrote it, or it names files outside of the folder.
        KeyError: a part is missing, or is of a kind that this engine does not have.
    """
    content = json.loads((folder / CONTENT).read_text())
    if (written := content.pop("format", 1)) != FORMAT:
        raise ValueError(f"{CONTENT} has format {written}, and this engine reads format {FORMAT}.\nHint: train again.")
    stages = {key: STAGES[key.split("+")[-1]].load(folder, stage) for key, stage in content["stages"].items()}
    if content["intervals"]:
        content["intervals"] = Intervals(booster=xgb.Booster(model_file=folder / QUANTILES), **content["intervals"])
    return Model(**content | {"customers": _customers_from_json(content["customers"]), "stages": stages})


def _customers_as_json(customers: btyd.Customers) -> dict[str, Any]:
    kind = next(name for name, model in btyd.MODELS.items() if type(customers.purchases) is model)
    return {
        "kind": kind,
        "purchases": astuple(customers.purchases),
        "spend": astuple(customers.spend),
        "kept": astuple(customers.kept),
    }


def _customers_from_json(content: dict[str, Any]) -> btyd.Customers:
    purchases = btyd.MODELS[content["kind"]](*content["purchases"])
    return btyd.Customers(purchases, btyd.GammaGamma(*content["spend"]), btyd.KeptShare(*content["kept"]))
