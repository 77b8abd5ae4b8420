"""The accounts that deploy/compose/setup.py makes, on a real server: a reviewer may decide about what the engine's account made."""

import importlib.util
import re

import mlflow
import pytest
from helpers import ROOT, person
from mlflow.exceptions import MlflowException
from stores import alias_table, entries, serving

from clv.errors import UserError
from clv.registry.standing import Standing
from clv.run import run_command

SPEC = importlib.util.spec_from_file_location("setup_of_compose", ROOT / "deploy/compose/setup.py")
setup = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(setup)
ADMIN = "first-password-of-admin"
pytestmark = pytest.mark.slow


@pytest.fixture
def signed_in(tmp_path, monkeypatch):
    """A function that signs somebody in on a server with accounts."""
    ini = (ROOT / "deploy/compose/auth.ini").read_text()
    (tmp_path / "auth.ini").write_text(re.sub("database_uri = .*", f"database_uri = sqlite:///{tmp_path}/a.db", ini))
    secrets = {"MLFLOW_AUTH_CONFIG_PATH": str(tmp_path / "auth.ini"), "MLFLOW_AUTH_ADMIN_PASSWORD": ADMIN}
    secrets["MLFLOW_FLASK_SERVER_SECRET_KEY"] = "a secret of the test"
    with serving(tmp_path, "--app-name", "basic-auth", **secrets) as address:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", address)

        def as_(name, password):
            monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", name)
            monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", password)
            return mlflow.MlflowClient()

        yield as_


def test_an_account_has_the_password_of_its_file_and_only_a_missing_one_is_made(signed_in):
    signed_in("admin", ADMIN)
    for password in ("the-first-password", "the-second-password"):
        setup.make_account("engine", password)
    signed_in("engine", "the-second-password").search_experiments()
    with pytest.raises(MlflowException, match="401|not authenticated"):
        signed_in("engine", "the-first-password").search_experiments()
    with pytest.raises(MlflowException, match="401|not authenticated"):
        setup.make_account("another", "a-password-of-12")


def test_a_reviewer_decides_about_the_model_of_the_engine(trained, signed_in, tmp_path, capsys):
    def config(*words):
        return trained.config(f"outputs={tmp_path}/outputs", "model=btyd", *words)

    signed_in("admin", ADMIN)
    setup.make_account("engine", "a-password-of-12")
    with pytest.raises(SystemExit, match="There is no experiment clv, clv-ledger yet"):
        setup.make_reviewer("bob", ["clv"])
    signed_in("engine", "a-password-of-12")
    run_command("full_pipeline", config())
    run_command("train", config("model.probability_model=bg_nbd"))

    signed_in("admin", ADMIN)
    setup.make_account("bob", "a-password-of-bob")
    signed_in("bob", "a-password-of-bob")
    decided = config(*person(version=2), "person.despite_gates=true")
    with pytest.raises(UserError, match="(?s)Permission denied.*Hint: your account may not do this"):
        run_command("promote", decided)
    assert alias_table()["production"] == "1"

    signed_in("admin", ADMIN)
    setup.make_reviewer("bob", ["clv"])
    setup.make_reviewer("ann", ["clv"])
    first = re.findall("The first password of (.*): (.*)", capsys.readouterr().out)
    assert [name for name, _ in first] == ["ann"]
    signed_in("bob", "a-password-of-bob")
    run_command("promote", decided)
    assert alias_table()["production"] == "2" and entries()[-1]["entered_by"] == "bob"
    signed_in(*first[0])
    run_command("rollback", config(*person(reason="back")))
    run_command("review", config("person.version='2'"))
    run_command("reject", config(*person(version=2, reason="no")))
    assert alias_table()["production"] == "1"
    assert [entry["entered_by"] for entry in entries()] == ["engine", "bob", "ann", "ann"]
    assert Standing("clv").problems() == []
