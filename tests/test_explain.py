"""Why a customer's CLV changed, and why it is what it is; rebuilding a version; readiness."""

import datetime as dt
import platform
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from helpers import ROOT, person, read
from projects import copy_of
from stores import client, everywhere

from clv import features
from clv.errors import UserError
from clv.model import btyd
from clv.registry import versions
from clv.registry.standing import Standing
from clv.run import run_command
from clv.steps.readiness import CHECKLIST, CHECKS
from clv.steps.readiness import lines as rows_of
from clv.steps.reproduce import different_libraries

PARTS = ["season", "passing_time", "new_orders", "model_version", "corrected_history"]


@pytest.fixture(scope="module")
def scored_twice(pipeline, tmp_path_factory):
    """A copy of the shared project with two scoring runs of one model, 60 days and one version apart."""
    with pipeline.copied_to(tmp_path_factory.mktemp("scored_twice")).entered() as project:
        project.words = ("tracking.model_name=explained",)
        run_command("full_pipeline", project.config("model=btyd", "window.as_of=2025-10-01"))
        run_command("train", project.config())
        run_command("promote", project.config(*person("2", despite_gates="true")))
        run_command("score", project.config("window.as_of=2025-12-01"))
    return project


@pytest.fixture
def explained(scored_twice, tmp_path_factory):
    """A test's own copy of the project that was scored twice."""
    with copy_of(scored_twice, tmp_path_factory) as project:
        yield project


@pytest.fixture
def scored(explained):
    """A function that composes on a test's own copy of the project that was scored twice."""
    return explained.config


def scoring_runs():
    return client().search_runs(
        everywhere(),
        "tags.production_model = 'explained' and tags.step = 'score'",
        order_by=["attributes.start_time ASC"],
    )


def changes(config, *overrides):
    record = run_command("explain", config(*overrides))[-1]
    table = record.outputs["explain/changes.csv"]
    return record, table.set_index("customer_id")


def test_the_parts_sum_to_the_change_of_what_was_stored(scored, explained):
    record, found = changes(scored)
    assert np.abs(found[PARTS].sum(axis=1) - found["change"]).max() < 1e-6
    now = read(explained.outputs / "clv_ranked_predictions.csv").set_index("customer_id")["predicted_clv"]
    assert np.abs(found["predicted_after"] - now.reindex(found.index)).max() < 1e-6
    assert (found["corrected_history"].abs() < 1e-3).all()  # nothing was corrected: rounding alone
    assert record.summary.startswith(f"{len(found):,} customers from 2025-10-01 (version 1) to 2025-12-01 (version 2)")


def test_each_part_has_one_cause(scored, explained):
    rows = pd.read_csv(explained.folder / "history.csv", dtype={"customer_id": str})
    between = rows[(rows["order_date"] >= "2025-10-01") & (rows["order_date"] < "2025-12-01")]
    _, found = changes(scored)
    waited = ~found.index.isin(between["customer_id"])
    assert (found.loc[waited, "new_orders"] == 0).all() and (found.loc[~waited, "new_orders"] != 0).mean() > 0.95
    came = found.drop(rows.loc[rows["order_date"] < "2025-10-01", "customer_id"], errors="ignore")
    assert len(came) and (came[["season", "passing_time"]] == 0).all(axis=None)  # who was no customer then
    runs = scoring_runs()
    same = runs[0].info.run_id
    _, found = changes(scored, f"ask.before={same}", f"ask.after={same}")
    assert (found[["change", *PARTS]].abs().to_numpy() < 1e-3).all()


def test_an_order_that_came_late_is_a_corrected_history(scored, explained):
    rows = pd.read_csv(explained.folder / "history.csv", dtype={"customer_id": str})
    who = rows.loc[rows["order_date"] < "2025-09-01", "customer_id"].iloc[0]
    late = pd.concat([rows, pd.DataFrame([{"customer_id": who, "order_date": "2025-09-15", "revenue": 500.0}])])
    late.to_csv(explained.folder / "late.csv", index=False)
    _, found = changes(scored, f"data.path={explained.folder}/late.csv")
    assert abs(found.loc[who, "corrected_history"]) > 1
    assert (found.drop(who)["corrected_history"].abs() < 1e-3).all()


