"""How orders come and end: one class a model, and the fit that they share."""

from dataclasses import astuple
from typing import Any, ClassVar, Protocol

import numpy as np

from clv.model.btyd.beta_geometric import BgNbd, MbgNbd
from clv.model.btyd.likelihood import best, grouped
from clv.model.btyd.pareto_nbd import ParetoNbd

_STARTS = ((1.0, 5.0, 1.0, 2.0), (0.3, 1.0, 0.5, 5.0), (2.0, 50.0, 0.2, 1.0))


class PurchaseModel(Protocol):
    """A frozen dataclass of four positive parameters; x, t_x and T are one value a customer.

    TIMES: which of the parameters are in the unit of time.   What is said of customers who are alive: as in OfTheLiving.
    """

    TIMES: ClassVar[tuple[bool, ...]]
    __dataclass_fields__: ClassVar[dict[str, Any]]

    def log_likelihood(self, x: np.ndarray, t_x: np.ndarray, T: np.ndarray) -> np.ndarray:
        """Returns the log-likelihood of each customer's history."""
        ...

    def p_alive(self, x: np.ndarray, t_x: np.ndarray, T: np.ndarray) -> np.ndarray: ...

    def expected_if_alive(self, horizon: float | np.ndarray, x: np.ndarray, T: np.ndarray) -> np.ndarray: ...

    def p_order_if_alive(self, horizon: float | np.ndarray, x: np.ndarray, T: np.ndarray) -> np.ndarray: ...

    def expected_purchases(
        self, horizon: float | np.ndarray, x: np.ndarray, t_x: np.ndarray, T: np.ndarray
    ) -> np.ndarray: ...

    def p_count(self, n: int, t: np.ndarray) -> np.ndarray:
        """Returns the probability that a customer of whom nothing is known places n repeat orders in (0, t]."""
        ...


MODELS: dict[str, type[PurchaseModel]] = {"bg_nbd": BgNbd, "mbg_nbd": MbgNbd, "pareto_nbd": ParetoNbd}


def fit_purchases(
    kind: str, x: np.ndarray, t_x: np.ndarray, T: np.ndarray, start: PurchaseModel | None = None
) -> PurchaseModel:
    """Returns the model that makes the histories most likely. Equal (x, t_x, T) count once with their number.

    Args:
        kind: a name of MODELS.
        x, t_x, T: of each customer, in one unit of time; at most MOST_CUSTOMERS are used, drawn at random.
        start: of another history of the same customers; spares the search among several starts.
    Raises:
        InputError: no start converges.
    """
    model = MODELS[kind]
    groups, counts = grouped(np.column_stack([x, t_x, T]))
    unit = max(float(T.max()), 1e-9) / 39  # parameters of order one, whatever the unit of time
    units = np.where(model.TIMES, unit, 1.0)
    starts = [np.array(astuple(start)) / units] if start else _STARTS
    parameters = best(
        lambda parameters, rows: model(*parameters).log_likelihood(*rows.T),
        starts,
        groups / (1, unit, unit),
        counts,
        kind,
    )
    return model(*(parameters * units).tolist())


def expected_orders_until(purchases: PurchaseModel, t: np.ndarray) -> np.ndarray:
    """Returns E[X(t)]: the repeat orders that a customer of whom nothing is known places in (0, t].

    It is the expectation given an empty history, which is what the closed forms of the three models are.

    Args:
        t: time since the first order, at least 0.
    Source:
        BG/NBD: Fader, Hardie and Lee (2005), eq. 9.   MBG/NBD: Batislam, Denizel and Filiztekin (2007).
        Pareto/NBD: http://brucehardie.com/notes/009/.

    >>> expected_orders_until(MODELS["bg_nbd"](r=0.243, alpha=4.414, a=0.793, b=2.426), np.array([1.0, 52.0])).round(3).tolist()
    [0.053, 1.446]
    """
    nothing = np.zeros(np.shape(t))
    return purchases.expected_purchases(np.asarray(t, float), nothing, nothing, nothing)
