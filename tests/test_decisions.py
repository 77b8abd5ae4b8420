"""Where the ledger is kept: many at once, somebody who dies, and what is done to the store behind its back."""

import json
import re
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import pytest
from helpers import person
from projects import MODEL, copy_of
from stores import alias_table, client, description, entries, tags

from clv.errors import UserError
from clv.registry import ledger, ledger_store
from clv.registry.ledger import Decision
from clv.registry.standing import Standing
from clv.run import run_command
from clv.steps.readiness import _ledger as checked_by_readiness


def decision(event, version, by="Ann"):
    return Decision(event, by, "because", version, (f"governed/{version}",), {})


FACTS = {"at": "2026-11-23T12:00:00.000+00:00", "run": "", "entered_by": "", "git_commit": ""}


@pytest.fixture(scope="module")
def two_versions(two_versions, tmp_path_factory):
    """The project with two versions, each of which a person has put into production: the second, then the first."""
    with copy_of(two_versions, tmp_path_factory) as project:
        for number in ("2", "1"):
            ledger_store.record(Standing(MODEL), decision(ledger.PROMOTION, number), FACTS | {"run": f"to {number}"})
        yield project


def test_many_decisions_at_once_are_all_recorded_in_one_order_and_production_ends_on_the_last(governed):
    count, kept = len(entries(MODEL)), alias_table(MODEL)["production"]

    def decide(number):
        made = decision(ledger.PROMOTION, str(number % 2 + 1), f"person {number}")
        return ledger_store.record(Standing(MODEL), made, FACTS | {"run": str(number)})

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(decide, range(12)))
    found = entries(MODEL)[count:]
    assert sorted(entry["run"] for entry in found) == sorted(map(str, range(12)))
    assert Standing(MODEL).problems() == []
    assert [entry["from"] for entry in found][1:] == [entry["to"] for entry in found][:-1]
    assert alias_table(MODEL)["production"] == found[-1]["to"]
    ledger_store.record(Standing(MODEL), decision(ledger.ROLLBACK, kept), FACTS | {"run": "back"})


def test_two_first_decisions_at_once_open_one_ledger(project):
    client().create_registered_model("twice")

    def reject(number):
        return ledger_store.record(
            Standing("twice"), Decision(ledger.REJECTION, "Ann", "why", None, (), {}), FACTS | {"run": str(number)}
        )

    Standing("twice").texts  # the store's tables are there
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(reject, range(4))) == [True] * 4
    assert len(entries("twice")) == 4 and Standing("twice").problems() == []
    assert len(client().search_runs([client().get_experiment_by_name("twice-ledger").experiment_id])) == 1


def interrupted(now):
    """A promotion of the other version whose command died after its entry. Returns that version."""
    other = "2" if now == "1" else "1"
    content = FACTS | {"event": ledger.PROMOTION, "by": "Ann", "why": "died", "versions": [f"governed/{other}"]}
    ledger_store.append(Standing(MODEL), lambda known: content | {"from": now, "to": other, "back": now})
    return other


WAITS = r"entry \d+ \(promotion of governed/\d by Ann\) waits in the ledger of model governed: somebody is at it, was interrupted, or added it"


@pytest.mark.parametrize("has_moved", [False, True], ids=["before the alias", "after the alias"])
def test_a_promotion_that_died_after_its_entry_waits_for_a_person(governed, has_moved):
    now = alias_table(MODEL)["production"]
    other = interrupted(now)
    if has_moved:
        client().set_registered_model_alias(MODEL, "production", other)
    assert run_command("score", governed())[-1].tags["production_version"] == now
    assert re.search(f"WARNING: {WAITS}", description())
    with pytest.raises(UserError, match=f"The ledger holds, but is not finished: {WAITS}"):
        run_command("ledger", governed("ask.verify=true"))
    assert alias_table(MODEL)["production"] == (other if has_moved else now)
    done = run_command("ledger", governed("ask.settle=true"))[-1]
    assert "finished what another command left half done: entry" in done.warnings[0]
    assert run_command("score", governed())[-1].tags["production_version"] == other
    assert Standing(MODEL).problems() == [] and alias_table(MODEL)["previous"] == now


@pytest.mark.parametrize("step", ["reject", "rollback"])
def test_the_next_decision_of_a_person_finishes_what_waits(governed, step):
    other = interrupted(alias_table(MODEL)["production"])
    with pytest.raises(UserError, match="Model governed has no version 9|needs reviewer"):
        run_command(step, governed(*(person("9") if step == "reject" else ())))
    assert alias_table(MODEL)["production"] == other and Standing(MODEL).waiting == []


