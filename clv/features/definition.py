"""What the columns of a feature table are."""

import datetime as dt
import math
from dataclasses import asdict, dataclass
from typing import Any, Self

LIFECYCLE = ("new", "active", "lagging", "dormant", "lost")
OF_GAPS = (  # they do not exist for a customer with too few orders
    *("gap_median_days", "gap_max_days", "gap_last_days", "gap_mean_days", "gap_std_days", "recency_over_gap"),
)
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
    """

    windows_days: tuple[int, ...]
    half_lives_days: tuple[int, ...]
    horizon_days: int
    same_window_last_year: bool
    lifecycle: dict[str, float]

    @classmethod
    def within(
        cls,
        history_days: int,
        windows_days: list[int],
        half_lives_days: list[int],
        horizon_days: int,
        lifecycle: dict[str, float],
    ) -> Self:
        """Returns the definition that a history can fill: longer windows are left out.

        Args:
            history_days: before the earliest cutoff; the same window last year needs 365.
            windows_days, half_lives_days, lifecycle: of conf/features/.
            horizon_days: of the labels.

        >>> Definition.within(40, [30, 90], [30], horizon_days=90, lifecycle={}).windows_days
        (30,)
        """
        reached = tuple(days for days in sorted(windows_days) if days <= history_days)
        return cls(reached, tuple(sorted(half_lives_days)), horizon_days, history_days >= 365, lifecycle)

    def as_dict(self) -> dict[str, Any]:
        """Returns the definition as values that JSON can hold."""
        return asdict(self) | {"windows_days": list(self.windows_days), "half_lives_days": list(self.half_lives_days)}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """Returns the definition that as_dict() gave."""
        return cls(
            **values
            | {"windows_days": tuple(values["windows_days"]), "half_lives_days": tuple(values["half_lives_days"])}
        )

    def columns(self, moving: list[str]) -> list[str]:
        """Returns the numeric columns that a model may learn corrections from.

        They say what customers ordered, not what they sent back: refunds lower a prediction through what BTYD says alone, and so
        never raise it.

        Args:
            moving: those that grow by themselves, left out.
        """
        return [name for name in self.numbers(dt.date(2000, 1, 1)) if name not in (*moving, *_MOVED_BY_REFUNDS)]

    def numbers(self, cutoff: dt.date) -> dict[str, str]:
        """Returns the SQL of every numeric column by its name, in the table's order. cutoff: for the time of the year."""
        year_share = 2 * math.pi * cutoff.timetuple().tm_yday / 365.25
        plain = ["recency_days", "tenure_days", "frequency", "revenue_total", "kept_revenue"]
        plain += ["placed_orders", "placed_recency_days"]
        plain += [f"{kind}_{days}d" for kind in ("revenue", "orders") for days in self.windows_days]
        plain += [f"{kind}_decayed_{days}d" for kind in ("revenue", "orders") for days in self.half_lives_days]
        plain += ["revenue_same_window_last_year"] if self.same_window_last_year else []
        plain += [
            "last_order_value",
            "first_order_value",
            "largest_order_value",
            "gap_median_days",
            "gap_max_days",
            "gap_last_days",
            "active_months",
        ]
        return {name: name for name in plain} | {
            "revenue_per_day": "revenue_total / GREATEST(tenure_days, 30)",  # one order yesterday is no daily habit
            "placed_order_value": "positive_total / placed_orders",
            "average_order_value": "order_value_total / placed_orders",
            "gap_mean_days": "gap_sum / NULLIF(gaps, 0)",
            "gap_std_days": "SQRT((gap_squares - gap_sum * gap_sum / gaps) / NULLIF(gaps - 1, 0))",
            "recency_over_gap": "placed_recency_days / gap_median_days",
            "return_share": "(positive_total - revenue_total) / positive_total",
            "active_month_share": "active_months / tenure_months",
            "cutoff_year_sin": repr(math.sin(year_share)),
            "cutoff_year_cos": repr(math.cos(year_share)),
        }
