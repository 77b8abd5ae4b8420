"""A real cluster of one master and two workers on this machine; one worker is killed in the middle of a scoring."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import HOW
from helpers import ROOT

pytestmark = pytest.mark.slow
_DEADLINE = 300  # seconds

SCORING = """
import datetime as dt, sys
from pathlib import Path
import duckdb
from clv import data, features, spark
from clv.engine import DuckDB
from test_engine import definition, model_of_the_sample, purchases_of_the_sample

master, folder = sys.argv[1], Path(sys.argv[2])
fitted, chosen = model_of_the_sample()
session = spark.connect(master, {"spark.sql.shuffle.partitions": "12", "spark.executor.memory": "700m", "spark.executor.cores": "1",
                                 "spark.sql.adaptive.enabled": "false", "spark.driver.host": "127.0.0.1"})
engine, cutoff = spark.Spark(session), dt.date(2026, 4, 1)
purchases = purchases_of_the_sample()
purchases.write_parquet(str(folder / "purchases.parquet"))
table = engine.snapshot(engine.history(session.read.parquet(str(folder / "purchases.parquet")), chosen.season), cutoff, chosen)


def slowly(batches):
    import time
    for batch in batches:
        time.sleep(4)
        yield batch


(folder / "begun").touch()
engine.predict(fitted, table.mapInArrow(slowly, table.schema), cutoff).write.parquet(str(folder / "scores"))
here = DuckDB(duckdb.connect())
expected = here.predict(fitted, DuckDB(duckdb.connect()).snapshot(features.history(purchases, chosen.season), cutoff, chosen), cutoff)
expected.write_parquet(str(folder / "expected.parquet"))
"""


def started(name, *arguments, log, **options):
    """A daemon of Spark in the foreground, on loopback."""
    import pyspark

    home = Path(pyspark.__file__).parent
    paths = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    environment = os.environ | {"SPARK_LOCAL_IP": "127.0.0.1", "PYSPARK_PYTHON": sys.executable, "PYTHONPATH": paths}
    command = [str(home / "bin/spark-class"), f"org.apache.spark.deploy.{name}", *arguments]
    return subprocess.Popen(
        command, stdout=log.open("w"), stderr=subprocess.STDOUT, env=environment, start_new_session=True
    )


def waited(condition, what):
    until = time.monotonic() + _DEADLINE
    while time.monotonic() < until:
        if found := condition():
            return found
        time.sleep(0.5)
    raise AssertionError(f"{what} did not come within {_DEADLINE} s")


def killed(process):
    """The worker, and the executors that it started."""
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def children(pid):
    tasks = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(child) for child in tasks] + [each for child in tasks for each in children(int(child))]


def test_a_worker_that_is_killed_in_the_middle_of_a_scoring_changes_no_output(tmp_path):
    pytest.importorskip("pyspark", reason=HOW)
    import duckdb

    log = tmp_path / "master.log"
    processes = [started("master.Master", "--host", "127.0.0.1", "--port", "0", "--webui-port", "0", log=log)]
    try:
        master = waited(lambda: re.search(r"Starting Spark master at (spark://\S+)", log.read_text()), "the master")[1]
        for number in range(2):
            more = (
                "--host",
                "127.0.0.1",
                "--cores",
                "1",
                "--memory",
                "1g",
                "--webui-port",
                "0",
                "--work-dir",
                str(tmp_path / f"work{number}"),
            )
            processes.append(started("worker.Worker", *more, master, log=tmp_path / f"worker{number}.log"))
        waited(lambda: log.read_text().count("Registering worker") == 2, "two workers")
        script = tmp_path / "scoring.py"
        script.write_text(SCORING)
        paths = os.pathsep.join(
            [str(ROOT), str(ROOT / "tests"), str(ROOT / "tests/spark"), os.environ.get("PYTHONPATH", "")]
        )
        run = subprocess.Popen(
            [sys.executable, str(script), master, str(tmp_path)], cwd=ROOT, env=os.environ | {"PYTHONPATH": paths}
        )
        processes.append(run)
        half = tmp_path / "scores" / "_temporary"
        waited(lambda: len(list(half.rglob("part-*.parquet"))) >= 2 or run.poll() is not None, "the first scores")
        assert run.poll() is None, "the scoring ended before a worker could be killed"
        gone = children(processes[2].pid)
        killed(processes[2])
        for pid in gone:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        assert run.wait(_DEADLINE) == 0
        assert "Removing worker" in log.read_text() or "got disassociated" in log.read_text()
    finally:
        for process in processes:
            if process.poll() is None:
                process.kill()
    both = [
        duckdb.read_parquet(str(tmp_path / name)).order("customer_id").df()
        for name in ("scores/*.parquet", "expected.parquet")
    ]
    assert len(both[0]) > 2_000
    assert both[0].equals(both[1].astype(both[0].dtypes))
