"""What MLflow's pages of a model and of its versions say, before and after a person decided."""

import pandas as pd
from helpers import person
from projects import MODEL
from stores import client, tags

from clv.run import run_command


def page(version):
    return client().get_model_version(MODEL, version).description


def decide(governed, command, version, **said):
    run_command(command, governed(*person(version=version, **said), "person.despite_gates=true"))


def test_a_version_that_waits_begins_with_the_recommendation_and_how_to_promote(governed):
    text = page("2")
    recommendation, table, training = (
        text.index(part) for part in (tags("2", MODEL)["recommendation"], "| RMSE", "**Training.**")
    )
    assert (
        recommendation
        < text.index("-e promote -P version=2")
        < text.index("**Promote model** is another thing")
        < table
        < training
    )
    rows = [line.split("|")[1].strip("& emsp;") for line in text[table:training].splitlines() if line.startswith("| ")]
    assert rows == ["RMSE", "normalized Gini", "bias (1 is right)", "customers within their interval"]
    assert "version 1" in text[:table] and "review.html" in text[table:training] and "sha256" in text[training:]


def test_the_first_version_has_nothing_beside_it_and_nothing_to_go_back_to(governed):
    text = page("1")
    assert "nobody reviewed it" in text and "-e rollback" not in text and "difference (" not in text
    assert "version 1" in page("2") and "difference (90% interval)" in page("2")


def test_the_first_tags_of_a_version_are_those_that_a_person_reads(governed):
    first, second = (client().get_model_version(MODEL, number).tags for number in ("1", "2"))
    assert {"recipe", "gates", "standing", "decision"} <= set(second) and list(second)[:4] == [
        "recipe",
        "gates",
        "standing",
        "decision",
    ]
    assert second["decision"] == "waits for a person"
    assert first["decision"].startswith("in production since ") and first["decision"].endswith("nobody reviewed it")


def test_the_pages_stay_true_after_each_decision(governed):
    decide(governed, "promote", "2", reason="smaller error")
    assert page("2").startswith("**In production: promoted by Ann Lee on ") and "smaller error" in page("2")
    assert page("1").startswith("**In production until ") and "then version 2 by Ann Lee" in page("1")
    assert "-e rollback" in page("2") and "| RMSE" in page("2") and "**Training.**" in page("1")
    model = client().get_registered_model(MODEL).description
    assert "**In production: version 2**, promoted by Ann Lee" in model and "Promote model** is another thing" in model

    run_command("rollback", governed(*person(reviewer="Bob Ray", reason="complaints")))
    assert page("1").startswith("**In production: brought back by Bob Ray on ")
    assert page("2").startswith("**In production until ") and tags("2", MODEL)["decision"].endswith(
        "by Bob Ray: complaints"
    )
    assert "version 1**, brought back by Bob Ray" in client().get_registered_model(MODEL).description


def test_a_rejected_version_says_so(governed):
    decide(governed, "reject", "2", reason="no gain")
    assert page("2").startswith("**Rejected by Ann Lee on ") and "no gain" in page("2")
    assert page("1").startswith("**In production since ")


def test_a_rejected_version_that_is_reviewed_again_waits_again(governed):
    decide(governed, "reject", "2", reason="no gain")
    run_command("review", governed("person.version=2"))
    assert page("2").startswith(f"**{tags('2', MODEL)['recommendation']}**") and "-e promote -P version=2" in page("2")
    assert "It was reviewed again. Earlier it was rejected by Ann Lee on " in page("2")
    assert tags("2", MODEL)["decision"].startswith("waits for a person; earlier rejected by Ann Lee on ")
    decide(governed, "reject", "2", reason="still no gain")
    assert page("2").startswith("**Rejected by Ann Lee on ") and tags("2", MODEL)["decision"].startswith("rejected by")


def test_what_somebody_else_wrote_about_the_model_stays(governed):
    client().update_registered_model(MODEL, "Our shop's model. Ask Ann.")
    decide(governed, "promote", "2")
    assert client().get_registered_model(MODEL).description == "Our shop's model. Ask Ann."


def test_the_ledgers_model_says_that_it_is_none(governed):
    assert client().get_registered_model(f"{MODEL}-ledger").description.startswith("**Not a model, and nothing to open")
    ledger = client().get_experiment_by_name(f"{MODEL}-ledger")
    assert ledger.tags["mlflow.note.content"].startswith("The ledger of model governed")


def test_the_metric_table_names_the_version_that_it_measured(governed_project):
    table = pd.read_csv(governed_project.outputs / "clv_model_metrics.csv")
    scores = pd.read_csv(governed_project.outputs / "clv_ranked_predictions.csv")
    assert set(table["model_version"]) == {2} and set(scores["model_version"]) == {1}
