"""Who may start a look at the ledger by a webhook, and how many looks many events are."""

import importlib.util
import json
import sys
import time

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from helpers import ROOT

SPEC = importlib.util.spec_from_file_location("receiver", ROOT / "deploy/webhook/receiver.py")
receiver = sys.modules["receiver"] = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(receiver)

SECRET = "a secret of the test"
ONE_LINE = "import sys, time; time.sleep({}); open({!r}, 'a').write(sys.argv[1] + '\\n'); sys.exit({})"


def event(name="clv", alias="production", entity="model_version_alias", action="created"):
    data = {"name": name, "alias": alias, "version": "2"}
    return json.dumps({"entity": entity, "action": action, "timestamp": "2026-07-01", "data": data}).encode()


def headers(body, delivery="one", late=0, secret=SECRET, **other):
    moment = str(int(time.time()) - late)
    signed = receiver.sign(secret, delivery, moment, body)
    named = {"X-MLflow-Signature": signed, "X-MLflow-Delivery-Id": delivery, "X-MLflow-Timestamp": moment} | other
    return {name: value for name, value in named.items() if value is not None}


@pytest.fixture
def looked(tmp_path):
    return tmp_path / "looked"


def client(looked, seconds=0.0, code=0, **settings):
    command = (sys.executable, "-c", ONE_LINE.format(seconds, str(looked), code))
    return TestClient(receiver.app(receiver.Settings(SECRET, ("clv",), command, pauses=(0, 0), **settings)))


def lines(looked, number):
    """The models that were looked at, once there are so many."""
    for _ in range(200):
        found = looked.read_text().split() if looked.exists() else []
        if len(found) >= number:
            return found
        time.sleep(0.05)
    raise TimeoutError(found)


def test_a_move_of_the_alias_starts_one_look_at_its_model(looked):
    with client(looked) as sender:
        for action, delivery in (("created", "one"), ("deleted", "two")):
            body = event(action=action)
            answer = sender.post("/ledger-look", content=body, headers=headers(body, delivery))
            assert (answer.status_code, answer.json()) == (202, {"answer": "a look begins"})
            lines(looked, 1 if delivery == "one" else 2)
        time.sleep(0.2)
        assert sender.get("/health").json() == {"looks": 2, "last_exit_code": 0}
    assert looked.read_text().split() == ["tracking.model_name=clv"] * 2


@pytest.mark.parametrize(
    "changes, status",
    [
        ({"X-MLflow-Signature": None}, 401),
        ({"X-MLflow-Signature": "v1,"}, 401),
        ({"X-MLflow-Signature": "v1,é".encode("latin-1")}, 401),
        ({"X-MLflow-Timestamp": None}, 401),
        ({"X-MLflow-Timestamp": "1"}, 401),
        ({"X-MLflow-Delivery-Id": None}, 401),
        ({"X-MLflow-Delivery-Id": "another"}, 401),
        ({"secret": "another secret of 16"}, 401),
        ({"late": 301}, 401),
        ({"late": -301}, 401),
        ({"late": 290}, 202),
    ],
)
def test_what_is_not_signed_by_who_has_the_secret_in_the_last_minutes_is_refused(looked, changes, status):
    body = event(name="another")
    with client(looked) as sender:
        assert sender.post("/ledger-look", content=body, headers=headers(body, **changes)).status_code == status
    assert not looked.exists()


def test_a_signed_moment_that_is_no_number_is_refused(looked):
    body = event()
    for moment in ("now", "-1", "1e9", "9" * 400, "²"):
        named = {
            "X-MLflow-Timestamp": moment.encode(),
            "X-MLflow-Signature": receiver.sign(SECRET, "one", moment, body),
        }
        with client(looked) as sender:
            assert sender.post("/ledger-look", content=body, headers=headers(body) | named).status_code == 401


