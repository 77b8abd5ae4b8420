"""Evidently's pages say what the monitor decided, in its order, and what a reader has to know."""

import json
import re
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from monitor.drifted import CHANCE, LIMITS

from clv import reports
from clv.monitor import distributions, feature_drift, sketches
from clv.reports import evidently_pages
from clv.reports.canvas import BLUE, GREY


def sides():
    """Columns before and now, in the cells of their sketches, and the decisions of the monitor."""
    before = {"same": CHANCE.lognormal(3, 1, 12_000), "small": CHANCE.lognormal(3, 1, 12_000)}
    before["large"] = np.where(np.arange(12_000) % 3 == 0, 0.0, before["same"])
    before["tenure"] = before["same"]
    now = {"same": CHANCE.lognormal(3, 1, 12_000), "small": before["small"] * 1.05, "large": before["large"] * 1.5}
    now["tenure"] = before["tenure"] * 9
    by_column = {name: sketches.sketch(values) for name, values in before.items()}
    table = distributions.compare(by_column, pd.DataFrame(now), ["tenure"], LIMITS)
    return by_column, {name: sketches.counted(now[name], sketch.at) for name, sketch in by_column.items()}, table


def rows_of(page):
    """Name of a column -> what Evidently's table shows of it, in the order of the table."""
    content = json.loads(re.search(r"var metric_\w+ = (\{.*\});\n", page)[1])
    table = next(widget for widget in content["widgets"][0]["widgets"] if widget["type"] == "big_table")
    return {row["column_name"]: row for row in table["params"]["data"]}


def large_of(page, row):
    """The bars that Evidently draws where the row is unfolded."""
    graphs = json.loads(re.search(r"var additional_graphs_\w+ = (\{.*\});\n", page)[1])
    return graphs[row["details"]["parts"][0]["id"]]["params"]["data"]


@pytest.fixture(scope="module")
def drawn():
    """The page, and the decisions."""
    before, now, table = sides()
    in_order = feature_drift.in_order(table)
    return reports.drift_page(before, now, in_order, "Version 3 <as of today>"), in_order.set_index("feature")


def test_evidently_shows_our_distances_and_our_decisions(drawn):
    page, table = drawn
    assert table["status"].to_dict() == {
        "same": "stable",
        "small": "stable",
        "large": "alert",
        "tenure": "moves by itself",
    }
    judged = table["ks_statistic"].drop("tenure").to_dict()
    assert {name: row["drift_score"] for name, row in rows_of(page).items()} == pytest.approx(judged, abs=1e-6)
    says = {name: row["decision"] for name, row in rows_of(page).items()}
    assert says == {"large": "moved far", "same": "did not move", "small": "did not move"}
    assert "Data Drift" not in page  # it would say the same again
    assert not re.search("(?i)drift is (not )?detected", page)  # it would stand above our decisions


def test_the_columns_that_moved_come_first_and_those_that_move_by_themselves_are_named_and_left_out(drawn):
    page, table = drawn
    assert next(iter(rows_of(page))) == "large"
    assert list(rows_of(page)) == [name for name in table.index if name != "tenure"]  # as on the monitor's own page
    assert "1 of 3 columns moved; they come first." in page
    assert "Not shown, because they move with the calendar or the history: tenure." in page


def test_where_nothing_moved_the_page_says_none():
    before, _, table = sides()
    page = reports.drift_page(before, before, table.assign(status="stable"), "Version 3")
    assert "None of 4 columns moved." in page and "they come first" not in page and '"decision": "moved' not in page


def test_a_reader_is_told_whose_decisions_these_are_and_no_plot_is_over_the_index_of_customers(drawn):
    page, _ = drawn
    assert "are decisions of the monitor: a change must be beyond chance and large enough to matter" in page
    assert "#ed0400" not in page and GREY in page and BLUE in page  # red is for alarms
    assert "DATA DRIFT" not in page and "Index binned" not in page
    assert "Version 3 &lt;as of today&gt;" in page and "<as of today>" not in page
    assert len(page) < 4_000_000


def test_evidently_has_nothing_to_show_without_a_column_on_both_sides():
    empty = {"spend": sketches.sketch(np.array([np.nan]))}
    page = reports.drift_page(empty, empty, pd.DataFrame({"feature": ["spend"], "status": ["alert"]}), "A & B")
    assert page == "<p>A &amp; B: no column had customers on both sides.</p>\n"


def test_both_sides_of_a_distribution_are_drawn_as_shares_over_the_same_bars():
    values = {"before": [0.0] * 5 + [10.0] * 5 + [np.nan] * 90, "now": [0.0] * 30 + [10.0] * 10}
    before = {"gap": sketches.exact(np.array(values["before"]))}
    now = {"gap": sketches.counted(np.array(values["now"]), before["gap"].at)}
    table = pd.DataFrame({"feature": ["gap"], "status": ["alert"], "ks_statistic": [0.25]})
    page = reports.drift_page(before, now, table, "Version 3")
    row = rows_of(page)["gap"]
    for bars in ([row["current_distribution"], row["reference_distribution"]], large_of(page, row)):
        assert bars[0]["x"] == bars[1]["x"]
        assert [[share for share in side["y"] if share] for side in bars] == [[75.0, 25.0], [50.0, 50.0]]


def test_the_page_of_errors_has_no_percentages_and_no_time_and_says_why_its_errors_are_smaller():
    chance = np.random.default_rng(1)
    rows = pd.DataFrame(
        {"target": chance.lognormal(3, 1, 500) * (chance.random(500) < 0.4), "prediction": chance.lognormal(3, 1, 500)}
    )
    page = reports.regression_page(rows, "Version 3", "608 EUR")
    assert "Mean Absolute Error" in page and "R2 Score" in page
    assert "MAPE" not in page and "Mean Absolute Percentage Error" not in page and "in Time" not in page
    assert "there, the mean error per customer (MAE) is 608 EUR." in page


ALONE = """
import sys
import numpy as np
import pandas as pd
from clv import reports
from clv.monitor import sketches

side = {"spend": sketches.sketch(np.arange(9.0))}
reports.drift_page(side, side, pd.DataFrame({"feature": ["spend"], "status": ["stable"], "ks_statistic": [0.0]}), "now")
print(len([name for name in sys.modules if name.startswith("evidently.")]))
rows = pd.DataFrame({"target": np.arange(9.0), "prediction": np.arange(9.0)})
print("R2 Score" in reports.regression_page(rows, "now"))
"""


def test_the_drift_page_imports_the_widgets_of_evidently_alone_and_the_page_of_errors_can_follow():
    """All of Evidently is some 600 modules, and 2 s of CPU."""
    done = subprocess.run([sys.executable, "-c", ALONE], capture_output=True, text=True, check=True)
    modules, follows = done.stdout.split()
    assert int(modules) < 40 and follows == "True"


def test_a_page_of_widgets_is_the_one_that_evidently_itself_renders():
    from evidently.core.metric_types import render_widgets
    from evidently.legacy.renderers.html_widgets import group_widget

    before, now, table = sides()
    rows = [
        evidently_pages._row(row, before[row["feature"]], now[row["feature"]]) for row in table[:3].to_dict("records")
    ]
    widget = evidently_pages._table("1 of 3 columns moved", rows)
    theirs = render_widgets([group_widget(title="", widgets=[widget])])
    drawn = [
        re.sub(r"metric_\w{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "ID", page)
        for page in (evidently_pages._page([widget]), theirs)
    ]
    assert drawn[0] == drawn[1]
