"""What an outage left behind."""

from pathlib import Path

from clv import hints
from clv.errors import UserError
from clv.outcome import Drop, Outcome, Run
from clv.tracking import journal, spool
from clv.wording import counted


def sync(run: Run) -> Outcome:
    """Says that nothing waits for this server: what did was delivered when the command began. Drops what waits for one that will not come.

    Raises: UserError: something still waits, or nothing waits for the server that is to be dropped.
    """
    home, address = Path(run.config.outputs), run.config.ask.drop
    if left := spool.waiting(home):
        still, deliver = ("waits", "it") if len(left) == 1 else ("wait", "them")
        raise UserError(
            f"{counted(len(left), 'run')} still {still} in {home / journal.SPOOL}: another command is delivering {deliver}, or the server failed "
            f"again.\nHint: {hints.command('sync')}"
        )
    others = spool.others(home)
    if address is None:
        return Outcome("nothing waits for this server" + _for_others(sum(others.values())))
    if address not in others:
        known = f"others wait for {', '.join(others)}." if others else "nothing waits for any other server."
        raise UserError(f"Nothing in {home / journal.SPOOL} waits for {address}.\nHint: {known}")
    return Outcome(
        f"dropped {counted(others[address], 'run')} that waited for {address}", effects=(Drop(home, address),)
    )


def _for_others(number: int) -> str:
    return f"; {counted(number, 'run')} {'waits' if number == 1 else 'wait'} for another one" if number else ""
