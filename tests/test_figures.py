"""Pictures: what stands on them, in which colours, and what they say to those who do not see them."""

import datetime as dt
import io

import numpy as np
import pandas as pd
import pytest

from clv import reports
from clv.evaluation import metrics
from clv.reports import canvas, figures
from clv.reports.amounts import Money
from clv.reports.page import picture

EURO = Money("EUR")
ACTUAL = np.array([0.0, 0.0, 5.0, 20.0, 400.0, 0.0, 1.0, 60.0, 30.0, 0.0, 2.0, 7.0])
CURVES = {name: metrics.gain_curve(ACTUAL, ACTUAL[::-1]) for name in ("clv", "btyd", "naive_last", "perfect")}
WEEKS = pd.DataFrame(
    {
        "week": [dt.date(2025, 1, 6) + dt.timedelta(days=7 * number) for number in range(10)],
        "is_holdout": [number >= 7 for number in range(10)],
        "orders": 10.0,
        "expected_orders": 9.0,
        "revenue": 1000.0,
        "expected_revenue": 1500.0,
    }
)
REPEATS = pd.DataFrame({"repeat_orders": ["0", "1", "2+"], "customers": [50, 20, 30], "expected": [48.0, 25.0, 27.0]})
BEFORE = REPEATS[["repeat_orders", "customers"]].assign(orders=[0.2, 0.5, 2.0], error=[0.01, 0.1, np.nan], expected=0.7)
GRID = pd.DataFrame(
    [(orders, days, orders / days, np.exp(-days / 100)) for orders in range(2, 8) for days in (1.0, 50.0, 99.0)],
    columns=["orders", "days_since_last_order", "expected_orders", "alive"],
).assign(tenure_days=100.0)
SPEND = pd.DataFrame(
    {
        "value_from": [10.0, 20.0, 40.0],
        "value_to": [20.0, 40.0, 80.0],
        "customers": [5, 10, 5],
        "expected": [6.0, 9.0, 5.0],
    }
)
ALIVE = pd.DataFrame(
    {"day": [dt.date(2025, 1, number) for number in range(2, 12)], "alive": 0.5, "is_known": [True] * 6 + [False] * 4}
)
ORDERS = pd.DataFrame({"order_date": pd.to_datetime(["2025-01-01", "2025-01-05"]), "revenue": [30.0, -5.0]})
COVERAGE = pd.DataFrame(
    {
        "group": ["all", "bought again", "new"],
        "customers": [100, 40, 9],
        "coverage": [0.8, 0.5, 1.0],
        "brought_nothing": 0.4,
    }
)
RANKED = pd.DataFrame(
    {"clv_rank": [1, 2, 3, 4], "predicted_clv": [60.0, 30.0, 8.0, 2.0], "cluster_id": [1, 1, 2, 2], "horizon_days": 90}
)
RANKINGS = pd.DataFrame(
    {
        "cluster_id": [1, 2],
        "cluster_rank": [1, 2],
        "customers": [2, 2],
        "median_clv": [45.0, 5.0],
        "share_of_total": [0.9, 0.1],
    }
)
SEASON = pd.DataFrame({"day": WEEKS["week"], "season": 1.0, "last_year": 1.1})
SHAP = pd.Series({"btyd_revenue": 1.2, "revenue_30d": 0.1, "recency_days": 0.05})
DIRECTION = pd.Series({"btyd_revenue": 0.9, "revenue_30d": 0.0, "recency_days": -0.8})

PICTURES = {
    "gain": lambda: figures.gain_curve(CURVES, 90),
    "deciles": lambda: figures.decile_chart(metrics.deciles(ACTUAL, ACTUAL), EURO, 90),
    "importance": lambda: figures.importance_chart(SHAP, direction=DIRECTION),
    "coverage": lambda: figures.coverage_chart(COVERAGE, 0.8),
    "predicted": lambda: figures.predicted_chart(ACTUAL, ACTUAL + 1, EURO, 90),
    "residuals": lambda: figures.residual_chart(ACTUAL, ACTUAL + 1, EURO, 90),
    "season": lambda: figures.season_chart("The season", SEASON),
    "tracking": lambda: reports.tracking_chart(WEEKS, "revenue", EURO),
    "repeats": lambda: reports.repeat_orders_chart(REPEATS),
    "before": lambda: reports.orders_before_chart(BEFORE, 90),
    "heat": lambda: reports.heat_maps(GRID, 90),
    "spend": lambda: reports.spend_chart(SPEND, EURO),
    "timeline": lambda: reports.timeline_chart("Customer ann", ALIVE, ORDERS, EURO),
    "result": lambda: reports.result_picture(RANKED, RANKINGS, "The result", "", EURO),
}
_REM = 16 / 96 * 72  # points


