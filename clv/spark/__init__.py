"""Spark, for a history that has outgrown one machine: pyspark is the extra `spark`."""

from clv.spark.engine import Spark
from clv.spark.lakes import Lakes
from clv.spark.reading import Lake, partitions, read
from clv.spark.session import connect

__all__ = ["Lake", "Lakes", "Spark", "connect", "partitions", "read"]
