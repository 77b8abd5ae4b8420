"""A batch by MLflow's function for Spark: rows of features in, the scores of `score` out."""

import os
import sys

import mlflow
import pandas as pd
import pytest
from test_serving import NUMBERS, scored

pytestmark = pytest.mark.slow


@pytest.fixture
def session(monkeypatch):
    pytest.importorskip("pyspark", reason='pyspark is not installed: pip install "clv[spark]", and Java 17')
    from pyspark.sql import SparkSession

    monkeypatch.setenv("PYSPARK_PYTHON", sys.executable)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    builder = SparkSession.builder.master("local[2]").config("spark.driver.bindAddress", "127.0.0.1")
    session = builder.config("spark.ui.enabled", "false").config("spark.driver.host", "127.0.0.1").getOrCreate()
    yield session
    session.stop()


def test_the_function_for_spark_gives_the_scores_of_score(session, copied):
    from pyspark.sql.functions import struct

    expected = scored(copied)
    table = session.read.parquet(str(copied.outputs / "clv_features.parquet")).repartition(3)
    names = mlflow.models.get_model_info("models:/clv@production").signature.inputs.input_names()
    columns = [name for name in names if name in table.columns]
    kind = ", ".join(f"{name} double" for name in NUMBERS)
    predicted = mlflow.pyfunc.spark_udf(session, "models:/clv@production", result_type=kind, env_manager="local")
    answer = table.select("customer_id", predicted(struct(*columns)).alias("answer")).select("customer_id", "answer.*")
    found = answer.toPandas().sort_values("customer_id", ignore_index=True)
    pd.testing.assert_frame_equal(found, expected[list(found)], check_dtype=False, rtol=0, atol=1e-9)
    assert os.environ["PYSPARK_PYTHON"]
