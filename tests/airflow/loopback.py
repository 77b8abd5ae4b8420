"""A real Airflow on this machine: its own environment, sqlite, loopback alone; it ends with the test."""

import json
import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path

from helpers import ROOT

DEPLOYED = ROOT / "deploy/airflow"
PYTHON = Path(os.environ.get("CLV_AIRFLOW_PYTHON") or DEPLOYED / ".venv/bin/python")
PEOPLE = {"Ann Lee": "admin", "bob": "user"}
ENDS = ("success", "failed")
_PATIENCE = 300  # seconds for one thing to happen on a busy machine


class Airflow:
    """Args: folder: for its database, its logs, and what its processes say.   settings: environment variables of the graphs."""

    def __init__(self, folder: Path, **settings: str):
        self.folder, self.address = folder, f"http://127.0.0.1:{free_port()}"
        self.environment = {
            name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "PYTHON", "CLV_"))
        }
        self.environment |= settings | {
            "AIRFLOW_HOME": str(folder),
            "AIRFLOW__API__BASE_URL": self.address,
            "AIRFLOW__API__HOST": "127.0.0.1",
            "AIRFLOW__API__PORT": self.address.rpartition(":")[2],
            "AIRFLOW__API__SECRET_KEY": "a secret of this test",
            "AIRFLOW__API__WORKERS": "1",
            "AIRFLOW__API_AUTH__JWT_SECRET": "another secret of this test, of 64 characters for the signature...",
            "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "false",
            "AIRFLOW__CORE__DAGS_FOLDER": str(DEPLOYED / "dags"),
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{self.address}/execution/",
            "AIRFLOW__CORE__LOAD_EXAMPLES": "false",
            "AIRFLOW__CORE__PARALLELISM": "2",
            "AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL": "1",
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": ",".join(":".join(person) for person in PEOPLE.items()),
        }
        self.processes: list[subprocess.Popen] = []

    def command(self, *words: str, code: int = 0, **environment: str) -> str:
        """Runs `airflow WORDS` to its end, which has the exit code, and returns what it says."""
        done = subprocess.run(
            [str(PYTHON), "-m", "airflow", *words],
            cwd=self.folder,
            env=self.environment | environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=_PATIENCE,
        )
        assert done.returncode == code, done.stdout[-5000:]
        return done.stdout

    @contextmanager
    def running(self):
        """Its processes run until the end."""
        self.command("db", "migrate")
        try:
            self.processes = [self._start(name) for name in ("api-server", "scheduler", "dag-processor")]
            self.until(lambda: self._answers("/api/v2/version"))
            self.tokens = {name: self._token(name) for name in PEOPLE}
            self.until(lambda: self.get("/dags?limit=10")["total_entries"] == 3)
            yield self
        finally:
            for process in self.processes:
                os.killpg(process.pid, 15)
            for process in self.processes:
                try:
                    process.wait(30)
                except subprocess.TimeoutExpired:
                    os.killpg(process.pid, 9)
                    process.wait()

    def _start(self, name: str) -> subprocess.Popen:
        with (self.folder / f"{name}.log").open("w") as log:
            command = [str(PYTHON), "-m", "airflow", name]
            return subprocess.Popen(
                command, cwd=self.folder, env=self.environment, stdout=log, stderr=log, start_new_session=True
            )

    def _answers(self, path: str) -> bool:
        try:
            return bool(urllib.request.urlopen(self.address + path, timeout=5))
        except OSError:
            return False

    def _token(self, name: str) -> str:
        file = self.folder / "simple_auth_manager_passwords.json.generated"
        body = {"username": name, "password": json.loads(file.read_text())[name]}
        return self._ask("POST", "/auth/token", body)["access_token"]

    def get(self, path: str):
        return self._ask("GET", f"/api/v2{path}", None, "Ann Lee")

    def send(self, method: str, path: str, body: dict, by: str = "Ann Lee"):
        return self._ask(method, f"/api/v2{path}", body, by)

    def _ask(self, method: str, path: str, body: dict | None, by: str = ""):
        headers = {"Content-Type": "application/json"}
        headers |= {"Authorization": f"Bearer {self.tokens[by]}"} if by else {}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.address + path, data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.loads(answer.read() or "null")
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{error.code} {error.read().decode()[:500]}") from error

    def until(self, holds, seconds: float = _PATIENCE):
        """Returns what `holds` returns as soon as that is true."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            assert all(process.poll() is None for process in self.processes), f"a process ended: {self.folder}"
            if found := holds():
                return found
            time.sleep(2)
        raise AssertionError(f"it did not happen within {seconds:g} seconds; the logs are in {self.folder}")

    def trigger(self, dag: str, words: str, day: str | None = None) -> "Run":
        """Starts a run. day: its logical date."""
        body = {"logical_date": f"{day}T00:00:00Z" if day else None, "conf": {"words": words}}
        return Run(self, dag, self.send("POST", f"/dags/{dag}/dagRuns", body)["dag_run_id"])

    def runs(self, dag: str) -> list["Run"]:
        return [
            Run(self, dag, run["dag_run_id"]) for run in self.get(f"/dags/{dag}/dagRuns?order_by=run_after")["dag_runs"]
        ]


class Run:
    """A run of a graph."""

    def __init__(self, airflow: Airflow, dag: str, name: str):
        self.airflow, self.path = airflow, f"/dags/{dag}/dagRuns/{name}"

    @property
    def type(self) -> str:
        return self.airflow.get(self.path)["run_type"]

    @property
    def state(self) -> str:
        return self.airflow.get(self.path)["state"]

    @property
    def tasks(self) -> dict[str, str]:
        """Task -> state."""
        return {task["task_id"]: task["state"] for task in self._instances()}

    @property
    def tries(self) -> dict[str, int]:
        """Task -> how often it was tried."""
        return {task["task_id"]: task["try_number"] for task in self._instances()}

    def _instances(self) -> list[dict]:
        return self.airflow.get(f"{self.path}/taskInstances?limit=50")["task_instances"]

    def ended(self) -> str:
        """Returns the state at its end."""
        return self.airflow.until(lambda: (state := self.state) in ENDS and state)

    def reaches(self, task: str, state: str) -> None:
        """Waits until the task is in the state."""
        if (
            not self.airflow.until(lambda: self.tasks.get(task) == state or self.state in ENDS)
            or self.tasks[task] != state
        ):
            raise AssertionError(f"{self.path} ended before {task} was {state}: {self.tasks}")

    def question(self) -> dict:
        """Returns what a person is asked, once they are and have read it: Airflow 3.3.2 fails a task that is answered within two seconds,
        before its scheduler has noticed that the task waits.
        """
        self.reaches("ask", "awaiting_input")
        time.sleep(8)
        return self.airflow.get(f"{self.path}/taskInstances/ask/-1/hitlDetails")

    def answer(self, option: str, reason: str, by: str = "Ann Lee") -> None:
        body = {"chosen_options": [option], "params_input": {"reason": reason}}
        self.airflow.send("PATCH", f"{self.path}/taskInstances/ask/-1/hitlDetails", body, by)

    def clear(self, task: str) -> None:
        """Runs the task, and what comes after it, again."""
        dag, _, run = self.path.removeprefix("/dags/").partition("/dagRuns/")
        body = {
            "dag_run_id": run,
            "task_ids": [task],
            "include_downstream": True,
            "dry_run": False,
            "only_failed": False,
        }
        self.airflow.send("POST", f"/dags/{dag}/clearTaskInstances", body)

    def stop(self) -> None:
        """Ends the run, and what runs of it."""
        self.airflow.send("PATCH", self.path, {"state": "failed"})

    def log(self, task: str, number: int = 1, index: int = -1) -> str:
        """What a task said."""
        return json.dumps(self.airflow.get(f"{self.path}/taskInstances/{task}/logs/{number}?map_index={index}"))


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]
