"""A candidate beside the version in production, on the same customers, in a period that neither has learnt from: figures, gates, and a page for a person."""

import json
from dataclasses import asdict

import pandas as pd

from clv import model, ranking, reports, store
from clv.errors import UserError
from clv.evaluation import gates, metrics, naive
from clv.evaluation.contest import (
    CANDIDATE,
    PRODUCTION,
    Sides,
    baselines,
    compare,
    comparison,
    covered,
    deciles,
    definition,
    grouped,
    totals,
)
from clv.evaluation.gates import Gate
from clv.record import Assessment, Record
from clv.registry import aliases, ledger, reviews, versions
from clv.registry.aliases import Version
from clv.workspace import SAME_HISTORY, Workspace

COMPARED = ("data", "window", "features", "model", "seed")  # sections of conf/ that make another model


def review(work: Workspace) -> Record:
    """Compare, judge and write it down; nothing is fitted, nothing moves."""
    version, loaded = chosen(work), {}
    loaded[CANDIDATE] = versions.load(version)
    number, other, why_not = opponent(work, version), None, None
    if number:
        try:
            other = work.governance.usable(aliases.existing(work.config.tracking.model_name, number))
            loaded[PRODUCTION] = versions.load(other)
        except UserError as error:
            other, why_not = None, f"Version {number} cannot be compared with: {str(error).splitlines()[0]}"
    found = compare(work, version, other, loaded, why_not)
    judged, confidence = judge(work, version, found), work.config.evaluation.confidence
    against = found.difference(PRODUCTION, confidence)
    serves = (
        version.name == work.config.tracking.model_name and aliases.named_production(version.name) == version.number
    )
    metrics_judged = work.config.review.metrics
    said = gates.in_words(gates.recommend(judged, against, metrics_judged, version.number, number, serves))
    content = {
        "at": work.now.isoformat(timespec="seconds"),
        "model": version.name,
        "version": version.number,
        "against": number,
        "is_in_production": serves,
        "limits": limits(work),
        "recommendation": said,
        "gates": [asdict(gate) for gate in judged],
        "evaluation": {
            "cutoff": found.cutoff.isoformat(),
            "horizon_days": version.facts["horizon_days"],
            "customers": len(found.evaluation),
            "confidence": confidence,
        },
        "metrics": rows(comparison(found, confidence)),
        "totals": rows(totals(found)),
        "baselines": rows(baselines(found)),
        "deciles": {side: rows(deciles(found, side)) for side in found.predicted},
        "by_stage": rows(grouped(found, found.evaluation["lifecycle_stage"])),
        "by_orders": rows(grouped(found, naive.by_orders(found.evaluation))),
        "coverage": {side: rows(covered(found, side)) for side in found.predicted},
        "ranking": ranks(work, version, other, loaded),
        "differences": differences(version, other),
        "files_sha256": {
            "candidate": version.tags.get("files_sha256"),
            "production": other and other.tags.get("files_sha256"),
        },
        "monitor": reviews.last_verdict(other) if other else None,
        "data_sha256": work.transactions.quality["sha256"],
    }
    content = json.loads(store.as_json(content))  # what is no number is null
    status = gates.verdict(judged)
    page = reports.review_page(content, pictures(found, confidence))
    return Record(
        f"version {version.number} against {f'version {number}' if number else 'nothing in production'}, gates {status}: {said}",
        title=f"version {version.number} against {number or 'nothing'}, gates {status}",
        outputs={"review/review.html": page, "review/review.json": content},
        metrics=figures(against) | {"review/gates_failed": sum(not gate.passed for gate in judged)},
        tags={"reviewed_version": version.number, "gates": status, "recommendation": said[:4000]},
        assessment=Assessment(version.name, version.number, version.run_id, number, status, page, content),
        decisions=work.governance.to_enter,
    )


def chosen(work: Workspace) -> Version:
    """The version that this run registered, or the one that was asked for, or the newest candidate."""
    name = work.governance.candidates
    number = work.candidate_version or work.config.person.version or aliases.aliases(name).get(aliases.CANDIDATE)
    if number is None:
        raise aliases.nothing(work.config.tracking.model_name, name)
    return work.governance.usable(aliases.existing(name, number))


def opponent(work: Workspace, version: Version) -> str | None:
    """Number of the version in production; of the version in production itself, of the one before it."""
    name, known = work.config.tracking.model_name, work.governance.known_decisions
    number = aliases.named_production(name) or ledger.last_in_production(known)  # an alias taken away opens no gate
    if version.name != name or number != version.number:
        return number
    return ledger.current(known) if work.governance.unrecorded else ledger.before(known, number)


