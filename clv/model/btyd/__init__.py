"""Buy-till-you-die: how often a customer orders, whether they still do, and how much an order brings; by maximum likelihood.

x: repeat orders.   t_x: time from the first to the last order.   T: time from the first order to the cutoff (all in one unit).
"""

from clv.model.btyd.customers import ANSWERS, NEEDS, Customers, expected, fit
from clv.model.btyd.gamma_gamma import GammaGamma, fit_spend
from clv.model.btyd.purchases import MODELS, PurchaseModel, fit_purchases

__all__ = [
    "ANSWERS",
    "MODELS",
    "NEEDS",
    "Customers",
    "GammaGamma",
    "PurchaseModel",
    "expected",
    "fit",
    "fit_purchases",
    "fit_spend",
]
