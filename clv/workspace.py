"""What the steps of one run share: the purchases, the windows, the snapshots, the version in production."""

import datetime as dt
import os
import shutil
import tempfile
from dataclasses import asdict, fields
from functools import cached_property
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd

from clv import data, features, model, process, store, windows
from clv.config import Config
from clv.data import Contract, Limits, Transactions
from clv.errors import UserError
from clv.evaluation import metrics
from clv.registry import versions
from clv.registry.aliases import Version
from clv.registry.production import Governance

RANKED, CLUSTERED, RANKINGS = "clv_ranked_predictions.csv", "clv_clustered_customers.csv", "clv_cluster_rankings.csv"
FEATURES, PICTURE = "clv_features.parquet", "clv_by_rank_and_cluster.png"


def raw(name: str) -> str:
    """The Parquet beside a CSV, with the ids as they are: what another step reads."""
    return name.replace(".csv", ".parquet")


CONTRACT = {entry.name for entry in fields(Contract)}  # named as in conf/data
SPILL = "clv-duckdb-"
SAME_HISTORY = 0.2  # revenue of the same days may differ by this share (late returns) and be the same business


class Workspace:
    """Each part is made when a step first asks for it, once. `now` is the one clock of the run, in UTC."""

    def __init__(self, config: Config, bundle: Path, now: dt.datetime):
        self.config, self.bundle, self.now = config, bundle, now
        self.candidate_version: str | None = None  # registered by this run
        self.governance = Governance(config)
        self._snapshots: dict = {}

    @property
    def stamp(self) -> str:
        return self.now.strftime("%Y%m%dT%H%M%SZ")

    @cached_property
    def connection(self) -> duckdb.DuckDBPyConnection:
        compute = self.config.compute
        spill = compute.temp_folder or f"{tempfile.gettempdir()}/{SPILL}{os.getpid()}"  # made when it is needed
        for old in Path(tempfile.gettempdir()).glob(f"{SPILL}[0-9]*"):  # of processes that were killed
            if not process.identity(int(old.name.removeprefix(SPILL))):
                shutil.rmtree(old, ignore_errors=True)
        try:
            connection = duckdb.connect(
                config={"threads": compute.threads, "memory_limit": compute.memory_limit, "temp_directory": spill}
            )
        except duckdb.Error as error:
            raise UserError(f"DuckDB does not start with the values of compute: {error}") from error
        return connection.execute("SET TimeZone = 'UTC'")  # a time stamp with a zone is the same day on every machine

    @cached_property
    def transactions(self) -> Transactions:
        return data.read(self.config.data.path, self.contract, self.connection)

    @property
    def contract(self) -> Contract:
        """What conf/data says of the file; no order may lie in the future."""
        said = {key: value for key, value in vars(self.config.data).items() if key in CONTRACT}
        latest = self.now.date() + dt.timedelta(days=2)  # the clock is UTC; somewhere it is tomorrow already
        columns = asdict(self.config.data.columns)
        return Contract(**said | {"columns": columns}, latest=str(latest), as_of=self.config.window.as_of)

    @property
    def limits(self) -> Limits:
        return Limits(*(getattr(self.config.data, entry.name) for entry in fields(Limits)))

    @property
    def dataset(self) -> dict:
        """The data that the run read, as the UI shows it: a digest and counts."""
        path, quality = self.config.data.path, self.transactions.quality
        profile = {
            name: getattr(quality, name)
            for name in ("rows", "rejected_rows", "return_rows", "customers", "first_day", "last_day")
        }
        return {
            "name": Path(path).name,
            "digest": quality.sha256[:32],
            "source": path,
            "profile": {"num_rows": quality.rows} | profile,
        }

    @property
    def purchases(self) -> duckdb.DuckDBPyRelation:
        return self.transactions.purchases

    @cached_property
    def first_day(self) -> dt.date:
        return dt.date.fromisoformat(self.transactions.quality.first_day)

    @cached_property
    def as_of(self) -> dt.date:
        last_day = dt.date.fromisoformat(self.transactions.quality.last_day)
        return windows.scoring_day(self.first_day, last_day, self.config.window.as_of)

    def silent_days(self, day: dt.date) -> int:
        """Days without a row before the day, from the last one in the history on."""
        return (day - dt.date.fromisoformat(self.transactions.quality.last_day)).days - 1

    def plan_at(self, as_of: dt.date) -> windows.Windows:
        """Which cutoffs train and evaluate when customers are scored on that day."""
        chosen = self.config.window
        return windows.plan(
            self.first_day,
            as_of,
            chosen.horizon_days,
            chosen.snapshot_step_days,
            chosen.max_snapshots,
            chosen.min_history_days,
        )

    @cached_property
    def plan(self) -> windows.Windows:
        return self.plan_at(self.as_of)

    def rolling(self, newest: dt.date, most: int) -> list[windows.Windows]:
        """Plans as of `newest` and a horizon earlier each, while there are labels to train on."""
        horizon = dt.timedelta(days=self.config.window.horizon_days)
        earliest = self.first_day + 2 * horizon + dt.timedelta(days=self.config.window.min_history_days)
        days = (newest - number * horizon for number in range(most))
        return [self.plan_at(day) for day in days if day >= earliest]

    def definition(self, plan: windows.Windows) -> features.Definition:
        """The features that every training snapshot of the plan can fill."""
        chosen = self.config.features
        return features.Definition.within(
            plan.shortest_history_days,
            chosen.windows_days,
            chosen.half_lives_days,
            self.config.window.horizon_days,
            asdict(chosen.lifecycle),
        )

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

    def watched(self, cutoff: dt.date, history_days: int) -> pd.DataFrame:
        """The feature table of the version in production, from the last `history_days` before the cutoff alone, with its predictions.

        Both sides of a comparison see histories of one length: else every customer who ever left would count as drift.
        """
        begin = cutoff - dt.timedelta(days=history_days)
        recent = features.history(self.purchases.filter(f"order_date >= DATE '{begin}'"))
        table = features.snapshot(recent, cutoff, self.production_definition)
        if table.empty:
            return table.assign(predicted_clv=0.0)
        return table.assign(predicted_clv=model.predict(self.production_model, table)["predicted_clv"])

    def labelled(self, cutoff: dt.date, definition: features.Definition) -> pd.DataFrame:
        """The same with actual_clv, the net revenue of the horizon that begins at the cutoff."""
        return self.with_actual(self.snapshot(cutoff, definition), cutoff, definition.horizon_days)

    def with_actual(self, table: pd.DataFrame, cutoff: dt.date, horizon_days: int) -> pd.DataFrame:
        """The table with actual_clv of its customers."""
        actual = windows.actual_clv(table["customer_id"], self.purchases, cutoff, horizon_days)
        return table.assign(actual_clv=actual.to_numpy())

    def loggable(self, table: pd.DataFrame) -> pd.DataFrame:
        """The table as a run may keep it: without customer ids where the configuration says so."""
        return table if self.config.tracking.log_customer_ids else table.drop(columns="customer_id")

    def sample(self, table: pd.DataFrame, most: int) -> pd.DataFrame:
        return table.sample(min(most, len(table)), random_state=self.config.seed)

    def intervals(self, actual: pd.Series, predicted: np.ndarray) -> pd.DataFrame:
        """The metrics with their bootstrap intervals."""
        chosen = self.config.evaluation
        return metrics.bootstrap(
            actual.to_numpy(), predicted, chosen.bootstrap_replicates, chosen.confidence, self.config.seed
        )

    @property
    def production(self) -> Version:
        return self.governance.production

    def then_and_now(self, version: Version) -> tuple[float, float]:
        """Net revenue of the days that the version was measured on: as its training saw it, and in this history."""
        begin = dt.date.fromisoformat(version.facts["evaluation_cutoff"])
        end = begin + dt.timedelta(days=version.facts["horizon_days"])
        return version.facts["evaluation_revenue"], windows.net_revenue(self.purchases, begin, end)

    @cached_property
    def production_model(self) -> model.Model:
        return versions.load(self.production)

    @property
    def production_definition(self) -> features.Definition:
        return features.Definition.from_dict(self.production.facts["definition"])

    @property
    def learnt_until(self) -> dt.date:
        """First day whose revenue the version in production has not learnt from."""
        return dt.date.fromisoformat(self.production.facts["evaluation_cutoff"])

    @property
    def production_tags(self) -> dict[str, str]:
        return {
            "production_model": self.production.name,
            "production_version": self.production.number,
            "production_alias": self.production.alias,
            "as_of": self.as_of.isoformat(),
        }

    def table(self, name: str, made_by: str) -> pd.DataFrame:
        """A table that an earlier step made, in this run or in the current bundle."""
        current = Path(self.config.outputs) / store.CURRENT
        name = raw(name)
        return store.read_table(self.bundle if (self.bundle / name).exists() else current, name, made_by)
