"""Errors beside those of the baseline, as if both seasons were average ones."""

import datetime as dt
import re
from dataclasses import asdict

import numpy as np
import pandas as pd
import pytest
from helpers import composed
from monitor.seen import ACTUAL, ERRORS, OLDER, PREDICTED, RECENT, evidence

from clv.monitor import checks, prediction_drift
from clv.monitor.evidence import Matured, Measured


def errors(actual, predicted):
    before = prediction_drift.moments(ACTUAL, PREDICTED)
    return prediction_drift.compare_errors(before, prediction_drift.moments(actual, predicted, before["caps"]), ERRORS)


@pytest.mark.parametrize(
    "actual, predicted, expected",
    [
        (ACTUAL, PREDICTED, "stable"),
        (ACTUAL, PREDICTED * 1.05, "stable"),
        (ACTUAL, PREDICTED * 1.3, "alert"),
        (ACTUAL, PREDICTED * 0.7, "alert"),
        (ACTUAL[:200], PREDICTED[:200] * 1.1, "stable"),  # within noise
        (ACTUAL[:99], PREDICTED[:99] * 9, "insufficient"),
        (ACTUAL * 0, PREDICTED, "alert"),  # nobody brought revenue
    ],
)
def test_errors_count_when_they_grew_beyond_their_limit_and_beyond_noise(actual, predicted, expected):
    assert errors(actual, predicted).status == expected


def test_one_customer_who_trebles_the_rmse_is_no_reason():
    spoilt = ACTUAL.copy()
    spoilt[0] = 100_000
    rmse = [np.sqrt(np.mean((PREDICTED - actual) ** 2)) for actual in (ACTUAL, spoilt)]
    assert rmse[1] > 3 * rmse[0] and errors(spoilt, PREDICTED).status == "stable"


def test_no_revenue_at_all_asks_whether_it_is_complete():
    finding = errors(ACTUAL * 0, PREDICTED)
    assert (
        "Predicted over actual revenue (of each customer up to a cap) cannot be compared" in finding.reason
        and "complete?" in finding.reason
    )


def test_moments_cut_off_errors_and_revenue_at_their_caps():
    moments = prediction_drift.moments([0, 10, 90], [0, 10, 10], {"squared_error": 48, "revenue": 30})
    assert moments["mae"]["value"] == pytest.approx(80 / 3)
    assert moments["capped_rmse"]["value"] == pytest.approx(4)  # sqrt((0 + 0 + 48) / 3)
    assert moments["total_ratio"]["value"] == pytest.approx(20 / 40)  # 90 counts as 30


@pytest.mark.parametrize(
    "actual, predicted, reason",
    [
        (ACTUAL, PREDICTED, "Errors and the ratio of totals are within their limits or within noise."),
        (
            ACTUAL[:99],
            PREDICTED[:99],
            "There are too few customers with labels to judge errors by: 99 on one of the sides.",
        ),
        (
            ACTUAL * 3,
            PREDICTED * 3,
            r"The mean error per customer went from .* \(\+\d+%\), beyond noise. The error \(RMSE, capped\) went .*",
        ),
        (
            ACTUAL,
            PREDICTED * 0.7,
            r"Predicted over actual revenue \(of each customer up to a cap\) went from .* \(-30%\), beyond noise.",
        ),
        (
            ACTUAL * 0,
            PREDICTED,
            r".*Predicted over actual revenue \(of each customer up to a cap\) cannot be compared: it was [\d.]+ and is nan; is the revenue complete\?",
        ),
    ],
)
def test_prediction_drift_says_by_how_much_errors_grew_or_why_it_cannot_tell(actual, predicted, reason):
    assert re.fullmatch(reason, errors(actual, predicted).reason)


def test_moments_take_their_caps_from_the_highest_thousandth_of_errors_and_hundredth_of_revenue():
    actual = np.arange(1.0, 10_001.0)
    caps = prediction_drift.moments(actual, np.zeros(10_000))["caps"]
    assert caps == {"squared_error": 99_800_000.0, "revenue": 9900.0}  # to three digits


