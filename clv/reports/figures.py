"""Pictures of a measurement: who brings the revenue, how far predictions are off, and why they are what they are."""

import textwrap
from typing import Any

import numpy as np
import pandas as pd

from clv.features import in_words
from clv.reports.amounts import Money, percent
from clv.reports.canvas import (
    ACTUAL,
    BLUE,
    GREY,
    INK,
    NORMAL,
    PLAIN,
    RED,
    by_date,
    canvas,
    described,
    logarithmic,
    logarithmic_ticks,
    money_ticks,
    over,
    percent_ticks,
    recipe_name,
    shades,
    style,
)

__all__ = ["BLUE", "GREY", "INK", "RED", "canvas"]  # others draw with them as well
_NAME = 60  # letters of a line of a feature's name
_CLEAR = 0.2  # correlation of a feature with its effect beyond which it has a direction
_GROUPS = {
    "all": "all customers",
    "bought again": "bought again (seen only later)",
    "top decile": "highest tenth of predictions",
}


def gain_curve(
    curves: dict[str, pd.DataFrame], horizon_days: int | None = None, names: dict[str, str] | None = None
) -> Any:
    """Returns a figure: share of revenue against share of customers, in the order of each recipe.

    Args: curves: recipe -> of metrics.gain_curve(), the engine's own first.   names: of recipes that have another name here.
    """
    names = {name: recipe_name(name) for name in curves} | (names or {})
    figure, axes = canvas(
        "Who brings the revenue",
        "Share of customers, highest prediction first",
        f"Share of revenue {over(horizon_days)}",
    )
    for name, curve in reversed(list(curves.items())):
        color, line, width = style(name)
        axes.plot(curve["customers"], curve["revenue"], line, color=color, linewidth=width, label=names[name])
    handles, labels = axes.get_legend_handles_labels()
    axes.legend(handles[::-1], labels[::-1], frameon=False, loc="lower right")
    percent_ticks(axes.xaxis)
    percent_ticks(axes.yaxis)
    first, curve = next(iter(curves.items()))
    share = np.interp(0.1, curve["customers"], curve["revenue"])
    return described(
        figure,
        f"The tenth of the customers whom {names[first]} puts first brought {percent(share)} of the revenue; a random tenth brings 10 %.",
    )


def decile_chart(table: pd.DataFrame, money: Money = PLAIN, horizon_days: int | None = None, of: str = "") -> Any:
    """Returns a figure: mean predicted beside mean actual CLV by decile, with a scale of its own for the lower half.

    Args: table: of metrics.deciles(); the actual means get their 95 % intervals.   of: whose predictions they are, where pages show several.
    """
    title = f"{f'{of}: predicted' if of else 'Predicted'} against actual CLV {over(horizon_days)}, by tenth"
    figure, axes = canvas(title, "", "", rows=2, height=5.0)
    half = (len(table) + 1) // 2
    for panel, rows in zip(axes, (table[:half], table[half:]), strict=True):
        _beside(panel, rows)
        panel.set_ylabel(money.axis("Mean CLV"))
        money_ticks(panel.yaxis)
    axes[0].legend(frameon=False, loc="upper right")
    each = sorted({f"{table['customers'].min():,}", f"{table['customers'].max():,}"}) if len(table) else ["0"]
    axes[1].set_xlabel(f"Tenth (1 = highest predictions; {' or '.join(each)} customers),\nmean predicted, mean actual")
    axes[1].set_title("The lower half, on a scale of its own", loc="left", fontsize=10)
    rows = "; ".join(
        f"tenth {row.decile}: {money(row.predicted)} and {money(row.actual)}" for row in table.itertuples()
    )
    return described(figure, f"Mean predicted and mean actual CLV {over(horizon_days)}. {rows}.")


