"""Every page that we log, in a real browser: script that stands in a value is text."""

import datetime as dt
from html import escape

import numpy as np
import pandas as pd
import pytest
from browser import available, page
from helpers import person
from projects import Pipeline
from test_review_page import content

from clv import reports
from clv.monitor import Finding, OverDays, Shares, checks, sketches
from clv.run import run_command

pytest.importorskip("playwright", reason="no playwright: `make test-ui` installs it")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not available(), reason="no Chromium: `make test-ui` installs one"),
]

PAYLOADS = [
    "<script>window.pwned=1</script>",
    '"><img src=x onerror=window.pwned=1>',
    "</script><script>window.pwned=1</script>",
    "<svg onload=window.pwned=1>",
    "'-(window.pwned=1)-'",
    "</title><script>window.pwned=1</script>",
    "{{ 7 * 7 }}<img src=x onerror=window.pwned=1>",
]
OPENED = (
    "() => [...document.querySelectorAll('[role=button],button,[role=tab]')].slice(0, 40).forEach(one => one.click())"
)


def ran(path):
    """Whether a script out of a value ran when the page was opened and its buttons were pressed."""
    with page() as browser:
        browser.goto(f"file://{path}")
        browser.wait_for_timeout(1500)
        browser.evaluate(OPENED)
        browser.wait_for_timeout(1000)
        return browser.evaluate("() => window.pwned === 1")


def spoilt(value, payload):
    """The same content with the payload in every text and every key that a template prints as one."""
    if isinstance(value, dict):
        return {key: spoilt(item, payload) for key, item in value.items()}
    if isinstance(value, list):
        return [spoilt(item, payload) for item in value]
    return value.replace("<script>alert(1)</script>", payload) if isinstance(value, str) else value


def test_the_control_a_page_that_does_not_escape_runs_the_script(tmp_path):
    (tmp_path / "page.html").write_text(f"<p>{PAYLOADS[1]}</p>")
    assert ran(tmp_path / "page.html")


@pytest.mark.parametrize("payload", PAYLOADS)
def test_the_review_page_shows_it_as_text(payload, tmp_path):
    table = pd.DataFrame({"low": -1.0, "high": 1.0, "value": 0.0, "other": 1.0}, index=[payload.replace("$", "")])
    pictures = {payload: reports.difference_chart(table, 0.01, (payload, payload))}
    page = reports.review_page(spoilt(content(), payload) | {"monitor": None}, pictures)
    (tmp_path / "page.html").write_text(reports.with_decision(page, payload))
    assert not ran(tmp_path / "page.html")


@pytest.mark.parametrize("payload", PAYLOADS)
def test_the_monitoring_page_shows_it_as_text(payload, tmp_path):
    table = pd.DataFrame({"range": [payload, "more"], "reference": [0.5, 0.5], "current": [0.4, 0.6]})
    row = {"as_of": payload, "version": payload} | {f"bias{end}": 1.0 for end in ("", "_low", "_high")}
    pictures = (Shares(payload, table, payload), OverDays(payload, pd.DataFrame([row]), {"bias": payload}))
    finding = Finding(payload, payload, {"cannot_see": payload}, pictures=pictures)
    findings = {payload: finding} | {check.name: finding for check in checks.CHECKS}
    monitored = reports.Monitored(payload, payload, dt.date(2026, 1, 1), payload, payload, 9, payload, 9)
    look = dict.fromkeys(("run_id", "as_of", "version", "verdict", "reason", "alarm"), payload)
    column = dict.fromkeys(("feature", "status", "reason"), payload)
    around = reports.Around(
        payload, data=(payload,), columns=pd.DataFrame([column]), earlier=pd.DataFrame([look]), files={payload: payload}
    )
    (tmp_path / "page.html").write_text(reports.monitoring_page(monitored, findings, payload, around))
    assert not ran(tmp_path / "page.html")


@pytest.mark.parametrize("payload", PAYLOADS[:4])
def test_evidentlys_pages_show_it_as_text(payload, tmp_path):
    chance = np.random.default_rng(1)
    before = {name: sketches.sketch(chance.normal(0, 1, 200)) for name in (payload, "b")}
    now = {name: sketches.counted(chance.normal(2, 1, 200), sketch.at) for name, sketch in before.items()}
    table = pd.DataFrame({"feature": [payload, "b"], "status": ["alert", "stable"], "ks_statistic": 0.5})
    made = reports.drift_page(before, now, table, payload)
    assert escape(payload) in made
    (tmp_path / "drift.html").write_text(made)
    rows = pd.DataFrame({"target": chance.normal(0, 1, 200), "prediction": chance.normal(0, 1, 200)})
    (tmp_path / "regression.html").write_text(reports.regression_page(rows, payload))
    assert not ran(tmp_path / "drift.html") and not ran(tmp_path / "regression.html")


def test_no_page_of_a_pipeline_runs_what_stands_in_ids_columns_paths_and_reasons(project):
    made = Pipeline(project)
    rows = pd.read_csv(project / "history.csv", dtype=str)
    payloads = {
        customer: f"{PAYLOADS[number % len(PAYLOADS)]}{number}"
        for number, customer in enumerate(rows["customer_id"].unique())
    }
    column, name = PAYLOADS[1], "<img src=x onerror=window.pwned=1>.csv"
    rows.assign(customer_id=rows["customer_id"].map(payloads)).rename(columns={"customer_id": column}).to_csv(
        project / name, index=False
    )
    given = (f"data.path='{project}/{name}'", f"data.columns.customer_id='{column}'", "model=btyd")

    run_command("full_pipeline", made.config(*given))
    run_command("promote", made.config(*given, *person("1", PAYLOADS[1], PAYLOADS[0].replace("'", ""))))
    run_command("train", made.config(*given, "seed=8"))
    run_command("monitor", made.config(*given, "window.as_of=2026-01-20"))
    pages = sorted(project.rglob("*.html"))
    assert {"review.html", "evidently", "monitoring"} <= {path.name.split("_")[0] for path in pages}
    ran_it = [path.name for path in {path.name: path for path in pages}.values() if ran(path)]
    print(f"pages of a pipeline with script in ids, a column and a path: {len(pages)} files, {len(ran_it)} ran it")
    assert ran_it == []


def test_the_tables_of_the_review_page_fit_a_print_on_a4(tmp_path):
    (tmp_path / "page.html").write_text(reports.review_page(spoilt(content(), "dormant customers"), {}))
    with page() as browser:
        browser.set_viewport_size({"width": 718, "height": 1000})
        browser.emulate_media(media="print")
        browser.goto(f"file://{tmp_path / 'page.html'}")
        browser.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
        widths = browser.evaluate(
            "[...document.querySelectorAll('table')].map(one => one.getBoundingClientRect().width)"
        )
    assert len(widths) >= 10 and max(widths) <= 718
