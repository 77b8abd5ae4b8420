"""A model as files: XGBoost's own for the trees, one JSON for the rest, and nothing pickled."""

import json
from dataclasses import asdict
from pathlib import Path

import xgboost as xgb

from clv.model import Model, btyd
from clv.model.glm import Glm
from clv.model.intervals import Intervals
from clv.model.trees import Trees

CONTENT, QUANTILES = "model.json", "quantiles.ubj"


def save(model: Model, folder: Path) -> None:
    """Write the model into an empty folder."""
    plain = {name: value for name, value in vars(model).items() if name not in ("customers", "stages", "intervals")}
    stages = {}
    for key, stage in model.stages.items():
        if isinstance(stage, Glm):
            stages[key] = asdict(stage)
            continue
        names = [f"{key.replace('+', '-')}-{number}.ubj" for number in range(len(stage.boosters))]
        for name, booster in zip(names, stage.boosters, strict=True):
            booster.save_model(folder / name)
        stages[key] = {"kind": stage.kind, "columns": stage.columns, "unit": stage.unit, "files": names}
    content = plain | {
        "customers": asdict(model.customers),
        "stages": stages,
        "intervals": model.intervals and without_booster(model.intervals),
    }
    if model.intervals:
        model.intervals.booster.save_model(folder / QUANTILES)
    (folder / CONTENT).write_text(json.dumps(content, indent=1))


def load(folder: Path) -> Model:
    """The model that save() wrote; it predicts the same numbers."""
    content = json.loads((folder / CONTENT).read_text())
    customers = content["customers"]
    stages = {
        key: trees(folder, stage) if "files" in stage else Glm(**stage) for key, stage in content["stages"].items()
    }
    return Model(
        **content
        | {
            "customers": btyd.Customers(
                btyd.Purchases(**customers["purchases"]), btyd.Spend(**customers["spend"]), customers["kept"]
            ),
            "stages": stages,
            "intervals": content["intervals"]
            and Intervals(booster=xgb.Booster(model_file=folder / QUANTILES), **content["intervals"]),
        }
    )


def trees(folder: Path, stage: dict) -> Trees:
    if elsewhere := [name for name in stage["files"] if Path(name).name != name]:
        raise ValueError(f"{CONTENT} names files outside of its folder: {', '.join(elsewhere)}")
    boosters = [xgb.Booster(model_file=folder / name) for name in stage["files"]]
    return Trees(stage["kind"], stage["columns"], stage["unit"], boosters)


def without_booster(intervals: Intervals) -> dict:
    return {name: value for name, value in vars(intervals).items() if name != "booster"}
