"""The ranges in which a search for a better configuration draws its values."""

import numpy as np
import pytest

from clv import search


@pytest.mark.parametrize("low, high, middle", [(0.1, 1.0, 0.316), (5.0, 10.0, 7.5)])
def test_a_range_of_tenfold_or_more_is_searched_on_a_log_scale(low, high, middle):
    trials = search.minimise(
        lambda values: (values["x"] * 0, {}), {"x": (low, high)}, {"x": low}, trials=100, minutes=1, seed=3
    )
    assert np.mean([trial.values["x"] < middle for trial in trials]) == pytest.approx(0.5, abs=0.2)
