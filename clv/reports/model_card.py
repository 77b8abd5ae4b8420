"""The model card of a version: where it comes from, what it is for, and what it must not be used for."""

from collections.abc import Mapping
from typing import Any

from clv.reports.page import moment

_STAGES = {
    "btyd": "the probability model of orders and spend (BTYD)",
    "glm": "a linear model (GLM)",
    "trees": "boosted trees",
    "squared_error": "boosted trees on the squared error",
    "hurdle": "boosted trees in two parts: whether a customer buys, and how much",
}
USES = (
    "to rank customers who have ordered by what they will bring, and to choose whom a campaign reaches;",
    "to expect the sum of groups of some hundred customers, and of all of them, over this horizon;",
    "to see which groups grow or slip away.",
)
LIMITS = (
    "decisions about a single person that have effects in law or are as serious: credit, prices, eligibility, service or contracts;",
    "customers without an order, and prospects: it has seen none of them;",
    "another horizon, another business or another history than the one that it learnt from;",
    "the effect of a contact: it says who will bring much, not who brings more because of it;",
    "a promise for one customer: most of what one person does is chance, and the interval says how much;",
    "times that it has not seen: a new price, a new channel, a shock to the market. The monitor watches for these.",
)


def facts(card: Mapping[str, Any], money: Mapping[str, Any], data_words: list[str]) -> dict[str, str]:
    """Returns what the card says, by its label.

    Args: card: of review.json.   money: of (what amounts are), horizon_days.   data_words: what amounts are and which rows do not count, where it must be said.
    """
    unlike = card["trained_on"]["sha256"] != card["reviewed_on"]["sha256"]
    reviewed = {"Data of this review": _data(card["reviewed_on"])} if unlike else {}
    return {
        "Predicts": f"{money['of']} of each customer over the {money['horizon_days']} days after the day of scoring",
        "Recipe": recipe(card["chains"], card["alone"]),
        "Data of its training": _data(card["trained_on"]),
        "Learnt from": f"its purchases before {card['learnt_until']} only; {_snapshots(card['cutoffs'], card['learnt_until'])}; {card['features']} "
        "features a customer",
        "Measured on": f"its purchases from {card['measured']['first']} to {card['measured']['last']}, from which it has not learnt",
        **reviewed,
        **({"Amounts and rows": "; ".join(data_words)} if data_words else {}),
        "Trained": f"by {card['trained_by'] or 'an unknown account'} on {moment(card['trained_at'])}, run {card['run']}",
        "Code": f"commit {card['git_commit']}"
        if card["git_commit"]
        else "no commit is known: it did not run in a git repository",
    }


def recipe(chains: list[str], alone: bool) -> str:
    """Returns the recipe in words.

    >>> recipe(["btyd+glm"], alone=False)
    'the probability model of orders and spend (BTYD), corrected by a linear model (GLM)'
    """
    words = [", corrected by ".join(_STAGES.get(stage, stage) for stage in chain.split("+")) for chain in chains]
    if alone:
        return f"{words[0].split(', corrected by')[0]} alone: too few customers for corrections"
    return (
        words[0]
        if len(words) == 1
        else f"the mean of {len(words)} models: " + "; ".join(f"({n}) {word}" for n, word in enumerate(words, 1))
    )


def _data(data: Mapping[str, Any]) -> str:
    return (
        f"{data['file']}: {_count(data['rows'])} rows of {_count(data['customers'])} customers, {data['first_day']} to {data['last_day']}, "
        f"sha256 {data['sha256'][:12]}"
    )


def _count(number: int | None) -> str:
    return f"{number:,}" if number is not None else "?"


def _snapshots(cutoffs: Mapping[str, Any], end: str) -> str:
    """The snapshots of the past. end: the day before which all their labels end."""
    if not cutoffs["count"]:
        return "no snapshot of the past"
    if cutoffs["count"] == 1:
        return f"1 snapshot, as of {cutoffs['first']}, whose labels end before {end}"
    return f"{cutoffs['count']} snapshots, as of {cutoffs['first']} to {cutoffs['last']}, whose labels end before {end}"
