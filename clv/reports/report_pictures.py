"""Pictures of the report that people open first."""

from typing import Any

import pandas as pd

from clv.reports.amounts import Money, percent
from clv.reports.canvas import BLUE, GREEN, INK, ORANGE, canvas

_LINES = {  # order of the contacts -> colour, line and width
    "expected": (BLUE, "--", 1.6),
    "this version": (BLUE, "-", 2.4),
    "past spend": (ORANGE, "-", 1.4),
    "the version before": (GREEN, "-", 1.6),
}


def profit_chart(curves: dict[str, pd.DataFrame], best: float, money: Money) -> Any:
    """Returns a figure: profit over the share of the customers who are contacted.

    Args: curves: order -> of economics.profit_curve(); "expected" is of today's customers, the others are of the horizon before.
          best: share of the customers who earn the cost of a contact.   money: how amounts are written.
    """
    figure, axes = canvas("Profit, by how many are contacted", "Customers contacted, best first", money.axis("Profit"))
    for name, curve in curves.items():
        color, line, width = _LINES[name]
        label = "expected now" if name == "expected" else f"last time, by {name}"
        axes.plot(curve["depth"], curve["profit"], line, color=color, linewidth=width, label=label)
    axes.axvline(best, color=INK, linewidth=0.8, linestyle=":", label=f"best now: {percent(best)}")
    axes.axhline(0, color=INK, linewidth=0.8)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    axes.yaxis.set_major_formatter(lambda value, _: Money().short(value))
    axes.legend(frameon=False)
    return figure
