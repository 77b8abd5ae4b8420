"""A candidate beside the version in production, on customers whom neither has learnt from: figures, gates, and a page for a person."""

import datetime as dt
import json
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd

from clv import features, gates, ledger, metrics, model, naive, ranking, reports, store
from clv.errors import InputError, UserError
from clv.gates import Gate
from clv.recipes import last_horizon, without_learning
from clv.record import Assessment, Record
from clv.tracking import candidates, registry
from clv.tracking.registry import Version
from clv.workspace import Workspace

CANDIDATE, PRODUCTION = "candidate", "production"  # the two sides of every table
COMPARED = ("data", "window", "features", "model", "seed")  # sections of conf/ that make another model


@dataclass(frozen=True)
class Sides:
    """On the customers of one cutoff: the labelled feature table, predictions with intervals by side, what they must beat by recipe,
    each recipe's figures on the same resamples (of metrics.resampled()), and why Production cannot be compared, if so."""

    cutoff: dt.date
    evaluation: pd.DataFrame
    predicted: dict[str, pd.DataFrame]
    others: dict[str, np.ndarray]
    draws: dict[str, pd.DataFrame]
    why_not: str | None

    def difference(self, other: str, confidence: float) -> pd.DataFrame | None:
        """Candidate - other, paired, with intervals; None where there is no other."""
        return metrics.intervals(self.draws[CANDIDATE] - self.draws[other], confidence) if other in self.draws else None


def review(work: Workspace) -> Record:
    """Compare, judge and write it down; nothing is fitted, nothing moves."""
    version, loaded = chosen(work), {}
    loaded[CANDIDATE] = registry.load(version)
    number, other, why_not = opponent(work, version), None, None
    if number:
        try:
            other = work.usable(registry.existing(work.config.tracking.model_name, number))
            loaded[PRODUCTION] = registry.load(other)
        except UserError as error:
            other, why_not = None, f"Version {number} cannot be compared with: {str(error).splitlines()[0]}"
    found = compare(work, version, other, loaded, why_not)
    judged, confidence = judge(work, found), work.config.evaluation.confidence
    against = found.difference(PRODUCTION, confidence)
    said = gates.recommendation(judged, against, version.number, number, work.config.review.metrics)
    content = {
        "at": work.now.isoformat(timespec="seconds"),
        "model": version.name,
        "version": version.number,
        "against": number,
        "recommendation": said,
        "gates": [asdict(gate) for gate in judged],
        "evaluation": {
            "cutoff": found.cutoff.isoformat(),
            "horizon_days": version.facts["horizon_days"],
            "customers": len(found.evaluation),
            "confidence": confidence,
        },
        "metrics": rows(comparison(found, confidence)),
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
        "monitor": candidates.last_verdict(other) if other else None,
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
        decisions=work.to_enter,
    )


def chosen(work: Workspace) -> Version:
    """The version that this run registered, or the one that was asked for, or the newest candidate."""
    name = work.candidates
    number = work.candidate_version or work.config.person.version or registry.aliases(name).get(registry.CANDIDATE)
    if number is None:
        raise registry.nothing(work.config.tracking.model_name, name)
    return work.usable(registry.existing(name, number))


def opponent(work: Workspace, version: Version) -> str | None:
    """Number of the version in production; of the version in production itself, of the one before it."""
    name, known = work.config.tracking.model_name, work.known_decisions
    number = registry.named_production(name)
    if version.name != name or number != version.number:
        return number
    return ledger.current(known) if work.unrecorded else ledger.before(known, number)


