"""What a newcomer does: the literal commands in a fresh clone. Slow: they build environments."""

import os
import shutil
import subprocess
import sys

import pytest
from helpers import ROOT


@pytest.fixture
def clone(tmp_path):
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(tmp_path / "clv")], check=True)
    return tmp_path / "clv"


def without(*programs):
    """PATH without the folders that hold one of these programs, but with git, make and this Python."""
    kept = [
        folder
        for folder in os.environ["PATH"].split(os.pathsep)
        if not any(shutil.which(name, path=folder) for name in programs)
    ]
    environment = {
        key: value for key, value in os.environ.items() if not key.startswith(("MLFLOW_", "PYENV", "VIRTUAL_ENV"))
    }
    return environment | {"PATH": os.pathsep.join(kept), "PYTHON": sys.executable}


@pytest.mark.slow
def test_the_plain_command_works_after_make_setup_without_conda_and_pyenv(clone):
    environment = without("conda", "pyenv") | {"MLFLOW_ENV_ROOT": str(clone.parent / "envs")}
    assert not any(shutil.which(name, path=environment["PATH"]) for name in ("conda", "pyenv"))
    base = subprocess.run(
        [sys.executable, "-c", "import sys; print(sys._base_executable)"], capture_output=True, text=True
    ).stdout.strip()
    subprocess.run(["make", "setup", f"PYTHON={base}"], cwd=clone, env=environment, check=True)
    environment["PATH"] = f"{clone}/.venv/bin{os.pathsep}{environment['PATH']}"
    subprocess.run(["mlflow", "run", ".", "-e", "full_pipeline"], cwd=clone, env=environment, check=True)
    assert {
        "clv_ranked_predictions.csv",
        "clv_clustered_customers.csv",
        "clv_cluster_rankings.csv",
        "monitoring",
    } <= set(os.listdir(clone / "outputs"))
    assert not list((clone / "outputs").glob("20*"))

    promote = [
        "mlflow",
        "run",
        ".",
        "-e",
        "promote",
        "-P",
        "version=1",
        "-P",
        "reviewer=Ann Lee",
        "-P",
        "reason=it's better; (RMSE -4 %)",
    ]
    subprocess.run(promote, cwd=clone, env=environment, check=True)
    subprocess.run(
        ["mlflow", "run", ".", "-e", "score", "-P", "overrides=seed=8 compute.threads=1", "-P", "as_of=2026-06-01"],
        cwd=clone,
        env=environment,
        check=True,
    )
    assert ",2026-06-01\n" in (clone / "outputs/clv_ranked_predictions.csv").read_text()


@pytest.mark.slow
def test_an_environment_that_is_there_already_serves_as_well(clone):
    environment = os.environ | {"PATH": f"{os.path.dirname(sys.executable)}{os.pathsep}{os.environ['PATH']}"}
    environment.pop("MLFLOW_TRACKING_URI", None)
    subprocess.run(
        ["mlflow", "run", ".", "-e", "features", "--env-manager", "local"], cwd=clone, env=environment, check=True
    )
    assert (clone / "outputs/clv_features.parquet").exists()
