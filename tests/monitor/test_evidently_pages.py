"""Evidently's pages say what the monitor decided, in its order, and what a reader has to know."""

import re

import numpy as np
import pandas as pd
import pytest
from monitor.drifted import CHANCE, LIMITS

from clv import reports
from clv.monitor import distributions, feature_drift, sketches
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
    reference = pd.DataFrame({name: sketches.rows(sketch, sketch.cells, 10**9) for name, sketch in by_column.items()})
    current = pd.DataFrame({name: sketches.snapped(sketch, now[name]) for name, sketch in by_column.items()})
    return reference, current, table


@pytest.fixture(scope="module")
def drawn():
    """The page, the distances that Evidently reports, and the decisions."""
    reference, current, table = sides()
    in_order = feature_drift.in_order(table)
    return *reports.drift_page(reference, current, in_order, "Version 3 <as of today>"), in_order.set_index("feature")


def test_evidently_reports_our_distances_and_our_decisions(drawn):
    page, distances, table = drawn
    assert table["status"].to_dict() == {
        "same": "stable",
        "small": "stable",
        "large": "alert",
        "tenure": "moves by itself",
    }
    judged = table["ks_statistic"].drop("tenure").to_dict()
    assert distances == pytest.approx(judged, abs=1e-9)
    assert '"data_drift": "Moved"' in page and '"data_drift": "Did not move"' in page
    assert not re.search("(?i)drift is (not )?detected", page)  # it would stand above our decisions


def test_the_columns_that_moved_come_first_and_those_that_move_by_themselves_are_named_and_left_out(drawn):
    page, distances, table = drawn
    assert next(iter(distances)) == "large" and "tenure" not in distances
    rows = re.findall(r'"column_name": ?"(\w+)"', page)
    assert rows[:3] == [name for name in table.index if name != "tenure"]  # as on the monitor's own page
    assert "1 of 3 columns moved; they come first." in page
    assert "Not shown, because they move with the calendar or the history: tenure." in page


def test_where_nothing_moved_the_page_says_none():
    reference, _, table = sides()
    page, _ = reports.drift_page(reference, reference, table.assign(status="stable"), "Version 3")
    assert "None of 4 columns moved." in page and "they come first" not in page and '"data_drift": "Moved"' not in page


def test_a_reader_is_told_whose_decisions_these_are_and_no_plot_is_over_the_index_of_customers(drawn):
    page, _, _ = drawn
    assert "are decisions of the monitor: a change must be beyond chance and large enough to matter" in page
    assert "#ed0400" not in page and GREY in page and BLUE in page  # red is for alarms
    assert (
        '"moved far"' in page and '"did not move"' in page and "DATA DRIFT" not in page and "Index binned" not in page
    )
    assert "Version 3 &lt;as of today&gt;" in page and "<as of today>" not in page
    assert len(page) < 4_000_000


def test_evidently_has_nothing_to_show_without_a_column_on_both_sides():
    empty = pd.DataFrame({"spend": [np.nan]})
    page, distances = reports.drift_page(
        empty, empty, pd.DataFrame({"feature": ["spend"], "status": ["alert"]}), "A & B"
    )
    assert (page, distances) == ("<p>A &amp; B: no column had customers on both sides.</p>\n", {})


def test_the_page_of_errors_has_no_percentages_and_no_time_and_says_why_its_errors_are_smaller():
    chance = np.random.default_rng(1)
    rows = pd.DataFrame(
        {"target": chance.lognormal(3, 1, 500) * (chance.random(500) < 0.4), "prediction": chance.lognormal(3, 1, 500)}
    )
    page = reports.regression_page(rows, "Version 3", "608 EUR")
    assert "Mean Absolute Error" in page and "R2 Score" in page
    assert "MAPE" not in page and "Mean Absolute Percentage Error" not in page and "in Time" not in page
    assert "there, the mean error per customer (MAE) is 608 EUR." in page
