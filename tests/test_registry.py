"""Which version is in production, who said so, and the ways out of a registry that others have moved."""

import re

import pytest
from helpers import RANKED, read
from stores import client, newest_run

from clv.errors import UserError
from clv.registry.standing import Standing
from clv.run import run_command


def test_the_first_version_is_production_by_bootstrap_and_says_so(trained):
    version = client().get_model_version("clv", "1")
    assert version.tags["promoted_by"] == "bootstrap"
    assert "NOBODY REVIEWED version 1" in next(
        record.warnings[0] for record in trained.records if "bootstrapped_version" in record.tags
    )
    assert "| clv" in version.description and "sha256" in version.description


def test_a_second_training_is_a_candidate_and_only_a_promotion_moves_production(copied):
    records = run_command("full_pipeline", copied.config("model.max_depth=2"))
    number = next(record.tags["candidate_version"] for record in records if "candidate_version" in record.tags)
    named = client().get_registered_model("clv").aliases
    assert str(named["candidate"]) == number and named["production"] != named["candidate"]
    before = str(named["production"])
    assert set(read(copied.outputs / RANKED)["model_version"]) == {before}

    run_command("promote", copied.config(f"person.version={number}", "person.reviewer=Ann", "person.reason=better"))
    named = client().get_registered_model("clv").aliases
    assert (str(named["production"]), str(named["previous"])) == (number, before)
    tags = client().get_model_version("clv", number).tags
    assert tags["promoted_by"] == "Ann" and re.fullmatch(
        r"\d{6} [0-9a-f]{64} promotion by Ann on \S+: better", tags["ledger_entry"]
    )

    run_command("score", copied.config())
    assert set(read(copied.outputs / RANKED)["model_version"]) == {number}
    assert not (copied.outputs / "clv_clustered_customers.csv").exists()  # clusters of the old scores would be untrue,
    assert not (copied.outputs / "clv_by_rank_and_cluster.png").exists()  # and so would their picture
    run_command("cluster", copied.config())
    run_command("rank_clusters", copied.config())
    assert set(read(copied.outputs / "clv_cluster_rankings.csv")["model_version"]) == {number}


def test_no_step_but_train_and_full_pipeline_makes_a_version(copied):
    count = len(client().search_model_versions("name='clv'"))
    for step in ("features", "score", "cluster", "rank_clusters", "monitor"):
        run_command(step, copied.config())
    assert len(client().search_model_versions("name='clv'")) == count


def test_promotion_needs_version_reviewer_and_reason_and_a_version_that_exists(copied):
    with pytest.raises(
        UserError, match="missing: reviewer, reason.\nHint: mlflow run . -e promote -P version=1 -P reviewer=NAME"
    ):
        run_command("promote", copied.config("person.version=1"))
    with pytest.raises(UserError, match="Model clv has no version 99; it has 1"):
        run_command("promote", copied.config("person.version=99", "person.reviewer=Ann", "person.reason=x"))
    assert newest_run().data.tags["step"] != "promote"  # what was only typed wrong leaves no run


def test_without_production_and_bootstrap_the_promote_command_is_given(copied):
    with pytest.raises(UserError, match="has no version yet.\nHint: run `mlflow run . -e train`"):
        run_command("score", copied.config("tracking.model_name=empty"))
    with pytest.raises(
        UserError,
        match="No version of model careful is in production.\nHint: look at version 1 in the UI, then\n"
        "  mlflow run . -e promote -P version=1 -P reviewer=NAME -P reason=WHY",
    ):
        run_command(
            "full_pipeline", copied.config("tracking.model_name=careful", "tracking.bootstrap=false", "model=btyd")
        )


def test_a_case_variant_of_the_alias_is_taken_and_two_on_different_versions_are_an_error(copied):
    for _ in range(2):
        run_command("train", copied.config("tracking.model_name=variants", "model=btyd"))
    client().set_registered_model_alias("variants", "Production", "1")
    records = run_command("score", copied.config("tracking.model_name=variants"))
    assert records[-1].tags["production_alias"] == "Production" and records[-1].tags["production_version"] == "1"
    client().set_registered_model_alias("variants", "production", "2")
    with pytest.raises(
        UserError,
        match="several Production aliases: 'Production' on version 1, 'production' on version 2.\nHint: this leaves one:",
    ):
        run_command("score", copied.config("tracking.model_name=variants"))
    second = copied.config(
        "tracking.model_name=variants", "person.version=2", "person.reviewer=Ann", "person.reason=mine"
    )
    with pytest.raises(
        UserError,
        match="was reviewed against nothing in production; now it is version 1.\nHint: mlflow run . -e review",
    ):
        run_command("promote", second)
    run_command("review", second)
    run_command("promote", second)
    assert Standing("variants").production_aliases == {"production": "2"}


def test_a_version_that_this_engine_did_not_make_is_named_with_the_way_out(copied):
    run_command("train", copied.config("tracking.model_name=foreign", "model=btyd"))
    client().create_model_version("foreign", f"{copied.folder}/nothing", run_id=None)
    client().set_registered_model_alias("foreign", "production", "2")
    with pytest.raises(UserError, match="Version 2 of model foreign is not a whole version that this engine made"):
        run_command("score", copied.config("tracking.model_name=foreign"))
    promote = ("tracking.model_name=foreign", "person.reviewer=Ann", "person.reason=ours")
    with pytest.raises(UserError, match="Version 2 of model foreign is not a whole version"):
        run_command("promote", copied.config("person.version=2", *promote))
    run_command("review", copied.config("person.version=1", *promote))
    with pytest.raises(
        UserError, match="failed 1 of 6 gates:\n  not worse than Production: Version 2 cannot be compared with"
    ):
        run_command("promote", copied.config("person.version=1", *promote))
    run_command("promote", copied.config("person.version=1", "person.despite_gates=true", *promote))
    assert Standing("foreign").in_production().number == "1"


def test_bootstrap_is_for_a_model_that_nobody_ever_promoted(copied):
    run_command("train", copied.config("tracking.model_name=withdrawn", "model=btyd"))
    run_command(
        "promote",
        copied.config("tracking.model_name=withdrawn", "person.version=1", "person.reviewer=Ann", "person.reason=x"),
    )
    client().delete_registered_model_alias("withdrawn", "production")
    with pytest.raises(UserError, match="No version of model withdrawn is in production"):
        run_command("full_pipeline", copied.config("tracking.model_name=withdrawn", "model=btyd"))
