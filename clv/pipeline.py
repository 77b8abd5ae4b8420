"""What a person runs: each function is one entry point. Steps are run, written, logged and shown here, in one place."""

import datetime as dt
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from clv import alerts, steps, store, terminal, tracking
from clv.config import Config, as_yaml, loggable
from clv.errors import UserError
from clv.evaluation.gates import FAILED
from clv.monitor.verdict import PERSON_DECIDES
from clv.record import Decision, Record
from clv.registry import alarms, aliases, ledger_store, reviews, versions
from clv.registry import ledger as chain
from clv.tracking import server
from clv.workspace import CLUSTERED, FEATURES, PICTURE, RANKINGS, Workspace, raw

Step = Callable[[Workspace], Record]

# These commands finish without the tracking server; the others stop.
WITHOUT_SERVER = ("simulate", "features", "score", "cluster", "rank_clusters", "monitor", "backtest", "tune")

# These commands write nothing into the outputs folder, and do not wait for those that do.
WITHOUT_OUTPUTS = (
    "simulate",
    "promote",
    "reject",
    "rollback",
    "acknowledge",
    "ledger",
    "reproduce",
    "readiness",
    "sync",
)


def simulate(config: Config) -> list[Record]:
    return run("simulate", [steps.simulate], config)


def features(config: Config) -> list[Record]:
    return run("features", [steps.read, steps.features], config)


def train(config: Config) -> list[Record]:
    return run("train", [steps.read, steps.train, steps.review], config)


def score(config: Config) -> list[Record]:
    return run(
        "score", [steps.read, steps.score], config, stale=(CLUSTERED, raw(CLUSTERED), RANKINGS, PICTURE, FEATURES)
    )


def cluster(config: Config) -> list[Record]:
    return run("cluster", [steps.cluster], config, stale=(RANKINGS, PICTURE))


def rank_clusters(config: Config) -> list[Record]:
    return run("rank_clusters", [steps.rank_clusters], config)


def monitor(config: Config) -> list[Record]:
    return run("monitor", [steps.read, steps.monitor], config)


def backtest(config: Config) -> list[Record]:
    return run("backtest", [steps.read, steps.backtest], config)


def tune(config: Config) -> list[Record]:
    return run("tune", [steps.read, steps.tune], config)


def promote(config: Config) -> list[Record]:
    return run("promote", [steps.promote], config)


def review(config: Config) -> list[Record]:
    return run("review", [steps.read, steps.review], config)


def reject(config: Config) -> list[Record]:
    return run("reject", [steps.reject], config)


def rollback(config: Config) -> list[Record]:
    return run("rollback", [steps.rollback], config)


def acknowledge(config: Config) -> list[Record]:
    return run("acknowledge", [steps.acknowledge], config)


def ledger(config: Config) -> list[Record]:
    return run("ledger", [steps.ledger], config)


def reproduce(config: Config) -> list[Record]:
    return run("reproduce", [steps.reproduce], config)


def explain(config: Config) -> list[Record]:
    return run("explain", [steps.read, steps.explain], config)


def readiness(config: Config) -> list[Record]:
    return run("readiness", [steps.readiness], config)


def sync(config: Config) -> list[Record]:
    return run("sync", [steps.sync], config)


def full_pipeline(config: Config) -> list[Record]:
    def chosen() -> list[Step]:
        first = config.tracking.bootstrap and not aliases.was_promoted(config.tracking.model_name)
        training = [steps.train, steps.review, *([steps.bootstrap] if first else [])]
        return [steps.read, steps.features, *training, steps.score, steps.cluster, steps.rank_clusters, steps.monitor]

    return run("full_pipeline", chosen, config, nested=True)


def run(
    name: str,
    chosen: list[Step] | Callable[[], list[Step]],
    config: Config,
    stale: tuple[str, ...] = (),
    nested: bool = False,
) -> list[Record]:
    """Run the steps in one MLflow run, or each in a run nested in it; their files become current together, at the end.

    Args: chosen: the steps, or a function that asks the registry for them.   stale: outputs of earlier runs that this run makes untrue.
    """
    now, home = dt.datetime.now(dt.UTC), Path(config.outputs)
    outputs = store.Outputs(home, config.keep_bundles, config.keep_reports, config.lock_wait_seconds)
    shown: list[tuple[str, str, float]] = []
    records: list[Record] = []
    before = tracking.begin(home, config.tracking.patience_seconds)
    with tracking.run(name, flat(loggable(config)), home, name not in WITHOUT_SERVER) as run_id:
        bundle = f"{now:%Y%m%dT%H%M%S}_{run_id[:8]}"
        with store.no_bundle() if name in WITHOUT_OUTPUTS else store.bundle(outputs, name, bundle, stale) as folder:
            work = Workspace(config, folder, now)
            for step in chosen() if callable(chosen) else chosen:
                start = time.perf_counter()
                with terminal.working(step.__name__):
                    record = tracked(step, work) if nested else logged(step, work)
                records.append(record)
                shown.append((step.__name__, record.summary, time.perf_counter() - start))
        warnings = [f"WARNING: {warning}" for record in records for warning in record.warnings]
        trained = [record.title for record in records if record.candidate]
        tracking.rename(name, *(trained or [record.title for record in records][-1:]))
        tracking.describe([f"**{step}**: {summary}" for step, summary, _ in shown] + warnings)
        unlogged = tracking.unlogged()
    warnings += [f"WARNING: {unlogged}"] if unlogged else []
    terminal.closing(shown, before + warnings + closing_lines(records, config, run_id))
    return records