def compare(
    work: Workspace, version: Version, other: Version | None, loaded: dict[str, model.Model], why_not: str | None
) -> Sides:
    """On the newest cutoff that both have not learnt from; the candidate alone where there is none.

    Raises: InputError: not even the candidate's labels have come in.
    """
    cutoff, horizon = dt.date.fromisoformat(version.facts["evaluation_cutoff"]), version.facts["horizon_days"]
    ready = work.as_of - dt.timedelta(days=horizon)
    if cutoff > ready:
        raise InputError(
            f"Version {version.number} learnt from revenue up to {cutoff}; the {horizon} days after it have not come in by {work.as_of}."
            f"\nHint: hand over purchases up to {cutoff + dt.timedelta(days=horizon)}."
        )
    sides = {CANDIDATE: version}
    if other:
        learnt = dt.date.fromisoformat(other.facts["evaluation_cutoff"])
        if other.facts["horizon_days"] != horizon:
            why_not = f"Version {other.number} predicts {other.facts['horizon_days']} days and version {version.number} {horizon}: not comparable."
        elif learnt > ready:
            why_not = f"Version {other.number} learnt from revenue up to {learnt}; the {horizon} days after it have not come in by {work.as_of}."
        else:
            sides, cutoff = sides | {PRODUCTION: other}, max(cutoff, learnt)
    evaluation = work.labelled(cutoff, definition(version))
    predicted = {
        side: model.predict(loaded[side], work.snapshot(cutoff, definition(which))) for side, which in sides.items()
    }
    last = last_horizon(work, evaluation, cutoff, horizon)
    newest = work.labelled(cutoff - dt.timedelta(days=horizon), definition(version))
    newest = newest if len(newest) else evaluation.assign(actual_clv=last)
    others = without_learning(loaded[CANDIDATE], evaluation, newest, last)
    every = {side: table["predicted_clv"].to_numpy() for side, table in predicted.items()} | others
    actual, replicates = evaluation["actual_clv"].to_numpy(), work.config.evaluation.bootstrap_replicates
    draws = {name: metrics.resampled(actual, values, replicates, work.config.seed) for name, values in every.items()}
    return Sides(cutoff, evaluation, predicted, others, draws, why_not)


def definition(version: Version) -> features.Definition:
    return features.Definition.from_dict(version.facts["definition"])


def judge(work: Workspace, found: Sides) -> list[Gate]:
    limits, confidence = asdict(work.config.review), work.config.evaluation.confidence
    held = covered(found, CANDIDATE).set_index("group").loc["all", "coverage"]
    return [
        gates.against_production(found.difference(PRODUCTION, confidence), found.why_not, limits),
        gates.against_btyd(found.difference("btyd", confidence), limits),
        gates.skill(found.difference("naive_mean", confidence)),
        gates.within(
            "bias within limits", found.draws[CANDIDATE].loc[0, "bias"], limits["bias_low"], limits["bias_high"]
        ),
        gates.within("coverage within limits", held, limits["coverage_low"], limits["coverage_high"]),
    ]


def comparison(found: Sides, confidence: float) -> pd.DataFrame:
    """One row per metric: both values, the difference with its interval, and what it says of the candidate."""
    against = found.difference(PRODUCTION, confidence)
    table = pd.DataFrame({side: found.draws[side].loc[0] for side in found.predicted})
    if against is None:
        return table.rename_axis("metric").reset_index()
    graded = {metric: "" if metric == "bias" else gates.standing(metric, against.loc[metric]) for metric in table.index}
    table = table.assign(difference=against["value"], low=against["low"], high=against["high"], candidate_is=graded)
    return table.rename_axis("metric").reset_index()


def baselines(found: Sides) -> pd.DataFrame:
    return (
        pd.DataFrame({name: drawn.loc[0] for name, drawn in found.draws.items()}).T.rename_axis("recipe").reset_index()
    )


def deciles(found: Sides, side: str) -> pd.DataFrame:
    return metrics.deciles(found.evaluation["actual_clv"].to_numpy(), found.predicted[side]["predicted_clv"].to_numpy())


def covered(found: Sides, side: str) -> pd.DataFrame:
    return metrics.coverage(
        found.evaluation["actual_clv"].to_numpy(), found.predicted[side], found.evaluation["lifecycle_stage"]
    )


def grouped(found: Sides, groups: pd.Series) -> pd.DataFrame:
    sides = {side: table["predicted_clv"].to_numpy() for side, table in found.predicted.items()}
    return metrics.by_group(found.evaluation["actual_clv"].to_numpy(), sides | {"btyd": found.others["btyd"]}, groups)


def ranks(work: Workspace, version: Version, other: Version | None, loaded: dict[str, model.Model]) -> dict:
    """How the list of today's customers would change, if the candidate scored."""
    if other is None or other.facts["horizon_days"] != version.facts["horizon_days"]:
        return {}
    tables = []
    for side, which in ((CANDIDATE, version), (PRODUCTION, other)):
        table = work.snapshot(work.as_of, definition(which))
        tables.append(ranking.rank(table, model.predict(loaded[side], table), which.number, work.as_of))
    both = ranking.moved(*tables)
    most = both.head(work.config.review.movers)
    shown = most if work.config.tracking.log_customer_ids else most.drop(columns="customer_id")
    return {"as_of": work.as_of.isoformat(), **ranking.agreement(both), "movers": rows(shown)}


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
    mine, its = candidates.parameters(version), candidates.parameters(other)
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
