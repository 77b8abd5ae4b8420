"""Why a customer's CLV is what it is, and why it changed between two scoring runs."""

import datetime as dt
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from clv import features, model
from clv.errors import Code, InputError, UserError
from clv.record import Record
from clv.registry import alarms, aliases, versions
from clv.registry.alarms import Scores
from clv.registry.aliases import Version
from clv.workspace import Workspace

PARTS = ["passing_time", "new_orders", "model_version", "corrected_history"]
MOST = 20  # rows on the terminal


def explain(work: Workspace) -> Record:
    """The change of each customer's prediction in parts, and, of one customer, what the features add to it.

    Raises: UserError: the runs are not there, or the customer is not.
    """
    before, after = runs(work)
    found = changes(work, before, after) if before else pd.DataFrame()
    one = work.config.ask.customer
    version = aliases.existing(work.config.tracking.model_name, work.config.person.version or after.version)
    day = after.as_of if not work.config.window.as_of else work.as_of
    added = contributions(work, version, day, one) if one else pd.DataFrame()
    mine = found[found["customer_id"] == one] if one and len(found) else found
    outputs = {
        name: table
        for name, table in (("explain/changes.csv", mine), ("explain/contributions.csv", added))
        if len(table)
    }
    said = [in_words(mine, before, after)] if before else ["there is one scoring run so far: no change to explain"]
    if one:
        said.append(
            f"customer {one} as of {day}, version {version.number}: predicted {added.attrs['predicted']:,.2f}; all features together add "
            f"{added['part'].sum():+,.2f} to the {added.attrs['typical']:,.2f} of a customer whom none of them moves"
        )
    return Record(
        "; ".join(said),
        outputs=outputs,
        artifacts={
            f"outputs/{name}": work.loggable(table) if "customer_id" in table else table
            for name, table in outputs.items()
        },
        metrics={f"explain/{part}": mine[part].sum() for part in (PARTS if before else [])},
        table=added if one else mine.head(MOST),
        warnings=other_horizon(before, after),
    )


def runs(work: Workspace) -> tuple[Scores | None, Scores]:
    """The two scoring runs: those that were asked for, or the two newest.

    Raises: UserError: there is none, or the one called before is of a later day.
    """
    asked, newest = work.config.ask, alarms.scoring_runs(work.config.tracking.model_name)
    if not newest and not (asked.before and asked.after):
        raise UserError("No run has scored customers yet.\nHint: run `mlflow run . -e score` first.")
    after = alarms.scores(alarms.scoring_run(asked.after)) if asked.after else newest[0]
    earlier = [one for one in newest if one.run_id != after.run_id]
    before = alarms.scores(alarms.scoring_run(asked.before)) if asked.before else next(iter(earlier), None)
    if before and not (asked.before or asked.after):  # the two newest, in the order of their days
        before, after = sorted([before, after], key=lambda one: one.as_of)
    if before and before.as_of > after.as_of:
        raise UserError(
            f"Run {before.run_id} scored as of {before.as_of}, after run {after.run_id} as of {after.as_of}.\nHint: swap before and after."
        )
    return before, after


def changes(work: Workspace, before: Scores, after: Scores) -> pd.DataFrame:
    """One row a customer, largest change first: the stored predictions, and the parts that sum to their difference.

    passing_time: the earlier version on the earlier orders, seen from the later day.   new_orders: with the orders since then.
    model_version: by the later version.   corrected_history: what the versions say today of the two days, beside what was stored (orders that came
    or changed later, rounding).   The parts are taken in that order.
    """
    old, new = (aliases.existing(work.config.tracking.model_name, one.version) for one in (before, after))
    stored = [scored(one) for one in (before, after)]
    then = predicted(work, old, before.as_of, before.as_of)
    waited = predicted(work, old, before.as_of, after.as_of)
    ordered = predicted(work, old, after.as_of, after.as_of)
    now = predicted(work, new, after.as_of, after.as_of) if new.number != old.number else ordered
    table = pd.concat(
        [*stored, then, waited, ordered, now], axis=1, keys=["predicted_before", "predicted_after", *"abcd"]
    ).fillna(0.0)
    found = table[["predicted_before", "predicted_after"]].assign(
        change=table["predicted_after"] - table["predicted_before"],
        passing_time=table["b"] - table["a"],
        new_orders=table["c"] - table["b"],
        model_version=table["d"] - table["c"],
        corrected_history=(table["a"] - table["predicted_before"]) + (table["predicted_after"] - table["d"]),
    )
    found = found.rename_axis("customer_id").reset_index()
    order = found["change"].abs().sort_values(ascending=False, kind="stable").index
    names = {
        "version_before": old.number,
        "version_after": new.number,
        "as_of_before": before.as_of,
        "as_of_after": after.as_of,
    }
    return found.loc[order].reset_index(drop=True).assign(**{name: str(value) for name, value in names.items()})


