"""Customers drawn by their ids alone: the same ones in every file, on every engine."""

import math


def drawn(share: float) -> str:
    """Returns the condition of SQL that holds for about a share of the customers; a smaller share is a part of a larger one.

    Args: share: 0 to less than 1.

    >>> drawn(0.25)
    "LEFT(MD5(customer_id), 8) < '40000000'"
    """
    return f"LEFT(MD5(customer_id), 8) < '{math.ceil(share * 2**32):08x}'"
