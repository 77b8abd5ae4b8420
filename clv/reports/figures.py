"""Pictures of a training and of the result."""

from typing import Any

import numpy as np
import pandas as pd

INK, BLUE, GREY, RED = "#222222", "#1f6fb2", "#9aa5b1", "#c8553d"


def gain_curve(curves: dict[str, pd.DataFrame]) -> Any:
    """Returns a figure: share of revenue against share of customers, in the order of each recipe.

    Args: curves: recipe -> of metrics.gain_curve(), the engine's own first.
    """
    figure, axes = canvas(
        "Who brings the revenue", "Customers, highest prediction first (share)", "Revenue in the horizon (share)"
    )
    styles = iter([(BLUE, "-", 2.5), (INK, ":", 1.2), (RED, "-", 1.2), (GREY, "--", 1.2)])
    for name, curve in curves.items():
        color, line, width = next(styles, (GREY, "-", 1.0))
        axes.plot(curve["customers"], curve["revenue"], line, color=color, linewidth=width, label=name)
    axes.legend(frameon=False, loc="lower right")
    return figure


def decile_chart(table: pd.DataFrame) -> Any:
    """Returns a figure: mean predicted beside mean actual CLV by decile.

    Args: table: of metrics.deciles().
    """
    figure, axes = canvas(
        "Predicted against actual, by tenth of customers", "Decile (1 = highest predictions)", "Mean CLV in the horizon"
    )
    axes.bar(table["decile"] - 0.2, table["predicted"], 0.4, color=BLUE, label="predicted")
    axes.bar(table["decile"] + 0.2, table["actual"], 0.4, color=GREY, label="actual")
    axes.set_xticks(table["decile"])
    axes.legend(frameon=False)
    return figure


def importance_chart(importance: pd.Series, most: int = 15) -> Any:
    """Returns a figure: mean absolute SHAP value by feature, largest on top.

    Args: importance: by feature, descending.
          most: features that are shown at most.
    """
    figure, axes = canvas(
        "What moves the predictions", "Mean absolute contribution to the log of the prediction (SHAP)", ""
    )
    top = importance.head(most)[::-1]
    axes.barh(top.index, top.to_numpy(), color=BLUE)
    return figure


def coverage_chart(table: pd.DataFrame, level: float) -> Any:
    """Returns a figure: how many customers lay within their interval, by group.

    Args: table: of metrics.coverage().
          level: share that the interval promises, 0 to 1.
    """
    figure, axes = canvas("How often the interval held the revenue", "Share of customers", "")
    names = [f"{row.group} ({row.customers:,})" for row in table.itertuples()][::-1]
    axes.barh(names, table["coverage"][::-1], color=BLUE, label="held")
    axes.plot(table["brought_nothing"][::-1], names, "o", color=GREY, label="brought nothing")
    axes.axvline(level, color=RED, linewidth=1.2, label=f"promised: {level:.0%}")
    axes.set_xlim(0, 1)
    axes.legend(frameon=False, loc="lower left", bbox_to_anchor=(0, 1), ncols=3, fontsize="small")
    axes.set_title(axes.get_title(), pad=28)
    return figure


def predicted_chart(actual: np.ndarray, predicted: np.ndarray) -> Any:
    """Returns a figure: actual against predicted CLV, as counts of customers (no single customer is drawn).

    Args: actual, predicted: n values in currency.
    """
    figure, axes = canvas("Predicted against actual", "Predicted CLV, log10(1 + x)", "Actual CLV, log10(1 + x)")
    sides = [np.log10(1 + np.clip(side, 0, None)) for side in (predicted, actual)]
    shades = axes.hexbin(*sides, gridsize=40, bins="log", mincnt=1, cmap="Blues")
    axes.axline((0, 0), slope=1, color=INK, linewidth=0.8)
    figure.colorbar(shades, label="customers")
    return figure


def residual_chart(actual: np.ndarray, predicted: np.ndarray) -> Any:
    """Returns a figure: actual minus predicted against predicted CLV, as counts of customers (no single customer is drawn).

    Args: actual, predicted: n values in currency.
    """
    figure, axes = canvas(
        "Errors by size of the prediction", "Predicted CLV, log10(1 + x)", "Actual - predicted, signed log10(1 + |x|)"
    )
    error = np.asarray(actual) - np.asarray(predicted)
    shades = axes.hexbin(
        np.log10(1 + np.clip(predicted, 0, None)),
        np.sign(error) * np.log10(1 + np.abs(error)),
        gridsize=40,
        bins="log",
        mincnt=1,
        cmap="Blues",
    )
    axes.axhline(0, color=INK, linewidth=0.8)
    figure.colorbar(shades, label="customers")
    return figure


def season_chart(title: str, table: pd.DataFrame) -> Any:
    """Returns a figure: the season as a line, and the last year over it as bars.

    Args: title: stands above the picture.
          table: one row a week; day, season (rate of orders, mean 1), last_year (orders beside their mean).
    """
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    figure, axes = canvas(title, "", "Orders (1 = mean of the year)")
    figure.set_size_inches(6.4, 3.0)
    axes.bar(table["day"], table["last_year"], 5.0, align="edge", color=GREY, label="last year")
    axes.step(table["day"], table["season"], where="post", color=BLUE, linewidth=2.0, label="season")
    axes.axhline(1, color=INK, linewidth=0.8)
    axes.set_ylim(bottom=0)
    locator = AutoDateLocator()
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))
    axes.legend(frameon=False)
    return figure


def result_picture(ranked: pd.DataFrame, rankings: pd.DataFrame, title: str, money: str = "") -> Any:
    """Returns a figure: predicted CLV by rank, coloured by cluster, with each cluster's share of the total.

    Args: ranked: one row a customer; clv_rank, predicted_clv, cluster_id.
          rankings: one row a cluster; cluster_id, cluster_rank, customers, share_of_total (0 to 1).
          title: stands above the picture.   money: what predictions are amounts of, where it must be said.
    """
    import matplotlib

    amount = f"Predicted CLV ({money})" if money else "Predicted CLV"
    figure, axes = canvas(title, "Rank (1 = highest predicted CLV)", amount)
    shades = matplotlib.colormaps["viridis_r"](np.linspace(0.1, 0.95, max(len(rankings), 2)))
    for shade, cluster in zip(shades, rankings.itertuples(), strict=False):
        members = ranked[ranked["cluster_id"] == cluster.cluster_id]
        axes.fill_between(
            members["clv_rank"],
            members["predicted_clv"].clip(lower=0),
            color=shade,
            step="mid",
            label=f"{cluster.cluster_rank}: {cluster.customers:,} customers, {cluster.share_of_total:.0%} of CLV",
        )
    axes.set_yscale("symlog", linthresh=1)
    axes.set_ylim(bottom=0)
    axes.legend(frameon=False, title="Cluster, by median")
    return figure


def canvas(title: str, x: str, y: str) -> tuple[Any, Any]:
    """Returns an empty figure and its axes, with their titles."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.5, 4.5), layout="constrained")
    axes = figure.add_subplot(title=title, xlabel=x, ylabel=y)
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes
