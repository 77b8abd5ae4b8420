"""Runs a command: its steps one after the other; what they hand back is written, logged, applied and shown here, in one place."""

import datetime as dt
import inspect
import tempfile
import time
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from clv import commands, exposed, hints, model, settings, store, terminal, tracking
from clv.commands import Command, Step
from clv.config import Config, as_yaml, parameters
from clv.errors import UserError, hidden
from clv.history import History
from clv.monitor.verdict import PERSON_DECIDES
from clv.outcome import Outcome, Run
from clv.proposal.profile import name_of
from clv.registry.catch_up import catch_up
from clv.registry.production import Production
from clv.registry.standing import Standing
from clv.steps import lineage

_KNOWN = ("verdict", "production_version", "candidate_version")  # tags that a collector of logs gets as fields
_NAMING_A_MODEL = ("tracking=", "tracking.model_name=")


@dataclass(frozen=True)
class _Values:
    """What steps may name in their parameters, and the command that they belong to."""

    command: Command
    run: Run
    history: History
    production: Production
    standing: Standing


def run_command(name: str, config: Config, words: tuple[str, ...] = ()) -> list[Outcome]:
    """Runs the command in one MLflow run; its outputs become current together, at the end.

    Args:    name: of commands.COMMANDS.   words: of the command line that name the history; every command that is printed repeats them.
    Returns: the outcome of each step.
    Raises:  UserError: a person can put it right; outputs of earlier runs are as they were.
    """
    model.check_chains(config.model.chains)
    words = tuple(map(hidden, words))  # pages repeat them
    command, now, home = commands.COMMANDS[name], dt.datetime.now(dt.UTC), Path(config.outputs)
    shown: list[tuple[str, str]] = []
    outcomes: list[Outcome] = []
    seconds: list[float] = []
    with terminal.waiting("starting"), hints.about(words):
        lines = tracking.start(home, config.tracking.patience_seconds, in_a_hurry=not command.needs_server)
    history = settings.history(config, now)
    own = _own_model(command, config, history, words)
    if own:
        config = replace(config, tracking=replace(config.tracking, model_name=own.name))
        words = (*words, f"tracking.model_name={own.name}")
    terms = tracking.Terms(home, command.needs_server, config.tracking.model_name, command.logged)
    with hints.about(words), tracking.run(name, parameters(config, command.logged_keys), terms) as log:
        terminal.know(model=config.tracking.model_name, run=log.run_id or "")
        if own:
            log.log(tags={"own_model": own.name}, lines=[own.why])
        bundle = f"{now:%Y%m%dT%H%M%S}_{(log.run_id or log.key)[:8]}"
        with _folder(name, command, config, bundle) as folder:
            if command.writes_outputs:
                history.keep_in(home / store.UNFINISHED / "purchases")
            values = _of_run(command, Run(config, now, folder, history.compute), history)
            noticed = _caught_up(values.standing, command.settles) if command.catches_up else []
            for step in commands.steps_of(name, values.run, values.standing):
                begun = time.perf_counter()
                with terminal.working(step.__name__) as came_out:
                    outcome = _nested(step, values) if command.nested else _finished(step, values)
                    came_out.append(outcome.summary)
                outcomes.append(outcome)
                shown.append((step.__name__, outcome.summary))
                seconds.append(time.perf_counter() - begun)
            if command.writes_outputs:
                exposed.expose(values.run, [step for step, _ in shown], seconds, outcomes)
            facts, next_moves = _facts(outcomes, values, log.run_id), _next_moves(outcomes, config)
            history.forget()
        warnings = [f"WARNING: {warning}" for outcome in outcomes for warning in outcome.warnings]
        summaries = [f"**{step}**: {summary}" for step, summary in shown]
        notes = [note for outcome in outcomes for note in outcome.notes]
        log.log(
            title=_title(command, [step for step, _ in shown], outcomes), lines=summaries + notes + noticed + warnings
        )
        unlogged = tracking.unlogged()
        warnings += [f"WARNING: {unlogged}"] if unlogged else []
        warnings += tracking.elsewhere(home)
    terminal.know(**{name: tag for outcome in outcomes for name, tag in outcome.tags.items() if name in _KNOWN})
    terminal.closing(lines + warnings, facts, next_moves)
    return outcomes


@dataclass(frozen=True)
class _OwnModel:
    """name: of the model that a history gets.   why: a sentence."""

    name: str
    why: str


