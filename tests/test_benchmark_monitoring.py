"""A short version of benchmarks/monitoring.py: the same replays, fewer of them."""

import pytest

from benchmarks import engine, monitoring

SETTINGS = engine.configuration()


def share(scenario, n, replays):
    return sum(monitoring.replay(scenario, n, number, SETTINGS) for number in range(replays)) / replays


@pytest.mark.parametrize("n", [500, 5000])
def test_a_monitor_that_sees_nothing_new_opens_no_alarm(n):
    assert share("nothing changed", n, 25) <= 0.04


@pytest.mark.parametrize("scenario", ["spend +30 %", "churn +30 %", "stages moved by 5 points", "a feature broken"])
def test_a_monitor_sees_what_it_must_see(scenario):
    assert share(scenario, 5000, 12) == 1
