"""Where a row stands: its file and its line."""

from bisect import bisect_right


class Places:
    """The rows of `raw` are numbered on through all files, by the line that each begins on.

    >>> places = Places("sales/")
    >>> places.add("a.csv", 0)
    >>> places.add("b.csv", 100)
    >>> places.where(102, "revenue")
    'b.csv:2, revenue'
    """

    def __init__(self, path: str):
        """path: as the history is called in messages that concern no row."""
        self.path = path
        self._names: list[str] = []
        self._starts: list[int] = []

    def add(self, name: str, start: int) -> None:
        """Adds a file whose lines are numbered from start + 1 on."""
        self._names.append(name)
        self._starts.append(start)

    @property
    def several(self) -> bool:
        """Whether there is more than one file."""
        return len(self._names) > 1

    def of(self, line: int) -> tuple[str, int]:
        """Returns the file and the line in it."""
        number = bisect_right(self._starts, line - 1) - 1
        return self._names[number], line - self._starts[number]

    def where(self, line: int, column: str = "") -> str:
        """Returns the place as messages say it."""
        name, number = self.of(int(line))
        return f"{name}:{number}, {column}" if column else f"{name}:{number}"
