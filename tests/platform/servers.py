"""The parts of a platform, each a real program on loopback, set up by the files of deploy/compose: an object store, MLflow with accounts on
PostgreSQL, a reverse proxy before it.
"""

import os
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from databases import Postgresql, free_port
from helpers import ROOT

COMPOSE = ROOT / "deploy/compose"
STORES = ("--backend-store-uri", "postgresql+psycopg:///mlflow", "--artifacts-destination", "s3://mlflow/artifacts")
SERVER = (*STORES, "--app-name", "basic-auth", "--workers", "2", "--uvicorn-opts", "--timeout-graceful-shutdown 2")


def program(name: str) -> str:
    """The path of a program; the test is skipped where there is none."""
    found = shutil.which(name, path=os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))
    if found is None:
        pytest.skip(f"there is no program {name} here; make test-platform installs all but hadolint")
    return found


@contextmanager
def running(folder: Path, command: list[str], address: str, **environment: str) -> Iterator[None]:
    """A program that ends with the block, which begins once something answers at the address."""
    with (folder / f"{Path(command[0]).name}.log").open("a") as log:
        process = subprocess.Popen(
            command, stdout=log, stderr=log, cwd=folder, start_new_session=True, env=os.environ | environment
        )
        try:
            _await_answer(address, process)
            yield
        finally:
            os.killpg(process.pid, 15)
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, 9)
                process.wait()


def _await_answer(address: str, process: subprocess.Popen) -> None:
    for _ in range(600):
        assert process.poll() is None, f"{process.args[0]} ended"
        try:
            urllib.request.urlopen(address, timeout=2).close()
            return
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.1)
    raise TimeoutError(address)


@contextmanager
def object_store(folder: Path) -> Iterator[str]:
    """The address of SeaweedFS, with the account of secrets/store_accounts.json."""
    (folder / "objects").mkdir()
    ports = {
        f"-{part}.port{kind}": free_port() for part in ("master", "volume", "filer", "s3") for kind in ("", ".grpc")
    }
    command = [program("weed"), "server", "-dir=objects", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-s3"]
    command += ["-s3.config=secrets/store_accounts.json", "-s3.port.iceberg=0", "-s3.port.lance=0"]
    command += ["-master.telemetry=false", "-volume.preStopSeconds=0", "-volume.max=20"]
    address = f"http://127.0.0.1:{ports['-s3.port']}"
    with running(folder, [*command, *(f"{key}={value}" for key, value in ports.items())], f"{address}/healthz"):
        yield address


@contextmanager
def proxy(folder: Path, address: str) -> Iterator[str]:
    """The address of MLflow below a path."""
    site = f"http://127.0.0.1:{free_port()}"
    command = [program("caddy"), "run", "--adapter", "caddyfile", "--config", str(COMPOSE / "Caddyfile")]
    named = {"CLV_SITE": site, "CLV_TLS": "", "CLV_SERVER": address.removeprefix("http://")}
    with running(folder, command, site, **named, XDG_DATA_HOME=str(folder), XDG_CONFIG_HOME=str(folder)):
        yield f"{site}/mlflow"


@dataclass(frozen=True)
class Platform:
    """site: the address of MLflow, as people know it.   objects: that of the object store.   folder: has secrets/ and the logs."""

    site: str
    objects: str
    folder: Path

    def secret(self, name: str) -> str:
        return (self.folder / "secrets" / name).read_text().strip()

    def set_up(self, **environment: str) -> None:
        """The bucket, the account of the engine and, with CLV_WEBHOOK_URL, the webhook."""
        named = {"CLV_SECRETS": str(self.folder / "secrets"), "MLFLOW_TRACKING_URI": self.site}
        named |= {"MLFLOW_S3_ENDPOINT_URL": self.objects} | environment
        subprocess.run([sys.executable, COMPOSE / "setup.py"], check=True, env=os.environ | named)


@contextmanager
def platform(folder: Path, database: Postgresql, **environment: str) -> Iterator[Platform]:
    """MLflow with two workers and accounts. environment: more variables of its server."""
    from stores import serving

    shutil.copy(COMPOSE / "secrets.sh", folder)
    subprocess.run(["sh", folder / "secrets.sh"], check=True)
    with psycopg.connect(_of(database), autocommit=True) as connection:
        for name in ("mlflow", "accounts"):
            connection.execute(f"CREATE DATABASE {name}")
    with object_store(folder) as objects:
        made = Platform("", objects, folder)
        secrets = {
            "AWS_ACCESS_KEY_ID": "store_key",
            "AWS_SECRET_ACCESS_KEY": "store_secret",
            "MLFLOW_AUTH_ADMIN_PASSWORD": "admin_password",
            "MLFLOW_FLASK_SERVER_SECRET_KEY": "flask_key",
            "MLFLOW_WEBHOOK_SECRET_ENCRYPTION_KEY": "webhook_encryption_key",
        }
        known = {name: made.secret(file) for name, file in secrets.items()} | database.environment
        known |= {"MLFLOW_AUTH_CONFIG_PATH": str(COMPOSE / "auth.ini"), "MLFLOW_S3_ENDPOINT_URL": objects}
        with serving(folder, *SERVER, AWS_DEFAULT_REGION="us-east-1", **known, **environment) as address:
            with proxy(folder, address) as site:
                made = Platform(site, objects, folder)
                made.set_up()
                yield made


def _of(database: Postgresql) -> str:
    names = {"PGHOST": "host", "PGPORT": "port", "PGUSER": "user", "PGPASSWORD": "password"}
    known = [f"{names[name]}={value}" for name, value in database.environment.items()]
    return " ".join([*known, "dbname=postgres"])
