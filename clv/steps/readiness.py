"""The checklist of docs/, checked as far as a program can; the rest is asked of a person by name."""

import datetime as dt
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from clv import alerts, data, hints, settings
from clv.config import People
from clv.errors import UserError
from clv.history import History
from clv.monitor import baseline
from clv.outcome import RANKED, Outcome, Run, Write
from clv.registry import alarms, ledger, ledger_store, reviews, versions
from clv.registry.production import Production
from clv.registry.standing import Standing
from clv.wording import counted

CHECKLIST = Path(__file__).parents[2] / "docs" / "launch_readiness_checklist.md"
_OK, _FAILED, _ASKS, _UNNAMED = "ok", "FAILED", "asks", "unnamed"
_TEST_MESSAGE = "Test message of the CLV engine's readiness check. Nothing has to be done."


@dataclass(frozen=True)
class Asked:
    """What the lines of the checklist are checked against."""

    run: Run
    history: History
    production: Production
    standing: Standing


def readiness(run: Run, history: History, production: Production, standing: Standing) -> Outcome:
    """Checks each line of the checklist; the run fails while a line that a program checks does not hold."""
    asked = Asked(run, history, production, standing)
    rows = [
        {"line": name, "holds when": text} | _answer(asked, name, who)
        for name, text, who in lines(CHECKLIST.read_text())
    ]
    table = pd.DataFrame(rows)
    counts = {status: int((table["status"] == status).sum()) for status in (_OK, _FAILED, _ASKS, _UNNAMED)}
    summary = _in_words(counts)
    failed = ", ".join(table.loc[table["status"] == _FAILED, "line"])
    problems = [f"Not ready: {failed}."] if failed else []
    if counts[_UNNAMED]:
        problems.append(
            f"Nobody is named to answer {counted(counts[_UNNAMED], 'line')}: {_naming(run.config.readiness.people)}."
        )
    refusal = UserError(f"{summary}. {' '.join(problems)}\nHint: each line is explained in docs/{CHECKLIST.name}.")
    return Outcome(
        summary,
        metrics={f"readiness/{status.lower()}": count for status, count in counts.items()},
        table=table.drop(columns="holds when"),
        effects=(Write(Path(run.config.outputs) / "readiness" / "readiness.csv", table),),
        refused=refusal if problems else None,
    )


def _in_words(counts: dict[str, int]) -> str:
    holding, failed = counted(counts[_OK], "line"), counts[_FAILED]
    asked = counts[_ASKS] + counts[_UNNAMED]
    return (
        f"{holding} {'holds' if counts[_OK] == 1 else 'hold'}, {failed} {'does' if failed == 1 else 'do'} not, {asked} "
        f"{'is' if asked == 1 else 'are'} for a person to answer"
    )


def _naming(people: People) -> str:
    """How those who are missing are named."""
    return " ".join(f"readiness.people.{who}=NAME" for who, name in vars(people).items() if not name)


def lines(text: str) -> list[tuple[str, str, str]]:
    """Returns name, sentence, and who checks, of each row of the checklist's table."""
    rows = re.findall(r"^\| (.+?) \| (.+?) \| (\w+) \|$", text, re.M)
    return [(name, sentence, who) for name, sentence, who in rows if who != "by"]


def _answer(asked: Asked, name: str, who: str) -> dict[str, str]:
    """status, and what was found."""
    if who == "program":
        try:
            return {"status": _OK, "found": CHECKS[name](asked)}
        except (UserError, OSError) as error:
            return {"status": _FAILED, "found": " ".join(str(error).splitlines()[:1])}
    person = getattr(asked.run.config.readiness.people, who)
    if not person:
        return {"status": _UNNAMED, "found": f"nobody is named to answer: readiness.people.{who}=NAME"}
    return {"status": _ASKS, "found": f"{person} ({who}) answers"}


def _purchases(asked: Asked) -> str:
    transactions = asked.history.transactions
    if error := data.refusal(transactions, settings.data_limits(asked.run.config), asked.history.path):
        raise error
    return f"{counted(transactions.quality.rows, 'row')}, {transactions.quality.rejected_rows:,} rejected"


def _length(asked: Asked) -> str:
    plan = settings.plan(asked.run.config, asked.history)
    if not plan.training:
        raise UserError(
            f"the history from {plan.first_day} is shorter than two horizons: nothing can be learnt from labels"
        )
    return f"{len(plan.training)} training cutoffs, evaluation at {plan.evaluation}"


