"""From labelled snapshots to a model."""

import itertools
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from clv import progress
from clv.errors import Code, InputError
from clv.model import btyd, intervals
from clv.model.binned import Binned
from clv.model.chains import Model, along, expected, floored, key, with_answers
from clv.model.options import Options
from clv.model.protocol import LEAST, Lesson
from clv.model.stages import STAGES, check_chains, starts_from_history
from clv.model.trees import with_threads_for

_OFF_BY = 0.15  # standard deviation of the logarithm of what BTYD's totals are off by, over businesses


def fit(snapshots: list[pd.DataFrame], current: pd.DataFrame, columns: list[str], options: Options) -> Model:
    """Returns a model fitted on all snapshots; BTYD on each one's own history, and for use on that of `current`.

    Args:
        snapshots: oldest first, at options.cutoffs; customer_id, lifecycle_stage, the feature columns, actual_clv (net revenue in
            the horizon, in currency). Without any, or with fewer than options.correct_from customers, the answer is BTYD's alone.
        current: the feature table at the cutoff from which the model will predict.
        columns: what stages learn from.
        options: see Options.
    Raises:
        UserError: a chain names an unknown stage, or cannot be formed.
        InputError: too few customers even for BTYD, nobody bought in any label window, or a fit has no solution.
    """
    check_chains(options.chains)
    _check(current, options)
    customers = btyd.fit(current, options.probability_model)
    table = current.join(btyd.expected(customers, current, options.horizon_days))
    model = Model(
        chains=[["btyd"]],
        inputs=list(dict.fromkeys(["lifecycle_stage", *columns, *btyd.NEEDS])),
        horizon_days=options.horizon_days,
        threads=options.threads,
        unit=float(table["btyd_revenue"].mean()),
        level=1.0,
        interval=options.interval,
        customers=customers,
        stages={},
        intervals=None,
    )
    if not snapshots or (few := few_customers(snapshots, options)):
        return replace(_learnt(model, table, columns, 1.0, options), alone=few if snapshots else "")
    snapshots, options = _large_enough(snapshots, options)
    tables = _with_btyd(snapshots, customers, options)
    rows = pd.concat(tables, ignore_index=True)
    chains = [chain.split("+") for chain in options.chains]
    scale, level = totals(chains, rows, options)
    model = replace(model, chains=chains, unit=mean_label(rows), level=level)
    model = bounded(_learnt(model, rows, columns, scale, options), current)
    with progress.doing("intervals"):
        return replace(model, intervals=intervals.fit(tables, expected(model, tables[-1]), columns, options))


def mean_label(rows: pd.DataFrame) -> float:
    """Returns the mean of actual_clv, in currency; a net return counts as 0."""
    return float(rows["actual_clv"].clip(lower=0).mean())


def _check(current: pd.DataFrame, options: Options) -> None:
    if len(current) < options.min_customers:
        raise InputError(
            Code.TOO_FEW_CUSTOMERS,
            what=f"{len(current)} customers ordered before the day from which the model predicts, and "
            f"model.min_customers={options.min_customers} are needed: so few say nothing of how customers come and go",
            fix="purchases of all customers, those who stopped buying as well; below that number, sort by revenue of the last year",
        )


def few_customers(snapshots: list[pd.DataFrame], options: Options) -> str:
    """Returns why BTYD stands alone: the newest snapshot has too few customers to learn corrections from; empty where it has enough.

    Args:
        snapshots: oldest first, at least one.
        options: correct_from is used.
    """
    customers = len(snapshots[-1])
    if customers >= options.correct_from:
        return ""
    return (
        f"the newest training snapshot has {customers} customers, and corrections are learnt from model.correct_from="
        f"{options.correct_from} on: this is BTYD alone, and its intervals are rough."
    )


