"""The sentences of the review page, made from what was decided."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from clv import hints
from clv.reports.amounts import Money, percent
from clv.reports.page import NextStep, moment

_MANY_TIED = 0.05  # share of customers with one and the same prediction from which the page says so
UNDECIDED = "Nobody has decided on this review yet. Nothing moves until a person does."
_HEADLINES = {  # advice -> what the person reads first, and the colour behind it
    "DO_NOT_PROMOTE": ("Do not promote", "failed"),
    "GO_BACK": ("Go back", "failed"),
    "LOOK_FIRST": ("Look first: nothing to compare with", "insufficient"),
    "BETTER": ("Promote", "passed"),
    "NOT_WORTH_IT": ("Keep Production: better, but not worth a change", "warn"),
    "NOT_TOLD_APART": ("Keep Production: no clear difference", "insufficient"),
}
_UNREVIEWED = {  # event that put a version into production without a person's review -> why it is there; other events: _NO_RECORD
    "bootstrap": "is in production because it was the first (bootstrap): no person has reviewed and promoted it.",
    "rollback": "is in production by a rollback: no person has promoted it after a review.",
}
_NO_RECORD = "was put into production without a review, outside the ledger."
_DECIDED = {"promotion": "Promoted", "rejection": "Rejected"}


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

    @property
    def names(self) -> dict[str, str]:
        """Side or recipe -> its name in the head of a table."""
        before = "in production before" if self.serves else "Production"
        here = "Production" if self.serves else "candidate"
        return {
            "candidate": f"Version {self.version} ({here})",
            "production": f"Version {self.against} ({before})",
            "btyd": "Probability model alone",
            "naive_mean": "The mean for everybody",
            "naive_rate": "Revenue a day so far",
            "naive_last": "The last horizon again",
        }


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


def names(content: Mapping[str, Any]) -> dict[str, str]:
    """Returns how the page calls each side and recipe. content: of review.json."""
    return reviewed_in(content).names


def title(reviewed: Reviewed) -> str:
    """Returns the title of the page."""
    against = "nothing in production"
    if reviewed.against:
        where = "which was in production before it" if reviewed.serves else "in production"
        against = f"version {reviewed.against}, {where}"
    return f"Review of model {reviewed.model}, version {reviewed.version}, against {against}"


def headline(reviewed: Reviewed, advice: str) -> tuple[str, str]:
    """Returns the recommendation in a word or two, and its colour. advice: name of an Advice."""
    words, colour = _HEADLINES[advice]
    if reviewed.serves and advice in ("BETTER", "NOT_WORTH_IT", "NOT_TOLD_APART"):
        return f"Keep version {reviewed.version}", colour
    if advice == "DO_NOT_PROMOTE" and reviewed.against is None:
        return "Do not rely on it yet", colour
    return words, colour


def standing(content: Mapping[str, Any]) -> list[str]:
    """Returns what a person must know of the two versions before the figures: that nobody reviewed the one in production, and which
    one learnt from newer purchases.

    Args: content: of review.json: version, against, in_production_by, learnt_until.
    """
    sentences, serving = [], content["in_production_by"]
    if serving["version"] and serving["event"] != "promotion":
        sentences.append(f"Version {serving['version']} {_UNREVIEWED.get(serving['event'], _NO_RECORD)}")
    ours, theirs = (content["learnt_until"].get(side) for side in ("candidate", "production"))
    if theirs and ours != theirs:
        newer = "newer" if ours > theirs else "older"
        sentences.append(
            f"Version {content['version']} learnt from {newer} purchases: those before {ours}, version {content['against']} from those before "
            f"{theirs}."
        )
    return sentences


def measured_on(reviewed: Reviewed, evaluation: Mapping[str, Any], brought: str) -> str:
    """Returns which customers the figures are of.

    Args: evaluation: customers, cutoff, horizon_days.
          brought: their net revenue in the horizon, as an amount.
    """
    learnt = "neither version has" if reviewed.comparable else "the version has not"
    return (
        f"{evaluation['customers']:,} customers at {evaluation['cutoff']}, over {evaluation['horizon_days']} days from which {learnt} "
        f"learnt; they brought {brought}"
    )


def above_promise(content: Mapping[str, Any]) -> str:
    """Returns where it comes from that the candidate's intervals hold more customers than they promise; empty where they do not.

    Args: content: of review.json: promised, coverage.
    """
    everybody = content["coverage"]["candidate"][0]
    if everybody["coverage"] <= content["promised"]["candidate"] or not everybody["brought_nothing"]:
        return ""
    return (
        f"More customers are within their interval than promised because {percent(everybody['brought_nothing'])} brought nothing: nearly every "
        "interval of theirs begins at 0 and holds that."
    )


def interval_words(reviewed: Reviewed, confidence: float) -> str:
    """Returns what a difference on the page is, with what its interval knows and does not. confidence: 0 to 1."""
    if not reviewed.comparable:
        return "There is nothing to compare with on these customers."
    return (
        f"A difference is version {reviewed.version} minus version {reviewed.against} on the same customers, with its paired bootstrap interval "
        f"({confidence:.0%}); “beyond noise” means that the interval does not hold 0. The interval knows the chance of which customers bought, "
        "not that of the market: one horizon is one draw of it."
    )


def moves(reviewed: Reviewed, content: Mapping[str, Any], money: Money) -> list[str]:
    """Returns what a change moves, in money, a sentence each: the total, who enters and leaves the best tenth, and what that tenth brought.

    Args: content: of review.json: ranking, best, money, worth_in_money.
    """
    days, ranking = content["money"]["horizon_days"], content["ranking"]
    names = {"candidate": f"version {reviewed.version}", "production": f"version {reviewed.against}"}
    sentences = []
    if ranking:
        new, old = (ranking["predicted"][side]["total"] for side in names)
        sentences.append(
            f"Predicted for all {ranking['customers']:,} customers over the {days} days from {ranking['as_of']}: {money(new)} by "
            f"{names['candidate']}, {money(old)} by {names['production']} ({_signed(new - old, money)}). A higher forecast is no gain."
        )
        sentences.append(_crossing(ranking["crossing"], names, money))
    sentences.append(_best(content["best"], names, money))
    if content["worth_in_money"]:
        sentences.append(
            f"A gain from {money(content['worth_in_money'])} on counts as worth a change (review.worth_in_money)."
        )
    return sentences


def _crossing(crossing: Mapping[str, Any], names: Mapping[str, str], money: Money) -> str:
    enters, leaves = crossing["enters"], crossing["leaves"]
    if not enters["customers"] + leaves["customers"]:
        return "Nobody enters or leaves the tenth with the highest predictions."
    net = {
        "candidate": enters["clv_now"] - leaves["clv_now"],
        "production": enters["clv_before"] - leaves["clv_before"],
    }
    by = ", ".join(f"{_signed(value, money)} by {names[side]}" for side, value in net.items())
    count = f"{enters['customers']:,} {'customer enters' if enters['customers'] == 1 else 'customers enter'}"
    return (
        f"{count} the tenth with the highest predictions and {leaves['customers']:,} leave it. Those who enter less those who leave are "
        f"predicted to bring {by}."
    )


def _best(best: Mapping[str, Any], names: Mapping[str, str], money: Money) -> str:
    brought = best["brought"]
    if any(amount is None for amount in brought.values()):
        return "When it was measured, refunds outweighed revenue, so there is no best tenth to compare."
    start = f"When it was measured, the best tenth ({best['customers']:,} customers) by {names['candidate']} brought {money(brought['candidate'])}"
    if best["difference"] is None:
        return f"{start}, by the probability model alone {money(brought['btyd'])}."
    low, high = best["low"], best["high"]
    verdict = "more" if low > 0 else "less" if high < 0 else "no difference beyond noise"
    return (
        f"{start}, by {names['production']} {money(brought['production'])}: {_signed(best['difference'], money)} "
        f"({_signed(low, money)} to {_signed(high, money)}), {verdict}."
    )


def _signed(amount: float, money: Money) -> str:
    return signed(amount, money(abs(amount)))


def signed(value: float, size: str) -> str:
    """Returns a size with the sign of its value; without one where the size shows nothing but zeros.

    >>> signed(0.3, "0.3 %"), signed(-0.0001, "0.000")
    ('+0.3 %', '0.000')
    """
    if not any(digit in size for digit in "123456789"):
        return size
    return f"{'+' if value >= 0 else '−'}{size}"


def ranking_sentences(ranking: Mapping[str, Any]) -> list[str]:
    """Returns how the list of today's customers would change.

    Args: ranking: customers, as_of, top_decile_overlap, rank_correlation, and predicted: side -> tied.
    """
    return [
        (
            f"Of {ranking['customers']:,} customers as of {ranking['as_of']}, {percent(ranking['top_decile_overlap'])} of the top decile would "
            f"stay in it, and the ranks correlate by {_correlation(ranking['rank_correlation'])} (1 is the same order). Equal predictions share a rank."
        ),
        *(
            f"{percent(side['tied'])} of the customers have one and the same prediction by the {name}."
            for name, side in ranking["predicted"].items()
            if side["tied"] > _MANY_TIED
        ),
    ]


def _correlation(value: float) -> str:
    return "more than 0.999" if 0.9995 <= value < 1 else f"{value:.3f}"


def monitor_sentence(monitor: Mapping[str, str] | None, as_of: str | None) -> str:
    """Returns what the monitor found of the version in production before this review.

    Args: monitor: run, at, as_of, verdict, verdict_reasons.   as_of: day of the customers of this review, where it has one.
    """
    if monitor is None:
        return "The monitor had not looked at it before this review."
    begin, day = f"Its newest look before this review, on {moment(monitor['at'])}", monitor["as_of"]
    later = (
        f" This review knows purchases up to {as_of}: a later look may say otherwise." if as_of and as_of > day else ""
    )
    return f"{begin}, was at the customers of {day} (run {monitor['run']}). It said: {_said(monitor['verdict_reasons'])}{later}"


def _said(reasons: str) -> str:
    """What a look said; of a first look only that it is one: it had nothing to compare with."""
    return reasons.split(" Recent orders: ")[0] if reasons.startswith("First look: ") else reasons


def next_steps(reviewed: Reviewed, advice: str) -> list[NextStep]:
    """Returns what the person can decide, that which is recommended first, each with its command. advice: name of an Advice."""
    promote = hints.promote(reviewed.version, despite_gates=not reviewed.passed)
    if reviewed.serves:
        stays = NextStep("Enter that it stays in production:", promote)
        back = NextStep("Go back to the version before it:", hints.rollback())
        back = back if reviewed.against else NextStep("Put another version into production:", hints.promote("N"))
        return [back, stays] if advice == "GO_BACK" else [stays, back]
    reject = hints.reject(reviewed.version)
    if advice == "DO_NOT_PROMOTE":
        return [NextStep("Reject it, with the reason:", reject), NextStep("Or promote it despite its gates:", promote)]
    if advice in ("NOT_WORTH_IT", "NOT_TOLD_APART"):
        return [
            NextStep(f"Do nothing: version {reviewed.against} stays in production."),
            NextStep("Or reject it, which closes this review:", reject),
            NextStep("Or promote it all the same, for another reason:", promote),
        ]
    look = "Look at the deciles and totals below; then promote it:" if advice == "LOOK_FIRST" else "Promote it:"
    return [NextStep(look, promote), NextStep("Or reject it:", reject)]


def decision(entry: Mapping[str, Any]) -> str:
    """Returns a decision with name, date and reason. entry: of the ledger; a promotion or a rejection.

    >>> decision({"event": "promotion", "by": "Ann Lee", "at": "2026-11-27T06:03:00+00:00", "why": "RMSE -4 %"})
    'Promoted by Ann Lee on 2026-11-27 06:03 UTC: RMSE -4 %'
    """
    despite = " despite its gates" if entry.get("despite_gates") else ""
    return f"{_DECIDED[entry['event']]}{despite} by {entry['by']} on {moment(entry['at'])}: {entry['why']}"