def test_an_alarm_is_not_closed_over_an_entry_that_waits(governed):
    interrupted(alias_table(MODEL)["production"])
    closing = Decision(ledger.ACKNOWLEDGEMENT, "Ann", "seen", None, ("governed/1",), {"alarm_run": "x"})
    with pytest.raises(UserError, match=WAITS):
        ledger_store.record(Standing(MODEL), closing, FACTS)
    with pytest.raises(UserError, match=WAITS):
        checked_by_readiness(SimpleNamespace(standing=Standing(MODEL)))
    run_command("ledger", governed("ask.settle=true"))


def test_who_has_the_store_and_not_the_key_puts_nothing_into_production(governed, monkeypatch):
    monkeypatch.setenv("CLV_LEDGER_KEY", "a secret of the test")
    run_command("ledger", governed("ask.settle=true"))  # vouches for what is there
    verified = run_command("ledger", governed("ask.verify=true"))[-1].summary
    count, now = len(entries(MODEL)), alias_table(MODEL)["production"]
    assert f"CLV_LEDGER_KEY, which vouches for every entry up to {count})" in verified
    monkeypatch.delenv("CLV_LEDGER_KEY")
    other = "2" if now == "1" else "1"
    ledger_store.record(Standing(MODEL), decision(ledger.PROMOTION, other, "Bob"), FACTS)  # sealed, alias and all
    assert "CLV_LEDGER_KEY is not set here" in run_command("ledger", governed("ask.verify=true"))[-1].summary
    monkeypatch.setenv("CLV_LEDGER_KEY", "a secret of the test")
    assert run_command("score", governed())[-1].tags["production_version"] == now
    with pytest.raises(UserError, match="is not finished: entry .* by Bob"):
        run_command("ledger", governed("ask.verify=true"))
    monkeypatch.setenv("CLV_LEDGER_KEY", "short")
    with pytest.raises(UserError, match="CLV_LEDGER_KEY has 5 characters; a key has at least 16"):
        run_command("ledger", governed())


def test_a_ledger_that_was_taken_away_is_missed(governed):
    run_id = Standing(MODEL).ledger_run
    client().delete_run(run_id)
    with pytest.raises(
        UserError, match=f"The ledger of model governed was taken away: its entries are in run {run_id} \\(deleted\\)"
    ):
        run_command("ledger", governed())
    client().restore_run(run_id)
    client().delete_registered_model("governed-ledger")
    with pytest.raises(UserError, match="The ledger of model governed was taken away"):
        run_command("ledger", governed())
    client().create_registered_model("governed-ledger", tags={"run": run_id})
    assert "verified" in run_command("ledger", governed("ask.verify=true"))[-1].summary


def test_an_entry_too_long_for_the_store_is_refused_and_not_cut(governed):
    with pytest.raises(UserError, match="The entry would have .* characters, and 5900 fit"):
        ledger_store.record(Standing(MODEL), Decision(ledger.REJECTION, "Ann", "x" * 6000, None, (), {}), FACTS)
    assert Standing(MODEL).problems() == []


def seals(name=MODEL):
    return Standing(name).texts, Standing(name).ledger_run


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
    before = alias_table(MODEL)
    with pytest.raises(UserError, match=r"is not finished: entry \d+ \(promotion of governed/2 by CFO\) waits"):
        run_command("ledger", governed("ask.verify=true"))
    for step in ("score", "monitor"):
        run_command(step, governed())
        assert re.search("WARNING: entry .* by CFO. waits in the ledger", description())
    assert alias_table(MODEL) == before


@pytest.mark.parametrize(
    "change", [{"number": 999}, {"number": "3"}, {"versions": None}, {"by": None}, {"previous": "0" * 64}]
)
def test_nothing_is_brought_about_from_a_broken_chain(governed, governed_project, change):
    texts, run_id = seals()
    key, text = forged(texts, to="1")
    before = alias_table(MODEL)
    with sqlite3.connect(governed_project.folder / "mlflow.db") as database:
        spoilt = ledger.text_of(json.loads(text) | change)
        database.execute("INSERT INTO params (key, value, run_uuid) VALUES (?, ?, ?)", (key, spoilt, run_id))
    try:
        run_command("score", governed())
        assert alias_table(MODEL) == before and ledger.seal_key(int(key)) not in Standing(MODEL).texts
        with pytest.raises(UserError, match="is not as it was written"):
            run_command("ledger", governed("ask.verify=true"))
        with pytest.raises(UserError, match="is broken, nothing was added to it"):
            run_command("rollback", governed(*person()))
    finally:
        with sqlite3.connect(governed_project.folder / "mlflow.db") as database:
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
def test_what_is_done_to_the_store_behind_the_ledgers_back_is_found(governed, governed_project, statement):
    ledger_store.record(
        Standing(MODEL), decision(ledger.ROLLBACK, alias_table(MODEL)["production"]), FACTS | {"run": statement}
    )
    texts, run_id = seals()
    database = sqlite3.connect(governed_project.folder / "mlflow.db", isolation_level=None)
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
            run_command("ledger", governed("ask.verify=true"))
    finally:
        copy.backup(database)
        database.close()


