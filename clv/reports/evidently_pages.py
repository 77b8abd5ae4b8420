"""Evidently's pages, with our decisions. It sees customers in the cells of the baseline's sketch: no row, no extreme, no id."""

import os
import re
import tempfile
import warnings
from html import escape, unescape
from pathlib import Path
from typing import Any

import pandas as pd


def drift_page(
    reference: pd.DataFrame, current: pd.DataFrame, found: pd.DataFrame, title: str
) -> tuple[str, dict[str, float]]:
    """Evidently's drift report.

    Evidently flags a column when its KS p-value is at most the column's threshold; we correct p-values, ask for a size too and
    look at missing values and zeros. So each column gets the threshold that gives our decision: its own p-value where we warn or
    alert, else one that no p-value reaches. Up to 10,000 rows a side its p-value is the exact one, ours the asymptotic one.

    Args:    reference, current: columns of numbers in the cells of one sketch.   found: of drift.distributions.compare().
             title: which version and day this is, shown on top.
    Returns: the page as HTML, and Evidently's p-value by column.
    """
    columns = [
        name for name in found["feature"] if name in reference and reference[name].count() and current[name].count()
    ]
    if not columns:
        return f"<p>{escape(title)}: no column had customers on both sides.</p>\n", {}
    from evidently import Report
    from evidently.presets import DataDriftPreset

    moved = set(found.loc[found["status"].isin(["warn", "alert"]), "feature"])
    harmless = {name: escape(name) for name in columns}  # its page would run a script that stands in a name
    thresholds = {harmless[name]: 1.0 if name in moved else -1.0 for name in columns}
    shown = list(thresholds)
    preset = DataDriftPreset(columns=shown, num_method="ks", per_column_threshold=thresholds, drift_share=0.01)
    sides = [
        dataset(table[columns].rename(columns=harmless), numerical_columns=shown) for table in (current, reference)
    ]
    page, snapshot = rendered(Report([preset]), sides, title)
    values = {
        unescape(metric["config"]["column"]): float(metric["value"])
        for metric in snapshot.dict()["metrics"]
        if metric["config"]["type"] == "evidently:metric_v2:ValueDrift"
    }
    return page, values


def regression_page(rows: pd.DataFrame, title: str) -> str:
    """Evidently's regression quality. rows: target and prediction, without extremes."""
    from evidently import Regression, Report
    from evidently.presets import RegressionPreset

    side = dataset(
        rows,
        numerical_columns=["target", "prediction"],
        regression=[Regression(target="target", prediction="prediction")],
    )
    return rendered(Report([RegressionPreset()]), [side, None], title)[0]


def dataset(table: pd.DataFrame, **definition: Any) -> Any:
    os.environ.setdefault("DO_NOT_TRACK", "1")
    from evidently import DataDefinition, Dataset

    return Dataset.from_pandas(table.astype("float64").reset_index(drop=True), DataDefinition(**definition))


def rendered(report: Any, sides: list, title: str) -> tuple[str, Any]:
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
