"""What one process knows of its tracking server: how long it may still wait for it, and whether it is taken for dead."""

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock

from clv.errors import Unreachable

_QUICK = 1.0  # seconds; a shorter silence of the server costs no patience


class Circuit:
    """What the process knows of its server. patience: seconds that are left to wait for it.   quick: seconds; a shorter silence costs none.
    why: the reason why it is taken for dead; None while it is not.   address: gives the server's, without a password.
    """

    def __init__(self, patience: float, address: Callable[[], str]):
        self.patience, self.quick, self._address = patience, _QUICK, address
        self.why: str | None = None
        self._lock, self._open, self._since = Lock(), 0, 0.0

    @contextmanager
    def asking(self) -> Iterator[None]:
        """A request is under way. An answer ends the silence of the server, also where it leaves others open: many files are many answers."""
        with self._lock:
            self._since = self._since if self._open else time.monotonic()
            self._open += 1
        try:
            yield
        finally:
            with self._lock:
                silence = self.silence
                self.patience -= silence if silence > self.quick else 0
                self._since += silence
                self._open -= 1

    @property
    def silence(self) -> float:
        """Seconds since a request was made or the last answer came; 0 where the server was asked nothing."""
        return time.monotonic() - self._since if self._open else 0.0

    def hurry(self) -> None:
        """From here on all waiting counts, on one clock: what is done does without the server."""
        self.quick = 0

    def broken(self, error: BaseException) -> Unreachable:
        """Returns the error to raise; from here on every call fails at once."""
        self.why = self.why or in_one_line(error)
        return self.error()

    def error(self) -> Unreachable:
        return Unreachable(
            f"The tracking server at {self._address()} does not answer: {self.why}.\nHint: start it or see to it, then run the command again."
        )


def in_one_line(error: BaseException) -> str:
    """Returns the innermost cause in one line of at most 200 characters, without the signs of Python around it.

    >>> in_one_line(OSError('Caused by NewConnectionError("Connection(port=1): Failed to connect: [Errno 111] Connection refused"))'))
    'Connection refused'
    """
    cause = " ".join(str(error).rpartition("Caused by ")[2].split())
    inner = re.search(r"""["']([^"']+)["']\)+$""", cause) if re.match(r"\w+\(", cause) else None
    if inner:
        cause = re.sub(r"^\(?\[Errno -?\d+\] (.*?)\)?$", r"\1", inner[1].rpartition(": ")[2].strip())
    return cause[:200] or type(error).__name__