def tracked(step: Step, work: Workspace) -> Record:
    """The step in a run of its own; what a list of runs shows is repeated on the parent."""
    with tracking.run(step.__name__, flat(loggable(work.config)), tracking.current().home, tracking.current().strict):
        record = logged(step, work)
        tracking.rename(step.__name__, record.title)
    tracking.log_headline(record)
    return record


def logged(step: Step, work: Workspace) -> Record:
    """Run one step; write what it hands back; log it to the active run.

    Raises: UserError: the record says that the run is refused; it is logged and shown before.
    """
    record = step(work)
    store.write(work.bundle, record.outputs)
    with tempfile.TemporaryDirectory() as folder:
        store.write(Path(folder), record.artifacts | {"config.yaml": as_yaml(work.config)})
        tracking.log(record, work.bundle, Path(folder))
    if record.candidate:
        work.candidate_version = versions.register(record.candidate, work.governance.candidates)
        record = tagged(record, {"candidate_version": work.candidate_version})
        record = replace(record, title=f"version {work.candidate_version}: {record.title}")
    if record.assessment:
        reviews.attach(record.assessment)
    if work.governance.unseen:
        record, work.governance.unseen = replace(record, warnings=record.warnings + (work.governance.unseen,)), None
    if work.governance.finished:
        said = (
            f"finished what another command left half done: {chain.in_words(entry)}"
            for entry in work.governance.finished
        )
        record, work.governance.finished = replace(record, warnings=record.warnings + tuple(said)), []
    if record.decisions:
        record = replace(record, warnings=record.warnings + tuple(entered(record.decisions, work.config)))
    if record.review:
        run_id = alarms.open_review(record.review, work.now.isoformat(timespec="seconds"))
        record = alerted(tagged(record, {"review_run": run_id}), run_id, work.config)
    if record.table is not None:
        terminal.table(record.table)
    if record.refused:
        raise record.refused
    return record


def tagged(record: Record, tags: dict[str, str]) -> Record:
    """The record with more tags, which the active run gets as well."""
    tracking.tag(tags)
    return replace(record, tags=record.tags | tags)


def entered(made: tuple[Decision, ...], config: Config) -> Iterator[str]:
    """Enter decisions in the ledger and bring them about. Gives what to know of those that nobody entered before."""
    for decision in made:
        facts = {"at": dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds")} | tracking.who()
        try:
            with server.readable():
                written = ledger_store.record(config.tracking.model_name, decision, facts)
            said = "The ledger has an entry for it now."
        except UserError as error:
            if decision.event != chain.OUTSIDE:
                raise
            written, said = True, f"It could not be entered: {error}"
        if written and decision.event == chain.OUTSIDE:
            yield outside(decision, said)


def outside(decision: Decision, said: str) -> str:
    """What to know of a move that nobody entered; said: what became of its entry."""
    if decision.to is None:
        return f"the alias of {decision.versions[0]} was taken away outside the ledger. {said}"
    known = f"gates: {decision.facts['gates']}; {decision.facts['last_decision']}"
    return (
        f"version {decision.to} was put into production outside the ledger ({known}). {said} To put a name to it: "
        f"{reviews.REVIEW.format(version=decision.to)}, then promote it."
    )


def alerted(record: Record, run_id: str, config: Config) -> Record:
    """One message about the review that was opened, to whom conf/alerts names; what went wrong is a warning and a tag."""
    if not config.alerts.url_variables:
        return record
    opened = record.review
    title = f"Review of model {opened.model}, version {opened.version}, as of {opened.as_of}"
    where, how = alarms.link(run_id, config.alerts.ui), alarms.ACKNOWLEDGE.format(run_id=run_id)
    body = "\n\n".join([*opened.reasons, where, how, PERSON_DECIDES])
    found = alerts.send(config.alerts.url_variables, title, body)
    said = "; ".join([f"delivered {found.delivered} of {found.asked}", *found.problems])
    warnings = tuple(f"alert: {problem}" for problem in found.problems)
    return replace(tagged(record, {"alert": said}), warnings=record.warnings + warnings)


def flat(section: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """{"a": {"b": 1}} as {"a.b": 1}: one MLflow parameter for each key of conf/."""
    found = {}
    for key, value in section.items():
        found |= flat(value, f"{prefix}{key}.") if isinstance(value, dict) else {prefix + key: value}
    return found


def closing_lines(records: list[Record], config: Config, run_id: str) -> list[str]:
    """Where the outputs are, the verdict, and the next command."""
    tags = {key: value for record in records for key, value in record.tags.items()}
    lines = [f"run {run_id}"]
    if any(record.outputs for record in records):
        lines.append(f"outputs: {Path(config.outputs).resolve()}")
    if "verdict" in tags:
        lines.append(f"verdict: {tags['verdict']}. {PERSON_DECIDES}")
    if "review_run" in tags:
        lines.append(f"review: {alarms.ACKNOWLEDGE.format(run_id=tags['review_run'])}")
    if "candidate_version" in tags:
        number = tags["candidate_version"]
        waits = "is in production unreviewed" if tags.get("bootstrapped_version") == number else "waits for a person"
        override = " -P override=true (it failed its gates)" if tags.get("gates") == FAILED else ""
        lines.append(
            f"version {number} {waits}: read its review (outputs/review/review.html), then {aliases.PROMOTE.format(version=number)}{override}"
        )
    return lines + ["compare runs, look at versions: make ui"]
