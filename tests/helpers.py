"""Small literal tables and a composed configuration. Nothing here imports MLflow."""

import copy
import datetime as dt
import functools
from pathlib import Path

import duckdb
import pandas as pd
from hydra import compose, initialize_config_dir
from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import DictConfig

from clv import config, data

ROOT = Path(__file__).resolve().parent.parent
RANKED = "clv_ranked_predictions.csv"
SHARED = ROOT.parent / "shared" / "data"
CONNECTION = duckdb.connect()
_PARSER = OverridesParser.create()
SMALL = (
    "model.rounds=40",
    "model.probability_model=mbg_nbd",
    "evaluation.bootstrap_replicates=20",
    "window.max_snapshots=4",
)


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


def history(*rows: tuple) -> duckdb.DuckDBPyRelation:
    """Purchases, one row per customer and day, from rows of customer, day and revenue."""
    return data.daily(CONNECTION.from_df(pd.DataFrame(rows, columns=["customer_id", "order_date", "revenue"])))


def composed(*overrides: str) -> config.Config:
    """The configuration as a command composes it. The files of the groups that are chosen are read once; values are put in anew."""
    said = _PARSER.parse_overrides(list(overrides))
    values = [each for each in said if _is_value(each.key_or_group)]
    choices = tuple(each.input_line for each in said if each not in values)
    whole = copy.deepcopy(_of_groups(choices))
    ConfigLoaderImpl._apply_overrides_to_config(values, whole)
    return config.load(whole)


def _is_value(key: str) -> bool:
    return key == "outputs" or ("." in key and not key.startswith("hydra."))


@functools.cache
def _of_groups(choices: tuple[str, ...]) -> DictConfig:
    with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        return compose("config", list(choices))


def read(path):
    return pd.read_csv(path, dtype={"customer_id": str, "model_version": str})


def person(version=None, reviewer="Ann Lee", reason="looked at it", **more):
    said = {"version": version, "reviewer": reviewer, "reason": reason} | more
    return [f"person.{key}='{value}'" for key, value in said.items() if value is not None]
