"""Secrets come by the name of an environment variable and show nowhere: store, artifacts, outputs, terminal."""

import os
import re
import subprocess
import sys
from dataclasses import fields

import pytest
import yaml
from helpers import ROOT, composed

from clv import config
from clv.config.logged import SECTIONS
from clv.errors import UserError
from clv.tracking.address import without_password

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
