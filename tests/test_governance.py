"""Who put which version into production: the whole story on a real server, then its parts."""

import json
import os
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import mlflow
import pytest
from conftest import ROOT, artifacts, client, newest_run

from clv import ledger, pipeline
from clv.errors import UserError
from clv.record import Decision
from clv.tracking import decisions, registry, versions

POOR = ("model=xgboost_squared_error", "model.rounds=2", "model.learning_rate=0.01")  # hardly better than the mean
BLIND = (
    "model=xgboost_squared_error",
    "model.rounds=1",
    "model.learning_rate=0.000001",
)  # the same prediction for everybody


def person(version=None, reviewer="Ann Lee", reason="looked at it", **more):
    said = {"version": version, "reviewer": reviewer, "reason": reason} | more
    return [f"person.{key}='{value}'" for key, value in said.items() if value is not None]


def moment():
    return datetime.now(UTC).isoformat()


def aliases(name="clv"):
    return registry.aliases(name)


def entries(name="clv"):
    return ledger.entries(decisions.stored(name))


def tags(version, name="clv"):
    return client().get_model_version(name, version).tags


def at(config, asked):
    return pipeline.ledger(config(f"ask.at='{asked}'"))[-1].summary


def test_the_story_of_a_model(trained, server, tmp_path):
    def config(*overrides):
        return trained.config(f"outputs={tmp_path}/outputs", *overrides)

    before_all = moment()
    pipeline.full_pipeline(config(*POOR))  # bootstrap
    assert tags("1")["promoted_by"] == "bootstrap" and tags("1")["review_status"] == "pending"
    assert [entry["event"] for entry in entries()] == ["bootstrap"]

    pipeline.train(config("model=btyd"))  # a better candidate, reviewed at the end of its training
    reviewed = tags("2")
    assert (reviewed["review_status"], reviewed["gates"], reviewed["review_against"]) == ("pending", "passed", "1")
    run = client().get_model_version("clv", "2").run_id
    assert {f"{reviewed['review_folder']}/review.{kind}" for kind in ("html", "json")} <= artifacts(run)
    assert "Promote version 2" in client().get_model_version("clv", "2").description
    assert aliases() == {"production": "1", "candidate": "2"}
    first = moment()
    pipeline.promote(config(*person("2")))
    assert aliases() == {"production": "2", "candidate": "2", "previous": "1"}
    assert (tags("2")["review_status"], tags("2")["promoted_by"]) == ("approved", "Ann Lee")
    second = moment()

    pipeline.train(config(*BLIND))  # a worse candidate
    with pytest.raises(UserError, match="failed [2-5] of 6 gates:\n  not worse than Production: ") as refused:
        pipeline.promote(config(*person("3")))
    assert (
        "-P override=true" in str(refused.value) and aliases()["production"] == "2" and tags("3")["gates"] == "failed"
    )
    pipeline.reject(config(*person("3", reason="blind")))
    assert tags("3")["review_status"] == "rejected" and aliases()["production"] == "2"
    with pytest.raises(UserError, match="The review of clv/3 is closed: rejection by Ann Lee"):
        pipeline.promote(config(*person("3", override="true")))
    pipeline.review(config("person.version=3"))
    pipeline.promote(config(*person("3", reason="a test of the alarm", override="true")))
    assert aliases()["production"] == "3" and entries()[-1]["override"] is True and entries()[-1]["gates"] == "failed"

    client().set_registered_model_alias("clv", "production", "2")  # as the UI does
    third = moment()
    records = pipeline.score(config())
    told = "version 2 was put into production outside the ledger (gates: passed; promotion by Ann Lee on "
    assert any(told in warning for warning in records[-1].warnings)
    assert records[-1].tags["production_version"] == "2" and tags("2")["review_status"] == "missing"
    assert (entries()[-1]["event"], entries()[-1]["from"], entries()[-1]["to"]) == (
        "promoted outside the ledger",
        "3",
        "2",
    )
    assert not pipeline.score(config())[-1].warnings  # told once

    pipeline.rollback(config(*person(reviewer="Bob Ray", reason="as it was")))
    assert aliases()["production"] == "3" and aliases()["previous"] == "2"

    verified = pipeline.ledger(config("ask.verify=true"))[-1]
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
        pipeline.ledger(config("ask.verify=true"))
    with pytest.raises(UserError, match="The ledger of model clv is broken, nothing was added to it"):
        pipeline.rollback(config(*person()))
    assert aliases()["production"] == "3"


