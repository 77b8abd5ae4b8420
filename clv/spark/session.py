"""A session of Spark: in this process with Java, on a cluster, or behind Spark Connect."""

import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clv.errors import UserError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

INSTALL = 'Hint: pip install "clv[spark]"'
_OPTIONS = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "true",  # a number that does not fit is an error, not NULL
    "spark.sql.execution.arrow.maxRecordsPerBatch": "100000",
}


def connect(remote: str, options: dict[str, str] | None = None) -> "SparkSession":
    """Returns a session, the same one whenever it is asked for.

    Args:   remote: of Spark Connect (sc://host:port), or a master: local[2], spark://host:port, yarn.
            options: of Spark, beside those that the results depend on.
    Raises: UserError: pyspark or Java is not there, or nobody answers.
    """
    try:
        from pyspark.sql import SparkSession
    except ImportError as error:
        raise UserError(f"compute.engine=spark needs pyspark, which is not installed.\n{INSTALL}.") from error
    is_far = remote.startswith("sc://")
    if not is_far and not _has_java():
        raise UserError(
            f"compute.remote={remote} starts Spark on this machine, and Java is not there (no `java` on PATH, no JAVA_HOME).\n"
            "Hint: apt install openjdk-17-jre-headless, or compute.remote=sc://host:port where Spark runs already."
        )
    builder: Any = SparkSession.builder
    builder = builder.remote(remote) if is_far else builder.master(remote).config(map=_of_this_machine(remote))
    try:
        session = builder.config(map=_OPTIONS | (options or {})).getOrCreate()
        session.range(1).count()
    except Exception as error:  # pyspark and grpc raise what they like
        raise UserError(
            f"Spark does not answer at compute.remote={remote}: {str(error).splitlines()[0][:200]}\n"
            "Hint: look whether it runs there; compute.remote=local[2] starts one on this machine."
        ) from error
    return session


def _has_java() -> bool:
    return bool(shutil.which("java") or Path(os.environ.get("JAVA_HOME", ""), "bin", "java").is_file())


def _of_this_machine(remote: str) -> dict[str, str]:
    """Python of the workers is this one, and finds this engine."""
    folders = [str(Path(__file__).resolve().parents[2]), *filter(None, sys.path)]
    local = {"spark.driver.bindAddress": "127.0.0.1", "spark.driver.host": "127.0.0.1"}
    return {
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.log.level": "ERROR",
        "spark.pyspark.python": sys.executable,
        "spark.executorEnv.PYTHONPATH": os.pathsep.join(dict.fromkeys(folders)),
    } | (local if remote.startswith("local") else {})
