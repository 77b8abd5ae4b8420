"""The commands with compute=spark: the files and the verdict of one machine."""

import pandas as pd
import pytest
from helpers import RANKED

from clv.run import run_command

pytestmark = pytest.mark.slow
TABLES = (RANKED, "clv_clustered_customers.csv", "clv_cluster_rankings.csv")


def answers(project, *overrides):
    """The files, and what the monitor said."""
    for command in ("score", "cluster", "rank_clusters"):
        run_command(command, project.config(*overrides))
    verdict = run_command("monitor", project.config(*overrides))[-1]
    return {name: (project.outputs / name).read_bytes() for name in TABLES}, verdict.summary.split(" (read ")[
        0
    ]  # behind it stands the name of the page, with its second


def test_scores_clusters_and_verdict_are_those_of_one_machine(session, copied):
    lake = copied.folder / "lake"
    lake.mkdir()
    rows = pd.read_csv(copied.folder / "history.csv", dtype=str)
    for number in range(2):
        rows[number::2].to_parquet(lake / f"part-{number}.parquet", index=False)
    path, parts = f"data.path={lake}/", "compute.partition_customers=300"
    here, there = (
        answers(copied, path, parts),
        answers(copied, path, parts, "compute.engine=spark", "compute.remote='local[2]'"),
    )
    assert here == there
