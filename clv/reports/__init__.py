"""Pictures and pages that a person looks at: the only place for matplotlib and evidently."""

from clv.reports.evidently_pages import drift_page, regression_page
from clv.reports.figures import (
    coverage_chart,
    decile_chart,
    gain_curve,
    importance_chart,
    predicted_chart,
    residual_chart,
    result_picture,
)
from clv.reports.monitoring_page import monitoring_page
from clv.reports.monitoring_words import Monitored
from clv.reports.review_page import difference_chart, review_page

__all__ = [
    "Monitored",
    "coverage_chart",
    "decile_chart",
    "difference_chart",
    "drift_page",
    "gain_curve",
    "importance_chart",
    "monitoring_page",
    "predicted_chart",
    "regression_page",
    "residual_chart",
    "result_picture",
    "review_page",
]
