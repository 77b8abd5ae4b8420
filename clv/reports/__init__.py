"""Pictures and pages that a person looks at: the only place for matplotlib and evidently."""

from clv.reports.evidently_pages import drift_page, regression_page
from clv.reports.figures import decile_chart, gain_curve, result_picture
from clv.reports.monitoring_page import monitoring_page
from clv.reports.monitoring_words import Monitored
from clv.reports.report_page import report_page
from clv.reports.report_pictures import profit_chart
from clv.reports.report_words import Told, reason
from clv.reports.review_page import difference_chart, review_page
from clv.reports.training_pictures import training_pictures

__all__ = [
    "Monitored",
    "Told",
    "decile_chart",
    "difference_chart",
    "drift_page",
    "gain_curve",
    "monitoring_page",
    "profit_chart",
    "reason",
    "regression_page",
    "report_page",
    "result_picture",
    "review_page",
    "training_pictures",
]
