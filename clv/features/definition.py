"""The feature table at one cutoff: one row per customer, from purchases before the cutoff alone."""

import datetime as dt
import hashlib
import math
import re
from dataclasses import asdict, dataclass
from pathlib import Path

import duckdb
import jinja2
import pandas as pd

TEMPLATE = jinja2.Template(
    (Path(__file__).parent / "sql" / "snapshot.sql").read_text(), undefined=jinja2.StrictUndefined
)

# Gaps look back from each order, so one pass serves every cutoff. An order's value is the day's net revenue, at least 0.
HISTORY = (Path(__file__).parent / "sql" / "history.sql").read_text()


@dataclass(frozen=True)
class Definition:
    """What the columns of a feature table are. A model version carries its own, so that scoring uses the one it learnt on.

    windows_days, half_lives_days: of the revenue and order columns.   horizon_days: length of the same window last year.
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
    ) -> "Definition":
        """The definition that a history of so many days can fill: longer windows are left out."""
        reached = tuple(days for days in sorted(windows_days) if days <= history_days)
        return cls(reached, tuple(sorted(half_lives_days)), horizon_days, history_days >= 365, lifecycle)

    def as_dict(self) -> dict:
        return asdict(self) | {"windows_days": list(self.windows_days), "half_lives_days": list(self.half_lives_days)}

    @classmethod
    def from_dict(cls, values: dict) -> "Definition":
        return cls(
            **values
            | {"windows_days": tuple(values["windows_days"]), "half_lives_days": tuple(values["half_lives_days"])}
        )

    def columns(self, moving: list[str]) -> list[str]:
        """The numeric columns without those that move by themselves: what a model may learn from."""
        return [name for name in self.numbers(dt.date(2000, 1, 1)) if name not in moving]

    def numbers(self, cutoff: dt.date) -> dict[str, str]:
        """Name and SQL of every numeric column, in the table's order."""
        year_share = 2 * math.pi * cutoff.timetuple().tm_yday / 365.25
        plain = ["recency_days", "tenure_days", "frequency", "revenue_total"]
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
            "average_order_value": "order_value_total / orders",
            "gap_mean_days": "gap_sum / NULLIF(gaps, 0)",
            "gap_std_days": "SQRT((gap_squares - gap_sum * gap_sum / gaps) / NULLIF(gaps - 1, 0))",
            "recency_over_gap": "recency_days / gap_median_days",
            "return_share": "(positive_total - revenue_total) / positive_total",
            "active_month_share": "active_months / tenure_months",
            "cutoff_year_sin": repr(math.sin(year_share)),
            "cutoff_year_cos": repr(math.cos(year_share)),
        }


def history(purchases: duckdb.DuckDBPyRelation) -> duckdb.DuckDBPyRelation:
    """Purchases with the days of each customer's previous and next order; good for every cutoff."""
    return purchases.query("purchases", HISTORY)


def digest(definition: Definition) -> str:
    """Of what the columns mean: the SQL at some cutoff without its comments and blanks. It changes when a column comes to mean something
    else; versions and baselines of before are refused from then on."""
    text = HISTORY + sql(dt.date(2000, 1, 1), definition)
    plain = " ".join(line.split("--")[0] for line in text.splitlines())
    return hashlib.sha256(" ".join(plain.split()).encode()).hexdigest()[:16]


def snapshot(history: duckdb.DuckDBPyRelation, cutoff: dt.date, definition: Definition) -> pd.DataFrame:
    """Features of every customer with an order before the cutoff.

    Args:    history: of history().   cutoff: first day that the features may not see.
    Returns: one row per customer in the order of customer_id: customer_id, lifecycle_stage (new, active, lagging, dormant, lost), then float32
             columns; missing where a value does not exist (gaps of a customer with one order).
    """
    return history.query("history", sql(cutoff, definition)).df()


def sql(cutoff: dt.date, definition: Definition) -> str:
    return TEMPLATE.render(
        cutoff_day=(cutoff - dt.date(1970, 1, 1)).days,
        cutoff_month=12 * cutoff.year + cutoff.month,
        numbers=definition.numbers(cutoff),
        **definition.as_dict(),
    )


WORDS = {
    "recency_days": "days since the last order",
    "tenure_days": "days since the first order",
    "frequency": "repeat orders",
    "revenue_total": "net revenue so far",
    "revenue_per_day": "net revenue a day since the first order",
    "average_order_value": "mean value of an order",
    "last_order_value": "value of the last order",
    "first_order_value": "value of the first order",
    "largest_order_value": "value of the largest order",
    "gap_median_days": "days between orders, usually (median)",
    "gap_mean_days": "days between orders, on average",
    "gap_std_days": "how much the days between orders vary",
    "gap_max_days": "longest gap between orders, in days",
    "gap_last_days": "days between the last two orders",
    "recency_over_gap": "days since the last order, in gaps of the customer's own",
    "return_share": "share of revenue that was returned",
    "active_months": "months with an order",
    "active_month_share": "share of months with an order",
    "revenue_same_window_last_year": "net revenue in the same days of last year",
    "btyd_revenue": "what the probability model expects: revenue in the horizon",
    "btyd_purchases": "what the probability model expects: orders in the horizon",
    "btyd_alive": "chance, by the probability model, of still being a customer",
    "btyd_spend": "what the probability model expects an order to be worth",
}


def in_words(name: str) -> str:
    """A column of the feature table, or of the probability model, in plain words."""
    if found := re.fullmatch(r"(revenue|orders)_(decayed_)?(\d+)d", name):
        what, decayed, days = found.groups()
        what = "net revenue" if what == "revenue" else "orders"
        return f"{what}, an order weighing half after {days} days" if decayed else f"{what} in the last {days} days"
    return WORDS.get(name, name)
