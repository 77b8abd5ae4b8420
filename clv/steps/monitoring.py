"""Now beside the baseline of the version in production: the findings of every check, a verdict, and what a person reads."""

import datetime as dt
from dataclasses import asdict, replace

from clv import hints, progress, windows
from clv.errors import UserError
from clv.history import History
from clv.monitor import Finding, baseline, checks
from clv.monitor.baseline import Baseline
from clv.monitor.diagnosis import diagnosis
from clv.monitor.verdict import ALARM, in_short, verdict
from clv.outcome import Open, Outcome, Run
from clv.registry import alarms, versions
from clv.registry.alarms import Alarm
from clv.registry.production import Production
from clv.registry.versions import Version
from clv.steps import monitoring_files, vintages
from clv.steps.evidence import gathered
from clv.steps.lineage import refuse_stranger
from clv.steps.monitoring_files import Looked
from clv.steps.vintages import Watch
from clv.wording import counted


def monitor(run: Run, history: History, production: Production) -> Outcome:
    """Runs every check on the version in production; nothing is fitted and nothing is changed."""
    watch = Watch(run, history, production)
    version = watch.production.version
    refuse_stranger(version, history)
    base = baseline_of(version)
    limits = checks.limits(asdict(watch.run.config.monitor))
    scores = vintages.matured(watch)
    with progress.doing("gathering evidence"):
        evidence = gathered(watch, base, limits, scores)
    findings = checks.compare(base.parts, evidence, limits)
    decided = verdict(findings, watch.run.config.monitor.alarm_at, evidence.incomplete)
    remark = diagnosis(findings, evidence) if decided.word == ALARM else first_look(watch.history.as_of, base, version)
    if decided.word == ALARM:
        decided = replace(decided, reasons=(*decided.reasons, remark))
    elif remark:
        decided = replace(decided, reasons=(remark, *decided.reasons))
    with progress.doing("drawing pages"):
        outputs = monitoring_files.files(watch, Looked(base, evidence, findings, limits, decided, remark))
    in_one_line = remark if remark and decided.word != ALARM else in_short(decided, findings)
    waiting = alarms.waiting(version)
    alarm = Alarm(version.name, version.number, watch.history.as_of.isoformat(), list(decided.reasons))
    return Outcome(
        f"{decided.word.upper()}: {in_one_line} (read {outputs.page} first)",
        title=f"{decided.word}, version {version.number}, as of {watch.history.as_of}",
        outputs=outputs.by_path,
        artifacts=vintages.artifacts(scores),
        metrics=_metrics(findings) | {"open_alarms": len(waiting) + (decided.word == ALARM)},
        series={name: values for finding in findings.values() for name, values in finding.series.items()},
        warnings=(*((production.warning,) if production.warning else ()), *_by_month(history)),
        tags=watch.production.tags(watch.history.as_of)
        | {"verdict": decided.word, "verdict_reasons": " ".join(decided.reasons)[:4000]},
        lines=_still_open(waiting),
        effects=(Open(alarm),) if decided.word == ALARM else (),
    )


def _still_open(waiting: list[str]) -> tuple[str, ...]:
    """What a person does about alarms of earlier looks. waiting: the runs that opened them."""
    if not waiting:
        return ()
    verb = "waits" if len(waiting) == 1 else "wait"
    sentence = f"{counted(len(waiting), 'alarm')} of earlier looks {verb} for a person:"
    return (sentence, *(f"  {hints.acknowledge(run_id)}" for run_id in waiting))


def baseline_of(version: Version) -> Baseline:
    """Returns the baseline of the version, from its run.

    Raises: UserError: it is missing, was changed, or is not whole.
    """
    folder = versions.verified(version, versions.BASELINE)
    try:
        return baseline.load(folder)
    except UserError as error:
        raise UserError(f"Version {version.number} of model {version.name}: {error}\n{hints.another()}") from error


def first_look(as_of: dt.date, base: Baseline, version: Version) -> str:
    """Returns from when on there is something new to compare, where the version has seen nearly all of it; else nothing."""
    window = min([*version.definition.windows_days, version.horizon_days])
    new_window, new_horizon = (base.as_of + dt.timedelta(days=days) for days in (window, version.horizon_days))
    if as_of >= new_window:
        return ""
    return (
        f"First look: nothing to compare with until {new_window}, because version {version.number} was trained on the purchases before "
        f"{base.as_of}; its errors can be judged from {new_horizon} on."
    )


def _by_month(history: History) -> tuple[str, ...]:
    """Why a change may be the calendar's, if so."""
    day = windows.day_of_month(history.purchases)
    if day is None:
        return ()
    return (
        f"orders are dated by month, on day {day}: windows of days hold more or fewer of these days as the month goes on, so a change of "
        f"recency, gaps, windows or errors may be the calendar's. Compare on the same day of the month: window.as_of={history.as_of:%Y-%m}-"
        f"{min(day + 1, 28):02d}.",
    )


def _metrics(findings: dict[str, Finding]) -> dict[str, float]:
    """Every figure that the UI charts over the runs, and each status as a number."""
    levels = {"insufficient": -1, "stable": 0, "warn": 1, "alert": 2}
    statuses = {f"status/{name}": float(levels[finding.status]) for name, finding in findings.items()}
    return statuses | {name: value for finding in findings.values() for name, value in finding.metrics.items()}
