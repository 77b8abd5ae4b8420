"""What the steps of one run share: the purchases, the windows, the snapshots, the version in production."""

import datetime as dt
import tempfile
from dataclasses import asdict
from functools import cached_property
from pathlib import Path

import duckdb
import pandas as pd

from clv import features, model, store, tracking, transactions, windows
from clv.config import Config


class Workspace:
    """Each part is made when a step first asks for it, once. `now` is the one clock of the run, in UTC."""

    def __init__(self, config: Config, bundle: Path, now: dt.datetime):
        self.config, self.bundle, self.now = config, bundle, now
        self._snapshots: dict = {}

    @property
    def stamp(self) -> str:
        return self.now.strftime("%Y%m%dT%H%M%SZ")

    @cached_property
    def connection(self) -> duckdb.DuckDBPyConnection:
        compute = self.config.compute
        return duckdb.connect(config={"threads": compute.threads, "memory_limit": compute.memory_limit,
                                      "temp_directory": compute.temp_folder or tempfile.mkdtemp(prefix="clv-duckdb-")})

    @cached_property
    def transactions(self) -> transactions.Transactions:
        tomorrow = (self.now.date() + dt.timedelta(days=1)).isoformat()
        return transactions.read(self.config.data.path, asdict(self.config.data.columns), self.connection, tomorrow)

    @property
    def purchases(self) -> duckdb.DuckDBPyRelation:
        return self.transactions.purchases

    @cached_property
    def first_day(self) -> dt.date:
        return dt.date.fromisoformat(self.transactions.quality["first_day"])

    @cached_property
    def as_of(self) -> dt.date:
        last_day = dt.date.fromisoformat(self.transactions.quality["last_day"])
        return windows.scoring_day(self.first_day, last_day, self.config.window.as_of)

    @cached_property
    def windows(self) -> windows.Windows:
        chosen = self.config.window
        return windows.plan(self.first_day, self.as_of, chosen.horizon_days, chosen.snapshot_step_days,
                            chosen.max_snapshots, chosen.min_history_days)

    @cached_property
    def definition(self) -> features.Definition:
        """The features that every training snapshot can fill."""
        chosen = self.config.features
        return features.Definition.within(self.windows.shortest_history_days, chosen.windows_days, chosen.half_lives_days,
                                          self.config.window.horizon_days, asdict(chosen.lifecycle))

    @cached_property
    def history(self) -> duckdb.DuckDBPyRelation:
        features.history(self.purchases).create("history")
        return self.connection.table("history")

    def snapshot(self, cutoff: dt.date, definition: features.Definition) -> pd.DataFrame:
        """The feature table at a cutoff. Shared: do not change it."""
        key = (cutoff, repr(definition))
        if key not in self._snapshots:
            self._snapshots[key] = features.snapshot(self.history, cutoff, definition)
        return self._snapshots[key]

    def labelled(self, cutoff: dt.date, definition: features.Definition) -> pd.DataFrame:
        """The same with actual_clv, the net revenue of the horizon that begins at the cutoff."""
        table = self.snapshot(cutoff, definition)
        return table.assign(actual_clv=windows.actual_clv(table["customer_id"], self.purchases, cutoff, definition.horizon_days).to_numpy())

    @cached_property
    def production(self) -> tracking.Version:
        """Resolved once, so that every step of a run uses one version."""
        return tracking.production(self.config.tracking.model_name)

    @cached_property
    def production_model(self) -> "model.xgb.Booster":
        return tracking.load(self.production)

    @property
    def production_definition(self) -> features.Definition:
        return features.Definition.from_dict(self.production.facts["definition"])

    def table(self, name: str, made_by: str) -> pd.DataFrame:
        """A table that an earlier step made, in this run or in the current bundle."""
        current = Path(self.config.outputs) / store.CURRENT
        return store.read_csv(self.bundle if (self.bundle / name).exists() else current, name, made_by)
