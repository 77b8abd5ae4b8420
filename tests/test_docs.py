"""README.md, CHANGELOG.md and docs/ name commands, keys, columns and places that exist, and leave none out."""

import re
import sys
import types
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from helpers import ROOT, composed

from clv.commands import COMMANDS
from clv.errors import Code
from clv.model.protocol import Lesson
from clv.monitor.evidence import Measured

PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
GROUPS = {path.name for path in (ROOT / "conf").iterdir() if path.is_dir()}
FUNCTIONS = {"tracking.start", "tracking.run"}  # of the code; their module is called like a group
ENTRY_POINTS = {path.stem for path in (ROOT / "entrypoints").glob("*.py")} - {"__init__", "launch", "words"}
MOST_WORDS = 1600  # of the README

pages = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)


def text_of(page: Path) -> str:
    return page.read_text()


def section(text: str, heading: str) -> str:
    """What stands below a heading, up to the next one."""
    return text.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


def keys_of(values: dict, prefix: str) -> dict[str, str]:
    """{"a": {"b": None}} as {"prefix.a.b": "null"}."""
    keys: dict[str, str] = {}
    for name, value in values.items():
        is_section = isinstance(value, dict) and value
        keys |= keys_of(value, f"{prefix}.{name}") if is_section else {f"{prefix}.{name}": _as_written(value)}
    return keys


def _as_written(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()  # as YAML writes it
    return "null" if value is None else str(value)


def anchors(page: Path) -> set[str]:
    """The headings of a page as links to them are written."""
    prose = re.sub(r"^```.*?^```", "", text_of(page), flags=re.M | re.S)  # a comment in a script is no heading
    headings = re.findall(r"^#+ (.+)$", prose, re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def links(page: Path) -> list[tuple[str, str]]:
    """File (empty: this one) and heading (empty: none) of each link that does not leave the project."""
    targets = re.findall(r"\]\(([^)\s]+)\)", text_of(page))
    return [tuple(target.partition("#")[::2]) for target in targets if "://" not in target]


@pages
def test_every_command_and_make_target_that_a_page_names_exists(page):
    text = text_of(page)
    names = re.findall(r"mlflow run \. -e ([a-z_]+)", text) + re.findall(r"-m entrypoints\.([a-z_]+)", text)
    assert set(names) <= ENTRY_POINTS
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M))
    assert set(re.findall(r"(?:^|`)make ([a-z-]+)", text, re.M)) <= targets


@pages
def test_every_parameter_that_a_page_hands_to_a_command_is_one_of_its_parameters(page):
    entry_points = yaml.safe_load((ROOT / "MLproject").read_text())["entry_points"]
    text = text_of(page).replace("\\\n", " ")
    for name, rest in re.findall(r"mlflow run \. -e ([a-z_]+)([^`\n]*)", text):
        assert set(re.findall(r"-P ([a-z_]+)=", rest)) <= entry_points[name]["parameters"].keys(), name


@pages
def test_every_link_leads_to_a_file_and_to_a_heading_that_exist(page):
    for name, heading in links(page):
        target = (page.parent / name).resolve() if name else page
        assert target.exists(), f"{page.name}: {name}"
        assert not heading or heading in anchors(target), f"{page.name}: {name}#{heading}"


@pages
def test_every_file_of_the_project_that_a_page_names_in_backticks_exists(page):
    if page.name == "CHANGELOG.md":  # it names what is gone, too
        return
    names = re.findall(r"`((?:clv|conf|docs|tests|benchmarks|entrypoints)/[\w/.]*)`", text_of(page))
    missing = [name for name in names if "NAME" not in name and not (ROOT / name).exists()]
    assert set(missing) <= {"conf/experiment/tuned.yaml"}  # which tune writes


def keys_named(text: str) -> set[str]:
    """The keys of conf/ that a page names in backticks, or sets in a command, as group.key."""
    quoted = re.findall(r"`([a-z_]+(?:\.[a-z_]+)+)(?:=[^`]*)?`", text)
    typed = re.findall(r"(?<![\w./])([a-z_]+(?:\.[a-z_]+)+)=", text)
    endings = (".html", ".json", ".csv", ".sql")  # a file may be called like a group
    return {key for key in {*quoted, *typed} if key.partition(".")[0] in GROUPS and not key.endswith(endings)}


@pages
def test_every_key_of_the_configuration_that_a_page_names_exists(page):
    if page.name == "CHANGELOG.md":  # it names what is gone, too
        return
    for key in keys_named(text_of(page)) - FUNCTIONS:
        values = composed()
        for part in key.split("."):
            assert hasattr(values, part), f"{page.name}: {key}"
            values = getattr(values, part)


@pages
def test_every_file_of_a_group_that_a_command_chooses_exists(page):
    choices = re.findall(r"(?<![\w.])([a-z]+)=([a-z_]+(?:,[a-z_]+)*)", text_of(page))
    names = {f"{group}/{name}.yaml" for group, value in choices if group in GROUPS for name in value.split(",")}
    made = {"experiment/tuned.yaml", "model/recency.yaml"}  # by tune; by a worked example
    assert [name for name in sorted(names - made) if not (ROOT / "conf" / name).exists()] == []


