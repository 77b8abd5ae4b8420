"""The ledger as a person asks for it: all of it, one day, or whether it is as it was written."""

import pandas as pd

from clv.errors import UserError
from clv.record import Record
from clv.registry import ledger as chain
from clv.registry import ledger_store
from clv.workspace import Workspace

SHOWN = ("number", "at", "event", "version", "from", "to", "by", "why", "gates", "entered_by")


def ledger(work: Workspace) -> Record:
    """Every decision about the model, oldest first.

    Raises: UserError: it is not as it was written (ask.verify), or ask.at is no day.
    """
    name, asked = work.config.tracking.model_name, work.config.ask
    texts = ledger_store.stored(name)  # as they are: before this command finishes what another left half done
    wrong, waiting = ledger_store.problems(name), [chain.in_words(entry) for entry in chain.unsealed(texts)]
    if asked.verify and wrong:
        raise UserError(
            f"The ledger of model {name} is not as it was written, {len(wrong)} problems:\n  "
            + "\n  ".join(wrong)
            + "\nHint: restore "
            "the tracking store's database from before; the entries as they are now are in `mlflow run . -e ledger`."
        )
    if asked.verify and waiting:
        raise UserError(
            f"The ledger of model {name} holds, but is not finished: {', '.join(waiting)} not sealed. Somebody is at it, was interrupted, or "
            "added it by hand.\nHint: look again; if it stays and is right, any other command brings it about."
        )
    known = work.governance.known_decisions
    texts = ledger_store.stored(name)
    table = pd.DataFrame([row(entry) for entry in known], columns=SHOWN, dtype=object)
    table["digest"] = [chain.digest(texts[chain.key(entry["number"])])[:12] for entry in known]
    said = f"{len(known)} entries, version {chain.current(known) or 'none'} in production"
    if asked.verify:
        said += "; verified: every entry is as it was written" + (
            f", the newest has digest {chain.digest(texts[chain.key(len(known))])}" if known else ""
        )
    return Record(
        said + (f". {at(known, asked.at)}" if asked.at else ""),
        artifacts={"ledger.csv": table, "ledger.json": known},
        table=table,
        warnings=tuple(f"THE LEDGER IS NOT AS IT WAS WRITTEN: {problem}" for problem in ledger_store.problems(name)),
        decisions=work.governance.to_enter,
    )


def row(entry: chain.Entry) -> dict:
    """What the table shows of an entry; all of it is in ledger.json in the run."""
    gates = "overridden" if entry.get("override") else entry.get("gates", "")
    return {name: entry.get(name) for name in SHOWN} | {"version": ", ".join(entry["versions"]), "gates": gates}


def at(known: list[chain.Entry], asked: str) -> str:
    """Which version was in production then, and who put it there."""
    try:
        moment = chain.moment_of(asked)
    except (ValueError, OverflowError) as error:
        raise UserError(
            f"ask.at={asked} is neither a day (YYYY-MM-DD) nor a moment (YYYY-MM-DDTHH:MM:SS, UTC): {error}."
        ) from error
    found = chain.at(known, moment)
    when = f"At the end of {asked} (UTC)" if len(asked) == 10 else f"At {moment.isoformat()}"
    if found is None or found["to"] is None:
        return f"{when} no version was in production by the record."
    return f"{when} version {found['to']} was in production: entry {found['number']}, {found['event']} by {found['by']} on {found['at']}: {found['why']}"
