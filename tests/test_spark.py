"""What can be said of Spark without Spark: its messages, its configuration."""

import sys

import pytest
from helpers import composed

from clv import spark
from clv.errors import UserError


def test_without_pyspark_the_message_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "pyspark.sql", None)
    with pytest.raises(
        UserError,
        match='compute.engine=spark needs pyspark, which is not installed.\nHint: pip install "clv\\[spark\\]".',
    ):
        spark.connect("local[2]")


def test_without_java_the_message_says_where_else_spark_may_run(monkeypatch):
    pytest.importorskip("pyspark", reason='pip install "clv[spark]"')
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("JAVA_HOME", raising=False)
    with pytest.raises(
        UserError,
        match=r"compute.remote=local\[2\] starts Spark on this machine, and Java is not there .*\nHint: apt install openjdk-17",
    ):
        spark.connect("local[2]")


def test_compute_spark_is_a_group_of_the_configuration():
    assert composed().compute.engine == "duckdb"
    chosen = composed("compute=spark", "compute.remote='sc://spark:15002'").compute
    assert (chosen.engine, chosen.remote, chosen.partition_customers) == ("spark", "sc://spark:15002", 200_000)


def test_an_engine_or_dialect_that_nobody_knows_is_refused_by_its_key():
    with pytest.raises(UserError, match="compute.engine=dask is none of duckdb, spark"):
        composed("compute.engine=dask")
    with pytest.raises(UserError, match="compute.dialect=bigquery is none of spark, databricks, snowflake, postgres"):
        composed("compute.dialect=bigquery")
