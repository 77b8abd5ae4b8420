"""The secret that seals the ledger on this machine, if it has one: whoever has the tracking store's database does not have it."""

import os

from clv.errors import UserError

VARIABLE = "CLV_LEDGER_KEY"
_SHORTEST = 16  # characters


def secret() -> bytes | None:
    """Returns the key of the environment; None where there is none.

    Raises: UserError: it is too short to be a secret.
    """
    text = os.environ.get(VARIABLE, "")
    if text and len(text) < _SHORTEST:
        raise UserError(
            f"{VARIABLE} has {len(text)} characters; a key has at least {_SHORTEST}.\nHint: `openssl rand -hex 32` makes one."
        )
    return text.encode() or None
