"""Columns before and now, and what the monitor says of them."""

from dataclasses import replace

import numpy as np
import pandas as pd

from clv.monitor import distributions, sketches

CHANCE = np.random.default_rng(5)
SPEND = CHANCE.lognormal(3, 1, 5000)
ORDER = np.arange(5000)
SPARSE = np.where(ORDER % 50 < 41, 0.0, CHANCE.lognormal(3, 2, 5000))  # 82 % zeros
USUAL = distributions.Thresholds(warn_ks=0.05, alert_ks=0.10, warn_share=0.05, alert_share=0.10)
LIMITS = distributions.Limits(0.01, positives_apart=0.2, usual=USUAL, overrides={}, min_customers=100)


def compare(reference, current, moving=(), **limits):
    sketched = {name: sketches.sketch(np.asarray(values, float)) for name, values in reference.items()}
    table = distributions.compare(sketched, pd.DataFrame(current, dtype=float), list(moving), replace(LIMITS, **limits))
    return table.set_index("feature")


def status(reference, current, **limits):
    return compare({"spend": reference}, {"spend": current}, **limits).loc["spend", "status"]


def first(share):
    """Which customers are in the first share of them."""
    return share * len(ORDER) > ORDER


def random_table(seed):
    """Two samples with ties, zeros and missing values, the second sketch moved."""
    chance = np.random.default_rng(seed)

    def side(moved):
        values = chance.lognormal(3, chance.uniform(0.5, 2), chance.integers(700, 3000)) * moved
        values = np.round(values, int(chance.integers(0, 4)))  # ties
        values[chance.random(len(values)) < chance.uniform(0, 0.6)] = 0
        values[chance.random(len(values)) < 0.2] = np.nan
        return values

    return side(1), side(chance.uniform(0.5, 2))


def days(*counts):
    """Gaps in days: (days, customers) ..."""
    return {"gap_days": np.repeat([day for day, _ in counts], [customers for _, customers in counts])}
