"""Secrets come by the name of an environment variable and show nowhere: store, artifacts, outputs, terminal."""

import os
import re
import subprocess
import sys
from dataclasses import fields

import pytest
import yaml
from helpers import ROOT, composed
from stores import client, everywhere

from clv import config
from clv.config.logged import SECTIONS
from clv.errors import InputError, UserError, hidden
from clv.run import run_command
from clv.tracking.address import without_password
from clv.wording import dead, literal

SECRET = "hunter2-planted"


def keys(section, prefix=""):
    for name, value in section.items():
        yield from keys(value, f"{prefix}{name}.") if isinstance(value, dict) else [prefix + name]


def test_every_key_that_makes_a_result_is_logged_and_no_text_of_a_person():
    found = composed(
        f"person.reason={SECRET}", f"readiness.people.auditor={SECRET}", f"ask.customer={SECRET}", f"alerts.ui={SECRET}"
    )
    logged = set(keys(config.loggable(found)))
    wanted = {
        name for name in config.names() if name.split(".")[0] in SECTIONS and name != "monitor.feature_drift.overrides"
    }
    assert wanted - logged == set() and {one.name for one in fields(found)} - set(SECTIONS) == {
        "person",
        "ask",
        "check",
        "readiness",
        "alerts",
        "segments",
        "serve",
    }
    assert SECRET not in config.as_yaml(found)


def test_a_text_that_no_field_declares_is_left_out():
    from clv.config.logged import LEFT_OUT, plain

    assert plain("anything") is LEFT_OUT and plain({"new_key": "anything", "days": 3}) == {"days": 3}


def test_the_logged_configuration_comes_back_as_it_was():
    found = composed(
        "data.path=a: b.csv", "window.as_of=2011-06-01", "features.moving=[tenure_days]", "experiment=half_year"
    )
    assert config.from_yaml(config.as_yaml(found), composed("person.reason=now")).data == found.data
    back = config.from_yaml(config.as_yaml(found), composed())
    assert config.loggable(back) == config.loggable(found)


@pytest.mark.parametrize(
    "value",
    [
        f"s3://key:{SECRET}@bucket/x.csv",
        f"https://host/x.csv?sig=1&X-Amz-Signature={SECRET}",
        f"postgresql://u:{SECRET}@h/db",
        f"https://a.blob.core.windows.net/c/x.csv?sv=2024-11-04&sig={SECRET}",
        f"https://host/x.csv?auth={SECRET}",
        f"https://host/x.csv?user=a&pwd={SECRET}",
        f"//ann:{SECRET}@host/x.csv",
        f"Server=db;Pwd={SECRET}",
    ],
)
@pytest.mark.parametrize("key", ["data.path", "outputs", "alerts.ui", "person.reason"])
def test_an_address_with_a_password_or_a_token_is_refused_without_showing_it(key, value):
    with pytest.raises(UserError, match=f"configuration: {key} holds an address with a password or a token") as error:
        composed(f"{key}='{value}'")
    assert SECRET not in str(error.value)


@pytest.mark.parametrize(
    "environment, expected",
    [
        ({}, {}),
        ({"MLFLOW_TRACKING_URI": "sqlite:////a@b/mlflow.db"}, {}),
        ({"MLFLOW_TRACKING_URI": "http://host:5000"}, {}),
        (
            {"MLFLOW_TRACKING_URI": f"https://ann%40x:{SECRET}@host:5000/path"},
            {
                "MLFLOW_TRACKING_URI": "https://host:5000/path",
                "MLFLOW_TRACKING_USERNAME": "ann@x",
                "MLFLOW_TRACKING_PASSWORD": SECRET,
            },
        ),
    ],
)
def test_name_and_password_leave_the_address_for_mlflows_variables(environment, expected):
    assert without_password(environment) == expected


def test_no_message_shows_the_password_of_an_address():
    assert str(UserError(f"The store at postgresql://u:{SECRET}@h:5432/db refused: http://a:{SECRET}@b")) == (
        "The store at postgresql://h:5432/db refused: http://b"
    )


@pytest.mark.parametrize(
    "text, shown",
    [
        (f"https://a.net/c/x.csv?sv=2024&sig={SECRET}", "https://a.net/c/x.csv?sv=...&sig=..."),
        (f"https://h/x?whatever_nobody_knows={SECRET}#a", "https://h/x?whatever_nobody_knows=...#a"),
        (f"//ann:{SECRET}@host/x", "//host/x"),
        (f"s3://k:{SECRET}/with@signs@bucket/x", "s3://bucket/x"),
        (f"Server=db;Uid=a;Pwd={SECRET};Port=1", "Server=db;Uid=a;Pwd=...;Port=1"),
        (f"Authorization: Bearer {SECRET}", "Authorization: ..."),
        (f"aws_secret_access_key = {SECRET}", "aws_secret_access_key = ..."),
        ("sqlite:////home/a@b/mlflow.db http://host:5000/a@b", "sqlite:////home/a@b/mlflow.db http://host:5000/a@b"),
        ("decision=keep design=3 -P version=2", "decision=keep design=3 -P version=2"),
    ],
)
def test_of_an_address_the_structure_alone_is_shown(text, shown):
    assert hidden(text) == shown


