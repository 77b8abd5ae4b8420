"""The calls of a tracking server: how many a command makes, what it does where each takes its time, and where a reply is lost."""

import shutil
import time

import pandas as pd
import pytest
from faulty import Plan
from stores import client, runs

from clv.run import run_command
from clv.tracking import spool


@pytest.mark.slow
def test_lost_replies_to_a_registration(behind, told):
    paths = ("model-versions/create", "registered-models/create", "runs/create", "registered-models/alias")
    for number in range(20):
        versions, trained = len(client().search_model_versions("name='clv'")), len(runs("train"))
        lost = iter(["lost"])
        behind.proxy.plan = Plan(
            lambda _, method, path, lost=lost, wanted=paths[number % 4]: (
                next(lost, None) if method == "POST" and wanted in path else None
            )
        )
        run_command("train", behind.config("model=btyd"))
        assert next(lost, None) is None, "no call was lost"
        assert len(client().search_model_versions("name='clv'")) == versions + 1
        assert len(runs("train")) == trained + 1
    told("the reply to a create of `train` is lost", 20, "20 versions and 20 runs, none twice")


EVERYDAY = {"score": 20, "cluster": 12, "rank_clusters": 11, "monitor": 26, "report": 37}


@pytest.mark.slow
@pytest.mark.parametrize("new_machine", [False, True])
def test_at_nine_tenths_of_a_second_a_call_score_keeps_its_promise_and_its_scores_are_right(behind, new_machine, told):
    run_command("score", behind.config())
    right = pd.read_parquet(behind.outputs / "clv_ranked_predictions.parquet")
    if new_machine:
        shutil.rmtree(behind.outputs / ".production")
    behind.proxy.plan, begun = Plan(lambda number, method, path: "sluggish"), time.monotonic()
    run_command("score", behind.config("tracking.patience_seconds=30"))
    took, calls = time.monotonic() - begun, behind.proxy.plan.calls
    behind.proxy.plan = Plan()
    spooled = len(spool.waiting(behind.outputs))
    run_command("sync", behind.config())
    pd.testing.assert_frame_equal(pd.read_parquet(behind.outputs / "clv_ranked_predictions.parquet"), right)
    assert took < 30 + 5 and spool.waiting(behind.outputs) == [] and runs("score")[0].info.status == "FINISHED"
    assert new_machine or not spooled
    where = "a machine that never saw the version" if new_machine else "a machine that has the version"
    found = f"{took:.0f} s and {calls} calls, the scores right, {'the rest of the log spooled' if spooled else 'all logged'}"
    told(f"every call takes .9 s: `score` on {where}", 1, found)


@pytest.mark.slow
def test_everyday_commands_make_few_calls(behind, told):
    made = {}
    for step in EVERYDAY:
        behind.proxy.plan = Plan()
        run_command(step, behind.config())
        made[step] = behind.proxy.plan.calls
    told(
        "no fault: calls of the server that a command makes",
        1,
        ", ".join(f"{calls} {step}" for step, calls in made.items()),
    )
    assert {step: calls for step, calls in made.items() if calls > EVERYDAY[step]} == {}
