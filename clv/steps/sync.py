"""What an outage left behind."""

from pathlib import Path

from clv.errors import UserError
from clv.record import Record
from clv.tracking import spool
from clv.workspace import Workspace


def sync(work: Workspace) -> Record:
    """Nothing waits in the spool: what did was delivered when the command began.

    Raises: UserError: something still waits.
    """
    home = Path(work.config.outputs)
    if left := spool.waiting(home):
        raise UserError(
            f"{len(left)} runs still wait in {home / spool.SPOOL}: another command is delivering them, or the server failed again."
            "\nHint: mlflow run . -e sync"
        )
    return Record("nothing waits in the spool")
