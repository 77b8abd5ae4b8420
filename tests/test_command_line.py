"""What a command line may say: values stay values on their way through MLflow, the shell and Hydra, and only keys of conf/ are set."""

import os
import shlex
import subprocess
from dataclasses import asdict

import pytest
from helpers import ROOT
from hydra import compose, initialize_config_dir
from mlflow.projects import _project_spec

from clv import config, hints
from clv.errors import UserError
from entrypoints import words as launch
from entrypoints.words import checked, hydra_arguments

PROJECT = _project_spec.load_project(str(ROOT))
PAYLOADS = [
    "$(touch marker)",
    "`touch marker`",
    "; touch marker",
    "&& touch marker",
    "| touch marker",
    "|| touch marker #",
    "a\ntouch marker\n",
    "' ; touch marker ; '",
    '" ; touch marker ; "',
    "'\"'\"'; touch marker; '",
    "${IFS}touch${IFS}marker",
    "$HOME * ? [a-z]",
    "~root",
    "> marker",
    "<(touch marker)",
    "--overrides=outputs=marker",
    "\u202e$(touch marker)\u00a0é",
    "%0atouch marker%0a",
    "{outputs} {0} $((1+1)) !!",
    "\\$(touch marker) \\",
    "${oc.env:HOME}",
]


def echoed(entry, given, folder):
    """What the entry point's program would get as its words, for each of the given parameters: MLflow's own commands, run by one shell,
    with an echo in the program's place."""
    program, commands = f"python -m entrypoints.{entry if entry != 'main' else 'full_pipeline'} ", []
    for parameters in given:
        command = PROJECT.get_entry_point(entry).compute_command(parameters, None)
        assert command.startswith(program)
        commands.append(command.replace(program, r"printf '%s\0' ", 1) + "; printf '\\0\\0'")
    found = subprocess.run(
        ["bash", "-c", "\n".join(commands)], cwd=folder, capture_output=True, text=True, check=True
    ).stdout
    return [words.split("\0") for words in found.split("\0\0\0")[:-1]]


@pytest.mark.parametrize("entry", sorted(PROJECT._entry_points))
def test_no_shell_runs_what_stands_in_a_parameter_and_it_arrives_as_it_was_written(entry, tmp_path):
    names = list(PROJECT.get_entry_point(entry).parameters)
    given = [dict(zip(names, (PAYLOADS * 2)[number:], strict=False)) for number in range(len(PAYLOADS))]
    got = echoed(entry, given, tmp_path)
    assert got == [[word for name, value in one.items() for word in (f"--{name}", value)] for one in given]
    assert os.listdir(tmp_path) == []


def composed_from(*arguments):
    with initialize_config_dir(launch.CONF, version_base="1.3"):
        return config.load(compose("config", checked(hydra_arguments(list(arguments)))))


def values(words):
    """Key -> value of the words of a command line."""
    overrides = [launch.parsed(word) for word in checked(hydra_arguments(words))]
    return {override.key_or_group: override.value() for override in overrides}


def pasted(command):
    """Key -> value of a printed command, when a shell takes it."""
    pairs = [word.split("=", 1) for word in shlex.split(command)[5:] if word != "-P"]
    return values([word for name, value in pairs for word in (f"--{name}", value)])


@pytest.mark.parametrize(
    "words",
    [
        ["experiment=half_year"],
        ["experiment=[half_year,deep_trees]"],
        ["data.path='my shop.csv'", "tracking.model_name=clv_my_shop"],
        ["experiment=half_year", "data.path='o\\'brien, \"x\".csv'"],
    ],
)
def test_a_printed_command_names_the_history_with_the_words_of_the_command_line(words):
    with hints.about(tuple(words)):
        assert pasted(hints.command("score")) == values(words)


@pytest.mark.parametrize(
    "arguments",
    [
        ["--profile", "half_year", "experiment=deep_trees"],
        ["--profile", "half_year", "--overrides", "experiment=[deep_trees]"],
        ["profile=half_year", "experiment=deep_trees"],
    ],
)
def test_a_profile_and_other_experiments_are_one_list(arguments):
    assert values(arguments) == {"experiment": ["half_year", "deep_trees"]}


@pytest.mark.parametrize("payload", PAYLOADS)
def test_hydra_keeps_a_text_and_an_override_of_it_is_refused_with_a_message(payload, monkeypatch):
    monkeypatch.setenv("HOME", "/planted")
    names = ("data_path", "version", "reviewer", "reason", "run_id", "decision", "at", "customer", "before", "after")
    found = composed_from(*(word for name in names for word in (f"--{name}", payload)))
    assert {found.data.path, *asdict(found.person).values(), found.ask.at, found.ask.after} == {payload, False}
    with pytest.raises(UserError) as error:
        composed_from("--overrides", payload)
    assert "planted" not in str(error.value)


@pytest.mark.parametrize("name", ["as_of", "horizon_days", "cutoffs", "despite_gates", "verify"])
@pytest.mark.parametrize("payload", ["$(touch marker)", "${oc.env:HOME}"])
def test_a_day_a_number_and_a_yes_are_nothing_else(name, payload, monkeypatch):
    monkeypatch.setenv("HOME", "/planted")
    with pytest.raises(UserError, match="configuration: ") as error:
        composed_from(f"--{name}", payload)
    assert "planted" not in str(error.value)


