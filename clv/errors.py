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
    """The purchase history cannot be used as it is (sysexits EX_DATAERR): `[CODE] what, where -- fix: ...`, one line.

    where: file:line, column; without those that there are not.   fix: the key to set, or what to do.
    """

    exit_code = 65

    def __init__(self, code: str, what: str, fix: str, where: str = ""):
        self.code, self.what, self.fix, self.where = code, what, fix, where
        said = f"[{code}] {what}{', ' if where else ''}{where} -- fix: {fix}"
        super().__init__("".join(sign if sign.isprintable() else " " for sign in " ".join(said.split())))

    def __reduce__(self):
        return type(self), (self.code, self.what, self.fix, self.where)


class Unreachable(UserError):
    """The tracking server does not answer, and the command cannot do without it (sysexits EX_UNAVAILABLE)."""

    exit_code = 69


class OutputsError(UserError):
    """The outputs cannot be written: a full, broken or read-only disk (sysexits EX_IOERR)."""

    exit_code = 74


class BusyError(UserError):
    """Another command is writing the same outputs: the same again later will do (sysexits EX_TEMPFAIL)."""

    exit_code = 75