def _beside(axes: Any, rows: pd.DataFrame) -> None:
    place = rows["decile"].to_numpy()
    axes.bar(place - 0.2, rows["predicted"], 0.4, color=BLUE, label="predicted")
    axes.bar(
        place + 0.2,
        rows["actual"],
        0.4,
        yerr=_whiskers(rows["actual"], NORMAL * rows["actual_error"].fillna(0)),
        color=ACTUAL,
        error_kw={"ecolor": INK, "capsize": 3, "elinewidth": 1.2},
        label="actual, 95 % interval",
    )
    names = [f"{row.decile}\n{PLAIN.short(row.predicted)}\n{PLAIN.short(row.actual)}" for row in rows.itertuples()]
    axes.set_xticks(place, names)
    axes.axhline(0, color=INK, linewidth=0.8)


def _whiskers(mean: pd.Series, half: pd.Series) -> np.ndarray:
    """How far an interval reaches down and up, 2 rows: not below 0 where the mean is not."""
    down = np.where(mean >= 0, np.minimum(half, mean), half)
    return np.array([down, half])


def importance_chart(importance: pd.Series, most: int = 12, direction: pd.Series | None = None) -> Any:
    """Returns a figure: by how much a feature moves a prediction, on average, largest on top.

    Args: importance: mean absolute SHAP value (of the logarithm of the prediction) by feature, descending.
          most: features that are shown at most.
          direction: -1 (high values of the feature lower the prediction) to 1 (they raise it), by feature.
    """
    top = importance.head(most)
    names = [textwrap.wrap(in_words(name), _NAME) for name in top.index]
    place = -np.cumsum([len(name) + 0.9 for name in names], dtype=float)  # the name stands above its point
    lowest = place.min(initial=0)
    figure, axes = canvas(
        "What moves the predictions", "Typical change of a prediction, up or down", "", height=1.4 - 0.19 * lowest
    )
    change, colors = np.maximum(np.expm1(top.to_numpy()), 1e-4), _by_direction(top, direction)
    for label, color in dict.fromkeys(colors):
        points = [number for number, name in enumerate(colors) if name == (label, color)]
        axes.plot(change[points], place[points], "o", color=color, markersize=7, label=label)
    for at, name in zip(place, names, strict=True):
        axes.text(0, at + 0.45, "\n".join(name), transform=axes.get_yaxis_transform(), va="bottom", linespacing=1.1)
    axes.hlines(place, 0, 1, transform=axes.get_yaxis_transform(), color="#dddddd", linewidth=0.8, zorder=0)
    axes.set_xscale("log", subs=[])
    axes.xaxis.set_major_formatter(lambda value, _: f"{100 * value:,.7g} %")
    axes.set_yticks([])
    axes.set_ylim(lowest - 0.7, 0.6)
    axes.spines["left"].set_visible(False)
    if direction is not None and len(top):
        axes.legend(frameon=False, loc="lower left", bbox_to_anchor=(0, 1), ncols=2, borderaxespad=0)
    rows = "; ".join(f"{in_words(name)}: {percent(np.expm1(value))}" for name, value in top.items())
    return described(figure, f"How much each feature moves a prediction up or down, on average: {rows}.")


def _by_direction(importance: pd.Series, direction: pd.Series | None) -> list[tuple[str, str]]:
    """The label and the colour of each feature."""
    if direction is None:
        return [("", BLUE)] * len(importance)
    ways = direction.reindex(importance.index).fillna(0)
    return [
        ("high values raise it", BLUE)
        if way > _CLEAR
        else ("high values lower it", RED)
        if way < -_CLEAR
        else ("both ways", ACTUAL)
        for way in ways
    ]


