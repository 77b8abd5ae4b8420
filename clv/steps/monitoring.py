"""Now against the baseline of the version in production: five checks, a verdict, and what a person reads."""

import datetime as dt
from dataclasses import asdict

import pandas as pd

from clv import model, reports
from clv.errors import Code, InputError, UserError
from clv.monitor import INSUFFICIENT, Finding, baseline, checks, distributions, sketches
from clv.monitor.baseline import PREDICTED, Baseline
from clv.monitor.verdict import PERSON_DECIDES
from clv.monitor.verdict import verdict as judge
from clv.outcome import Open, Outcome
from clv.registry import hints, versions
from clv.registry.alarms import Alarm
from clv.steps import vintages
from clv.steps.old_work import Workspace

MOVED_MOST = 3


def monitor(run, history, production) -> Outcome:
    """Five checks of the version in production; nothing is fitted and nothing is changed."""
    work = Workspace(run, history, production)
    base = known(work)
    now, history = look(work, base)
    moving, limits = work.config.features.moving, checks.limits(asdict(work.config.monitor))
    findings, table = checks.compare(base, now, moving, limits)
    if history:
        findings = checks.insufficient(history)
    matured = vintages.judged(work)
    findings = {name: findings.get(name) or vintages.finding(work, base, matured) for name in checks.ORDER}
    said = {name: (found.status, found.reason) for name, found in findings.items()}
    verdict, reasons = judge(said, work.config.monitor.review_at)
    where = facts(work, base, verdict, reasons)
    words = shown(work, base, findings, verdict) | {"reasons": table.set_index("feature")["reason"].to_dict()}
    page = reports.monitoring_page(words, moved_most(base, now, table), groups(findings), vintages.drawn(matured))
    outputs = {
        "feature_drift_report.csv": features_report(table).assign(
            **{name: where[name] for name in ("model_version", "as_of")}
        ),
        "prediction_drift_report.json": where | predictions_report(work, base, now, findings),
        "monitoring_summary.json": where | {"checks": {name: vars(found) for name, found in findings.items()}},
        "monitoring.html": page,
        **evidently_pages(work, base, now, table),
    }
    names = {name: "monitoring/" + name.replace(".", f"_{work.stamp}.") for name in outputs}
    return Outcome(
        f"{verdict.upper()}: {in_short(verdict, reasons, findings)} (read {names['monitoring.html']} first)",
        title=f"{verdict}, version {work.production.number}, as of {work.as_of}",
        outputs={names[name]: content for name, content in outputs.items()},
        artifacts=vintages.artifacts(matured),
        metrics=figures(table, findings),
        series=vintages.series(matured),
        tags=work.production_tags | {"verdict": verdict, "verdict_reasons": " ".join(reasons)[:4000]},
        warnings=(production.warning,) if production.warning else (),
        effects=(Open(Alarm(work.production.name, work.production.number, work.as_of.isoformat(), reasons)),)
        if verdict == "review"
        else (),
    )


def in_short(verdict: str, reasons: list[str], findings: dict[str, Finding]) -> str:
    """One line: the reasons for a review, or what was not judged."""
    if verdict == "review":
        return " ".join(reasons)
    waiting = [found.reason for found in findings.values() if found.status == INSUFFICIENT]
    return " ".join(
        [f"nothing moved that matters in {len(findings) - len(waiting)} of {len(findings)} checks.", *waiting]
    )


def known(work: Workspace) -> Baseline:
    """The baseline of the version in production, from its run.

    Raises: UserError: it is missing, was changed, or is not whole.
    """
    version, path = work.production, versions.verified(work.production, versions.BASELINE)
    try:
        return baseline.load(path)
    except UserError as error:
        raise UserError(f"Version {version.number} of model {version.name}: {error}\n{hints.ANOTHER}") from error


def look(work: Workspace, base: Baseline) -> tuple[checks.Now, str | None]:
    """The customers now, and why they cannot be compared, if so."""
    days = base.facts["history_days"]
    scored = work.watched(work.as_of, days)
    if scored.empty:
        raise InputError(
            Code.NO_CUSTOMERS,
            what=f"No customer ordered in the {days} days before {work.as_of}; there is nothing to compare with the baseline of version "
            f"{work.production.number}",
            fix="check the dates of the history, or choose another window.as_of",
        )
    sample = work.sample(scored, work.config.monitor.shap.customers)
    matured, why_not = labels(work, days)
    now = checks.Now(scored, model.contributions(work.production_model, sample), matured, why_not)
    there = (work.as_of - work.first_day).days
    if there >= work.config.monitor.least_history * days:
        return now, None
    begin = work.as_of - dt.timedelta(days=days)
    return now, (
        f"The history has {there} days before {work.as_of}, and version {work.production.number} was measured on {days}: hand over "
        f"purchases from {begin} on, or train a version on this history."
    )


