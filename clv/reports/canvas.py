"""What all pictures share: size, colours, axes of money, title and description."""

import textwrap
from collections.abc import Sequence
from typing import Any

import numpy as np

from clv.reports.amounts import Money

INK, BLUE, GREY, RED = "#222222", "#1f6fb2", "#9aa5b1", "#c8553d"
GREEN, ORANGE, ACTUAL = "#2f7d4f", "#d98a1f", "#6b7785"
NORMAL = 1.96  # standard errors of a 95 % interval
PLAIN = Money()  # amounts without a currency
_OURS = (BLUE, "-", 2.6)
_RECIPES = {  # colour, line and width of a recipe, the same on every page
    "clv": _OURS,
    "candidate": _OURS,
    "production": (GREEN, "-", 1.8),
    "btyd": (ORANGE, "-.", 1.6),
    "naive_last": ("#8c6bb1", "--", 1.2),
    "naive_rate": ("#b07aa1", "--", 1.2),
    "naive_mean": (GREY, "--", 1.2),
    "group_mean": (GREY, "-.", 1.2),
    "perfect": (INK, ":", 1.2),
}
_NAMES = {
    "clv": "this model",
    "btyd": "probability model alone",
    "naive_last": "last period again",
    "naive_rate": "spend a day so far",
    "naive_mean": "mean of everybody",
    "group_mean": "mean by number of orders",
    "perfect": "perfect order",
}
_WIDTH, _HEIGHT = 4.6, 3.2  # inches: a column of a page, in which letters keep their size
_SIGNS = 56  # of a line of the title
_ROUND = (1, 2, 5)  # a tick of money begins with one of these


def canvas(title: str, x: str, y: str, rows: int = 1, height: float = _HEIGHT) -> tuple[Any, Any]:
    """Returns an empty figure and its axes, below one another where there are several.

    Args: title: of the picture, above all axes.   x: title of the lowest axis.   y: of the left one of a single row.
          height: in inches.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(_WIDTH, height), layout="constrained")
    width = len(title) / -(-len(title) // _SIGNS) + 6 if title else _SIGNS  # lines of about one length
    figure.suptitle(textwrap.fill(title, int(width)), x=0.01, ha="left", fontsize=11, fontweight="bold")
    axes = figure.subplots(rows)
    for one in np.atleast_1d(axes):
        one.spines[["top", "right"]].set_visible(False)
    np.atleast_1d(axes)[-1].set_xlabel(x)
    np.atleast_1d(axes)[0].set_ylabel(y)
    return figure, axes


def described(figure: Any, description: str) -> Any:
    """Returns the figure with a description for those who do not see it."""
    figure.set_label(" ".join(description.split()))
    return figure


def laid_out(figure: Any) -> Any:
    """Returns the figure with a place for all of its parts; saving it would else draw it once more, to find the places."""
    engine = figure.get_layout_engine()
    if engine is not None:
        engine.execute(figure)
        figure.set_layout_engine(None)
    return figure


def words_of(figure: Any) -> tuple[str, str]:
    """Returns the title and the description of a figure; the description is that of its axes where nobody wrote one."""
    axes = [one for one in figure.axes if one.get_xlabel() or one.get_ylabel()]
    plain = "; ".join(" against ".join(filter(None, (one.get_ylabel(), one.get_xlabel()))) for one in axes)
    title = " ".join(figure.get_suptitle().split()) or (figure.axes[0].get_title() if figure.axes else "")
    return title, " ".join(str(figure.get_label() or plain).split())


def style(recipe: str) -> tuple[str, str, float]:
    """Returns colour, line style and line width of a recipe, or of a side of a review.

    >>> style("candidate") == style("clv"), style("btyd")[0] != style("production")[0]
    (True, True)
    """
    return _RECIPES.get(recipe.lower(), (GREY, "-", 1.2))


def recipe_name(recipe: str) -> str:
    """Returns a recipe as a legend has it.

    >>> recipe_name("naive_last"), recipe_name("candidate")
    ('last period again', 'candidate')
    """
    return _NAMES.get(recipe, recipe)


def over(horizon_days: int | None) -> str:
    """Returns how far ahead, as an axis says it.

    >>> over(90), over(None)
    ('over 90 days', 'over the horizon')
    """
    return f"over {horizon_days:,} days" if horizon_days else "over the horizon"


def money_ticks(axis: Any) -> None:
    """Writes the ticks of an axis as amounts; the currency stands in its title."""
    from matplotlib.ticker import FuncFormatter

    axis.set_major_formatter(FuncFormatter(lambda amount, _: PLAIN.short(amount)))


def percent_ticks(axis: Any) -> None:
    """Writes the ticks of an axis of shares in percent."""
    from matplotlib.ticker import FuncFormatter

    axis.set_major_formatter(FuncFormatter(lambda share, _: f"{100 * share:.3g} %"))


def logarithmic(amounts: Sequence[float] | np.ndarray) -> np.ndarray:
    """Returns where amounts lie on an axis that shows small and large ones: the logarithm of 1 + amount, with its sign.

    >>> logarithmic([-9.0, 0.0, 99.0]).tolist()
    [-1.0, 0.0, 2.0]
    """
    amounts = np.asarray(amounts, float)
    return np.sign(amounts) * np.log10(1 + np.abs(amounts))


def logarithmic_ticks(axis: Any, most: int = 6) -> None:
    """Writes the ticks of an axis of logarithmic() as amounts. most: of them, on either side of 0."""
    low, high = axis.get_view_interval()
    reach = max(abs(low), abs(high))
    powers = np.arange(0, int(np.ceil(reach)) + 1)
    begins = _ROUND if len(powers) * len(_ROUND) <= most + 2 else _ROUND[:1]
    amounts = [float(begin * 10.0**power) for power in powers for begin in begins]
    amounts = amounts[:: max(int(np.ceil(len(amounts) / most)), 1)]
    ticks = [
        amount
        for amount in [0.0, *amounts, *(-amount for amount in amounts)]
        if low <= logarithmic([amount])[0] <= high
    ]
    axis.set_ticks(logarithmic(ticks), [PLAIN.short(amount) for amount in ticks])


def shades() -> Any:
    """Returns a colour map for counts of customers in which a single one can be seen."""
    from matplotlib import colormaps
    from matplotlib.colors import ListedColormap

    return ListedColormap(colormaps["Blues"](np.linspace(0.3, 1.0, 128)))


def by_date(axis: Any) -> None:
    """Writes the ticks of an axis as short dates."""
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    locator = AutoDateLocator(minticks=3, maxticks=8)
    axis.set_major_locator(locator)
    axis.set_major_formatter(ConciseDateFormatter(locator))
