"""The scales on which a search for a better configuration draws its values."""

import optuna
import pytest

from clv import search


@pytest.mark.parametrize("ends, log", [((0.1, 1.0), True), ((0.1, 0.99), False), ((0.0, 1.0), False)])
def test_a_range_of_tenfold_or_more_is_searched_on_a_log_scale(ends, log):
    trial = optuna.trial.FixedTrial({"x": 0.5})
    assert search.suggested(trial, "x", ends, 0.5) == 0.5
    assert trial.distributions["x"].log == log
