"""Spark, for a history that has outgrown one machine: pyspark is the extra `spark`."""

from clv.spark.engine import Spark
from clv.spark.session import connect

__all__ = ["Spark", "connect"]
