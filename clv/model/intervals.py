"""Between which amounts a customer's revenue will lie, and that of all of them together.

Quantiles are learnt on older snapshots, then moved, group by group, until they hold the share they promise on the newest one.
"""

import datetime as dt
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import xgboost as xgb
from scipy.stats import norm

from clv.model import btyd, trees
from clv.model.binned import folds
from clv.model.options import Options

EVERYBODY, TOP = "everybody", "top decile"
UNKNOWN_PERIOD_SD = 0.25  # of the log of a total, where a history has shown no two periods, and no season is known
_KNOWN_PERIOD_SD = 0.05  # the same where a season is known, beside the season's own doubt
_ROUNDS, _ENOUGH = 60, 200  # trees; customers for a group of its own


@dataclass(frozen=True)
class Intervals:
    """What says how far revenue lies from a prediction.

    level: share promised, 0 to 1.
    unit: mean label, in currency; the log scale is log(1 + revenue / unit).
    columns: inputs of the booster.
    booster: of the log scale at the quantiles tail, level and 1 - tail.
    shift: by group, added to the upper end and taken from the lower, on the log scale.
    top: prediction from which the group is TOP, in currency.
    period_sd, customer_sd: of the log of the total, by periods that differ; by the chance of a single customer.
    """

    level: float
    unit: float
    columns: list[str]
    booster: xgb.Booster
    shift: dict[str, float]
    top: float
    period_sd: float
    customer_sd: float


def fit(tables: list[pd.DataFrame], predicted: np.ndarray, columns: list[str], options: Options) -> Intervals:
    """Returns intervals whose shifts were learnt on the newest snapshot.

    The quantiles learn from snapshots whose labels ended by the newest cutoff; from all older ones where there are none; and
    from other customers of the newest, where it is the only one.

    Args:
        tables: snapshots with BTYD's columns and actual_clv, oldest first, at options.cutoffs.
        predicted: predictions of the newest one, in currency.
        columns: of the feature table.
        options: see Options.
    Source:
        Romano, Patterson and Candes (2019), Conformalized Quantile Regression; Vovk et al. (2005), Algorithmic Learning in a
        Random World, 4.5 (groups).
    """
    newest, unit = tables[-1], float(pd.concat(tables)["actual_clv"].clip(lower=0).mean())
    rows, judged = _split(tables, options)
    inputs = [*columns, *(name for name in btyd.ANSWERS if name != "btyd_season")]
    errors = newest["actual_clv"].to_numpy() - predicted
    totals = [table["actual_clv"].clip(lower=0).sum() / max(table["btyd_revenue"].sum(), 1e-9) for table in tables]
    unshifted = Intervals(
        options.interval,
        unit,
        inputs,
        quantile_trees(rows, inputs, unit, options),
        {EVERYBODY: 0.0},
        float(np.quantile(predicted, 0.9)),
        period_sd(totals, options),
        float(np.sqrt((errors**2).mean()) / max(predicted.mean(), 1e-9)),
    )
    return replace(unshifted, shift=shifts(unshifted, newest[judged], predicted[judged]))


def _split(tables: list[pd.DataFrame], options: Options) -> tuple[pd.DataFrame, np.ndarray]:
    """The rows that the quantiles learn from, and which rows of the newest snapshot they are judged on."""
    newest, cutoffs = tables[-1], options.cutoffs
    if len(tables) == 1:
        judged = folds(newest["customer_id"], options.seed) == 0
        return newest[~judged], judged
    old = [
        table for table, cutoff in zip(tables, cutoffs, strict=True) if ended(cutoff, cutoffs[-1], options.horizon_days)
    ]
    return pd.concat(old or tables[:-1], ignore_index=True), np.full(len(newest), True)


