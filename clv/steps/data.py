"""Purchases in, features out."""

import datetime as dt
from contextlib import suppress
from dataclasses import fields, replace
from pathlib import Path

import pandas as pd

from clv import data, settings, store
from clv import simulate as simulation
from clv.errors import InputError, UserError, hidden, logged
from clv.features import Definition, statements
from clv.history import History
from clv.outcome import FEATURES, Outcome, Run, Write
from clv.wording import counted


def simulate(run: Run) -> Outcome:
    """Makes a purchase history with known true CLV; a file with other content is never overwritten."""
    section = run.config.simulate
    shop = simulation.Shop(**{key.name: getattr(section, key.name) for key in fields(simulation.Shop)})
    rows, truth = simulation.simulate(section.customers, section.first_day, section.days, run.config.seed, shop)
    path, text = Path(section.path), rows.to_csv(index=False)
    if path.exists() and path.read_text() != text:
        raise UserError(
            f"{path} exists and holds something else; nothing was written."
            "\nHint: choose another simulate.path, or move that file away."
        )
    end = (dt.date.fromisoformat(section.first_day) + dt.timedelta(days=section.days)).isoformat()
    clv = simulation.true_clv(truth, section.first_day, end, run.config.window.horizon_days, shop).reset_index()
    return Outcome(
        f"{counted(len(rows), 'row')} of {counted(rows['customer_id'].nunique(), 'customer')} in {path}",
        artifacts={f"true_clv_{end}.csv": clv},
        metrics={"rows": len(rows)},
        effects=(Write(path, rows),),
    )


def read(run: Run, history: History) -> Outcome:
    """Reads the purchase history, typed and checked; the rejects and the counts are kept even when the run is refused."""
    try:
        transactions = history.transactions
    except InputError as error:
        return _refused(run, history.path, error)
    limits, quality = settings.data_limits(run.config), transactions.quality
    refusal = data.refusal(transactions, limits, history.path)
    warnings = data.warnings(transactions, limits)
    report = (
        {"path": hidden(history.path)}
        | quality.as_dict()
        | {"warnings": warnings, "refused": str(refusal) if refusal else None}
    )
    counts = {f"data_{name}": str(report[name]) for name in ("rows", "rejected_rows", "return_rows", "customers")}
    return _kept(
        run,
        f"{counted(quality.rows, 'row')}, {counted(quality.customers_with_an_order, 'customer')} with an order, {quality.first_day} to "
        f"{quality.last_day}, {counted(quality.rejected_rows, 'row')} rejected"
        + _without_an_order(quality)
        + "".join(f"; {part}" for part in data.left_out(quality))
        + ("" if history.is_plain_revenue else f"; amounts are {history.money}"),
        transactions.rejected,
        report,
        tags={"data_sha256": quality.sha256} | counts,
        dataset=history.dataset,
        metrics=_shares(quality),
        warnings=tuple(warnings),
        refused=refusal,
    )


def _shares(quality: data.Quality) -> dict[str, float]:
    """Which part of the files is in no figure; nothing where every row counts."""
    rows = {f"data/left_out_rows/{name}": float(part.rows) for name, part in quality.left_out.items()}
    shares = {
        "data/left_out_share": quality.left_out_share,
        "data/left_out_revenue_share": quality.left_out_revenue_share,
        "data/rejected_share": quality.rejected_share,
        "data/rejected_revenue_share": quality.rejected_revenue_share,
    }
    return rows | {name: share for name, share in shares.items() if share}


def _without_an_order(quality: data.Quality) -> str:
    number = quality.customers - quality.customers_with_an_order
    if not number:
        return ""
    who, be = ("customer has", "is") if number == 1 else ("customers have", "are")
    return f"; {number:,} {who} free orders or returns alone, and {be} not scored"


def _refused(run: Run, name: str, error: InputError) -> Outcome:
    """No row was counted: the file is not a table, or a whole column could mean two things."""
    report: dict = {"path": hidden(name), "refused": str(error)}
    with suppress(OSError, ValueError, InputError):
        report |= data.size_and_digest(name)
    rejected = pd.DataFrame(columns=["line", "column", "value", "reason"])
    tags = {"data_sha256": report["sha256"]} if "sha256" in report else {}
    kept = _kept(run, "the history is refused", rejected, report, tags=tags, refused=error)
    shown = store.as_json(report | {"refused": logged(error)})
    return replace(kept, artifacts=kept.artifacts | {f"{store.QUALITY}/data_quality.json": shown})


def _kept(run: Run, summary: str, rejected: pd.DataFrame, report: dict, **more) -> Outcome:
    """The outcome with both files of data_quality/: in the run, and in the outputs folder whether or not the run is refused."""
    files = {"rejected_rows.csv": rejected, "data_quality.json": store.as_json(report)}
    folder = Path(run.config.outputs) / store.QUALITY
    return Outcome(
        summary,
        artifacts={f"{store.QUALITY}/{name}": content for name, content in files.items()},
        effects=tuple(Write(folder / name, content, private=True) for name, content in files.items()),
        **more,
    )


def features(run: Run, history: History) -> Outcome:
    """Makes the feature table at the as-of date."""
    plan = settings.plan(run.config, history)
    definition = settings.definition(run.config, plan, history)
    as_of, silent = history.as_of.isoformat(), history.silent_days(history.as_of)
    tables = (part.snapshot(history.as_of, definition).assign(as_of=as_of) for part in history.parts)
    of_the_panel = history.panel.snapshot(history.as_of, definition)
    is_silent = silent > run.config.window.max_silent_days
    silence = f"there is no order in the {silent} days before the as-of date {as_of}: is the history complete?"
    return Outcome(
        f"{counted(history.customers(history.as_of), 'customer')} x {of_the_panel.shape[1] - 2} features as of {as_of}",
        outputs={FEATURES: tables},
        artifacts={f"outputs/{FEATURES}": run.loggable(of_the_panel).assign(as_of=as_of)},
        warnings=(silence,) if is_silent else (),
        lines=_in_the_warehouse(run, history.as_of, definition),
    )


def _in_the_warehouse(run: Run, cutoff: dt.date, definition: Definition) -> tuple[str, ...]:
    """The statements that make the feature table elsewhere, where compute.dialect names a dialect."""
    if not (dialect := run.config.compute.dialect):
        return ()
    return tuple(f"{statement};" for statement in statements(dialect, "purchases", cutoff, definition))
