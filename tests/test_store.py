import csv
import os
import re

import duckdb
import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from clv import store
from clv.errors import UserError


def outputs(folder, keep=10, reports=10, wait=0):
    return store.Outputs(folder, keep, reports, wait)


def generation(folder, name, files, stale=(), **rules):
    with store.bundle(outputs(folder, **rules), "step", name, stale) as fresh:
        store.write(fresh, files)


def test_a_run_becomes_current_as_a_whole_and_the_names_lead_into_it(tmp_path):
    generation(tmp_path, "1", {"a.txt": "one", "b.txt": "one", "monitoring/m1.txt": "one"})
    assert [(tmp_path / name).read_text() for name in ("a.txt", "b.txt", "monitoring/m1.txt")] == ["one"] * 3
    assert os.readlink(tmp_path / "current") == "bundles/1" and os.readlink(tmp_path / "a.txt") == "current/a.txt"


def test_a_failing_step_leaves_the_previous_bundle(tmp_path):
    generation(tmp_path, "1", {"a.txt": "one"})
    with pytest.raises(RuntimeError), store.bundle(outputs(tmp_path), "step", "2") as folder:
        store.write(folder, {"a.txt": "two"})
        raise RuntimeError("the disk caught fire")
    assert (tmp_path / "a.txt").read_text() == "one"
    assert [path.name for path in (tmp_path / "bundles").iterdir()] == ["1"]


def test_a_folder_that_is_stale_is_not_carried_over_and_its_link_goes(tmp_path):
    generation(tmp_path, "1", {"lists/a.txt": "one", "lists_of_old.txt": "one"})
    generation(tmp_path, "2", {"scores.txt": "two"}, stale=("lists/",))
    assert sorted(path.name for path in (tmp_path / "current").iterdir()) == ["lists_of_old.txt", "scores.txt"]
    assert not (tmp_path / "lists").is_symlink()


def test_files_that_stay_true_are_carried_over_and_stale_ones_are_not(tmp_path):
    generation(tmp_path, "1", {"scores.txt": "one", "clusters.txt": "one", "monitoring/m1.txt": "one"})
    generation(tmp_path, "2", {"scores.txt": "two", "monitoring/m2.txt": "two"}, stale=("clusters.txt",))
    assert (tmp_path / "scores.txt").read_text() == "two"
    assert not (tmp_path / "clusters.txt").is_symlink()
    assert sorted(path.name for path in (tmp_path / "monitoring").iterdir()) == ["m1.txt", "m2.txt"]


def test_a_run_without_files_changes_nothing(tmp_path):
    generation(tmp_path, "1", {"a.txt": "one"})
    generation(tmp_path, "2", {})
    assert os.readlink(tmp_path / "current") == "bundles/1" and not (tmp_path / "bundles/2").exists()


def test_old_bundles_are_kept_to_a_count(tmp_path):
    for name in "12345":
        generation(tmp_path, name, {"a.txt": name}, keep=3)
    assert sorted(path.name for path in (tmp_path / "bundles").iterdir()) == ["3", "4", "5"]


def test_the_current_bundle_is_never_removed_whatever_the_clock_says(tmp_path):
    generation(tmp_path, "2099", {"a.txt": "future"})
    generation(tmp_path, "2026", {"a.txt": "now"}, keep=1)
    assert (tmp_path / "a.txt").read_text() == "now" and [path.name for path in (tmp_path / "bundles").iterdir()] == [
        "2026"
    ]