def _own_model(command: Command, config: Config, history: History, words: tuple[str, ...]) -> _OwnModel | None:
    """A whole pipeline on a history that the version in production did not learn from makes that history's own model.

    A model that the command line or a profile names is taken as it is: its version refuses another history by itself.
    """
    is_named = bool(config.profile) or any(word.startswith(_NAMING_A_MODEL) for word in words)
    sentence = None if is_named or not command.may_bootstrap else _another_history(config, history)
    if sentence is None:
        return None
    name = f"{config.tracking.model_name}_{name_of(history.path)}"
    line = f"{sentence}: this history gets a model of its own, {name}, and the other one is left as it is."
    terminal.show([line])
    return _OwnModel(name, line)


def _another_history(config: Config, history: History) -> str | None:
    """Says that the version in production learnt from another history; None where it did not, or nobody can tell."""
    if config.tracking.candidates:
        return None
    try:
        version = Standing(config.tracking.model_name, home=Path(config.outputs)).in_production()
        return lineage.stranger(version, history) if version else None
    except UserError:
        return None  # the step that needs it says what is wrong


def _of_run(command: Command, run: Run, history: History) -> _Values:
    """The values for the model that the configuration of the run names."""
    config = run.config
    standing = Standing(config.tracking.model_name, config.tracking.candidates, Path(config.outputs))
    production = Production(standing, Path(config.outputs), config.review.require_record)
    return _Values(command, run, history, production, standing)


def _caught_up(standing: Standing, by_a_person: bool) -> list[str]:
    """What catching up has to say; it is shown at once, because the step that follows may fail."""
    lines = [f"WARNING: {warning}" for warning in catch_up(standing, tracking.who, by_a_person)]
    terminal.show(lines)
    return lines


def _folder(name: str, command: Command, config: Config, bundle: str) -> AbstractContextManager[Path]:
    """Where the command's outputs go."""
    if not command.writes_outputs:
        return store.no_bundle()
    outputs = store.Outputs(Path(config.outputs), config.keep_bundles, config.keep_reports, config.lock_wait_seconds)
    return store.bundle(outputs, name, bundle, command.makes_stale)


def _nested(step: Step, values: _Values) -> Outcome:
    """The step in a run of its own; what a list of runs shows is repeated on the parent."""
    with tracking.nested(step.__name__, parameters(values.run.config, commands.READS.get(step, ()))) as log:
        outcome = _finished(step, values)
        log.log(title=commands.run_name(step.__name__, outcome))
    _log_headline(_for_parent(outcome, values.run.candidate))
    with tempfile.TemporaryDirectory() as folder:
        most_mb = values.run.config.tracking.max_artifact_mb
        _log(Outcome("", outputs=dict.fromkeys(outcome.shown)), values.run.bundle, Path(folder), most_mb)
    return outcome


def _for_parent(outcome: Outcome, trained: str | None) -> Outcome:
    """What a pipeline's run repeats of a step: figures of another version than the one that it trained would be taken for its own."""
    tags = {name: value for name, value in outcome.tags.items() if name != "model_id"}
    if tags.get("production_version", trained) == trained:
        return replace(outcome, tags=tags)
    kept = {name: value for name, value in tags.items() if name in ("production_version", "alarm_run")}
    return replace(outcome, tags=kept, metrics={}, series={})


def _finished(step: Step, values: _Values) -> Outcome:
    """Runs one step, writes and logs what it hands back, and applies its effects.

    Raises: UserError: the outcome says that the run is refused; it is logged and shown before.
    """
    named = inspect.signature(step).parameters
    outcome = step(**{name: getattr(values, name) for name in named})
    store.write(values.run.bundle, outcome.outputs)
    with tempfile.TemporaryDirectory() as folder:
        is_due = values.command.writes_outputs and not tracking.current().holds_files
        config = {"config.yaml": as_yaml(values.run.config)} if is_due else {}
        store.write(Path(folder), outcome.artifacts | config | _details(step.__name__, outcome.metrics))
        notes = _log(outcome, values.run.bundle, Path(folder), values.run.config.tracking.max_artifact_mb)
    outcome = _applied(replace(outcome, notes=notes), values)
    _log_headline(outcome)
    if outcome.table is not None:
        terminal.table(outcome.table)
    if outcome.refused:
        terminal.show([f"WARNING: {warning}" for warning in outcome.warnings] + list(outcome.lines))
        raise outcome.refused
    return outcome


