"""Evidently's pages, with the decisions of the monitor. Evidently sees customers in the cells of the baseline's sketch: no row, no
extreme, no id."""

import importlib.util
import os
import re
import sys
import uuid
import warnings
from collections.abc import Mapping
from html import escape
from typing import Any

import numpy as np
import pandas as pd

from clv.monitor import sketches
from clv.monitor.sketches import Sketch
from clv.reports.canvas import BLUE, GREY

_NOT_SHOWN = "moves by itself"
_KINDS = {  # status -> what Evidently's page says of it, and whether the column counts as moved; in the order of the page
    "alert": ("moved far", True),
    "warn": ("moved", True),
    "stable": ("did not move", False),
    "insufficient": ("not judged", False),
}

_SMALL, _LARGE = 10, 40  # bars of a distribution: in the table, and unfolded
_MOVED = [status for status, (_, detected) in _KINDS.items() if detected]
_COLOURS = {"#ed0400": BLUE, "#4d4d4d": GREY}  # Evidently's red of what is now looks like an alarm


def drift_page(before: Mapping[str, Sketch], now: Mapping[str, Sketch], columns: pd.DataFrame, title: str) -> str:
    """Returns Evidently's drift report with the figures and decisions of the monitor, its columns in the order of the monitor.

    Evidently by itself flags a column by a p-value alone, and computes all from rows; the monitor corrects p-values, asks for a size too,
    looks at missing values and zeros, and has all figures already. So Evidently draws what the monitor found: its table, with the
    distributions on both sides from the counts of the sketches.

    Args:    before, now: by column, counts of customers in the same cells.
             columns: of monitor.distributions.compare(), in the order of the page; those that move by themselves are left out.
             title: which version and day this is, shown on top.
    Returns: the page as HTML.
    """
    shown = _in_order(before, now, columns)
    if shown.empty:
        return f"<p>{escape(title)}: no column had customers on both sides.</p>\n"
    _parts_alone()
    from evidently.legacy.renderers.html_widgets import CounterData, counter

    verdict = _how_many(int(shown["status"].isin(_MOVED).sum()), len(shown))
    rows = [_row(row, before[row["feature"]], now[row["feature"]]) for row in shown.to_dict("records")]
    decided = counter(counters=[CounterData("by the rules of the monitor", verdict)])
    return _on_top(_page([decided, _table(verdict, rows)]), title, _explained(columns, shown))


def regression_page(rows: pd.DataFrame, title: str, own_mae: str = "") -> str:
    """Returns Evidently's report on the quality of the regression, without the figures that mean nothing for customers.

    Percentages of an actual value of 0 are not numbers, and the order of customers is no time: those cards are left out.

    Args: rows: one row a customer; target and prediction, without extremes.
          title: which version and customers these are, shown on top.
          own_mae: the mean error per customer that the monitor's own pages say, in words of money.
    """
    _whole()
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
        html = Report(cards).run(side, None).get_html_str(as_iframe=False)
    return _on_top(html, title, sentences)


def _parts_alone() -> None:
    """Lets parts of Evidently be imported without its own start, which imports a server and language models: 2 s of CPU, for 0.1 s of widgets."""
    if "evidently" not in sys.modules:
        spec = importlib.util.find_spec("evidently")
        assert spec is not None  # it is among the requirements
        sys.modules["evidently"] = importlib.util.module_from_spec(spec)


def _whole() -> None:
    """Imports all of Evidently, also after _parts_alone()."""
    import evidently

    if not hasattr(evidently, "Report"):
        evidently.__spec__.loader.exec_module(evidently)


def _in_order(before: Mapping[str, Sketch], now: Mapping[str, Sketch], columns: pd.DataFrame) -> pd.DataFrame:
    """The rows of the columns that are shown: the gravest first, else as they come."""
    there = {name for name, sketch in before.items() if sketch.present and name in now and now[name].present}
    table = columns[columns["feature"].isin(there) & columns["status"].isin(list(_KINDS))]
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


