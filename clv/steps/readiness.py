"""The checklist of docs/, checked as far as a program can; the rest is asked of a person by name."""

import datetime as dt
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from clv import alerts, data
from clv.errors import UserError
from clv.monitor import baseline
from clv.record import Record
from clv.registry import alarms, ledger, ledger_store, reviews, versions
from clv.tracking import server
from clv.workspace import RANKED, Workspace

CHECKLIST = Path(__file__).parents[2] / "docs" / "launch_readiness_checklist.md"
OK, FAILED, ASKS = "ok", "FAILED", "asks"
TEST_MESSAGE = "Test message of the CLV engine's readiness check. Nothing has to be done."


def readiness(work: Workspace) -> Record:
    """One row a line of the checklist; the run fails while a line that a program checks does not hold."""
    table = pd.DataFrame(
        [
            {"line": name, "holds when": text} | answer(work, name, who)
            for name, text, who in lines(CHECKLIST.read_text())
        ]
    )
    counts = {status: int((table["status"] == status).sum()) for status in (OK, FAILED, ASKS)}
    failed = table.loc[table["status"] == FAILED, "line"]
    said = f"{counts[OK]} lines hold, {counts[FAILED]} do not, {counts[ASKS]} are for a person to answer"
    return Record(
        said,
        artifacts={"readiness.csv": table},
        metrics={f"readiness/{status.lower()}": count for status, count in counts.items()},
        table=table.drop(columns="holds when"),
        refused=UserError(
            f"{said}. Not ready: {', '.join(failed)}.\nHint: each line is explained in docs/{CHECKLIST.name}."
        )
        if len(failed)
        else None,
    )


def lines(text: str) -> list[tuple[str, str, str]]:
    """Name, sentence, and who checks, of each row of the checklist's table."""
    rows = re.findall(r"^\| (.+?) \| (.+?) \| (\w+) \|$", text, re.M)
    return [(name, said, who) for name, said, who in rows if who != "by"]


def answer(work: Workspace, name: str, who: str) -> dict[str, str]:
    """status, and what was found."""
    if who == "program":
        try:
            with server.readable():
                return {"status": OK, "found": CHECKS[name](work)}
        except (UserError, OSError) as error:
            return {"status": FAILED, "found": " ".join(str(error).splitlines()[:1])}
    person = getattr(work.config.readiness.people, who)
    if not person:
        return {"status": FAILED, "found": f"nobody is named to answer: readiness.people.{who}=NAME"}
    return {"status": ASKS, "found": f"{person} ({who}) answers"}


def purchases(work: Workspace) -> str:
    found = work.transactions
    if said := data.refusal(found, work.limits, work.config.data.path):
        raise said
    return f"{found.quality.rows:,} rows, {found.quality.rejected_rows:,} rejected"


def history(work: Workspace) -> str:
    if not work.plan.training:
        raise UserError(
            f"the history from {work.first_day} is shorter than two horizons: nothing can be learnt from labels"
        )
    return f"{len(work.plan.training)} training cutoffs, evaluation at {work.plan.evaluation}"


def fresh_data(work: Workspace) -> str:
    return recent(work, dt.date.fromisoformat(work.transactions.quality.last_day), "the newest order is of")


def recent(work: Workspace, day: dt.date, said: str) -> str:
    age, most = (work.now.date() - day).days, work.config.readiness.max_age_days
    if not age <= most:
        raise UserError(f"{said} {day}, {age} days ago; readiness.max_age_days={most}")
    return f"{said} {day}"


def production(work: Workspace) -> str:
    versions.load(work.production)
    return f"version {work.production.number}, {len(versions.recorded_files(work.production))} files verified"


def known_baseline(work: Workspace) -> str:
    found = baseline.load(versions.verified(work.production, versions.BASELINE))
    return f"{found.customers:,} customers, {len(found.sketches)} columns"


def reviewed(work: Workspace) -> str:
    number, newest = work.production.number, ledger.newest_move(work.governance.known_decisions)
    promoted = ledger.approved(work.governance.known_decisions, number)
    if work.governance.unrecorded or promoted is None or newest["event"] == ledger.OUTSIDE:
        raise UserError(
            f"nobody put version {number} into production through a review: {reviews.REVIEW.format(version=number)}, then promote it"
        )
    return f"{promoted['event']} by {promoted['by']} on {promoted['at']}" + (
        ", gates overridden" if promoted.get("override") else ""
    )


def whole_ledger(work: Workspace) -> str:
    name = work.config.tracking.model_name
    if wrong := ledger_store.problems(name):
        raise UserError(f"{len(wrong)} problems: {wrong[0]}")
    if work.governance.unrecorded:
        raise UserError(f"it does not know that version {work.governance.unrecorded.to} is in production")
    return f"{len(work.governance.known_decisions)} entries verified"


def monitored(work: Workspace) -> str:
    found = reviews.last_verdict(work.production)
    if found is None:
        raise UserError(f"it has not looked at version {work.production.number}: mlflow run . -e monitor")
    if waiting := alarms.waiting(work.production):
        raise UserError(f"{len(waiting)} reviews are open: {alarms.ACKNOWLEDGE.format(run_id=waiting[0])}")
    return f"{found['verdict']} as of {found['as_of']}"


def outputs(work: Workspace) -> str:
    newest = work.table(RANKED, "score").iloc[0]
    if newest["model_version"] != work.production.number:
        raise UserError(
            f"made by version {newest['model_version']}; version {work.production.number} is in production: mlflow run . -e score"
        )
    return recent(work, dt.date.fromisoformat(newest["as_of"]), f"by version {newest['model_version']}, as of")


def delivered(work: Workspace) -> str:
    chosen = work.config.alerts
    if not chosen.url_variables:
        raise UserError('nobody is alerted: overrides="alerts=apprise", and addresses in CLV_ALERT_URLS')
    found = alerts.send(chosen.url_variables, "CLV engine: test message", TEST_MESSAGE)
    if found.problems:
        raise UserError("; ".join(found.problems))
    return f"a test message went to {found.delivered} addresses"


def disk(work: Workspace) -> str:
    folder = next(
        path
        for path in (Path(work.config.outputs).absolute(), *Path(work.config.outputs).absolute().parents)
        if path.exists()
    )
    free, least = shutil.disk_usage(folder).free / 1e9, work.config.readiness.min_free_gb
    if not free >= least:
        raise UserError(f"{free:.1f} GB are free; readiness.min_free_gb={least:g}")
    return f"{free:.0f} GB are free"


CHECKS: dict[str, Callable[[Workspace], str]] = {
    "data": purchases,
    "history": history,
    "fresh data": fresh_data,
    "production": production,
    "baseline": known_baseline,
    "reviewed": reviewed,
    "ledger": whole_ledger,
    "monitor": monitored,
    "outputs": outputs,
    "alerts": delivered,
    "disk": disk,
}
