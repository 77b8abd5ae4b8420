"""The season of a business: how the rate of orders and the value of an order vary over the year, from purchases before a day."""

from clv.season.curves import NONE, POINTS, Season
from clv.season.estimate import fit

__all__ = ["NONE", "POINTS", "Season", "fit"]
