"""`make screenshots`: the pictures of MLflow's UI in the docs, and every page as people meet it (screen, phone, print, dark), into the
folder screenshots/. On the bundled sample, in a store and a folder of its own."""

import os
import tempfile
from pathlib import Path

from browser import MEDIA, open_aliases, open_comparison, page, page_as
from helpers import ROOT, composed
from stores import client, everywhere, serving

from clv.run import run_command

RECIPES = ("blend", "xgboost_tweedie", "glm")
PAGES = {"report": "report.html", "review": "review/review.html", "monitoring": "monitoring/monitoring_*.html"}


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder)) as address:
        os.environ["MLFLOW_TRACKING_URI"] = address
        said = [f"data.path={ROOT}/data/raw/transactions.csv", f"outputs={folder}/outputs"]
        run_command("full_pipeline", composed(*said))
        for recipe in RECIPES[1:]:
            run_command("train", composed(*said, f"model={recipe}"))
        run_command("report", composed(*said, "economics=campaign"))
        pictures_of_pages(Path(folder) / "outputs")
        runs = client().search_runs(everywhere(), "tags.step = 'train'", order_by=["attributes.start_time ASC"])
        with page(1250, 1660) as browser:
            open_comparison(browser, address, runs)
            browser.get_by_text("rmse_change").first.wait_for()
            browser.get_by_role("switch").first.click()  # of the parameters, those that differ
            browser.wait_for_timeout(2000)  # the chart is drawn
            browser.screenshot(
                path=ROOT / "docs" / "compare_runs.png", clip={"x": 200, "y": 0, "width": 1050, "height": 1660}
            )
            browser.set_viewport_size({"width": 1250, "height": 900})
            open_aliases(browser, address, "clv", 2)
            browser.get_by_role("dialog").get_by_role("combobox").fill("Production")
            browser.wait_for_timeout(1000)
            browser.screenshot(
                path=ROOT / "docs" / "promote_in_ui.png", clip={"x": 200, "y": 0, "width": 1050, "height": 900}
            )


def pictures_of_pages(outputs: Path) -> None:
    """Saves screenshots/PAGE_MEDIUM.png of each page."""
    folder = ROOT / "screenshots"
    folder.mkdir(exist_ok=True)
    for name, pattern in PAGES.items():
        path = next(outputs.glob(pattern))
        for medium in MEDIA:
            with page_as(medium) as browser:
                browser.goto(f"file://{path}")
                browser.screenshot(path=folder / f"{name}_{medium}.png", full_page=True)


if __name__ == "__main__":
    main()