def _large_enough(snapshots: list[pd.DataFrame], options: Options) -> tuple[list[pd.DataFrame], Options]:
    """The snapshots on which BTYD can be fitted, with their cutoffs: a shop that grows has early ones with a handful of customers.

    Raises: InputError: nobody bought in any label window.
    """
    large = [len(snapshot) >= options.min_customers for snapshot in snapshots]
    snapshots = list(itertools.compress(snapshots, large))
    if not any((snapshot["actual_clv"] > 0).any() for snapshot in snapshots):
        raise InputError(
            Code.NOTHING_TO_LEARN,
            what="Nobody brought revenue in any training label window; there is nothing to learn",
            fix="check the dates of the history, or choose a longer window.horizon_days",
        )
    return snapshots, replace(options, cutoffs=tuple(itertools.compress(options.cutoffs, large)))


def _with_btyd(snapshots: list[pd.DataFrame], customers: btyd.Customers, options: Options) -> list[pd.DataFrame]:
    """Each snapshot with the answer of a BTYD that knows its own history alone; each fit starts from the one after it."""
    tables = []
    for snapshot in progress.over(snapshots[::-1], "probability models"):
        customers = btyd.fit(snapshot, options.probability_model, start=customers)
        tables.append(snapshot.join(btyd.expected(customers, snapshot, options.horizon_days)))
    return tables[::-1]


def totals(chains: Sequence[Sequence[str]], rows: pd.DataFrame, options: Options) -> tuple[float, float]:
    """Returns scale and level: BTYD is corrected on the scale of the actual total, and a part of that is taken back at the end.

    All customers of a period are off together, so a ratio of totals says less than the number of customers makes believe:
    it is trusted as n / (n + k), with n label windows side by side in the training span; the shrinkage of a random effect that is
    seen n times. k is model.level_prior, and more where periods differ by more than the season says: the variance of a period
    beside that of what BTYD is off by. A ratio above e or below 1 / e is not the size of a correction and is cut off there.

    Args:
        chains: of stage names; where none corrects BTYD, both are 1.
        rows: btyd_revenue and actual_clv, in currency.
        options: level_prior, season_doubt, cutoffs and horizon_days are used.
    Source:
        Buhlmann and Gisler (2005), A Course in Credibility Theory and its Applications, chapter 3.
    """
    if not any(starts_from_history(chain) and len(chain) > 1 for chain in chains):
        return 1.0, 1.0
    revenue = rows["actual_clv"].clip(lower=0).sum()
    ratio = np.clip(revenue / max(rows["btyd_revenue"].sum(), 1e-9 * revenue), np.exp(-1), np.exp(1))
    prior = options.level_prior + ((options.season_doubt or 0.0) / _OFF_BY) ** 2
    doubt = prior / (options.windows_side_by_side + prior)
    return float(ratio), float(ratio**-doubt)


def _learnt(model: Model, rows: pd.DataFrame, columns: list[str], scale: float, options: Options) -> Model:
    """The model with the stages of its chains, each fitted once, on what stands before it."""
    binned = Binned(rows, columns, with_threads_for(len(rows), options))
    for chain in progress.over(model.chains, "chains"):
        for number, name in enumerate(chain):
            if key(chain[: number + 1]) in model.stages:
                continue
            base = floored(model, along(model, chain[:number], rows))
            answers = tuple(answer for before in chain[:number] for answer in STAGES[before].ANSWERS)
            stage = STAGES[name].fit(Lesson(rows, base, columns, answers, model.unit, scale, options, binned))
            model = replace(model, stages=model.stages | {key(chain[: number + 1]): stage})
    return model


def bounded(model: Model, current: pd.DataFrame) -> Model:
    """Returns the model with its level held to corrections of BTYD's total between 1 / e and e where the model is used.

    Corrections beyond that are not believed: what was learnt does not fit here (a shop that was closed, a history that has just
    begun). A model with a chain that does not start from BTYD is returned as it is.
    """
    if not all(map(starts_from_history, model.chains)):
        return model
    table = with_answers(model, current)
    change = expected(model, table).sum() / max(table["btyd_revenue"].sum(), LEAST * model.unit)
    return replace(model, level=float(model.level * np.clip(change, np.exp(-1), np.e) / max(change, 1e-9)))