def matured_cutoff(work: Workspace) -> dt.date:
    """The newest cutoff whose labels have come in."""
    return work.as_of - dt.timedelta(days=work.production.facts["horizon_days"])


def labels(work: Workspace, history_days: int) -> tuple[pd.DataFrame | None, str]:
    """actual_clv and predicted_clv on the newest snapshot whose labels have come in, or why there are none. Labels that the
    version learnt from are refused."""
    horizon, learnt = dt.timedelta(days=work.production.facts["horizon_days"]), work.learnt_until
    cutoff = matured_cutoff(work)
    if cutoff < learnt:
        return None, (
            f"Labels not matured until {learnt + horizon}: version {work.production.number} learnt from revenue up to {learnt}, and "
            f"the newest window of {horizon.days} days begins {cutoff}."
        )
    if (silent := work.silent_days(work.as_of)) > work.config.window.max_silent_days:
        return (
            None,
            f"Errors are not judged: there is no order in the {silent} days before {work.as_of}; is the history complete?",
        )
    table = work.with_actual(work.watched(cutoff, history_days), cutoff, horizon.days)
    if len(table) < work.config.monitor.min_customers:
        return None, f"Errors are not judged: {len(table)} customers had ordered before {cutoff}, too few to judge by."
    return table, ""


def tells_nothing_new(work: Workspace) -> bool:
    """Whether the newest matured window is the one that the version was measured on."""
    same = work.transactions.quality.sha256 == work.production.facts["data_sha256"]
    return same and matured_cutoff(work) == work.learnt_until


def facts(work: Workspace, base: Baseline, verdict: str, reasons: list[str]) -> dict:
    """The head of every report."""
    return {
        "verdict": verdict,
        "reasons": reasons,
        "decision": PERSON_DECIDES,
        "model": work.production.name,
        "model_version": work.production.number,
        "as_of": work.as_of.isoformat(),
        "baseline_cutoff": base.facts["evaluation_cutoff"],
        "history_days": base.facts["history_days"],
    }


def features_report(table: pd.DataFrame) -> pd.DataFrame:
    return table[table["feature"] != PREDICTED].drop(columns=["frozen_p_value", "frozen_q_value"])


def predictions_report(work: Workspace, base: Baseline, now: checks.Now, findings: dict[str, Finding]) -> dict:
    """Errors with their limits; RMSE and R2 of both sides with intervals, which decide nothing."""
    found = findings[checks.PREDICTIONS]
    beside = {}
    if now.matured is not None:
        current = work.intervals(now.matured["actual_clv"], now.matured[PREDICTED].to_numpy())
        beside = {
            metric: {"baseline": base.metrics.loc[metric].to_dict(), "current": current.loc[metric].to_dict()}
            for metric in ("rmse", "r2")
        }
    report = {
        "status": found.status,
        "reason": found.reason,
        "matured_cutoff": matured_cutoff(work).isoformat(),
        "not_judged": now.not_matured or None,
        "tells_nothing_new": tells_nothing_new(work),
        "intervals": beside,
    }
    return report | found.figures


def evidently_pages(work: Workspace, base: Baseline, now: checks.Now, table: pd.DataFrame) -> dict[str, str]:
    """Drift of features and predictions, and where labels are there, regression quality."""
    most, version = work.config.monitor.report_customers, work.production
    reference, current = in_cells(base, work.sample(now.scored, most), most)
    title = (
        f"Version {version.number} of model {version.name}: customers as of {work.as_of} (current) against its baseline of "
        f"{base.facts['evaluation_cutoff']} (reference)"
    )
    pages = {"evidently.html": reports.drift_page(reference, current, table, title)[0]}
    if now.matured is not None:
        rows = (
            work.sample(now.matured[["actual_clv", PREDICTED]], most)
            .set_axis(["target", "prediction"], axis=1)
            .astype("float64")
        )
        hidden = rows.apply(lambda side: sketches.snapped(sketches.sketch(side.to_numpy()), side.to_numpy()))
        title = f"Version {version.number} of model {version.name}: predicted and actual revenue of the newest matured customers"
        pages["evidently_regression.html"] = reports.regression_page(hidden, title)
    return pages


