"""Evidently's pages, with the decisions of the monitor. Evidently sees customers in the cells of the baseline's sketch: no row, no
extreme, no id."""

import os
import re
import tempfile
import warnings
from html import escape, unescape
from pathlib import Path
from typing import Any

import pandas as pd
from scipy import stats

from clv.reports.canvas import BLUE, GREY

_NOT_SHOWN = "moves by itself"
_KINDS = {  # status -> what Evidently's page says of it, and whether it says "detected"; in the order of the page
    "alert": ("moved far", True),
    "warn": ("moved", True),
    "stable": ("did not move", False),
    "insufficient": ("not judged", False),
}

_MOVED = [status for status, (_, detected) in _KINDS.items() if detected]
_COLOURS = {"#ed0400": BLUE, "#4d4d4d": GREY}  # Evidently's red of what is now looks like an alarm


def drift_page(
    reference: pd.DataFrame, current: pd.DataFrame, columns: pd.DataFrame, title: str
) -> tuple[str, dict[str, float]]:
    """Returns Evidently's drift report with the decisions of the monitor, its columns in the order of the monitor.

    Evidently by itself flags a column by a p-value alone; the monitor corrects p-values, asks for a size too and looks at missing values
    and zeros. So Evidently is handed the decision of each column with its distance, and the page says so.

    Args:    reference, current: columns of numbers in the cells of one sketch.
             columns: of monitor.distributions.compare(), in the order of the page; those that move by themselves are left out.
             title: which version and day this is, shown on top.
    Returns: the page as HTML, and the KS distance that Evidently reports by column.
    """
    shown = _in_order(reference, current, columns)
    if shown.empty:
        return f"<p>{escape(title)}: no column had customers on both sides.</p>\n", {}
    from evidently import Report
    from evidently.presets import DataDriftPreset

    harmless = {name: escape(name) for name in shown["feature"]}  # its page would run a script that stands in a name
    methods = {harmless[name]: _method(status) for name, status in zip(shown["feature"], shown["status"], strict=True)}
    names = list(methods)
    preset = DataDriftPreset(columns=names, per_column_method=methods, drift_share=0.01)
    sides = [
        _dataset(table[list(harmless)].rename(columns=harmless), numerical_columns=names)
        for table in (current, reference)
    ]
    with warnings.catch_warnings(action="ignore"):  # a constant column has no spread
        snapshot = Report([preset]).run(*sides)
    _tidy(snapshot, names, _how_many(int(shown["status"].isin(_MOVED).sum()), len(shown)))
    page = _rendered(snapshot, title, _explained(columns, shown))
    values = {
        unescape(metric["config"]["column"]): float(metric["value"])
        for metric in snapshot.dict()["metrics"]
        if metric["config"]["type"] == "evidently:metric_v2:ValueDrift"
    }
    return page, values


def regression_page(rows: pd.DataFrame, title: str, own_mae: str = "") -> str:
    """Returns Evidently's report on the quality of the regression, without the figures that mean nothing for customers.

    Percentages of an actual value of 0 are not numbers, and the order of customers is no time: those cards are left out.

    Args: rows: one row a customer; target and prediction, without extremes.
          title: which version and customers these are, shown on top.
          own_mae: the mean error per customer that the monitor's own pages say, in words of money.
    """
    from evidently import Regression, Report
    from evidently.metrics import MAE, RMSE, MeanError, R2Score

    side = _dataset(
        rows,
        numerical_columns=["target", "prediction"],
        regression=[Regression(target="target", prediction="prediction")],
    )
    cards = [MeanError(error_plot=False), MAE(error_distr=True), RMSE(error_distr=False), R2Score(error_distr=False)]
    sentences = [
        "The largest and the smallest values are cut off, so that no customer shows. So these errors are smaller than those of the "
        "monitor's own page, which count in full"
        + (f": there, the mean error per customer (MAE) is {own_mae}." if own_mae else ".")
    ]
    with warnings.catch_warnings(action="ignore"):  # a constant column has no spread
        snapshot = Report(cards).run(side, None)
    return _rendered(snapshot, title, sentences)


