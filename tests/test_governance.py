"""Who put which version into production: the whole story on a real server, then its parts."""

import json
import os
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime

import pytest
from helpers import ROOT, person
from stores import alias_table, artifacts, client, description, entries, newest_run, tags

from clv.errors import UserError
from clv.registry import versions
from clv.registry.standing import Standing
from clv.run import run_command

POOR = ("model=xgboost_squared_error", "model.rounds=2", "model.learning_rate=0.01")  # hardly better than the mean
BLIND = (
    "model=xgboost_squared_error",
    "model.rounds=1",
    "model.learning_rate=0.000001",
)  # the same prediction for everybody


def moment():
    return datetime.now(UTC).isoformat()


def at(config, asked):
    return run_command("ledger", config(f"ask.at='{asked}'"))[-1].summary


def test_the_story_of_a_model(trained, server, tmp_path):
    def config(*overrides):
        return trained.config(f"outputs={tmp_path}/outputs", *overrides)

    before_all = moment()
    run_command("full_pipeline", config(*POOR))  # bootstrap
    assert tags("1")["promoted_by"] == "bootstrap" and tags("1")["review_status"] == "pending"
    assert [entry["event"] for entry in entries()] == ["bootstrap"]

    run_command("train", config("model=btyd"))  # a better candidate, reviewed at the end of its training
    reviewed = tags("2")
    assert (reviewed["review_status"], reviewed["gates"], reviewed["review_against"]) == ("pending", "passed", "1")
    run = client().get_model_version("clv", "2").run_id
    assert {f"{reviewed['review_folder']}/review.{kind}" for kind in ("html", "json")} <= artifacts(run)
    assert "Promote version 2" in client().get_model_version("clv", "2").description
    assert alias_table() == {"production": "1", "candidate": "2"}
    first = moment()
    run_command("promote", config(*person("2")))
    assert alias_table() == {"production": "2", "candidate": "2", "previous": "1"}
    assert (tags("2")["review_status"], tags("2")["promoted_by"]) == ("approved", "Ann Lee")
    second = moment()

    run_command("train", config(*BLIND))  # a worse candidate
    with pytest.raises(UserError, match="failed [2-5] of 6 gates:\n  not worse than Production: ") as refused:
        run_command("promote", config(*person("3")))
    assert (
        "-P despite_gates=true" in str(refused.value)
        and alias_table()["production"] == "2"
        and tags("3")["gates"] == "failed"
    )
    run_command("reject", config(*person("3", reason="blind")))
    assert tags("3")["review_status"] == "rejected" and alias_table()["production"] == "2"
    with pytest.raises(UserError, match="The review of clv/3 is closed: rejection by Ann Lee"):
        run_command("promote", config(*person("3", despite_gates="true")))
    run_command("review", config("person.version=3"))
    run_command("promote", config(*person("3", reason="a test of the alarm", despite_gates="true")))
    assert (
        alias_table()["production"] == "3"
        and entries()[-1]["despite_gates"] is True
        and entries()[-1]["gates"] == "failed"
    )

    client().set_registered_model_alias("clv", "production", "2")  # as the UI does
    third = moment()
    records = run_command("score", config())
    told = "version 2 was put into production outside the ledger (gates: passed; promotion by Ann Lee on "
    assert told in description()
    assert records[-1].tags["production_version"] == "2" and tags("2")["review_status"] == "missing"
    assert (entries()[-1]["event"], entries()[-1]["from"], entries()[-1]["to"]) == (
        "promoted outside the ledger",
        "3",
        "2",
    )
    run_command("score", config())
    assert told not in description()  # told once

    run_command("rollback", config(*person(reviewer="Bob Ray", reason="as it was")))
    assert alias_table()["production"] == "3" and alias_table()["previous"] == "2"

    verified = run_command("ledger", config("ask.verify=true"))[-1]
    assert "6 entries, version 3 in production; verified" in verified.summary
    for asked, version in (
        (before_all, "no version"),
        (first, "version 1"),
        (second, "version 2"),
        (third, "version 3"),
    ):
        assert f"{version} was in production" in at(config, asked)

    with sqlite3.connect(tmp_path / "server.db") as database:
        database.execute("UPDATE params SET value = replace(value, 'Ann Lee', 'Ann Lea') WHERE key = '000002'")
    with pytest.raises(
        UserError, match="not as it was written, 2 problems:\n  entry 2 was changed: its seal is of other bytes"
    ):
        run_command("ledger", config("ask.verify=true"))
    with pytest.raises(UserError, match="The ledger of model clv is broken, nothing was added to it"):
        run_command("rollback", config(*person()))
    assert alias_table()["production"] == "3"


