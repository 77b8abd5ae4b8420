"""How far predictions held: which horizon is taken, and what is said of its ranking and its level."""

import datetime as dt
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from monitor.seen import SCORES, evidence, scores, vintage

from clv.monitor.evidence import Matured
from clv.monitor.held import held

PART = vintage(1.0, 0.7).to_dict("index")
TABLE = pd.DataFrame({"predicted_clv": [10.0, 2.0, 4.0], "actual_clv": [12.0, 0.0, 8.0]})
CAME = Matured(dt.date(2025, 6, 1), TABLE, intervals=vintage(0.8, 0.7))


def test_scores_that_were_used_go_before_predictions_that_are_computed_again():
    found = held(PART, evidence(vintages=[scores(bias=0.9), scores(bias=0.5, version="2")], matured=CAME), 90, SCORES)
    assert (found.begin, found.are_used, found.predicted, found.actual) == (dt.date(2025, 7, 1), True, 360.0, 400.0)
    again = held(PART, evidence(matured=CAME), 90, SCORES)
    assert (again.begin, again.are_used, again.predicted, again.actual) == (dt.date(2025, 6, 1), False, 16.0, 20.0)


@pytest.mark.parametrize(
    "bias, gini, room, statuses",
    [
        (1.0, 0.7, 0.0, ("stable", "stable", "stable")),
        (0.62, 0.7, 0.0, ("alert", "alert", "stable")),
        (0.62, 0.7, 0.65, ("stable", "alert", "stable")),
        (1.0, 0.5, 9.0, ("stable", "stable", "alert")),
    ],
)
def test_level_and_ranking_are_judged_as_stored_scores_are_and_the_level_without_the_room_of_the_season_too(
    bias, gini, room, statuses
):
    found = held(PART, evidence(vintages=[scores(bias=bias, gini=gini)], room=room), 90, SCORES)
    assert (found.level, found.off, found.ranking, found.limit) == (*statuses, max(room, SCORES.warn_bias))


def test_a_window_on_which_the_version_was_measured_is_not_new():
    assert not held(PART, evidence(matured=replace(CAME, tells_nothing_new=True)), 90, SCORES).is_new


@pytest.mark.parametrize(
    "part, seen",
    [
        (PART, {}),
        (PART, {"vintages": None}),
        ({}, {"matured": CAME}),
        (PART, {"vintages": [scores(customers=1)]}),
        (PART, {"vintages": [scores(bias=np.inf)]}),
    ],
    ids=["nothing came in", "no server", "an older baseline", "one customer", "no revenue"],
)
def test_nothing_is_said_where_nothing_can_be_judged(part, seen):
    assert held(part, evidence(**seen), 90, SCORES) is None
