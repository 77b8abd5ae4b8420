"""Now beside the baseline of the version in production: the findings of every check, a verdict, and what a person reads."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import pandas as pd

from clv import model, reports
from clv.errors import Code, InputError, UserError
from clv.monitor import Finding, baseline, checks, sketches
from clv.monitor.baseline import Baseline
from clv.monitor.evidence import ACTUAL, PREDICTED, Evidence, Matured, Vintage
from clv.monitor.verdict import ALARM, PERSON_DECIDES, Verdict, in_short, verdict
from clv.record import Record, Review
from clv.registry import aliases, versions
from clv.registry.alarms import ACKNOWLEDGE
from clv.registry.aliases import Version
from clv.steps import vintages
from clv.workspace import Workspace


def monitor(work: Workspace) -> Record:
    """Runs every check on the version in production; nothing is fitted and nothing is changed."""
    version, base = work.production, _baseline(work.production)
    limits = checks.limits(asdict(work.config.monitor))
    scores = vintages.matured(work)
    evidence = look(work, base, limits, scores)
    findings = checks.compare(base.parts, evidence, limits)
    decided = verdict(findings, work.config.monitor.alarm_at)
    outputs = _reports(work, base, evidence, findings, decided)
    names = {name: "monitoring/" + name.replace(".", f"_{work.stamp}.") for name in outputs}
    alarm = Review(version.name, version.number, work.as_of.isoformat(), list(decided.reasons))
    return Record(
        f"{decided.word.upper()}: {in_short(decided, findings)} (read {names['monitoring.html']} first)",
        title=f"{decided.word}, version {version.number}, as of {work.as_of}",
        outputs={names[name]: content for name, content in outputs.items()},
        artifacts=vintages.artifacts(scores),
        metrics=_metrics(findings),
        series={name: values for finding in findings.values() for name, values in finding.series.items()},
        decisions=work.governance.to_enter,
        tags=work.production_tags | {"verdict": decided.word, "verdict_reasons": " ".join(decided.reasons)[:4000]},
        review=alarm if decided.word == ALARM else None,
    )


def _baseline(version: Version) -> Baseline:
    """Returns the baseline of the version, from its run.

    Raises: UserError: it is missing, was changed, or is not whole.
    """
    folder = versions.verified(version, versions.BASELINE)
    try:
        return baseline.load(folder)
    except UserError as error:
        raise UserError(f"Version {version.number} of model {version.name}: {error}\n{aliases.ANOTHER}") from error


def look(work: Workspace, base: Baseline, limits: Mapping[str, Any], scores: list[Vintage] | None) -> Evidence:
    """Returns everything that the checks look at.

    Args:   limits: of checks.limits().
            scores: of vintages.matured().
    Raises: InputError: no customer ordered in the days that the baseline covers.
    """
    days, number = base.facts["history_days"], work.production.number
    scored = work.watched(work.as_of, days)
    if scored.empty:
        raise InputError(
            Code.NO_CUSTOMERS,
            what=f"No customer ordered in the {days} days before {work.as_of}; there is nothing to compare with the baseline of "
            f"version {number}",
            fix="check the dates of the history, or choose another window.as_of",
        )
    sample = work.sample(scored, work.config.monitor.shap_drift.customers)
    return Evidence(
        version=number,
        sketches=base.sketches,
        columns=checks.columns(base.sketches, scored, work.config.features.moving, limits),
        scored=scored,
        contributions=model.contributions(work.production_model, sample),
        matured=_matured(work, days),
        vintages=scores,
        too_short=_too_short(work, days),
    )


def _too_short(work: Workspace, days: int) -> str:
    """Why the history cannot be compared with the baseline, if so. days: of history that the baseline saw."""
    there = (work.as_of - work.first_day).days
    if there >= work.config.monitor.least_history * days:
        return ""
    begin = work.as_of - dt.timedelta(days=days)
    return (
        f"The history has {there} days before {work.as_of}, and version {work.production.number} was measured on {days}: hand over "
        f"purchases from {begin} on, or train a version on this history."
    )


def _matured(work: Workspace, history_days: int) -> Matured:
    """The newest window whose revenue has come in. Revenue that the version learnt from is refused."""
    horizon = work.production.facts["horizon_days"]
    cutoff = work.as_of - dt.timedelta(days=horizon)
    same_data = work.transactions.quality["sha256"] == work.production.facts["data_sha256"]
    nothing_new = same_data and cutoff == work.learnt_until
    if why_not := _immature(work, cutoff, horizon):
        return Matured(cutoff, why_not=why_not, tells_nothing_new=nothing_new)
    table = work.with_actual(work.watched(cutoff, history_days), cutoff, horizon)
    if len(table) < work.config.monitor.min_customers:
        few = f"Errors are not judged: {len(table)} customers had ordered before {cutoff}, too few to judge by."
        return Matured(cutoff, why_not=few, tells_nothing_new=nothing_new)
    intervals = work.intervals(table[ACTUAL], table[PREDICTED].to_numpy())
    return Matured(cutoff, table, intervals=intervals, tells_nothing_new=nothing_new)


def _immature(work: Workspace, cutoff: dt.date, horizon: int) -> str:
    """Why no error can be judged from this cutoff on, if so."""
    learnt, silent = work.learnt_until, work.silent_days(work.as_of)
    if cutoff < learnt:
        return (
            f"Labels not matured until {learnt + dt.timedelta(days=horizon)}: version {work.production.number} learnt from revenue up "
            f"to {learnt}, and the newest window of {horizon} days begins {cutoff}."
        )
    if silent > work.config.window.max_silent_days:
        return f"Errors are not judged: there is no order in the {silent} days before {work.as_of}; is the history complete?"
    return ""


def _reports(
    work: Workspace, base: Baseline, evidence: Evidence, findings: dict[str, Finding], decided: Verdict
) -> dict[str, Any]:
    """File name -> content: those of the checks, the summary, and the pages."""
    version, head = work.production, _head(work, base, decided)
    where = {name: head[name] for name in ("model_version", "as_of")}
    made = {name: content for finding in findings.values() for name, content in finding.reports.items()}
    summary = {
        name: {"status": finding.status, "reason": finding.reason, "figures": finding.figures}
        for name, finding in findings.items()
    }
    shown = reports.Monitored(
        model=version.name,
        version=version.number,
        as_of=work.as_of,
        verdict=decided.word,
        baseline_cutoff=base.facts["evaluation_cutoff"],
        baseline_customers=base.customers,
        history_days=base.facts["history_days"],
    )
    return {
        **{
            name: content.assign(**where) if isinstance(content, pd.DataFrame) else head | content
            for name, content in made.items()
        },
        "monitoring_summary.json": head | {"checks": summary},
        "monitoring.html": reports.monitoring_page(shown, findings, ACKNOWLEDGE.format(run_id="RUN")),
        **_evidently_pages(work, base, evidence),
    }


def _head(work: Workspace, base: Baseline, decided: Verdict) -> dict[str, Any]:
    """The head of every JSON report."""
    return {
        "verdict": decided.word,
        "reasons": list(decided.reasons),
        "decision": PERSON_DECIDES,
        "model": work.production.name,
        "model_version": work.production.number,
        "as_of": work.as_of.isoformat(),
        "baseline_cutoff": base.facts["evaluation_cutoff"],
        "history_days": base.facts["history_days"],
    }


def _evidently_pages(work: Workspace, base: Baseline, evidence: Evidence) -> dict[str, str]:
    """Drift of features and predictions, and where revenue has come in, the quality of the regression."""
    most, version = work.config.monitor.report_customers, work.production
    reference, current = _in_cells(base, work.sample(evidence.scored, most), most)
    named = f"Version {version.number} of model {version.name}"
    title = f"{named}: customers as of {work.as_of} (current) against its baseline of {base.facts['evaluation_cutoff']} (reference)"
    pages = {"evidently.html": reports.drift_page(reference, current, evidence.columns, title)[0]}
    if evidence.matured.table is not None:
        sample = work.sample(evidence.matured.table[[ACTUAL, PREDICTED]], most)
        rows = sample.set_axis(["target", "prediction"], axis=1).astype("float64")
        hidden = rows.apply(lambda side: sketches.snapped(sketches.sketch(side.to_numpy()), side.to_numpy()))
        title = f"{named}: predicted and actual revenue of the newest matured customers"
        pages["evidently_regression.html"] = reports.regression_page(hidden, title)
    return pages


def _in_cells(base: Baseline, scored: pd.DataFrame, most: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Both sides as rows in the cells of the baseline's sketches, so that no row of a customer is shown."""
    shared = {name: sketch for name, sketch in base.sketches.items() if name in scored}
    reference = {name: pd.Series(sketches.rows(sketch, sketch.cells, most)) for name, sketch in shared.items()}
    current = {name: sketches.snapped(sketch, scored[name].to_numpy("float64")) for name, sketch in shared.items()}
    return pd.DataFrame(reference), pd.DataFrame(current)


def _metrics(findings: dict[str, Finding]) -> dict[str, float]:
    """Every figure that the UI charts over the runs, and each status as a number."""
    levels = {"insufficient": -1, "stable": 0, "warn": 1, "alert": 2}
    statuses = {f"status/{name}": float(levels[finding.status]) for name, finding in findings.items()}
    return statuses | {name: value for finding in findings.values() for name, value in finding.metrics.items()}