def quantile_trees(rows: pd.DataFrame, inputs: list[str], unit: float, options: Options) -> xgb.Booster:
    """Returns trees of the quantiles tail, level and 1 - tail of the log scale.

    Args:
        rows: labelled customers with the inputs and btyd_revenue.
        inputs: columns.
        unit: mean label, in currency.
        options: interval and XGBoost's are used.
    """
    options = trees.with_threads_for(len(rows), options)
    data = xgb.QuantileDMatrix(rows[inputs], label=on_log(rows["actual_clv"], unit), nthread=options.threads)
    data.set_base_margin(start(rows, unit))
    settings = trees.parameters("reg:quantileerror", options) | {
        "quantile_alpha": np.array(quantiles(options.interval)),
        "max_depth": 4,
        "learning_rate": 0.1,
    }
    return xgb.train(settings, data, _ROUNDS)


def period_sd(ratios: list[float], options: Options) -> float:
    """Returns the standard deviation of the log of the ratios of totals.

    n windows side by side count n - 1 times beside what is expected before any was seen, which counts once: the doubt of the
    season, or UNKNOWN_PERIOD_SD where none is known.

    Args:
        ratios: actual total over BTYD's, by snapshot.
        options: season_doubt, cutoffs and horizon_days are used.
    """
    doubt = options.season_doubt
    before = UNKNOWN_PERIOD_SD if doubt is None else np.hypot(doubt, _KNOWN_PERIOD_SD)
    more = options.windows_side_by_side - 1
    seen = np.var(np.log(np.maximum(ratios, 1e-3)), ddof=1) if len(ratios) > 1 else 0.0
    return float(np.sqrt((before**2 + more * seen) / (1 + more)))


def ended(cutoff: dt.date, newest: dt.date, horizon_days: int) -> bool:
    """Returns whether the labels of a cutoff end by the newest cutoff.

    >>> ended(dt.date(2024, 1, 1), dt.date(2024, 3, 31), horizon_days=90)
    True
    """
    return (newest - cutoff).days >= horizon_days


def quantiles(level: float) -> tuple[float, float, float]:
    """Returns the tail, the level, and 1 - tail.

    >>> [round(quantile, 3) for quantile in quantiles(0.8)]
    [0.1, 0.8, 0.9]
    """
    return (1 - level) / 2, level, (1 + level) / 2


def on_log(revenue: pd.Series | np.ndarray, unit: float) -> np.ndarray:
    """Returns log(1 + revenue / unit); a net return counts as 0.

    >>> on_log(np.array([-5.0, 0.0, 10.0]), unit=10.0).round(3).tolist()
    [0.0, 0.0, 0.693]
    """
    return np.log1p(np.maximum(revenue, 0) / unit)


def start(table: pd.DataFrame, unit: float) -> np.ndarray:
    """Returns BTYD's revenue on the log scale, once for each quantile.

    The trees learn what lies below and above it, so that the interval of a customer bigger than any seen is as wide in
    proportion as others'.
    """
    return np.repeat(on_log(table["btyd_revenue"].to_numpy(), unit)[:, None], 3, axis=1)


