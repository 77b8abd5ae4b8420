"""deploy/ names commands, keys and exit codes that the engine has, and hands on what a person said as it was said. No Airflow is needed."""

import ast
import configparser
import doctest
import importlib.util
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from helpers import ROOT
from hydra.core.override_parser.overrides_parser import OverridesParser

from clv import config, errors
from clv.commands import COMMANDS
from clv.monitor.verdict import DECISIONS
from entrypoints.words import NAMED, hydra_arguments

DAGS = ROOT / "deploy/airflow/dags"
UNITS = sorted((ROOT / "deploy/systemd").glob("*.service"))


def imported(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


graph = imported(DAGS / "clv_commands.py")
nightly = imported(ROOT / "deploy/compose/nightly.py")
ANSWER = {
    "chosen_options": [graph.PROMOTE],
    "params_input": {"reason": "it's max(1), ${HOME}\n[Über] 'all'"},
    "responded_by_user": {"id": "7", "name": "Ann Lee"},
}
SIGNED = ["--reviewer", "Ann Lee", "--reason", ANSWER["params_input"]["reason"]]


def test_the_graphs_run_commands_of_the_engine_that_train_and_promote_where_they_say_so():
    decisions = {command for command, _ in graph.VERDICTS.values()}
    assert {*graph.NIGHTLY, *graph.TRAINING, *decisions, "acknowledge"} <= COMMANDS.keys()
    assert set(graph.LOOKING_BACK) <= graph.NIGHTLY.keys() and list(graph.TRAINING) == ["train"]
    assert not graph.NIGHTLY.keys() & {"train", "full_pipeline", "promote", "rollback"}
    assert not COMMANDS["train"].may_bootstrap  # it makes a candidate only
    assert tuple(DECISIONS) == graph.DECISIONS


def test_scores_come_before_what_they_make_stale():
    order = list(graph.NIGHTLY)
    assert order[:3] == ["check", "score", "cluster"] and order.index("features") > order.index("score")


def test_every_word_that_the_graphs_say_is_a_parameter_or_a_key():
    said = [
        *graph.words_of_day("2026-01-01", Path("o"), is_backfill=True),
        *graph.decision("2", ANSWER | {"chosen_options": [graph.DESPITE]})["words"],
        *graph.closing(["f00"], ANSWER)[0],
    ]
    keys = {word.removeprefix("--") for word in said if word.startswith("--")}
    assert keys <= NAMED.keys() and {word.partition("=")[0] for word in hydra_arguments(said)} <= set(config.names())


def test_the_exit_codes_are_those_of_the_engine():
    codes = {
        each.exit_code
        for each in vars(errors).values()
        if isinstance(each, type) and issubclass(each, errors.UserError)
    }
    assert graph.EXIT_CODES.keys() == codes
    assert {code for code in (*codes, 137, -9) if graph.meaning(code).again} == {69, 75, 137, -9}


@pytest.mark.parametrize(
    "option, command, more",
    [
        ("promote", "promote", []),
        ("promote although gates failed", "promote", ["--despite_gates", "true"]),
        ("reject", "reject", []),
    ],
)
def test_an_answer_becomes_a_command_with_who_and_why(option, command, more):
    said = {"command": command, "words": ["--version", "2", *SIGNED, *more]}
    assert graph.decision("2", ANSWER | {"chosen_options": [option]}) == said


def test_the_engine_reads_name_and_reason_as_they_were_typed():
    words = hydra_arguments(graph.decision("2", ANSWER)["words"])
    parsed = {each.key_or_group: each.value() for each in map(OverridesParser.create().parse_override, words)}
    values = {key: f"{value}".replace("\\${", "${") for key, value in parsed.items()}
    assert values == {"person.version": "2", "person.reviewer": "Ann Lee", "person.reason": SIGNED[-1]}


def test_an_answer_of_nobody_has_no_name_so_that_the_engine_refuses_it():
    said = graph.decision("2", ANSWER | {"responded_by_user": None, "params_input": {}})
    assert said["words"] == ["--version", "2", "--reviewer", "", "--reason", ""]


def test_an_answer_closes_each_alarm_that_was_asked_about():
    answer = ANSWER | {"chosen_options": ["keep"]}
    closed = [["--run_id", run, "--decision", "keep", *SIGNED] for run in ("a", "b")]
    assert graph.closing(["a", "b"], answer) == closed


@pytest.mark.parametrize(
    "scored, is_backfill, has_its_own_folder",
    [
        ("", False, False),
        ("2025-12-31", False, False),
        ("2026-01-01", False, False),
        ("2026-01-02", False, True),
        ("2025-12-31", True, True),
    ],
)
def test_a_day_before_the_one_that_was_scored_last_has_a_folder_of_its_own(
    tmp_path, scored, is_backfill, has_its_own_folder
):
    if scored:
        (tmp_path / "current").mkdir()
        (tmp_path / "current/clv_ranked_predictions.csv").write_text(f"customer_id,as_of\na,{scored}\n")
    words = graph.words_of_day("2026-01-01", tmp_path, is_backfill)
    own = [f"outputs={tmp_path}/days/2026-01-01"]
    assert words == ["--as_of", "2026-01-01", *(own if has_its_own_folder else [])]
    assert graph.is_earlier_day(words) == has_its_own_folder


def test_the_graphs_read_what_the_monitor_and_the_review_wrote(trained):
    place = graph.Place(trained.outputs, "clv", "clv")
    look = graph.look(place)
    assert (look["verdict"], look["model_version"], look["open_alarms"]) == ("stable", "1", [])
    candidate = graph.candidate(place)
    assert candidate["version"] == "1" and Path(candidate["page"]).exists() and Path(look["page"]).exists()
    assert graph.scored_day(trained.outputs) == look["as_of"] == "2025-12-31"


@pytest.mark.parametrize("read", [graph.candidate, graph.look])
def test_nobody_is_asked_about_another_model_than_the_one_that_the_words_name(trained, read):
    with pytest.raises(graph.OtherModel, match="is about model clv, and these words name model clv_sales"):
        read(graph.Place(trained.outputs, "clv_sales", "clv_sales"))


def test_the_engine_says_where_words_lead_so_that_a_profile_may_say_it(tmp_path, monkeypatch):
    for name in ("entrypoints", "conf"):
        shutil.copytree(ROOT / name, tmp_path / name)
    (tmp_path / "clv").symlink_to(ROOT / "clv")
    profile = "# @package _global_\noutputs: outputs/sales\ntracking: {model_name: clv_sales}\n"
    (tmp_path / "conf/experiment/sales.yaml").write_text(profile)
    monkeypatch.setattr(graph, "ENGINE", tmp_path)
    monkeypatch.setattr(graph, "PYTHON", Path(sys.executable))
    place = graph.place(["profile=sales", "tracking.candidates=waiting", *graph.named(as_of="2026-01-01")])
    assert place == graph.Place(tmp_path / "outputs/sales", "clv_sales", "waiting")


def test_the_monitor_names_all_alarms_that_wait_for_a_person(copied):
    from clv.run import run_command

    late = copied.config("window.as_of='2026-01-29'", "monitor.evidently=off")  # a month without any order
    alarms = [run_command("monitor", late)[-1].tags["alarm_run"] for _ in range(2)]
    look = graph.look(graph.Place(copied.outputs, "clv", "clv"))
    assert (look["verdict"], look["as_of"], look["open_alarms"]) == ("alarm", "2026-01-29", alarms)


def test_the_engine_does_not_see_the_variables_of_the_scheduler(monkeypatch):
    theirs = {"AIRFLOW__CORE__FERNET_KEY", "_AIRFLOW_TOKEN", "PYTHONPATH", "VIRTUAL_ENV"}
    for name in (*theirs, "CLV_ALERT_URLS"):
        monkeypatch.setenv(name, "x")
    names = graph.environment().keys()
    assert "CLV_ALERT_URLS" in names and not theirs & names


def test_a_command_is_ended_with_all_its_processes(monkeypatch):
    monkeypatch.setattr(graph, "_GRACE_SECONDS", 0.5)
    stubborn = "trap '' TERM; sleep 60 & echo $!; wait; sleep 60"
    process = subprocess.Popen(["sh", "-c", stubborn], stdout=subprocess.PIPE, text=True, start_new_session=True)
    child = int(process.stdout.readline())
    graph.end(process)
    assert process.returncode == -9
    deadline = time.monotonic() + 10
    while is_running(child) and time.monotonic() < deadline:  # the kernel ends it after the signal, when it comes to it
        time.sleep(0.01)
    assert not is_running(child)


def is_running(process):
    try:
        return Path(f"/proc/{process}/stat").read_text().split()[2] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_no_file_of_the_graphs_imports_the_engine_and_the_words_import_no_scheduler():
    for path in DAGS.glob("*.py"):
        nodes = list(ast.walk(ast.parse(path.read_text())))
        names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
        names |= {node.module for node in nodes if isinstance(node, ast.ImportFrom)}
        packages = {name.partition(".")[0] for name in names}
        assert not packages & {"clv", "entrypoints"} and ("airflow" in packages) == (path.stem == "clv_dags"), path


def test_the_examples_in_the_words_hold():
    assert doctest.testmod(graph).failed == 0


def script(unit):
    """What a unit runs, as a shell reads it: systemd reads $$ as $, and %% as %."""
    start = unit_of(unit)["Service"]["ExecStart"].replace("$$", "$").replace("%%", "%")
    return re.sub(r"^/bin/sh -ec '(.*)'$", r"\1", start)


def unit_of(path):
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str
    unit.read_string(path.read_text())
    return unit


def said_by(shell, python):
    return subprocess.run(
        ["sh", "-ec", shell],
        text=True,
        capture_output=True,
        env={"CLV_PYTHON": python, "CLV_WORDS": "profile=sales", "PATH": "/bin:/usr/bin"},
    )


def cron():
    """What the line in /etc/cron.d runs; that shell has no word of this one."""
    line = re.search(r"^30 2 \* \* \*  clv  (.*)$", (ROOT / "docs/schedule.md").read_text(), re.M)[1]
    return line.replace("/etc/clv/clv.env", f"{ROOT}/deploy/systemd/clv.env; CLV_PYTHON=echo; CLV_WORDS=profile=sales")


@pytest.mark.parametrize(
    "shell, commands",
    [
        (script(ROOT / "deploy/systemd/clv-night.service"), list(graph.NIGHTLY)),
        (cron(), list(graph.NIGHTLY)),
        (script(ROOT / "deploy/systemd/clv-training.service"), list(graph.TRAINING)),
    ],
    ids=["night", "cron", "training"],
)
def test_units_and_cron_run_the_commands_of_the_graphs_as_of_today(shell, commands):
    lines = said_by(shell.replace("/srv/clv", str(ROOT)), "echo").stdout.splitlines()
    said = [sorted(re.sub(r"\d{4}-\d\d-\d\d$", "DAY", word) for word in line.split()[1:]) for line in lines]
    assert said == [["as_of=DAY", f"entrypoints.{command}", "profile=sales"] for command in commands]


def failing(folder, *codes):
    """An engine that ends with these codes, one after the other, and then with 0; it notes what it was called with."""
    path = folder / "python"
    (folder / "codes").write_text("".join(f"{code}\n" for code in codes))
    note = f"echo $2 >> {folder}/said; code=$(head -n 1 {folder}/codes); sed -i 1d {folder}/codes; exit ${{code:-0}}"
    path.write_text(f"#!/bin/sh\n{note}\n")
    path.chmod(0o755)
    return path


@pytest.mark.parametrize("codes, begun", [((65,), 1), ((0, 0, 75), 3), ((0,) * 7, 7)])
def test_a_night_ends_with_the_code_of_the_first_command_that_fails(tmp_path, codes, begun):
    done = said_by(ROOT / "deploy/night.sh", failing(tmp_path, *codes))
    said = [f"entrypoints.{command}" for command in list(graph.NIGHTLY)[:begun]]
    assert (done.returncode, (tmp_path / "said").read_text().split()) == (codes[-1], said)


@pytest.mark.parametrize(
    "codes, ended, tries",
    [((69, 75), 0, 3), ((137,), 0, 2), ((75,) * 4, 75, 3), ((1,), 1, 1), ((65,), 65, 1), ((74,), 74, 1)],
)
def test_the_container_tries_a_night_again_where_the_graphs_do(tmp_path, monkeypatch, codes, ended, tries):
    monkeypatch.setattr(nightly, "ALIVE", tmp_path / "alive")
    monkeypatch.setenv("CLV_PYTHON", str(failing(tmp_path, *codes)))
    assert nightly.night(["profile=sales"], pauses=(0, 0)) == ended
    assert (tmp_path / "said").read_text().split().count("entrypoints.check") == tries
    assert set(nightly.FINAL) == {0} | {code for code, meaning in graph.EXIT_CODES.items() if not meaning.again}


def test_a_container_that_is_stopped_ends_the_command_and_waits_until_it_has_ended(tmp_path):
    engine = tmp_path / "python"
    engine.write_text(
        f"#!/bin/sh\ntrap 'sleep 0.3; echo ended >> {tmp_path}/said; exit 143' TERM\necho begun >> {tmp_path}/said\nsleep 60 & wait\n"
    )
    engine.chmod(0o755)
    program = (
        f"import runpy, signal, pathlib; nightly = runpy.run_path({str(nightly.__file__)!r}); "
        "signal.signal(signal.SIGTERM, nightly['stop']); nightly['night']([])"
    )
    process = subprocess.Popen([sys.executable, "-c", program], env=os.environ | {"CLV_PYTHON": str(engine)})
    until = time.monotonic() + 30
    while not (tmp_path / "said").exists() and time.monotonic() < until:
        time.sleep(0.02)
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 143 and (tmp_path / "said").read_text().split() == ["begun", "ended"]


@pytest.mark.parametrize("name", ["night", "training"])
def test_the_units_try_again_where_the_graphs_do(name):
    service = unit_of(ROOT / f"deploy/systemd/clv-{name}.service")["Service"]
    codes = {int(code) for code in service["RestartPreventExitStatus"].split()}
    assert service["Restart"] == "on-failure"
    assert codes == {code for code, meaning in graph.EXIT_CODES.items() if not meaning.again}


@pytest.mark.parametrize(
    "file",
    ["deploy/night.sh", "deploy/airflow/dags/clv_dags.py", "docs/schedule.md", "docs/operations.md", "README.md"],
)
def test_wherever_the_commands_of_a_night_are_named_they_are_the_same_in_the_same_order(file):
    name = f"(?:{'|'.join(graph.NIGHTLY)})"
    lists = re.findall(rf"\b{name}(?:(?: | >> |`,\s`|`\sand\s`){name}\b){{3,}}", (ROOT / file).read_text())
    assert lists or file == "README.md"
    assert [re.findall(name, said) for said in lists] == [list(graph.NIGHTLY)] * len(lists)


def test_nobody_but_the_user_of_the_commands_reads_their_variables():
    text = (ROOT / "docs/schedule.md").read_text()
    assert "install -D -m 640 -o root -g clv deploy/systemd/clv.env /etc/clv/clv.env" in text
    assert nightly.NIGHT == ROOT / "deploy/night.sh" and os.access(nightly.NIGHT, os.X_OK)


@pytest.mark.skipif(
    not UNITS or subprocess.call(["which", "systemd-analyze"], stdout=-3), reason="no systemd-analyze on PATH"
)
def test_systemd_accepts_the_units(tmp_path):
    """Copies of them, for an engine that lies here."""
    units = [tmp_path / path.name for path in (*UNITS, *UNITS[0].parent.glob("*.timer"))]
    for unit in units:
        unit.write_text((UNITS[0].parent / unit.name).read_text().replace("/srv/clv", str(ROOT)))
    done = subprocess.run(["systemd-analyze", "verify", *units], text=True, capture_output=True)
    assert done.returncode == 0, done.stderr
