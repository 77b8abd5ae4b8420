"""Small literal tables and a composed configuration. Nothing here imports MLflow."""

import datetime as dt
from pathlib import Path

import duckdb
import pandas as pd
from hydra import compose, initialize_config_dir

from clv import config, data

ROOT = Path(__file__).resolve().parent.parent
RANKED = "clv_ranked_predictions.csv"
SHARED = ROOT.parent / "shared" / "data"
CONNECTION = duckdb.connect()
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
    with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        return config.load(compose("config", list(overrides)))


def read(path):
    return pd.read_csv(path, dtype={"customer_id": str, "model_version": str})


def person(version=None, reviewer="Ann Lee", reason="looked at it", **more):
    said = {"version": version, "reviewer": reviewer, "reason": reason} | more
    return [f"person.{key}='{value}'" for key, value in said.items() if value is not None]
