"""The ledger as a person asks for it: all of it, one day, or whether it is as it was written."""

from pathlib import Path

import pandas as pd

from clv import hints, store, tracking
from clv.errors import UserError
from clv.outcome import Outcome, Run, Write
from clv.registry import ledger as chain
from clv.registry import ledger_key, ledger_store
from clv.registry.catch_up import catch_up
from clv.registry.standing import Standing
from clv.wording import counted

_SHOWN = ("number", "at", "event", "version", "from", "to", "by", "why", "gates", "entered_by")


def ledger(run: Run, standing: Standing) -> Outcome:
    """Shows every decision about the model, oldest first. With ask.settle a person finishes what another command left half done.

    Raises: UserError: it is not as it was written (ask.verify), or ask.at is not a day.
    """
    ask = run.config.ask
    settled = catch_up(standing, tracking.who, by_a_person=True) if ask.settle else []
    if ask.verify:
        _refuse_changes(standing)
    warnings = settled or catch_up(standing, tracking.who)
    texts = standing.texts
    entries, in_force = chain.entries(texts), standing.entered
    table = pd.DataFrame([_row(entry, texts) for entry in entries], columns=[*_SHOWN, "digest"], dtype=object)
    summary = f"{counted(len(entries), 'entry', 'entries')}, version {chain.current(in_force) or 'none'} in production"
    if ask.verify:
        summary += f"; verified: every entry is as it was written ({_checked(texts)})"
        if entries:
            summary += f", the newest has digest {chain.digest(texts[chain.key(len(entries))])}"
    changes = [f"THE LEDGER IS NOT AS IT WAS WRITTEN: {problem}" for problem in standing.problems()]
    folder = Path(run.config.outputs) / "ledger"
    return Outcome(
        summary + (f". {_at(in_force, ask.at)}" if ask.at else ""),
        table=_as_shown(table),
        warnings=(*warnings, *changes),
        effects=(Write(folder / "ledger.csv", table), Write(folder / "ledger.json", store.as_json(entries))),
    )


def _refuse_changes(standing: Standing) -> None:
    """Raises: UserError: an entry was changed, removed or added, or waits to be finished."""
    name, texts = standing.name, standing.texts
    if problems := standing.problems():
        raise UserError(
            f"The ledger of model {name} is not as it was written, {counted(len(problems), 'problem')}:\n  "
            + "\n  ".join(problems)
            + f"\nHint: restore the tracking store's database from before; the entries as they are now are in `{hints.command('ledger')}`."
        )
    if unsealed := chain.unsealed(texts, ledger_key.secret()):
        raise UserError(f"The ledger holds, but is not finished: {ledger_store.waits(name, unsealed)}")


def _checked(texts: dict[str, str]) -> str:
    """What the entries were held against."""
    key = ledger_key.VARIABLE
    if secret := ledger_key.secret():
        return f"by the chain, the seals and {key}, which vouches for every entry up to {chain.vouched(texts, secret)}"
    return f"by the chain and the seals; {key} is not set here, and whoever may write the store's database could have forged all of them"


def _row(entry: chain.Entry, texts: dict[str, str]) -> dict:
    """What the table shows of an entry; all of it is in outputs/ledger/ledger.json."""
    gates = "despite failed gates" if entry.get("despite_gates") else entry.get("gates", "")
    return {name: entry.get(name) for name in _SHOWN} | {
        "version": ", ".join(entry["versions"]),
        "gates": gates,
        "digest": chain.digest(texts[chain.key(entry["number"])])[:12],
    }


def _as_shown(table: pd.DataFrame) -> pd.DataFrame:
    """What fits a terminal: the minute, what was in production before and after, and who under which account; the digests are in the run."""
    moved = [
        f"{row['from'] or 'none'} to {row['to'] or 'none'}" if row["from"] != row["to"] else row["to"]
        for row in table.to_dict("records")
    ]
    at = [str(moment)[:16].replace("T", " ") for moment in table["at"]]
    by = [f"{name} ({account})" for name, account in zip(table["by"], table["entered_by"], strict=True)]
    shown = table.drop(columns=["from", "to", "entered_by", "digest"]).assign(at=at, by=by)
    shown.insert(4, "production", moved)
    return shown.rename(columns={"number": "no"})


def _at(entries: list[chain.Entry], day: str) -> str:
    """Which version was in production then, and who put it there."""
    try:
        moment = chain.moment_of(day)
    except (ValueError, OverflowError) as error:
        raise UserError(
            f"ask.at={day} is neither a day (YYYY-MM-DD) nor a moment (YYYY-MM-DDTHH:MM:SS, UTC): {error}."
        ) from error
    entry = chain.at(entries, moment)
    when = f"At the end of {day} (UTC)" if len(day) == 10 else f"At {moment.isoformat()}"
    if entry is None or entry["to"] is None:
        return f"{when} no version was in production by the record."
    return (
        f"{when} version {entry['to']} was in production: entry {entry['number']}, {entry['event']} by {entry['by']} on "
        f"{entry['at']}: {entry['why']}"
    )