@pytest.fixture(scope="module")
def governed(trained):
    """Two versions of a model of its own, of which the first is in production; a function that composes on it."""

    def config(*overrides):
        return trained.config(
            "tracking.model_name=governed", f"outputs={trained.folder}/governed", "model=btyd", *overrides
        )

    pipeline.full_pipeline(config())
    pipeline.train(config("model.probability_model=bg_nbd"))
    return config


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
    assert review["monitor"]["verdict"] in ("stable", "review") and len(review["gates"]) == 6
    page = open(f"{folder}/review.html").read()
    assert page.count("<svg") == 4 and review["recommendation"].split(":")[0] in page and "<script" not in page


def test_a_review_shows_no_id_where_none_may_be_logged(governed):
    record = pipeline.review(governed("person.version=2", "tracking.log_customer_ids=false"))[-1]
    content = record.assessment.content
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
        pipeline.promote(governed(*person(**({"version": "2"} | changed))))


def test_who_trained_a_version_does_not_promote_it_under_four_eyes(governed):
    author = newest_run().data.tags["account"]
    with pytest.raises(UserError, match="trained version 2 of model governed and cannot promote it"):
        pipeline.promote(governed(*person("2", reviewer=f" {author.upper()} "), "review.four_eyes=true"))


def test_a_review_of_other_files_or_one_that_was_changed_promotes_nothing(governed):
    version = registry.existing("governed", "2")
    pipeline.review(governed("person.version=2"))
    folder = tags("2", "governed")["review_folder"]
    root = client().get_run(version.run_id).info.artifact_uri.removeprefix("file://")
    with open(f"{root}/{folder}/review.json", "a") as stream:
        stream.write(" ")
    with pytest.raises(UserError, match="its review was changed after it was written"):
        pipeline.promote(governed(*person("2")))
    pipeline.review(governed("person.version=2"))
    client().set_model_version_tag("governed", "2", "files_sha256", "0" * 64)
    with pytest.raises(UserError, match="is not the one that was registered"):
        pipeline.promote(governed(*person("2")))
    client().set_model_version_tag("governed", "2", "files_sha256", version.tags["files_sha256"])


def test_one_bit_of_a_models_file_changed_is_neither_promoted_nor_scored_with(governed):
    pipeline.train(governed())
    number = registry.newest_version("governed")
    version = registry.existing("governed", number)
    file = versions.verified(version, versions.MODEL) / "artifacts" / versions.FILES / "model.json"
    kept = file.read_bytes()
    file.write_bytes(bytes([kept[0] ^ 1]) + kept[1:])
    message = f"Version {number} of model governed is not what was registered: 1 of .* files of its model were changed, lost or added: model/artifacts"
    with pytest.raises(UserError, match=message):
        pipeline.promote(governed(*person(number)))
    with pytest.raises(UserError, match=message):
        versions.load(version)
    file.write_bytes(kept)
    mlflow.pyfunc.load_model(
        f"models:/governed/{number}"
    )  # leaves compiled code in the folder, where it is on this machine
    assert versions.load(version)


def test_a_version_without_an_entry_does_not_score_where_one_is_required(governed):
    in_production = aliases("governed")["production"]
    client().set_registered_model_alias("governed", "production", "2")
    strict = "review.require_record=true"
    with pytest.raises(
        UserError,
        match="put into production outside the ledger.*\nHint: review it .*\n.*-e review -P version=2\n.*-e promote",
    ):
        pipeline.score(governed(strict))
    pipeline.score(governed())  # enters what it noticed
    with pytest.raises(UserError, match="put into production outside the ledger"):
        pipeline.score(governed(strict))
    pipeline.review(governed("person.version=2"))
    pipeline.promote(governed(*person("2")))
    assert pipeline.score(governed(strict))[-1].tags["production_version"] == "2"
    pipeline.rollback(governed(*person()))
    assert aliases("governed")["production"] == in_production == "1"
    with pytest.raises(
        UserError, match="Version 1 of model governed has no version before it in the ledger; nothing moved"
    ):
        pipeline.rollback(governed(*person()))


