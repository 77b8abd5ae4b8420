"""The real process: a promotion while clients ask, a pinned version, an end within two seconds, and nothing of a customer in its log."""

import signal
import threading
import time

import pandas as pd
import pytest
from helpers import person
from processes import get, post, service
from test_serving import COLUMNS

from clv.run import run_command

pytestmark = pytest.mark.slow
MODEL = "served"
ROWS = [("secret-ann", "2025-06-01", 20.0), ("secret-ann", "2025-09-01", 35.0), ("secret-bob", "2025-08-01", 9.0)]
PURCHASES = pd.DataFrame(ROWS, columns=COLUMNS).to_dict("records")


def asked_until(stopped, address, answers):
    while not stopped.is_set():
        answers.append(post(address, {"purchases": PURCHASES, "as_of": "2026-01-01"}))


def test_a_promotion_is_served_while_four_clients_ask_and_no_request_fails(governed_project):
    project, answers, stopped = governed_project, [], threading.Event()
    with service(project, f"tracking.model_name={MODEL}", "serve.look_seconds=0.5") as (begun, address, log):
        clients = [threading.Thread(target=asked_until, args=(stopped, address, answers)) for _ in range(4)]
        [client.start() for client in clients]
        try:
            while len(answers) < 20:
                time.sleep(0.05)
            run_command("promote", project.config(*person("2")))
            promoted = time.monotonic()
            while answers[-1][1].get("version") != "2" and time.monotonic() < promoted + 20:
                time.sleep(0.05)
            served_after = time.monotonic() - promoted
            time.sleep(1)
        finally:
            stopped.set()
            [client.join(30) for client in clients]
        assert {status for status, _ in answers} == {200}
        by_version = {}
        for _, answer in answers:
            by_version.setdefault(answer["version"], set()).add(str(answer["predictions"]))
        assert set(by_version) == {"1", "2"} and {len(found) for found in by_version.values()} == {1}
        assert by_version["1"] != by_version["2"] and served_after < 20
        print(f"{len(answers)} answers; version 2 answered {served_after:.1f} s after its promotion")
        pinned = post(address, {"purchases": PURCHASES, "as_of": "2026-01-01", "version": "1"})[1]
        assert (pinned["version"], pinned["alias"]) == ("1", "") and {str(pinned["predictions"])} == by_version["1"]
        assert get(address, "health")[1]["version"] == "2" == get(address, "version")[1]["version"]
        assert post(address, {"purchases": [{"customer_id": "secret-cid", "order_date": "x", "revenue": 1}]})[0] == 422
        assert post(address, {"purchases": "secret-cid"})[0] == 400
        ended = time.monotonic()
        begun.send_signal(signal.SIGTERM)
        assert begun.wait(10) == 143 and time.monotonic() - ended < 2
        assert "secret" not in log.read_text() and "Stopped." in log.read_text()


def test_a_request_that_is_open_is_answered_before_the_end(governed_project):
    found = []
    with service(governed_project, f"tracking.model_name={MODEL}") as (begun, address, _):
        post(address, {"purchases": PURCHASES})
        client = threading.Thread(target=lambda: found.append(post(address, {"purchases": PURCHASES * 3000})))
        client.start()
        time.sleep(0.1)
        begun.send_signal(signal.SIGTERM)
        client.join(10)
        assert begun.wait(10) == 143
    assert found[0][0] == 200
