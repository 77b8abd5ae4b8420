"""The engine protocol on Spark: the same SQL, the model within mapInArrow, and a ranking of many tasks."""

import datetime as dt
import functools
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import pyarrow as pa

from clv import data, features, model, windows
from clv.features import Definition
from clv.scoring import scores
from clv.season import Season
from clv.spark import queries

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

_AMOUNTS = ("predicted_clv", "predicted_clv_low", "predicted_clv_high", "p_alive", "p_buy", "expected_orders")
SCORES = {  # the columns of scoring.scores(), and their types
    "customer_id": "string",
    **dict.fromkeys(_AMOUNTS, "double"),
    "orders": "bigint",
    "revenue_total": "double",
    "last_order": "string",
    "lifecycle_stage": "string",
}
_IN_MEMORY = {"string": pa.string(), "double": pa.float64(), "bigint": pa.int64()}
_RUNS, _SAMPLE = 64, 10_000  # of the ranking; customers of whom the bounds of the runs are taken


class Spark:
    """Tables are DataFrames of one session; nothing is computed until somebody asks."""

    def __init__(self, session: "SparkSession"):
        self._session = session

    def history(self, purchases: "DataFrame", season: Season) -> "DataFrame":
        """Returns features.history(), kept by the workers once it is made: a snapshot reads it several times."""
        return queries.run(self._session, features.history_query(season), purchases=purchases).persist()

    def snapshot(self, history: "DataFrame", cutoff: dt.date, definition: Definition) -> "DataFrame":
        """Returns features.snapshot(), in any order."""
        return queries.run(self._session, features.snapshot_query(cutoff, definition), history=history)

    def labels(self, purchases: "DataFrame", cutoff: dt.date, horizon_days: int, discount_rate: float) -> "DataFrame":
        """Returns windows.labels(): customer_id, actual_clv."""
        return queries.run(self._session, windows.label_query(cutoff, horizon_days, discount_rate), purchases=purchases)

    def predict(self, fitted: model.Model, snapshot: "DataFrame", as_of: dt.date) -> "DataFrame":
        """Returns scoring.scores(); the workers need this engine, of the same version."""
        return snapshot.mapInArrow(
            functools.partial(_scored, fitted=fitted, as_of=as_of), ", ".join(map(" ".join, SCORES.items()))
        )

    def rank(self, scored: "DataFrame", known: Mapping[str, str | int]) -> "DataFrame":
        """Returns ranking.rank(), in any order of the rows.

        Customers are cut into runs that follow one another; each run is numbered by one task, from the customers of the runs before.
        """
        from pyspark.sql import Window
        from pyspark.sql import functions as F  # noqa: N812 - as everybody calls it

        number = scored.count()
        cut = scored.withColumn("run", F.expr(_run(self._bounds(scored, number))))
        counts = dict(map(tuple, cut.groupBy("run").count().collect()))
        before = {run: sum(count for other, count in counts.items() if other < run) for run in counts}
        within = Window.partitionBy("run").orderBy(F.desc("predicted_clv"), "customer_id")
        shift = "CASE run " + " ".join(f"WHEN {run} THEN {count}L" for run, count in before.items()) + " ELSE 0L END"
        ranked = cut.withColumn("clv_rank", F.row_number().over(within) + F.expr(shift))
        percentile = F.expr(f"BROUND(CAST(100.0D * ({number} - clv_rank + 1) AS DOUBLE) / {max(number, 1)}, 4)")
        others = [name for name in scored.columns if name not in ("customer_id", "predicted_clv")]
        return ranked.withColumn("clv_percentile", percentile).select(
            *("customer_id", "predicted_clv", "clv_rank", "clv_percentile", *others),
            *(F.lit(value).alias(name) for name, value in known.items()),
        )

    def arrow(self, table: "DataFrame") -> pa.Table:
        """Returns the table in the memory of this process."""
        return table.toArrow()

    def _bounds(self, scored: "DataFrame", number: int) -> list[tuple[float, str]]:
        """The first customers of all runs but the first, by the ranking of some customers."""
        share = min(_SAMPLE / max(number, 1), 0.9999)
        rows = scored.filter(data.drawn(share)).select("predicted_clv", "customer_id").collect()
        some = sorted(((row[0], row[1]) for row in rows), key=lambda row: (-row[0], row[1].encode()))
        return some[:: max(len(some) // _RUNS, 1)][1:]


def _run(bounds: list[tuple[float, str]]) -> str:
    """The SQL of the run that a customer is in: how many bounds lie at the customer or above."""
    at_or_below = (
        f"CASE WHEN predicted_clv < {value!r}D OR (predicted_clv = {value!r}D AND customer_id >= {_literal(customer)}) THEN 1 ELSE 0 END"
        for value, customer in bounds
    )
    return " + ".join(at_or_below) or "0"


def _literal(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _scored(batches: Iterator[pa.RecordBatch], fitted: model.Model, as_of: dt.date) -> Iterator[pa.RecordBatch]:
    schema = pa.schema([(name, _IN_MEMORY[kind]) for name, kind in SCORES.items()])
    for batch in batches:
        if batch.num_rows:
            table = scores(fitted, batch.to_pandas(), as_of)
            yield from pa.Table.from_pandas(table, schema, preserve_index=False).to_batches()