def other_horizon(before: Scores | None, after: Scores) -> tuple[str, ...]:
    if before is None or before.horizon_days == after.horizon_days:
        return ()
    return (
        f"the two runs predict {before.horizon_days} and {after.horizon_days} days: the part of the model version is that of the horizon as well.",
    )


def scored(run: Scores) -> pd.Series:
    """The stored predictions, index customer_id."""
    with tempfile.TemporaryDirectory() as folder:
        table = alarms.download_scores(run, Path(folder))
    if table is None:
        raise UserError(
            f"The scores of run {run.run_id} are gone.\nHint: choose other runs: -P before=RUN -P after=RUN."
        )
    return table.set_index("customer_id")["predicted_clv"]


def predicted(work: Workspace, version: Version, known_until: dt.date, as_of: dt.date) -> pd.Series:
    """What the version says as of a day from the orders before another day; index customer_id."""
    table = table_of(work, version, known_until, as_of)
    if table.empty:
        raise InputError(
            Code.NO_CUSTOMERS,
            what=f"{work.config.data.path} holds no order before {known_until}",
            fix="hand over the history that was scored",
        )
    return pd.Series(
        model.predict(versions.load(version), table)["predicted_clv"].to_numpy(), index=table["customer_id"]
    )


def table_of(work: Workspace, version: Version, known_until: dt.date, as_of: dt.date) -> pd.DataFrame:
    recent = features.history(work.purchases.filter(f"order_date < DATE '{known_until}'"))
    return features.snapshot(recent, as_of, features.Definition.from_dict(version.facts["definition"]))


def contributions(work: Workspace, version: Version, as_of: dt.date, customer: str) -> pd.DataFrame:
    """What each feature adds to one customer's prediction, largest part first.

    Returns: feature, in_words, value, times (the factor by which it moves the prediction), part (in currency; the parts sum to the prediction
             minus that of a customer whom no feature moves).
    Raises:  InputError: the customer had no order before the day.
    Source:  SHAP values add up on the log scale; to currency by the logarithmic mean: Ang (2005), The LMDI approach to decomposition
             analysis, doi:10.1016/j.enpol.2003.10.010.
    """
    table = table_of(work, version, as_of, as_of)
    row = table[table["customer_id"] == customer].reset_index(drop=True)
    if row.empty:
        raise InputError(
            Code.NO_CUSTOMERS,
            what=f"Customer {customer!r} had no order before {as_of}",
            fix="ids are text, as in the purchase history: 00042 is not 42",
        )
    loaded = versions.load(version)
    effects = model.contributions(loaded, row).iloc[0]
    value = float(model.predict(loaded, row)["predicted_clv"].iloc[0])
    typical = value / np.exp(effects.sum())
    mean = value if np.isclose(value, typical) else (value - typical) / np.log(value / typical)
    found = pd.DataFrame(
        {
            "feature": effects.index,
            "in_words": [features.in_words(name) for name in effects.index],
            "value": [row[name].iloc[0] if name in row else np.nan for name in effects.index],
            "times": np.exp(effects.to_numpy()),
            "part": mean * effects.to_numpy(),
        }
    )
    order = found["part"].abs().sort_values(ascending=False, kind="stable").index
    found = found.loc[order].reset_index(drop=True).round(6)
    found.attrs = {"predicted": value, "typical": typical}
    return found


def in_words(table: pd.DataFrame, before: Scores, after: Scores) -> str:
    total = table[["change", *PARTS]].sum()
    who = f"customer {table['customer_id'].iloc[0]}" if len(table) == 1 else f"{len(table):,} customers"
    return (
        f"{who} from {before.as_of} (version {before.version}) to {after.as_of} (version {after.version}): {total['change']:+,.2f} = passing time "
        f"{total['passing_time']:+,.2f}, new orders {total['new_orders']:+,.2f}, model version {total['model_version']:+,.2f}, corrected history and rounding "
        f"{total['corrected_history']:+,.2f}"
    )
