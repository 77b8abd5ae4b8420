"""A candidate and the version in production on the same labelled customers: predictions, resamples, and the tables of a review."""

import datetime as dt
from dataclasses import dataclass

import numpy as np
import pandas as pd

from clv import features, model
from clv.errors import Code, InputError
from clv.evaluation import gates, metrics
from clv.evaluation.measure import last_horizon, without_learning
from clv.registry.aliases import Version
from clv.workspace import Workspace

CANDIDATE, PRODUCTION = "candidate", "production"  # the two sides of every table


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
            Code.HISTORY_TOO_SHORT,
            what=f"Version {version.number} learnt from revenue up to {cutoff}; the {horizon} days after it have not come in by {work.as_of}",
            fix=f"hand over purchases up to {cutoff + dt.timedelta(days=horizon)}",
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


def comparison(found: Sides, confidence: float) -> pd.DataFrame:
    """One row per metric: both values, the difference with its interval, and what it says of the candidate."""
    against = found.difference(PRODUCTION, confidence)
    table = pd.DataFrame({side: found.draws[side].loc[0] for side in found.predicted})
    if against is None:
        return table.rename_axis("metric").reset_index()
    graded = {metric: "" if metric == "bias" else gates.standing(metric, against.loc[metric]) for metric in table.index}
    table = table.assign(difference=against["value"], low=against["low"], high=against["high"], candidate_is=graded)
    return table.rename_axis("metric").reset_index()


def totals(found: Sides) -> pd.DataFrame:
    """Net revenue of all customers of the evaluation: what came, and what each side and BTYD had said."""
    said = {name: table["predicted_clv"].sum() for name, table in found.predicted.items()}
    said["btyd"], actual = found.others["btyd"].sum(), found.evaluation["actual_clv"].sum()
    return pd.DataFrame([{"recipe": name, "predicted": value, "actual": actual} for name, value in said.items()])


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


def definition(version: Version) -> features.Definition:
    return features.Definition.from_dict(version.facts["definition"])
