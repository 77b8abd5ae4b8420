"""What holds for every container of deploy/: pinned, not root, with a health check, and no password in a file of the project."""

import os
import re
import subprocess
from fnmatch import fnmatch
from pathlib import PurePath

import pytest
import yaml
from helpers import ROOT, composed

FOLDER = ROOT / "deploy/compose"
COMPOSE = yaml.safe_load((FOLDER / "compose.yaml").read_text())
DOCKERFILE = (ROOT / "deploy/Dockerfile").read_text()
IGNORED = (ROOT / ".dockerignore").read_text().split()
SERVICES = COMPOSE["services"]
IS_SECRET = re.compile("PASSWORD|SECRET|KEY|TOKEN")
BROUGHT = {"certificate.pem", "certificate.key", "alert_urls"}  # by whoever runs the platform

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
        made = {path.name: path.read_text() for path in (tmp_path / "secrets").iterdir() if path.name not in BROUGHT}
        (tmp_path / "secrets/alert_urls").write_text(
            urls := (tmp_path / "secrets/alert_urls").read_text() + "mailto://..."
        )
    assert made.keys() | BROUGHT == COMPOSE["secrets"].keys()
    assert len(set(made.values())) == len(made) and all(len(text) > 40 for text in made.values())
    assert urls == "mailto://..." * 2
    assert oct((tmp_path / "secrets").stat().st_mode)[-3:] == "700"
    places = {name: one["file"] for name, one in COMPOSE["secrets"].items()}
    assert places == {name: f"./secrets/{name}" for name in places}
    for ignored in (".gitignore", ".dockerignore"):
        assert "deploy/compose/secrets" in (ROOT / ignored).read_text()


def test_only_the_proxy_can_be_reached_from_outside():
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["proxy"]
    open_to_people = {name for name, service in SERVICES.items() if "people" in service["networks"]}
    assert open_to_people == {"proxy", "server"}
    ways_out = {name: service for name, service in SERVICES.items() if "out" in service["networks"]}
    assert ways_out.keys() == {"scheduler"} and "CLV_ALERT_URLS=alert_urls" in ways_out["scheduler"]["entrypoint"]
    assert {name for name, network in COMPOSE["networks"].items() if not network.get("internal")} == {"people", "out"}


def test_a_service_of_ours_has_a_process_that_waits_for_what_lost_its_parent():
    ours = [service for service in SERVICES.values() if service["image"].startswith("clv:")]
    assert len(ours) == 4 and all(service["init"] for service in ours)


def test_the_webhook_looks_at_the_models_that_reviewers_decide_about():
    named = {SERVICES[name]["environment"]["CLV_WEBHOOK_MODELS"] for name in ("webhook", "setup")}
    assert named == {"${CLV_WEBHOOK_MODELS:-clv}"}


def test_the_words_of_the_night_are_words_of_the_engine():
    words = SERVICES["scheduler"]["environment"]["CLV_WORDS"].replace("${CLV_HOST}", "clv.example.com")
    assert words.endswith(" ${CLV_WORDS:-}")
    assert composed(*words.split()[:-1]).alerts.ui == "https://clv.example.com/mlflow"


def test_every_file_that_a_container_uses_exists():
    text = (FOLDER / "compose.yaml").read_text()
    for name in re.findall(r"(?:/clv/)?(deploy/[\w./]+)", text) + [
        f"deploy/compose/{COMPOSE['configs']['Caddyfile']['file']}"
    ]:
        assert (ROOT / name).exists(), name
    for name in ("deploy/run.sh", "deploy/compose/with_secrets.sh", "deploy/compose/secrets.sh"):
        assert os.access(ROOT / name, os.X_OK), name


def test_the_image_copies_what_exists_and_what_docker_may_see():
    copied = {source for line in re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, re.M) for source in line.split()}
    assert all((ROOT / source).exists() for source in copied)
    assert copied == {line[1:] for line in IGNORED if line.startswith("!")} | {"deploy/requirements.lock"}
    assert {"clv", "conf", "entrypoints"} <= copied


@pytest.mark.parametrize(
    "name, is_seen",
    [
        ("clv/run.py", True),
        ("conf/experiment/sales.yaml", True),
        ("data/raw/transactions.csv", True),
        ("data/raw/orders.csv", False),
        ("data/orders.csv", False),
        ("deploy/compose/setup.py", True),
        ("deploy/compose/.env", False),
        ("deploy/compose/secrets/admin_password", False),
        ("deploy/airflow/dags/clv_dags.py", False),
        ("deploy/.venv/bin/python", False),
        ("clv/__pycache__/run.pyc", False),
        ("outputs/current/report.html", False),
        (".git/config", False),
    ],
)
def test_docker_sees_the_engine_and_nothing_that_a_person_put_beside_it(name, is_seen):
    whole = [name, *(str(folder) for folder in PurePath(name).parents)]
    last = [line for line in IGNORED if any(fnmatch("/" + part, "/" + line.lstrip("!")) for part in whole)][-1]
    assert last.startswith("!") == is_seen


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
