"""A PostgreSQL of a test's own, on loopback."""

import getpass
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

SECRET = "hunter2-planted"
OWNER = "ann"


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def binaries() -> Path | None:
    """The folder with PostgreSQL's programs; None where it is not installed."""
    beside = shutil.which("initdb")
    folders = [Path(beside).parent] if beside else sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    return next((folder for folder in reversed(folders) if (folder / "postgres").exists()), None)


@dataclass(frozen=True)
class Postgresql:
    """A server that may be stopped and started again."""

    programs: Path
    home: Path
    port: int

    @property
    def environment(self) -> dict[str, str]:
        """Where it is, and what opens it, as libpq reads it."""
        return {"PGHOST": "127.0.0.1", "PGPORT": str(self.port), "PGUSER": OWNER, "PGPASSWORD": SECRET}

    def run(self, program: str, *arguments: str) -> None:
        who = {"user": _account()} if os.getuid() == 0 else {}
        command = [str(self.programs / program), "-D", str(self.home / "data"), *arguments]
        subprocess.run(command, check=True, cwd=self.home, capture_output=program == "initdb", timeout=120, **who)

    def start(self) -> None:
        settings = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={self.home} -c fsync=off"
        self.run("pg_ctl", "-w", "-s", "-l", str(self.home / "log"), "-o", settings, "start")

    def stop(self, mode: str = "fast") -> None:
        self.run("pg_ctl", "-s", "-m", mode, "stop")


@contextmanager
def postgresql() -> Iterator[Postgresql]:
    """A new server; the test is skipped where there are no programs for it."""
    programs = binaries()
    if programs is None:
        pytest.skip("PostgreSQL is not installed: apt-get install postgresql")
    pytest.importorskip("psycopg")
    database = Postgresql(programs, Path(tempfile.mkdtemp(prefix="clv-pg-")), free_port())
    (database.home / "password").write_text(SECRET)
    if os.getuid() == 0:
        shutil.chown(database.home, _account())
        shutil.chown(database.home / "password", _account())
    database.run("initdb", "-U", OWNER, f"--pwfile={database.home}/password", "--auth=scram-sha-256", "--no-sync")
    database.start()
    try:
        yield database
    finally:
        database.stop("immediate")
        shutil.rmtree(database.home, ignore_errors=True)


def _account() -> str:
    """PostgreSQL does not run as root."""
    return "postgres" if os.getuid() == 0 else getpass.getuser()