def words(figure):
    """Every text on a figure."""
    from matplotlib.text import Text

    return [text for text in figure.findobj(Text) if text.get_text() and text.get_visible()]


def text(figure):
    figure.draw_without_rendering()  # ticks get their texts
    return " | ".join(word.get_text() for word in words(figure))


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_says_what_it_is_and_what_it_shows_to_those_who_do_not_see_it(name):
    figure = PICTURES[name]()
    title, description = canvas.words_of(figure)
    assert title and len(description) > 40 and title not in description
    svg = picture(figure)
    assert svg.startswith(f'<svg role="img" aria-label="{title}: ') and f"<title>{title}</title>" in svg
    assert picture(PICTURES[name]()) == svg  # the same bytes


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_can_be_read_in_a_column_of_26_rem(name):
    figure = PICTURES[name]()
    figure.draw_without_rendering()
    shrunk = min(26 * _REM / (figure.get_figwidth() * 72), 1)
    assert min(word.get_fontsize() for word in words(figure)) * shrunk >= 9


def test_a_description_that_nobody_wrote_is_that_of_the_axes():
    figure, axes = canvas.canvas("Title", "days", "orders")
    assert canvas.words_of(figure) == ("Title", "orders against days")
    axes.set_ylabel("")
    assert canvas.words_of(canvas.described(figure, "It  goes\nup.")) == ("Title", "It goes up.")


def test_a_title_with_signs_of_html_is_text_in_the_picture():
    figure, _ = canvas.canvas('<script>alert("x")</script>', "", "")
    assert "<script" not in picture(figure) and 'aria-label="&lt;script&gt;alert(&quot;x&quot;)' in picture(figure)


def test_a_recipe_has_one_colour_whatever_stands_beside_it():
    drawn = {}
    for names in (
        ["clv", "btyd", "naive_last", "perfect"],
        ["candidate", "production", "btyd", "perfect"],
        ["candidate", "btyd"],
    ):
        curves = dict.fromkeys(names, CURVES["clv"])
        figure = figures.gain_curve(curves)
        lines = {line.get_label(): line.get_color() for line in figure.axes[0].lines}
        for name in names:
            drawn.setdefault(name, set()).add(lines[canvas.recipe_name(name)])
    assert all(len(colours) == 1 for colours in drawn.values())
    assert drawn["clv"] == drawn["candidate"] and len(set().union(*drawn.values())) == 5


def test_axes_of_money_have_amounts_their_currency_and_the_horizon():
    found = text(PICTURES["predicted"]())
    assert "Predicted CLV over 90 days (EUR)" in found and "Actual CLV over 90 days (EUR)" in found
    assert " 100 |" in f" {found} |" and "log" not in found
    assert "15k" in text(PICTURES["tracking"]()) and "Revenue (EUR)" in text(PICTURES["tracking"]())
    assert "CLV over 90 days" in text(PICTURES["deciles"]()) and "predicted CLV\nover 90 days" in text(
        PICTURES["result"]()
    )


def test_small_and_large_amounts_have_ticks_where_they_lie():
    _, axes = canvas.canvas("", "", "")
    axes.plot(canvas.logarithmic([-90, 0, 5000]), [0, 1, 2])
    canvas.logarithmic_ticks(axes.xaxis)
    ticks = dict(zip([label.get_text() for label in axes.get_xticklabels()], axes.get_xticks(), strict=True))
    assert (
        ticks["0"] == 0
        and ticks["1k"] == pytest.approx(np.log10(1001))
        and ticks["-10"] == pytest.approx(-np.log10(11))
    )


def test_deciles_show_their_values_their_intervals_and_how_many_customers_they_are():
    table = pd.DataFrame(
        {
            "decile": range(1, 11),
            "customers": [12] * 10,
            "predicted": 0.25,
            "actual": 0.5,
            "actual_error": [0.1] * 9 + [np.nan],
        }
    )
    figure = figures.decile_chart(table, EURO, 90)
    assert "12 customers" in text(figure) and "10\n0.25\n0.5" in text(figure)
    whiskers = [bar for panel in figure.axes for bar in panel.containers if getattr(bar, "has_yerr", False)]
    assert whiskers and [len(panel.get_xticks()) for panel in figure.axes] == [5, 5]
    figures.decile_chart(metrics.deciles(ACTUAL[:3], ACTUAL[:3]))  # fewer customers than tenths


