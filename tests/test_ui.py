"""A reviewer in the browser: compares runs, reads a version, moves the alias by clicking; then the engine follows and tells."""

import pytest
from browser import available, open_aliases, open_comparison, open_version, page, set_alias
from stores import client

from clv.registry import aliases, ledger, ledger_store
from clv.run import run_command

pytest.importorskip("playwright", reason="no playwright: `make test-ui` installs it")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not available(), reason="no Chromium: `make test-ui` installs one"),
]


def rounded(value):
    """As the compare page shows it."""
    return f"{value:.3f}".rstrip("0") if value < 1 else f"{value:.4g}"


def test_a_reviewer_compares_three_runs_reads_a_version_and_promotes_it_by_clicking(trained, server, tmp_path):
    def config(*overrides):
        return trained.config(f"outputs={tmp_path}/outputs", *overrides)

    run_command("full_pipeline", config("model=btyd"))
    run_command("train", config("model=glm"))
    run_command("train", config("model=btyd", "model.probability_model=bg_nbd"))
    runs = client().search_runs(["0"], "tags.step = 'train'", order_by=["attributes.start_time ASC"])
    with page() as browser:
        open_comparison(browser, server, [run.info.run_id for run in runs])
        seen = browser.inner_text("body")
        for run in runs:
            assert run.info.run_name in seen
            for metric in ("bias", "mae", "normalized_gini", "rmse"):
                assert metric in seen and rounded(run.data.metrics[metric]) in seen

        open_version(browser, server, "clv", 3)
        seen = browser.inner_text("body")
        assert "Net revenue per customer over 90 days" in seen and "review.html" in seen
        assert "review_status" in seen and "pending" in seen

        open_aliases(browser, server, "clv", 3)
        set_alias(browser, "Production")
    assert aliases.aliases("clv")["production"] == "3"  # in lower case, as the UI writes it
    record = run_command("score", config())[-1]
    assert (
        record.tags["production_version"] == "3"
        and "version 3 was put into production outside the ledger" in record.warnings[0]
    )
    newest = ledger.entries(ledger_store.stored("clv"))[-1]
    assert (newest["event"], newest["from"], newest["to"]) == ("promoted outside the ledger", "1", "3")
