"""What a test asks of the tracking store, and an MLflow server of its own."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager, suppress

import mlflow

from clv.registry import ledger
from clv.registry.standing import Standing


def client():
    return mlflow.MlflowClient()


def everywhere():
    """The ids of all experiments but those of ledgers: runs are in that of their model."""
    found = client().search_experiments()
    return [each.experiment_id for each in found if not each.name.endswith("-ledger")]


def newest_run():
    return client().search_runs(everywhere(), order_by=["attributes.start_time DESC"], max_results=1)[0]


def description():
    """What the page of the newest run says."""
    return newest_run().data.tags["mlflow.note.content"]


def run_named(name, order="ASC"):
    return client().search_runs(everywhere(), f"tags.step = '{name}'", order_by=[f"attributes.start_time {order}"])[0]


def runs(step):
    """The runs of a step, newest first."""
    return client().search_runs(everywhere(), f"tags.step = '{step}'", order_by=["attributes.start_time DESC"])


def artifacts(run_id, path=""):
    found = client().list_artifacts(run_id, path)
    return {item.path for item in found if not item.is_dir} | {
        name for item in found if item.is_dir for name in artifacts(run_id, item.path)
    }


@contextmanager
def serving(folder, *options, **environment):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    stores = [
        "--backend-store-uri",
        f"sqlite:///{folder}/server.db",
        "--artifacts-destination",
        str(folder / "artifacts"),
    ]
    with (folder / "server.log").open("w") as log:
        process = subprocess.Popen(
            [*command, *stores, *options],
            stdout=log,
            stderr=log,
            cwd=folder,
            start_new_session=True,
            env=os.environ | {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"} | environment,  # seven processes that wait
        )
        try:
            await_health(f"http://127.0.0.1:{port}", process)
            yield f"http://127.0.0.1:{port}"
        finally:
            ended(process)


def ended(process):
    """Ends a server and whatever it started, also where it has ended by itself, or the machine is too busy for a gentle end."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with suppress(subprocess.TimeoutExpired):
            process.wait(20)


def await_health(address, process):
    for _ in range(600):
        assert process.poll() is None, "mlflow server ended"
        try:
            return urllib.request.urlopen(f"{address}/health", timeout=2)
        except OSError:
            time.sleep(0.1)
    raise TimeoutError(address)


def alias_table(name="clv"):
    return Standing(name).aliases


def entries(name="clv"):
    return ledger.entries(Standing(name).texts)


def tags(version, name="clv"):
    return client().get_model_version(name, version).tags
