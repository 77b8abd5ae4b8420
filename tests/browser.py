"""MLflow's UI in a real browser, for the tests and for the pictures of the README."""

import json
import shutil
from contextlib import contextmanager
from pathlib import Path

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
CHROMIUM = next(filter(None, map(shutil.which, BROWSERS)), None)  # None: the one that Playwright installed, if any
ALIASES = (
    '[data-component-id*="modelversiontablealiasescell.tsx"]'  # the cell of the versions' table that opens the dialog
)


def available() -> bool:
    """Whether there is a Chromium, on PATH or installed by Playwright."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        return bool(CHROMIUM) or Path(playwright.chromium.executable_path).exists()


@contextmanager
def page(width=1400, height=1000):
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        context = browser.new_context(viewport={"width": width, "height": height})
        # a fresh browser opens in the GenAI mode, which has no registry, with an assistant beside it
        for key, value in {
            "workflowType_v1": '"machine_learning"',
            "assistant.fab.autoOpenedOnFirstLoad_v1": "true",
        }.items():
            context.add_init_script(f"localStorage.setItem('mlflow.{key}', '{value}')")
        yield context.new_page()
        browser.close()


def open_trainings(page, address, experiment):
    """The saved view of trainings, as the button "Views" opens it."""
    page.goto(f"{address}/#/experiments/{experiment}/runs")
    page.get_by_role("button", name="Views").click()
    page.get_by_role("menuitem").filter(has_text="Trainings").first.click()
    page.get_by_text("rmse_change").first.wait_for(timeout=30_000)


MEDIA = {  # width in pixels, and what the page is told of the reader
    "screen": (1280, {}),
    "phone": (390, {}),
    "print": (800, {"media": "print"}),
    "dark": (1280, {"color_scheme": "dark"}),
}


@contextmanager
def page_as(medium):
    """A page as a reader of MEDIA meets it."""
    width, said = MEDIA[medium]
    with page(width, 900) as browser:
        browser.emulate_media(**said)
        yield browser


def open_comparison(page, address, runs):
    """The compare page of the runs, its tables in sight."""
    ids, experiments = [run.info.run_id for run in runs], sorted({run.info.experiment_id for run in runs})
    words = [json.dumps(each, separators=(",", ":")) for each in (ids, experiments)]
    page.goto(f"{address}/#/compare-runs?runs={words[0]}&experiments={words[1]}")
    page.get_by_text("Metrics", exact=True).wait_for(timeout=30_000)


def open_model(page, address, model):
    page.goto(f"{address}/#/models/{model}")
    page.get_by_text("Created Time").wait_for(timeout=30_000)
    page.get_by_role("row").filter(has_text="Version 1").first.wait_for(timeout=30_000)


def open_version(page, address, model, version):
    page.goto(f"{address}/#/models/{model}/versions/{version}")
    page.get_by_text("Registered At").wait_for(timeout=30_000)


def open_aliases(page, address, model, version):
    """The dialog of a version's aliases, as a reviewer opens it from the model's page."""
    page.goto(f"{address}/#/models/{model}")
    row = page.get_by_role("row").filter(has_text=f"Version {version}")
    row.wait_for(timeout=30_000)
    row.locator(ALIASES).first.click()
    page.get_by_role("dialog").wait_for()


def set_alias(page, alias):
    """Type it, take it, save it."""
    page.get_by_role("dialog").get_by_role("combobox").fill(alias)
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Save aliases").click()
    page.get_by_role("dialog").wait_for(state="hidden")
