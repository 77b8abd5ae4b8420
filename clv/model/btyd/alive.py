"""What follows from being alive: only a customer who has not ended orders again."""

from abc import ABC, abstractmethod

import numpy as np


class OfTheLiving(ABC):
    """A purchase model that says what a customer does who is alive at T; what anybody does is that times the probability of being alive.

    x, t_x and T: one value a customer.   horizon: in the same unit of time, one value or one a customer.
    """

    @abstractmethod
    def p_alive(self, x: np.ndarray, t_x: np.ndarray, T: np.ndarray) -> np.ndarray:
        """Returns the probability that a customer still orders at T."""

    @abstractmethod
    def expected_if_alive(self, horizon: float | np.ndarray, x: np.ndarray, T: np.ndarray) -> np.ndarray:
        """Returns the orders expected in (T, T + horizon] of a customer who is alive at T."""

    @abstractmethod
    def p_order_if_alive(self, horizon: float | np.ndarray, x: np.ndarray, T: np.ndarray) -> np.ndarray:
        """Returns the probability of an order in (T, T + horizon] of a customer who is alive at T."""

    def expected_purchases(
        self, horizon: float | np.ndarray, x: np.ndarray, t_x: np.ndarray, T: np.ndarray
    ) -> np.ndarray:
        """Returns the orders expected in (T, T + horizon] given the history."""
        return self.p_alive(x, t_x, T) * self.expected_if_alive(horizon, x, T)

    def p_order(self, horizon: float | np.ndarray, x: np.ndarray, t_x: np.ndarray, T: np.ndarray) -> np.ndarray:
        """Returns the probability of an order in (T, T + horizon] given the history."""
        return self.p_alive(x, t_x, T) * self.p_order_if_alive(horizon, x, T)
