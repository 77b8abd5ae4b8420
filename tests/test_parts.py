"""A business of more customers than one part holds: the same answers, part by part, and an interruption costs one part."""

import signal
import subprocess
import sys
import time

import pandas as pd
import pytest
from helpers import RANKED, ROOT, SMALL, read
from stores import artifacts, client, description, newest_run

from clv import store
from clv.run import run_command

PARTS = "compute.partition_customers=100"
TABLES = (RANKED, "clv_clustered_customers.csv", "clv_cluster_rankings.csv")


def scored_in_parts(project):
    for command in ("score", "cluster", "rank_clusters"):
        run_command(command, project.config(PARTS))
    return {name: (project.outputs / name).read_bytes() for name in TABLES}


def test_scores_and_clusters_are_the_same_bytes_however_many_parts_there_are(copied):
    whole = {name: (copied.outputs / name).read_bytes() for name in TABLES}
    assert scored_in_parts(copied) == whole
    assert not list((copied.outputs / store.UNFINISHED).rglob("*.parquet"))


def test_the_run_keeps_the_scores_of_the_panel(copied):
    run_command("score", copied.config(PARTS))
    kept = pd.read_parquet(
        client().download_artifacts(newest_run().info.run_id, "outputs/clv_ranked_predictions.parquet")
    )
    everybody = read(copied.outputs / RANKED)
    assert 50 < len(kept) < 200 < len(everybody)
    assert set(kept["clv_rank"]) < set(everybody["clv_rank"])


def test_a_customer_outside_of_the_panel_is_explained_without_a_change(copied):
    for day in ("2025-12-01", "2025-12-31"):
        run_command("score", copied.config(PARTS, f"window.as_of='{day}'"))
    kept = pd.read_parquet(
        client().download_artifacts(newest_run().info.run_id, "outputs/clv_ranked_predictions.parquet")
    )
    everybody = read(copied.outputs / RANKED)
    other = everybody.loc[~everybody["customer_id"].isin(kept["customer_id"]), "customer_id"].iloc[0]
    (said,) = [outcome.summary for outcome in run_command("explain", copied.config(PARTS, f"ask.customer={other}"))[1:]]
    assert f"no scoring that was kept has customer {other} (a panel: 1 of 6 customers" in said
    assert f"customer {other} as of 2025-12-31, version 1: predicted" in said


def test_the_whole_pipeline_runs_on_parts(copied):
    outcomes = run_command("full_pipeline", copied.config(PARTS))
    assert "customers (a panel: 1 of 6 customers, drawn by their ids) out of time" in outcomes[2].summary
    assert len(outcomes) == 9 and not [outcome for outcome in outcomes if outcome.refused]
    figures = pd.read_csv(copied.outputs / "report/figures.csv").set_index("figure")["value"]
    scores = read(copied.outputs / RANKED)
    assert figures["customers"] == len(scores)
    assert figures["predicted"] == pytest.approx(scores["predicted_clv"].sum())
    assert sum(len(read(path)) for path in (copied.outputs / "segments").glob("*.csv")) == len(scores)
    assert len(pd.read_parquet(copied.outputs / "clv_features.parquet")) == len(scores)


def test_a_scoring_that_was_killed_goes_on_with_the_next_part(copied):
    words = [f"data.path={copied.folder}/history.csv", f"outputs={copied.outputs}", *SMALL, PARTS]
    before = (copied.outputs / RANKED).read_bytes()
    process = subprocess.Popen([sys.executable, "-m", "entrypoints.score", *words], cwd=ROOT, stderr=subprocess.DEVNULL)
    parts = killed_after(process, copied.outputs / store.UNFINISHED / "score", 2)
    assert (copied.outputs / RANKED).read_bytes() == before
    table = pd.read_parquet(parts[0])
    table.assign(predicted_clv=[1e6, *table["predicted_clv"][1:]]).to_parquet(parts[0], index=False)
    run_command("score", copied.config(PARTS))
    assert read(copied.outputs / RANKED)["customer_id"].iloc[0] == table["customer_id"].iloc[0]


def killed_after(process, folder, number):
    """The finished parts of a process that was killed once there were so many."""
    while process.poll() is None:
        parts = sorted(folder.glob("*/part-*.parquet"))
        if len(parts) >= number:
            process.send_signal(signal.SIGKILL)
            process.wait()
            return parts
        time.sleep(0.001)
    raise AssertionError("it ended before it was killed")


def test_a_file_above_the_limit_is_in_the_outputs_alone_and_the_run_says_so(copied):
    (copied.folder / "history.csv").write_text(grown((copied.folder / "history.csv").read_text()))
    run_command("score", copied.config("tracking.max_artifact_mb=1"))
    assert (copied.outputs / RANKED).stat().st_size > 1e6
    assert f"outputs/{RANKED}" not in artifacts(newest_run().info.run_id)
    assert f"tracking.max_artifact_mb=1: {RANKED}" in description()


def grown(text):
    """Twenty copies of the customers of a history, with ids of their own."""
    header, *rows = text.splitlines()
    return "\n".join([header, *rows, *(f"copy{number}-{row}" for number in range(20) for row in rows)]) + "\n"
