"""A candidate beside the version in production, on the same customers, in a period that neither has learnt from: figures, gates, and a page for a person."""

import json
from dataclasses import asdict

import pandas as pd

from clv import reports, store
from clv.errors import UserError
from clv.evaluation import advice, contest, gates, metrics
from clv.evaluation.contest import CANDIDATE, PRODUCTION, Contest, Draws
from clv.evaluation.gates import Gate, Margins
from clv.history import History
from clv.outcome import SAME_HISTORY, Attach, Outcome, Run
from clv.registry import ledger, versions
from clv.registry.production import usable
from clv.registry.reviews import Review
from clv.registry.standing import Standing
from clv.registry.versions import Version
from clv.steps import review_content
from clv.steps.review_content import Pair

_RULES = (  # keys of conf/review/ that are not limits of gates
    *("movers", "worth_in_money", "four_eyes", "require_record"),
)

_BETTER_IS_RIGHT = (
    "How much better the first version is than the second, with its interval. Blue and red are beyond noise; within the grey band a "
    "difference is too small to matter, and that of the total from 0 to {points} points further from what came."
)


def review(run: Run, history: History, standing: Standing) -> Outcome:
    """Compares, judges and writes it down; nothing is fitted, nothing moves."""
    pair = _pair(_chosen(run, standing), standing)
    section = run.config.evaluation
    rules = Draws(section.bootstrap_replicates, section.confidence, run.config.seed)
    candidate = pair.side(CANDIDATE)
    assert candidate is not None  # every pair has one
    both = contest.compare(history, candidate, pair.side(PRODUCTION), pair.why_not, rules)
    judged = _judge(run, history, pair, both)
    content = _content(run, history, standing, pair, both, judged)
    content = json.loads(store.as_json(content))  # a figure that is not a number becomes null
    status, number, version = gates.verdict(judged), pair.number, pair.candidate
    page = reports.review_page(content, _pictures(run, both, version.horizon_days, reports.names(content)))
    recommendation = content["recommendation"]
    return Outcome(
        f"version {version.number} against {f'version {number}' if number else 'nothing in production'}, gates {status}: {recommendation}",
        title=f"version {version.number} against {number or 'nothing'}, gates {status}",
        outputs={"review/review.html": page, "review/review.json": content},
        metrics=_figures(both.difference(PRODUCTION))
        | {"review/gates_failed": sum(not gate.passed for gate in judged)},
        tags={"reviewed_version": version.number, "gates": status, "recommendation": recommendation[:4000]},
        effects=(Attach(Review(version, number, status, page, content)),),
    )


def _chosen(run: Run, standing: Standing) -> Version:
    """The version that this run registered, or the one that was asked for, or the newest candidate."""
    number = run.candidate or run.config.person.version or standing.candidate_number
    if number is None:
        raise standing.without_production()
    return usable(standing.candidate(number), standing.name)


def _pair(version: Version, standing: Standing) -> Pair:
    models = {CANDIDATE: versions.load(version)}
    number = opponent(version, standing)
    if number is None:
        return Pair(version, None, None, None, models)
    try:
        other = usable(standing.existing(number), standing.name)
        return Pair(version, number, other, None, models | {PRODUCTION: versions.load(other)})
    except UserError as error:
        why_not = f"Version {number} cannot be compared with: {str(error).splitlines()[0]}"
        return Pair(version, number, None, why_not, models)


def opponent(version: Version, standing: Standing) -> str | None:
    """Returns the number of the version in production; for the version in production itself, of the one before it."""
    number = standing.production_number or ledger.last_in_production(
        standing.decisions
    )  # an alias taken away opens no gate
    if number is None or version.name != standing.name or number != version.number:
        return number
    return ledger.before(standing.decisions, number)


def limits(run: Run) -> dict:
    """Returns the limits of the gates: key of conf/review/ -> value."""
    return {name: value for name, value in asdict(run.config.review).items() if name not in _RULES}


def _margins(run: Run) -> Margins:
    section = run.config.review
    return Margins(tuple(section.metrics), section.worth_a_change, section.bias_worse)


def _judge(run: Run, history: History, pair: Pair, both: Contest) -> list[Gate]:
    allowed, version = limits(run), pair.candidate
    bias = both.draws[CANDIDATE].loc[0, "bias"]
    held = contest.held(both, CANDIDATE, pair.models[CANDIDATE].interval)
    then, now = version.revenue_then, history.net_revenue(*version.measured_days)
    return [
        gates.against_production(both.difference(PRODUCTION), both.why_not, _margins(run)),
        gates.against_btyd(both.against("btyd"), allowed["against_btyd"]),
        gates.skill(both.against("naive_mean"), contest.ruling(both)),
        gates.bias(bias, allowed["bias_low"], allowed["bias_high"]),
        gates.coverage(held, allowed["coverage_low"], allowed["coverage_high"]),
        gates.same_history(version.number, then, now, SAME_HISTORY),
    ]


def _content(run: Run, history: History, standing: Standing, pair: Pair, both: Contest, judged: list[Gate]) -> dict:
    """All that a review says, JSON-ready but for figures that are not numbers."""
    content = review_content.of(run, history, standing, pair, both)
    against, worth = both.difference(PRODUCTION), run.config.review.worth_in_money
    differs = advice.found_in(against, _margins(run), contest.best(both))
    advised = advice.recommend(judged, against is not None, review_content.sides(content), differs, worth)
    words = advice.in_words(advised, reports.Money(run.config.data.currency))
    return content | {"limits": limits(run)} | review_content.judged(judged, advised, words)


def _pictures(run: Run, both: Contest, days: int, names: dict[str, str]) -> dict[str, object]:
    """Caption -> picture. names: side -> how the page calls it."""
    actual, sides, money = both.actual, both.predicted, reports.Money(run.config.data.currency)
    curves = {side: metrics.gain_curve(actual, table["predicted_clv"].to_numpy()) for side, table in sides.items()}
    curves |= {"btyd": metrics.gain_curve(actual, both.others["btyd"]), "perfect": metrics.gain_curve(actual, actual)}
    against, rules = both.difference(PRODUCTION), run.config.review
    smallest, pair = rules.worth_a_change, (names[CANDIDATE], names[PRODUCTION])
    differences = {}
    if against is not None:
        caption = _BETTER_IS_RIGHT.format(points=f"{100 * rules.bias_worse:g}")
        differences = {caption: reports.difference_chart(against, smallest, pair)}
    order = reports.gain_curve(curves, days, {side: names[side] for side in sides})
    return differences | {
        "The share of the revenue that came from the customers with the highest predictions; “perfect order” knows what came.": order,
        **{
            f"The mean that {names[side]} predicted beside the mean that came, by tenth of its customers.": reports.decile_chart(
                contest.deciles(both, side), money, days, names[side]
            )
            for side in sides
        },
    }


def _figures(against: pd.DataFrame | None) -> dict[str, float]:
    if against is None:
        return {}
    return {
        f"review/{metric}_{end}": against.loc[metric, end]
        for metric in against.index
        for end in ("value", "low", "high")
    }
