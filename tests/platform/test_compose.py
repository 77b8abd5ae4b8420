"""What holds for every container of deploy/: pinned, not root, with a health check, and no password in a file of the project."""

import os
import re
import subprocess

import pytest
import yaml
from helpers import ROOT

FOLDER = ROOT / "deploy/compose"
COMPOSE = yaml.safe_load((FOLDER / "compose.yaml").read_text())
DOCKERFILE = (ROOT / "deploy/Dockerfile").read_text()
SERVICES = COMPOSE["services"]
IS_SECRET = re.compile("PASSWORD|SECRET|KEY|TOKEN")
BROUGHT = {"certificate.pem", "certificate.key"}  # by whoever runs the platform

services = pytest.mark.parametrize("service", SERVICES.values(), ids=SERVICES.keys())


def images(text):
    return re.findall(r"^\s*(?:FROM|image:) (\S+)", text, re.M)


def test_every_image_is_pinned_by_its_version():
    named = images(DOCKERFILE) + images((FOLDER / "compose.yaml").read_text())
    assert len(named) >= 7 and [image for image in named if not re.search(r":\d+\.\d+", image)] == []


@services
def test_a_service_has_no_rights_that_it_does_not_need(service):
    user = service.get("user") or re.findall(r"^USER (\S+)", DOCKERFILE, re.M)[-1]
    assert user.partition(":")[0] not in ("", "0", "root")
    assert service["cap_drop"] == ["ALL"] and service["security_opt"] == ["no-new-privileges:true"]
    assert not {"privileged", "cap_add", "network_mode", "pid"} & service.keys()


@services
def test_a_service_says_whether_it_is_well(service):
    assert service["healthcheck"] == {"disable": True} or service["healthcheck"]["test"][0] == "CMD"
    ends = service["healthcheck"] == {"disable": True}
    assert ends == service["restart"].startswith("on-failure")


@services
def test_a_password_comes_from_a_file_of_its_own(service):
    named = {name: value for name, value in service.get("environment", {}).items() if IS_SECRET.search(name)}
    assert all(value.startswith("/run/secrets") for value in named.values())
    given = {word.partition("=")[2] for word in service.get("entrypoint", []) if "=" in word}
    files = {value.rpartition("/")[2] for value in named.values()} - {"secrets"}
    assert given | files <= set(service.get("secrets", []))


def test_every_secret_is_made_by_the_script_and_kept_out_of_git_and_of_the_image(tmp_path):
    (tmp_path / "secrets.sh").write_text((FOLDER / "secrets.sh").read_text())
    for _ in range(2):
        subprocess.run(["sh", tmp_path / "secrets.sh"], check=True)
        made = {path.name: path.read_text() for path in (tmp_path / "secrets").iterdir()}
    assert made.keys() | BROUGHT == COMPOSE["secrets"].keys()
    assert len(set(made.values())) == len(made) and all(len(text) > 40 for text in made.values())
    assert oct((tmp_path / "secrets").stat().st_mode)[-3:] == "700"
    places = {name: one["file"] for name, one in COMPOSE["secrets"].items()}
    assert places == {name: f"./secrets/{name}" for name in places}
    for ignored in (".gitignore", ".dockerignore"):
        assert "deploy/compose/secrets" in (ROOT / ignored).read_text()


def test_only_the_proxy_can_be_reached_from_outside():
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["proxy"]
    open_to_people = {name for name, service in SERVICES.items() if "people" in service["networks"]}
    assert open_to_people == {"proxy", "server"}
    assert {name for name, network in COMPOSE["networks"].items() if not network.get("internal")} == {"people"}


def test_every_file_that_a_container_uses_exists():
    text = (FOLDER / "compose.yaml").read_text()
    for name in re.findall(r"(?:/clv/)?(deploy/[\w./]+)", text) + [
        f"deploy/compose/{COMPOSE['configs']['Caddyfile']['file']}"
    ]:
        assert (ROOT / name).exists(), name
    for name in ("deploy/run.sh", "deploy/compose/with_secrets.sh", "deploy/compose/secrets.sh"):
        assert os.access(ROOT / name, os.X_OK), name


def test_the_image_copies_what_exists_and_what_docker_may_see():
    seen = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copied = {source for line in re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, re.M) for source in line.split()}
    assert all((ROOT / source).exists() for source in copied)
    assert {source.partition("/")[0] for source in copied} == seen
    assert {"clv", "conf", "entrypoints"} <= copied


def test_the_image_installs_locked_packages_with_hashes_and_keeps_no_installer():
    *_, last = DOCKERFILE.split("FROM ")
    installs = re.findall(r"pip install .*", DOCKERFILE)
    assert len(installs) == 2 and all("--require-hashes" in line for line in installs)
    assert "pip install" not in last and "apt-get" not in DOCKERFILE
    assert "MLFLOW_DISABLE_TELEMETRY=true" in last and "DO_NOT_TRACK=1" in last and "USER 1000:1000" in last


def test_secrets_are_in_the_environment_of_the_command_alone(tmp_path):
    (tmp_path / "one").write_text("it's a secret\n")
    command = [FOLDER / "with_secrets.sh", "NAME=one", "--", "sh", "-c", 'printf "%s|%s" "$NAME" "$1"', "sh", "a b"]
    ran = subprocess.run(command, env={"CLV_SECRETS": str(tmp_path), "PATH": os.environ["PATH"]}, capture_output=True)
    assert ran.stdout == b"it's a secret|a b"
    missing = subprocess.run(
        [FOLDER / "with_secrets.sh", "NAME=two", "--", "true"],
        env={"CLV_SECRETS": str(tmp_path), "PATH": os.environ["PATH"]},
        capture_output=True,
    )
    assert missing.returncode != 0
