"""Compiled code beside a version's source: Python would run it, so it is in the digests, and no version is loaded beside any."""

import os
import py_compile
import shutil
import subprocess
import sys
from dataclasses import replace

import pytest

from clv.errors import UserError
from clv.registry import versions
from clv.registry.standing import Standing


@pytest.fixture
def stored(trained, tmp_path):
    """A copy of the files of version 1, and the version as it is read from that copy."""
    version = Standing("clv").existing("1")
    folder = shutil.copytree(versions.fetched(version, versions.MODEL), tmp_path / "stored")
    return folder, replace(version, parts={versions.MODEL: folder})


def loaded_by_mlflow(folder):
    rows = [("Käthe", "2025-01-01", 5.0)]  # an id that has to be judged
    script = (
        "import mlflow, pandas\n"
        f"table = pandas.DataFrame({rows!r}, columns=['customer_id', 'order_date', 'revenue'])\n"
        f"mlflow.pyfunc.load_model({str(folder)!r}).predict(table, params={{'as_of': '2025-02-01'}})\n"
    )
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=environment)


def plant(folder, tmp_path):
    evil = tmp_path / "evil.py"
    evil.write_text("print('PWNED')\n")
    place = folder / f"code/clv/__pycache__/__init__.{sys.implementation.cache_tag}.pyc"
    py_compile.compile(str(evil), str(place), invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)


def test_a_version_holds_no_compiled_code_and_mlflow_leaves_none_in_it(stored):
    folder, version = stored
    assert not list(folder.rglob("*.pyc"))
    result = loaded_by_mlflow(folder)
    assert result.returncode == 0, result.stderr[-2000:]
    assert not list(folder.rglob("*.pyc")) and versions.load(version)


def test_compiled_code_beside_the_source_is_run_by_nobody(stored, tmp_path):
    folder, version = stored
    plant(folder, tmp_path)
    with pytest.raises(UserError, match=r"1 of \d+ files .*__init__.cpython-\d+.pyc.\nHint: compiled code is no part"):
        versions.load(version)
    result = loaded_by_mlflow(folder)
    assert "holds 1 files of compiled code" in result.stderr and "PWNED" not in result.stdout


def test_only_the_note_of_mlflow_has_no_digest(tmp_path):
    for name in ("registered_model_meta", "code/registered_model_meta", "a.pyc", "a.so"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert sorted(versions.digests(tmp_path, "model")) == [
        "model/a.pyc",
        "model/a.so",
        "model/code/registered_model_meta",
    ]