def _ends(intervals: Intervals, table: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Both ends on the log scale before any shift. Where the chance of no order exceeds what is left out below an interval, it
    begins at 0, and all of what is left out lies above it."""
    margin = start(table, intervals.unit)
    numbers = table[intervals.columns].to_numpy("float32")
    learnt = intervals.booster.inplace_predict(numbers, base_margin=margin).astype("float64")
    tail, most, both = np.sort(learnt, axis=1).T
    alive = np.maximum(table["btyd_alive"].to_numpy(), 1e-9)
    nothing = 1 - alive * -np.expm1(-table["btyd_orders"].to_numpy() / alive)  # at least: rates vary
    zero = (tail <= 0) | (nothing > (1 - intervals.level) / 2)
    return np.where(zero, 0, tail), np.maximum(np.where(zero, most, both), 0)


def _groups(intervals: Intervals, table: pd.DataFrame, predicted: np.ndarray) -> np.ndarray:
    return np.where(predicted >= intervals.top, TOP, table["lifecycle_stage"].to_numpy(dtype=object))


def shifts(intervals: Intervals, table: pd.DataFrame, predicted: np.ndarray) -> dict[str, float]:
    """Returns, by group, the smallest shift with which the group's intervals hold the promised share of it.

    Args:
        intervals: their shift is not used.
        table: labelled customers with lifecycle_stage and BTYD's columns.
        predicted: of each row, in currency.
    Returns:
        EVERYBODY, and each group of at least 200 customers; on the log scale, negative where intervals become narrower.
    """
    low, high = _ends(intervals, table)
    actual = on_log(table["actual_clv"].to_numpy(), intervals.unit)
    missed_by = np.maximum(np.where(low <= 0, -np.inf, low - actual), actual - high)
    group = _groups(intervals, table, predicted)
    sizes = {name: np.sort(missed_by[group == name]) for name in np.unique(group)}
    sizes = {EVERYBODY: np.sort(missed_by)} | {name: misses for name, misses in sizes.items() if len(misses) >= _ENOUGH}
    return {
        name: float(misses[min(int(np.ceil((len(misses) + 1) * intervals.level)), len(misses)) - 1])
        for name, misses in sizes.items()
    }


def around(intervals: Intervals, table: pd.DataFrame, predicted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns low and high of each row, in currency; the prediction lies between them.

    Args:
        intervals: of fit().
        table: the feature table with lifecycle_stage and BTYD's columns.
        predicted: of each row, in currency.
    """
    low, high = _ends(intervals, table)
    names = _groups(intervals, table, predicted)
    shift = np.array([intervals.shift.get(name, intervals.shift[EVERYBODY]) for name in names])
    upper = np.expm1(np.maximum(high + shift, 0)) * intervals.unit
    lower = np.where(low <= 0, 0, np.expm1(np.maximum(low - shift, 0)) * intervals.unit)
    return np.minimum(lower, predicted), np.maximum(upper, predicted)


def total(intervals: Intervals, predicted: np.ndarray) -> tuple[float, float]:
    """Returns low and high of the sum, in currency: periods differ from one another, and each customer by chance.

    How far BTYD's totals were off in the training snapshots, around their mean, says how much periods differ.
    """
    spread = np.hypot(intervals.period_sd, intervals.customer_sd / np.sqrt(len(predicted)))
    return spread_total(predicted, spread, intervals.level)


def spread_total(predicted: np.ndarray, spread: float, level: float) -> tuple[float, float]:
    """Returns low and high of the sum, where its logarithm has the standard deviation `spread`.

    >>> low, high = spread_total(np.array([60.0, 40.0]), spread=0.1, level=0.8)
    >>> round(low, 1), round(high, 1)
    (88.0, 113.7)
    """
    reach = norm.ppf((1 + level) / 2) * min(spread, 1.0)  # beyond it nothing is known of the total
    return float(predicted.sum() * np.exp(-reach)), float(predicted.sum() * np.exp(reach))


def rough(orders: np.ndarray, predicted: np.ndarray, level: float) -> tuple[np.ndarray, np.ndarray]:
    """Returns low and high, in currency, without labels: no order with Poisson's chance, else revenue as uncertain as an exponential time.

    Args:
        orders: expected in the horizon, of each row.
        predicted: of each row, in currency.
        level: share promised, 0 to 1.
    """
    some = -np.expm1(-orders)
    size = predicted / np.maximum(some, 1e-12)
    tail = quantiles(level)[0]
    zero = 1 - some >= tail
    above = np.where(zero, 1 - level, tail)  # the chance that is left above the upper end
    high = size * np.log(np.maximum(some / above, 1))
    low = np.where(zero, 0, size * -np.log(np.minimum((1 - tail) / np.maximum(some, 1e-12), 1)))
    return np.minimum(low, predicted), np.maximum(high, predicted)