def moments(name="mae", value=1.0, log_error=0.0, customers=1000):
    """Of a window in which one figure differs from 1."""
    figures = {figure: {"value": 1.0, "log_error": 0.0} for figure in ("mae", "capped_rmse", "total_ratio")}
    return {"customers": customers} | figures | {name: {"value": value, "log_error": log_error}}


@pytest.mark.parametrize(
    "now, expected",
    [
        (moments("mae", 1.15, np.log(1.15) / 3.21), "warn"),
        (moments("mae", 1.15, np.log(1.15) / 3.19), "stable"),  # within noise
        (moments("mae", 0.5), "stable"),  # a smaller error
        (moments("capped_rmse", 0.5), "stable"),
        (moments("total_ratio", 0.75), "alert"),
        (moments("total_ratio", 0.0), "alert"),
        (moments(customers=100), "stable"),
        (moments(customers=99), "insufficient"),
    ],
)
def test_errors_count_beyond_noise_and_when_they_grow_and_the_ratio_of_totals_either_way(now, expected):
    assert prediction_drift.compare_errors(moments(), now, ERRORS).status == expected


def errors_beside(actual, predicted, fold=1.0, fold_before=1.0, room=0.0, ageing=""):
    """The finding on errors of a season, beside a baseline that was measured in another one."""
    check, nothing = prediction_drift.PredictionDrift(), pd.DataFrame()
    intervals = pd.DataFrame(1.0, index=["rmse", "r2"], columns=["value", "low", "high", "standard_error"])
    labelled = pd.DataFrame({"actual_clv": ACTUAL, "predicted_clv": PREDICTED}) * fold_before
    part = check.describe(Measured(nothing, np.empty(0), nothing, labelled, intervals, RECENT, fold_before))
    table = pd.DataFrame({"actual_clv": actual, "predicted_clv": predicted})
    matured = Matured(dt.date(2025, 1, 1), table, intervals=intervals, fold=fold)
    columns = checks.columns({}, pd.DataFrame({"predicted_clv": [1.0]}), None, [], "", LIMITS_OF_ALL)
    return check.compare(part, evidence(matured=matured, columns=columns, room=room, ageing=ageing), ERRORS)


LIMITS_OF_ALL = checks.limits(asdict(composed().monitor))


@pytest.mark.parametrize(
    "actual, predicted, folds, expected",
    [
        (ACTUAL * 1.5, PREDICTED * 1.5, {"fold": 1.5}, "stable"),  # all amounts are the season's
        (ACTUAL * 1.5, PREDICTED * 1.5, {"fold": 1.0}, "alert"),  # the same amounts, and no season
        (ACTUAL, PREDICTED, {"fold_before": 1.5}, "stable"),
        (ACTUAL * 0.6, PREDICTED * 0.6, {"fold": 0.6}, "stable"),  # a weak season has smaller errors
        (ACTUAL * 2.1, PREDICTED * 2.1, {"fold": 1.5}, "alert"),  # more than the season brings
        (ACTUAL * 1.5, PREDICTED * 1.5 * 1.3, {"fold": 1.5}, "alert"),  # the season does not hide a bias
    ],
)
def test_errors_are_compared_as_if_both_seasons_were_average_ones(actual, predicted, folds, expected):
    assert errors_beside(actual, predicted, **folds).status == expected


@pytest.mark.parametrize("room, expected", [(0.0, "alert"), (0.25, "alert"), (0.35, "stable")])
def test_the_room_of_the_season_widens_both_limits_of_the_errors(room, expected):
    assert errors_beside(ACTUAL, PREDICTED * 1.3, room=room).status == expected


def test_where_the_customers_grow_older_the_ratio_of_totals_counts_and_the_size_of_errors_does_not():
    assert errors_beside(ACTUAL * 1.3, PREDICTED * 1.3).status == "alert"
    grown = errors_beside(ACTUAL * 1.3, PREDICTED * 1.3, ageing=OLDER)
    assert grown.status == "stable" and grown.figures["errors"]["mae"]["change"] == pytest.approx(0.3)
    assert errors_beside(ACTUAL, PREDICTED * 0.7, ageing=OLDER).status == "alert"
