"""The direction of imports, and the libraries that have one place (the shelves in docs/architecture.md)."""

import ast

import pytest
from helpers import ROOT

SHELVES = [
    {"errors", "process", "spill", "hints", "progress", "wording", "libraries"},
    {"config", "season", "dialects"},
    {"data", "simulate", "features", "windows", "ranking", "clusters", "segments", "search", "compute"},
    {"panel"},
    {"proposal", "history", "model"},
    {"evaluation", "scoring"},
    {"monitor", "engine", "spark", "scorer"},
    {"settings"},
    {"tracking", "reports", "store", "terminal", "alerts", "prometheus"},
    {"registry"},
    {"outcome", "service"},
    {"steps"},
    {"commands", "exposed"},
    {"run", "frames", "jobs"},
]
ONE_PLACE = {
    "mlflow": ("tracking", "registry"),
    "evidently": ("reports",),
    "matplotlib": ("reports",),
    "rich": ("terminal",),
    "apprise": ("alerts",),
    "optuna": ("search",),
    "prometheus_client": ("prometheus",),
    "hydra": (),
    "fastapi": ("service",),
    "uvicorn": ("service",),
    "pyspark": ("spark",),
    "sqlglot": ("dialects",),
}
FILES = [path for path in sorted((ROOT / "clv").rglob("*.py")) if path != ROOT / "clv/__init__.py"]
MODULES = {str(path.relative_to(ROOT / "clv").with_suffix("")): ast.parse(path.read_text()) for path in FILES}


def imports(tree: ast.AST) -> set[str]:
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        if isinstance(node, ast.ImportFrom):
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def shelf(module: str) -> int:
    """Of a module, or of the folder it lies in."""
    return next(number for number, modules in enumerate(SHELVES) if module.split("/")[0] in modules)


@pytest.mark.parametrize("module", MODULES)
def test_imports_point_down(module):
    ours = {name.split(".")[1] for name in imports(MODULES[module]) if name.startswith("clv.")}
    own_folder = {module.split("/")[0]} if "/" in module else set()
    assert all(shelf(name) < shelf(module) for name in ours - own_folder), f"{module} imports {ours}"


@pytest.mark.parametrize("module", MODULES)
def test_each_outside_service_has_one_place(module):
    used = {name.split(".")[0] for name in imports(MODULES[module])}
    assert not {
        library for library, places in ONE_PLACE.items() if library in used and module.split("/")[0] not in places
    }


@pytest.mark.parametrize("path", sorted((ROOT / "entrypoints").glob("*.py")), ids=lambda path: path.stem)
def test_an_entry_point_makes_one_call(path):
    if path.stem not in ("__init__", "launch", "words"):
        launch = f'if __name__ == "__main__":\n    run("{path.stem}")\n'
        assert path.read_text() == f"from entrypoints import run\n\n{launch}"


def test_no_module_has_outgrown_one_sitting():
    assert {path.name for path in FILES if len(path.read_text().splitlines()) > 300} == set()
