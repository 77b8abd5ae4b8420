"""What an outage left behind."""

from pathlib import Path

from clv import hints
from clv.errors import UserError
from clv.outcome import Outcome, Run
from clv.tracking import journal, spool


def sync(run: Run) -> Outcome:
    """Says that nothing waits in the spool: what did was delivered when the command began.

    Raises: UserError: something still waits.
    """
    home = Path(run.config.outputs)
    if left := spool.waiting(home):
        raise UserError(
            f"{len(left)} runs still wait in {home / journal.SPOOL}: another command is delivering them, or the server failed again."
            f"\nHint: {hints.command('sync')}"
        )
    return Outcome("nothing waits in the spool")
