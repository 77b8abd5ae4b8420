"""What the columns of a feature table are."""

import datetime as dt
from dataclasses import asdict, dataclass
from typing import Any, Self

from clv.season import NONE, Season

LIFECYCLE = ("new", "active", "lagging", "dormant", "lost")
OF_GAPS = (  # they do not exist for a customer with too few orders
    *("gap_median_days", "gap_max_days", "gap_last_days", "gap_mean_days", "gap_std_days", "recency_over_gap"),
)
OF_THE_HORIZON = ("season_of_orders", "season_of_value")  # the same for every customer of a snapshot
LAST_YEAR = "revenue_same_window_last_year"  # its window is as long as the season makes the horizon
FOR_PEOPLE = (
    "calendar_recency_days",
    "calendar_tenure_days",
    "calendar_revenue_total",
)  # by the calendar, as it was paid
_MOVED_BY_REFUNDS = (
    *("recency_days", "frequency", "revenue_total", "kept_revenue"),
    *("revenue_per_day", "return_share", "average_order_value"),
)


@dataclass(frozen=True)
class Definition:
    """What the columns of a feature table are. A model version carries its own, so that scoring uses the one it learnt on.

    windows_days, half_lives_days: of the revenue and order columns.
    horizon_days: length of the same window last year.
    same_window_last_year: whether the table has its revenue.
    lifecycle: the numbers of conf/features/*.yaml, section lifecycle.
    season: of the business. Days and amounts of all columns are in its time and its money, but for those of FOR_PEOPLE.
    """

    windows_days: tuple[int, ...]
    half_lives_days: tuple[int, ...]
    horizon_days: int
    same_window_last_year: bool
    lifecycle: dict[str, float]
    season: Season = NONE

    @classmethod
    def within(
        cls,
        history_days: int,
        windows_days: list[int],
        half_lives_days: list[int],
        horizon_days: int,
        lifecycle: dict[str, float],
        season: Season = NONE,
    ) -> Self:
        """Returns the definition that a history can fill: longer windows are left out.

        Args:
            history_days: before the earliest cutoff; the same window last year needs 365.
            windows_days, half_lives_days, lifecycle: of conf/features/.
            horizon_days: of the labels.
            season: of the purchases before the day on which the model is measured.

        >>> Definition.within(40, [30, 90], [30], horizon_days=90, lifecycle={}).windows_days
        (30,)
        """
        reached = tuple(days for days in sorted(windows_days) if days <= history_days)
        return cls(reached, tuple(sorted(half_lives_days)), horizon_days, history_days >= 365, lifecycle, season)

    def as_dict(self) -> dict[str, Any]:
        """Returns the definition as values that JSON can hold."""
        lists = {"windows_days": list(self.windows_days), "half_lives_days": list(self.half_lives_days)}
        return asdict(self) | lists | {"season": self.season.as_dict()}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """Returns the definition that as_dict() gave."""
        tuples = {name: tuple(values[name]) for name in ("windows_days", "half_lives_days")}
        return cls(**values | tuples | {"season": Season.from_dict(values["season"])})

    def season_of_orders(self, cutoff: dt.date) -> float:
        """Returns how many times the orders of an average horizon fall into the one after a cutoff."""
        return self.season.fold(cutoff, self.horizon_days)

    def fold(self, cutoff: dt.date) -> float:
        """Returns how many times an average horizon the one after a cutoff brings, by the season."""
        return self.season_of_orders(cutoff) * self.season_of_value(cutoff)

    def season_in_words(self, cutoff: dt.date) -> str:
        """Returns what the season makes of the horizon after a cutoff, or why no season is known."""
        if not self.season.is_known:
            return self.season.why_not.rstrip(".")
        return f"the next {self.horizon_days} days are a {self.fold(cutoff):.2f}-fold season"

    def doubt_at(self, cutoff: dt.date) -> float:
        """Returns the standard deviation of the logarithm of what the horizon after a cutoff brings, beside what the season says."""
        return self.season.doubt_at(cutoff)

    def season_of_value(self, cutoff: dt.date) -> float:
        """Returns the value of the orders in the horizon after a cutoff, beside their mean over the year."""
        return self.season.fold_of_value(cutoff, self.horizon_days)

    def columns(self, moving: list[str]) -> list[str]:
        """Returns the numeric columns that a model may learn corrections from.

        They say what customers ordered, not what they sent back: refunds lower a prediction through what BTYD says alone, and so
        never raise it.

        Args:
            moving: those that grow by themselves, left out.
        """
        return [
            name
            for name in self.numbers(dt.date(2000, 1, 1))
            if name not in (*moving, *_MOVED_BY_REFUNDS, *OF_THE_HORIZON, *FOR_PEOPLE)
        ]

    def numbers(self, cutoff: dt.date) -> dict[str, str]:
        """Returns the SQL of every numeric column by its name, in the table's order. cutoff: of the horizon."""
        orders, value = self.season_of_orders(cutoff), self.season_of_value(cutoff)
        plain = ["recency_days", "tenure_days", "frequency", "revenue_total", "kept_revenue"]
        plain += ["placed_orders", "placed_recency_days"]
        plain += [f"{kind}_{days}d" for kind in ("revenue", "orders") for days in self.windows_days]
        plain += [f"{kind}_decayed_{days}d" for kind in ("revenue", "orders") for days in self.half_lives_days]
        plain += [
            "last_order_value",
            "first_order_value",
            "largest_order_value",
            "gap_median_days",
            "gap_max_days",
            "gap_last_days",
            "active_months",
            *FOR_PEOPLE,
        ]
        last_year = {LAST_YEAR: _ratio(LAST_YEAR, repr(orders))}
        return (
            {name: f"CAST({name} AS DOUBLE)" for name in plain}
            | (last_year if self.same_window_last_year else {})
            | {
                # one order yesterday is no daily habit
                "revenue_per_day": _ratio("revenue_total", "GREATEST(tenure_days, 30)"),
                "placed_order_value": _ratio("positive_total", "placed_orders"),
                "average_order_value": _ratio("order_value_total", "placed_orders"),
                "gap_mean_days": _ratio("gap_sum", "gaps"),
                "gap_std_days": f"SQRT({_ratio('gaps * gap_squares - gap_sum * gap_sum', 'gaps * (gaps - 1)')})",
                "recency_over_gap": _ratio("placed_recency_days", "gap_median_days"),
                "return_share": _ratio("positive_total - revenue_total", "positive_total"),
                "active_month_share": _ratio("active_months", "tenure_months"),
                "season_of_orders": repr(orders),
                "season_of_value": repr(value),
            }
        )


def _ratio(above: str, below: str) -> str:
    """Two exact numbers as the SQL of their quotient; missing where there is nothing below. Dialects divide decimals differently."""
    return f"CAST({above} AS DOUBLE) / CAST(NULLIF({below}, 0) AS DOUBLE)"
