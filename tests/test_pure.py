"""A test of tables and numbers starts fast: nothing that it imports brings MLflow along."""

import ast
import json
import os
import subprocess
import sys

from helpers import ROOT
from test_layers import imports

WITH_MLFLOW = ("mlflow", "stores", "faulty", "clv.tracking", "clv.registry", "clv.steps", "clv.commands", "clv.run")
COLLECT = """
import json, sys
import pytest

code = pytest.main(["--collect-only", "-qqq", "-p", "no:cacheprovider", *json.loads(sys.argv[1])])
print(int(code), sorted(set(sys.modules) & {"mlflow", "evidently", "apprise"}))
"""


def asks_for_mlflow(text: str) -> bool:
    names = [f"{name}." for name in imports(ast.parse(text))]
    return any(name.startswith(f"{module}.") for name in names for module in WITH_MLFLOW)


def test_a_file_of_tests_that_names_neither_mlflow_nor_what_uses_it_does_not_import_it():
    files = [path for path in sorted((ROOT / "tests").rglob("test_*.py")) if not asks_for_mlflow(path.read_text())]
    names = {path.name for path in files}
    assert {"test_windows.py", "test_features.py", "test_metrics.py", "test_model.py", "test_column_drift.py"} <= names
    plain = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    collected = subprocess.run(
        [sys.executable, "-c", COLLECT, json.dumps([str(path) for path in files])],
        cwd=ROOT,
        env=plain,
        capture_output=True,
        text=True,
    )
    assert collected.stdout.splitlines()[-1] == "0 []", collected.stdout + collected.stderr
