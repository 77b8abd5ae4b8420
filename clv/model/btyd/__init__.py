"""Buy-till-you-die: how often a customer orders, whether they still do, and how much an order brings; by maximum likelihood.

x: repeat orders.   t_x: time from the first to the last order.   T: time from the first order to the cutoff (all in one unit).
"""

from clv.model.btyd.customers import ANSWERS, NEEDS, READ, Customers, behaviour, expected, fit
from clv.model.btyd.gamma_gamma import GammaGamma, fit_spend
from clv.model.btyd.kept import KeptShare, fit_kept
from clv.model.btyd.purchases import MODELS, PurchaseModel, expected_orders_until, fit_purchases

__all__ = [
    "ANSWERS",
    "MODELS",
    "NEEDS",
    "READ",
    "Customers",
    "GammaGamma",
    "KeptShare",
    "PurchaseModel",
    "behaviour",
    "expected",
    "expected_orders_until",
    "fit",
    "fit_kept",
    "fit_purchases",
    "fit_spend",
]
