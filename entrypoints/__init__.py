"""One file a command: it makes one call, run(command)."""

import gc
import os
import sys

from clv import process

_SELDOM = (
    100_000,
    50,
    100,
)  # of the collector: imports make a million objects that stay, and looking through them takes a tenth of a run
_CLEARED, _CURSOR = "\r\x1b[K", b"\x1b[?25h"  # an empty line; the cursor, which a live display hides


def run(command: str) -> None:
    """Runs a command as this process: signals end it well from here on, before the heavy imports."""
    process.start(_by_force)
    os.environ.setdefault(
        "OMP_WAIT_POLICY", "passive"
    )  # threads of XGBoost that wait for others sleep: beside other programs, ten times less CPU
    gc.set_threshold(*_SELDOM)
    _say("starting ...")
    from entrypoints.launch import launch

    _say(_CLEARED)
    launch(command)


def _say(text: str) -> None:
    """On a terminal alone."""
    if sys.stdout.isatty() and os.environ.get("TERM") != "dumb":
        sys.stdout.write(text)
        sys.stdout.flush()


def _by_force() -> None:
    """What is open is closed if the engine is there already; nothing is imported in the last moment."""
    if os.isatty(1):
        os.write(1, _CURSOR)
    if journal := sys.modules.get("clv.tracking.journal"):
        journal.abandon()
