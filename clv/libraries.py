"""The libraries that a prediction depends on: a version holds them, and what serves it needs the same."""

import sys
from collections.abc import Iterable
from importlib import metadata

_TREES = "xgboost" if sys.platform == "darwin" else "xgboost-cpu"  # as in pyproject.toml
PREDICTING = ("duckdb", "kmeans1d", "mlflow", "numpy", "pandas", "scikit-learn", "scipy", _TREES)


def versions(names: Iterable[str]) -> dict[str, str]:
    """Returns name -> version that is installed here, or `none`."""
    return {name: _version(name) for name in names}


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "none"
