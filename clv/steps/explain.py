"""Why a customer's CLV is what it is, and why it changed between two scoring runs."""

import datetime as dt
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from clv import features, hints, model, progress
from clv.errors import Code, InputError, UserError
from clv.history import History
from clv.outcome import Outcome, Run
from clv.panel import Panel
from clv.registry import scores as stored
from clv.registry import versions
from clv.registry.scores import Scores
from clv.registry.standing import Standing
from clv.registry.versions import Version
from clv.steps.timeline import timeline
from clv.wording import counted

PARTS = ["season", "passing_time", "new_orders", "model_version", "corrected_history"]
_MOST = 20  # rows on the terminal
_SEEN = 0.005  # in currency; a smaller change is rounding


@dataclass(frozen=True)
class Contributions:
    """What features add to one customer's prediction.

    table: feature, in_words, value, times (the factor by which it moves the prediction), part (in currency), largest part first.
    predicted: of the customer, in currency.   typical: of a customer whom no feature moves; the parts sum to predicted - typical.
    """

    table: pd.DataFrame
    predicted: float
    typical: float


def explain(run: Run, history: History, standing: Standing) -> Outcome:
    """Splits the change of each customer's prediction into parts and, for one customer, says what each feature adds to it.

    Raises: UserError: the runs are not there, or the customer is not.
    """
    before, after = _runs(run, standing)
    customer, sentences, tables, pictures = run.config.ask.customer, [], {}, {}
    lines: list[str] = []
    shown = None
    with progress.doing("predicting both days"):
        changes = changes_between(history.panel, standing, before, after) if before else pd.DataFrame()
    if before:
        changes = changes[changes["customer_id"] == customer] if customer else changes
        tables["explain/changes.csv"] = changes
        if changes.empty:
            sentences.append(
                f"no scoring that was kept has customer {customer}{history.panel_in_words}: no change to explain"
            )
        elif _is_unchanged(changes):
            sentences.append(_unchanged(before, after))
            lines += _another_pair(standing, before, after)
        else:
            sentences.append(_in_words(changes, before, after))
            shown = changes.head(_MOST).round(2)
    else:
        sentences.append("there is one scoring run so far: no change to explain")
    if customer:
        version = standing.existing(run.config.person.version or after.version)
        day = history.as_of if run.config.window.as_of else after.as_of
        added = contributions(history, version, day, customer)
        sentences.append(
            f"customer {customer} as of {day}, version {version.number}: predicted {added.predicted:,.2f}; all features together add "
            f"{added.table['part'].sum():+,.2f} to the {added.typical:,.2f} of a customer whom none of them moves"
        )
        tables["explain/contributions.csv"] = added.table
        shown = added.table.head(_MOST).drop(columns="feature")
        pictures = timeline(run, history, version, day)
    tables = {name: table for name, table in tables.items() if len(table)}
    return Outcome(
        "; ".join(sentences),
        outputs=tables | pictures,
        artifacts={
            f"outputs/{name}": run.loggable(table) if "customer_id" in table else table
            for name, table in tables.items()
        },
        metrics={f"explain/{part}": changes[part].sum() for part in (PARTS if before else [])},
        table=shown,
        warnings=_other_horizon(before, after),
        lines=(*lines, *(_where_all_are(run, name, table) for name, table in tables.items() if len(table) > _MOST)),
    )


def _runs(run: Run, standing: Standing) -> tuple[Scores | None, Scores]:
    """The two scoring runs: those that were asked for, or the two newest.

    Raises: UserError: there is none, or the one called before is of a later day.
    """
    ask, newest = run.config.ask, stored.scoring_runs(standing.name)
    if not newest and not (ask.before and ask.after):
        raise UserError(f"No run has scored customers yet.\nHint: run `{hints.command('score')}` first.")
    after = stored.scores_of(stored.scoring_run(ask.after)) if ask.after else newest[0]
    earlier = [scores for scores in newest if scores.run_id != after.run_id]
    before = stored.scores_of(stored.scoring_run(ask.before)) if ask.before else next(iter(earlier), None)
    if before and not (ask.before or ask.after):  # the two newest, in the order of their days
        before, after = sorted([before, after], key=lambda scores: scores.as_of)
    if before and before.as_of > after.as_of:
        raise UserError(
            f"Run {before.run_id} scored as of {before.as_of}, after run {after.run_id} as of {after.as_of}.\nHint: swap before and after."
        )
    return before, after


