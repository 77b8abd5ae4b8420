"""What a run does while the tracking server fails, over a real server behind a proxy that fails as servers do."""

import itertools
import json
import re
import shutil
import time

import filelock
import pytest
from faulty import Plan, faulty, from_call
from helpers import person
from mlflow.exceptions import MlflowException, RestException
from stores import alias_table, artifacts, client, runs, serving

from clv import tracking
from clv.errors import Unreachable, UserError
from clv.registry import registration, versions
from clv.registry.standing import Standing
from clv.run import run_command
from clv.tracking import faults, server, spool

QUICK = "tracking.patience_seconds=6"


@pytest.fixture(scope="module")
def behind(pipeline, tmp_path_factory):
    """A project whose server stands behind a proxy: a copy of the trained one, that has scored once over it."""
    folder = tmp_path_factory.mktemp("behind")
    pipeline.served_from(folder)
    with serving(folder) as address, faulty(address) as proxy, pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("MLFLOW_TRACKING_URI", proxy.address)
        patch.setattr(server, "PAUSES", (0, 0.1, 0.2))
        yield Behind(pipeline, folder / "outputs", proxy)


class Behind:
    def __init__(self, trained, outputs, proxy):
        self.trained, self.outputs, self.proxy = trained, outputs, proxy
        run_command("score", self.config())

    def config(self, *overrides):
        return self.trained.config(f"outputs={self.outputs}", *overrides)


@pytest.fixture
def failing(behind):
    """A function that lets the server fail as a plan says; nothing waits in the spool yet."""
    shutil.rmtree(behind.outputs / ".spool", ignore_errors=True)

    def fail(plan):
        behind.proxy.plan = plan
        server.begin(40)

    yield fail
    fail(Plan())


@pytest.mark.parametrize("step", ["score", "cluster", "monitor"])
def test_outputs_are_finished_without_the_server_and_its_log_is_delivered_once_by_the_next_command(
    behind, failing, step, capsys
):
    before = len(runs(step))
    failing(from_call(1, "killed"))
    run_command(step, behind.config(QUICK))
    said = capsys.readouterr().out
    assert "does not answer" in said and "mlflow run . -e sync" in said
    assert (step == "cluster") == ("when this machine last saw the registry" not in " ".join(said.split()))
    assert len(spool.waiting(behind.outputs)) == 1
    failing(Plan())
    run_command("sync", behind.config())
    assert "delivered from the spool: run " in capsys.readouterr().out
    run_command("sync", behind.config())
    found = runs(step)
    assert len(found) == before + 1 and found[0].info.status == "FINISHED" and spool.waiting(behind.outputs) == []
    assert f"metrics/{step}.csv" in artifacts(found[0].info.run_id, "metrics")


@pytest.mark.parametrize("step, most", [("score", 20), ("cluster", 12)])
def test_an_everyday_command_makes_few_calls_and_asks_nothing_twice(behind, failing, step, most):
    seen = []
    failing(Plan(lambda number, method, path: seen.append(f"{method} {path}")))
    run_command(step, behind.config())
    asked = [call for call in seen if call.startswith("GET")]
    assert len(seen) <= most and len(asked) == len(set(asked)), seen


def test_a_version_is_fetched_once_and_what_only_mlflow_reads_never(behind, failing):
    shutil.rmtree(behind.outputs / ".production")
    seen = []
    failing(Plan(lambda number, method, path: seen.append(path) if method == "GET" and "/artifacts/" in path else None))
    run_command("score", behind.config())
    assert 5 <= len(seen) <= 10 and not [path for path in seen if "/code/" in path], seen
    before = len(seen)
    run_command("score", behind.config())
    assert len(seen) == before


def test_a_name_that_leads_out_of_its_folder_is_not_fetched(behind, failing):
    with pytest.raises(server.Refused, match="../outside is no file below mlflow-artifacts:/1"):
        server.fetch("mlflow-artifacts:/1", ["MLmodel", "../outside"])


def test_a_server_that_comes_back_in_time_is_asked_again(behind, failing):
    failing(Plan(lambda number, method, path: "503" if number % 5 == 0 else None))
    run_command("cluster", behind.config())
    assert spool.waiting(behind.outputs) == []


def test_a_server_that_fails_halfway_gets_the_rest_later(behind, failing):
    for first in (3, 9, 14):
        failing(from_call(first, "reset"))
        run_command("cluster", behind.config(QUICK))
    failing(Plan())
    run_command("sync", behind.config())
    found = runs("cluster")[:3]
    assert [(run.info.status, artifacts(run.info.run_id, "metrics")) for run in found] == [
        ("FINISHED", {"metrics/cluster.csv"})
    ] * 3


@pytest.mark.parametrize("kind", ["empty", "log-in", "default 404", "endless", "garbage"])
def test_who_answers_in_the_servers_place_accuses_nobody(behind, failing, kind, capsys):
    before = len(runs("score"))
    failing(from_call(1, kind))
    run_command("score", behind.config(QUICK))
    assert "when this machine last saw the registry" in " ".join(capsys.readouterr().out.split())
    failing(Plan())
    run_command("sync", behind.config())
    found = runs("score")
    assert len(found) == before + 1 and found[0].info.status == "FINISHED" and spool.waiting(behind.outputs) == []


