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

_NOT_SHOWN = "moves by itself"
_KINDS = {  # status -> what Evidently's page says of it, and whether it says "detected"; in the order of the page
    "alert": ("moved far", True),
    "warn": ("moved", True),
    "stable": ("did not move", False),
    "insufficient": ("not judged", False),
}


def drift_page(
    reference: pd.DataFrame, current: pd.DataFrame, columns: pd.DataFrame, title: str
) -> tuple[str, dict[str, float]]:
    """Returns Evidently's drift report with the decisions of the monitor, the columns that moved first.

    Evidently by itself flags a column by a p-value alone; the monitor corrects p-values, asks for a size too and looks at missing values
    and zeros. So Evidently is handed the decision of each column with its distance, and the page says so.

    Args:    reference, current: columns of numbers in the cells of one sketch.
             columns: of monitor.distributions.compare(); those that move by themselves are left out.
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
    _tidy(snapshot, names)
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
    """The rows of the columns that are shown: the gravest first, then by distance."""
    there = [
        name in reference and bool(reference[name].count() and current[name].count()) for name in columns["feature"]
    ]
    table = columns[pd.Series(there, index=columns.index) & columns["status"].isin(list(_KINDS))]
    far = table["ks_statistic"] if "ks_statistic" in table else pd.Series(0.0, index=table.index)
    order = pd.DataFrame({"kind": table["status"].map(list(_KINDS).index), "near": -far})
    return table.loc[order.sort_values(["kind", "near"]).index]


def _explained(columns: pd.DataFrame, shown: pd.DataFrame) -> list[str]:
    """What a reader of Evidently's cards has to know."""
    moved = int(shown["status"].isin(["warn", "alert"]).sum())
    by_itself = list(columns.loc[columns["status"] == _NOT_SHOWN, "feature"])
    sentences = [
        f"{moved} of {len(shown)} columns moved; they come first. These are the features that the monitor judges, and the predicted CLV "
        "(predicted_clv).",
        "“Detected” and “not detected” are decisions of the monitor: a change must be beyond chance and large enough to matter, and a "
        "share of missing values or of zeros can be the reason as well. “Stat Test” says how far it moved by these rules. The drift score "
        "is the KS distance: 0 is the same distribution, 1 has no value in common. “Dataset drift” means that at least one column moved.",
    ]
    left_out = f"Not shown, because they move with the calendar or the history: {', '.join(by_itself)}."
    return [*sentences, left_out] if by_itself else sentences


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


def _tidy(snapshot: Any, order: list[str]) -> None:
    """Evidently's table gets our order, all rows on one page, and no plot over the index of customers, who have no order."""
    for widget in snapshot._widgets:
        if widget.type != "big_table":
            continue
        rows = sorted(widget.params["data"], key=lambda row: order.index(row["column_name"]))
        kept = set()
        for row in rows:
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
    paragraphs = "".join(f"<p>{escape(sentence)}</p>" for sentence in sentences)
    top = f"<div style='font-family:sans-serif;margin:1em;max-width:60em'><h3>{escape(title)}</h3>{paragraphs}</div>"
    return re.sub(r"(<body[^>]*>)", lambda body: body.group(1) + top, html, count=1)