def test_one_customers_prediction_in_the_words_of_the_features(scored, explained):
    best = read(explained.outputs / "clv_ranked_predictions.csv")["customer_id"].iloc[0]
    record = run_command("explain", scored(f"ask.customer='{best}'"))[-1]
    found = record.outputs["explain/contributions.csv"]
    assert found["in_words"].str.contains(" ").all() and found["part"].iloc[0] != 0
    of_btyd = found[found["feature"].str.startswith("btyd_")]
    assert len(of_btyd) and of_btyd["value"].notna().all()
    value = record.outputs["explain/changes.csv"]["predicted_after"].iloc[0]
    typical = value / np.prod(found["times"])
    assert found["part"].sum() == pytest.approx(value - typical, rel=1e-3)
    assert len(record.outputs["explain/changes.csv"]) == 1 and f"customer {best}" in record.summary


def test_every_column_of_the_feature_table_has_words(scored):
    definition = features.Definition.from_dict(Standing("explained").existing("2").facts["definition"])
    for name in (*definition.numbers(dt.date(2025, 12, 1)), *btyd.ANSWERS):
        assert features.in_words(name) != name
    assert features.in_words("revenue_decayed_30d") == "value of orders, an order weighing half after 30 days"


def test_two_scorings_of_one_day_by_one_version_say_that_nothing_changed_and_what_to_compare_with(scored, explained):
    earlier, _ = (run.info.run_id for run in scoring_runs())
    run_command("score", scored("window.as_of=2025-12-01"))
    record, found = changes(scored)
    assert record.summary == "nothing changed: both scorings are of 2025-12-01 by version 2"
    assert record.table is None and (found["change"] == 0).all()
    assert record.lines[:2] == (
        "compare with the scoring of 2025-10-01 by version 1:",
        f"  mlflow run . -e explain -P before={earlier}",
    )


def test_the_terminal_shows_the_largest_changes_and_says_where_all_of_them_are(scored, explained):
    record, found = changes(scored)
    assert len(record.table) == 20 < len(found)
    assert record.lines == (f"all {len(found)} rows: {explained.outputs}/explain/changes.csv",)


@pytest.mark.parametrize(
    "asked, message",
    [
        (["ask.customer=nobody"], "Customer 'nobody' had no order before 2025-12-01"),
        (["ask.before=00000000000000000000000000000000"], "There is no run 0000"),
        (["tracking.model_name=unheard"], "No run has scored customers yet"),
    ],
)
def test_what_cannot_be_explained_is_said(scored, asked, message):
    with pytest.raises(UserError, match=message):
        run_command("explain", scored(*asked))


def test_a_run_of_a_later_day_is_not_before(scored):
    runs = scoring_runs()
    first, second = runs[0].info.run_id, runs[1].info.run_id
    with pytest.raises(UserError, match="Hint: swap before and after"):
        run_command("explain", scored(f"ask.before={second}", f"ask.after={first}"))


def test_a_version_is_rebuilt_with_the_same_predictions_and_registers_nothing(scored):
    count = len(client().search_model_versions("name='explained'"))
    record = run_command("reproduce", scored("person.version=2", "seed=8", "model=glm"))[-1]  # what was recorded counts
    assert record.metrics["reproduce/largest_difference"] == 0 and not record.warnings
    assert len(client().search_model_versions("name='explained'")) == count


def test_other_data_code_and_libraries_are_named(copied):
    then = copied.folder / "then.csv"
    then.write_text((copied.folder / "history.csv").read_text())

    def config(*overrides):
        return copied.config(
            "tracking.model_name=rebuilt", f"outputs={copied.folder}/rebuilt", "model=btyd", *overrides
        )

    run_command("train", config(f"data.path={then}"))
    version = Standing("rebuilt").existing("1")
    assert different_libraries(replace(version, facts=version.facts | {"python": "3.10.1"})) == [
        f"python {platform.python_version()}, then 3.10.1"
    ]
    listing = versions.recorded_files(version) | {"model/code/clv/btyd.py": "0" * 64}
    client().log_dict(version.run_id, listing, versions.LISTING)
    client().set_model_version_tag("rebuilt", "1", "files_sha256", versions.digest_of(listing))
    then.write_text(then.read_text() + "new,2025-01-01,5\n")
    with pytest.raises(UserError) as error:
        run_command("reproduce", config("person.version=1", f"data.path={then}"))
    assert f"Version 1 was trained on data with sha256 {version.facts['data_sha256'][:12]} ({then})" in str(error.value)
    assert "Nothing was rebuilt. Also different:\n  code: 1 file of clv/, clv/btyd.py\nHint: -P data_path=FILE" in str(
        error.value
    )
    with pytest.raises(
        UserError, match="reproduce needs version; missing: version.\nHint: mlflow run . -e reproduce -P version=N"
    ):
        run_command("reproduce", config())


