"""A tracking server that fails at random calls, in every way that servers do. CLV_SERVER_FAULTS scales it: by default three of each kind."""

import os
import random
import time
from collections import Counter

import pandas as pd
import pytest
from faulty import KINDS, Plan, from_call
from helpers import person
from stores import alias_table, entries, runs

from clv.errors import Unreachable
from clv.registry.standing import Standing
from clv.run import run_command
from clv.tracking import server, spool

FAULTS = int(os.environ.get("CLV_SERVER_FAULTS", 36))
PATIENCE = 8  # seconds; the promise of 30 is tested where every call takes its time
STEPS = ("score", "cluster", "monitor", "train", "promote")


def whole(outputs):
    """Scores and clusters, where there are any, are of one run."""
    if not (outputs / "clv_clustered_customers.parquet").exists():
        return (outputs / "clv_ranked_predictions.parquet").exists()
    ranked, clustered = (
        pd.read_parquet(outputs / f"clv_{name}.parquet") for name in ("ranked_predictions", "clustered_customers")
    )
    return clustered[list(ranked)].equals(ranked)


def words(behind, step):
    if step == "promote":
        in_production = alias_table()["production"]
        number = "1" if in_production == "2" else "2"
        run_command("review", behind.config("model=btyd", f"person.version='{number}'"))
        return person(version=number)
    return ["model=btyd"]


@pytest.mark.slow
def test_faults_at_random_calls(behind, told):
    chance, worst, delivered, stopped, made = random.Random(11), 0.0, 0, 0, Counter()
    calls = {"score": 20, "cluster": 12, "monitor": 25, "train": 600, "promote": 340}
    for number in range(FAULTS):
        kind, step = KINDS[number % len(KINDS)], STEPS[number % len(STEPS)]
        said, moved, before = words(behind, step), alias_table(), len(runs(step))
        behind.proxy.plan, begun = from_call(chance.randint(1, calls[step]), kind), time.monotonic()
        try:
            run_command(step, behind.config(*said, f"tracking.patience_seconds={PATIENCE}"))
        except Unreachable as error:
            stopped += 1
            assert step in ("train", "promote") and error.exit_code == 69, (kind, step, error)
        took = time.monotonic() - begun
        worst, made[kind] = max(worst, took), made[kind] + 1
        behind.proxy.plan = Plan()
        server.begin(40)
        waits = len(spool.waiting(behind.outputs))
        assert took < PATIENCE + 30 and (step in ("train", "promote") or whole(behind.outputs)), (kind, step, took)
        assert step == "promote" or alias_table()["production"] == moved["production"], (kind, step)
        run_command("sync", behind.config())
        if step == "promote":
            run_command("ledger", behind.config("ask.settle=true"))
        delivered += waits
        found = runs(step)
        assert spool.waiting(behind.outputs) == [] and len(found) <= before + 1, (kind, step)
        assert "RUNNING" not in {run.info.status for run in found}, (kind, step)
        if step in ("score", "cluster", "monitor"):
            assert len(found) == before + 1 and found[0].info.status == "FINISHED", (kind, step)
            run_command("score", behind.config()), run_command("cluster", behind.config())
        assert Standing("clv").problems() == [] and entries()[-1]["to"] in (alias_table()["production"], None)
    often = ", ".join(f"{count} {kind}" for kind, count in sorted(made.items()))
    told(
        f"the server fails from a random call of {', '.join(STEPS)} on",
        f"{FAULTS}: {often}",
        "0 torn outputs, 0 aliases moved",
    )
    told(
        "the same: how they ended", FAULTS, f"{stopped} with exit code 69, all others well, after {worst:.0f} s at most"
    )
    told("the same: what waited in the spool", f"{delivered} runs", "each delivered once, FINISHED")
