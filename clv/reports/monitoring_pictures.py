"""The pictures of the monitor's page: small enough to be read on a phone."""

from typing import Any

import numpy as np
import pandas as pd

from clv.monitor import OverDays, OverYear, Shares
from clv.reports.amounts import Money
from clv.reports.figures import BLUE, GREY, INK, canvas, season_chart

_WIDTH, _HEIGHT = 4.8, 2.8  # inches
_FEW = 3  # labels that fit beside one another


def drawn(shown: Shares | OverDays | OverYear) -> Any:
    """Returns the figure of what a check wants to show."""
    if isinstance(shown, OverYear):
        figure = season_chart(shown.title, shown.table)
        figure.set_size_inches(_WIDTH, _HEIGHT)
        return figure
    return _beside(shown) if isinstance(shown, Shares) else _over_days(shown)


def business_charts(weeks: pd.DataFrame, money: Money, amounts: str) -> dict[str, Any]:
    """Returns three figures by their alternative text: orders, revenue and new customers a week, last year's weeks behind.

    Args: weeks: of features.by_week().   amounts: what revenue is an amount of, such as net revenue.
    """
    revenue = amounts[:1].upper() + amounts[1:]
    labels = {"orders": "Orders", "revenue": money.axis(revenue), "new_customers": "New customers"}
    return {f"{label} a week, beside last year": _week_by_week(weeks, name, label) for name, label in labels.items()}


def _week_by_week(weeks: pd.DataFrame, name: str, label: str) -> Any:
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    figure, axes = canvas(f"{label} a week", "", "")
    figure.set_size_inches(_WIDTH, _HEIGHT)
    if weeks[f"{name}_last_year"].notna().any():
        axes.plot(weeks["begin"], weeks[f"{name}_last_year"], color=GREY, linewidth=1.5, label="a year before")
    axes.plot(weeks["begin"], weeks[name], color=BLUE, linewidth=2.0, label="this year")
    axes.set_ylim(bottom=min(0.0, float(np.nanmin([0.0, *weeks[name], *weeks[f"{name}_last_year"]]))))
    locator = AutoDateLocator(maxticks=7)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))
    if name == "revenue":
        axes.yaxis.set_major_formatter(lambda amount, _: Money().short(amount))
    _legend_above(axes)
    return figure


def _beside(shares: Shares) -> Any:
    """Returns a figure: shares of customers, the baseline beside now. The page has its title, which may be long."""
    figure, axes = canvas("", "", "Share of customers")
    figure.set_size_inches(_WIDTH, _HEIGHT)
    place = np.arange(len(shares.table))
    axes.bar(place - 0.2, shares.table["reference"], 0.4, color=GREY, label="at the training")
    axes.bar(place + 0.2, shares.table["current"], 0.4, color=BLUE, label="now")
    _label(axes, place, [str(label) for label in shares.table.iloc[:, 0]], most=5)
    axes.yaxis.set_major_formatter("{x:.0%}")
    _legend_above(axes)
    return figure


def _over_days(shown: OverDays) -> Any:
    """Returns a figure: each metric as a line over the days, with its intervals, before the band in which it was measured."""
    from matplotlib.figure import Figure

    table, place = shown.table, np.arange(len(shown.table))
    figure = Figure(figsize=(_WIDTH, 2.4 * len(shown.metrics)), layout="constrained")
    rows = figure.subplots(len(shown.metrics), 1, sharex=True, squeeze=False)[:, 0]
    for axes, (metric, label) in zip(rows, shown.metrics.items(), strict=True):
        value = table[metric]
        ends = np.clip([value - table[f"{metric}_low"], table[f"{metric}_high"] - value], 0, None)
        if band := shown.bands.get(metric):
            axes.axhspan(band["low"], band["high"], color=GREY, alpha=0.35, linewidth=0, label="when it was measured")
            axes.axhline(band["value"], color=GREY, linewidth=1.2, linestyle="--")
        axes.axhline(1, color=INK, linewidth=0.8)
        axes.errorbar(place, value, yerr=ends, fmt="o-", color=BLUE, capsize=3, label="scores that were used")
        for at, number in zip(place, value, strict=True):
            axes.annotate(f"{number:.2f}", (at, number), xytext=(6, 4), textcoords="offset points", fontsize="small")
        axes.set_title(label, fontsize="medium", loc="left")
        axes.spines[["top", "right"]].set_visible(False)
        axes.margins(y=0.3)
        axes.set_xlim(-0.6, len(table) - 0.3)
    figure.legend(
        *rows[0].get_legend_handles_labels(), frameon=False, fontsize="small", loc="outside upper left", ncols=2
    )
    _label(rows[-1], place, [f"{row.as_of} ({row.version})" for row in table.itertuples()], most=_FEW)
    rows[-1].set_xlabel("Scored as of (version)")
    return figure


def _legend_above(axes: Any) -> None:
    """Where no line runs through it."""
    axes.set_title(axes.get_title(), pad=24 if axes.get_title() else 6)
    axes.legend(frameon=False, fontsize="small", loc="lower left", bbox_to_anchor=(0, 1), ncols=2)


def _label(axes: Any, place: np.ndarray, labels: list[str], most: int) -> None:
    """Labels below the axis, aslant where there are more than `most`, or long ones."""
    aslant = len(labels) > most or sum(map(len, labels)) > 60
    axes.set_xticks(place, labels, fontsize="small")
    if aslant:
        axes.set_xticks(place, labels, fontsize="small", rotation=35, ha="right", rotation_mode="anchor")