def test_a_run_keeps_the_structure_of_an_address_whose_tokens_name_nobody_knows(project):
    address = f"https://127.0.0.1:9/x.csv?t={SECRET}"
    found = composed(f"data.path='{address}'")
    assert config.loggable(found)["data"]["path"] == "https://127.0.0.1:9/x.csv?t=..." and found.data.path == address
    with pytest.raises(UserError):
        run_command("features", found, (f"data.path={address}",))
    runs = client().search_runs(everywhere())
    assert runs and SECRET not in str([run.to_dictionary() for run in runs])
    outputs = [path for path in project.rglob("*") if path.is_file() and SECRET.encode() in path.read_bytes()]
    assert [path.name for path in outputs] == []


def test_what_stands_in_a_file_that_is_refused_is_shown_and_not_logged(project):
    (project / "shadow").write_text(f"root:{SECRET}:19000\ndaemon:x:1\n")
    with pytest.raises(InputError, match=SECRET):
        run_command("features", composed("data.path=shadow"))
    (run,) = client().search_runs(everywhere())
    assert run.data.tags["failure_reason"] == "InputError: [MISSING_COLUMN] shadow:1: the terminal said why"
    held = [
        path.name for path in (project / "mlruns").rglob("*") if path.is_file() and SECRET.encode() in path.read_bytes()
    ]
    assert held == [] and SECRET.encode() not in (project / "mlflow.db").read_bytes()


@pytest.mark.parametrize(
    "name", ["<img src=http://x/a>.csv", "![a](http://x).csv", "a [b](http://x).csv", "[a]: http://x"]
)
def test_the_name_of_a_file_is_no_tag_picture_or_link_on_mlflows_pages(name):
    for shown in (literal(name), dead(f"**read**: {name}")):
        assert "<" not in shown and not re.search(r"(?<!\\)!\[|(?<!\\)\][(\[:]", shown)


def planted(tmp_path, *arguments, **environment):
    """Standard output and error of a real process of the engine with secrets all around it."""
    secrets = {
        "PLANTED": SECRET,
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "CLV_ALERT_URLS": f"json://ann:{SECRET}@127.0.0.1:9/",
    }
    command = [sys.executable, "-m", *arguments]
    done = subprocess.run(
        command,
        cwd=tmp_path,
        env=os.environ | secrets | {"PYTHONPATH": str(ROOT)} | environment,
        capture_output=True,
        text=True,
    )
    return done.returncode, done.stdout + done.stderr


def holders(*folders):
    """The files that hold the secret, databases and artifacts among them."""
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    assert files
    return [path for path in files if SECRET.encode() in path.read_bytes()]


def test_a_planted_secret_is_in_no_store_no_artifact_no_output_and_on_no_terminal(trained, tmp_path):
    address = f"sqlite:///{tmp_path}/mlflow.db"
    given = [f"data.path={trained.folder}/history.csv", "alerts=apprise", "alerts.ui=http://ui"]
    code, said = planted(tmp_path, "entrypoints.features", *given, MLFLOW_TRACKING_URI=address)
    assert code == 0 and SECRET not in said and holders(tmp_path) == []
    run = next(tmp_path.rglob("config.yaml"))
    assert set(yaml.safe_load(run.read_text())) == set(SECTIONS)
    code, said = planted(tmp_path, "entrypoints.features", "data.path='${oc.env:PLANTED}'", MLFLOW_TRACKING_URI=address)
    assert code == 1 and SECRET not in said and "Error: configuration: " in said and "Traceback" not in said
    assert holders(tmp_path) == []


@pytest.mark.slow
def test_a_password_in_the_tracking_servers_address_shows_nowhere(trained, server, tmp_path):
    address = server.replace("http://", f"http://ann:{SECRET}@")
    given = [f"data.path={trained.folder}/history.csv"]
    code, said = planted(tmp_path, "entrypoints.features", *given, MLFLOW_TRACKING_URI=address)
    assert code == 0 and SECRET not in said and holders(tmp_path) == []
    closed = re.sub(r":\d+$", ":9", address)
    for step in ("features", "promote"):
        fast = {
            "MLFLOW_TRACKING_URI": closed,
            "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
            "MLFLOW_HTTP_REQUEST_TIMEOUT": "2",
        }
        code, said = planted(tmp_path, f"entrypoints.{step}", *given, **fast)
        assert SECRET not in said and said
    assert holders(tmp_path) == []


@pytest.mark.slow
def test_an_alert_that_fails_shows_no_address(copied, tmp_path):
    rows = (copied.folder / "history.csv").read_text()
    (tmp_path / "history.csv").write_text(rows)
    config_words = [f"data.path={tmp_path}/history.csv", "alerts=apprise", "window.as_of=2025-12-01"]
    store = os.environ["MLFLOW_TRACKING_URI"]
    _, said = planted(copied.folder, "entrypoints.readiness", *config_words, MLFLOW_TRACKING_URI=store)
    assert SECRET not in said and "did not take the message" in said
    assert holders(copied.folder) == []