def test_a_version_of_another_model_and_one_of_other_features_do_not_score(trained, governed, monkeypatch):
    client().copy_model_version("models:/clv/1", "stranger")
    client().set_registered_model_alias("stranger", "production", "1")
    with pytest.raises(
        UserError,
        match="Version 1 of model stranger was trained as a version of model clv, not of stranger.\nHint: promote",
    ):
        pipeline.score(trained.config("tracking.model_name=stranger"))
    from clv import features

    monkeypatch.setattr(features, "HISTORY", features.HISTORY.replace("GREATEST(revenue, 0)", "revenue"))
    with pytest.raises(
        UserError, match=r"learnt from features defined as [0-9a-f]{16}; this engine defines them as [0-9a-f]{16}"
    ):
        pipeline.score(governed())


def decision(event, version, by="Ann"):
    return Decision(event, by, "because", version, (f"governed/{version}",), {})


FACTS = {"at": "2026-11-23T12:00:00.000+00:00", "run": "", "entered_by": "", "git_commit": ""}


def test_many_decisions_at_once_are_all_recorded_in_one_order_and_production_ends_on_the_last(governed):
    count, kept = len(entries("governed")), aliases("governed")["production"]

    def decide(number):
        made = decision(ledger.PROMOTION, str(number % 2 + 1), f"person {number}")
        return decisions.record("governed", made, FACTS | {"run": str(number)})

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(decide, range(12)))
    found = entries("governed")[count:]
    assert sorted(entry["run"] for entry in found) == sorted(map(str, range(12)))
    assert decisions.problems("governed") == []
    assert [entry["from"] for entry in found][1:] == [entry["to"] for entry in found][:-1]
    assert aliases("governed")["production"] == found[-1]["to"]
    decisions.record("governed", decision(ledger.ROLLBACK, kept), FACTS | {"run": "back"})


def test_two_first_decisions_at_once_open_one_ledger(project):
    client().create_registered_model("twice")

    def reject(number):
        return decisions.record(
            "twice", Decision(ledger.REJECTION, "Ann", "why", None, (), {}), FACTS | {"run": str(number)}
        )

    decisions.stored("twice")  # the store's tables are there
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(reject, range(4))) == [True] * 4
    assert len(entries("twice")) == 4 and decisions.problems("twice") == []
    assert len(client().search_runs([client().get_experiment_by_name("twice-ledger").experiment_id])) == 1


def test_a_promotion_that_died_after_its_entry_is_finished_by_the_next_command(governed):
    now = aliases("governed")["production"]
    other = "2" if now == "1" else "1"
    content = FACTS | {
        "event": ledger.PROMOTION,
        "by": "Ann",
        "why": "died",
        "versions": [f"governed/{other}"],
    }
    decisions.append("governed", lambda known: content | {"from": now, "to": other, "back": now})
    assert aliases("governed")["production"] == now
    assert pipeline.score(governed())[-1].tags["production_version"] == other
    assert decisions.problems("governed") == [] and aliases("governed")["previous"] == now


def test_a_ledger_that_was_taken_away_is_missed(governed):
    run_id = decisions.run_of("governed")
    client().delete_run(run_id)
    with pytest.raises(
        UserError, match=f"The ledger of model governed was taken away: its entries are in run {run_id} \\(deleted\\)"
    ):
        pipeline.ledger(governed())
    client().restore_run(run_id)
    client().delete_registered_model("governed-ledger")
    with pytest.raises(UserError, match="The ledger of model governed was taken away"):
        pipeline.ledger(governed())
    client().create_registered_model("governed-ledger", tags={"run": run_id})
    assert "verified" in pipeline.ledger(governed("ask.verify=true"))[-1].summary