def _where_all_are(run: Run, name: str, table: pd.DataFrame) -> str:
    return f"all {counted(len(table), 'row')}: {run.config.outputs}/{name}"


def _is_unchanged(changes: pd.DataFrame) -> bool:
    return len(changes) > 0 and bool((changes[["change", *PARTS]].abs() < _SEEN).all(axis=None))


def _unchanged(before: Scores, after: Scores) -> str:
    if (before.as_of, before.version) == (after.as_of, after.version):
        return f"nothing changed: both scorings are of {after.as_of} by version {after.version}"
    return f"nothing changed from {before.as_of} (version {before.version}) to {after.as_of} (version {after.version})"


def _another_pair(standing: Standing, before: Scores, after: Scores) -> list[str]:
    """How the newest scoring of an earlier day, or by another version, is compared with."""
    known, day = {(before.as_of, before.version), (after.as_of, after.version)}, min(before.as_of, after.as_of)
    others = [
        scores
        for scores in stored.scoring_runs(standing.name)
        if (scores.as_of, scores.version) not in known and scores.as_of <= day
    ]
    if not others:
        return []
    which = f"compare with the scoring of {others[0].as_of} by version {others[0].version}:"
    return [which, f"  {hints.command('explain', before=others[0].run_id)}"]


def changes_between(panel: Panel, standing: Standing, before: Scores, after: Scores) -> pd.DataFrame:
    """One row a customer of the panel, largest change first: the stored predictions, and the parts that sum to their difference.

    season: the earlier version on the earlier day, with the later day's season before it.   passing_time: from the later day, on the
    earlier orders.   new_orders: with the orders since then.
    model_version: of the later version.   corrected_history: what the versions say today of the two days, beside what was stored
    (orders that came or changed later, rounding).   The parts are taken in that order.
    """
    old, new = (standing.existing(scores.version) for scores in (before, after))
    then = _predicted(panel, old, before.as_of, before.as_of)
    seasoned = _predicted(panel, old, before.as_of, before.as_of, season_of=after.as_of)
    waited = _predicted(panel, old, before.as_of, after.as_of)
    ordered = _predicted(panel, old, after.as_of, after.as_of)
    now = _predicted(panel, new, after.as_of, after.as_of) if new.number != old.number else ordered
    table = pd.concat(
        [_stored(before, panel), _stored(after, panel), then, seasoned, waited, ordered, now],
        axis=1,
        keys=["predicted_before", "predicted_after", "then", "seasoned", "waited", "ordered", "now"],
    ).fillna(0.0)
    changes = table[["predicted_before", "predicted_after"]].assign(
        change=table["predicted_after"] - table["predicted_before"],
        season=table["seasoned"] - table["then"],
        passing_time=table["waited"] - table["seasoned"],
        new_orders=table["ordered"] - table["waited"],
        model_version=table["now"] - table["ordered"],
        corrected_history=(table["then"] - table["predicted_before"]) + (table["predicted_after"] - table["now"]),
    )
    changes = changes.rename_axis("customer_id").reset_index()
    order = changes["change"].abs().sort_values(ascending=False, kind="stable").index
    return (
        changes.loc[order]
        .reset_index(drop=True)
        .assign(
            version_before=str(old.number),
            version_after=str(new.number),
            as_of_before=str(before.as_of),
            as_of_after=str(after.as_of),
        )
    )