LINES = rows_of(CHECKLIST.read_text())


def test_every_line_of_the_checklist_has_a_check_or_a_person():
    assert {name for name, _, who in LINES if who == "program"} == set(CHECKS)
    assert {who for _, _, who in LINES} - {"program"} == {
        "analyst",
        "data_scientist",
        "platform_engineer",
        "auditor",
    }
    assert "launch_readiness_checklist" in (ROOT / "README.md").read_text()


def lines(config, *overrides):
    """line -> status and what was found, from the run that failed."""
    with pytest.raises(UserError, match="lines hold, .* do not.*Not ready: ") as error:
        run_command("readiness", config(*overrides))
    path = Path(config().outputs) / "readiness" / "readiness.csv"
    return pd.read_csv(path).set_index("line"), str(error.value)


PEOPLE = [
    f"readiness.people.{who}='{who.title()} Lee'"
    for who in ("analyst", "data_scientist", "platform_engineer", "auditor")
]


def test_readiness_checks_what_a_program_can_and_asks_the_rest_by_name(scored):
    found, said = lines(scored, *PEOPLE, "readiness.max_age_days=3650")
    status = found["status"].to_dict()
    assert {name for name, value in status.items() if value == "asks"} == {
        name for name, _, who in LINES if who != "program"
    }
    assert found.loc["meaning", "found"] == "Analyst Lee (analyst) answers"
    assert {name for name, value in status.items() if value == "FAILED"} == {
        "monitor",
        "alerts",
    } and "Not ready: monitor, alerts." in said
    assert "-e monitor" in found.loc["monitor", "found"]
    assert found.loc["reviewed", "found"].startswith("promotion by Ann Lee on ")


def test_readiness_fails_what_is_old_unnamed_or_unreviewed(scored, explained):
    found, said = lines(scored)
    assert found.loc["fresh data", "status"] == found.loc["outputs", "status"] == "FAILED"
    assert found.loc["meaning", "found"] == "nobody is named to answer: readiness.people.analyst=NAME"
    assert {name for name, value in found["status"].items() if value == "unnamed"} == {
        name for name, _, who in LINES if who != "program"
    }
    assert (
        "Not ready: fresh data, monitor, outputs, alerts. Nobody is named to answer 8 lines: readiness.people." in said
    )
    found, _ = lines(explained.config, "tracking.model_name=withoutversions")
    assert {"production", "baseline", "reviewed", "monitor", "outputs"} <= set(found.index[found["status"] == "FAILED"])
    assert "has no version yet" in found.loc["production", "found"]


def test_a_customers_orders_and_chance_of_still_being_one_are_drawn_over_time(scored, explained):
    customer = read(explained.outputs / "clv_ranked_predictions.csv")["customer_id"].iloc[0]
    record = run_command("explain", scored(f"ask.customer={customer}"))[-1]
    figure = record.outputs["explain/timeline.png"]
    assert (explained.outputs / "explain/timeline.png").stat().st_size > 10_000
    rows = pd.read_csv(explained.folder / "history.csv", dtype={"customer_id": str})
    rows = rows[(rows["customer_id"] == customer) & (rows["order_date"] < "2025-12-01") & (rows["revenue"] > 0)]
    assert figure.get_suptitle() == f"Customer {customer}, as of 2025-12-01, by version 2"
    assert figure.get_label().startswith(f"{rows['order_date'].nunique()} days with an order. On 2025-12-01 ")
    assert "explain/timeline.png" not in changes(scored)[0].outputs
    hidden = run_command("explain", scored(f"ask.customer={customer}", "tracking.log_customer_ids=false"))[-1]
    assert customer not in hidden.outputs["explain/timeline.png"].get_suptitle()