def _log(outcome: Outcome, written: Path, artifacts: Path, most_mb: float) -> tuple[str, ...]:
    """Logs an outcome to the open run: its outputs from the folder `written`, up to a size, and all files of the folder `artifacts`.

    Returns: sentences on what is not logged.
    """
    for name in outcome.outputs:
        copy = artifacts / "outputs" / name
        if not copy.exists() and (written / name).stat().st_size <= most_mb * 1e6:
            store.linked(written / name, copy)
    if any(artifacts.iterdir()):
        tracking.current().files(artifacts)
    for part in outcome.parts:
        with tracking.nested(part.name, part.params) as log:
            log.log(metrics=part.metrics)
    large = ", ".join(name for name in outcome.outputs if not (artifacts / "outputs" / name).exists())
    where = f"the runs keep files of up to tracking.max_artifact_mb={most_mb:g}"
    return (f"Only in the outputs folder, because {where}: {large}.",) if large else ()


def _details(step: str, metrics: dict[str, float]) -> dict[str, pd.DataFrame]:
    """File name -> table of the figures that are too many for a list of runs."""
    rows = [(name, value) for name, value in metrics.items() if "/" in name]
    return {f"metrics/{step}.csv": pd.DataFrame(rows, columns=["metric", "value"])} if rows else {}


def _log_headline(outcome: Outcome) -> None:
    """Logs what a list of runs shows: metrics, tags, the data and a sentence. A nested step's parent has it too."""
    lines = [outcome.summary, *outcome.notes, *(f"**WARNING** {warning}" for warning in outcome.warnings)]
    log = tracking.current()
    metrics = {name: value for name, value in outcome.metrics.items() if "/" not in name}
    data = outcome.dataset or {}
    of = (outcome.tags["model_id"], data["name"], data["digest"]) if data and "model_id" in outcome.tags else ()
    log.log(tags=outcome.tags, metrics=metrics, series=outcome.series, lines=lines, of=of)
    if outcome.dataset:
        log.dataset(outcome.dataset)


def _applied(outcome: Outcome, values: _Values) -> Outcome:
    """The outcome with the tags, warnings and title that its effects left."""
    for effect in outcome.effects:
        consequence = effect.apply(values.run, values.standing)
        title = " ".join(part for part in (consequence.title, outcome.title) if part)
        warnings = outcome.warnings + consequence.warnings
        tags, metrics = outcome.tags | consequence.tags, outcome.metrics | consequence.metrics
        outcome = replace(outcome, tags=tags, metrics=metrics, warnings=warnings, title=title)
    return outcome


def _title(command: Command, steps: list[str], outcomes: list[Outcome]) -> str:
    """The name of the command's run: of the version that it trained, or else of its last step."""
    pairs = list(zip(steps, outcomes, strict=True))
    step, outcome = next((pair for pair in pairs if "candidate_version" in pair[1].tags), pairs[-1])
    name = commands.run_name(step, outcome)
    return name.replace(" ", " pipeline ", 1) if command.nested else name


def _facts(outcomes: list[Outcome], values: _Values, run_id: str) -> list[str]:
    """Which run and history it was, and where the outputs are."""
    config, lines = values.run.config, [f"run {run_id}"] if run_id else []
    if values.command.reads_history:
        lines.append(f"history: {values.history.path}; model {config.tracking.model_name}")
    if any(outcome.outputs for outcome in outcomes):
        lines.append(f"outputs: {Path(config.outputs).resolve()}")
    return [*lines, "compare runs, look at versions: make ui"]


def _next_moves(outcomes: list[Outcome], config: Config) -> list[str]:
    """What the steps ask for, the verdict, and the next command: the last lines that a person reads."""
    tags = {key: value for outcome in outcomes for key, value in outcome.tags.items()}
    lines = [line for outcome in outcomes for line in outcome.lines]
    if "verdict" in tags:
        lines.append(f"verdict: {tags['verdict']}. {PERSON_DECIDES}")
    if "alarm_run" in tags:
        lines += ["alarm: once you have looked, close it:", f"  {hints.acknowledge(tags['alarm_run'])}"]
    if "candidate_version" in tags:
        lines += _about_the_candidate(tags, config.outputs)
    return lines


def _about_the_candidate(tags: dict[str, str], outputs: str) -> list[str]:
    number, has_failed = tags["candidate_version"], tags.get("gates") == "failed"
    waits = "is in production unreviewed" if tags.get("bootstrapped_version") == number else "waits for a person"
    despite = " (it failed its gates)" if has_failed else ""
    return [
        f"version {number} {waits}{despite}: read its review ({outputs}/review/review.html), then",
        f"  {hints.promote(number, despite_gates=has_failed)}",
    ]