@pytest.mark.parametrize("kind", ["empty", "log-in"])
def test_a_page_in_place_of_a_file_is_no_file(behind, failing, kind, tmp_path):
    (tmp_path / "part.bin").write_bytes(b"1")
    run = client().create_run(client().create_experiment(f"files {kind}"))  # its files come through the server
    client().log_artifact(run.info.run_id, str(tmp_path / "part.bin"))
    assert server.download(run.info.artifact_uri, "part.bin").read_bytes() == b"1"
    files = "/mlflow-artifacts/artifacts/"
    failing(Plan(lambda number, method, path: kind if method == "GET" and files in path else None))
    with pytest.raises(Unreachable, match="does not answer: The following failures occurred while downloading"):
        server.download(run.info.artifact_uri, "part.bin")


def test_all_waiting_of_a_command_that_can_do_without_the_server_is_on_one_clock(behind, failing):
    """Calls that carry files, and those before the run begins, count like any other: at .9 s a call, four seconds are five calls."""
    failing(Plan(lambda number, method, path: "sluggish"))
    begun = time.monotonic()
    run_command("score", behind.config("tracking.patience_seconds=4"))
    assert time.monotonic() - begun < 4 + 8 and behind.proxy.plan.calls <= 5
    failing(Plan())
    run_command("sync", behind.config())


@pytest.mark.parametrize("kind", ["hung", "slow"])
def test_no_fault_holds_a_run_longer_than_its_patience(behind, failing, kind):
    failing(from_call(1, kind))
    begun = time.monotonic()
    run_command("cluster", behind.config("tracking.patience_seconds=3"))
    assert time.monotonic() - begun < 3 + 5


def once_its_run_is_there(kind):
    """Every call after that which begins the run."""
    seen = []

    def fault(number, method, path):
        is_begun = bool(seen)
        seen.extend([path] if "runs/create" in path else [])
        return kind if is_begun else None

    return fault


@pytest.mark.parametrize("step", ["train", "promote"])
def test_who_cannot_do_without_the_server_stops_with_exit_code_69_and_moves_nothing(behind, failing, step):
    moved, said = alias_table(), person(version=1) if step == "promote" else ["model=btyd"]
    failing(Plan(once_its_run_is_there("killed")))
    with pytest.raises(Unreachable) as error:
        run_command(step, behind.config(QUICK, *said))
    assert error.value.exit_code == 69 and "does not answer" in str(error.value)
    failing(Plan())
    assert alias_table() == moved
    run_command("sync", behind.config())
    assert runs(step)[0].info.status == "FAILED"


@pytest.mark.parametrize("path", ["model-versions/create", "registered-models/create", "runs/create"])
def test_a_lost_reply_makes_one_version_and_one_run(behind, failing, path):
    lost, name, before = iter(["lost"]), path.replace("/", "-"), len(runs("lost"))
    failing(Plan(lambda number, method, called: next(lost, None) if path in called else None))
    with tracking.run("lost", {}, tracking.Terms(behind.outputs, strict=True, model="clv")) as log:
        model = client().get_model_version("clv", "1")
        wanted = (name, model.source, log.run_id, {}, re.search("m-[0-9a-f]{32}", model.source)[0])
        number = registration.created(*wanted)
        assert registration.created(*wanted) == number
    assert next(lost, None) is None, "no call was lost"
    assert [version.version for version in client().search_model_versions(f"name='{name}'")] == [number]
    assert len(runs("lost")) == before + 1 and runs("lost")[0].info.status == "FINISHED"


def test_without_the_server_a_project_that_never_saw_a_version_says_so(behind, failing, tmp_path):
    failing(from_call(1, "killed"))
    with pytest.raises(Unreachable, match="does not answer"):
        run_command("score", behind.config(QUICK, f"outputs={tmp_path}/elsewhere"))


@pytest.mark.parametrize(
    "cause, is_fault",
    [
        (RestException({"error_code": "PERMISSION_DENIED", "message": "not yours"}), False),
        (RestException({"error_code": "INVALID_PARAMETER_VALUE", "message": "too long"}), False),
        (RestException({"error_code": "INTERNAL_ERROR", "message": "no"}), True),
        (RestException({"error_code": "TEMPORARILY_UNAVAILABLE", "message": "no"}), True),
    ],
)
def test_a_copy_that_the_server_refuses_is_no_outage_although_mlflow_calls_it_an_internal_error(cause, is_fault):
    wrapped = MlflowException(f"Failed to create model version copy.\nError: {cause}")
    wrapped.__cause__ = cause
    assert faults.is_fault(cause) == faults.is_fault(wrapped) == is_fault