def test_an_alias_that_was_taken_away_is_entered_and_opens_no_gate(governed):
    run_command("review", governed("person.version=2"))
    now = alias_table(MODEL)["production"]
    client().delete_registered_model_alias(MODEL, "production")
    with pytest.raises(UserError, match="No version of model governed is in production"):
        run_command("monitor", governed())
    assert (entries(MODEL)[-1]["event"], entries(MODEL)[-1]["to"]) == (ledger.OUTSIDE, None)
    other = "2" if now == "1" else "1"
    run_command("review", governed(f"person.version={other}"))
    assert tags(other, MODEL)["review_against"] == now  # not `nothing in production`
    run_command("promote", governed(*person(other, despite_gates="true")))
    assert alias_table(MODEL)["production"] == other


def test_one_review_promotes_once_however_many_press_at_once(governed):
    other = "2" if alias_table(MODEL)["production"] == "1" else "1"
    run_command("review", governed(f"person.version={other}"))
    sha = tags(other, MODEL)["review_sha256"]
    made = Decision(ledger.PROMOTION, "Ann", "at once", other, (f"governed/{other}",), {"review_sha256": sha})

    def press(number):
        try:
            return ledger_store.record(Standing(MODEL), made, FACTS | {"run": f"{sha} {number}"})
        except UserError as error:
            return str(error)

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(press, range(4)))
    assert found.count(True) == 1 and sum("is closed: promotion by Ann" in str(one) for one in found) == 3


def pages(project, version="2"):
    """The page of the version's newest review: in the run that trained it, and in outputs/."""
    run_id = client().get_model_version(MODEL, version).run_id
    folder = Path(client().download_artifacts(run_id, tags(version, MODEL)["review_folder"]))
    return (folder / "review.html").read_text(), (project.outputs / "review" / "review.html").read_text()


def test_a_decision_is_shown_on_the_page_of_its_review_and_the_figures_stay_as_they_were(governed, governed_project):
    run_command("review", governed("person.version=2"))
    content = governed_project.outputs / "review" / "review.json"
    before, sha, size = (
        content.read_bytes(),
        tags("2", MODEL)["review_sha256"],
        pages(governed_project)[0].count("<svg"),
    )
    assert all("Nobody has decided on this review yet" in page for page in pages(governed_project)) and size >= 3
    said = json.loads(before)
    assert said["in_production_by"] == {"version": alias_table(MODEL)["production"], "event": "promotion"}
    assert (
        said["card"]["trained_at"] <= said["at"] and said["card"]["learnt_until"] == said["learnt_until"]["candidate"]
    )
    assert said["card"]["cutoffs"]["last"] < said["card"]["learnt_until"] == said["card"]["measured"]["first"]
    run_command("reject", governed(*person("2", reason="a < b")))
    for page in pages(governed_project):
        assert re.search(r"Rejected by Ann Lee on \d{4}-\d\d-\d\d \d\d:\d\d UTC: a &lt; b<", page)
        assert "Nobody has decided" not in page and page.count("<svg") == size
    assert content.read_bytes() == before and tags("2", MODEL)["review_sha256"] == sha
    assert Standing(MODEL).problems() == []


def test_a_decision_leaves_the_page_of_another_review_alone(governed, governed_project):
    run_command("review", governed("person.version=2"))
    run_command("review", governed("person.version=1"))  # outputs/ has this one now
    run_command("promote", governed(*person("2", reason="better", despite_gates="true")))
    its_own, another = pages(governed_project)
    assert re.search("Promoted.* by Ann Lee on", its_own) and "Nobody has decided" in another
    run_command("review", governed("person.version=2"))  # it is in production now, and a new review has no decision
    assert re.search("promotion by Ann Lee on .* \\(better\\)", pages(governed_project)[0])


def test_a_decision_counts_where_the_page_of_the_review_is_gone(governed, governed_project):
    run_command("review", governed("person.version=2"))
    run = client().get_run(client().get_model_version(MODEL, "2").run_id)
    root = Path(run.info.artifact_uri.removeprefix("file://"))
    (root / tags("2", MODEL)["review_folder"] / "review.html").unlink()
    (governed_project.outputs / "review" / "review.html").unlink()
    run_command("reject", governed(*person("2", reason="gone")))
    assert tags("2", MODEL)["review_status"] == "rejected"
