"""Spark beside DuckDB on one history: python -m benchmarks.spark [LINES] prints CPU seconds, and the rows that differ.

Both make the features as of one day and the scores of one model, from the same purchases in Parquet, and write Parquet. The start of
Spark, and a first pass over some customers, are left out; the CPU is that of the process, its JVM and their workers.
"""

import datetime as dt
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd

from benchmarks import big_history
from benchmarks.engine import CONF, configuration
from clv import data, settings, spark
from clv.engine import DuckDB
from clv.evaluation import measure

CUTOFF = dt.date(2024, 10, 1)


def _model() -> tuple:
    """A model of the bundled sample, and the definition of its features."""
    values = configuration(f"data.path={CONF.parent}/data/raw/transactions.csv", "window.max_snapshots=4")
    history = settings.history(values, dt.datetime.now(dt.UTC))
    plan = settings.plan(values, history)
    recipe = settings.recipe(values, plan, history)
    return measure.measure(history, plan, recipe).model, recipe.definition


def _cpu() -> float:
    """Seconds of this process and of all that it started, alive or not."""
    ticks = 0
    for process in _tree(os.getpid()):
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
        ticks += sum(map(int, fields[11:15]))
    return ticks / os.sysconf("SC_CLK_TCK")


def _tree(process: int) -> list[int]:
    children = []
    for task in Path(f"/proc/{process}/task").iterdir():
        children += [int(child) for child in (task / "children").read_text().split()]
    return [process] + [each for child in children for each in _tree(child)]


def _timed(work: Callable[[], None]) -> tuple[float, float]:
    cpu, wall = _cpu(), time.monotonic()
    work()
    return _cpu() - cpu, time.monotonic() - wall


def _differ(one: Path, other: Path) -> tuple[int, int]:
    """Rows, and those in which a number differs beyond 1e-9, or a text at all."""
    sides = [duckdb.sql(f"FROM read_parquet('{path}/*.parquet') ORDER BY customer_id").df() for path in (one, other)]
    numbers = sides[0].select_dtypes("number").columns
    texts = [name for name in sides[0] if name not in numbers]
    same = (sides[0][texts].to_numpy() == sides[1][texts].to_numpy()).all(axis=1)
    mine, theirs = (side[numbers].to_numpy("float64") for side in sides)
    return len(same), int((~(same & np.isclose(mine, theirs, rtol=1e-9, atol=1e-9, equal_nan=True).all(axis=1))).sum())


def main(lines: int) -> None:
    """Prints the table."""
    fitted, definition = _model()
    with tempfile.TemporaryDirectory() as name, duckdb.connect() as connection:
        folder = Path(name)
        connection.execute("SET threads = 2; SET memory_limit = '4GB'")
        big_history.write(folder / "lines.parquet", lines)
        data.daily(connection.read_parquet(f"{folder}/lines.parquet")).write_parquet(f"{folder}/purchases.parquet")
        purchases = connection.read_parquet(f"{folder}/purchases.parquet")
        session = spark.connect("local[2]", {"spark.driver.memory": "4g", "spark.sql.shuffle.partitions": "8"})
        there, table = spark.Spark(session), session.read.parquet(f"{folder}/purchases.parquet")

        def features_here() -> None:
            (folder / "here_features").mkdir()
            here = DuckDB(connection)
            snapshot = here.snapshot(here.history(purchases, definition.season), CUTOFF, definition)
            snapshot.write_parquet(f"{folder}/here_features/all.parquet")

        def scores_here() -> None:
            (folder / "here_scores").mkdir()
            snapshot = connection.read_parquet(f"{folder}/here_features/all.parquet")
            DuckDB(connection).predict(fitted, snapshot, CUTOFF).write_parquet(f"{folder}/here_scores/all.parquet")

        def features_there(share: float = 1, target: str = "there_features") -> None:
            some = table.filter(data.drawn(share)) if share < 1 else table
            history = there.history(some, definition.season)
            there.snapshot(history, CUTOFF, definition).write.parquet(f"{folder}/{target}")
            history.unpersist()

        def scores_there(source: str = "there_features", target: str = "there_scores") -> None:
            there.predict(fitted, session.read.parquet(f"{folder}/{source}"), CUTOFF).write.parquet(
                f"{folder}/{target}"
            )

        features_there(0.01, "warm_features")
        scores_there("warm_features", "warm_scores")
        rows = []
        for what, here, other in (("features", features_here, features_there), ("scores", scores_here, scores_there)):
            (cpu, wall), (cpu_there, wall_there) = _timed(here), _timed(other)
            customers, differ = _differ(folder / f"here_{what}", folder / f"there_{what}")
            rows.append((what, customers, cpu, cpu_there, cpu_there / cpu, wall, wall_there, differ))
        session.stop()
    columns = ["", "customers", "DuckDB CPU s", "Spark CPU s", "ratio", "DuckDB s", "Spark s", "rows that differ"]
    print(pd.DataFrame(rows, columns=columns).round(1).to_string(index=False))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000_000)