def test_a_body_that_was_changed_or_has_no_end_is_refused(looked):
    body = event(name="another")
    with client(looked) as sender:
        assert sender.post("/ledger-look", content=event(), headers=headers(body)).status_code == 401
        endless = (b" " * 10_000 for _ in range(10_000))
        assert sender.post("/ledger-look", content=endless, headers=headers(b"")).status_code == 413
        for nonsense in (
            b"",
            b"{",
            b"[]",
            b"{}",
            b'{"entity": "model_version_alias", "action": "created", "data": {}}',
        ):
            assert sender.post("/ledger-look", content=nonsense, headers=headers(nonsense)).status_code == 400
    assert not looked.exists()


@pytest.mark.parametrize(
    "other", [{"name": "another"}, {"alias": "candidate"}, {"entity": "model_version_tag"}, {"action": "set"}]
)
def test_what_moves_no_version_of_our_models_into_production_starts_nothing(looked, other):
    body = event(**other)
    with client(looked) as sender:
        answer = sender.post("/ledger-look", content=body, headers=headers(body))
        assert (answer.status_code, answer.json()) == (202, {"answer": "nothing to look at"})
    assert not looked.exists()


def test_a_delivery_that_comes_again_starts_nothing(looked):
    body = event()
    with client(looked) as sender:
        answers = [sender.post("/ledger-look", content=body, headers=headers(body)).json()["answer"] for _ in range(3)]
        assert answers == ["a look begins", "nothing to look at", "nothing to look at"]
        assert lines(looked, 1) == ["tracking.model_name=clv"]


def test_many_events_are_one_look_after_the_one_that_runs(looked):
    body = event()
    with client(looked, seconds=1.5) as sender:
        for number in range(20):
            assert sender.post("/ledger-look", content=body, headers=headers(body, str(number))).status_code == 202
        assert sender.get("/health").json()["looks"] == 0, "it waited for the look"
        lines(looked, 2)
        time.sleep(2)
        assert sender.get("/health").json() == {"looks": 2, "last_exit_code": 0}


def test_a_look_that_fails_or_hangs_is_tried_again_and_the_next_event_is_heard(looked):
    body = event()
    with client(looked, code=69) as sender:
        for number, looks in (("one", 2), ("two", 4)):
            sender.post("/ledger-look", content=body, headers=headers(body, number))
            lines(looked, looks)
            time.sleep(0.2)
            assert sender.get("/health").json() == {"looks": looks, "last_exit_code": 69}
    with client(looked, seconds=60, limit=0.2) as sender:
        sender.post("/ledger-look", content=body, headers=headers(body))
        time.sleep(1.5)
        assert sender.get("/health").json() == {"looks": 2, "last_exit_code": 75}


def test_a_look_that_cannot_be_started_is_tried_again_shown_and_does_not_end_the_looks(tmp_path):
    body, command = event(), tmp_path / "look"
    settings = receiver.Settings(SECRET, ("clv",), (str(command),), pauses=(0, 0))
    with TestClient(receiver.app(settings)) as sender:
        sender.post("/ledger-look", content=body, headers=headers(body, "one"))
        time.sleep(0.3)
        assert sender.get("/health").json() == {"looks": 2, "last_exit_code": 71}
        command.symlink_to("/bin/true")
        sender.post("/ledger-look", content=body, headers=headers(body, "two"))
        time.sleep(0.3)
        assert sender.get("/health").json() == {"looks": 3, "last_exit_code": 0}


def test_without_a_secret_or_a_model_nothing_is_served(tmp_path, monkeypatch):
    for secret, models in (("", ("clv",)), ("too short", ("clv",)), (SECRET, ())):
        with pytest.raises(ValueError, match="A secret of at least 16 characters and the name of a model are needed"):
            receiver.Settings(secret, models)
    (tmp_path / "secret").write_text(f"{SECRET}\n")
    monkeypatch.setenv("CLV_WEBHOOK_SECRET_FILE", str(tmp_path / "secret"))
    assert isinstance(receiver.from_environment(), FastAPI)
