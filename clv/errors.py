"""What a person can put right: shown as its message alone, without a traceback."""


class UserError(ValueError):
    """Says what is wrong, how many, which value, and the next move after `Hint:`."""

    exit_code = 1


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
