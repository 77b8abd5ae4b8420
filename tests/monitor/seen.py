"""What the checks of the monitor look at, in small."""

import datetime as dt

import numpy as np
import pandas as pd

from clv.monitor import prediction_drift, segment_drift, shap_drift, stored_scores
from clv.monitor.evidence import Evidence, Matured, Recent, Vintage

SHARES = segment_drift.Limits(significance=0.01, warn=0.03, alert=0.05, min_customers=100)
LEANING = shap_drift.Limits(2000, significance=0.01, warn=0.05, alert=0.10, low=0.8, high=1.25, min_customers=100)
ERRORS = prediction_drift.Limits(min_z=3.2, warn=0.10, alert=0.20, min_customers=100)
SCORES = stored_scores.Limits(
    12, 7, 3.0, warn_bias=0.15, alert_bias=0.30, warn_gini=0.05, alert_gini=0.10, min_customers=2
)
CHANCE = np.random.default_rng(6)
PREDICTED = CHANCE.lognormal(3, 1, 20_000)
ACTUAL = PREDICTED * np.where(CHANCE.random(20_000) < 0.5, 2, 0) * CHANCE.lognormal(-0.125, 0.5, 20_000)
OLDER = "Expected ageing: hardly anybody new comes."
SHAP = pd.DataFrame({name: CHANCE.normal(0, size, 2000) for name, size in {"a": 4, "b": 3, "c": 2, "d": 1}.items()})


def vintage(bias, gini, noise=0.01):
    figures = {"bias": {"value": bias}, "normalized_gini": {"value": gini}}
    return pd.DataFrame.from_dict(figures, orient="index").assign(standard_error=noise)


RECENT = pd.DataFrame(
    {"orders": 1.0, "revenue": 20.0, "expected_orders": 1.0, "expected_value": 20.0}, index=range(200)
)


def evidence(**changed):
    """Hardly anything: what a check needs that looks at nothing else."""
    nothing = pd.DataFrame()
    parts = {"sketches": {}, "columns": nothing, "scored": nothing, "contributions": nothing, "vintages": []}
    parts |= {"recent": Recent(dt.date(2025, 1, 1), 30, RECENT, 0.0, nothing)}
    return Evidence(**{"version": "3", "matured": Matured(dt.date(2025, 1, 1))} | parts | changed)


def scores(bias=1.0, gini=0.7, version="3", customers=400, day=dt.date(2025, 7, 1)):
    figures = vintage(bias, gini).assign(low=0.5, high=1.5)
    figures.loc["rmse"] = figures.loc["bias"]
    actual = pd.DataFrame({"actual_clv": [1.0] * customers})
    return Vintage(day, version, "run", figures, pd.DataFrame({"decile": [1]}), actual, bias * customers)
