import importlib.metadata
import subprocess
import sys
import tomllib

import yaml
from conftest import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def test_conda_yaml_pins_what_pyproject_pins():
    conda = yaml.safe_load((ROOT / "conda.yaml").read_text())["dependencies"]
    assert conda[:2] == ["python=3.11", "pip"] and conda[2]["pip"] == PROJECT["dependencies"]


def test_every_dependency_is_pinned_exactly_and_installed_so():
    for pin in PROJECT["dependencies"] + PROJECT["optional-dependencies"]["dev"]:
        name, version = pin.split("==")
        assert importlib.metadata.version(name) == version


def test_evidently_imports_with_this_pandas():
    subprocess.run([sys.executable, "-c", "from evidently import Report"], check=True, env={"DO_NOT_TRACK": "1"})


def test_mlproject_has_no_environment_key_and_no_quoted_placeholder():
    text = (ROOT / "MLproject").read_text()
    project = yaml.safe_load(text)
    assert not {"conda_env", "python_env", "docker_env"} & set(project)
    assert set(project["entry_points"]) == {path.stem for path in (ROOT / "entrypoints").glob("*.py")} - {
        "__init__",
        "launch",
    } | {"main"}
    assert "'{" not in text and '"{' not in text
