"""A candidate and the version in production on the same labelled customers: predictions, resamples, and the tables of a review."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from clv import features, model
from clv.errors import Code, InputError
from clv.evaluation import gates, metrics
from clv.evaluation.gates import Coverage, Ruling
from clv.evaluation.measure import last_horizon, without_learning
from clv.history import History

CANDIDATE, PRODUCTION = "candidate", "production"  # the two sides of every table
_RESAMPLED = (CANDIDATE, PRODUCTION, "btyd", "naive_mean")  # what has an interval; other recipes have a figure alone


@dataclass(frozen=True)
class Side:
    """A version that takes part. learnt_until: first day whose revenue it has not learnt from."""

    number: str
    model: model.Model
    definition: features.Definition
    horizon_days: int
    learnt_until: dt.date


@dataclass(frozen=True)
class Draws:
    """How metrics are resampled: replicates of the customers, the confidence of an interval, and the seed."""

    replicates: int
    confidence: float
    seed: int


@dataclass(frozen=True)
class Contest:
    """Both sides on the customers of one cutoff.

    evaluation: the labelled feature table.   predicted: of model.predict(), by side.   others: recipe -> a value a row, what both must
    beat.   draws: recipe or side -> of metrics.resampled(), on the same resamples; of the other naive recipes the first row alone.   confidence: of every interval.
    why_not: why Production cannot be compared; None where it is, or where nothing is in production.
    """

    cutoff: dt.date
    evaluation: pd.DataFrame
    predicted: dict[str, pd.DataFrame]
    others: dict[str, np.ndarray]
    draws: dict[str, pd.DataFrame]
    confidence: float
    why_not: str | None

    @property
    def actual(self) -> np.ndarray:
        """Net revenue of each customer."""
        return self.evaluation["actual_clv"].to_numpy()

    def difference(self, other: str) -> pd.DataFrame | None:
        """Returns candidate - other for each metric, paired; None where the other did not take part.

        The row of bias is how much further from 1 the candidate's is: |bias - 1| of both, also within each resample.

        Returns: index METRICS; value, low, high, standard_error of metrics.intervals(), and other: the other's figure.
        """
        if other not in self.draws:
            return None
        ours, theirs = (
            self.draws[side].assign(bias=(self.draws[side]["bias"] - 1).abs()) for side in (CANDIDATE, other)
        )
        return metrics.intervals(ours - theirs, self.confidence).assign(other=self.draws[other].loc[0])

    def against(self, recipe: str) -> pd.DataFrame:
        """Returns candidate - recipe for one of the recipes that the gates ask for: btyd and naive_mean."""
        return metrics.intervals(self.draws[CANDIDATE] - self.draws[recipe], self.confidence)


def compare(history: History, candidate: Side, other: Side | None, why_not: str | None, rules: Draws) -> Contest:
    """Compares on the newest cutoff that both have not learnt from; measures the candidate alone where there is none.

    Args:   other: the version in production; None where there is none, or where `why_not` says why it cannot be compared.
    Raises: InputError: not even the candidate's labels have come in.
    """
    horizon = candidate.horizon_days
    ready = history.as_of - dt.timedelta(days=horizon)
    if candidate.learnt_until > ready:
        raise InputError(
            Code.HISTORY_TOO_SHORT,
            what=f"Version {candidate.number} learnt from revenue up to {candidate.learnt_until}; the {horizon} days after it "
            f"have not come in by {history.as_of}",
            fix=f"hand over purchases up to {candidate.learnt_until + dt.timedelta(days=horizon)}",
        )
    why_not = why_not or (_not_comparable(candidate, other, ready, history.as_of) if other else None)
    sides = {CANDIDATE: candidate} | ({PRODUCTION: other} if other and not why_not else {})
    cutoff = max(side.learnt_until for side in sides.values())
    evaluation = history.panel.labelled(cutoff, candidate.definition)
    predicted = {
        name: model.predict(side.model, history.panel.snapshot(cutoff, side.definition)) for name, side in sides.items()
    }
    others = _others(history, candidate, evaluation, cutoff)
    values = {name: table["predicted_clv"].to_numpy() for name, table in predicted.items()} | others
    actual = evaluation["actual_clv"].to_numpy()
    draws = {
        name: metrics.resampled(actual, value, rules.replicates, rules.seed)
        if name in _RESAMPLED
        else pd.DataFrame([metrics.evaluate(actual, value)], columns=metrics.METRICS)
        for name, value in values.items()
    }
    return Contest(cutoff, evaluation, predicted, others, draws, rules.confidence, why_not)


def _not_comparable(candidate: Side, other: Side, ready: dt.date, as_of: dt.date) -> str | None:
    if other.horizon_days != candidate.horizon_days:
        return (
            f"Version {other.number} predicts {other.horizon_days} days and version {candidate.number} "
            f"{candidate.horizon_days}: they cannot be compared."
        )
    if other.learnt_until > ready:
        return (
            f"Version {other.number} learnt from revenue up to {other.learnt_until}; the {other.horizon_days} days after it "
            f"have not come in by {as_of}."
        )
    return None


def _others(history: History, candidate: Side, evaluation: pd.DataFrame, cutoff: dt.date) -> dict[str, np.ndarray]:
    horizon = candidate.horizon_days
    last = last_horizon(history, evaluation, cutoff, horizon)
    newest = history.panel.labelled(cutoff - dt.timedelta(days=horizon), candidate.definition)
    newest = newest if len(newest) else evaluation.assign(actual_clv=last)
    return without_learning(candidate.model, evaluation, newest, last)


def comparison(contest: Contest) -> pd.DataFrame:
    """Returns one row per metric: both values, the difference (of bias: of its distance from 1) with its interval, and what it says of the candidate."""
    table = pd.DataFrame({side: contest.draws[side].loc[0] for side in contest.predicted})
    against = contest.difference(PRODUCTION)
    if against is None:
        return table.rename_axis("metric").reset_index()
    graded = {metric: gates.standing(metric, against.loc[metric]) for metric in table.index}
    table = table.assign(difference=against["value"], low=against["low"], high=against["high"], candidate_is=graded)
    return table.rename_axis("metric").reset_index()


def totals(contest: Contest) -> pd.DataFrame:
    """Returns the net revenue of all customers of the evaluation: what came, and what each side and BTYD had predicted."""
    predicted = {name: table["predicted_clv"].sum() for name, table in contest.predicted.items()}
    predicted["btyd"], actual = contest.others["btyd"].sum(), contest.evaluation["actual_clv"].sum()
    return pd.DataFrame([{"recipe": name, "predicted": value, "actual": actual} for name, value in predicted.items()])


@dataclass(frozen=True)
class Best:
    """What the tenth of the customers with the highest predictions brought, in currency.

    customers: how many they are.   brought: recipe or side -> net revenue of those whom it ranks highest; ties share alike.
    difference, low, high: the candidate's minus Production's, paired; None where Production did not take part. The total that came
    is taken as given: the interval is of the share that the tenth has.
    """

    customers: int
    brought: dict[str, float]
    difference: float | None = None
    low: float | None = None
    high: float | None = None


def best(contest: Contest) -> Best:
    """Returns what the best tenth brought by each side and recipe."""
    came = float(contest.actual.sum())
    brought = {name: float(drawn.loc[0, "top_decile_share"] * came) for name, drawn in contest.draws.items()}
    customers, against = max(round(len(contest.actual) / 10), 1), contest.difference(PRODUCTION)
    if against is None:
        return Best(customers, brought)
    row = against.loc["top_decile_share"] * came
    return Best(customers, brought, *(float(row[name]) for name in ("value", "low", "high")))


def recipes(contest: Contest) -> pd.DataFrame:
    """Returns one row per side and recipe with its metrics."""
    rows = {name: drawn.loc[0] for name, drawn in contest.draws.items()}
    return pd.DataFrame(rows).T.rename_axis("recipe").reset_index()


def deciles(contest: Contest, side: str) -> pd.DataFrame:
    """Returns metrics.deciles() of a side."""
    return metrics.deciles(contest.actual, contest.predicted[side]["predicted_clv"].to_numpy())


def coverage(contest: Contest, side: str) -> pd.DataFrame:
    """Returns metrics.coverage() of a side."""
    return metrics.coverage(contest.actual, contest.predicted[side], contest.evaluation["lifecycle_stage"])


def held(contest: Contest, side: str, promised: float) -> Coverage:
    """Returns how many customers the intervals of a side held. promised: the share that they promise, 0 to 1."""
    predicted = contest.predicted[side]
    covered = coverage(contest, side).set_index("group").loc["all", "coverage"]
    return Coverage(promised, float(covered), metrics.least_coverage(contest.actual, predicted))


def ruling(contest: Contest) -> Ruling:
    """Returns who rules the RMSE of the same prediction for everybody."""
    return Ruling(metrics.ruling_customers(contest.actual, contest.others["naive_mean"]), len(contest.actual))


def by_group(contest: Contest, groups: pd.Series) -> pd.DataFrame:
    """Returns metrics.by_group() of both sides and BTYD. groups: of each customer."""
    predicted: Mapping[str, np.ndarray] = {
        side: table["predicted_clv"].to_numpy() for side, table in contest.predicted.items()
    }
    return metrics.by_group(contest.actual, {**predicted, "btyd": contest.others["btyd"]}, groups)
