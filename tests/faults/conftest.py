"""The table of what the suites found, printed at the end as docs/faults.md has it: `make test-faults`."""

import pytest

_ROWS = pytest.StashKey[list[tuple[str, str, str, str]]]()


@pytest.fixture
def told(request):
    """A function that adds a row to the table: which fault, how often it was made, and what was found."""
    rows = request.config.stash.setdefault(_ROWS, [])
    suite = request.path.stem.removeprefix("test_").replace("_", " ")
    return lambda fault, often, found: rows.append((suite, fault, str(often), found))


@pytest.fixture(scope="module")
def behind(tmp_path_factory):
    """A project whose server stands behind a proxy, artifacts and all: the pipeline has run, and version 2 waits for a person."""
    from faulty import faulty
    from projects import Pipeline
    from stores import serving

    from clv.run import run_command

    folder = tmp_path_factory.mktemp("server")
    with serving(folder) as address, faulty(address) as proxy, pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("MLFLOW_TRACKING_URI", proxy.address)
        project = Pipeline(folder)
        project.proxy = proxy
        run_command("full_pipeline", project.config("model=btyd"))
        run_command("train", project.config("model=btyd", "model.probability_model=bg_nbd"))
        yield project


def pytest_terminal_summary(terminalreporter, config):
    if rows := config.stash.get(_ROWS, []):
        terminalreporter.write_sep("-", "faults")
        for cells in (("suite", "fault", "how often", "what was found"), ("---",) * 4, *rows):
            terminalreporter.write_line(f"| {' | '.join(cells)} |")
