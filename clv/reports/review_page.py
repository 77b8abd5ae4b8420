"""The page that a person reads before a version goes into production. Customers appear by id only where the content has ids."""

from typing import Any

import numpy as np
import pandas as pd

from clv.reports.figures import BLUE, INK, canvas
from clv.reports.page import picture, rendered


def review_page(content: dict, pictures: dict[str, Any]) -> str:
    """One file, nothing loaded from elsewhere.

    Args: content: of review.json.   pictures: name -> figure.
    """
    where = "which was in production before it" if content["is_in_production"] else "in production"
    against = f"version {content['against']}, {where}" if content["against"] else "nothing in production"
    title = f"Review of model {content['model']}, version {content['version']}, against {against}"
    status = "passed" if all(gate["passed"] for gate in content["gates"]) else "failed"
    drawn = {name: picture(figure) for name, figure in pictures.items()}
    return rendered(
        "review_page.html",
        content,
        title=title,
        status=status,
        pictures=drawn,
        comparable="difference" in content["metrics"][0],
    )


def difference_chart(against: pd.DataFrame) -> Any:
    """Candidate - Production for each metric with its interval, in units of the interval's half width. against: of metrics.intervals()."""
    figure, axes = canvas("Candidate minus Production", "Difference, in half widths of its interval", "")
    half = ((against["high"] - against["low"]) / 2).replace(0, np.nan)
    value, low, high = (against[name] / half for name in ("value", "low", "high"))
    place = np.arange(len(against))[::-1]
    axes.errorbar(
        value, place, xerr=[(value - low).clip(lower=0), (high - value).clip(lower=0)], fmt="o", color=BLUE, capsize=3
    )
    axes.axvline(0, color=INK, linewidth=0.8)
    axes.set_yticks(place, against.index)
    return figure
