"""Now against the baseline of the version in production."""

import datetime as dt
import json
import tempfile
from pathlib import Path

import pandas as pd

from clv import drift, model, reports, review, tracking
from clv.record import Record
from clv.workspace import Workspace


def monitor(work: Workspace) -> Record:
    """Features and predictions now against the baseline of the version in production; errors where labels have matured."""
    chosen = work.config.monitor
    with tempfile.TemporaryDirectory() as folder:
        path = tracking.download_baseline(work.production, Path(folder))
        known = json.loads((path / "baseline.json").read_text())
        reference = work.sample(pd.read_parquet(path / "reference_sample.parquet"), chosen.sample_customers)
    now = work.snapshot(work.as_of, work.production_definition)
    now = now.assign(predicted_clv=model.predict(work.production_model, now)["predicted_clv"])
    current = drift.masked(work.sample(now, chosen.sample_customers), known["sketches"])
    found = drift.compare(
        reference, current, work.config.features.moving, chosen.significance, chosen.min_ks, chosen.min_customers
    )
    errors, not_judged = matured(work, known)
    verdict, reasons = review.verdict(found, errors, not_judged)
    title = (
        f"Version {work.production.number} of model {work.production.name}: customers as of {work.as_of} (current) against its "
        f"baseline of {known['facts']['evaluation_cutoff']} (reference)"
    )
    page, _ = reports.evidently_drift(reference, current, found, title)
    files = {
        ending: f"monitoring/{name}_{work.stamp}.{ending}"
        for ending, name in (
            ("csv", "feature_drift_report"),
            ("json", "prediction_drift_report"),
            ("html", "evidently"),
        )
    }
    where = {"model_version": work.production.number, "as_of": work.as_of.isoformat()}
    report = {
        "verdict": verdict,
        "reasons": reasons,
        "decision": review.PERSON_DECIDES,
        **where,
        "baseline_cutoff": known["facts"]["evaluation_cutoff"],
        "matured_cutoff": matured_cutoff(work).isoformat(),
        "not_judged": not_judged,
        "metrics": errors,
        "predicted_clv": found[found["feature"] == "predicted_clv"].iloc[0].to_dict(),
    }
    return Record(
        f"{verdict.upper()}: "
        + (" ".join(reasons) if verdict == "stable" else f"{reasons[0]} ({len(reasons)} reasons in {files['json']})"),
        outputs={
            files["csv"]: found[found["feature"] != "predicted_clv"].assign(**where),
            files["json"]: report,
            files["html"]: page,
        },
        metrics={f"ks/{row.feature}": row.ks_statistic for row in found.itertuples()}
        | {"drifted_features": int(found["drifted"].sum())}
        | {f"monitor/{metric}": figure["current"]["value"] for metric, figure in errors.items()},
        tags=work.production_tags | {"verdict": verdict, "verdict_reasons": " ".join(reasons)[:4000]},
    )


def matured_cutoff(work: Workspace) -> dt.date:
    return work.as_of - dt.timedelta(days=work.production.facts["horizon_days"])


def matured(work: Workspace, known: dict) -> tuple[dict, str | None]:
    """Errors on the newest snapshot whose labels have come in, or why there are none. Labels the version learnt are refused."""
    facts, cutoff, chosen, learnt = work.production.facts, matured_cutoff(work), work.config.monitor, work.learnt_until
    if cutoff < learnt:
        return {}, (
            f"RMSE and R2 are not judged: version {work.production.number} learnt from labels up to {learnt}, and the newest "
            f"matured window begins {cutoff}; judge it with an as-of date from {learnt + dt.timedelta(days=facts['horizon_days'])} on."
        )
    if (silent := work.silent_days(work.as_of)) > work.config.window.max_silent_days:
        return (
            {},
            f"RMSE and R2 are not judged: there is no order in the {silent} days before {work.as_of}; is the history complete?",
        )
    table = work.labelled(cutoff, work.production_definition)
    if len(table) < chosen.min_customers:
        return (
            {},
            f"RMSE and R2 are not judged: {len(table)} customers had ordered before {cutoff}, too few to judge by.",
        )
    now = work.intervals(table["actual_clv"], model.predict(work.production_model, table)["predicted_clv"].to_numpy())
    before = pd.DataFrame.from_dict(known["metrics"], orient="index").astype("float64")
    same = (
        cutoff.isoformat() == facts["evaluation_cutoff"] and work.transactions.quality["sha256"] == facts["data_sha256"]
    )
    return review.performance(before, now, chosen.max_error_increase, chosen.max_r2_decrease, chosen.min_z), (
        "RMSE, MAE and R2 tell nothing new: the newest matured window is the one the baseline was measured on."
        if same
        else None
    )
