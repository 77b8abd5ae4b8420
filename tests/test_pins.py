import importlib.metadata
import re
import subprocess
import sys
import tomllib

import yaml
from helpers import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def test_conda_yaml_pins_what_pyproject_pins():
    conda = yaml.safe_load((ROOT / "conda.yaml").read_text())["dependencies"]
    assert conda[:2] == ["python=3.11", "pip"] and conda[2]["pip"] == PROJECT["dependencies"]


def test_every_dependency_is_pinned_exactly_and_installed_so():
    for pin in PROJECT["dependencies"] + PROJECT["optional-dependencies"]["dev"]:
        name, version = pin.split("==")
        assert importlib.metadata.version(name) == version


def locked(name):
    """package -> version of a lock file, every one of them with hashes."""
    text = (ROOT / name).read_text()
    found = re.findall(
        r"^([\w.-]+)(?:\[[\w,]+\])?==(\S+)(?: ; [^\\\n]+)? \\\n((?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)",
        text,
        re.M,
    )
    assert sum(len(hashes.splitlines()) + 1 for _, _, hashes in found) == len(text.splitlines())
    return {package: version for package, version, _ in found}


def test_the_lock_file_has_every_pin_with_its_hashes_and_names_no_index():
    pins = dict(pin.split("==") for pin in PROJECT["dependencies"] + PROJECT["optional-dependencies"]["dev"])
    found = locked("requirements.lock")
    assert {name: found.get(name) for name in pins} == pins and len(found) > len(pins)
    assert list(locked("requirements-build.lock")) == ["setuptools"]
    assert "://" not in (ROOT / "requirements.lock").read_text() + (ROOT / "requirements-build.lock").read_text()


def test_make_setup_installs_from_the_lock_files_with_hashes_alone():
    recipe = (ROOT / "Makefile").read_text().split(".venv/ready:")[1].split("\n\n")[0]
    assert (
        "INSTALL = $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes"
        in (ROOT / "Makefile").read_text()
    )
    assert "-r requirements.lock" in recipe and "pip install" not in recipe


def test_what_is_installed_is_what_is_locked():
    here = {plain(one.metadata["Name"]): one.version for one in importlib.metadata.distributions()}
    other = {
        name: here[plain(name)]
        for name, version in locked("requirements.lock").items()
        if here.get(plain(name), version) != version
    }
    assert other == {}


def plain(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def test_evidently_imports_with_this_pandas():
    subprocess.run([sys.executable, "-c", "from evidently import Report"], check=True, env={"DO_NOT_TRACK": "1"})


def test_mlproject_has_no_environment_key_and_no_quoted_placeholder():
    text = (ROOT / "MLproject").read_text()
    project = yaml.safe_load(text)
    assert not {"conda_env", "python_env", "docker_env"} & set(project)
    assert set(project["entry_points"]) == {path.stem for path in (ROOT / "entrypoints").glob("*.py")} - {
        "__init__",
        "launch",
        "words",
    } | {"main"}
    assert "'{" not in text and '"{' not in text
