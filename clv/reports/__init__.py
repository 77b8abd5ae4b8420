"""Pictures and pages that a person looks at: the only place for matplotlib and evidently."""

from clv.reports.amounts import Money
from clv.reports.evidently_pages import drift_page, regression_page
from clv.reports.figures import decile_chart, gain_curve, season_chart
from clv.reports.monitoring_page import monitoring_page
from clv.reports.monitoring_words import Around, Monitored
from clv.reports.purchase_figures import (
    heat_maps,
    orders_before_chart,
    repeat_orders_chart,
    spend_chart,
    timeline_chart,
    tracking_chart,
)
from clv.reports.purchase_pictures import Purchases, purchase_pictures, purchase_tables
from clv.reports.report_page import report_page
from clv.reports.report_pictures import profit_chart
from clv.reports.report_words import Told, reason
from clv.reports.result_figures import result_picture
from clv.reports.review_page import difference_chart, review_page, with_decision
from clv.reports.review_words import decision, names
from clv.reports.training_pictures import Seen, training_pictures

__all__ = [
    "Around",
    "Money",
    "Monitored",
    "Purchases",
    "Seen",
    "Told",
    "decile_chart",
    "decision",
    "difference_chart",
    "drift_page",
    "gain_curve",
    "heat_maps",
    "monitoring_page",
    "names",
    "orders_before_chart",
    "profit_chart",
    "purchase_pictures",
    "purchase_tables",
    "reason",
    "regression_page",
    "repeat_orders_chart",
    "report_page",
    "result_picture",
    "review_page",
    "season_chart",
    "spend_chart",
    "timeline_chart",
    "tracking_chart",
    "training_pictures",
    "with_decision",
]
