"""Ranges of values, as the pictures of the page name them."""

import numpy as np
import pytest

from clv.monitor import sketches
from clv.monitor.ranges import ranges


@pytest.mark.parametrize(
    "before, labels",
    [
        ([0, 10, 2500, 7000], ["none", "0 to 10", "10 to 2,500", "2,500 to 7,000"]),
        (range(1, 31), ["up to 1", "1 to 5", "5 to 9", "9 to 13", "13 to 18", "18 to 22", "22 to 26", "more than 26"]),
        ([1, 5, 9], ["up to 1", "1 to 5", "5 to 9"]),
        ([1, np.nan, 5, 9], ["up to 1", "1 to 5", "5 to 9", "no value"]),
    ],
)
def test_a_range_is_named_by_its_ends_in_words(before, labels):
    values = np.repeat(np.array(before, float), 100)
    assert list(ranges(sketches.sketch(values), values)["range"]) == labels