@pytest.mark.parametrize("name, early", [("clv_scores.txt", True), ("current", True), ("notes.txt", False)])
def test_a_file_that_is_not_ours_stops_the_run_and_nothing_is_lost(tmp_path, name, early):
    generation(tmp_path, "1", {"a.txt": "one"})
    (tmp_path / "current").unlink() if name == "current" else None
    (tmp_path / name).mkdir()
    (tmp_path / name / "mine.txt").write_text("mine")
    reached = []
    with (
        pytest.raises(UserError, match=f"{name} is a file or folder of its own"),
        store.bundle(outputs(tmp_path), "step", "2") as folder,
    ):
        reached.append(folder)
        store.write(folder, {"notes.txt": "two"})
    assert (tmp_path / name / "mine.txt").read_text() == "mine" and bool(reached) != early
    assert [path.name for path in (tmp_path / "bundles").iterdir()] == ["1"]


def test_links_of_other_people_stay(tmp_path):
    (tmp_path / "unmounted").symlink_to("/nowhere/at/all")
    generation(tmp_path, "1", {"a.txt": "one"})
    assert (tmp_path / "unmounted").is_symlink()


def test_a_folder_that_cannot_be_written_is_an_error_before_any_work(tmp_path):
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(UserError, match="file could not be written"),
        store.bundle(outputs(tmp_path / "file"), "step", "1"),
    ):
        raise AssertionError("the work began")


def test_ids_and_versions_are_read_back_as_text(tmp_path):
    table = pd.DataFrame(
        {"customer_id": ["007", "NA", ""], "predicted_clv": [1.5, 2.0, 0.0], "model_version": ["1", "1", "1"]}
    )
    store.write(tmp_path, {"scores.parquet": table})
    pd.testing.assert_frame_equal(pd.read_parquet(store.made(tmp_path, "scores.parquet", "score")), table)


def test_a_missing_table_names_the_command_that_makes_it(tmp_path):
    with pytest.raises(
        UserError, match="outputs hold no clv_ranked_predictions.parquet yet.\nHint: run `mlflow run . -e score` first."
    ):
        store.made(tmp_path, "clv_ranked_predictions.parquet", "score")


def test_rejects_are_readable_by_their_owner_alone(tmp_path):
    store.replace(tmp_path / "data_quality/rejected_rows.csv", pd.DataFrame({"line": [2]}))
    assert (tmp_path / "data_quality/rejected_rows.csv").stat().st_mode & 0o777 == 0o600


def cells(path):
    with path.open(newline="") as stream:
        return [row[0] for row in csv.reader(stream)][1:]


IDS = st.text(min_size=1) | st.text(alphabet="=+-@\t\r\n0159.,;'\"", min_size=1) | st.integers().map(str)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(IDS, min_size=1, max_size=8))
@example(
    [
        "=1+1",
        "+49 30",
        "-2+3",
        "@SUM(A1)",
        "\tx",
        "\r=1",
        "a\rb",
        "-12.50",
        "+7",
        "-1e5",
        "--1",
        "00042",
        "＝1",
        "'=1",
        "NA",
    ]
)
@pytest.mark.parametrize("content", [pd.DataFrame, duckdb.from_df], ids=["in_memory", "on_disk"])
def test_no_id_is_a_formula_in_the_csv_and_every_id_is_itself_in_the_parquet(tmp_path, content, ids):
    table = content(pd.DataFrame({"customer_id": ids, "predicted_clv": -1.5}))
    store.write(tmp_path, {"scores.csv": table, "scores.parquet": table})
    shown = cells(tmp_path / "scores.csv")
    assert [cell in (one, f"'{one}") for cell, one in zip(shown, ids, strict=True)] == [True] * len(ids)
    assert not [cell for cell in shown if cell[0] in "=+-@\t\r" and not re.fullmatch(r"[+-]?[0-9]+(\.[0-9]+)?", cell)]
    assert pd.read_parquet(tmp_path / "scores.parquet")["customer_id"].tolist() == ids


