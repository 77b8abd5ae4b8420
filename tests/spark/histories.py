"""Purchases that both engines are given: real sets, the bundled sample, and 200 random histories, moved to one last day."""

import datetime as dt

import pandas as pd
from helpers import CONNECTION, ROOT, SHARED
from hypothesis import HealthCheck, Phase, given, settings
from test_features import ROWS

from clv import data

CUTOFF, HORIZON = dt.date(2024, 7, 1), 90  # of a leap year
SETS = {
    "sample": ROOT / "data/raw/transactions.csv",
    "cdnow": SHARED / "cdnow.csv.gz",
    "retail": SHARED / "online_retail_net.csv.gz",
}


def all_of_them():
    """One row per customer and day; the ids begin with the name of the history."""
    parts = [moved(rows(path), name) for name, path in SETS.items() if path.exists()]
    parts += [
        moved(pd.DataFrame(some, columns=["customer_id", "order_date", "revenue"]), f"random {number}")
        for number, some in enumerate(drawn())
    ]
    return data.daily(CONNECTION.from_df(pd.concat(parts, ignore_index=True)))


def rows(path):
    return pd.read_csv(path, dtype={"customer_id": str})[["customer_id", "order_date", "revenue"]]


def moved(table, name):
    """The history as if its last horizon began at the cutoff."""
    days = pd.to_datetime(table["order_date"])
    shift = pd.Timestamp(CUTOFF) + pd.Timedelta(days=HORIZON - 1) - days.max()
    return table.assign(
        customer_id=f"{name}: " + table["customer_id"], order_date=(days + shift).dt.strftime("%Y-%m-%d")
    )


def drawn(number=200):
    histories = []

    @settings(
        max_examples=number,
        phases=[Phase.generate],
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(ROWS)
    def draw(rows):
        histories.append(rows)

    draw()
    return histories[:number]