def in_cells(base: Baseline, scored: pd.DataFrame, most: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Both sides as rows in the cells of the baseline's sketches."""
    both = [name for name in base.sketches if name in scored]
    reference = {name: pd.Series(sketches.rows(base.sketches[name], base.sketches[name].cells, most)) for name in both}
    current = {name: sketches.snapped(base.sketches[name], scored[name].to_numpy("float64")) for name in both}
    return pd.DataFrame(reference), pd.DataFrame(current)


def moved_most(base: Baseline, now: checks.Now, table: pd.DataFrame) -> dict[str, pd.DataFrame]:
    names = distributions.most_moved(table[table["feature"] != PREDICTED])["feature"].head(MOVED_MOST)
    there = [name for name in names if name in now.scored]
    return {name: distributions.ranges(base.sketches[name], now.scored[name].to_numpy("float64")) for name in there}


def groups(findings: dict[str, Finding]) -> dict[str, pd.DataFrame]:
    names = {"stage": "Lifecycle stages", "cluster": "Clusters, within the baseline's limits"}
    found = findings[checks.SEGMENTS].figures
    return {
        names.get(name, name): pd.DataFrame.from_dict(one["shares"], orient="index").rename_axis("group").reset_index()
        for name, one in found.items()
    }


def shown(work: Workspace, base: Baseline, findings: dict[str, Finding], verdict: str) -> dict:
    """The words of the page."""
    version, calm = work.production, "Nothing moved that matters." if verdict == "stable" else "A person should look."
    steps = [{"text": "Nothing has to be done. Look again when the next purchases are in.", "command": None}]
    if verdict == "review":
        steps = [
            {
                "text": "Read the reasons above; is it the business, the calendar, or broken data? The CSV and Evidently's pages have every column.",
                "command": None,
            },
            {"text": "Broken data: repair it and run the monitor again.", "command": "mlflow run . -e monitor"},
            {
                "text": "A changed business: train a version, compare it in the UI, and promote it if it is better.",
                "command": "mlflow run . -e train",
            },
            {
                "text": "Write down what was decided (the run prints its id; it is the one this page is logged to).",
                "command": hints.acknowledge("RUN"),
            },
        ]
    return {
        "title": f"Monitor of model {version.name}, version {version.number}, as of {work.as_of}",
        "verdict": verdict,
        "headline": f"{calm} {PERSON_DECIDES}",
        "facts": {
            "baseline": f"customers as of {base.facts['evaluation_cutoff']}, whom the version had not learnt from ({base.customers:,})",
            "both sides": f"see the last {base.facts['history_days']} days of purchases",
            "cannot see": findings[checks.SHAP].figures.get("cannot_see", "what labels have not shown yet"),
        },
        "checks": [{"name": name, **vars(found)} for name, found in findings.items()],
        "next": steps,
    }


def figures(table: pd.DataFrame, findings: dict[str, Finding]) -> dict[str, float]:
    """Every figure as a metric, so that the UI charts it over the runs."""
    found = {
        f"{name}/{row['feature']}": row[column]
        for row in table.to_dict("records")
        for name, column in (("ks", "ks_statistic"), ("q", "q_value"), ("psi", "psi"), ("wasserstein", "wasserstein"))
    }
    counts = {
        f"status/{name}": {"insufficient": -1, "stable": 0, "warn": 1, "alert": 2}[one.status]
        for name, one in findings.items()
    }
    errors = findings[checks.PREDICTIONS].figures.get("errors", {})
    shap, shares = findings[checks.SHAP].figures, findings[checks.SEGMENTS].figures
    return (
        found
        | counts
        | {"monitor/drifted_features": int(table["status"].isin(["warn", "alert"]).sum())}
        | {f"monitor/{name}": one["current"] for name, one in errors.items()}
        | {f"shap/{name}": shap[name] for name in ("total_variation", "total_ratio", "ndcg") if name in shap}
        | {
            f"segments/{name}_{group}": side["current"]
            for name, one in shares.items()
            for group, side in one["shares"].items()
        }
    )
