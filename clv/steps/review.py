"""A candidate beside the version in production, on the same customers, in a period that neither has learnt from: figures, gates, and a page for a person."""

import json
from dataclasses import asdict, dataclass

import pandas as pd

from clv import data, model, ranking, reports, store
from clv.errors import UserError
from clv.evaluation import advice, contest, gates, metrics, naive
from clv.evaluation.contest import CANDIDATE, PRODUCTION, Contest, Draws, Side
from clv.evaluation.gates import Gate
from clv.history import History
from clv.outcome import SAME_HISTORY, Attach, Outcome, Run
from clv.registry import ledger, reviews, versions
from clv.registry.production import usable
from clv.registry.reviews import Review
from clv.registry.standing import Standing
from clv.registry.versions import Version

_COMPARED = ("data", "window", "features", "model", "seed")  # sections of conf/ that make another model
_RULES = ("movers", "four_eyes", "require_record")  # keys of conf/review/ that are not limits of gates


@dataclass(frozen=True)
class _Pair:
    """The candidate, and the version it is compared with: its number, the version where it can be used, or why not."""

    candidate: Version
    number: str | None
    other: Version | None
    why_not: str | None
    models: dict[str, model.Model]

    def side(self, name: str) -> Side | None:
        version = self.candidate if name == CANDIDATE else self.other
        if version is None:
            return None
        return Side(version.number, self.models[name], version.definition, version.horizon_days, version.learnt_until)


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
    page = reports.review_page(content, _pictures(both))
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


def _pair(version: Version, standing: Standing) -> _Pair:
    models = {CANDIDATE: versions.load(version)}
    number = opponent(version, standing)
    if number is None:
        return _Pair(version, None, None, None, models)
    try:
        other = usable(standing.existing(number), standing.name)
        return _Pair(version, number, other, None, models | {PRODUCTION: versions.load(other)})
    except UserError as error:
        why_not = f"Version {number} cannot be compared with: {str(error).splitlines()[0]}"
        return _Pair(version, number, None, why_not, models)


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


def _judge(run: Run, history: History, pair: _Pair, both: Contest) -> list[Gate]:
    allowed, version = limits(run), pair.candidate
    bias = both.draws[CANDIDATE].loc[0, "bias"]
    held = contest.held(both, CANDIDATE, pair.models[CANDIDATE].interval)
    then, now = version.revenue_then, history.net_revenue(*version.measured_days)
    return [
        gates.against_production(both.difference(PRODUCTION), both.why_not, allowed["metrics"]),
        gates.against_btyd(both.against("btyd"), allowed["against_btyd"]),
        gates.skill(both.against("naive_mean"), contest.ruling(both)),
        gates.within("bias within limits", bias, allowed["bias_low"], allowed["bias_high"]),
        gates.coverage(held, allowed["coverage_low"], allowed["coverage_high"]),
        gates.same_history(version.number, then, now, SAME_HISTORY),
    ]


def _content(run: Run, history: History, standing: Standing, pair: _Pair, both: Contest, judged: list[Gate]) -> dict:
    """All that a review says, JSON-ready but for figures that are not numbers."""
    version, other, against = pair.candidate, pair.other, both.difference(PRODUCTION)
    serves = version.name == standing.name and standing.production_number == version.number
    decided = advice.recommend(judged, against, run.config.review.metrics, version.number, pair.number, serves)
    return {
        "at": run.now.isoformat(timespec="seconds"),
        "model": version.name,
        "version": version.number,
        "against": pair.number,
        "is_in_production": serves,
        "limits": limits(run),
        "recommendation": advice.in_words(decided),
        "gates": [asdict(gate) for gate in judged],
        **_tables(both, version),
        "ranking": _ranks(run, history, pair),
        "differences": _differences(version, other),
        "files_sha256": {
            "candidate": version.tags.get("files_sha256"),
            "production": other.tags.get("files_sha256") if other else None,
        },
        "monitor": reviews.last_verdict(other) if other else None,
        "data_sha256": history.quality.sha256,
        "data_words": _data_words(history),
    }


def _data_words(history: History) -> list[str]:
    """What amounts are where they are not those of the file, and which rows do not count."""
    return [*([] if history.is_plain_revenue else [f"amounts are {history.money}"]), *data.left_out(history.quality)]


