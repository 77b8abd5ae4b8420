"""How far a long piece of work is. Any shelf says it here; whoever listens shows it. Without a listener nothing happens."""

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Protocol, TypeVar

_Item = TypeVar("_Item")


class Count(Protocol):
    """One count that is shown while it lives."""

    def done(self, note: str = "") -> None:
        """One more is done. note: what there is to know so far, as `best 0.7276`; it stays until the next one."""

    def end(self) -> None: ...


_LISTENER: ContextVar[Callable[[str, int | None], Count] | None] = ContextVar("listener", default=None)


class _Unheard:
    def done(self, note: str = "") -> None:
        pass

    def end(self) -> None:
        pass


@contextmanager
def heard_by(listener: Callable[[str, int | None], Count]) -> Iterator[None]:
    """Every count that begins within is shown by the listener. Args: listener: what is counted, and how many there are -> the count."""
    token = _LISTENER.set(listener)
    try:
        yield
    finally:
        _LISTENER.reset(token)


@contextmanager
def counting(what: str, total: int | None) -> Iterator[Count]:
    """A count of work that is no loop over a collection.

    Args: what: in the plural, as `trials`.   total: how many there are at most; None where nothing is counted.
    """
    listener = _LISTENER.get()
    count = listener(what, total) if listener else _Unheard()
    try:
        yield count
    finally:
        count.end()


@contextmanager
def doing(what: str) -> Iterator[None]:
    """Names a part that takes its time and cannot be counted, as `drawing pages`."""
    with counting(what, None):
        yield


def over(items: Collection[_Item], what: str) -> Iterator[_Item]:
    """Yields the items, and says after each that it is done.

    >>> list(over(["2025-07-04", "2025-04-05"], "origins"))
    ['2025-07-04', '2025-04-05']
    """
    with counting(what, len(items)) as count:
        for item in items:
            yield item
            count.done()