def _other_horizon(before: Scores | None, after: Scores) -> tuple[str, ...]:
    if before is None or before.horizon_days == after.horizon_days:
        return ()
    return (
        f"the two runs predict {before.horizon_days} and {after.horizon_days} days: the part of the model version is that of the horizon as well.",
    )


def _stored(scores: Scores, panel: Panel) -> pd.Series:
    """The stored predictions of customers who would be drawn into the panel, index customer_id."""
    with tempfile.TemporaryDirectory() as folder:
        table = stored.download_scores(scores, Path(folder))
    if table is None:
        raise UserError(
            f"The scores of run {scores.run_id} are gone.\nHint: choose other runs: -P before=RUN -P after=RUN."
        )
    return panel.drawn(table).set_index("customer_id")["predicted_clv"]


def _predicted(
    panel: Panel, version: Version, known_until: dt.date, as_of: dt.date, season_of: dt.date | None = None
) -> pd.Series:
    """What the version says as of a day from the orders before another day; index customer_id. season_of: a day whose horizon's season
    stands in the place of its own."""
    table = panel.seen_from(known_until, as_of, version.definition)
    if table.empty:
        raise InputError(
            Code.NO_CUSTOMERS,
            what=f"the history holds no order before {known_until}",
            fix="hand over the history that was scored",
        )
    if season_of:
        definition = version.definition
        table = table.assign(
            season_of_orders=definition.season_of_orders(season_of),
            season_of_value=definition.season_of_value(season_of),
        )
    predicted = model.predict(versions.load(version), table)["predicted_clv"]
    return pd.Series(predicted.to_numpy(), index=table["customer_id"])


def contributions(history: History, version: Version, as_of: dt.date, customer: str) -> Contributions:
    """Returns what each feature adds to one customer's prediction.

    Raises: InputError: the customer had no order before the day.
    Source: SHAP values add up on the log scale; to currency by the logarithmic mean: Ang (2005), The LMDI approach to decomposition
            analysis, doi:10.1016/j.enpol.2003.10.010.
    """
    row = history.only(pd.Series([customer])).seen_from(as_of, as_of, version.definition)
    if row.empty:
        raise InputError(
            Code.NO_CUSTOMERS,
            what=f"Customer {customer!r} had no order before {as_of}",
            fix="ids are text, as in the purchase history: 00042 is not 42",
        )
    fitted = versions.load(version)
    effects = model.contributions(fitted, row).iloc[0]
    predicted = float(model.predict(fitted, row)["predicted_clv"].iloc[0])
    values = model.with_answers(fitted, row).iloc[0]
    typical = float(predicted / np.exp(effects.sum()))
    close = np.isclose(predicted, typical)
    mean = predicted if close else (predicted - typical) / np.log(predicted / typical)
    added = pd.DataFrame(
        {
            "feature": effects.index,
            "in_words": [features.in_words(name) for name in effects.index],
            "value": [values.get(name, np.nan) for name in effects.index],
            "times": np.exp(effects.to_numpy()),
            "part": mean * effects.to_numpy(),
        }
    )
    order = added["part"].abs().sort_values(ascending=False, kind="stable").index
    return Contributions(added.loc[order].reset_index(drop=True).round(6), predicted, typical)


def _in_words(changes: pd.DataFrame, before: Scores, after: Scores) -> str:
    total = changes[["change", *PARTS]].sum().round(2) + 0.0  # no -0.00
    who = f"customer {changes['customer_id'].iloc[0]}" if len(changes) == 1 else f"{len(changes):,} customers"
    return (
        f"{who} from {before.as_of} (version {before.version}) to {after.as_of} (version {after.version}): {total['change']:+,.2f} = "
        f"season {total['season']:+,.2f}, passing time {total['passing_time']:+,.2f}, new orders {total['new_orders']:+,.2f}, model version "
        f"{total['model_version']:+,.2f}, corrected history and rounding {total['corrected_history']:+,.2f}"
    )