def _fresh_data(asked: Asked) -> str:
    return _recent(asked, asked.history.last_day, "the newest order is of")


def _recent(asked: Asked, day: dt.date, words: str) -> str:
    age, most = (asked.run.now.date() - day).days, asked.run.config.readiness.max_age_days
    if not age <= most:
        raise UserError(f"{words} {day}, {counted(age, 'day')} ago; readiness.max_age_days={most}")
    return f"{words} {day}"


def _production(asked: Asked) -> str:
    version = asked.production.version
    versions.load(version)
    return f"version {version.number}, {counted(len(versions.recorded_files(version)), 'file')} verified"


def _baseline(asked: Asked) -> str:
    base = baseline.load(versions.verified(asked.production.version, versions.BASELINE))
    return f"{base.customers:,} customers, {len(base.sketches)} columns"


def _reviewed(asked: Asked) -> str:
    number, decisions = asked.production.version.number, asked.standing.decisions
    newest, promotion = ledger.newest_move(decisions), ledger.approved(decisions, number)
    if _unrecorded(asked) or promotion is None or newest is None or newest["event"] == ledger.OUTSIDE:
        raise UserError(
            f"nobody put version {number} into production through a review: {hints.review(number)}, then promote it"
        )
    despite = ", despite failed gates" if promotion.get("despite_gates") else ""
    return f"{promotion['event']} by {promotion['by']} on {promotion['at']}{despite}"


def _unrecorded(asked: Asked) -> bool:
    """Whether somebody moved the alias with other means than this engine's, and no entry says so."""
    return asked.standing.production_number != ledger.current(asked.standing.decisions)


def _ledger(asked: Asked) -> str:
    if problems := asked.standing.problems():
        raise UserError(f"{counted(len(problems), 'problem')}: {problems[0]}")
    if waiting := asked.standing.waiting:
        raise UserError(ledger_store.waits(asked.standing.name, waiting))
    if _unrecorded(asked):
        raise UserError(f"it does not know that version {asked.standing.production_number} is in production")
    return f"{counted(len(asked.standing.decisions), 'entry', 'entries')} verified"


def _monitored(asked: Asked) -> str:
    version = asked.production.version
    newest = reviews.last_verdict(version)
    if newest is None:
        raise UserError(f"it has not looked at version {version.number}: {hints.command('monitor')}")
    if waiting := alarms.waiting(version):
        raise UserError(f"{_open_alarms(len(waiting))}: {hints.acknowledge(waiting[0])}")
    return f"{newest['verdict']} as of {newest['as_of']}"


def _open_alarms(number: int) -> str:
    return f"{counted(number, 'alarm')} {'is' if number == 1 else 'are'} open"


def _outputs(asked: Asked) -> str:
    newest, number = asked.run.table(RANKED, "score").limit(1).df().iloc[0], asked.production.version.number
    if newest["model_version"] != number:
        raise UserError(
            f"made by version {newest['model_version']}; version {number} is in production: {hints.command('score')}"
        )
    return _recent(asked, dt.date.fromisoformat(newest["as_of"]), f"by version {newest['model_version']}, as of")


def _alerts(asked: Asked) -> str:
    variables = asked.run.config.alerts.url_variables
    if not variables:
        raise UserError('nobody is alerted: overrides="alerts=apprise", and addresses in CLV_ALERT_URLS')
    delivery = alerts.send(variables, "CLV engine: test message", _TEST_MESSAGE)
    if delivery.problems:
        raise UserError("; ".join(delivery.problems))
    return f"a test message went to {counted(delivery.delivered, 'address', 'addresses')}"


def _disk(asked: Asked) -> str:
    outputs = Path(asked.run.config.outputs).absolute()
    folder = next(path for path in (outputs, *outputs.parents) if path.exists())
    free, least = shutil.disk_usage(folder).free / 1e9, asked.run.config.readiness.min_free_gb
    if not free >= least:
        raise UserError(f"{free:.1f} GB are free; readiness.min_free_gb={least:g}")
    return f"{free:.0f} GB are free"


CHECKS: dict[str, Callable[[Asked], str]] = {
    "data": _purchases,
    "history": _length,
    "fresh data": _fresh_data,
    "production": _production,
    "baseline": _baseline,
    "reviewed": _reviewed,
    "ledger": _ledger,
    "monitor": _monitored,
    "outputs": _outputs,
    "alerts": _alerts,
    "disk": _disk,
}
