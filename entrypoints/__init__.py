"""One file a step: compose the configuration, run one command. From the first import on, a signal ends them well."""

import os
import sys

from clv import process


def by_force() -> None:
    """What is open is closed if the engine is there already."""
    if journal := sys.modules.get("clv.tracking.journal"):
        journal.abandon()


if any(word.startswith("entrypoints.") for word in sys.orig_argv):  # not where a test imports this
    process.end_well(by_force)
if run_id := os.environ.get("MLFLOW_RUN_ID"):  # `mlflow run` opened it; who comes later knows that it is ours
    process.note(run_id, {"run_id": run_id, "server": None})
