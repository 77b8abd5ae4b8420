"""The table of what the suites found, printed at the end as docs/faults.md has it: `make test-faults`."""

import pytest

_ROWS = pytest.StashKey[list[tuple[str, str, str, str]]]()


@pytest.fixture
def told(request):
    """A function that adds a row to the table: which fault, how often it was made, and what was found."""
    rows = request.config.stash.setdefault(_ROWS, [])
    suite = request.path.stem.removeprefix("test_").replace("_", " ")
    return lambda fault, often, found: rows.append((suite, fault, str(often), found))


def pytest_terminal_summary(terminalreporter, config):
    if rows := config.stash.get(_ROWS, []):
        terminalreporter.write_sep("-", "faults")
        for cells in (("suite", "fault", "how often", "what was found"), ("---",) * 4, *rows):
            terminalreporter.write_line(f"| {' | '.join(cells)} |")