def limits(work: Workspace) -> dict:
    """Of the gates."""
    rules = ("movers", "four_eyes", "require_record")
    return {name: value for name, value in asdict(work.config.review).items() if name not in rules}


def judge(work: Workspace, version: Version, found: Sides) -> list[Gate]:
    wanted, confidence = limits(work), work.config.evaluation.confidence
    bias = found.draws[CANDIDATE].loc[0, "bias"]
    held = covered(found, CANDIDATE).set_index("group").loc["all", "coverage"]
    return [
        gates.against_production(found.difference(PRODUCTION, confidence), found.why_not, wanted["metrics"]),
        gates.against_btyd(found.difference("btyd", confidence), wanted["against_btyd"]),
        gates.skill(found.difference("naive_mean", confidence)),
        gates.within("bias within limits", bias, wanted["bias_low"], wanted["bias_high"]),
        gates.within("coverage within limits", held, wanted["coverage_low"], wanted["coverage_high"]),
        gates.same_history(version.number, *work.then_and_now(version), SAME_HISTORY),
    ]


def ranks(work: Workspace, version: Version, other: Version | None, loaded: dict[str, model.Model]) -> dict:
    """How the list of today's customers would change, if the candidate scored."""
    if other is None or other.facts["horizon_days"] != version.facts["horizon_days"]:
        return {}
    tables = []
    for side, which in ((CANDIDATE, version), (PRODUCTION, other)):
        table = work.snapshot(work.as_of, definition(which))
        tables.append(ranking.rank(table, model.predict(loaded[side], table), which.number, work.as_of))
    both = ranking.moved(*tables)
    said = {
        side: {"total": float(table["predicted_clv"].sum()), "tied": ranking.tied(table)}
        for side, table in zip((CANDIDATE, PRODUCTION), tables, strict=True)
    }
    most = both.head(work.config.review.movers)
    shown = most if work.config.tracking.log_customer_ids else most.drop(columns="customer_id")
    return {"as_of": work.as_of.isoformat(), "predicted": said, **ranking.agreement(both), "movers": rows(shown)}


def differences(version: Version, other: Version | None) -> dict:
    """What the two were made from: data, dates, counts, features and configuration."""
    if other is None:
        return {}
    ours, theirs = version.facts, other.facts
    names = (
        "data",
        "data_sha256",
        "training_cutoffs",
        "evaluation_cutoff",
        "horizon_days",
        "history_days",
        "feature_digest",
        "chains",
    )
    data = {name: [ours[name], theirs[name]] for name in names if ours[name] != theirs[name]}
    counts = {name: [ours["data_counts"][name], theirs["data_counts"].get(name)] for name in ours["data_counts"]}
    mine, its = reviews.parameters(version), reviews.parameters(other)
    keys = [key for key in sorted(mine.keys() | its.keys()) if key.split(".")[0] in COMPARED]
    return {
        "data": data | {name: both for name, both in counts.items() if both[0] != both[1]},
        "libraries": {
            name: [ours["libraries"].get(name), theirs["libraries"].get(name)]
            for name in ours["libraries"] | theirs["libraries"]
            if ours["libraries"].get(name) != theirs["libraries"].get(name)
        },
        "features_added": sorted(set(ours["inputs"]) - set(theirs["inputs"])),
        "features_removed": sorted(set(theirs["inputs"]) - set(ours["inputs"])),
        "configuration": {key: [mine.get(key), its.get(key)] for key in keys if mine.get(key) != its.get(key)},
    }


def pictures(found: Sides, confidence: float) -> dict[str, object]:
    actual, sides = found.evaluation["actual_clv"].to_numpy(), found.predicted
    curves = {side: metrics.gain_curve(actual, table["predicted_clv"].to_numpy()) for side, table in sides.items()}
    curves |= {"btyd": metrics.gain_curve(actual, found.others["btyd"]), "perfect": metrics.gain_curve(actual, actual)}
    against = found.difference(PRODUCTION, confidence)
    drawn = {"Differences to Production": reports.difference_chart(against)} if against is not None else {}
    return drawn | {
        "Who brings the revenue": reports.gain_curve(curves),
        **{f"Calibration of the {side}": reports.decile_chart(deciles(found, side)) for side in sides},
    }


def figures(against: pd.DataFrame | None) -> dict[str, float]:
    if against is None:
        return {}
    return {
        f"review/{metric}_{end}": against.loc[metric, end]
        for metric in against.index
        for end in ("value", "low", "high")
    }


def rows(table: pd.DataFrame) -> list[dict]:
    """JSON-ready rows; a figure that is not a number is null."""
    plain = table.round(6).astype(object)
    return plain.where(plain.notna(), None).to_dict("records")
