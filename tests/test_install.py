"""`pip install .` gives a clv that a notebook can use."""

import subprocess
import sys
import tomllib

import pytest
from helpers import ROOT

PACKAGES = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]


def test_every_package_of_the_engine_is_installed():
    folders = {path.parent.relative_to(ROOT) for path in (ROOT / "clv").rglob("__init__.py")}
    assert set(PACKAGES) == {".".join(folder.parts) for folder in folders} | {"clv.conf"}


def printed(script, folder, site):
    """What the script prints in a fresh process that finds clv in `site`."""
    environment = {"PYTHONPATH": str(site), "PATH": ""}
    return subprocess.run(
        [sys.executable, script], cwd=folder, env=environment, capture_output=True, text=True, check=True
    ).stdout


def test_the_example_of_the_docs_prints_what_stands_beside_it(tmp_path):
    assert printed(ROOT / "docs/example.py", tmp_path, site=ROOT) == (ROOT / "docs/example.txt").read_text()


@pytest.mark.slow
def test_an_installed_engine_fits_and_predicts_in_another_folder(tmp_path):
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--target"]
    subprocess.run([*pip, tmp_path / "site", ROOT], check=True, cwd=tmp_path)
    (tmp_path / "try.py").write_text((ROOT / "docs/example.py").read_text())
    assert printed("try.py", tmp_path, tmp_path / "site") == (ROOT / "docs/example.txt").read_text()