def coverage_chart(table: pd.DataFrame, level: float) -> Any:
    """Returns a figure: how many customers lay within their interval, by group.

    Args: table: of metrics.coverage().
          level: share that the interval promises, 0 to 1.
    """
    names = [f"{_GROUPS.get(row.group, row.group)}\n{row.customers:,} customers" for row in table.itertuples()][::-1]
    figure, axes = canvas(
        "How often the interval held the revenue", "Share of customers", "", height=1.5 + 0.45 * len(names)
    )
    place, held, nothing = np.arange(len(names)), table["coverage"][::-1], table["brought_nothing"][::-1]
    axes.hlines(place, 0, 1, color="#e3e6ea", linewidth=1)
    axes.plot(
        nothing, place, "D", color="white", markeredgecolor=INK, markersize=6, clip_on=False, label="brought nothing"
    )
    axes.plot(held, place, "o", color=BLUE, markersize=9, clip_on=False, label="held")
    axes.axvline(level, color=RED, linewidth=1.6, label=f"promised {percent(level)}")
    axes.set_yticks(place, names)
    axes.set_xlim(0, 1)
    axes.set_xticks(np.linspace(0, 1, 5))
    percent_ticks(axes.xaxis)
    figure.legend(
        *axes.get_legend_handles_labels(), frameon=False, loc="outside lower center", ncols=3, columnspacing=1.0
    )
    rows = "; ".join(f"{_GROUPS.get(row.group, row.group)}: {percent(row.coverage)}" for row in table.itertuples())
    return described(
        figure, f"Share of customers whose revenue lay within their interval, promised {percent(level)}. {rows}."
    )


def predicted_chart(
    actual: np.ndarray, predicted: np.ndarray, money: Money = PLAIN, horizon_days: int | None = None
) -> Any:
    """Returns a figure: actual against predicted CLV, as counts of customers (no single customer is drawn).

    Args: actual, predicted: n values in currency.
    """
    figure, axes = canvas(
        "Predicted against actual",
        money.axis(f"Predicted CLV {over(horizon_days)}"),
        money.axis(f"Actual CLV {over(horizon_days)}"),
        height=3.6,
    )
    _counts(figure, axes, np.clip(predicted, 0, None), np.clip(actual, 0, None))
    axes.axline((0, 0), slope=1, color=INK, linewidth=1)
    return described(figure, "Counts of customers by predicted and actual CLV; on the line the two are equal.")


def residual_chart(
    actual: np.ndarray, predicted: np.ndarray, money: Money = PLAIN, horizon_days: int | None = None
) -> Any:
    """Returns a figure: actual minus predicted against predicted CLV, as counts of customers (no single customer is drawn).

    Args: actual, predicted: n values in currency.
    """
    figure, axes = canvas(
        "Errors by size of the prediction",
        money.axis(f"Predicted CLV {over(horizon_days)}"),
        money.axis("Actual less predicted"),
        height=3.6,
    )
    _counts(figure, axes, np.clip(predicted, 0, None), np.asarray(actual) - np.asarray(predicted))
    axes.axhline(0, color=INK, linewidth=1)
    return described(
        figure, "Counts of customers by predicted CLV and by error; above 0 a customer brought more than predicted."
    )


def _counts(figure: Any, axes: Any, x: np.ndarray, y: np.ndarray) -> None:
    """Counts of customers in cells, on axes on which small and large amounts can be seen."""
    cells = axes.hexbin(logarithmic(x), logarithmic(y), gridsize=30, bins="log", mincnt=1, cmap=shades())
    logarithmic_ticks(axes.xaxis)
    logarithmic_ticks(axes.yaxis)
    bar = figure.colorbar(cells, label="customers")
    bar.minorticks_off()
    bar.ax.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")


def season_chart(title: str, table: pd.DataFrame) -> Any:
    """Returns a figure: the season as a line, and the last year over it as bars.

    Args: title: stands above the picture.
          table: one row a week; day, season (rate of orders, mean 1), last_year (orders beside their mean).
    """
    figure, axes = canvas(title, "", "Orders (1 = mean of the year)", height=2.9)
    axes.bar(table["day"], table["last_year"], 5.0, align="edge", color=GREY, label="last year")
    axes.step(table["day"], table["season"], where="post", color=BLUE, linewidth=2.0, label="season")
    axes.axhline(1, color=INK, linewidth=0.8)
    axes.set_ylim(bottom=0)
    by_date(axes.xaxis)
    axes.legend(frameon=False, loc="best")
    return described(
        figure, "Orders of each week of the last year beside their mean, and what the season says of the week."
    )
