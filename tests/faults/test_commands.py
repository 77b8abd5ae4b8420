"""Whole commands that are killed, that meet a rival, that meet a full disk. CLV_FAULTS scales the kills."""

import itertools
import os
import random
import re
import time
from pathlib import Path

import pytest
from faults.engine import DAYS, FAULTS, Warm, digests, leftovers, mounted, resized, started, torn, used
from helpers import person

from clv.registry import ledger
from clv.registry.standing import Standing


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    """A project with two versions, of which the first is in production."""
    with started(tmp_path_factory.mktemp("faults"), "keep_bundles=1000") as warm:
        assert warm.run("train", "model.probability_model=bg_nbd") == 0, warm.said
        yield warm


def governed() -> tuple[str, str | None, list[str]]:
    """The version in production by its alias, the same by the ledger, and what is wrong with the ledger."""
    return (
        Standing("clv").production_number,
        ledger.current(ledger.entries(Standing("clv").texts)),
        Standing("clv").problems(),
    )


PAIRS = int(os.environ.get("CLV_PAIRS", 25))
SHARE = {"score": 0.3, "cluster": 0.34, "monitor": 0.1, "train": 0.1, "promote": 0.16}
NEXT = {step: ["cluster"] for step in ("score", "cluster", "monitor")} | {"train": ["score"]}
NEXT["promote"] = ["ledger", "ask.settle=true"]  # a person's
SECOND = person("2", despite_gates="true")


@pytest.mark.slow
def test_a_kill_at_any_moment_leaves_the_old_or_the_new_outputs_and_the_next_run_needs_no_hand(engine, told):
    chance, outputs = random.Random(6), engine.folder / "outputs"
    found = dict.fromkeys(
        (
            "kills",
            "ended before",
            "outputs torn",
            "earlier bundles changed",
            "aliases moved",
            "ledgers that disagree",
            "next runs that needed a hand",
        ),
        0,
    )
    for step, share in SHARE.items():
        more = SECOND if step == "promote" else []
        begin = time.perf_counter()
        assert engine.run(step, *more) == 0, engine.said
        took = time.perf_counter() - begin
        wanted = found["kills"] + round(share * FAULTS)
        for number in itertools.takewhile(lambda _: found["kills"] < wanted, range(2 * FAULTS)):
            back_to_the_first(engine)
            if step in ("cluster", "monitor") and number % 3 == 0:
                assert engine.run("score", f"window.as_of={DAYS[number % 9 // 3]}") == 0, engine.said
            day = [f"window.as_of={chance.choice(DAYS)}"] if step == "score" else []
            earlier = (outputs / "current").resolve()
            known = digests(earlier)
            seconds = (
                chance.uniform(0, took) if chance.random() < 0.3 else chance.uniform(max(took - 2, 0.4 * took), took)
            )
            code = engine.killed(step, seconds, *more, *day)
            found["kills"] += code == -9
            found["ended before"] += code == 0
            assert code in (0, -9), engine.said
            found["outputs torn"] += bool(torn((outputs / "current").resolve()))
            found["earlier bundles changed"] += digests(earlier) != known
            found["aliases moved"] += governed()[0] not in (("1", "2") if step == "promote" else ("1",))
            found["next runs that needed a hand"] += engine.run(*NEXT[step]) != 0 or bool(leftovers(outputs))
            alias, recorded, problems = governed()
            found["ledgers that disagree"] += (
                alias != recorded or bool(problems) or (code == 0 and step == "promote" and alias != "2")
            )
    found_wrong = {name: count for name, count in found.items() if name not in ("kills", "ended before")}
    words = ", ".join(f"{count} {name}" for name, count in found_wrong.items())
    told(f"kill -9 at a random moment of {', '.join(SHARE)}", f"{found['kills']} kills", words)
    assert [count for name, count in found.items() if name not in ("kills", "ended before")] == [0] * 5
    assert found["kills"] == sum(round(share * FAULTS) for share in SHARE.values())


def back_to_the_first(engine: Warm) -> None:
    """With a review of the second version that is open."""
    if governed()[0] == "2":
        assert engine.run("rollback", *person()) == 0, engine.said
        assert engine.run("review", *person("2")) == 0, engine.said


