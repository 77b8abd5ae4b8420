"""An export, looked at before anything is trained: what it is, what is wrong with it, and a profile that reads it."""

import datetime as dt
import os
from dataclasses import dataclass
from itertools import chain, count
from pathlib import Path

import duckdb
import pandas as pd

from clv import data, hints, settings, store, windows
from clv.data import Contract, Transactions
from clv.errors import Code, InputError, UserError
from clv.history import History
from clv.outcome import Outcome, Run, Write
from clv.proposal import Proposal, propose
from clv.proposal.profile import WRITTEN_BY, name_of, path_of, profile

_DAYS_A_MONTH = 365.25 / 12
_EXAMPLE = 24  # characters of each example on the terminal


@dataclass(frozen=True)
class _Reading:
    """What the proposal reads: the purchases, and what refuses them, if something does."""

    transactions: Transactions | None
    refusal: UserError | None
    warnings: list[str]


def check(run: Run, history: History) -> Outcome:
    """Looks at the file, proposes how to read it, reads it so, and writes the profile; a profile that is there is never changed."""
    given = settings.contract(run.config, run.now)
    proposal = propose(history.path, given, history.connection)
    history.connection.execute("DROP TABLE cells")
    reading = _read(run, history, proposal, given)
    name = _name(run, history.path)
    path = _file(run, name)
    facts = _facts(proposal, reading)
    text = profile(
        name,
        history.path,
        proposal,
        [*facts, f"Read it, change it, then run:  {_command(run, 'full_pipeline', name)}"],
        reading.warnings,
    )
    effects, lines = _profile(run, path, text, name)
    if taken := _taken(run, history.path, name):
        lines.insert(0, taken)
    report = _report(history, proposal, reading, facts)
    return Outcome(
        "; ".join(facts),
        table=_columns(proposal),
        artifacts={"check.json": report, f"profile/{name}.yaml": text},
        warnings=(*proposal.choices, *proposal.traps, *_missing(proposal), *reading.warnings),
        effects=effects,
        lines=(*lines, _next(run, name, reading.refusal is not None or bool(proposal.missing))),
        refused=reading.refusal,
    )


def _wished(run: Run, path: str) -> str:
    return run.config.check.name or run.config.profile or name_of(path)


def _name(run: Run, path: str) -> str:
    """The name of the profile: the one that is wished for, or the next like NAME_2 that is free or is of this history already."""
    wished = _wished(run, path)
    if wished == run.config.profile:
        return wished
    names = chain([wished], (f"{wished}_{number}" for number in count(2)))
    return next(name for name in names if _is_ours(run, name, path))


def _is_ours(run: Run, name: str, path: str) -> bool:
    file = _file(run, name)
    if not file.exists():
        return True
    theirs = path_of(file.read_text())
    return theirs is not None and os.path.abspath(theirs) == os.path.abspath(path)


def _file(run: Run, name: str) -> Path:
    return Path(run.config.check.folder) / f"{name}.yaml"


def _taken(run: Run, path: str, name: str) -> str | None:
    """Says that the profile could not be called as it was wished for."""
    wished = _wished(run, path)
    if name == wished:
        return None
    file = _file(run, wished)
    theirs = path_of(file.read_text())
    whose = f"reads {theirs}" if theirs else "is not the profile of a history"
    return f"{file} {whose}: the profile of this history is called {name}"


def _read(run: Run, history: History, proposal: Proposal, given: Contract) -> _Reading:
    limits = settings.data_limits(run.config)
    try:
        transactions = data.read(history.path, proposal.contract(given), history.connection)
    except InputError as error:
        return _Reading(None, error, [])
    sentences = [*data.left_out(transactions.quality), *data.warnings(transactions, limits)]
    refusal = data.refusal(transactions, limits, history.path) or _too_little(run, transactions)
    return _Reading(transactions, refusal, sentences)


def _too_little(run: Run, transactions: Transactions) -> InputError | None:
    """The refusal of a history that nothing can be measured on."""
    quality, needed = transactions.quality, run.config.model.min_customers
    first, last = (dt.date.fromisoformat(day) for day in (quality.first_day, quality.last_day))
    try:
        windows.plan(first, windows.scoring_day(first, last, run.config.window.as_of), settings.rule(run.config))
    except InputError as error:
        return error
    if quality.customers_with_an_order >= needed:
        return None
    what = f"{quality.customers_with_an_order} customers have an order, and model.min_customers={needed} are needed"
    return InputError(Code.TOO_FEW_CUSTOMERS, what=what, fix="purchases of all customers, over a longer time")


