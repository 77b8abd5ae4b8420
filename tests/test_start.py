"""What a command does to its process it does when it starts, once, and not when somebody imports it."""

import os
import subprocess
import sys

from helpers import ROOT

IMPORT_ALL = """
import os, pkgutil, signal, importlib, sys
names = [signal.SIGTERM, signal.SIGINT, signal.SIGHUP]
def environment():
    return {name: value for name, value in os.environ.items() if not name.startswith(("KMP_", "_MLFLOW_"))}  # the libraries' own
before = environment(), [signal.getsignal(name) for name in names], signal.set_wakeup_fd(-1)
import clv, entrypoints
for package in (clv, entrypoints):
    for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        importlib.import_module(module.name)
after = environment(), [signal.getsignal(name) for name in names], signal.set_wakeup_fd(-1)
print(len([name for name in sys.modules if name.startswith("clv.")]), before == after, set(after[0].items()) ^ set(before[0].items()))
"""
START = """
import os, signal, sys
from pathlib import Path
from clv import process, tracking
assert "mlflow" not in sys.modules
process.start(lambda: None)
tracking.start(Path("outputs"), 1)
print(signal.getsignal(signal.SIGTERM).__module__, os.environ["MLFLOW_HTTP_REQUEST_MAX_RETRIES"], os.environ["MLFLOW_DISABLE_TELEMETRY"])
"""
LIGHT = "import sys, entrypoints; print(sorted(set(sys.modules) & {'mlflow', 'pandas', 'numpy', 'duckdb', 'hydra', 'xgboost'}))"


def fresh(script, folder, **environment):
    """What a fresh process prints."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith("MLFLOW_")}
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=folder,
        env=plain | {"PYTHONPATH": str(ROOT)} | environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_importing_every_module_changes_neither_the_environment_nor_the_signal_handlers(tmp_path):
    count, unchanged, difference = fresh(IMPORT_ALL, tmp_path).split(" ", 2)
    assert int(count) > 80 and unchanged == "True", difference


def test_a_command_that_starts_handles_signals_and_sets_the_environment_before_mlflow_is_imported(tmp_path):
    assert fresh(START, tmp_path, MLFLOW_TRACKING_URI=f"sqlite:///{tmp_path}/mlflow.db") == "clv.process 0 true"


def test_an_entry_point_imports_nothing_heavy_before_signals_are_handled(tmp_path):
    assert fresh(LIGHT, tmp_path) == "[]"


def test_the_run_that_mlflow_opened_is_noted_from_the_first_moment(tmp_path):
    script = (
        "from clv import process; process.start(lambda: None); print([path.name for path in process.notes().iterdir()])"
    )
    assert fresh(script, tmp_path, MLFLOW_RUN_ID="a1b2", XDG_STATE_HOME=str(tmp_path)) == "['a1b2']"