def test_the_review_says_what_a_reviewer_needs(governed):
    found = tags("2", "governed")
    folder = client().download_artifacts(client().get_model_version("governed", "2").run_id, found["review_folder"])
    review = json.loads(open(f"{folder}/review.json").read())
    assert review["against"] == "1" and review["evaluation"]["customers"] > 100
    rmse = next(row for row in review["metrics"] if row["metric"] == "rmse")
    assert rmse["candidate"] - rmse["production"] == pytest.approx(rmse["difference"], abs=1e-5)
    assert rmse["low"] <= rmse["difference"] <= rmse["high"]
    assert {row["recipe"] for row in review["baselines"]} == {
        "candidate",
        "production",
        "btyd",
        "naive_mean",
        "naive_rate",
        "naive_last",
    }
    assert len(review["deciles"]["production"]) == 10 and {row["group"] for row in review["by_orders"]} >= {"1 order"}
    assert {row["group"] for row in review["by_stage"]} <= {"new", "active", "lagging", "dormant", "lost"}
    assert len(review["ranking"]["movers"]) == 20 and "customer_id" in review["ranking"]["movers"][0]
    assert review["differences"]["configuration"] == {"model.probability_model": ["bg_nbd", "mbg_nbd"]}
    assert review["monitor"]["verdict"] in ("stable", "alarm") and len(review["gates"]) == 6
    page = open(f"{folder}/review.html").read()
    assert page.count("<svg") == 4 and review["recommendation"].split(":")[0] in page and "<script" not in page


def test_a_review_shows_no_id_where_none_may_be_logged(governed):
    record = run_command("review", governed("person.version=2", "tracking.log_customer_ids=false"))[-1]
    content = record.outputs["review/review.json"]
    assert content["ranking"]["movers"] and "customer_id" not in content["ranking"]["movers"][0]


@pytest.mark.parametrize(
    "changed, message",
    [
        (
            {"reviewer": None},
            "promote needs version, reviewer, reason; missing: reviewer.\nHint: mlflow run . -e promote -P version=2",
        ),
        ({"reason": "x" * 2001}, "The reason has 2001 characters; the ledger keeps 2000"),
        ({"version": "9"}, "Model governed has no version 9; it has 1, 2"),
    ],
)
def test_a_promotion_is_refused_without_its_facts(governed, changed, message):
    with pytest.raises(UserError, match=message):
        run_command("promote", governed(*person(**({"version": "2"} | changed))))


def test_who_trained_a_version_does_not_promote_it_under_four_eyes(governed):
    author = newest_run().data.tags["account"]
    with pytest.raises(UserError, match="trained version 2 of model governed and cannot promote it"):
        run_command("promote", governed(*person("2", reviewer=f" {author.upper()} "), "review.four_eyes=true"))


def test_a_review_of_other_files_or_one_that_was_changed_promotes_nothing(governed):
    version = Standing("governed").existing("2")
    run_command("review", governed("person.version=2"))
    folder = tags("2", "governed")["review_folder"]
    root = client().get_run(version.run_id).info.artifact_uri.removeprefix("file://")
    with open(f"{root}/{folder}/review.json", "a") as stream:
        stream.write(" ")
    with pytest.raises(UserError, match="its review was changed after it was written"):
        run_command("promote", governed(*person("2")))
    run_command("review", governed("person.version=2"))
    client().set_model_version_tag("governed", "2", "files_sha256", "0" * 64)
    with pytest.raises(UserError, match="is not the one that was registered"):
        run_command("promote", governed(*person("2")))
    client().set_model_version_tag("governed", "2", "files_sha256", version.tags["files_sha256"])


def test_one_bit_of_a_models_file_changed_is_neither_promoted_nor_scored_with(governed):
    run_command("train", governed())
    number = Standing("governed").newest_candidate
    version = Standing("governed").existing(number)
    file = versions.verified(version, versions.MODEL) / "artifacts" / versions.FILES / "model.json"
    kept = file.read_bytes()
    file.write_bytes(bytes([kept[0] ^ 1]) + kept[1:])
    message = f"Version {number} of model governed is not what was registered: 1 of .* files of its model were changed, lost or added: model/artifacts"
    with pytest.raises(UserError, match=message):
        run_command("promote", governed(*person(number)))
    with pytest.raises(UserError, match=message):
        versions.load(version)
    file.write_bytes(kept)
    assert versions.load(version)


