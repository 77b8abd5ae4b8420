"""Purchases in, features out."""

import datetime as dt
from contextlib import suppress
from pathlib import Path
from typing import Any

import pandas as pd

from clv import data, store
from clv import simulate as simulation
from clv.errors import InputError, UserError
from clv.record import Record
from clv.workspace import FEATURES, Workspace


def simulate(work: Workspace) -> Record:
    """Write a purchase history with known true CLV; a file with other content is never overwritten."""
    chosen = work.config.simulate
    history, truth = simulation.simulate(chosen.customers, chosen.first_day, chosen.days, work.config.seed)
    path, text = Path(chosen.path), history.to_csv(index=False)
    if path.exists() and path.read_text() != text:
        raise UserError(
            f"{path} exists and holds something else; nothing was written."
            "\nHint: choose another simulate.path, or move that file away."
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    end = (dt.date.fromisoformat(chosen.first_day) + dt.timedelta(days=chosen.days)).isoformat()
    clv = simulation.true_clv(truth, chosen.first_day, end, work.config.window.horizon_days).reset_index()
    return Record(
        f"{len(history):,} rows of {history['customer_id'].nunique():,} customers in {path}",
        artifacts={f"true_clv_{end}.csv": clv},
        metrics={"rows": len(history)},
    )


def read(work: Workspace) -> Record:
    """The purchase history, typed and checked. The rejects and the counts are kept even when the run is refused."""
    path = work.config.data.path
    try:
        found = work.transactions
    except InputError as error:
        return refused(work, error)
    error = data.refusal(found, work.limits, path)
    said = data.warnings(found, work.limits)
    quality = found.quality
    report = {"path": path} | quality.as_dict() | {"warnings": said, "refused": str(error) if error else None}
    counts = {f"data_{name}": str(report[name]) for name in ("rows", "rejected_rows", "return_rows", "customers")}
    return Record(
        f"{quality.rows:,} rows, {quality.customers_with_an_order:,} customers with an order, {quality.first_day} to {quality.last_day}, "
        f"{quality.rejected_rows:,} rows rejected",
        artifacts=kept(work, found.rejected, report),
        tags={"data_sha256": quality.sha256} | counts,
        dataset=work.dataset,
        warnings=tuple(said),
        refused=error,
    )


def refused(work: Workspace, error: InputError) -> Record:
    """No row was counted: the file is no table, or a whole column could mean two things."""
    path = Path(work.config.data.path)
    quality: dict = {"path": str(path), "refused": str(error)}
    with suppress(OSError, ValueError):
        if path.is_file():
            quality |= {"bytes": path.stat().st_size, "sha256": data.digest(path)}
    rejected = pd.DataFrame(columns=["line", "column", "value", "reason"])
    tags = {"data_sha256": quality["sha256"]} if "sha256" in quality else {}
    return Record("the history is refused", artifacts=kept(work, rejected, quality), tags=tags, refused=error)


def kept(work: Workspace, rejected: pd.DataFrame, quality: dict) -> dict[str, Any]:
    """Written to outputs, refused or not; and what the run is to log."""
    folder = Path(work.config.outputs) / store.QUALITY
    store.replace(folder / "rejected_rows.csv", rejected)
    store.replace(folder / "data_quality.json", store.as_json(quality))
    return {f"{store.QUALITY}/rejected_rows.csv": rejected, f"{store.QUALITY}/data_quality.json": quality}


def features(work: Workspace) -> Record:
    """The feature table at the as-of date."""
    table = work.snapshot(work.as_of, work.definition(work.plan))
    return Record(
        f"{len(table):,} customers x {table.shape[1] - 2} features as of {work.as_of}",
        outputs={FEATURES: table.assign(as_of=work.as_of.isoformat())},
        artifacts={f"outputs/{FEATURES}": work.loggable(table).assign(as_of=work.as_of.isoformat())},
    )
