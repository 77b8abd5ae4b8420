"""Between which amounts a customer's revenue will lie, and that of all of them together.

Quantiles are learnt on older snapshots, then moved, group by group, until they hold the share they promise on the newest one.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import xgboost as xgb
from scipy.stats import norm

from clv.model import trees

ROUNDS, ENOUGH = 60, 200  # trees; customers for a group of its own
EVERYBODY, TOP = "everybody", "top decile"
UNKNOWN_PERIOD_SD = 0.25  # of the log of a total, where a history has shown no two periods


@dataclass(frozen=True)
class Intervals:
    """level: share promised.   booster: of log(1 + revenue / unit) at the quantiles tail, level, 1 - tail.
    shift: by group, added to the upper end and taken from the lower, on that scale.   top: prediction from which the group is TOP.
    period_sd, customer_sd: of the log of the total, by periods that differ; by the chance of a single customer."""

    level: float
    unit: float
    columns: list[str]
    booster: xgb.Booster
    shift: dict[str, float]
    top: float
    period_sd: float
    customer_sd: float


def fit(tables: list[pd.DataFrame], predicted: np.ndarray, columns: list[str], options: dict) -> Intervals:
    """Args: tables: snapshots with BTYD's columns, oldest first, at options["cutoffs"].   predicted: of the newest one.

    The quantiles learn from snapshots whose labels ended by the newest cutoff; from all older ones where there are none; and
    from other customers of the newest, where it is the only one.

    Source: Romano, Patterson and Candes (2019), Conformalized Quantile Regression; Vovk et al. (2005), Algorithmic Learning in a
            Random World, 4.5 (groups).
    """
    level, newest, cutoffs = options["interval"], tables[-1], options["cutoffs"]
    old = [table for table, cutoff in zip(tables, cutoffs, strict=True) if ended(cutoff, cutoffs[-1], options)]
    rows = pd.concat(old or tables[:-1] or [newest], ignore_index=True)
    judged = np.full(len(newest), True)
    if len(tables) == 1:
        judged = trees.folds(newest["customer_id"], options["seed"]) == 0
        rows = newest[~judged]
    unit = trees.unit_of(pd.concat(tables))
    inputs = [*columns, *(name for name in newest if name.startswith("btyd_"))]
    options = options | {"threads": trees.threads_for(len(rows), options)}
    data = xgb.QuantileDMatrix(rows[inputs], label=on_log(rows["actual_clv"], unit), nthread=options["threads"])
    data.set_base_margin(start(rows, unit))
    chosen = trees.parameters("reg:quantileerror", options) | {
        "quantile_alpha": np.array(quantiles(level)),
        "max_depth": 4,
        "learning_rate": 0.1,
    }
    totals = [table["actual_clv"].clip(lower=0).sum() / max(table["btyd_revenue"].sum(), 1e-9) for table in tables]
    errors = newest["actual_clv"].to_numpy() - predicted
    found = Intervals(
        level,
        unit,
        inputs,
        xgb.train(chosen, data, ROUNDS),
        {EVERYBODY: 0.0},
        float(np.quantile(predicted, 0.9)),
        period_sd(totals, options),
        float(np.sqrt((errors**2).mean()) / max(predicted.mean(), 1e-9)),
    )
    found.shift.update(shifts(found, newest[judged], predicted[judged]))
    return found


def period_sd(ratios: list[float], options: dict) -> float:
    """Of the log of the ratios of totals; n windows side by side count n - 1 times beside UNKNOWN_PERIOD_SD, which counts once."""
    more = windows_side_by_side(options) - 1
    seen = np.var(np.log(np.maximum(ratios, 1e-3)), ddof=1) if len(ratios) > 1 else 0.0
    return float(np.sqrt((UNKNOWN_PERIOD_SD**2 + more * seen) / (1 + more)))


def windows_side_by_side(options: dict) -> float:
    """How many label windows the training span holds."""
    return 1 + (options["cutoffs"][-1] - options["cutoffs"][0]).days / options["horizon_days"]


def ended(cutoff, newest, options: dict) -> bool:
    return (newest - cutoff).days >= options["horizon_days"]


def quantiles(level: float) -> tuple[float, float, float]:
    return (1 - level) / 2, level, (1 + level) / 2


def on_log(revenue: pd.Series | np.ndarray, unit: float) -> np.ndarray:
    return np.log1p(np.maximum(revenue, 0) / unit)


def start(table: pd.DataFrame, unit: float) -> np.ndarray:
    """BTYD's revenue on the log scale, once for each quantile: the trees learn what lies below and above it, so that the
    interval of a customer bigger than any seen is as wide in proportion as others'."""
    return np.repeat(on_log(table["btyd_revenue"].to_numpy(), unit)[:, None], 3, axis=1)


