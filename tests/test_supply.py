"""What the project is built of: licences, complete lock files, and one environment for every way to start it."""

import hashlib
import os
import shutil
import subprocess
import sys
import tomllib
from email.message import Message
from importlib import metadata

import pytest
import yaml
from helpers import ROOT
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from test_pins import locked

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
READ_BY_US = {"huey": "MIT"}  # its file LICENSE says it, its metadata do not


def licences(package: Message) -> list[str]:
    """The licences that a package offers: one of them is ours to choose."""
    if expression := package.get("License-Expression"):
        return expression.split(" OR ")
    classified = [text for text in package.get_all("Classifier", []) if text.startswith("License :: ")]
    stated = (package.get("License") or "").splitlines()[:1]
    return [text for text in classified or stated if text.strip()] or [
        READ_BY_US.get(package.get("Name"), "none is stated")
    ]


def is_copyleft(licence: str) -> bool:
    """Whether what is built on it must be given away under it: GPL and AGPL, not LGPL."""
    plain = licence.upper().replace("LGPL", "").replace("LESSER GENERAL PUBLIC", "")
    return "GPL" in plain or "GENERAL PUBLIC" in plain or "NONE IS STATED" in plain


def message(**fields):
    made = Message()
    for name, values in fields.items():
        for value in values:
            made[name.replace("_", "-")] = value
    return made


@pytest.mark.parametrize(
    "package, refused",
    [
        (message(License_Expression=["Apache-2.0"]), False),
        (message(License_Expression=["AGPL-3.0-only"]), True),
        (message(License_Expression=["MIT OR GPL-2.0-or-later"]), False),
        (message(License_Expression=["LGPL-3.0-only"]), False),
        (message(Classifier=["License :: OSI Approved :: GNU General Public License v3 (GPLv3)"]), True),
        (message(License=["GPL-3.0\nand a long text"]), True),
        (message(Name=["anything"]), True),
    ],
)
def test_a_licence_that_would_bind_the_engine_is_seen(package, refused):
    assert all(map(is_copyleft, licences(package))) is refused


def test_no_package_is_under_a_licence_that_would_bind_the_engine():
    offered = {one.metadata["Name"]: licences(one.metadata) for one in metadata.distributions()}
    assert len(offered) > 100
    assert {name: names for name, names in offered.items() if all(map(is_copyleft, names))} == {}


def needed(requirements: list[str]) -> set[str]:
    """Every package that these need on this machine, and what those need in turn."""
    found: set[tuple[str, str]] = set()
    waiting = [(Requirement(text), "") for text in requirements]
    while waiting:
        requirement, extra = waiting.pop()
        if requirement.marker and not requirement.marker.evaluate({"extra": extra}):
            continue
        name = canonicalize_name(requirement.name)
        for chosen in {"", *requirement.extras}:
            if (name, chosen) not in found:
                found.add((name, chosen))
                waiting += [(Requirement(text), chosen) for text in metadata.requires(name) or []]
    return {name for name, _ in found}


@pytest.mark.parametrize(
    "file, requirements",
    [
        ("requirements.lock", PROJECT["dependencies"]),
        ("requirements-dev.lock", PROJECT["dependencies"] + PROJECT["optional-dependencies"]["dev"]),
    ],
)
def test_a_lock_file_has_all_that_its_packages_need(file, requirements):
    assert needed(requirements) - {canonicalize_name(name) for name in locked(file)} == set()


def test_conda_installs_from_the_lock_file_and_begins_anew_when_it_changes():
    text = (ROOT / "conda.yaml").read_text()
    digest = hashlib.sha256((ROOT / "requirements.lock").read_bytes()).hexdigest()[:16]
    assert yaml.safe_load(text)["dependencies"] == ["python=3.11", "pip", {"pip": ["-r requirements.lock"]}]
    assert f"# lock: {digest}\n" in text  # `make lock` writes it


@pytest.mark.slow
def test_the_plain_mlflow_run_uses_the_environment_that_make_setup_made(tmp_path):
    (tmp_path / "deploy").mkdir()
    for name in ("deploy/plain_mlflow_run.py", "requirements-dev.lock"):
        shutil.copy(ROOT / name, tmp_path / name)
    (tmp_path / "where.py").write_text("import sys; open('prefix', 'w').write(sys.prefix)")
    main = {"command": "python where.py"}
    (tmp_path / "MLproject").write_text(yaml.safe_dump({"name": "one", "entry_points": {"main": main}}))
    environment = os.environ | {
        "MLFLOW_ENV_ROOT": str(tmp_path / "envs"),
        "MLFLOW_TRACKING_URI": f"sqlite:///{tmp_path}/mlflow.db",
        "PATH": os.environ["PATH"].replace("pyenv", "none"),
    }
    for words in (["deploy/plain_mlflow_run.py"], ["-m", "mlflow", "run", "."]):
        subprocess.run([sys.executable, *words], cwd=tmp_path, env=environment, check=True, capture_output=True)
    assert (tmp_path / "prefix").read_text() == sys.prefix