def _tables(both: Contest, version: Version) -> dict:
    return {
        "evaluation": {
            "cutoff": both.cutoff.isoformat(),
            "horizon_days": version.horizon_days,
            "customers": len(both.evaluation),
            "confidence": both.confidence,
        },
        "metrics": _rows(contest.comparison(both)),
        "totals": _rows(contest.totals(both)),
        "baselines": _rows(contest.recipes(both)),
        "deciles": {side: _rows(contest.deciles(both, side)) for side in both.predicted},
        "by_stage": _rows(contest.by_group(both, both.evaluation["lifecycle_stage"])),
        "by_orders": _rows(contest.by_group(both, naive.by_orders(both.evaluation))),
        "coverage": {side: _rows(contest.coverage(both, side)) for side in both.predicted},
    }


def _ranks(run: Run, history: History, pair: _Pair) -> dict:
    """How the list of today's customers would change if the candidate scored."""
    if pair.other is None or pair.other.horizon_days != pair.candidate.horizon_days:
        return {}
    tables = {}
    for side, version in ((CANDIDATE, pair.candidate), (PRODUCTION, pair.other)):
        table = history.snapshot(history.as_of, version.definition)
        predicted = model.predict(pair.models[side], table)
        tables[side] = ranking.rank(table, predicted, version.number, history.as_of)
    both = ranking.moved(tables[CANDIDATE], tables[PRODUCTION])
    movers = both.head(run.config.review.movers)
    return {
        "as_of": history.as_of.isoformat(),
        "predicted": {
            side: {"total": float(table["predicted_clv"].sum()), "tied": ranking.tied(table)}
            for side, table in tables.items()
        },
        **ranking.agreement(both),
        "movers": _rows(run.loggable(movers)),
    }


def _differences(version: Version, other: Version | None) -> dict:
    """What the two were made from: data, dates, counts, features and configuration."""
    if other is None:
        return {}
    ours, theirs = version.facts, other.facts
    names = (
        *("data", "data_sha256", "training_cutoffs", "evaluation_cutoff", "horizon_days", "history_days"),
        *("feature_digest", "chains"),
    )
    facts = {name: (ours[name], theirs[name]) for name in names}
    counts = {name: (ours["data_counts"][name], theirs["data_counts"].get(name)) for name in ours["data_counts"]}
    mine, its = version.run.data.params, other.run.data.params
    keys = [key for key in sorted(mine.keys() | its.keys()) if key.split(".")[0] in _COMPARED]
    libraries = sorted(ours["libraries"] | theirs["libraries"])
    return {
        "data": _changed(facts | counts),
        "libraries": _changed(
            {name: (ours["libraries"].get(name), theirs["libraries"].get(name)) for name in libraries}
        ),
        "features_added": sorted(set(ours["inputs"]) - set(theirs["inputs"])),
        "features_removed": sorted(set(theirs["inputs"]) - set(ours["inputs"])),
        "configuration": _changed({key: (mine.get(key), its.get(key)) for key in keys}),
    }


def _changed(pairs: dict[str, tuple]) -> dict[str, list]:
    return {name: list(pair) for name, pair in pairs.items() if pair[0] != pair[1]}


def _pictures(both: Contest) -> dict[str, object]:
    actual, sides = both.actual, both.predicted
    curves = {side: metrics.gain_curve(actual, table["predicted_clv"].to_numpy()) for side, table in sides.items()}
    curves |= {"btyd": metrics.gain_curve(actual, both.others["btyd"]), "perfect": metrics.gain_curve(actual, actual)}
    against = both.difference(PRODUCTION)
    differences = {"Differences to Production": reports.difference_chart(against)} if against is not None else {}
    return differences | {
        "Who brings the revenue": reports.gain_curve(curves),
        **{f"Calibration of the {side}": reports.decile_chart(contest.deciles(both, side)) for side in sides},
    }


def _figures(against: pd.DataFrame | None) -> dict[str, float]:
    if against is None:
        return {}
    return {
        f"review/{metric}_{end}": against.loc[metric, end]
        for metric in against.index
        for end in ("value", "low", "high")
    }


def _rows(table: pd.DataFrame) -> list[dict]:
    """JSON-ready rows; a figure that is not a number is null."""
    plain = table.round(6).astype(object)
    return plain.where(plain.notna(), None).to_dict("records")
