"""A review is opened by the monitor and closed by a person; alerts go out for real, to a local web server and a local SMTP server."""

import http.server
import json
import socket
import threading

import pandas as pd
import pytest
from aiosmtpd.controller import Controller
from stores import artifacts, client, newest_run

from clv.errors import UserError
from clv.registry import ledger
from clv.registry.standing import Standing
from clv.run import run_command


@pytest.fixture
def spoilt(copied):
    rows = pd.read_csv(copied.folder / "history.csv")
    rows["revenue"] *= 100
    rows.to_csv(copied.folder / "spoilt.csv", index=False)
    return lambda *overrides: copied.config(f"data.path={copied.folder}/spoilt.csv", *overrides)


@pytest.fixture
def web():
    """A local web server that keeps what it is sent."""
    got = []

    class Sink(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200 if "good" in self.path else 500)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Sink)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port, got
    server.shutdown()


def in_production():
    return Standing("clv").in_production().number


def closing(run, **values):
    chosen = {"run_id": run, "reviewer": "Ann Lee", "decision": "keep", "reason": "a price rise"} | values
    return [f"person.{key}='{value}'" for key, value in chosen.items() if value]


def test_an_alarm_is_a_tag_on_the_version_and_a_file_until_a_person_closes_it(copied, spoilt):
    run_command("monitor", spoilt())
    run = newest_run()
    key = f"alarm.{run.info.run_id}"
    assert run.data.tags["alarm"] == "open" and "alarm/opened.json" in artifacts(run.info.run_id)
    assert client().get_model_version("clv", in_production()).tags[key].startswith("open since ")
    run_command("acknowledge", copied.config(*closing(run.info.run_id)))
    closed = client().get_run(run.info.run_id)
    assert closed.data.tags["alarm"] == "closed" and "alarm/decision.json" in artifacts(run.info.run_id)
    assert client().get_model_version("clv", in_production()).tags[key].startswith("keep by Ann Lee on ")
    entry = ledger.entries(Standing("clv").texts)[-1]
    assert (entry["event"], entry["decision"], entry["alarm_run"]) == ("acknowledgement", "keep", run.info.run_id)
    with pytest.raises(UserError, match="is closed already: keep by Ann Lee"):
        run_command("acknowledge", copied.config(*closing(run.info.run_id)))


@pytest.mark.parametrize(
    "change, message",
    [
        ({"reviewer": ""}, "missing: reviewer"),
        ({"reason": ""}, "missing: reason"),
        ({"decision": "shrug"}, "person.decision=shrug is none of keep, retrain, redesign"),
        ({"run_id": "0" * 32}, "There is no run 0000"),
    ],
)
def test_an_alarm_is_not_closed_without_who_what_and_why(copied, change, message):
    with pytest.raises(UserError, match=message):
        run_command("acknowledge", copied.config(*closing("0" * 32, **change)))


def test_a_run_without_an_alarm_cannot_be_acknowledged(copied):
    run_command("features", copied.config())
    with pytest.raises(UserError, match="opened no alarm"):
        run_command("acknowledge", copied.config(*closing(newest_run().info.run_id)))


def test_one_message_an_alarm_goes_to_every_address_and_no_address_is_kept(copied, spoilt, web, monkeypatch):
    port, got = web
    mails = []

    class Keep:
        async def handle_DATA(self, server, session, envelope):
            mails.append(envelope.content.decode())
            return "250 OK"

    with socket.create_server(("127.0.0.1", 0)) as free:
        mail_port = free.getsockname()[1]
    post = Controller(Keep(), hostname="127.0.0.1", port=mail_port)
    post.start()
    secret = f"json://ann:s3cret@127.0.0.1:{port}/good"
    mail = f"mailto://127.0.0.1:{mail_port}?from=clv@example.com&to=ann@example.com&mode=insecure"
    monkeypatch.setenv("CLV_ALERT_URLS", f"{secret} {mail}")
    records = run_command("monitor", spoilt("alerts=apprise"))
    post.stop()
    run = newest_run()
    assert records[-1].tags["alert"] == "delivered 2 of 2" and len(got) == len(mails) == 1
    assert got[0]["title"] == f"Alarm: model clv, version {in_production()}, as of 2025-12-31"
    assert "Feature drift: " in got[0]["message"] and run.info.run_id in got[0]["message"]
    kept = json.dumps(run.to_dictionary())
    for name in artifacts(run.info.run_id):
        if not name.endswith(("parquet", "png")):
            kept += open(client().download_artifacts(run.info.run_id, name)).read()
    assert "s3cret" not in kept


def test_a_delivery_that_fails_is_a_warning_and_a_tag_and_the_run_goes_on(copied, spoilt, web, monkeypatch, capsys):
    port, _ = web
    monkeypatch.setenv(
        "CLV_ALERT_URLS", f"json://u:s3cret@127.0.0.1:{port}/bad json://u:s3cret@127.0.0.1:1/x nonsense:s3cret"
    )
    records = run_command("monitor", spoilt("alerts=apprise"))
    run = newest_run()
    assert run.info.status == "FINISHED" and run.data.tags["alert"].startswith(
        "delivered 0 of 3; address 1 of CLV_ALERT_URLS did not take"
    )
    assert len(records[-1].warnings) == 3 and "s3cret" not in str(records[-1].warnings) + "".join(capsys.readouterr())


def test_nobody_is_alerted_by_default_and_an_empty_variable_is_a_warning(copied, spoilt, monkeypatch):
    monkeypatch.delenv("CLV_ALERT_URLS", raising=False)
    assert "alert" not in run_command("monitor", spoilt())[-1].tags
    assert run_command("monitor", spoilt("alerts=apprise"))[-1].warnings == (
        "alert: the environment variable CLV_ALERT_URLS is empty",
    )


def test_an_address_in_the_configuration_is_refused_and_not_shown(trained):
    with pytest.raises(UserError) as error:
        trained.config("alerts.url_variables=['json://u:s3cret@host']")
    assert str(error.value) == (
        "configuration: alerts.url_variables holds an address with a password or a token in it."
        "\nHint: a secret comes by the name of an environment variable, as in conf/alerts/."
    )