def test_a_version_without_an_entry_does_not_score_where_one_is_required(governed):
    in_production = alias_table("governed")["production"]
    client().set_registered_model_alias("governed", "production", "2")
    strict = "review.require_record=true"
    with pytest.raises(
        UserError,
        match="put into production outside the ledger.*\nHint: review it .*\n.*-e review -P version=2\n.*-e promote",
    ):
        run_command("score", governed(strict))
    run_command("score", governed())  # enters what it noticed
    with pytest.raises(UserError, match="put into production outside the ledger"):
        run_command("score", governed(strict))
    run_command("review", governed("person.version=2"))
    run_command("promote", governed(*person("2")))
    assert run_command("score", governed(strict))[-1].tags["production_version"] == "2"
    run_command("rollback", governed(*person()))
    assert alias_table("governed")["production"] == in_production == "1"
    with pytest.raises(
        UserError, match="Version 1 of model governed has no version before it in the ledger; nothing moved"
    ):
        run_command("rollback", governed(*person()))


def test_a_version_of_another_model_and_one_of_other_features_do_not_score(governed, monkeypatch):
    client().copy_model_version("models:/clv/1", "stranger")
    client().set_registered_model_alias("stranger", "production", "1")
    with pytest.raises(
        UserError,
        match="Version 1 of model stranger was trained as a version of model clv, not of stranger.\nHint: promote",
    ):
        run_command("score", governed("tracking.model_name=stranger"))
    from clv import features

    monkeypatch.setattr(
        features.table, "HISTORY", features.table.HISTORY.replace("calendar.revenue AS paid", "1 AS paid")
    )
    with pytest.raises(
        UserError, match=r"learnt from features defined as [0-9a-f]{16}; this engine defines them as [0-9a-f]{16}"
    ):
        run_command("score", governed())


def test_the_commands_promote_and_ledger_work_from_the_command_line(governed, governed_project):
    run_command("review", governed("person.version=2"))
    said = ["tracking.model_name=governed", f"outputs={governed_project.outputs}"]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}

    def command(name, *arguments):
        return subprocess.run(
            [sys.executable, "-m", f"entrypoints.{name}", *arguments, *said],
            env=environment,
            capture_output=True,
            text=True,
            cwd=governed_project.folder,
        )

    done = command(
        "promote", "--version", "2", "--reviewer", "Ann O'Lee", "--reason", "it's; $(better)", "--despite_gates", "true"
    )
    assert done.returncode == 0, done.stderr
    assert (entries("governed")[-1]["by"], entries("governed")[-1]["why"]) == ("Ann O'Lee", "it's; $(better)")
    assert command("ledger", "--verify", "true", "--at", "2020-01-01").returncode == 0
    assert "neither a day" in command("ledger", "--at", "yesterday").stderr


def test_limits_that_were_loosened_for_the_review_promote_nothing(governed):
    other = "2" if alias_table("governed")["production"] == "1" else "1"
    run_command("review", governed(f"person.version={other}", "review.bias_low=0.01", "review.metrics=[rmse]"))
    with pytest.raises(
        UserError,
        match=r"judged by other limits than conf/review has: metrics=\['rmse'\] \(here .*\), bias_low=0.01 \(here 0.65\)",
    ):
        run_command("promote", governed(*person(other, despite_gates="true")))


def test_a_version_that_was_deleted_is_no_obstacle_to_the_next_promotion(copied):
    def config(*overrides):
        return copied.config("tracking.model_name=pruned", f"outputs={copied.folder}/pruned", "model=btyd", *overrides)

    run_command("full_pipeline", config())
    run_command("train", config())
    client().delete_model_version("pruned", "1")
    run_command("review", config("person.version=2"))
    run_command("promote", config(*person("2", despite_gates="true")))
    assert alias_table("pruned") == {"candidate": "2", "production": "2"} and Standing("pruned").problems() == []
    with pytest.raises(
        UserError, match="Version 2 of model pruned is in production; rejecting it would change nothing"
    ):
        run_command("reject", config(*person("2")))
