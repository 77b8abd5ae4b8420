"""What a review says, JSON-ready: figures, gates, who would change, and what the versions were made from."""

import datetime as dt
from dataclasses import asdict, dataclass
from pathlib import Path

import pandas as pd

from clv import data, model, ranking
from clv.evaluation import advice, contest, naive
from clv.evaluation.advice import Recommendation
from clv.evaluation.contest import CANDIDATE, PRODUCTION, Contest, Side
from clv.evaluation.gates import Gate
from clv.history import History
from clv.outcome import Run
from clv.registry import ledger, reviews
from clv.registry.standing import Standing
from clv.registry.versions import Version

_COMPARED = ("data", "window", "features", "model", "seed")  # sections of conf/ that make another model
_COUNTS = ("rows", "customers", "first_day", "last_day")


@dataclass(frozen=True)
class Pair:
    """The candidate, and the version it is compared with: its number, the version where it can be used, or why not."""

    candidate: Version
    number: str | None
    other: Version | None
    why_not: str | None
    models: dict[str, model.Model]

    def side(self, name: str) -> Side | None:
        """Returns what takes part in the contest; None where there is no other version that can be used."""
        version = self.candidate if name == CANDIDATE else self.other
        if version is None:
            return None
        return Side(version.number, self.models[name], version.definition, version.horizon_days, version.learnt_until)


def of(run: Run, history: History, standing: Standing, pair: Pair, both: Contest) -> dict:
    """Returns all that is known without the gates, JSON-ready but for figures that are not numbers."""
    version, other = pair.candidate, pair.other
    return {
        "at": run.now.isoformat(timespec="seconds"),
        "model": version.name,
        "version": version.number,
        "against": pair.number,
        "is_in_production": version.name == standing.name and standing.production_number == version.number,
        "in_production_by": _in_production_by(standing),
        "learnt_until": {side: each.learnt_until.isoformat() for side, each in _sides_of(pair)},
        "money": {"currency": run.config.data.currency, "of": history.money, "horizon_days": version.horizon_days},
        "best": asdict(contest.best(both)),
        **_tables(both, version),
        "promised": {side: pair.models[side].interval for side in both.predicted},
        "ranking": _ranks(run, history, pair),
        "card": _card(run, history, version),
        "decided_before": ledger.last_word(standing.decisions, version.full_name),
        "differences": _differences(version, other),
        "files_sha256": {
            "candidate": version.tags.get("files_sha256"),
            "production": other.tags.get("files_sha256") if other else None,
        },
        "monitor": reviews.last_verdict(other) if other else None,
        "data_sha256": history.quality.sha256,
        "data_words": _data_words(history),
    }


def judged(gates: list[Gate], advised: Recommendation, words: str) -> dict:
    """Returns what the gates and the recommendation say. words: of advice.in_words()."""
    return {
        "gates": [asdict(gate) for gate in gates],
        "advice": advised.advice.name,
        "recommendation": words,
        "worth_in_money": advised.worth,
    }


def sides(content: dict) -> advice.Sides:
    """Returns the versions of a review."""
    return advice.Sides(content["version"], content["against"], content["is_in_production"])


def rows(table: pd.DataFrame) -> list[dict]:
    """Returns JSON-ready rows; a figure that is not a number is null."""
    plain = table.round(6).astype(object)
    return plain.where(plain.notna(), None).to_dict("records")


def _in_production_by(standing: Standing) -> dict[str, str | None]:
    """Which version is in production, and the event of the ledger by which it came."""
    number = standing.production_number
    return {"version": number, "event": ledger.came_by(standing.decisions, number) if number else None}


def _sides_of(pair: Pair) -> list[tuple[str, Version]]:
    """The name of each side that can be used, and its version."""
    return [(CANDIDATE, pair.candidate), *([(PRODUCTION, pair.other)] if pair.other else [])]


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
        "metrics": rows(contest.comparison(both)),
        "totals": rows(contest.totals(both)),
        "baselines": rows(contest.recipes(both)),
        "deciles": {side: rows(contest.deciles(both, side)) for side in both.predicted},
        "by_stage": rows(contest.by_group(both, both.evaluation["lifecycle_stage"])),
        "by_orders": rows(contest.by_group(both, naive.by_orders(both.evaluation))),
        "coverage": {side: rows(contest.coverage(both, side)) for side in both.predicted},
    }


def _ranks(run: Run, history: History, pair: Pair) -> dict:
    """How the list of today's customers would change if the candidate scored."""
    if pair.other is None or pair.other.horizon_days != pair.candidate.horizon_days:
        return {}
    tables = {}
    for side, version in ((CANDIDATE, pair.candidate), (PRODUCTION, pair.other)):
        table = history.panel.snapshot(history.as_of, version.definition)
        scores = ranking.scores(table, model.predict(pair.models[side], table))
        tables[side] = ranking.rank(history.connection.from_df(scores), {}).df()
    both = ranking.moved(tables[CANDIDATE], tables[PRODUCTION])
    most = run.config.review.movers
    crossing = {way: both[both["top_decile"] == way] for way in ("enters", "leaves")}
    by_value = {"enters": "clv_now", "leaves": "clv_before"}
    shown = {way: table.sort_values(by_value[way], ascending=False, kind="stable") for way, table in crossing.items()}
    return {
        "as_of": history.as_of.isoformat(),
        "predicted": {
            side: {"total": float(table["predicted_clv"].sum()), "tied": ranking.tied(table)}
            for side, table in tables.items()
        },
        **ranking.agreement(both),
        "crossing": {way: _sums(table) for way, table in crossing.items()},
        **{way: rows(run.loggable(table.head(most))) for way, table in shown.items()},
        "movers": rows(run.loggable(both.head(most))),
    }


def _sums(table: pd.DataFrame) -> dict:
    return {"customers": len(table)} | {name: float(table[name].sum()) for name in ("clv_before", "clv_now")}


def _card(run: Run, history: History, version: Version) -> dict:
    """Where the version comes from: data, dates, people, recipe."""
    facts, info = version.facts, version.run.info
    cutoffs = facts["training_cutoffs"]
    started = min(
        dt.datetime.fromtimestamp(info.start_time / 1000, dt.UTC), run.now
    )  # a step of this command began after it
    first, after = version.measured_days
    return {
        "reviewed_on": {"file": Path(history.path).name, "sha256": history.quality.sha256}
        | {name: history.dataset["profile"][name] for name in _COUNTS},
        "trained_on": {"file": facts["data"], "sha256": facts["data_sha256"]}
        | {name: facts["data_counts"].get(name) for name in _COUNTS},
        "learnt_until": first.isoformat(),
        "measured": {"first": first.isoformat(), "last": (after - dt.timedelta(days=1)).isoformat()},
        "cutoffs": {"count": len(cutoffs), "first": min(cutoffs, default=None), "last": max(cutoffs, default=None)},
        "trained_by": version.author,
        "trained_at": started.isoformat(timespec="seconds"),
        "run": version.run_id,
        "git_commit": version.run.data.tags.get("git_commit"),
        "chains": facts["chains"],
        "alone": bool(facts.get("alone")),
        "features": len(facts["inputs"]),
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
    mine, its = (_that_say_something(each.run.data.params) for each in (version, other))
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


def _that_say_something(params: dict[str, str]) -> dict[str, str]:
    """Earlier engines logged what was left empty as well."""
    return {key: value for key, value in params.items() if value not in ("None", "[]")}


def _changed(pairs: dict[str, tuple]) -> dict[str, list]:
    return {name: list(pair) for name, pair in pairs.items() if pair[0] != pair[1]}
