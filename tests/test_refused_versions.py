"""What the registry refuses, each with the sentence that says why: versions, reviews, alarms and runs that are not what was asked for."""

from dataclasses import replace
from pathlib import Path

import pytest
from stores import client, run_named

from clv import alerts
from clv.errors import UserError
from clv.registry import alarms, answer, reviews, scores, versions
from clv.registry.production import usable
from clv.registry.standing import Standing


@pytest.fixture
def version(trained):
    return Standing("clv").existing("1")


def test_a_version_whose_registration_names_other_columns_is_not_loaded(version):
    with pytest.raises(
        UserError, match="Version 1 of model clv takes the columns .*; its registration names only_this"
    ):
        versions.load(replace(version, facts=version.facts | {"inputs": ["only_this"]}))


def test_a_version_that_asks_for_a_column_that_is_not_made_is_not_used(version):
    facts = version.facts | {"inputs": [*version.facts["inputs"], "shoe_size"]}
    with pytest.raises(UserError, match="learnt from 1 column that this engine does not make: shoe_size; it makes"):
        usable(replace(version, facts=facts), "clv")


def test_a_version_whose_files_are_gone_was_made_by_an_earlier_engine(version):
    gone = replace(version, parts={versions.CONFIG: Path("nowhere"), versions.LISTING: Path("nowhere")})
    for ask in (versions.recorded_config, versions.recorded_files):
        with pytest.raises(
            UserError, match="Version 1 of model clv was made by an earlier engine, or its files are gone"
        ):
            ask(gone)


def test_a_version_without_a_review_or_with_one_that_is_gone_names_the_command(version):
    with pytest.raises(
        UserError, match="Version 1 of model clv was never reviewed.\nHint: mlflow run . -e review -P version=1"
    ):
        reviews.read(replace(version, tags={}))
    with pytest.raises(UserError, match="Version 1 of model clv: its review is gone: "):
        reviews.read(replace(version, tags={"review_folder": "nowhere"}))


def test_a_run_that_opened_no_alarm_or_scored_nobody_says_so(version):
    with pytest.raises(
        UserError, match=f"Run {version.run_id} opened no alarm; nothing was written.\nHint: the monitor"
    ):
        alarms.opened(version.run_id)
    with pytest.raises(
        UserError, match=f"Run {version.run_id} scored no customers.\nHint: the runs whose step is score"
    ):
        scores.scoring_run(version.run_id)
    assert scores.scoring_run(run_named("score").info.run_id).info.run_id == run_named("score").info.run_id


def test_a_ledger_whose_run_is_gone_is_missed(trained):
    with pytest.raises(UserError, match="The ledger of model clv is gone: .*\n.*restore the tracking store's database"):
        answer.texts_of("clv", "0" * 32)


def test_reading_who_is_in_production_changes_nothing(trained):
    before = client().get_registered_model("clv")
    standing = Standing("clv")
    assert (
        standing.production_number == standing.in_production().number and standing.decisions and not standing.problems()
    )
    after = client().get_registered_model("clv")
    assert (after.aliases, after.tags, after.last_updated_timestamp) == (
        before.aliases,
        before.tags,
        before.last_updated_timestamp,
    )


def test_an_alert_without_an_address_and_one_that_is_not_an_address_are_told(monkeypatch):
    monkeypatch.setenv("ADDRESSES", "not-an-address")
    delivery = alerts.send(["ADDRESSES", "NOBODY"], "title", "body")
    assert (delivery.asked, delivery.delivered) == (1, 0)
    assert delivery.problems == (
        "address 1 of ADDRESSES is not an address that apprise can read",
        "the environment variable NOBODY is empty",
    )
