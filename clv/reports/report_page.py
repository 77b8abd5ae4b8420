"""The page that people open first. Each number on it is one of the tables beside it: a <data> element holds it unrounded."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from clv.reports import report_words
from clv.reports.amounts import number, percent
from clv.reports.page import picture, rendered
from clv.reports.report_words import Told


def report_page(told: Told, tables: Mapping[str, pd.DataFrame], pictures: Mapping[str, Any]) -> str:
    """Returns one file of HTML that loads nothing from elsewhere.

    Args:
        told: what the page says beside its tables.
        tables: report/figures.csv (figure, value), segments.csv, customers.csv, budget.csv, as the step writes them.
        pictures: name -> figure; profit and deciles have places of their own.
    """
    figures = {row.figure: row.value for row in tables["report/figures.csv"].itertuples()}
    customers = tables["report/customers.csv"]
    budget = tables["report/budget.csv"]
    return rendered(
        "report_page.html",
        {"told": told, "money": told.money, "number": number, "percent": percent, "figures": figures},
        title=f"What customers will bring: {told.model}, {told.horizon_days} days from {told.as_of}",
        changes=report_words.changed(figures) if "change_days" in figures else [],
        segments=tables["report/segments.csv"].to_dict("records"),
        top=customers[customers["list"] == "top"].to_dict("records"),
        slipping=customers[customers["list"] == "slipping"].to_dict("records"),
        budget=_by_depth(budget),
        orders=[name for name in budget["order"].unique() if name != "expected"],
        ranking=report_words.ranking_words(figures) if "back_predicted" in figures else "",
        pictures={name: picture(figure) for name, figure in pictures.items()},
    )


def _by_depth(budget: pd.DataFrame) -> list[dict[str, Any]]:
    """One entry a depth: the expected row, and those of the horizon before."""
    return [
        {
            "depth": depth,
            "expected": rows[rows["order"] == "expected"].iloc[0].to_dict(),
            "measured": rows[rows["order"] != "expected"].to_dict("records"),
        }
        for depth, rows in budget.groupby("depth", sort=True)
    ]
