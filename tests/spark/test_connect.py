"""Behind Spark Connect: a server in its own process, and a client that has no Java at hand."""

import os
import subprocess
import sys

import duckdb
import pytest
from conftest import HOW
from helpers import ROOT
from test_cluster import started, waited

pytestmark = pytest.mark.slow

SCORING = """
import sys
from pathlib import Path
import duckdb, datetime as dt
from clv import features, spark
from clv.engine import DuckDB
from test_engine import model_of_the_sample, purchases_of_the_sample

remote, folder = sys.argv[1], Path(sys.argv[2])
fitted, chosen = model_of_the_sample()
cutoff, purchases = dt.date(2026, 4, 1), purchases_of_the_sample()
purchases.write_parquet(str(folder / "purchases.parquet"))
session = spark.connect(remote)
there = spark.Spark(session)
snapshot = there.snapshot(there.history(session.read.parquet(str(folder / "purchases.parquet")), chosen.season), cutoff, chosen)
there.predict(fitted, snapshot, cutoff).write.parquet(str(folder / "scores"))
there.rank(session.read.parquet(str(folder / "scores")), {"model_version": "3"}).write.parquet(str(folder / "ranked"))
here = DuckDB(duckdb.connect())
scored = here.predict(fitted, here.snapshot(features.history(purchases, chosen.season), cutoff, chosen), cutoff)
here.rank(scored, {"model_version": "3"}).write_parquet(str(folder / "expected.parquet"))
"""


def test_scores_and_ranks_are_the_same_behind_spark_connect(tmp_path):
    pytest.importorskip("pyspark", reason=HOW)
    pytest.importorskip("grpc", reason='pip install "clv[spark]"')
    log, port = tmp_path / "server.log", 15000 + os.getpid() % 1000
    options = ["spark.connect.grpc.binding.port", "spark.sql.shuffle.partitions"]
    values = dict(zip(options, (port, 3), strict=True)) | {
        "spark.connect.grpc.binding.address": "127.0.0.1",
        "spark.ui.enabled": "false",
    }
    values |= {"spark.pyspark.python": sys.executable}
    more = [word for name, value in values.items() for word in ("--conf", f"{name}={value}")]
    server = started(
        "SparkSubmit",
        "--class",
        "org.apache.spark.sql.connect.service.SparkConnectServer",
        "--master",
        "local[2]",
        *more,
        log=log,
    )
    try:
        waited(lambda: "Spark Connect server started" in log.read_text() or server.poll() is not None, "the server")
        assert server.poll() is None, log.read_text()[-2000:]
        script = tmp_path / "scoring.py"
        script.write_text(SCORING)
        paths = os.pathsep.join(
            [str(ROOT), str(ROOT / "tests"), str(ROOT / "tests/spark"), os.environ.get("PYTHONPATH", "")]
        )
        environment = {name: value for name, value in os.environ.items() if name != "JAVA_HOME"} | {
            "PYTHONPATH": paths,
            "PATH": "",
        }
        subprocess.run(
            [sys.executable, str(script), f"sc://127.0.0.1:{port}", str(tmp_path)],
            cwd=ROOT,
            env=environment,
            check=True,
        )
    finally:
        server.kill()
    both = [
        duckdb.read_parquet(str(tmp_path / name)).order("clv_rank").df()
        for name in ("ranked/*.parquet", "expected.parquet")
    ]
    assert len(both[0]) > 2_000
    assert both[0].equals(both[1].astype(both[0].dtypes))
