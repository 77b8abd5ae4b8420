import importlib.metadata
import re
import subprocess
import sys
import tomllib

import pytest
import yaml
from helpers import ROOT
from packaging.requirements import Requirement

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def pinned(*groups):
    """name -> version of the pins that hold on this machine."""
    pins = [Requirement(pin) for group in groups for pin in group]
    return {pin.name: str(pin.specifier).removeprefix("==") for pin in pins if not pin.marker or pin.marker.evaluate()}


DEV = PROJECT["optional-dependencies"]["dev"]


def test_every_dependency_is_pinned_exactly_and_installed_so():
    for name, version in pinned(PROJECT["dependencies"], DEV).items():
        assert importlib.metadata.version(name) == version


def locked(name):
    """package -> version of a lock file, every one of them with hashes."""
    text = (ROOT / name).read_text()
    found = re.findall(
        r"^([\w.-]+)(?:\[[\w,-]+\])?==(\S+)(?: ; [^\\\n]+)? \\\n((?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)",
        text,
        re.M,
    )
    assert sum(len(hashes.splitlines()) + 1 for _, _, hashes in found) == len(text.splitlines())
    return {package: version for package, version, _ in found}


@pytest.mark.parametrize(
    "file, groups",
    [
        ("requirements.lock", [PROJECT["dependencies"]]),
        ("requirements-dev.lock", [PROJECT["dependencies"], DEV]),
        ("deploy/requirements.lock", [PROJECT["dependencies"], PROJECT["optional-dependencies"]["server"]]),
    ],
)
def test_a_lock_file_has_every_pin_with_its_hashes_and_names_no_index(file, groups):
    pins, found = pinned(*groups), locked(file)
    assert {name: found.get(name) for name in pins} == pins and len(found) > len(pins)
    assert "://" not in (ROOT / file).read_text()


def test_the_engine_alone_and_what_checks_it_have_the_same_versions():
    engine, everything = locked("requirements.lock"), locked("requirements-dev.lock")
    assert engine.items() < everything.items()
    server = locked("deploy/requirements.lock")
    assert engine.items() < server.items()
    assert all(everything.get(name, version) == version for name, version in server.items())
    assert list(locked("requirements-build.lock")) == ["setuptools"]


def test_make_setup_installs_from_the_lock_files_with_hashes_alone():
    recipe = (ROOT / "Makefile").read_text().split(".venv/ready:")[1].split("\n\n")[0]
    assert (
        "INSTALL = $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes "
        in (ROOT / "Makefile").read_text()
    )
    assert "-r requirements-dev.lock" in recipe and "pip install" not in recipe


def test_what_is_installed_is_what_is_locked():
    here = {plain(one.metadata["Name"]): one.version for one in importlib.metadata.distributions()}
    other = {
        name: here[plain(name)]
        for name, version in locked("requirements-dev.lock").items()
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
