"""A table of a lake as purchases: every worker judges its rows by the contract, and Spark counts and sums them."""

import functools
import hashlib
import json
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from glob import glob
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from clv import data
from clv.data import Contract, LeftOut, Partitioning, Quality, quality
from clv.errors import Code, InputError, UserError
from clv.spark import queries

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

MOST_REJECTED = 10_000  # rows that are shown; all are counted
_TYPES = {
    "string": pa.string(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "decimal(18,4)": pa.decimal128(18, 4),
    "double": pa.float64(),
}
_NOT_COUNTED: dict[str, Any] = {
    "case_variants": 0,
    "case_variants_example": None,
    "ids_for_nothing": 0,
    "ids_for_nothing_example": None,
    "normalisations": {},
}
_NOTE = (
    "Spark typed the rows in pieces: what was changed in texts to read them, and ids that look alike, were not counted"
)


@dataclass(frozen=True)
class Lake:
    """A table that was read.

    purchases: one row per customer and day, as data.daily() gives them.   rejected: some of the rows that were set aside; they have no line.
    ids: distinct texts of customer_id that can be read.   quality: what was counted; normalisations, case variants and ids for nothing are not.
    """

    purchases: "DataFrame"
    ids: int
    rejected: pd.DataFrame
    quality: Quality


def read(session: "SparkSession", path: str, contract: Contract) -> Lake:
    """Reads a table of purchases; a bad row is set aside with its reason.

    What can only be judged of a whole column (the currency sign of most amounts, ids that a tool turned into floats) is judged of each
    piece of 100,000 rows; columns with types need no such judgement.

    Args:    path: of Parquet, a folder of it, or a Delta table, as the workers see it; or the name of a table in the catalog.
    Raises:  InputError: it is not a table of purchases.   UserError: Spark does not find it.
    """
    table = _table(session, path)
    rows = table.select(*(f"`{name}`" for name in data.needed(table.columns, contract, path)))
    schema = ", ".join(map(" ".join, _columns(contract).items()))
    typed = rows.mapInArrow(functools.partial(_typed, contract=contract, path=path), schema).persist()
    _refuse(typed, path)
    ids = typed.filter("known").select("customer_id_text").distinct().count()
    counted = {"counted_left_out": queries.run(session, data.render("counted_left_out"), typed=typed)}
    typed = typed.filter("left_out IS NULL")
    accepted = typed.filter("reason IS NULL").select("customer_id", "order_date", "revenue")
    if typed.isEmpty():
        what, fix = "no row, or none that counts", "look at the table, and at data.where"
        raise InputError(Code.NO_ROWS, what=what, fix=fix, where=path)
    rejected = queries.run(
        session,
        data.render("rejected", names=tuple(contract.names)),
        typed=typed.selectExpr("*", "CAST(NULL AS BIGINT) AS line"),
    )
    return Lake(
        queries.run(session, data.render("daily"), accepted=accepted),
        ids,
        rejected.limit(MOST_REJECTED).toArrow().to_pandas(),
        _quality(session, typed, counted, contract),
    )


def partitions(
    lake: Lake, partitioning: Partitioning, connection: duckdb.DuckDBPyConnection
) -> tuple[duckdb.DuckDBPyRelation, tuple[duckdb.DuckDBPyRelation, ...]]:
    """Has the workers write the purchases as files, some customers in each: the same customers that data.read() has in each.

    Args:    partitioning: its folder must be one that the workers see.   connection: reads the files.
    Returns: all purchases, and those of each partition.
    """
    number = -(-lake.ids // partitioning.customers) or 1
    part = f"CAST(CONV(LEFT(MD5(customer_id), 8), 16, 10) AS BIGINT) * {number} DIV {data.DRAWS}"
    cut = lake.purchases.selectExpr("*", f"CAST({part} AS INT) AS part").repartition(number, "part")
    cut.sortWithinPartitions("part", "customer_id", "order_date").write.mode("overwrite").partitionBy("part").parquet(
        str(partitioning.folder)
    )
    nothing = lake.purchases.limit(0).toArrow()

    def opened(files: str) -> duckdb.DuckDBPyRelation:
        pattern = f"{partitioning.folder}/{files}/*.parquet"
        return (
            connection.read_parquet(pattern, hive_partitioning=False)
            if glob(pattern)
            else connection.from_arrow(nothing)
        )

    return opened("part=*"), tuple(opened(f"part={each}") for each in range(number))


def _table(session: "SparkSession", path: str) -> "DataFrame":
    try:
        if "/" not in path and not path.endswith(".parquet"):
            return session.table(path)
        if (Path(path) / "_delta_log").is_dir():
            return session.read.format("delta").load(path)
        return session.read.parquet(path)
    except Exception as error:  # pyspark raises what it likes
        raise UserError(
            f"Spark cannot read {path}: {str(error).splitlines()[0][:200]}\n"
            "Hint: a path of Parquet or Delta that the workers see, or a name in the catalog; Delta needs its package in the session."
        ) from error


def _columns(contract: Contract) -> dict[str, str]:
    """The columns of data.judge_rows() and their types in Spark; `refused`: why a piece as a whole cannot be read."""
    judged = {
        "customer_id": "string",
        "known": "boolean",
        "order_date": "date",
        "revenue": "decimal(18,4)",
        "estimate": "double",
    }
    return judged | dict.fromkeys((*_texts(contract), "reason", "left_out", "refused"), "string")


def _texts(contract: Contract) -> list[str]:
    return [f"{name}_text" for name in contract.names]


def _typed(batches: Iterator[pa.RecordBatch], contract: Contract, path: str) -> Iterator[pa.RecordBatch]:
    """In a worker: the rows as data.judge_rows() has them."""
    schema = pa.schema([(name, _TYPES[kind]) for name, kind in _columns(contract).items()])
    for batch in batches:
        if batch.num_rows:
            typed = _judged(pa.Table.from_batches([batch]), contract, path)
            yield from typed.select(schema.names).cast(schema).to_batches()


def _judged(rows: pa.Table, contract: Contract, path: str) -> pa.Table:
    left_out = "" if contract.leaves_out else "CAST(NULL AS VARCHAR) AS left_out, "
    with tempfile.TemporaryDirectory() as folder, duckdb.connect(config={"threads": 1}) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        file = f"{folder}/rows.parquet"
        pq.write_table(rows, file)
        try:
            data.judge_rows(file, contract, connection)
        except InputError as error:
            said = json.dumps([error.code, error.what.replace(file, path), error.fix])
            nothing = {name: pa.array([None], _TYPES[kind]) for name, kind in _columns(contract).items()}
            return pa.table(nothing | {"refused": pa.array([said])})
        return connection.sql(f"SELECT *, {left_out}CAST(NULL AS VARCHAR) AS refused FROM typed").to_arrow_table()


def _refuse(typed: "DataFrame", path: str) -> None:
    first = typed.filter("refused IS NOT NULL").select("refused").head()
    if first:
        code, what, fix = json.loads(first[0])
        raise InputError(Code(code), what=what, fix=fix, where=path)


def _quality(
    session: "SparkSession", typed: "DataFrame", counted: dict[str, "DataFrame"], contract: Contract
) -> Quality:
    """Spark counts the rows as one partition; the rest is as data.read() does it."""
    for name in quality.COUNTED:
        counted[name] = queries.run(session, data.render(name, amounts=contract.amounts), typed=typed)
    reasons = {row[0]: row[1] for row in typed.filter("reason IS NOT NULL").groupBy("reason").count().collect()}
    digests = f"SUM(CAST(XXHASH64({', '.join(_texts(contract))}) AS DECIMAL(38,0)))"
    rows = typed.selectExpr("COUNT(*)", digests).collect()[0]
    with duckdb.connect() as connection:
        for name, table in counted.items():
            connection.register(name, table.toArrow())
        counts = quality.of_rows(contract, connection)
        left_out = connection.execute(data.render("left_out")).fetchall()
    return Quality(
        **counts,
        **_NOT_COUNTED,
        left_out={name: LeftOut(number, share) for name, number, share in left_out},
        notes=(_NOTE,),
        sha256=hashlib.sha256(f"{rows[0]} {rows[1]}".encode()).hexdigest(),
        reasons=reasons,
    )
