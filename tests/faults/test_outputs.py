"""The outputs folder under kills, readers, rivals, full and read-only disks, in short; whole commands are in test_commands."""

import os
import random
import re
import signal
import subprocess
import tempfile
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import matplotlib.figure
import pandas as pd
import pytest
from faults.engine import digests, leftovers, mounted

from clv import store
from clv.errors import BusyError, OutputsError
from clv.store import lock


def rules(folder: Path, wait: float = 0) -> store.Outputs:
    return store.Outputs(folder, 3, 3, wait)


def generation(folder: Path, name: str, wait: float = 0) -> None:
    with store.bundle(rules(folder, wait), "step", name) as fresh:
        store.write(fresh, {f"{part}.csv": pd.DataFrame({"made_by": [name] * 500}) for part in "abc"})


def forked(work) -> int:
    pid = os.fork()
    if pid == 0:
        try:
            work()
        finally:
            os._exit(0)
    return pid


def made_by(folder: Path) -> set[str]:
    return {name for path in folder.glob("*.csv") for name in pd.read_csv(path, dtype=str)["made_by"]}


def test_a_writer_that_is_killed_leaves_one_generation_and_the_lock_is_free(tmp_path, told):
    chance = random.Random(1)
    for number in range(5):
        pid = forked(lambda: [generation(tmp_path, f"{number}-{one}") for one in range(1000)])
        time.sleep(chance.uniform(0.05, 0.3))
        os.kill(pid, signal.SIGKILL), os.waitpid(pid, 0)
        assert not (tmp_path / "current").exists() or len(made_by(tmp_path / "current")) == 1
        generation(tmp_path, f"{number}-next")
        assert made_by(tmp_path) == {f"{number}-next"} and leftovers(tmp_path) == []
    told(
        "kill -9 of a process that writes outputs without a pause",
        5,
        "one generation each, the lock free, nothing left over",
    )


def test_readers_during_swaps_find_every_file_and_one_generation_behind_current(tmp_path, told):
    generation(tmp_path, "first")
    over, seen = threading.Event(), []

    def reader():
        while not over.is_set():
            assert (tmp_path / "a.csv").read_text() and (tmp_path / "c.csv").read_text()
            seen.append(made_by((tmp_path / "current").resolve()))

    def writer():
        for number in range(30):
            generation(tmp_path, str(number))
        over.set()

    threads = [threading.Thread(target=writer), threading.Thread(target=reader)]
    [thread.start() for thread in threads], [thread.join() for thread in threads]
    assert {len(found) for found in seen} == {1} and len(seen) > 5 and made_by(tmp_path) == {"29"}
    told(
        "somebody reads while outputs are swapped",
        f"{len(seen)} times in 30 swaps",
        "every file there, one generation each time",
    )


@contextmanager
def busy(folder: Path):
    """Another process that has the lock until it is killed."""

    def hold():
        with lock.held(folder, "full_pipeline", 0):
            time.sleep(60)

    pid = forked(hold)
    while lock.holder(folder) == lock.UNKNOWN:
        time.sleep(0.01)
    try:
        yield pid
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def test_who_may_not_wait_stops_with_code_75_and_the_name_of_the_holder(tmp_path):
    with (
        busy(tmp_path) as pid,
        pytest.raises(BusyError, match=rf"by full_pipeline, process {pid} of \S+ on \S+, since \d.*nothing was done"),
    ):
        generation(tmp_path, "1")
    assert BusyError.exit_code == 75 and not (tmp_path / "current").exists()


def test_who_waits_is_told_for_whom_and_goes_on_when_that_process_dies(tmp_path, capsys):
    with busy(tmp_path) as pid:
        threading.Timer(0.3, os.kill, (pid, signal.SIGKILL)).start()
        generation(tmp_path, "1", wait=20)
    assert re.match(rf"waiting for full_pipeline, process {pid} of \S+ on \S+, since ", capsys.readouterr().err)
    assert made_by(tmp_path) == {"1"}


KINDS = {
    "clv.csv": pd.DataFrame({"customer_id": [str(number) for number in range(30_000)]}),
    "clv.parquet": pd.DataFrame({"customer_id": [str(number) for number in range(30_000)]}),
    "clv.json": {"numbers": list(range(30_000))},
    "clv.html": "<p>" * 60_000,
    "clv.png": matplotlib.figure.Figure(figsize=(40, 40), facecolor="red"),
}


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_of_file_on_a_full_disk_is_one_clear_error_and_leaves_the_old_bundle(tmp_path, name, told):
    with mounted(tmp_path / "disk", "size=48k") as disk:
        generation(disk, "1")
        old = digests(disk)
        with (
            pytest.raises(OutputsError, match="(?s)could not be written: .*make room"),
            store.bundle(rules(disk), "step", "2") as fresh,
        ):
            store.write(fresh, {name: KINDS[name]})
        assert digests(disk) == old and leftovers(disk) == []
        with pytest.raises(OutputsError, match="could not be written"):
            store.replace(disk / "data_quality/rows.csv", KINDS["clv.csv"])
        assert os.listdir(disk / "data_quality") == []
    told(f"a full disk under a {Path(name).suffix} file", 2, "one clear error, the old bundle as it was")


def test_a_disk_that_fails_in_a_library_is_named_as_such(tmp_path):
    for error in (
        RuntimeError("IO Error: No space left on device"),
        ValueError("database or disk is full"),
        OSError(5, os.strerror(5)),
    ):
        with (
            pytest.raises(OutputsError, match="The disk failed while outputs were made"),
            store.bundle(rules(tmp_path), "step", "1"),
        ):
            raise error
    with pytest.raises(KeyError), store.bundle(rules(tmp_path), "step", "1"):
        raise KeyError("another error")


def test_a_disk_that_is_read_only_is_found_out_before_the_work(tmp_path):
    with mounted(tmp_path / "disk", "size=1m") as disk:
        generation(disk, "1")
        subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
        with pytest.raises(OutputsError, match="Read-only file system"), store.bundle(rules(disk), "step", "2"):
            pytest.fail("the work began")


@pytest.mark.skipif(os.getuid() != 0, reason="needs a second account")
def test_links_that_belong_to_somebody_else_are_found_out_before_the_work():
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        generation(folder, "1")
        for path, mode in ((folder, 0o1777), (folder / "bundles", 0o1777), (folder / ".lock", 0o666)):
            path.chmod(mode)
        told = folder / "told.txt"
        told.write_text(""), told.chmod(0o666)

        def stranger():
            os.setuid(65534)
            try:
                with store.bundle(rules(folder), "step", "2"):
                    told.write_text("the work began")
            except OutputsError as error:
                told.write_text(str(error))

        os.waitpid(forked(stranger), 0)
        assert re.search("Operation not permitted.*current", told.read_text()), told.read_text()
        assert made_by(folder) == {"1"} and leftovers(folder) == []
