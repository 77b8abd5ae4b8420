"""The pictures of the monitor's page."""

from typing import Any

import numpy as np
import pandas as pd

from clv.monitor import OverDays, OverYear, Shares
from clv.reports.amounts import Money
from clv.reports.canvas import BLUE, GREY, INK, by_date, canvas, described, money_ticks, percent_ticks
from clv.reports.figures import season_chart

_HEIGHT = 2.9  # inches
_LETTERS = 9  # points: the smallest that a page of this width keeps readable
_BESIDE = 5  # labels that fit beside one another
_SIGNS = 40  # of all labels together that do


def drawn(shown: Shares | OverDays | OverYear) -> Any:
    """Returns the figure of what a check wants to show."""
    if isinstance(shown, OverYear):
        return season_chart(shown.title, shown.table)
    return _beside(shown) if isinstance(shown, Shares) else _over_days(shown)


def business_charts(weeks: pd.DataFrame, money: Money, amounts: str) -> list[Any]:
    """Returns three figures: orders, revenue and new customers a week, with the weeks of a year before.

    Args: weeks: of features.by_week().   amounts: what revenue is an amount of, such as net revenue.
    """
    revenue = money.axis(amounts[:1].upper() + amounts[1:])
    labels = {"orders": "Orders", "revenue": revenue, "new_customers": "New customers"}
    return [_week_by_week(weeks, name, label) for name, label in labels.items()]


def _week_by_week(weeks: pd.DataFrame, name: str, label: str) -> Any:
    figure, axes = canvas(f"{label} a week", "", "", height=_HEIGHT)
    before, now = weeks[f"{name}_last_year"], weeks[name]
    if before.notna().sum() > 1:
        axes.plot(weeks["begin"], before, color=GREY, linewidth=1.5, label="52 weeks before")
    axes.plot(weeks["begin"], now, color=BLUE, linewidth=2.0, label="last 52 weeks")
    axes.set_ylim(bottom=min(0.0, float(np.nanmin([0.0, *now, *before]))))
    by_date(axes.xaxis)
    money_ticks(axes.yaxis)
    _legend_above(axes)
    return described(figure, f"{label} of each of the last 52 weeks, beside the week 52 weeks before.")


def _beside(shares: Shares) -> Any:
    """Returns a figure: shares of customers, at the training beside now."""
    figure, axes = canvas(shares.title, "", "Share of customers", height=_HEIGHT)
    place = np.arange(len(shares.table))
    axes.bar(place - 0.2, shares.table["reference"], 0.4, color=GREY, label="at the training")
    axes.bar(place + 0.2, shares.table["current"], 0.4, color=BLUE, label="now")
    _label(axes, place, [str(label) for label in shares.table.iloc[:, 0]])
    percent_ticks(axes.yaxis)
    _legend_above(axes)
    return described(figure, f"Shares of customers at the training and now. {shares.caption}")


def _over_days(shown: OverDays) -> Any:
    """Returns a figure: each metric as a line over the days, with its intervals, before the band in which the check is calm."""
    rows = len(shown.metrics)
    figure, made = canvas(shown.title, "Scored as of (version)", "", rows=rows, height=2.1 * rows + 0.6)
    place = np.arange(len(shown.table))
    for axes, (metric, label) in zip(np.atleast_1d(made), shown.metrics.items(), strict=True):
        _line(axes, place, shown, metric)
        axes.set_title(label, fontsize="medium", loc="left")
        _label(axes, place, [f"{row.as_of} ({row.version})" for row in shown.table.itertuples()])
    for axes in np.atleast_1d(made)[:-1]:
        axes.tick_params(labelbottom=False)
    handles = np.atleast_1d(made)[0].get_legend_handles_labels()
    figure.legend(*handles, frameon=False, fontsize=_LETTERS, loc="outside lower left", ncols=3)
    return described(figure, f"{'; '.join(shown.metrics.values())}: of each day of scoring, beside what was measured.")


def _line(axes: Any, place: np.ndarray, shown: OverDays, metric: str) -> None:
    value = shown.table[metric]
    ends = np.clip([value - shown.table[f"{metric}_low"], shown.table[f"{metric}_high"] - value], 0, None)
    if band := shown.bands.get(metric):
        axes.axhspan(band["low"], band["high"], color=GREY, alpha=0.35, linewidth=0, label="the check is calm")
        axes.axhline(band["value"], color=INK, linewidth=1.2, linestyle="--", label="when it was measured")
    axes.axhline(1, color=INK, linewidth=0.8)
    axes.errorbar(place, value, yerr=ends, fmt="o-", color=BLUE, capsize=3, label="scores that were used")
    for at, number in zip(place, value, strict=True):
        axes.annotate(f"{number:.2f}", (at, number), xytext=(6, 4), textcoords="offset points", fontsize=_LETTERS)
    axes.margins(y=0.25)
    axes.set_xlim(-0.5, len(place) - 0.2)


def _legend_above(axes: Any) -> None:
    """Where no line runs through it."""
    axes.legend(frameon=False, fontsize=_LETTERS, loc="lower left", bbox_to_anchor=(0, 1), borderaxespad=0.1, ncols=2)


def _label(axes: Any, place: np.ndarray, labels: list[str]) -> None:
    """Labels below the axis, aslant where they do not fit beside one another."""
    aslant = len(labels) > _BESIDE or sum(map(len, labels)) > _SIGNS
    turned: dict[str, Any] = {"rotation": 35, "ha": "right", "rotation_mode": "anchor"} if aslant else {}
    axes.set_xticks(place, labels, fontsize=_LETTERS, **turned)
