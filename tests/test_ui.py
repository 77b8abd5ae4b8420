"""A reviewer in the browser: compares trainings, reads a version, moves the alias by clicking; then the engine follows and tells."""

import pytest
from browser import available, open_aliases, open_comparison, open_model, open_trainings, open_version, page, set_alias
from stores import client, everywhere

from clv.registry import ledger
from clv.registry.standing import Standing
from clv.run import run_command
from clv.tracking.views import HEADLINE

pytest.importorskip("playwright", reason="no playwright: `make test-ui` installs it")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not available(), reason="no Chromium: `make test-ui` installs one"),
]
WIDTH, HEIGHT = 1440, 1000
RECIPES = [
    *(["model=btyd"], ["model=glm"], ["model=base_margin"], ["model=hurdle"], ["model=btyd", "model.level_prior=1"]),
    *(["model=glm", f"model.glm_alpha={alpha}"] for alpha in (0.01, 1, 10, 100)),
]


def rounded(value):
    """As the compare page shows it."""
    return f"{value:.3f}".rstrip("0") if value < 1 else f"{value:.4g}"


def in_sight(locator):
    """Whether the first match is drawn on the screen as it is, without scrolling."""
    box = locator.first.bounding_box()
    return bool(box) and 0 <= box["x"] <= WIDTH - box["width"] and 0 <= box["y"] <= HEIGHT - box["height"]


def test_a_reviewer_compares_ten_trainings_reads_a_version_and_promotes_it_by_clicking(
    trained, server, tmp_path, capsys
):
    def config(*overrides):
        return trained.config(f"outputs={tmp_path}/outputs", *overrides)

    run_command("full_pipeline", config())
    for words in RECIPES:
        run_command("train", config(*words))
    runs = client().search_runs(everywhere(), "tags.step = 'train'", order_by=["attributes.start_time ASC"])
    assert len(runs) == 10
    with page(WIDTH, HEIGHT) as browser:
        open_trainings(browser, server, runs[0].info.experiment_id)
        for column in ("recipe", "gates", "standing", "measured", *HEADLINE):
            heads = browser.locator(f'.ag-header-cell[col-id$="`{column}`"]')
            assert in_sight(heads) and column in heads.first.inner_text(), column
        for run in runs[1:]:
            row = browser.get_by_role("row").filter(has_text=run.info.run_name)
            cells = browser.locator(f'[row-id="{row.first.get_attribute("row-id")}"]').all_inner_texts()
            shown = " ".join(cells)
            assert in_sight(row), run.info.run_name
            assert all(run.data.tags[name] in shown for name in ("recipe", "gates", "standing", "measured")), shown
            assert f"{run.data.metrics['rmse']:.6g}"[:6] in shown and f"{run.data.metrics['bias']:.6g}"[:5] in shown

        open_comparison(browser, server, runs[:3])
        seen = browser.inner_text("body")
        for run in runs[:3]:
            assert run.info.run_name in seen and "within/" not in seen
            for metric in ("bias", "coverage", "normalized_gini", "rmse"):
                assert metric in seen and rounded(run.data.metrics[metric]) in seen

        open_model(browser, server, "clv")
        seen = " ".join(browser.inner_text("body").split())
        assert (
            "In production: version 1" in seen and "Promote model is another thing" in seen and "recipe : glm" in seen
        )

        open_version(browser, server, "clv", 3)
        seen = browser.inner_text("body")
        assert seen.index("To promote: mlflow run . -e promote -P version=3") < seen.index("normalized Gini")
        assert "Net revenue per customer over 90 days" in seen and "review.html" in seen
        assert "review_status" in seen and "pending" in seen

        open_aliases(browser, server, "clv", 3)
        set_alias(browser, "Production")
    assert Standing("clv").aliases["production"] == "3"  # in lower case, as the UI writes it
    capsys.readouterr()
    record = run_command("score", config())[-1]
    said = " ".join(capsys.readouterr().out.split())
    assert record.tags["production_version"] == "3"
    assert "WARNING: version 3 was put into production outside the ledger" in said
    newest = ledger.entries(Standing("clv").texts)[-1]
    assert (newest["event"], newest["from"], newest["to"]) == ("promoted outside the ledger", "1", "3")
    with page(WIDTH, HEIGHT) as browser:
        open_version(browser, server, "clv", 3)
        assert "In production since some time before" in browser.inner_text("body")
        open_version(browser, server, "clv", 1)
        assert "In production until" in browser.inner_text("body")
