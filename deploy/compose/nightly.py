"""The commands of a night, one after another, at the times that CLV_CRON names; a night that was missed is run once, and late."""

import os
import shlex
import subprocess
import sys
from pathlib import Path

from apscheduler.schedulers.blocking import BlockingScheduler
from apscheduler.triggers.cron import CronTrigger

STEPS = ("score", "cluster", "rank_clusters", "monitor", "report")
ALIVE = Path("/tmp/alive")


def night(words: list[str]) -> int:
    """Returns the exit code of the first command that did not pass, or 0."""
    for step in STEPS:
        code = subprocess.run([sys.executable, "-m", f"entrypoints.{step}", *words], check=False).returncode
        if code:
            print(f"{step} ended with exit code {code}; what comes after it waits for the next night", flush=True)
            return code
    return 0


if __name__ == "__main__":
    scheduler = BlockingScheduler()
    words = ["outputs=/outputs", *shlex.split(os.environ.get("CLV_WORDS", ""))]
    at = CronTrigger.from_crontab(os.environ["CLV_CRON"])
    scheduler.add_job(night, at, [words], coalesce=True, max_instances=1, misfire_grace_time=6 * 3600)
    scheduler.add_job(ALIVE.touch, "interval", seconds=30)
    ALIVE.touch()
    scheduler.start()
