"""The files of deploy/ by the programs that will read them, or by their linters. No Docker runs here."""

import json
import os
import subprocess

import pytest
from helpers import ROOT
from servers import program

FOLDER = ROOT / "deploy/compose"
HOST = {"CLV_HOST": "clv.example.com"}
pytestmark = pytest.mark.slow


def said(*command, **environment):
    ran = subprocess.run(
        [program(command[0]), *map(str, command[1:])], env=os.environ | environment, capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


def test_docker_compose_reads_the_file_and_asks_for_the_name_of_the_host():
    read = json.loads(said("docker-compose", "-f", FOLDER / "compose.yaml", "config", "--format", "json", **HOST))
    assert {"database", "objects", "server", "setup", "proxy", "webhook", "scheduler"} == read["services"].keys()
    assert "clv.example.com" in read["services"]["server"]["environment"]["MLFLOW_SERVER_ALLOWED_HOSTS"]
    with pytest.raises(AssertionError, match="the name by which people reach this platform"):
        said("docker-compose", "-f", FOLDER / "compose.yaml", "config")


def test_the_compose_file_is_of_the_specification():
    said("check-jsonschema", "--builtin-schema", "vendor.compose-spec", FOLDER / "compose.yaml")


def test_hadolint_finds_nothing():
    said("hadolint", "--failure-threshold", "info", ROOT / "deploy/Dockerfile")


@pytest.mark.parametrize(
    "site, tls, listens",
    [("https://clv.example.com:8443", "tls a.pem a.key", ":8443"), ("http://127.0.0.1:8080", "", ":8080")],
)
def test_caddy_reads_its_file(site, tls, listens):
    made = {"CLV_SITE": site, "CLV_TLS": tls, "CLV_SERVER": "server:5000"}
    server = json.loads(said("caddy", "adapt", "--config", FOLDER / "Caddyfile", **made))["apps"]["http"]["servers"][
        "srv0"
    ]
    assert server["listen"] == [listens] and ("tls_connection_policies" in server) == bool(tls)


@pytest.mark.parametrize("name", ["run.sh", "compose/secrets.sh", "compose/with_secrets.sh"])
def test_a_shell_reads_its_script(name):
    subprocess.run(["sh", "-n", ROOT / "deploy" / name], check=True)
