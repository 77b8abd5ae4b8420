"""Which versions are loaded: the one in production, looked for again and again, and those that requests name."""

import threading
from collections import OrderedDict
from pathlib import Path

from clv.errors import Unreachable, hidden
from clv.registry.production import Production, usable
from clv.registry.standing import Standing
from clv.registry.versions import FILES_SHA256
from clv.service.loaded import Loaded, load
from clv.tracking import server


class Watch:
    """Keeps the version in production loaded. The registry is asked by one thread at a time; a request does not wait for a look.

    Args: standing, home, require_record: of Production.   patience: seconds that a look may wait for the server.
          pinned: number of other versions that stay loaded.
    """

    def __init__(self, standing: Standing, home: Path, require_record: bool, patience: float, pinned: int):
        self._standing, self._home, self._require_record = standing, home, require_record
        self._patience, self._most = patience, pinned
        self._asking, self._pinned = threading.Lock(), OrderedDict[str, Loaded]()
        self._stopped = threading.Event()
        self.production: Loaded | None = None
        self.problem: str | None = "nobody has looked yet"  # of the last look
        self.answers = False  # whether the tracking server did, at the last look

    def look(self) -> None:
        """Loads the version in production, unless it is loaded.

        While the server does not answer, or the version cannot be used, the one that is loaded goes on; where the registry says that none
        is in production, none is.
        """
        with self._asking:
            server.begin(self._patience)
            self._standing.forget()
            try:
                self.problem = self._take_production()
                self.answers = self.problem is None
            except Exception as error:  # noqa: BLE001 the next look may find what this one did not
                self.answers, self.problem = not isinstance(error, Unreachable), hidden(str(error))
            if self.answers:
                self._forget_deleted()

    def keep_looking(self, seconds: float) -> None:
        """Looks every so many seconds, until stop()."""
        while not self._stopped.wait(seconds):
            self.look()

    def stop(self) -> None:
        """Ends keep_looking()."""
        self._stopped.set()

    def named(self, number: str) -> Loaded:
        """Returns a version of the model. Raises: UserError: there is none of this number, or it cannot be used."""
        if self.production and self.production.version.number == number:
            return self.production
        with self._asking:
            if number not in self._pinned:
                server.begin(self._patience)
                self._standing.forget()
                self._pinned[number] = load(usable(self._standing.existing(number), self._standing.name))
            self._pinned.move_to_end(number)
            while len(self._pinned) > self._most:
                self._pinned.popitem(last=False)
            return self._pinned[number]

    def _take_production(self) -> str | None:
        """Returns: of Production.warning.   Raises: UserError: of Production.version."""
        try:
            if self._is_loaded():
                return None
        except Unreachable:
            if self.production:
                raise
        production = Production(self._standing, self._home, self._require_record)
        self.production = load(production.version)
        return production.warning

    def _forget_deleted(self) -> None:
        """Lets go of versions that the registry does not list any more."""
        for number in [each for each in self._pinned if each not in self._standing.versions]:
            del self._pinned[number]

    def _is_loaded(self) -> bool:
        """Whether the registry names the version that is loaded. Raises: UserError: it names none."""
        number = self._standing.production_number
        if number is None or number not in self._standing.versions:
            self.production = None
            raise self._standing.without_production()
        if self.production is None:
            return False
        loaded, entry = self.production.version, self._standing.versions[number]
        return (number, entry.tags.get(FILES_SHA256)) == (loaded.number, loaded.tags.get(FILES_SHA256))
