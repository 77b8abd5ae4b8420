"""The season of a business: how the rate of orders and the value of an order vary over the year, from purchases before a day."""

from clv.season.curves import NONE, POINTS, Season
from clv.season.estimation import estimate

__all__ = ["NONE", "POINTS", "Season", "estimate"]