def ends(intervals: Intervals, table: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Both ends on the log scale before any shift. Where nothing may well come, the interval begins at 0 and all of what is
    left out lies above it."""
    margin = start(table, intervals.unit)
    found = intervals.booster.inplace_predict(table[intervals.columns], base_margin=margin).astype("float64")
    tail, most, both = np.sort(found, axis=1).T
    alive = np.maximum(table["btyd_alive"].to_numpy(), 1e-9)
    nothing = 1 - alive * -np.expm1(-table["btyd_purchases"].to_numpy() / alive)  # at least: rates vary
    zero = (tail <= 0) | (nothing > 0.5)
    return np.where(zero, 0, tail), np.maximum(np.where(zero, most, both), 0)


def groups(intervals: Intervals, table: pd.DataFrame, predicted: np.ndarray) -> np.ndarray:
    return np.where(predicted >= intervals.top, TOP, table["lifecycle_stage"].to_numpy(dtype=object))


def shifts(intervals: Intervals, table: pd.DataFrame, predicted: np.ndarray) -> dict[str, float]:
    """The smallest shift with which a group's intervals hold the promised share of it."""
    low, high = ends(intervals, table)
    actual = on_log(table["actual_clv"].to_numpy(), intervals.unit)
    missed_by = np.maximum(np.where(low <= 0, -np.inf, low - actual), actual - high)
    group, found = groups(intervals, table, predicted), {}
    for name in (EVERYBODY, *np.unique(group)):
        chosen = np.sort(missed_by[(group == name) | (name == EVERYBODY)])
        if len(chosen) >= ENOUGH or name == EVERYBODY:
            found[name] = float(chosen[min(int(np.ceil((len(chosen) + 1) * intervals.level)), len(chosen)) - 1])
    return found


def around(intervals: Intervals, table: pd.DataFrame, predicted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Low and high, in currency, of each row; the prediction lies between them.

    Args: table: the feature table with lifecycle_stage and BTYD's columns.
    """
    low, high = ends(intervals, table)
    names = groups(intervals, table, predicted)
    shift = np.array([intervals.shift.get(name, intervals.shift[EVERYBODY]) for name in names])
    upper = np.expm1(np.maximum(high + shift, 0)) * intervals.unit
    lower = np.where(low <= 0, 0, np.expm1(np.maximum(low - shift, 0)) * intervals.unit)
    return np.minimum(lower, predicted), np.maximum(upper, predicted)


def total(intervals: Intervals, predicted: np.ndarray) -> tuple[float, float]:
    """Low and high of the sum, in currency: periods differ from one another, and each customer by chance.

    How far BTYD's totals were off in the training snapshots, around their mean, says how much periods differ.
    """
    spread = np.hypot(intervals.period_sd, intervals.customer_sd / np.sqrt(len(predicted)))
    return spread_total(predicted, spread, intervals.level)


def spread_total(predicted: np.ndarray, spread: float, level: float) -> tuple[float, float]:
    """Low and high of the sum, where its logarithm has the standard deviation `spread`."""
    reach = norm.ppf((1 + level) / 2) * min(spread, 1.0)  # beyond it nothing is known of the total
    return float(predicted.sum() * np.exp(-reach)), float(predicted.sum() * np.exp(reach))


def rough(orders: np.ndarray, predicted: np.ndarray, level: float) -> tuple[np.ndarray, np.ndarray]:
    """Where no labels are known: no order with Poisson's chance, else revenue as uncertain as an exponential time.

    Args: orders: expected in the horizon.
    """
    some = -np.expm1(-orders)
    size = predicted / np.maximum(some, 1e-12)
    tail = quantiles(level)[0]
    zero = 1 - some >= tail
    above = np.where(zero, 1 - level, tail)  # the chance that is left above the upper end
    high = size * np.log(np.maximum(some / above, 1))
    low = np.where(zero, 0, size * -np.log(np.minimum((1 - tail) / np.maximum(some, 1e-12), 1)))
    return np.minimum(low, predicted), np.maximum(high, predicted)
