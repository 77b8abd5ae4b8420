import os

import pandas as pd
import pytest

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
    pd.testing.assert_frame_equal(store.read_table(tmp_path, "scores.parquet", "score"), table)


def test_a_missing_table_names_the_command_that_makes_it(tmp_path):
    with pytest.raises(
        UserError, match="outputs hold no clv_ranked_predictions.parquet yet.\nHint: run `mlflow run . -e score` first."
    ):
        store.read_table(tmp_path, "clv_ranked_predictions.parquet", "score")


def test_rejects_are_readable_by_their_owner_alone(tmp_path):
    store.replace(tmp_path / "data_quality/rejected_rows.csv", pd.DataFrame({"line": [2]}))
    assert (tmp_path / "data_quality/rejected_rows.csv").stat().st_mode & 0o777 == 0o600
