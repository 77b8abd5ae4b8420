"""The files of one look of the monitor: those of the checks, the summary, and the pages."""

from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd

from clv import features, hints, reports, tracking
from clv.errors import Unreachable
from clv.monitor import Finding, feature_drift, sketches
from clv.monitor.baseline import Baseline
from clv.monitor.evidence import ACTUAL, PREDICTED, Evidence
from clv.monitor.held import held
from clv.monitor.stored_scores import PerformanceOverTime
from clv.monitor.verdict import ALARM, PERSON_DECIDES, Verdict
from clv.registry import alarms, looks
from clv.steps.vintages import Watch

_TWO_YEARS = 728  # days
_EARLIER = 12  # looks that the page lists
_FILES = {  # name -> what a person finds in it
    "feature_drift_report.csv": "every column with its distances, tests, limits and quantiles",
    "prediction_drift_report.json": "the errors on both sides, with their limits",
    "monitoring_summary.json": "verdict, reasons, and the figures of every check, for programs",
    "evidently.html": "Evidently's pictures of the columns that are judged, those that moved first",
    "evidently_regression.html": "Evidently's page of the errors",
}


@dataclass(frozen=True)
class Looked:
    """One look of the monitor: the baseline, what was seen, what the checks found by their limits, and the verdict.

    remark: what an alarm looks like, or that this is the first look; may be empty.
    """

    base: Baseline
    evidence: Evidence
    findings: dict[str, Finding]
    limits: dict[str, Any]
    decided: Verdict
    remark: str


@dataclass(frozen=True)
class Files:
    """Path below the outputs -> content, and the path of the page that a person reads first."""

    by_path: dict[str, Any]
    page: str


def files(watch: Watch, look: Looked) -> Files:
    """Returns all files of the look; their names end in the time of the run."""
    contents = _for_programs(watch, look) | _evidently_pages(watch, look)
    stamped = {name: name.replace(".", f"_{watch.run.stamp}.") for name in [*contents, "monitoring.html"]}
    contents["monitoring.html"] = _page(watch, look, {name: stamped[name] for name in contents})
    by_path = {f"monitoring/{stamped[name]}": content for name, content in contents.items()}
    return Files(by_path, f"monitoring/{stamped['monitoring.html']}")


def _for_programs(watch: Watch, look: Looked) -> dict[str, Any]:
    """File name -> content: those of the checks, with the head of the summary, and the summary."""
    head = _head(watch, look)
    where = {name: head[name] for name in ("model_version", "as_of")}
    made = {name: content for finding in look.findings.values() for name, content in finding.reports.items()}
    summary = {
        name: {"status": finding.status, "reason": finding.reason, "figures": finding.figures}
        for name, finding in look.findings.items()
    }
    return {
        **{
            name: content.assign(**where) if isinstance(content, pd.DataFrame) else head | content
            for name, content in made.items()
        },
        "monitoring_summary.json": head | {"open_alarms": _open_alarms(watch, look), "checks": summary},
    }


def _head(watch: Watch, look: Looked) -> dict[str, Any]:
    """The head of every JSON report."""
    return {
        "verdict": look.decided.word,
        "reasons": list(look.decided.reasons),
        "decision": PERSON_DECIDES,
        "model": watch.production.version.name,
        "model_version": watch.production.version.number,
        "as_of": watch.history.as_of.isoformat(),
        "baseline_as_of": look.base.facts["as_of"],
        "baseline_cutoff": look.base.facts["evaluation_cutoff"],
        "history_days": look.base.days,
    }


def _open_alarms(watch: Watch, look: Looked) -> list[str]:
    """The runs whose alarms about the version wait for a person, this one's as well; of a run that the server does not have yet there is none."""
    own = [tracking.current().run_id] if look.decided.word == ALARM else []
    return [run_id for run_id in [*alarms.waiting(watch.production.version), *own] if run_id]


