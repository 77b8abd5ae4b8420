"""The page that a person reads before a version goes into production. Customers appear by id only where the content has ids."""

import html
import re
from typing import Any

import numpy as np
import pandas as pd

from clv.reports import model_card, review_tables, review_words
from clv.reports.amounts import Money
from clv.reports.canvas import BLUE, GREY, INK, RED, canvas, described
from clv.reports.metric_words import SHORT
from clv.reports.page import moment, picture, rendered

_DECISION = re.compile("(<!--decision-->).*?(<!--/decision-->)", re.DOTALL)  # no value can hold it: values are escaped
_LOWER_IS_BETTER = ("rmse", "mae", "bias")


def review_page(content: dict[str, Any], pictures: dict[str, Any]) -> str:
    """Returns one file of HTML that loads nothing from elsewhere.

    Args: content: of review.json.
          pictures: name -> figure.
    """
    reviewed, money = review_words.reviewed_in(content), Money(content["money"]["currency"])
    headline, colour = review_words.headline(reviewed, content["advice"])
    came = money(content["totals"][0]["actual"])
    return rendered(
        "review_page.html",
        content,
        title=review_words.title(reviewed),
        headline=headline,
        colour=colour,
        status="passed" if reviewed.passed else "failed",
        undecided=review_words.UNDECIDED,
        standing=review_words.standing(content),
        written=moment(content["at"]),
        measured_on=review_words.measured_on(reviewed, content["evaluation"], came),
        above_promise=review_words.above_promise(content),
        over=money.axis(f"over {content['money']['horizon_days']} days"),
        interval_words=review_words.interval_words(reviewed, content["evaluation"]["confidence"]),
        moves=review_words.moves(reviewed, content, money),
        tables=_tables(reviewed, content, money),
        lists=_lists(reviewed, content, money),
        ranking_sentences=review_words.ranking_sentences(content["ranking"]) if content["ranking"] else [],
        card_facts=model_card.facts(content["card"], content["money"], content["data_words"]),
        nobreak=_nobreak,
        uses=model_card.USES,
        limits_of_use=model_card.LIMITS,
        changes=_changes(reviewed, content["differences"]),
        monitor_sentence=review_words.monitor_sentence(content["monitor"], content["card"]["reviewed_on"]["last_day"]),
        next_steps=review_words.next_steps(reviewed, content["advice"]),
        pictures={name: picture(figure) for name, figure in pictures.items()},
    )


def _nobreak(text: str) -> str:
    """A number stays beside its percent sign."""
    return text.replace(" %", "\N{NO-BREAK SPACE}%")


def with_decision(page: str, words: str) -> str:
    """Returns the page of a review with the decision that closed it, or the same page where it has no place for one."""
    return _DECISION.sub(lambda found: f"{found[1]}{html.escape(words)}{found[2]}", page)


def _tables(reviewed: review_words.Reviewed, content: dict[str, Any], money: Money) -> dict[str, review_tables.Table]:
    return {
        "basis": review_tables.basis(reviewed, content, money),
        "metrics": review_tables.metrics(reviewed, content, money),
        "recipes": review_tables.recipes(reviewed, content, money),
        "coverage": review_tables.coverage(reviewed, content, money),
        "by_stage": review_tables.groups(reviewed, content["by_stage"], money),
        "by_orders": review_tables.groups(reviewed, content["by_orders"], money),
        "deciles": review_tables.deciles(reviewed, content, money),
    }


def _lists(reviewed: review_words.Reviewed, content: dict[str, Any], money: Money) -> dict[str, review_tables.Table]:
    """Who would change: heading -> table."""
    ranking = content["ranking"]
    if not ranking:
        return {}
    headings = {
        "enters": f"Who would enter the top decile{_first_of(ranking, 'enters')}",
        "leaves": f"Who would leave the top decile{_first_of(ranking, 'leaves')}",
        "movers": "Whose predicted value would change most",
    }
    return {
        words: review_tables.movers(reviewed, ranking[name], money) for name, words in headings.items() if ranking[name]
    }


def _first_of(ranking: dict[str, Any], way: str) -> str:
    shown, everybody = len(ranking[way]), ranking["crossing"][way]["customers"]
    return f": {everybody:,}" if shown >= everybody else f": the highest {shown:,} of {everybody:,}"


def _changes(reviewed: review_words.Reviewed, differences: dict[str, Any]) -> review_tables.Table | None:
    pairs: dict[str, Any] = {}
    for name in ("data", "libraries", "configuration"):
        pairs |= differences.get(name, {})
    return review_tables.changes(reviewed, pairs) if pairs else None


def difference_chart(against: pd.DataFrame, smallest: float, names: tuple[str, str]) -> Any:
    """Returns a figure: how much better the candidate is in each metric, with its interval, as a share of the other's figure; of the
    total in points of what came.

    Args: against: of Contest.difference().
          smallest: share from which a difference matters; the band around 0 is less than that.
          names: of the candidate and of the other.
    """
    ours, other = names
    figure, axes = canvas(f"{ours} beside {other}", f"Better by, % of the figure of {other}\n(left of 0: worse)", "")
    for place, (metric, row) in zip(range(len(against))[::-1], against.iterrows(), strict=True):
        low, value, high = sorted(_better_by(str(metric), row))
        color = BLUE if low > 0 else RED if high < 0 else GREY
        if np.isfinite([low, value, high]).all():
            axes.errorbar(value, place, xerr=[[value - low], [high - value]], fmt="o", color=color, capsize=3)
    axes.axvspan(-100 * smallest, 100 * smallest, color=GREY, alpha=0.2, linewidth=0)
    axes.axvline(0, color=INK, linewidth=0.8)
    axes.set_yticks(range(len(against))[::-1], [_label(str(name)) for name in against.index])
    axes.set_ylim(-0.6, len(against) - 0.4)
    rows = [f"{SHORT.get(str(name), name)} {_in_words(str(name), row)}" for name, row in against.iterrows()]
    words = f"How much better {ours} is, as a share of the figure of {other}, and of the total in points: {'; '.join(rows)}."
    return described(figure, words)


def _label(metric: str) -> str:
    return "total, in points" if metric == "bias" else SHORT.get(metric, metric)


def _in_words(metric: str, row: pd.Series) -> str:
    value = _better_by(metric, row)[1]
    unit = "points" if metric == "bias" else "%"
    return review_words.signed(value, f"{abs(value):.1f} {unit}")


def _better_by(metric: str, row: pd.Series) -> list[float]:
    scale = 1.0 if metric == "bias" or not row["other"] else abs(row["other"])
    sign = -1 if metric in _LOWER_IS_BETTER else 1
    return [sign * 100 * row[name] / scale for name in ("low", "value", "high")]