def _in_order(reference: pd.DataFrame, current: pd.DataFrame, columns: pd.DataFrame) -> pd.DataFrame:
    """The rows of the columns that are shown: the gravest first, else as they come."""
    there = [
        name in reference and bool(reference[name].count() and current[name].count()) for name in columns["feature"]
    ]
    table = columns[pd.Series(there, index=columns.index) & columns["status"].isin(list(_KINDS))]
    return table.loc[table["status"].map(list(_KINDS).index).sort_values(kind="stable").index]


def _explained(columns: pd.DataFrame, shown: pd.DataFrame) -> list[str]:
    """What a reader of Evidently's cards has to know."""
    moved = int(shown["status"].isin(_MOVED).sum())
    by_itself = list(columns.loc[columns["status"] == _NOT_SHOWN, "feature"])
    sentences = [
        f"{_how_many(moved, len(shown))} These are the features that the monitor judges, and the predicted CLV (predicted_clv). Grey is "
        "the baseline, blue is now; a colour says nothing about drift.",
        "“Moved” and “did not move” are decisions of the monitor: a change must be beyond chance and large enough to matter, and a share "
        "of missing values or of zeros, or the values above zero alone, can be the reason as well. The order is that of the monitor's own "
        "page: by the largest of these changes beside its threshold. The drift score is another figure, the KS distance of the whole "
        "column: 0 is the same distribution, 1 has no value in common.",
    ]
    left_out = f"Not shown, because they move with the calendar or the history: {', '.join(by_itself)}."
    return [*sentences, left_out] if by_itself else sentences


def _how_many(moved: int, columns: int) -> str:
    return f"{moved} of {columns} columns moved; they come first." if moved else f"None of {columns} columns moved."


def _method(status: str) -> str:
    """The name of a test of Evidently's that has the decision of the monitor, and the KS distance as its score."""
    from evidently.legacy.calculations.stattests import StatTest, register_stattest
    from evidently.legacy.core import ColumnType

    says, detected = _KINDS[status]
    test = StatTest(name=f"monitor_{status}", display_name=says, allowed_feature_types=[ColumnType.Numerical])
    register_stattest(test, lambda before, now, _type, _threshold: (_distance(before, now), detected))
    return test.name


def _distance(before: pd.Series, now: pd.Series) -> float:
    return float(stats.ks_2samp(before.dropna(), now.dropna(), method="asymp").statistic)


def _dataset(table: pd.DataFrame, **definition: Any) -> Any:
    os.environ.setdefault("DO_NOT_TRACK", "1")
    from evidently import DataDefinition, Dataset

    return Dataset.from_pandas(table.astype("float64").reset_index(drop=True), DataDefinition(**definition))


def _tidy(snapshot: Any, order: list[str], verdict: str) -> None:
    """Evidently's table gets our order, all rows on one page, our words, and no plot over the index of customers, who have no order."""
    for widget in snapshot._widgets:
        for counter in widget.params.get("counters", ()) if isinstance(widget.params, dict) else ():
            if "Dataset Drift is" in str(counter["label"]):
                counter |= {"value": verdict, "label": "by the rules of the monitor"}
        if widget.type != "big_table":
            continue
        widget.title = verdict
        for column in widget.params["columns"]:
            if column["field"] == "reference_distribution":
                column["options"]["color"] = GREY
        rows = sorted(widget.params["data"], key=lambda row: order.index(row["column_name"]))
        kept = set()
        for row in rows:
            row["data_drift"] = "Moved" if row["data_drift"] == "Detected" else "Did not move"
            row["details"]["parts"] = [part for part in row["details"]["parts"] if part["title"] != "DATA DRIFT"]
            kept |= {part["id"] for part in row["details"]["parts"]}
        widget.params |= {"data": rows, "rowsPerPage": len(rows)}
        widget.additionalGraphs = [graph for graph in widget.additionalGraphs if graph.id in kept]


def _rendered(snapshot: Any, title: str, sentences: list[str]) -> str:
    """The page with the title and the sentences on top."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "evidently.html"
        snapshot.save_html(str(path))  # given a Path, it writes nothing and says nothing
        html = path.read_text()
    for theirs, ours in _COLOURS.items():
        html = html.replace(theirs, ours)
    paragraphs = "".join(f"<p>{escape(sentence)}</p>" for sentence in sentences)
    top = f"<div style='font-family:sans-serif;margin:1em;max-width:60em'><h3>{escape(title)}</h3>{paragraphs}</div>"
    return re.sub(r"(<body[^>]*>)", lambda body: body.group(1) + top, html, count=1)
