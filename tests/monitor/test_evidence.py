"""What the monitor looks at: the room that a season leaves, and the newest orders beside what the model expects."""

import datetime as dt
import math
from dataclasses import replace

import pandas as pd
import pytest
from test_model import Shop

from clv import features
from clv.season import NONE, POINTS, Season
from clv.steps import evidence

DEFINITION = features.Definition.within(400, [30], [90], 90, {})
DOUBTFUL = Season(doubt=(0.1,) * POINTS, why_not="")
DAY = dt.date(2025, 7, 1)


@pytest.mark.parametrize(
    "season, days, doubts, expected",
    [
        (DOUBTFUL, 90, 2.0, math.expm1(0.2)),
        (DOUBTFUL, 30, 2.0, math.expm1(0.2 * math.sqrt(3))),  # a month has more of its own than a quarter
        (DOUBTFUL, 365, 2.0, math.expm1(0.2)),
        (DOUBTFUL, 90, 0.0, 0.0),
        (replace(DOUBTFUL, doubt=(0.0,) * POINTS), 30, 2.0, 0.0),
        (Season(seen_until=DAY, why_not="Not known."), 30, 2.0, math.expm1(0.5)),  # what totals of any business vary by
        (NONE, 30, 2.0, 0.0),  # nobody looked for a season
    ],
)
def test_the_room_of_a_total_is_what_its_season_leaves_in_doubt(season, days, doubts, expected):
    room = evidence.room(replace(DEFINITION, season=season), DAY, days, doubts)
    assert room == pytest.approx(expected)


def test_an_average_horizon_is_predicted_alike_in_every_season():
    shop = Shop()
    fitted = shop.fit(chains=["btyd"])
    table = shop.evaluation
    plain, christmas = (
        evidence.in_average_season(fitted, table.assign(season_of_orders=orders, season_of_value=value))
        for orders, value in ((1.0, 1.0), (1.7, 0.9))
    )
    pd.testing.assert_series_equal(plain, christmas)