@pytest.mark.slow
def test_two_pipelines_at_once_give_two_whole_bundles_or_one_and_exit_code_75(engine, told):
    rival, outputs = Warm(engine.folder, engine.code), engine.folder / "pairs"
    waited, refused = [], []
    for number in range(PAIRS):
        for wait, codes in ((60, waited), (0, refused)):
            both = [f"outputs={outputs}_{wait}", "keep_bundles=1000", f"lock_wait_seconds={wait}"]
            for one, day in zip((engine, rival), random.Random(number).sample(DAYS, 2), strict=True):
                one.begin("score", *both, f"window.as_of={day}")
            codes.append((engine.end(), rival.end()))
            if 75 in codes[-1]:
                said = (engine if codes[-1][0] == 75 else rival).said
                assert re.search(
                    r"is being written by (score, process \d+ of .+ on .+, since|another command)", said
                ), said
    rival.process.stdin.close(), rival.process.wait(20)
    bundles = list(Path(f"{outputs}_60").glob("bundles/*"))
    wrong = [bundle for bundle in bundles + list(Path(f"{outputs}_0").glob("bundles/*")) if torn(bundle)]
    turned_away = sum(75 in pair for pair in refused)
    told(
        "two that write at once, and wait", f"{PAIRS} pairs", f"{len(waited) * 2} ended well, {len(wrong)} bundles torn"
    )
    told(
        "two that write at once, and may not wait",
        f"{PAIRS} pairs",
        f"{turned_away} times exit code 75 for one of the two",
    )
    assert set(waited) == {(0, 0)} and not wrong
    assert sum(bundle.is_relative_to(f"{outputs}_60") for bundle in bundles) == 2 * PAIRS
    assert set(refused) <= {(0, 0), (0, 75), (75, 0)} and turned_away


@pytest.mark.slow
def test_a_full_disk_of_any_size_leaves_the_old_bundle_as_it_was(engine, tmp_path, told):
    found = []
    with mounted(tmp_path / "disk", "size=64m") as disk:
        outputs = disk / "outputs"
        for step in ("score", "cluster", "rank_clusters", "monitor", "train"):
            assert engine.run(step, f"outputs={outputs}") == 0, engine.said
        for step, sizes in {"score": 8, "cluster": 8, "rank_clusters": 8, "monitor": 8, "train": 8}.items():
            before = used(disk)
            assert engine.run(step, f"outputs={outputs}", "keep_bundles=2") == 0, engine.said
            assert engine.run(step, f"outputs={outputs}", "keep_bundles=2") == 0, engine.said
            new = sum(
                -(-path.stat().st_size // 4096) * 4096
                for path in (outputs / "current").resolve().rglob("*")
                if path.is_file() and path.stat().st_nlink == 1
            )
            old, links, before = digests(outputs / "bundles"), os.readlink(outputs / "current"), used(disk)
            for number in range(sizes):
                resized(disk, before + new * number // sizes // 4096 * 4096)
                code = engine.run(step, f"outputs={outputs}", "keep_bundles=2")
                same = digests(outputs / "bundles") == old and os.readlink(outputs / "current") == links
                found.append((step, code, same and not leftovers(outputs)))
                assert "Error: " in engine.said and "Hint: make room" in engine.said, engine.said
            resized(disk, 64 << 20)
            assert engine.run(step, f"outputs={outputs}", "keep_bundles=2") == 0, engine.said
    codes, changed = sorted({code for _, code, _ in found}), sum(not same for *_, same in found)
    told(
        "a disk that fills at any size of the outputs", len(found), f"exit codes {codes}, {changed} old bundles changed"
    )
    assert len(found) == 40 and {(code, same) for _, code, same in found} == {(74, True)}, found


@pytest.mark.slow
def test_a_full_disk_under_the_tracking_store_ends_with_74_and_the_next_run_with_0(pipeline, tmp_path, told):
    with mounted(tmp_path / "disk", "size=400m") as disk:
        warm, before = Warm(pipeline.copied_to(disk / "project").folder), used(disk)
        try:
            found = {}
            for kilobytes in (0, 16, 32, 64):
                resized(disk, before + kilobytes * 1024)
                found[kilobytes] = warm.run("score"), "Traceback" in warm.said
            resized(disk, 400 << 20)
            assert set(found.values()) == {(74, False)} and warm.run("score") == 0, (found, warm.said)
            told("a disk that fills under the tracking store", len(found), "exit code 74 each time, then 0 with room")
        finally:
            warm.process.stdin.close(), warm.process.wait(20)
