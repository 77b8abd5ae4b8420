"""The sentences of the report that people open first."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from clv import features
from clv.reports.amounts import Money

CHANGES = {  # of clv/steps/explain.py
    "new_customers": "customers who are new since then",
    "season": "the season of these days, beside that of then",
    "passing_time": "time that passed without an order",
    "new_orders": "orders of the customers of then",
    "model_version": "another version of the model",
    "corrected_history": "earlier orders that were corrected, and rounding",
}
_MOVES = 1.1  # corrections by less than this factor, all together, are not worth a word


@dataclass(frozen=True)
class Told:
    """What the page says beside its tables.

    amounts: what a prediction is an amount of, in words.   currency: None where the history names none.   season: a sentence.
    economics: values of conf/economics.
    actions: value group -> stage -> sentence.   lifecycle: of conf/features.   confidence: of intervals from resampled customers, 0 to 1.
      monitoring: path of the newest page of the monitor.   data: name, rows and days.
    measured: the day from which the version was measured.   approval: who put it into production.
    """

    model: str
    version: str
    as_of: dt.date
    horizon_days: int
    currency: str | None
    amounts: str
    season: str
    economics: dict[str, float | None]
    actions: Mapping[str, Mapping[str, str]]
    lifecycle: Mapping[str, float]
    confidence: float
    monitoring: str | None
    data: str
    measured: dt.date
    approval: str
    run_link: str = ""

    @property
    def money(self) -> Money:
        return Money(self.currency)

    @property
    def over(self) -> str:
        """The horizon as headings have it."""
        return f"over {self.horizon_days} days"


def ranking_words(figures: Mapping[str, float]) -> str:
    """Returns how well the ranking and the level held, in one sentence each.

    Args: figures: of the step: back_normalized_gini, back_bias, back_top_decile_share, ...
    """
    gini, bias = figures["back_normalized_gini"], figures["back_bias"]
    ranking = "held" if gini >= 0.5 else "was weak" if gini >= 0.2 else "did not hold"
    level = "held" if 0.9 <= bias <= 1.1 else "was too high" if bias > 1.1 else "was too low"
    return f"The ranking {ranking} (Gini {gini:.2f}; 1 is perfect, 0 is random), and the level {level}: the prediction was {bias:.2f} of what came in."


def reason(row: pd.Series, effects: pd.Series, money: Money) -> str:
    """Returns why a customer's prediction is what it is, in words.

    Args:
        row: of the feature table.   effects: of model.contributions(): logarithms by column.
        money: how amounts are written.

    >>> row = pd.Series({"placed_orders": 3, "calendar_revenue_total": 60.0, "calendar_recency_days": 9, "gap_median_days": 20.0, "revenue_30d": 40.0})
    >>> reason(row, pd.Series({"btyd_revenue": 1.0, "revenue_30d": 0.3}), Money("EUR"))
    '3 orders of 20.00 EUR on average, the last 9 days ago, usually 20 days apart; the rest of the history raises this by 35 %, most of all the value of orders in the last 30 days'
    >>> reason(row, pd.Series({"btyd_revenue": 1.0, "revenue_30d": 0.05}), Money("EUR"))
    '3 orders of 20.00 EUR on average, the last 9 days ago, usually 20 days apart'
    """
    orders, days = int(row["placed_orders"]), int(row["calendar_recency_days"])
    mean = money(row["calendar_revenue_total"] / orders)
    parts = [f"{orders} orders of {mean} on average, the last" if orders > 1 else f"one order of {mean},"]
    parts[0] += f" {days} {'day' if days == 1 else 'days'} ago"
    if orders > 1 and np.isfinite(row["gap_median_days"]):
        parts[0] += f", usually {row['gap_median_days']:.0f} days apart"
    corrections = effects[[name for name in effects.index if not name.startswith("btyd_")]]
    factor = float(np.exp(corrections.sum()))
    if max(factor, 1 / factor) > _MOVES:
        strongest = features.in_words(str((corrections * np.sign(factor - 1)).idxmax()))
        change = f"raises this by {factor - 1:.0%}" if factor > 1 else f"lowers this by {1 - factor:.0%}"
        parts.append(f"the rest of the history {change.replace('%', ' %')}, most of all the {strongest}")
    return "; ".join(parts)


def changed(figures: Mapping[str, float]) -> list[dict[str, Any]]:
    """Returns the parts of the change since the scoring before, largest first: name (of the figure), words, value (in currency)."""
    parts = [
        {"name": f"change_{part}", "words": words, "value": figures[f"change_{part}"]}
        for part, words in CHANGES.items()
    ]
    return sorted(parts, key=lambda part: -abs(part["value"]))
