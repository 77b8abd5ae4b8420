"""The examples in the docstrings of the modules that take tables and return tables."""

import doctest
import importlib

import pytest
from helpers import ROOT

FOLDERS = ("features", "model")
MODULES = ("clusters", "ranking", "search", "simulate", "evaluation/metrics", "evaluation/naive")
PATHS = [path for folder in FOLDERS for path in sorted((ROOT / "clv" / folder).rglob("*.py"))]
NAMES = [".".join(path.relative_to(ROOT).with_suffix("").parts) for path in PATHS]
NAMES = [name for name in NAMES if not name.endswith(".__init__")]
NAMES += [f"clv.{module.replace('/', '.')}" for module in MODULES]


@pytest.mark.parametrize("name", NAMES)
def test_the_examples_of_a_module_give_what_they_show(name):
    assert doctest.testmod(importlib.import_module(name)).failed == 0


@pytest.mark.parametrize("name", [f"clv.{module}" for module in ("clusters", "ranking", "evaluation.metrics")])
def test_modules_whose_figures_people_read_have_examples(name):
    assert doctest.testmod(importlib.import_module(name)).attempted > 0