def test_an_entry_too_long_for_the_store_is_refused_and_not_cut(governed):
    with pytest.raises(UserError, match="The entry would have .* characters, and 5900 fit"):
        decisions.record("governed", Decision(ledger.REJECTION, "Ann", "x" * 6000, None, (), {}), FACTS)
    assert decisions.problems("governed") == []


def test_the_commands_promote_and_ledger_work_from_the_command_line(governed, trained):
    pipeline.review(governed("person.version=2"))
    said = ["tracking.model_name=governed", f"outputs={trained.folder}/governed"]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}

    def command(name, *arguments):
        return subprocess.run(
            [sys.executable, "-m", f"entrypoints.{name}", *arguments, *said],
            env=environment,
            capture_output=True,
            text=True,
            cwd=trained.folder,
        )

    done = command(
        "promote", "--version", "2", "--reviewer", "Ann O'Lee", "--reason", "it's; $(better)", "--override", "true"
    )
    assert done.returncode == 0, done.stderr
    assert (entries("governed")[-1]["by"], entries("governed")[-1]["why"]) == ("Ann O'Lee", "it's; $(better)")
    assert command("ledger", "--verify", "true", "--at", "2020-01-01").returncode == 0
    assert "neither a day" in command("ledger", "--at", "yesterday").stderr


def seals(name="governed"):
    return decisions.stored(name), decisions.run_of(name)


def forged(texts, **changed):
    """The entry that would come next, made by somebody who knows the code."""
    base = {
        "event": ledger.PROMOTION,
        "by": "CFO",
        "why": "x",
        "from": "1",
        "to": "2",
        "back": "1",
        "versions": ["governed/2"],
    }
    return ledger.following(texts, FACTS | base | changed)


def test_an_entry_added_by_hand_fails_the_verification_and_every_command_tells_of_it(governed):
    texts, run_id = seals()
    client().log_param(run_id, *forged(texts))
    with pytest.raises(UserError, match=r"is not finished: entry \d+ \(promotion of governed/2 by CFO\) not sealed"):
        pipeline.ledger(governed("ask.verify=true"))
    warnings = pipeline.score(governed())[-1].warnings
    assert any(
        "finished what another command left half done: entry" in warning and "by CFO" in warning for warning in warnings
    )


@pytest.mark.parametrize(
    "change", [{"number": 999}, {"number": "3"}, {"versions": None}, {"by": None}, {"previous": "0" * 64}]
)
def test_nothing_is_brought_about_from_a_broken_chain(governed, trained, change):
    texts, run_id = seals()
    key, text = forged(texts, to="1")
    before = aliases("governed")
    with sqlite3.connect(trained.folder / "mlflow.db") as database:
        spoilt = ledger.text_of(json.loads(text) | change)
        database.execute("INSERT INTO params (key, value, run_uuid) VALUES (?, ?, ?)", (key, spoilt, run_id))
    try:
        pipeline.score(governed())
        assert aliases("governed") == before and ledger.seal_key(int(key)) not in decisions.stored("governed")
        with pytest.raises(UserError, match="is not as it was written"):
            pipeline.ledger(governed("ask.verify=true"))
        with pytest.raises(UserError, match="is broken, nothing was added to it"):
            pipeline.rollback(governed(*person()))
    finally:
        with sqlite3.connect(trained.folder / "mlflow.db") as database:
            database.execute("DELETE FROM params WHERE key = ? AND run_uuid = ?", (key, run_id))


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM registered_model_tags WHERE key = 'ledger_head' AND name = 'governed'",
        "UPDATE registered_model_tags SET value = '[]' WHERE key = 'ledger_head' AND name = 'governed'",
        "UPDATE registered_model_tags SET value = replace(value, '\"number\": ', '\"number\": -') WHERE key = 'ledger_head' AND name = 'governed'",
        "DELETE FROM registered_model_tags WHERE key = 'run' AND name = 'governed-ledger'",
        "DELETE FROM params WHERE key = '000002.sealed' AND run_uuid = :run",
        "DELETE FROM params WHERE key IN (:last, :last || '.sealed') AND run_uuid = :run",
        "UPDATE params SET value = replace(value, 'because', 'becausE') WHERE key = :last AND run_uuid = :run",
        "UPDATE model_version_tags SET value = replace(value, 'a', 'b') WHERE key = 'ledger_entry' AND name = 'governed'",
    ],
)
def test_what_is_done_to_the_store_behind_the_ledgers_back_is_found(governed, trained, statement):
    decisions.record(
        "governed", decision(ledger.ROLLBACK, aliases("governed")["production"]), FACTS | {"run": statement}
    )
    texts, run_id = seals()
    database = sqlite3.connect(trained.folder / "mlflow.db", isolation_level=None)
    copy = sqlite3.connect(":memory:")
    database.backup(copy)
    try:
        assert database.execute(
            statement,
            {"run": run_id, "last": ledger.key(len(ledger.entries(texts)))}
            if ":" in statement.replace("': '", "")
            else {},
        ).rowcount
        with pytest.raises(
            UserError, match="was changed|was removed|was taken away|has lost its seal|not as it was written"
        ):
            pipeline.ledger(governed("ask.verify=true"))
    finally:
        copy.backup(database)
        database.close()


