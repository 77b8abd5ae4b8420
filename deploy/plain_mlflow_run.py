"""Lets the plain `mlflow run .` use the environment that this program runs in. `make setup` calls it where there is no conda.

MLflow keeps environments in a folder of its own, by a name that it makes of python_env.yaml and of the lock file. It takes one that is
there as it is: here a link to .venv, so the pins and the hashes of `mlflow run` are those of .venv.
"""

import sys
from pathlib import Path

import yaml
from mlflow.utils import virtualenv
from mlflow.utils.environment import _PythonEnv

PROJECT = Path(__file__).parents[1]


def main() -> None:
    """Writes python_env.yaml, and links the environment of this name to the one of this program."""
    # MLflow makes the name of the comment, too: another checkout has another environment.
    needs = ["-r requirements-dev.lock", f"# of {PROJECT}"]
    (PROJECT / "python_env.yaml").write_text(yaml.safe_dump({"python": "3.11", "dependencies": needs}))
    name = virtualenv._get_virtualenv_name(_PythonEnv.from_yaml(PROJECT / "python_env.yaml"), PROJECT)
    link = Path(virtualenv._get_mlflow_virtualenv_root()) / name
    link.parent.mkdir(parents=True, exist_ok=True)
    for old in link.parent.iterdir():  # links of checkouts that are gone; MLflow's own environments are folders
        if old == link or (old.is_symlink() and not old.exists()):
            old.unlink()
    link.symlink_to(sys.prefix, target_is_directory=True)


if __name__ == "__main__":
    main()
