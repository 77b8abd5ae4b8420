"""The SQL of this engine on tables of Spark."""

import itertools
from typing import TYPE_CHECKING

from clv import dialects

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

_NUMBERS = itertools.count()  # of views


def run(session: "SparkSession", query: str, **tables: "DataFrame") -> "DataFrame":
    """Returns what a query gives. Views keep their names: behind Spark Connect a query looks for them when it runs.

    Args: query: in DuckDB's dialect.   tables: by the names that the query has for them.
    """
    names = {name: f"clv_{name}_{next(_NUMBERS)}" for name in tables}
    for name, table in tables.items():
        table.createOrReplaceTempView(names[name])
    return session.sql(dialects.said(query, "spark", names))