def test_an_alias_that_was_taken_away_is_entered_and_opens_no_gate(governed):
    pipeline.review(governed("person.version=2"))
    now = aliases("governed")["production"]
    client().delete_registered_model_alias("governed", "production")
    with pytest.raises(UserError, match="No version of model governed is in production"):
        pipeline.score(governed())
    other = "2" if now == "1" else "1"
    record = pipeline.review(governed(f"person.version={other}"))[-1]
    assert record.assessment.against == now  # not `nothing in production`
    assert any(
        f"the alias of governed/{now} was taken away outside the ledger" in warning for warning in record.warnings
    )
    assert entries("governed")[-1]["to"] is None
    pipeline.promote(governed(*person(other, override="true")))
    assert aliases("governed")["production"] == other


def test_one_review_promotes_once_however_many_press_at_once(governed):
    other = "2" if aliases("governed")["production"] == "1" else "1"
    pipeline.review(governed(f"person.version={other}"))
    sha = tags(other, "governed")["review_sha256"]
    made = Decision(ledger.PROMOTION, "Ann", "at once", other, (f"governed/{other}",), {"review_sha256": sha})

    def press(number):
        try:
            return decisions.record("governed", made, FACTS | {"run": f"{sha} {number}"})
        except UserError as error:
            return str(error)

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(press, range(4)))
    assert found.count(True) == 1 and sum("is closed: promotion by Ann" in str(one) for one in found) == 3


def test_limits_that_were_loosened_for_the_review_promote_nothing(governed):
    other = "2" if aliases("governed")["production"] == "1" else "1"
    pipeline.review(governed(f"person.version={other}", "review.bias_low=0.01", "review.metrics=[rmse]"))
    with pytest.raises(
        UserError,
        match=r"judged by other limits than conf/review has: metrics=\['rmse'\] \(here .*\), bias_low=0.01 \(here 0.65\)",
    ):
        pipeline.promote(governed(*person(other, override="true")))


def test_a_version_that_was_deleted_is_no_obstacle_to_the_next_promotion(trained):
    def config(*overrides):
        return trained.config(
            "tracking.model_name=pruned", f"outputs={trained.folder}/pruned", "model=btyd", *overrides
        )

    pipeline.full_pipeline(config())
    pipeline.train(config())
    client().delete_model_version("pruned", "1")
    pipeline.review(config("person.version=2"))
    pipeline.promote(config(*person("2", override="true")))
    assert aliases("pruned") == {"candidate": "2", "production": "2"} and decisions.problems("pruned") == []
    with pytest.raises(
        UserError, match="Version 2 of model pruned is in production; rejecting it would change nothing"
    ):
        pipeline.reject(config(*person("2")))
