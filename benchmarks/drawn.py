"""Customers drawn with 40 heavy-tailed, tied, half-empty columns, and a model of them whose SHAP values are known."""

import numpy as np
import pandas as pd

WINDOWS = (7, 14, 30, 60, 90, 180, 365)
COLUMNS = 40


def customers(n: int, chance: np.random.Generator, churn: float = 0.5, stages: float = 0.0) -> pd.DataFrame:
    """n customers with lifecycle_stage, 40 columns and actual_clv.

    churn: share of them who bring nothing more.   stages: share moved from the active to the lost ones.
    """
    rate, spend = chance.gamma(0.8, 1 / 40, n), np.exp(chance.normal(3.6, 0.9, n))
    recency = np.ceil(chance.exponential(120, n))
    lost = chance.random(n) < stages
    recency = np.where(lost, 365 + recency, recency)
    table = {"recency_days": recency}
    counts = np.zeros(n)
    begin = 0
    for days in WINDOWS:
        exposed = np.clip(days - np.maximum(begin, recency), 0, None)
        counts = counts + chance.poisson(rate * exposed) + ((recency <= days) & (recency > begin))
        begin = days
        noise = np.exp(chance.normal(0, 0.4, n))
        table |= {f"orders_{days}d": counts, f"revenue_{days}d": np.round(counts * spend * noise, 2)}
    orders = counts + 1 + chance.poisson(rate * 200)
    gap = np.where(orders > 1, np.ceil(chance.exponential(1 / rate) + 1), np.nan)
    for days in (30, 90, 365):
        table |= {f"orders_decayed_{days}d": orders * 0.5 ** (recency / days)}
        table |= {f"revenue_decayed_{days}d": orders * spend * 0.5 ** (recency / days)}
    for name in ("last", "first", "largest", "average"):
        table[f"{name}_order_value"] = np.round(spend * np.exp(chance.normal(0, 0.5, n)), 2)
    for name in ("median", "max", "last", "mean", "std"):
        table[f"gap_{name}_days"] = np.round(gap * np.exp(chance.normal(0, 0.3, n)))
    table["recency_over_gap"] = recency / gap
    table["return_share"] = np.where(chance.random(n) < 0.1, chance.random(n), 0.0)
    table["active_month_share"] = np.minimum(orders / 24, 1).round(3)
    table["revenue_per_day"] = orders * spend / 700
    for number in range(COLUMNS - len(table)):
        table[f"channel_{number}"] = chance.poisson(0.2 * (number + 1), n).astype(float)
    missed = recency / np.maximum(np.nan_to_num(gap, nan=90.0), 14)
    stage = np.select(
        [recency > 365, missed <= 1.5, missed <= 3, missed <= 6], ["lost", "active", "lagging", "dormant"], "lost"
    )
    alive = chance.random(n) >= churn
    actual = alive * chance.poisson(rate * 90) * spend * np.exp(chance.normal(-0.3, 0.8, n))
    return pd.DataFrame(table | {"actual_clv": actual}).assign(lifecycle_stage=stage)


WEIGHTS = {
    "orders_365d": 0.9,
    "recency_days": -0.15,
    "average_order_value": 0.7,
    "revenue_90d": 0.05,
    "gap_mean_days": -0.1,
}  # of log(1 + column)


class LogLinear:
    """A model that was fitted long ago: log(prediction) is a sum over columns, so its SHAP values are known."""

    def __init__(self, table: pd.DataFrame):
        self.means = self.logs(table).mean()
        raw = np.exp(self.logs(table).sum(axis=1))
        self.level = table["actual_clv"].sum() / raw.sum()

    def logs(self, table: pd.DataFrame) -> pd.DataFrame:
        return pd.DataFrame({name: weight * np.log1p(table[name].fillna(0.0)) for name, weight in WEIGHTS.items()})

    def scored(self, table: pd.DataFrame) -> pd.DataFrame:
        return table.assign(predicted_clv=self.level * np.exp(self.logs(table).sum(axis=1)))

    def contributions(self, table: pd.DataFrame, most: int) -> pd.DataFrame:
        return (self.logs(table) - self.means).head(most)


MODEL = LogLinear(customers(200_000, np.random.default_rng(0)))