def test_a_table_on_the_disk_makes_the_same_csv_as_one_in_memory(tmp_path):
    table = pd.DataFrame(
        {
            "customer_id": ["=1+1", "a,b", 'say "x"', "00042"],
            "predicted_clv": [0.0, 1e-4, 12.5, 1234567.0],
            "clv_rank": [1, 2, 3, 4],
            "last_order": ["2026-01-31", "-", "+7", "new\nline"],
        }
    )
    store.write(tmp_path, {"memory.csv": table, "disk.csv": duckdb.from_df(table)})
    assert (tmp_path / "disk.csv").read_text() == (tmp_path / "memory.csv").read_text()


def test_tables_that_are_made_one_after_the_other_are_one_file(tmp_path):
    tables = [pd.DataFrame({"customer_id": [name], "recency_days": [days]}) for name, days in (("ann", 3), ("bob", 5))]
    store.write(tmp_path, {"features.parquet": iter(tables)})
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "features.parquet"), pd.concat(tables, ignore_index=True))


def test_what_is_defused_is_text_that_begins_as_a_formula_and_nothing_else(tmp_path):
    table = pd.DataFrame(
        {
            "customer_id": ["=cmd|' /C calc'!A0", "-12.50", "+x", "a=b", None],
            "change": [-1.5, np.nan, 0.1, 2, -1e-7],
            "mixed": [1, None, "-", True, "@"],
        }
    )
    store.write(tmp_path, {"table.csv": table})
    assert (tmp_path / "table.csv").read_text() == (
        "customer_id,change,mixed\n'=cmd|' /C calc'!A0,-1.5,1\n-12.50,,\n'+x,0.1,'-\na=b,2.0,True\n,-1e-07,'@\n"
    )
    assert table["customer_id"][0] == "=cmd|' /C calc'!A0"


def test_rejected_rows_are_defused_as_well(tmp_path):
    store.replace(tmp_path / "rows.csv", pd.DataFrame({"value": ["=1+1"]}))
    assert (tmp_path / "rows.csv").read_text() == "value\n'=1+1\n" and os.listdir(tmp_path) == ["rows.csv"]


def test_reports_of_the_monitor_are_kept_to_a_count_of_runs(tmp_path):
    for name in "12345":
        generation(
            tmp_path, name, {f"monitoring/{kind}_2026010{name}T000000Z.txt": "" for kind in ("a", "a_b")}, reports=3
        )
    assert sorted(path.name for path in (tmp_path / "monitoring").iterdir()) == [
        f"{kind}_2026010{name}T000000Z.txt" for kind in ("a", "a_b") for name in "345"
    ]


def test_what_a_dead_run_left_is_removed_by_the_next(tmp_path):
    generation(tmp_path, "1", {"a.txt": "one"})
    (tmp_path / "bundles/.clv-2.part/sub").mkdir(parents=True)
    (tmp_path / ".clv-current.part").symlink_to("bundles/1")
    (tmp_path / "data_quality/.clv-rows.csv.part").mkdir(parents=True)
    (tmp_path / "b.txt").symlink_to("current/b.txt")
    generation(tmp_path, "3", {"a.txt": "three"})
    assert {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*")} == {
        ".lock", "a.txt", "bundles", "bundles/1", "bundles/1/a.txt", "bundles/3", "bundles/3/a.txt", "current", "data_quality",
    }  # fmt: skip


def test_a_disk_without_hard_links_gets_copies(tmp_path, monkeypatch):
    def refused(*_):
        raise PermissionError("no links here")

    generation(tmp_path, "1", {"a.txt": "one"})
    monkeypatch.setattr(os, "link", refused)
    generation(tmp_path, "2", {"b.txt": "two"})
    assert [(tmp_path / name).read_text() for name in ("a.txt", "b.txt")] == ["one", "two"]


def test_a_command_that_writes_no_outputs_needs_neither_lock_nor_folder():
    with store.no_bundle() as folder:
        assert not os.listdir(folder)
    with (
        pytest.raises(RuntimeError, match="a.txt: this command said that it writes no outputs"),
        store.no_bundle() as folder,
    ):
        store.write(folder, {"a.txt": "lost"})
