"""One session of Spark for all tests of this folder: it costs half a minute to start."""

import pytest

HOW = 'pyspark is not installed: pip install "clv[spark]", and Java 17 (apt install openjdk-17-jre-headless)'


@pytest.fixture(scope="session")
def session():
    pytest.importorskip("pyspark", reason=HOW)
    from clv import spark

    options = {"spark.sql.shuffle.partitions": "3", "spark.driver.memory": "2g"}
    session = spark.connect("local[2]", options)
    yield session
    session.stop()
