"""What a person can put right: shown as its message alone, without a traceback."""

import re


def hidden(text: str) -> str:
    """The text without the name and the password of any address in it: http://ann:secret@server becomes http://server."""
    return re.sub(r"(\w://)[^/\s]*@", r"\1", text)


class UserError(ValueError):
    """Says what is wrong, how many, which value, and the next move after `Hint:`. Passwords in addresses are left out of it."""

    exit_code = 1

    def __init__(self, message: str):
        super().__init__(hidden(message))


class InputError(UserError):
    """The purchase history cannot be used as it is (sysexits EX_DATAERR)."""

    exit_code = 65


class Unreachable(UserError):
    """The tracking server does not answer, and the command cannot do without it (sysexits EX_UNAVAILABLE)."""

    exit_code = 69


class OutputsError(UserError):
    """The outputs cannot be written: a full, broken or read-only disk (sysexits EX_IOERR)."""

    exit_code = 74


class BusyError(UserError):
    """Another command is writing the same outputs: the same again later will do (sysexits EX_TEMPFAIL)."""

    exit_code = 75