def test_every_entry_point_is_described_with_its_parameters_in_the_operations():
    rows = section(text_of(ROOT / "docs" / "operations.md"), "Commands").splitlines()
    parameters = yaml.safe_load((ROOT / "MLproject").read_text())["entry_points"]
    for name in ENTRY_POINTS:
        row = next((row for row in rows if row.startswith(f"| `{name}`")), "")
        assert all(f"`{parameter}`" in row for parameter in parameters[name]["parameters"].keys() - {"overrides"}), name
        assert row, name


def test_the_operations_say_which_commands_need_the_server_and_write_outputs():
    rows = section(text_of(ROOT / "docs" / "operations.md"), "Commands").splitlines()
    cells = {row.split("`")[1]: [cell.strip() for cell in row.split("|")[-3:-1]] for row in rows if row[:3] == "| `"}
    words = {True: "yes", False: "no"}
    expected = {name: [words[row.needs_server], words[row.writes_outputs]] for name, row in COMMANDS.items()}
    assert cells == expected


def test_the_operations_name_the_commands_that_finish_what_was_left_half_done():
    text = section(text_of(ROOT / "docs" / "operations.md"), "Commands")
    names, _, _ = text.partition("Before their steps, ")[2].partition(" finish a decision")
    assert set(re.findall(r"`(\w+)`", names)) == {name for name, row in COMMANDS.items() if row.catches_up}


def test_every_group_of_the_configuration_stands_in_the_operations():
    text = section(text_of(ROOT / "docs" / "operations.md"), "Configuration")
    assert all(f"| `{path.name}` |" in text for path in (ROOT / "conf").iterdir() if path.is_dir())


def test_every_key_of_the_data_stands_in_the_page_of_the_data_with_its_default():
    rows = section(text_of(ROOT / "docs" / "data.md"), "All keys").splitlines()
    cells = [row.split("|")[1:3] for row in rows if row.startswith("| `data.")]
    described = {key.strip(" `"): default.strip(" `") for key, default in cells}
    values = keys_of(yaml.safe_load((ROOT / "conf/data/transactions.yaml").read_text()), "data")
    assert values == described


def test_every_code_of_a_refusal_stands_in_the_page_of_the_data():
    text = section(text_of(ROOT / "docs" / "data.md"), "Refusals and codes")
    assert {code.value for code in Code} <= set(re.findall(r"`([A-Z_]+)`", text))


def test_the_columns_of_each_output_stand_in_the_page_of_the_outputs(trained):
    text = text_of(ROOT / "docs" / "outputs.md")
    named = {name: set(re.findall(r"^\| `(\w+)` \|", section(text, name), re.M)) for name in trained.columns}
    named["clv_clustered_customers.csv"] |= named["clv_ranked_predictions.csv"]  # "with all columns of", and one more
    assert len(named) == 4
    assert named == {name: set(columns) for name, columns in trained.columns.items()}


def test_the_readme_is_short():
    assert len(text_of(ROOT / "README.md").split()) <= MOST_WORDS


def test_the_makefile_imports_modules_that_exist():
    for package, name in re.findall(r"from (clv[\w.]*) import (\w+)", (ROOT / "Makefile").read_text()):
        assert (ROOT / package.replace(".", "/") / f"{name}.py").exists(), f"{package}.{name}"


def example(name):
    """The module of docs/developing.md that defines the class."""
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "docs/developing.md").read_text(), re.S)
    module = types.ModuleType(f"example_{name}")
    sys.modules[module.__name__] = module
    exec(next(block for block in blocks if block.startswith('"""') and f"class {name}:" in block), vars(module))
    return module


def test_the_worked_example_of_a_stage_multiplies_each_group_by_what_it_brought_over_its_base(tmp_path):
    rows = pd.DataFrame({"recency_days": [10.0, 20.0, 60.0, 400.0], "actual_clv": [15.0, 15.0, 90.0, -5.0]})
    base, recency = np.full(4, 10.0), example("Recency").Recency
    fitted = recency.fit(Lesson(rows, base, [], (), 10.0, 1.0, None))
    assert fitted.predict(rows, base, 1).tolist() == [15.0, 15.0, 20.0, 5.0]
    assert recency.load(tmp_path, fitted.save(tmp_path, "recency")) == fitted


def test_the_worked_example_of_a_check_alerts_when_the_top_tenth_takes_all():
    check = example("ConcentrationDrift").ConcentrationDrift()
    even = pd.DataFrame({"predicted_clv": np.tile([9.0, 10.0, 11.0], 100)})
    part = check.describe(Measured(even, np.array([]), *[pd.DataFrame()] * 4))
    top = even.assign(predicted_clv=[1000.0] * 30 + [1.0] * 270)
    limits = check.limits({"min_z": 3.0, "warn": 0.05, "alert": 0.1, "min_customers": 100})
    finding = check.compare(part, types.SimpleNamespace(too_short="", scored=top), limits)
    assert finding.status == "alert" and "99% of predicted CLV" in finding.reason
