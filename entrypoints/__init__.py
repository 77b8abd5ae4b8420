"""One file a command: it makes one call, run(command)."""

import sys

from clv import process


def run(command: str) -> None:
    """Runs a command as this process: signals end it well from here on, before the heavy imports."""
    process.start(_by_force)
    from entrypoints.launch import launch

    launch(command)


def _by_force() -> None:
    """What is open is closed if the engine is there already; nothing is imported in the last moment."""
    if journal := sys.modules.get("clv.tracking.journal"):
        journal.abandon()
