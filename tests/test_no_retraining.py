"""Nothing retrains by itself: what each entry point can reach, function by function, read from the code."""

import ast

import pytest
from helpers import ROOT

from clv.commands import COMMANDS

FITTING = {"train", "full_pipeline"}  # these make versions
MEASURING = {"backtest", "reproduce", "tune"}  # these fit to measure, and register nothing
ENTRY_POINTS = {path.stem for path in (ROOT / "entrypoints").glob("*.py")} - {"__init__", "launch", "words"}
FILES = {path: ast.parse(path.read_text()) for path in (ROOT / "clv").rglob("*.py")}


def name_of(path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def imported(tree: ast.Module) -> dict[str, str]:
    """Local name -> where it comes from; imports within functions as well."""
    origins = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            origins |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
    return origins


def functions() -> dict[str, tuple[str, ast.AST]]:
    """Full name -> module and body, of every function, method and class member."""
    bodies = {}
    for path, tree in FILES.items():
        for node in tree.body:
            if isinstance(node, ast.FunctionDef):
                bodies[f"{name_of(path)}.{node.name}"] = (name_of(path), node)
            if isinstance(node, ast.ClassDef):
                bodies |= {
                    f"{name_of(path)}.{node.name}.{part.name}": (name_of(path), part)
                    for part in node.body
                    if isinstance(part, ast.FunctionDef)
                }
    return bodies


FUNCTIONS = functions()
IMPORTED = {name_of(path): imported(tree) for path, tree in FILES.items()}
METHODS: dict[str, set[str]] = {}
for full in FUNCTIONS:
    if full.split(".")[-2][0].isupper():
        METHODS.setdefault(full.split(".")[-1], set()).add(full)


def resolved(name: str) -> str:
    """Through the packages that hand a name on."""
    while name not in FUNCTIONS:
        package, _, last = name.rpartition(".")
        if IMPORTED.get(package, {}).get(last, name) == name:
            return name
        name = IMPORTED[package][last]
    return name


def used_by(full: str) -> set[str]:
    module, body = FUNCTIONS[full]
    names = set()
    for node in ast.walk(body):
        if isinstance(node, ast.Name):
            name = resolved(IMPORTED[module].get(node.id, f"{module}.{node.id}"))
            names |= {name, f"{name}.apply"}  # an effect that is handed back is applied
        if isinstance(node, ast.Attribute):
            base = node.value.id if isinstance(node.value, ast.Name) else None
            names |= METHODS.get(node.attr, set()) if node.attr != "apply" else set()  # pandas has one, too
            if base in IMPORTED[module]:
                names.add(resolved(f"{IMPORTED[module][base]}.{node.attr}"))
    return names & set(FUNCTIONS)


def steps_of(command: str) -> set[str]:
    return {f"{step.__module__}.{step.__name__}" for step in COMMANDS[command].steps}


def reached(command: str) -> set[str]:
    """What the command's steps and their effects can call; run_command() itself applies whatever effects it is handed."""
    names, waiting = set(), steps_of(command)
    while waiting:
        name = waiting.pop()
        names.add(name)
        waiting |= used_by(name) - names
    return names


def fits(names: set[str]) -> set[str]:
    return {name for name in names if name.split(".")[-1] in ("fit", "measure", "learn")}


@pytest.mark.parametrize("entry", sorted(FITTING | MEASURING))
def test_the_walk_finds_the_fit_where_there_is_one(entry):
    assert {"clv.evaluation.measure.measure", "clv.model.training.fit", "clv.model.btyd.customers.fit"} <= reached(
        entry
    )


@pytest.mark.parametrize("entry", sorted(ENTRY_POINTS - FITTING - MEASURING))
def test_no_other_entry_point_has_a_way_to_fit_a_model(entry):
    names = reached(entry)
    assert steps_of(entry) < names and fits(names) == set()


@pytest.mark.parametrize("entry", sorted(ENTRY_POINTS))
def test_only_training_makes_a_version_and_only_promotions_rollbacks_and_the_first_training_move_the_alias(entry):
    names = reached(entry)
    assert ("clv.steps.training.train" in names) == (entry in FITTING)
    assert ("clv.registry.registration.register" in names) == (entry in FITTING)
    for decides in ("promote", "rollback"):
        assert (f"clv.steps.promotion.{decides}" in names) == (entry == decides)
    assert ("clv.steps.promotion.bootstrap" in names) == (entry == "full_pipeline")


def test_a_decision_that_moves_the_alias_is_made_in_three_functions_and_noticed_in_one():
    made = {
        full
        for full, (_, body) in FUNCTIONS.items()
        for node in ast.walk(body)
        if isinstance(node, ast.Call) and getattr(node.func, "id", None) == "Decision" and not nothing_moves(node)
    }
    promotion = {f"clv.steps.promotion.{name}" for name in ("bootstrap", "promote", "rollback")}
    assert made == promotion | {"clv.registry.catch_up._outside_move"}


def nothing_moves(decision: ast.Call) -> bool:
    """The fourth argument, the version to move to, is None."""
    return isinstance(decision.args[3], ast.Constant) and decision.args[3].value is None