@pytest.mark.parametrize(
    "words, said",
    [
        (["hydra.run.dir=/elsewhere"], "hydra.run.dir: Hydra's own settings stay as they are"),
        (["+hydra.job.chdir=true"], "hydra.job.chdir: Hydra's own settings"),
        (["hydra/launcher=joblib"], "hydra/launcher: Hydra's own settings"),
        (["--config-dir", "/elsewhere"], "config-dir: there is no such key"),
        (["--config-name", "other"], "config-name: there is no such key"),
        (["--config-path=/elsewhere", ""], "cannot be read|there is no such key"),
        (["--experimental-rerun", "config.pickle"], "experimental-rerun: there is no such key"),
        (["-cn", "other"], "-cn is not a key=value"),
        (["-m"], "-m is not a key=value"),
        (["window.hroizon_days=hunter2"], "there is no such key.\nHint: did you mean window.horizon_days"),
        (["modle=hunter2"], "modle: there is no such key.\nHint: did you mean model\\? Every key and its unit"),
        (["--horizon_day", "30"], "horizon_day: there is no such key.\nHint: did you mean horizon_days\\? "),
        (["max_deph=4"], "max_deph: there is no such key.\nHint: did you mean model.max_depth\\? "),
        (["modell.max_deph=4"], "did you mean model.max_depth\\? "),
        (
            ["model=xgboost"],
            "Hint: did you mean model=xgboost_squared_error or model=xgboost_tweedie\\? The names are ",
        ),
        (["profile=half_yaer"], "has no file of that name.\nHint: did you mean experiment=half_year\\? "),
        (["+window.hroizon_days=hunter2"], "window.hroizon_days: there is no such key"),
        (["++window.hroizon_days=hunter2"], "window.hroizon_days: there is no such key"),
        (["+data.columns.password=hunter2"], "data.columns.password: there is no such key"),
        (["+extra=hunter2"], "extra: there is no such key"),
        (["+extra/group=hunter2"], "extra/group: there is no such key"),
        (["model@data=btyd"], "model: there is no such key"),
        (["~model.rounds"], "model.rounds: a key cannot be taken out"),
        (["~alerts"], "alerts: a key cannot be taken out"),
        (["experiment=../../elsewhere/hunter2"], "a file of conf/experiment/ is named by letters"),
        (
            ["--profile", "hunter2"],
            "has no file of that name.\nHint: the names are deep_trees, half_year; `check` writes",
        ),
        (["experiment=[deep_trees,hunter2]"], "conf/experiment/ has no file of that name"),
        (["model=hunter2"], "conf/model/ has no file of that name.\nHint: the names are base_margin, blend, btyd, "),
        (["model.rounds=f(hunter2"], "model.rounds: its value cannot be read"),
        (["model.max_depth=3,4"], "model.max_depth: several values at once"),
        (["--overrides", "+data.password=hunter2"], "data.password: there is no such key"),
    ],
)
def test_a_command_line_sets_keys_of_conf_and_nothing_else(words, said):
    with pytest.raises(UserError, match=said) as error:
        checked(hydra_arguments(words))
    assert "hunter2" not in str(error.value)


@pytest.mark.parametrize(
    "words",
    [
        ["--multirun", "model=blend,btyd", "model.max_depth=range(2,4)"],
        ["experiment=deep_trees", "alerts=apprise", "tracking=two_models"],
        ["+monitor.feature_drift.overrides.recency_days.warn_ks=0.2", "features.windows_days=[7,30]"],
        ["--cfg", "job", "seed=3"],
        ["monitor={alarm_at: alert}"],
    ],
)
def test_what_conf_knows_passes(words):
    assert checked(hydra_arguments(words)) == words


def test_a_sweep_says_which_keys_vary_and_how_many_jobs_it_has():
    arguments = ["--multirun", "model=glm,btyd", "seed=range(1,4)", "window=glob(*)", "clusters.k=4"]
    assert launch.sweeps(checked(arguments)) == {"model": 2, "seed": 3, "window": 3}


@pytest.mark.parametrize(
    "override", ["+data={password: hunter2}", "+window={hroizon_days: 3}", "+model.extra={a: {b: c}}", "+nobody=1"]
)
def test_no_key_outside_the_schema_passes_whatever_way_it_came(override):
    with pytest.raises(UserError, match="configuration: ") as error:
        with initialize_config_dir(launch.CONF, version_base="1.3"):
            config.load(compose("config", [override]))
    assert "hunter2" not in str(error.value)


@pytest.mark.parametrize(
    "value", ["${oc.env:PLANTED}", "${oc.decode:${oc.env:PLANTED}}", "a${oc.env:PLANTED}b", "${person.reviewer}"]
)
@pytest.mark.parametrize("key", ["data.path", "person.reason", "seed"])
def test_nothing_is_filled_in_from_the_environment(key, value, monkeypatch):
    monkeypatch.setenv("PLANTED", "hunter2")
    with pytest.raises(
        UserError, match=rf"configuration: {key}: \$\{{...\}} is not filled in.\nHint: write the value"
    ) as error:
        with initialize_config_dir(launch.CONF, version_base="1.3"):
            config.load(compose("config", [f"{key}='{value}'"]))
    assert "hunter2" not in str(error.value)
