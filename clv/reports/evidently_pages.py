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


def drift_page(
    reference: pd.DataFrame, current: pd.DataFrame, columns: pd.DataFrame, title: str
) -> tuple[str, dict[str, float]]:
    """Returns Evidently's drift report with the decisions of the monitor.

    Evidently flags a column when its KS p-value is at most the column's threshold; the monitor corrects p-values, asks for a size too
    and looks at missing values and zeros. So each column gets a threshold that gives the monitor's decision: 1 where it warns or
    alerts, which every p-value reaches, else one that no p-value reaches. Up to 10,000 rows a side Evidently's p-value is the exact
    one, the monitor's the asymptotic one.

    Args:    reference, current: columns of numbers in the cells of one sketch.
             columns: of monitor.distributions.compare().
             title: which version and day this is, shown on top.
    Returns: the page as HTML, and Evidently's p-value by column.
    """
    names = [
        name for name in columns["feature"] if name in reference and reference[name].count() and current[name].count()
    ]
    if not names:
        return f"<p>{escape(title)}: no column had customers on both sides.</p>\n", {}
    from evidently import Report
    from evidently.presets import DataDriftPreset

    moved = set(columns.loc[columns["status"].isin(["warn", "alert"]), "feature"])
    harmless = {name: escape(name) for name in names}  # its page would run a script that stands in a name
    thresholds = {harmless[name]: 1.0 if name in moved else -1.0 for name in names}
    shown = list(thresholds)
    preset = DataDriftPreset(columns=shown, num_method="ks", per_column_threshold=thresholds, drift_share=0.01)
    sides = [_dataset(table[names].rename(columns=harmless), numerical_columns=shown) for table in (current, reference)]
    page, snapshot = _rendered(Report([preset]), sides, title)
    values = {
        unescape(metric["config"]["column"]): float(metric["value"])
        for metric in snapshot.dict()["metrics"]
        if metric["config"]["type"] == "evidently:metric_v2:ValueDrift"
    }
    return page, values


def regression_page(rows: pd.DataFrame, title: str) -> str:
    """Returns Evidently's report on the quality of the regression.

    Args: rows: one row a customer; target and prediction, without extremes.
          title: which version and customers these are, shown on top.
    """
    from evidently import Regression, Report
    from evidently.presets import RegressionPreset

    side = _dataset(
        rows,
        numerical_columns=["target", "prediction"],
        regression=[Regression(target="target", prediction="prediction")],
    )
    return _rendered(Report([RegressionPreset()]), [side, None], title)[0]


def _dataset(table: pd.DataFrame, **definition: Any) -> Any:
    os.environ.setdefault("DO_NOT_TRACK", "1")
    from evidently import DataDefinition, Dataset

    return Dataset.from_pandas(table.astype("float64").reset_index(drop=True), DataDefinition(**definition))


def _rendered(report: Any, sides: list, title: str) -> tuple[str, Any]:
    with (
        tempfile.TemporaryDirectory() as folder,
        warnings.catch_warnings(action="ignore"),
    ):  # a constant column has no spread
        path = Path(folder) / "evidently.html"
        snapshot = report.run(*sides)
        snapshot.save_html(str(path))  # given a Path, it writes nothing and says nothing
        html = path.read_text()
    heading = rf"\1<h3 style='font-family:sans-serif;margin:1em'>{escape(title)}</h3>"
    return re.sub(r"(<body[^>]*>)", heading, html, count=1), snapshot
