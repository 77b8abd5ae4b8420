"""How long an answer takes, of `mlflow models serve` and of `serve`, beside each other: python -m benchmarks.serving [REQUESTS]

Both serve the version of model clv that is in production on MLFLOW_TRACKING_URI, as processes of this machine. They are asked in turn for
one customer of the bundled sample, another one each time, and for 1,000 at once (a tenth of the requests): the milliseconds that a client
waits (p50, p99), and those of CPU that the server spends on an answer.
"""

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parents[1]
AS_OF, MANY = "2026-07-01", 1000
_TICKS = os.sysconf("SC_CLK_TCK")


class Server:
    """A process that answers on a port of loopback. path: that is asked.   asking: rows -> content."""

    def __init__(self, name: str, process: subprocess.Popen, port: int, path: str):
        self.name, self._process, self._path = name, process, path
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def ask(self, rows: list[dict[str, Any]]) -> tuple[float, int]:
        """Returns the seconds until the answer is there, and its number of customers."""
        content = {"purchases": rows, "as_of": AS_OF}
        if self._path == "/invocations":
            content = {"dataframe_records": rows, "params": {"as_of": AS_OF}}
        body, begun = json.dumps(content), time.perf_counter()
        self._connection.request("POST", self._path, body, {"Content-Type": "application/json"})
        answer = self._connection.getresponse()
        text = answer.read()
        took = time.perf_counter() - begun
        if answer.status != 200:
            raise SystemExit(f"{self.name}: {answer.status} {text[:500]!r}")
        return took, len(json.loads(text)["predictions"])

    def cpu(self) -> float:
        """Returns the CPU seconds of the process and of all below it so far."""
        stats = {}
        for path in Path("/proc").glob("[0-9]*/stat"):
            with suppress(OSError):
                fields = path.read_text().rpartition(")")[2].split()
                stats[int(path.parent.name)] = int(fields[1]), int(fields[11]) + int(fields[12])
        mine = {self._process.pid}
        while more := {pid for pid, (parent, _) in stats.items() if parent in mine} - mine:
            mine |= more
        return sum(stats[pid][1] for pid in mine if pid in stats) / _TICKS


@contextmanager
def started(words: list[str], folder: Path) -> Iterator[tuple[subprocess.Popen, Path]]:
    log = folder / f"{len(list(folder.iterdir()))}.log"
    environment = os.environ | {"PYTHONUNBUFFERED": "1", "PYTHONPATH": str(ROOT)}
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    with log.open("w") as file:
        process = subprocess.Popen(words, stdout=file, stderr=file, env=environment, start_new_session=True)
    try:
        yield process, log
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        process.wait(20)


def awaited(process: subprocess.Popen, log: Path, pattern: str) -> str:
    for _ in range(1200):
        if found := re.search(pattern, log.read_text()):
            return found[1]
        if process.poll() is not None:
            break
        time.sleep(0.1)
    raise SystemExit(log.read_text())


@contextmanager
def both() -> Iterator[list[Server]]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    theirs = [
        sys.executable,
        "-m",
        "mlflow",
        "models",
        "serve",
        "-m",
        "models:/clv@production",
        "--env-manager",
        "local",
    ]
    ours = [sys.executable, "-m", "entrypoints.serve", "serve.port=0"]
    with tempfile.TemporaryDirectory() as name, started(ours, Path(name)) as (mine, our_log):
        our_port = awaited(mine, our_log, r"serving at http://127.0.0.1:(\d+)")
        with started([*theirs, "--host", "127.0.0.1", "--port", str(port)], Path(name)) as (other, log):
            awaited(other, log, "Application startup (complete)")
            yield [
                Server("mlflow models serve", other, port, "/invocations"),
                Server("serve", mine, int(our_port), "/predict"),
            ]


def measured(servers: list[Server], requests: list[list[dict[str, Any]]]) -> pd.DataFrame:
    """Asks each server in turn. Returns: a row for each: p50, p99 and CPU in milliseconds, customers in the last answer."""
    for server in servers:
        [server.ask(requests[0]) for _ in range(3)]
    begun = [server.cpu() for server in servers]
    took = [[server.ask(rows) for server in servers] for rows in requests]
    rows = []
    for number, server in enumerate(servers):
        waits = 1000 * np.array([each[number][0] for each in took])
        spent = 1000 * (server.cpu() - begun[number]) / len(requests)
        rows.append([server.name, took[-1][number][1], *np.percentile(waits, [50, 99]), spent])
    return pd.DataFrame(rows, columns=["server", "customers", "p50_ms", "p99_ms", "cpu_ms"])


def main() -> None:
    number = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    table = pd.read_csv(ROOT / "data/raw/transactions.csv", dtype={"customer_id": str})
    ordered = table.loc[table["revenue"] > 0, "customer_id"].unique()
    chosen = np.random.default_rng(7).permutation(ordered)
    by_customer = {customer: rows.to_dict("records") for customer, rows in table.groupby("customer_id")}
    one = [by_customer[customer] for customer in chosen[:number]]
    many = [row for customer in chosen[:MANY] for row in by_customer[customer]]
    with both() as servers:
        found = pd.concat([measured(servers, one), measured(servers, [many] * max(number // 10, 10))])
    print(
        f"{number} requests for one customer, {max(number // 10, 10)} for {MANY:,} customers with {len(many):,} purchases"
    )
    print(found.round(1).to_string(index=False))


if __name__ == "__main__":
    main()