def _page(widgets: list[Any]) -> str:
    """Evidently's page of widgets, in one file; as evidently.core.metric_types.render_widgets(), which imports everything."""
    from evidently.legacy.model.dashboard import DashboardInfo
    from evidently.legacy.renderers.html_widgets import group_widget
    from evidently.legacy.utils.dashboard import TemplateParams, file_html_template

    group = group_widget(title="", widgets=widgets)
    unfolded = {str(graph.id): graph.dict() for graph in group.get_additional_graphs()}
    content = DashboardInfo(name="Report", widgets=[group])
    return file_html_template(TemplateParams(f"metric_{uuid.uuid4().hex}", content, unfolded))


def _table(verdict: str, rows: list[Any]) -> Any:
    """Evidently's table of columns, all rows on one page."""
    from evidently.legacy.renderers.html_widgets import ColumnDefinition, ColumnType, rich_table_data

    def histogram(name: str, field: str, color: str) -> ColumnDefinition:
        options = {"xField": "x", "yField": "y", "color": color}
        return ColumnDefinition(name, field, ColumnType.HISTOGRAM, options=options)

    definitions = [
        ColumnDefinition("Column", "column_name"),
        histogram("Reference Distribution", "reference_distribution", GREY),
        histogram("Current Distribution", "current_distribution", BLUE),
        ColumnDefinition("Decision", "decision"),
        ColumnDefinition("Drift Score", "drift_score"),
    ]
    return rich_table_data(title=verdict, rows_per_page=len(rows), columns=definitions, data=rows)


def _row(column: dict[str, Any], before: Sketch, now: Sketch) -> Any:
    """One column in Evidently's table; unfolded, its distributions on both sides."""
    from evidently.legacy.renderers.html_widgets import RichTableDataRow, RowDetails, plotly_data

    says, _ = _KINDS[column["status"]]
    name = escape(column["feature"])  # its page would run a script that stands in a name
    small = [_histogram(sketch, _SMALL) for sketch in (before, now)]
    fields = {
        "column_name": name,
        "reference_distribution": small[0],
        "current_distribution": small[1],
        "decision": says,
        "drift_score": round(float(column["ks_statistic"]), 6),
    }
    bars = [
        {"type": "bar", "name": side, "marker": {"color": color}} | _histogram(sketch, _LARGE)
        for side, color, sketch in (("current", BLUE, now), ("reference", GREY, before))
    ]
    layout = {"xaxis": {"title": {"text": name}}, "yaxis": {"title": {"text": "% of the customers with a value"}}}
    large = plotly_data(title="", data=bars, layout=layout)
    return RichTableDataRow(fields, RowDetails().with_part("DATA DISTRIBUTION", large))


def _histogram(sketch: Sketch, bars: int) -> dict[str, list[float]]:
    """Bars of one width over the points: x, the middle of each, and y, percent of the customers who have a value."""
    values = sketches.representatives(sketch)
    counts, edges = np.histogram(values, bins=bars, range=(values[0], values[-1]), weights=sketch.cells)
    middles = (edges[:-1] + edges[1:]) / 2
    return {
        "x": [float(f"{middle:.6g}") for middle in middles],
        "y": np.round(100 * counts / sketch.present, 3).tolist(),
    }


def _dataset(table: pd.DataFrame, **definition: Any) -> Any:
    os.environ.setdefault("DO_NOT_TRACK", "1")
    from evidently import DataDefinition, Dataset

    return Dataset.from_pandas(table.astype("float64").reset_index(drop=True), DataDefinition(**definition))


def _on_top(html: str, title: str, sentences: list[str]) -> str:
    """Evidently's page with the title and the sentences on top, in our colours."""
    for theirs, ours in _COLOURS.items():
        html = html.replace(theirs, ours)
    paragraphs = "".join(f"<p>{escape(sentence)}</p>" for sentence in sentences)
    top = f"<div style='font-family:sans-serif;margin:1em;max-width:60em'><h3>{escape(title)}</h3>{paragraphs}</div>"
    return re.sub(r"(<body[^>]*>)", lambda body: body.group(1) + top, html, count=1)