def left_behind(behind, failing):
    """A journal in the spool; the server answers again."""
    failing(from_call(1, "killed"))
    run_command("cluster", behind.config(QUICK))
    failing(Plan())
    return spool.waiting(behind.outputs)[0]


def forged(journal, **changes):
    """The journal with an operation that no command left."""
    content = json.loads(journal.read_text())
    content["waiting"].insert(0, changes)
    journal.write_text(json.dumps(content))


def forged_link(path):
    folder = next(one for one in path.parent.iterdir() if one.is_dir())
    (folder / "key").symlink_to("/etc/hostname")


@pytest.mark.parametrize(
    "damage, why",
    [
        (
            lambda path: forged(path, kind="files", folder="/etc", files=["hostname"], path="x"),
            "is no folder of this log",
        ),
        (lambda path: forged(path, kind="files", folder="..", files=[], path="x"), "is no folder of this log"),
        (forged_link, "is no folder of this log"),
        (
            lambda path: forged(path, kind="version_tag", name="clv", number="1", key="files_sha256", value="0"),
            "no command leaves the tag files_sha256",
        ),
        (lambda path: path.write_text(path.read_text()[:200]), "Unterminated|Expecting|delimiter"),
        (lambda path: shutil.rmtree(next(one for one in path.parent.iterdir() if one.is_dir())), "files are missing"),
        (lambda path: path.write_text(path.read_text().replace('"experiment": null', '"experiment": "77"')), "77"),
    ],
    ids=[
        "a folder elsewhere",
        "the folder above",
        "a link",
        "a tag that vouches",
        "cut",
        "without its files",
        "refused by the server",
    ],
)
def test_what_cannot_be_delivered_is_put_aside_and_stops_no_later_command(behind, failing, damage, why, capsys):
    path = left_behind(behind, failing)
    damage(path)
    run_command("cluster", behind.config())
    said = capsys.readouterr().out
    aside = behind.outputs / ".spool/refused" / path.parent.name
    assert aside.exists() and str(aside) in said and re.search(why, said)
    assert spool.waiting(behind.outputs) == []


def test_two_deliveries_at_once_are_one(behind, failing):
    left_behind(behind, failing)
    with filelock.FileLock(behind.outputs / ".spool/lock"):
        assert spool.deliver(behind.outputs) == [
            f"another command is delivering what waits in {behind.outputs / '.spool'}"
        ]
    assert [line.split(":")[0] for line in spool.deliver(behind.outputs)] == ["delivered from the spool"]


def test_a_spool_and_a_kept_version_belong_to_the_server_they_came_from(behind, failing, monkeypatch):
    left_behind(behind, failing)
    there = behind.proxy.address
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    with pytest.raises(Unreachable):
        run_command("score", behind.config(QUICK))
    assert spool.others(behind.outputs) == {there: 1}
    assert list(spool.elsewhere(behind.outputs)) == [
        f"1 run in {behind.outputs / '.spool'} waits for {there}: name it with MLFLOW_TRACKING_URI to deliver it, or drop it with "
        f"mlflow run . -e sync -P drop={there}"
    ]


def test_what_waits_for_a_server_that_never_was_can_be_dropped_and_all_counts_agree(
    behind, failing, monkeypatch, capsys
):
    here, wrong = behind.proxy.address, "http://127.0.0.1:9"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", wrong)
    for _ in range(2):
        run_command("cluster", behind.config(QUICK))
    for step in ("train", "sync"):  # they need the server: they did nothing, and leave nothing
        with pytest.raises(Unreachable, match="does not answer: Connection refused."):
            run_command(step, behind.config(QUICK))
    monkeypatch.setenv("MLFLOW_TRACKING_URI", here)
    server.begin(40)
    assert run_command("sync", behind.config())[-1].summary == (
        "nothing waits for this server; 2 runs wait for another one"
    )
    assert f"2 runs in {behind.outputs}/.spool wait for {wrong}: " in capsys.readouterr().out
    with pytest.raises(UserError, match=f"waits for nowhere.\nHint: others wait for {wrong}."):
        run_command("sync", behind.config("ask.drop=nowhere"))
    dropped = run_command("sync", behind.config(f"ask.drop='{wrong}'"))[-1].summary
    assert dropped == f"dropped 2 runs that waited for {wrong}"
    run_command("sync", behind.config())
    assert "wait for" not in capsys.readouterr().out.partition(dropped)[2]


def cut_lists():
    lists = itertools.count()
    return Plan(lambda number, method, path: "empty" if "artifacts?path" in path and next(lists) >= 2 else None)


@pytest.mark.parametrize(
    "plan, why",
    [(cut_lists, "its list of model lacks model/"), (lambda: from_call(30, "garbage"), "does not answer: ")],
    ids=["lists are cut", "everything is garbage"],
)
def test_who_gives_other_files_in_the_servers_place_accuses_nobody(behind, failing, plan, why):
    version = Standing("clv").existing("1")
    versions.recorded_files(version)
    failing(plan())
    with pytest.raises(Unreachable, match=why):
        versions.verified(version, versions.MODEL, whole=True)