def test_an_interval_of_a_mean_that_is_not_below_0_ends_at_0():
    table = pd.DataFrame({"decile": [1, 2, 3, 4], "customers": 9, "predicted": 1.0})
    table = table.assign(actual=[5.0, 0.5, 0.0, -1.0], actual_error=[1.0, 1.0, np.nan, 1.0])
    figure = figures.decile_chart(table, EURO, 90)
    bars = [bar for panel in figure.axes for bar in panel.containers if getattr(bar, "has_yerr", False)]
    ends = [segment[:, 1].tolist() for bar in bars for segment in bar[2][0].get_segments()]
    assert ends == [pytest.approx(pair) for pair in ([3.04, 6.96], [0, 2.46], [0, 0], [-2.96, 0.96])]


def test_pictures_of_two_versions_name_them():
    table, name = metrics.deciles(ACTUAL, ACTUAL), "Version 3 (candidate)"
    title, _ = canvas.words_of(figures.decile_chart(table, EURO, 90, name))
    assert title == "Version 3 (candidate): predicted against actual CLV over 90 days, by tenth"
    figure = figures.gain_curve({"candidate": CURVES["clv"], "btyd": CURVES["btyd"]}, 90, {"candidate": name})
    assert (
        f"{name} | " in text(figure)
        and "probability model alone" in text(figure)
        and " candidate |" not in text(figure)
    )


def test_features_are_named_in_words_with_the_way_they_move_a_prediction():
    found = text(PICTURES["importance"]())
    assert "value of orders in the last 30 days" in found and "revenue_30d" not in found
    assert all(label in found for label in ("high values raise it", "high values lower it", "both ways"))


def test_the_result_says_the_share_of_customers_and_of_clv_of_each_cluster_in_words():
    found = text(PICTURES["result"]())
    assert "1: 2 customers, median 45.00 EUR" in found and "90 % of CLV" in found and "50 % of customers" in found
    bars = [bar.get_width() for bar in PICTURES["result"]().axes[1].patches]
    assert bars == [0.5, 0.5, 0.9, 0.1]  # a length is a share
    _, description = canvas.words_of(PICTURES["result"]())
    assert description.startswith("Cluster 1: 2 customers (50 %), 90 % of predicted CLV, median 45.00 EUR.")


def test_the_tracking_plot_marks_the_cutoff_and_says_both_totals():
    figure = PICTURES["tracking"]()
    assert "Dashed: the cutoff, 2025-02-24" in text(figure)
    _, description = canvas.words_of(figure)
    assert (
        description == "Before the cutoff: 7,000 came, 10,500 were expected. After it: 3,000 came, 4,500 were expected."
    )
    reports.tracking_chart(WEEKS[~WEEKS["is_holdout"]])  # nothing has come in after it yet


def test_the_heat_maps_name_days_orders_and_the_tenure():
    found = text(PICTURES["heat"]())
    assert "Days since the last order" in found and "Orders so far, of a customer since 100 days" in found
    assert "Orders expected over 90 days" in found and "Chance of still being a customer" in found


def test_pictures_of_next_to_nothing_are_drawn():
    nobody = np.zeros(1)
    for figure in (
        figures.importance_chart(SHAP.head(0), direction=DIRECTION.head(0)),
        figures.decile_chart(metrics.deciles(nobody, nobody)),
        figures.predicted_chart(nobody, nobody),
        figures.residual_chart(nobody, nobody),
        reports.tracking_chart(WEEKS.head(0)),
        reports.heat_maps(GRID.assign(expected_orders=0.0, alive=1.0), 90),
    ):
        assert picture(figure).startswith("<svg")


def test_a_figure_that_is_laid_out_before_it_is_saved_has_its_axes_where_saving_would_put_them():
    saved, ours = (canvas.canvas("A title", "customers", "revenue", rows=2)[0] for _ in range(2))
    saved.savefig(io.BytesIO(), format="png")
    places = [[round(side, 2) for side in one.get_position().bounds] for one in saved.axes]
    assert [[round(side, 2) for side in one.get_position().bounds] for one in canvas.laid_out(ours).axes] == places
    assert ours.get_layout_engine() is None  # which would have it drawn once more
