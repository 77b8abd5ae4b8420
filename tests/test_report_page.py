"""The report in a real browser: on a screen, on a phone, in print and in the dark."""

import pandas as pd
import pytest
from browser import MEDIA, available, page_as

pytest.importorskip("playwright", reason="no playwright: `make test-ui` installs it")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not available(), reason="no Chromium: `make test-ui` installs one"),
]

READ = (
    "() => [...document.querySelectorAll('data')].map(one => [Number(one.value), one.innerText, one.checkVisibility()])"
)
WIDTHS = "() => [document.documentElement.scrollWidth, window.innerWidth]"


@pytest.fixture(scope="module")
def report(pipeline):
    return pipeline.outputs / "report.html"


def test_each_number_that_a_browser_shows_is_in_the_tables(report):
    tables = [pd.read_csv(path) for path in [*report.parent.glob("report/*.csv"), *report.parent.glob("clv_*.csv")]]
    known = [value for table in tables for name in table.select_dtypes("number") for value in table[name].dropna()]
    with page_as("screen") as browser:
        browser.goto(f"file://{report}")
        shown = browser.evaluate(READ)
    assert sum(visible for _, _, visible in shown) > 100
    assert [text for value, text, _ in shown if not any(abs(value - one) < 1e-6 for one in known)] == []


@pytest.mark.parametrize("medium", MEDIA)
def test_no_page_is_wider_than_its_medium(report, medium):
    with page_as(medium) as browser:
        browser.goto(f"file://{report}")
        content, window = browser.evaluate(WIDTHS)
    assert content <= window


def test_the_page_loads_nothing_and_is_small(report):
    asked = []
    with page_as("screen") as browser:
        browser.on("request", lambda request: asked.append(request.url))
        browser.goto(f"file://{report}")
        browser.wait_for_timeout(300)
    assert asked == [f"file://{report}"] and report.stat().st_size < 1_500_000


def test_dark_paper_is_dark_and_its_letters_are_light(report):
    with page_as("dark") as browser:
        browser.goto(f"file://{report}")
        colors = browser.evaluate(
            "() => { const s = getComputedStyle(document.body); return [s.backgroundColor, s.color] }"
        )
    paper, ink = (sum(int(part) for part in color.strip("rgb()").split(",")) for color in colors)
    assert paper < 150 < 600 < ink
