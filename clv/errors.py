"""What a person can put right: shown as its message alone, without a traceback."""

import errno
import functools
import os
import re
from enum import StrEnum, auto

_HIDDEN = (
    (
        r"(?<!/)//(?!/)([^\s/:@?#]+:(?!\d+/)[^\s]*@|[^\s/?#]*@)",
        "//",
    ),  # name and password of an address, with a scheme or without
    (r"([?&][^\s=&?#]+=)[^\s&#'\"<>)\]]+", r"\1..."),  # every value of a query: nobody knows all names of tokens
    (
        r"((?<![A-Za-z])(?:sig|pwd|auth)|passw\w*|secret\w*|token|signature|credentials?|(?:access|account|api)_?key)(\s*=\s*)[^\s;&'\"]+",
        r"\1\2...",
    ),
    (r"(authorization:\s*)\S.*", r"\1..."),
)


def hidden(text: str) -> str:
    """Returns the text with the structure alone of what addresses and settings hold: no name, no password, no value of a query.

    >>> hidden("see http://ann:secret@server/runs and https://h/x.csv?sv=2024&sig=a%2Fb")
    'see http://server/runs and https://h/x.csv?sv=...&sig=...'
    >>> hidden("s3://key:se@cret@bucket/x, postgresql://u:pa/ss@h/db")
    's3://bucket/x, postgresql://h/db'
    >>> hidden("//ann:pw@host, PWD=hunter2;Server=db and sqlite:////home/a@b/mlflow.db")
    '//host, PWD=...;Server=db and sqlite:////home/a@b/mlflow.db'
    """
    for pattern, instead in _HIDDEN:
        text = re.sub(pattern, instead, text, flags=re.IGNORECASE)
    return text


def logged(error: BaseException) -> str:
    """Returns what a run may keep of an error. What stands in a file that was refused is for whoever sees the terminal."""
    if isinstance(error, InputError):
        return hidden(f"InputError: [{error.code}] {error.where or 'the input'}: the terminal said why")
    return hidden(f"{type(error).__name__}: {error}")


class UserError(ValueError):
    """Says what is wrong, how many, which value, and the next move after `Hint:`. Passwords in addresses are left out of it."""

    exit_code = 1

    def __init__(self, message: str):
        super().__init__(hidden(message))


class Code(StrEnum):
    """The kinds of unusable input; the first word of the message, in brackets, for programs to match on."""

    @staticmethod
    def _generate_next_value_(name: str, *_: object) -> str:
        return name

    AMBIGUOUS_REVENUE = auto()
    AS_OF = auto()
    AS_OF_TOO_EARLY = auto()
    CELLS = auto()
    COLUMN_TYPE = auto()
    CONDITION = auto()
    CURRENCIES = auto()
    CURRENCY = auto()
    DAMAGED_GZIP = auto()
    DAMAGED_PARQUET = auto()
    DAMAGED_ZIP = auto()
    DATABASE = auto()
    DATE_FORMAT = auto()
    DECIMAL_COMMA = auto()
    DECIMAL_POINT = auto()
    DOUBLED_COLUMN = auto()
    EMPTY = auto()
    FEATURE_TYPE = auto()
    FILE_CHANGED = auto()
    FLOAT_IDS = auto()
    HISTORY_TOO_SHORT = auto()
    MINUS_STYLE = auto()
    MISSING_COLUMN = auto()
    MISSING_FEATURES = auto()
    MIXED_HEADERS = auto()
    MIXED_OFFSETS = auto()
    NOTHING_TO_LEARN = auto()
    NOT_A_TABLE = auto()
    NOT_FINITE = auto()
    NO_CUSTOMERS = auto()
    NO_FILE = auto()
    NO_HEADER = auto()
    NO_REVENUE = auto()
    NO_ROWS = auto()
    NO_SHEET = auto()
    NO_SOLUTION = auto()
    NUL_BYTE = auto()
    OPEN_QUOTE = auto()
    OTHER_HISTORY = auto()
    PERCENT = auto()
    RAGGED_ROW = auto()
    SILENT_DAYS = auto()
    STORED_SCORES = auto()
    THOUSANDS = auto()
    TIMEZONE = auto()
    TOO_FEW_CUSTOMERS = auto()
    TOO_MANY_REJECTS = auto()
    UNIQUE_IDS = auto()
    UNREADABLE_FILE = auto()
    UNREADABLE_ROWS = auto()
    WRONG_ENCODING = auto()


class InputError(UserError):
    """The data cannot be used as they are (sysexits EX_DATAERR): `[CODE] what, where -- fix: ...`, one line.

    Args: what: what is wrong, in how many rows, with which value.   fix: the key to set, or what to do.
          where: file:line, column; empty where there is none.
    """

    exit_code = 65

    def __init__(self, code: Code, *, what: str, fix: str, where: str = ""):
        self.code, self.what, self.fix, self.where = code, what, fix, where
        line = f"[{code}] {what}{', ' if where else ''}{where} -- fix: {fix}"
        super().__init__("".join(sign if sign.isprintable() else " " for sign in " ".join(line.split())))

    def about(self, path: str, name: str) -> "InputError":
        """Returns the same error about a table that is called otherwise."""
        what, fix, where = (text.replace(path, name) for text in (self.what, self.fix, self.where))
        return InputError(self.code, what=what, fix=fix, where=where)

    def __reduce__(self) -> tuple:  # a worker process sends its error to its parent
        return functools.partial(InputError, what=self.what, fix=self.fix, where=self.where), (self.code,)


class Unreachable(UserError):
    """The tracking server does not answer, and the command cannot do without it (sysexits EX_UNAVAILABLE)."""

    exit_code = 69


class OutputsError(UserError):
    """The outputs cannot be written: a full, broken or read-only disk (sysexits EX_IOERR)."""

    exit_code = 74


# The words of a disk in trouble, whichever library repeats them: the system's, sqlite's, Python's.
_DISK = re.compile(
    "|".join(
        [
            *map(os.strerror, (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS)),
            *(
                "disk is full",
                "disk I/O error",
                "attempt to write a readonly database",
                "No usable temporary directory",
            ),
        ]
    )
)


def disk_trouble(error: BaseException) -> str | None:
    """Returns the line that says that a disk is full, broken or read-only, of an error or of what it came from; None where none does.

    An error with an exit code of its own, as InputError, says more than that.
    """
    if isinstance(error, UserError) and error.exit_code != UserError.exit_code:
        return None
    cause: BaseException | None = error
    while cause is not None:
        if not isinstance(cause, UserError) and _DISK.search(str(cause)):
            return next(line for line in str(cause).splitlines() if _DISK.search(line))
        cause = cause.__cause__ or cause.__context__
    return None


class BusyError(UserError):
    """Another command is writing the same outputs: the same again later will do (sysexits EX_TEMPFAIL)."""

    exit_code = 75