def _facts(proposal: Proposal, reading: _Reading) -> list[str]:
    """What the export is, a sentence each."""
    look, system = proposal.look, proposal.roles.system
    files = f" in {len(look.files)} files" if len(look.files) > 1 else ""
    kind = f"{look.kind}{files}, {proposal.settings.get('encoding') or 'UTF-8'}, {len(look.names)} columns"
    facts = [f"{kind}; it looks like {system.name}" if system else kind]
    if system and system.note:
        facts.append(system.note)
    if look.part:
        facts.append(f"the columns were judged by {look.rows:,} rows: {look.part}")
    if reading.transactions:
        quality = reading.transactions.quality
        months = _days(quality.first_day, quality.last_day) / _DAYS_A_MONTH
        facts.append(
            f"{quality.rows:,} rows that count, {quality.rejected_rows:,} of them cannot be read; {quality.customers_with_an_order:,} customers "
            f"with an order, {quality.first_day} to {quality.last_day}, revenue {quality.net_revenue or 0:,.0f}, "
            f"{(quality.net_revenue or 0) / max(months, 1):,.0f} a month"
        )
    return facts


def _days(first: str, last: str) -> int:
    return (pd.Timestamp(last) - pd.Timestamp(first)).days + 1 if first else 0


def _missing(proposal: Proposal) -> list[str]:
    return [f"no column was taken for {name}: data.columns.{name}=NAME names it" for name in proposal.missing]


def _columns(proposal: Proposal) -> pd.DataFrame:
    """All columns: what each is taken for and why, its type, how far it is filled, and examples."""
    ours = {theirs: role for role, theirs in proposal.roles.columns.items()}
    ours |= {
        name: role for role, name in (("status", proposal.roles.status), ("order id", proposal.roles.order_id)) if name
    }
    rows = [
        {
            "column": column.name,
            "taken for": ours.get(column.name, ""),
            "type": column.type,
            "filled": f"{column.filled / max(proposal.look.rows, 1):.0%}",
            "values": f"{column.distinct:,}",
            "examples": " | ".join(example[:_EXAMPLE] for example in column.examples),
        }
        for column in proposal.columns
    ]
    return pd.DataFrame(rows)


def _profile(run: Run, path: Path, text: str, name: str) -> tuple[tuple[Write, ...], list[str]]:
    """What is to be written, and the lines that say it."""
    if run.config.profile == name:
        return (), [f"{path} was used as it is"]
    if not path.exists():
        return (Write(path, text),), [f"profile: {path.resolve()}; read it, and change it where you know better"]
    before = path.read_text()
    if before == text:
        return (), [f"profile: {path.resolve()} says the same already"]
    whose = "is there already" if WRITTEN_BY in before else "was not written by check"
    another = hints.check(run.config.data.path, f"check.name={name}_2")
    return (), [
        f"{path} {whose} and was left as it is; the new proposal is in the run, under profile/",
        f"to have it written, remove that file, or give another name: {another}",
    ]


def _next(run: Run, name: str, is_refused: bool) -> str:
    if is_refused:
        return (
            f"next: put right what is named here, in the file or in the profile, then: {_command(run, 'check', name)}"
        )
    return f"next: {_command(run, 'full_pipeline', name)}"


def _command(run: Run, entry_point: str, name: str) -> str:
    """The command on this history: by the words of the command line where these name the profile already."""
    return hints.command(entry_point) if name == run.config.profile else hints.of_profile(entry_point, name)


def _report(history: History, proposal: Proposal, reading: _Reading, facts: list[str]) -> str:
    return store.as_json(
        {
            "path": history.path,
            "files": proposal.look.files,
            "facts": facts,
            "columns": _columns(proposal).to_dict("records"),
            "roles": proposal.roles.columns,
            "settings": proposal.settings,
            "evidence": proposal.evidence,
            "decide": proposal.choices,
            "look_at": proposal.traps,
            "refused": str(reading.refusal) if reading.refusal else None,
            "warnings": reading.warnings,
            "revenue_by_month": _by_month(reading.transactions),
        }
    )


def _by_month(transactions: Transactions | None) -> dict[str, float]:
    """Net revenue of each calendar month, in the file's currency."""
    if transactions is None:
        return {}
    purchases: duckdb.DuckDBPyRelation = transactions.purchases
    rows = (
        purchases.aggregate("STRFTIME(order_date, '%Y-%m') AS month, SUM(revenue)::DOUBLE AS revenue")
        .order("month")
        .fetchall()
    )
    return {str(month): float(revenue) for month, revenue in rows}
