"""The sentences of the review page, made from what was decided."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from clv import hints
from clv.reports.metric_words import explained
from clv.reports.page import NextStep

_MANY_TIED = 0.05  # share of customers with one and the same prediction from which the page says so


@dataclass(frozen=True)
class Reviewed:
    """What was reviewed and what it came to, before it is put into words.

    Args: model, version: that were reviewed.
          against: number of the version that it was compared with; None where there was none.
          serves: the reviewed version is in production already, and `against` was before it.
          passed: whether every gate passed.
          comparable: whether both versions were measured on the same customers.
    """

    model: str
    version: str
    against: str | None
    serves: bool
    passed: bool
    comparable: bool


def reviewed_in(content: Mapping[str, Any]) -> Reviewed:
    """Returns what review.json says of the two versions and of the gates."""
    return Reviewed(
        model=content["model"],
        version=content["version"],
        against=content["against"],
        serves=content["is_in_production"],
        passed=all(gate["passed"] for gate in content["gates"]),
        comparable="difference" in content["metrics"][0],
    )


def title(reviewed: Reviewed) -> str:
    """Returns the title of the page."""
    against = "nothing in production"
    if reviewed.against:
        where = "which was in production before it" if reviewed.serves else "in production"
        against = f"version {reviewed.against}, {where}"
    return f"Review of model {reviewed.model}, version {reviewed.version}, against {against}"


def measured_on(reviewed: Reviewed, evaluation: Mapping[str, Any], brought: float) -> str:
    """Returns which customers the figures are of.

    Args: evaluation: customers, cutoff, horizon_days.
          brought: their net revenue in the horizon, in currency.
    """
    learnt = "neither version has" if reviewed.comparable else "the version has not"
    return (
        f"{evaluation['customers']:,} customers at {evaluation['cutoff']}, over {evaluation['horizon_days']} days from which {learnt} "
        f"learnt; they brought {number(brought)}"
    )


def explanations(reviewed: Reviewed, rows: list[dict[str, Any]], confidence: float) -> list[str]:
    """Returns what the table of metrics shows, a sentence each: the difference, and every metric.

    Args: rows: of the table; each has the name of its metric.
          confidence: of the intervals, 0 to 1.
    """
    difference = f"The difference is candidate minus Production, with its paired bootstrap interval ({confidence:.0%}, as in the gates)."
    return [*([difference] if reviewed.comparable else []), *explained([row["metric"] for row in rows])]


def ranking_sentences(ranking: Mapping[str, Any]) -> list[str]:
    """Returns how the list of today's customers would change.

    Args: ranking: customers, as_of, top_decile_overlap, rank_correlation, and predicted: side -> total, tied.
    """
    totals = ", ".join(f"{number(side['total'])} by the {name}" for name, side in ranking["predicted"].items())
    return [
        (
            f"Of {ranking['customers']:,} customers as of {ranking['as_of']}, {ranking['top_decile_overlap']:.0%} of the top decile would "
            f"stay in it, and the ranks correlate by {ranking['rank_correlation']:.3f} (1 is the same order). Equal predictions share a rank."
        ),
        f"The predictions of all customers add up to {totals}.",
        *(
            f"{side['tied']:.0%} of the customers have one and the same prediction by the {name}."
            for name, side in ranking["predicted"].items()
            if side["tied"] > _MANY_TIED
        ),
    ]


def monitor_sentence(monitor: Mapping[str, str] | None) -> str:
    """Returns what the monitor last found of the version in production. monitor: run, as_of, verdict, verdict_reasons."""
    if monitor is None:
        return "The monitor has not looked at it yet."
    return f"As of {monitor['as_of']} (run {monitor['run']}): {monitor['verdict_reasons']}"


def next_steps(reviewed: Reviewed) -> list[NextStep]:
    """Returns what the person can decide, each with its command."""
    promote = hints.promote(reviewed.version, despite_gates=not reviewed.passed)
    if reviewed.serves:
        return [
            NextStep("Enter that it stays in production:", promote),
            NextStep("Go back to the version before it:", hints.rollback()),
        ]
    return [NextStep("Promote it:", promote), NextStep("Reject it:", hints.reject(reviewed.version))]


def number(value: float | str | None) -> str:
    """Returns a value as a cell of a table shows it: whole numbers in full, others to four digits, a dash where there is
    none.

    >>> number(1234567.0), number(0.123456), number(12345.678), number("rmse")
    ('1,234,567', '0.1235', '12,346', 'rmse')
    """
    if value is None:
        return "–"
    if isinstance(value, str):
        return value
    if value == int(value) and abs(value) < 1e9:
        return f"{int(value):,}"
    return f"{value:,.4g}" if abs(value) < 9999.5 else f"{value:,.0f}"
