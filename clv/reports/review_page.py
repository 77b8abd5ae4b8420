"""The page that a person reads before a version goes into production. Customers appear by id only where the content has ids."""

from typing import Any

import numpy as np
import pandas as pd

from clv.reports import review_words
from clv.reports.figures import BLUE, INK, canvas
from clv.reports.page import picture, rendered


def review_page(content: dict[str, Any], pictures: dict[str, Any]) -> str:
    """Returns one file of HTML that loads nothing from elsewhere.

    Args: content: of review.json.
          pictures: name -> figure.
    """
    reviewed = review_words.reviewed_in(content)
    return rendered(
        "review_page.html",
        content,
        title=review_words.title(reviewed),
        status="passed" if reviewed.passed else "failed",
        measured_on=review_words.measured_on(reviewed, content["evaluation"], content["totals"][0]["actual"]),
        metrics_heading="Every metric, on the same customers" if reviewed.comparable else "Every metric",
        explanations=review_words.explanations(reviewed, content["metrics"], content["evaluation"]["confidence"]),
        ranking_sentences=review_words.ranking_sentences(content["ranking"]) if content["ranking"] else [],
        monitor_sentence=review_words.monitor_sentence(content["monitor"]),
        next_steps=review_words.next_steps(reviewed),
        number=review_words.number,
        pictures={name: picture(figure) for name, figure in pictures.items()},
    )


def difference_chart(against: pd.DataFrame) -> Any:
    """Returns a figure: candidate - Production for each metric with its interval, in units of the interval's half width.

    Args: against: of metrics.intervals().
    """
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
