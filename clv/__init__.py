"""Customer lifetime value: predict, rank, cluster, monitor, and let a person decide which model is in production.

In a notebook, on a table of purchases, without MLflow and without files of configuration: clv.fit, clv.predict, clv.backtest (docs/example.py).
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from clv.frames import Fitted, backtest, fit, predict

__all__ = ["Fitted", "backtest", "fit", "predict"]


def __getattr__(name: str) -> Any:
    """Imports on first use: a command handles signals before the heavy imports."""
    if name not in __all__:
        raise AttributeError(f"module 'clv' has no attribute {name!r}")
    from clv import frames

    return getattr(frames, name)
