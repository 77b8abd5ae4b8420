"""The set-up of docs/who_may_promote.md on a real server with MLflow's basic-auth app: whoever trains cannot move the alias."""

import mlflow
import pandas as pd
import pytest
from mlflow.exceptions import MlflowException
from mlflow.server import get_app_client
from stores import serving

from clv.errors import UserError
from clv.registry import ledger
from clv.registry.standing import Standing
from clv.run import run_command

INI = """[mlflow]
default_permission = READ
database_uri = sqlite:///{folder}/accounts.db
admin_username = admin
authorization_function = mlflow.server.auth:authenticate_request_basic_auth
auth_cache_ttl_seconds = 60
"""


@pytest.fixture
def signed_in(tmp_path, monkeypatch):
    """A function that signs somebody in, on a server with accounts for an analyst and a reviewer."""
    (tmp_path / "auth.ini").write_text(INI.format(folder=tmp_path))
    secrets = {
        "MLFLOW_AUTH_CONFIG_PATH": str(tmp_path / "auth.ini"),
        "MLFLOW_AUTH_ADMIN_PASSWORD": "first-password-of-admin",
    }
    secrets["MLFLOW_FLASK_SERVER_SECRET_KEY"] = "a secret of the test"
    with serving(tmp_path, "--app-name", "basic-auth", **secrets) as address:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", address)

        def as_(name, password="a-password-of-12", experiment="clv"):
            monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", name)
            monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", password)
            monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", experiment)
            return mlflow.MlflowClient()

        as_("admin", secrets["MLFLOW_AUTH_ADMIN_PASSWORD"], "Default")
        people = get_app_client("basic-auth", address)
        for name in ("analyst", "reviewer"):
            people.create_user(name, "a-password-of-12")
        yield as_


@pytest.mark.slow
def test_who_trains_registers_a_candidate_and_only_who_reviews_moves_the_alias(trained, signed_in, tmp_path, capsys):
    def config(*overrides):
        return trained.config("tracking=two_models", f"outputs={tmp_path}/outputs", "model=btyd", *overrides)

    decided = ("person.reason=better", "person.version=1")
    signed_in("analyst")
    run_command("train", config())
    assert Standing("clv-candidate").aliases == {"candidate": "1"} and Standing("clv").aliases == {}

    signed_in("reviewer", experiment="reviews")
    run_command("promote", config("person.reviewer=Bob Ray", *decided, "review.four_eyes=true"))
    assert Standing("clv").aliases == {"production": "1"}
    entry = ledger.entries(Standing("clv").texts)[-1]
    assert (entry["to"], entry["source"], entry["entered_by"]) == ("1", "clv-candidate/1", "reviewer")

    client = signed_in("analyst")
    run_command("score", config())
    assert set(pd.read_csv(tmp_path / "outputs/clv_ranked_predictions.csv")["model_version"]) == {1}
    run_command("train", config())
    for forbidden in (
        lambda: client.set_registered_model_alias("clv", "production", "1"),
        lambda: client.copy_model_version("models:/clv-candidate/2", "clv"),
        lambda: client.delete_registered_model_alias("clv", "production"),
        lambda: client.log_param(Standing("clv").ledger_run, "000002", "forged"),
        lambda: client.set_registered_model_tag("clv-ledger", "run", "another"),
    ):
        with pytest.raises(MlflowException, match="Permission denied"):
            forbidden()
    with pytest.raises(UserError, match="(?s)refused: .*Permission denied"):
        run_command("promote", config("person.reviewer=analyst", "person.reason=mine", "person.version=2"))
    assert Standing("clv").aliases == {"production": "1"} and Standing("clv").problems() == []

    signed_in("reviewer", experiment="reviews").copy_model_version("models:/clv-candidate/2", "clv")
    mlflow.MlflowClient().set_registered_model_alias("clv", "production", "2")  # in the UI
    signed_in("analyst")
    run_command("score", config())
    assert "It could not be entered: " in capsys.readouterr().out  # who scores may not write the ledger
    signed_in("reviewer", experiment="reviews")
    run_command("ledger", config())
    run_command("rollback", config("person.reviewer=Bob Ray", "person.reason=back"))
    events = [entry["event"] for entry in ledger.entries(Standing("clv").texts)]
    assert events == ["promotion", "promoted outside the ledger", "rollback"] and Standing("clv").problems() == []