def _page(watch: Watch, look: Looked, stamped: dict[str, str]) -> str:
    """The page that a person reads. stamped: file -> its name beside the page."""
    version, base = watch.production.version, look.base
    monitored = reports.Monitored(
        model=version.name,
        version=version.number,
        as_of=watch.history.as_of,
        verdict=look.decided.word,
        baseline_as_of=base.facts["as_of"],
        baseline_customers=base.customers,
        customers=len(look.evidence.scored),
        all_customers=watch.history.customers(watch.history.as_of),
        measured_cutoff=base.facts["evaluation_cutoff"],
        history_days=base.days,
        money=_money(watch),
        amounts=watch.history.money,
    )
    section = PerformanceOverTime.section
    around = reports.Around(
        remark=look.remark,
        held=held(base.parts.get(section, {}), look.evidence, watch.production.horizon_days, look.limits[section]),
        weeks=features.by_week(watch.history.purchases, watch.history.as_of, watch.history.first_day),
        data=_about_the_file(watch),
        columns=feature_drift.in_order(look.evidence.columns),
        earlier=_earlier(version.name),
        files={_FILES.get(name, "of a check"): stamp for name, stamp in stamped.items()},
    )
    acknowledge = hints.acknowledge(tracking.current().run_id)
    return reports.monitoring_page(monitored, look.findings, acknowledge, around)


def _money(watch: Watch) -> reports.Money:
    return reports.Money(watch.run.config.data.currency)


def _about_the_file(watch: Watch) -> tuple[str, ...]:
    """Whether the file looks whole."""
    quality, history = watch.history.quality, watch.history
    silent = max(history.silent_days(history.as_of), 0)
    return (
        f"The file has {quality.rows:,} rows from {history.first_day} to {history.last_day}; {quality.rejected_rows:,} were rejected, and "
        f"{silent} days before {history.as_of} have no row. Weeks end the day before {history.as_of}; a year before is 52 weeks before"
        + (", as far as the history reaches back." if (history.as_of - history.first_day).days < _TWO_YEARS else "."),
    )


def _earlier(name: str) -> pd.DataFrame | None:
    """The looks before this one; None where the server does not answer."""
    try:
        return pd.DataFrame([asdict(look) for look in looks.earlier(name, _EARLIER)])
    except Unreachable:
        return None


def _evidently_pages(watch: Watch, look: Looked) -> dict[str, str]:
    """Drift of features and predictions; where it is wanted and revenue has come in, the quality of the regression."""
    section, version = watch.run.config.monitor, watch.production.version
    if section.evidently == "off":
        return {}
    base, as_of = look.base, watch.history.as_of
    sample = watch.run.sample(look.evidence.scored, section.report_customers)
    before = {name: sketch for name, sketch in base.sketches.items() if name in sample}
    now = {name: sketches.counted(sample[name].to_numpy("float64"), sketch.at) for name, sketch in before.items()}
    named = f"Version {version.number} of model {version.name}"
    title = f"{named}: customers as of {as_of} (current) against its baseline of {base.as_of} (reference)"
    pages = {"evidently.html": reports.drift_page(before, now, feature_drift.in_order(look.evidence.columns), title)}
    table = look.evidence.matured.table
    if section.evidently == "full" and table is not None:
        title = f"{named}: predicted and actual revenue of the customers as of {look.evidence.matured.cutoff}"
        own = (table[PREDICTED] - table[ACTUAL]).abs().mean()
        pages["evidently_regression.html"] = reports.regression_page(_hidden(watch, table), title, _money(watch)(own))
    return pages


def _hidden(watch: Watch, table: pd.DataFrame) -> pd.DataFrame:
    """Target and prediction of a sample, without extremes."""
    sample = watch.run.sample(table[[ACTUAL, PREDICTED]], watch.run.config.monitor.report_customers)
    rows = sample.set_axis(["target", "prediction"], axis=1).astype("float64")
    return rows.apply(lambda side: sketches.snapped(sketches.sketch(side.to_numpy()), side.to_numpy()))
