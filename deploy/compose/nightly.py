"""deploy/night.sh at the times that CLV_CRON names, and again where a later try may do better.

A time that passes while a night runs, or while this process does not, is not made up for: the next night scores all customers anew.
"""

import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path

NIGHT = Path(__file__).resolve().parents[1] / "night.sh"
PAUSES = (300, 600, 1200, 2400, 3600)  # seconds before each further try
FINAL = (0, 1, 65, 74)  # exit codes after which a further try would end the same
GRACE_SECONDS = 8  # the engine ends within 2 seconds of a SIGTERM; a container is given 10
ALIVE = Path("/tmp/alive")  # touched at least each half minute


def night(words: Sequence[str], pauses: Sequence[float] = PAUSES) -> int:
    """Returns the exit code of the last try: of the first command that did not pass, or 0."""
    for pause in (*pauses, None):
        code = one_try(words)
        if code in FINAL or pause is None:
            break
        print(f"the night is tried again in {pause:.0f} seconds", flush=True)
        wait(pause)
    return code


def one_try(words: Sequence[str]) -> int:
    """Returns the exit code of night.sh, which ends with all its processes where this process is ended."""
    environment = {"CLV_PYTHON": sys.executable} | os.environ
    process = subprocess.Popen([NIGHT, *words], env=environment, start_new_session=True)
    try:
        while True:
            ALIVE.touch()
            with suppress(subprocess.TimeoutExpired):
                return process.wait(30)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(GRACE_SECONDS)


def wait(seconds: float) -> None:
    """Waits, and shows meanwhile that this process lives."""
    end = time.time() + seconds  # of the clock on the wall, as the times of CLV_CRON
    while (rest := end - time.time()) > 0:
        ALIVE.touch()
        time.sleep(min(rest, 30))


def stop(*_: object) -> None:
    """Ends this process; it handles SIGTERM, which the first process of a container would ignore."""
    sys.exit(128 + signal.SIGTERM)


def main() -> None:
    from apscheduler.triggers.cron import CronTrigger  # of the container: one night does without it

    signal.signal(signal.SIGTERM, stop)
    at = CronTrigger.from_crontab(os.environ["CLV_CRON"])
    # the files of the image cannot be written: a profile that `check` proposes goes to the outputs
    words = ["outputs=/outputs", "check.folder=/outputs/profiles", *shlex.split(os.environ.get("CLV_WORDS", ""))]
    while due := at.get_next_fire_time(None, datetime.now(at.timezone)):
        wait(due.timestamp() - time.time())
        night(words)


if __name__ == "__main__":
    main()
