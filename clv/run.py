"""Runs a command: its steps one after the other; what they hand back is written, logged, applied and shown here, in one place."""

import datetime as dt
import inspect
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from clv import commands, hints, model, settings, store, terminal, tracking
from clv.commands import Command, Step
from clv.config import Config, as_yaml, loggable
from clv.errors import UserError
from clv.history import History
from clv.monitor.verdict import PERSON_DECIDES
from clv.outcome import Outcome, Run
from clv.proposal.profile import name_of
from clv.registry.catch_up import catch_up
from clv.registry.production import Production
from clv.registry.standing import Standing
from clv.steps import lineage

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
    command, now, home = commands.COMMANDS[name], dt.datetime.now(dt.UTC), Path(config.outputs)
    shown: list[tuple[str, str]] = []
    outcomes: list[Outcome] = []
    with terminal.waiting("starting"), hints.about(words):
        lines = tracking.start(home, config.tracking.patience_seconds)
    with hints.about(words), tracking.run(name, _flat(loggable(config)), home, command.needs_server) as log:
        run_id = log.run_id
        bundle = f"{now:%Y%m%dT%H%M%S}_{run_id[:8]}"
        with (
            _folder(name, command, config, bundle) as folder,
            _its_own_model(_of_run(command, Run(config, now, folder), settings.history(config, now)), words) as values,
        ):
            noticed = _caught_up(values.standing) if command.catches_up else []
            for step in commands.steps_of(name, values.run, values.standing):
                with terminal.working(step.__name__) as came_out:
                    outcome = _nested(step, values) if command.nested else _finished(step, values)
                    came_out.append(outcome.summary)
                outcomes.append(outcome)
                shown.append((step.__name__, outcome.summary))
            facts, next_moves = _facts(outcomes, values, run_id), _next_moves(outcomes, config)
        warnings = [f"WARNING: {warning}" for outcome in outcomes for warning in outcome.warnings]
        summaries = [f"**{step}**: {summary}" for step, summary in shown]
        log.log(title=_title(outcomes), lines=summaries + noticed + warnings)
        unlogged = tracking.unlogged()
        warnings += [f"WARNING: {unlogged}"] if unlogged else []
        warnings += tracking.elsewhere(home)
    terminal.closing(lines + warnings, facts, next_moves)
    return outcomes


@contextmanager
def _its_own_model(values: _Values, words: tuple[str, ...]) -> Iterator[_Values]:
    """A whole pipeline on a history that the version in production did not learn from makes that history's own model.

    A model that the command line or a profile names is taken as it is: its version refuses another history by itself.
    """
    is_named = bool(values.run.config.profile) or any(word.startswith(_NAMING_A_MODEL) for word in words)
    sentence = None if is_named or not values.command.may_bootstrap else _another_history(values)
    if sentence is None:
        yield values
        return
    config = values.run.config
    name = f"{config.tracking.model_name}_{name_of(values.history.path)}"
    line = f"{sentence}: this history gets a model of its own, {name}, and the other one is left as it is."
    terminal.show([line])
    tracking.current().log(tags={"own_model": name}, lines=[line])
    own = replace(config, tracking=replace(config.tracking, model_name=name))
    with hints.about((*words, f"tracking.model_name={name}")):
        yield _of_run(values.command, replace(values.run, config=own), values.history)


def _another_history(values: _Values) -> str | None:
    """Says that the version in production learnt from another history; None where it did not, or nobody can tell."""
    if values.run.config.tracking.candidates:
        return None
    try:
        version = values.standing.in_production()
        return lineage.stranger(version, values.history) if version else None
    except UserError:
        return None  # the step that needs it says what is wrong


def _of_run(command: Command, run: Run, history: History) -> _Values:
    """The values for the model that the configuration of the run names."""
    config = run.config
    standing = Standing(config.tracking.model_name, config.tracking.candidates)
    production = Production(standing, Path(config.outputs), config.review.require_record)
    return _Values(command, run, history, production, standing)


def _caught_up(standing: Standing) -> list[str]:
    """What catching up has to say; it is shown at once, because the step that follows may fail."""
    lines = [f"WARNING: {warning}" for warning in catch_up(standing, tracking.who())]
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
    with tracking.nested(step.__name__, _flat(loggable(values.run.config))) as log:
        outcome = _finished(step, values)
        log.log(title=outcome.title)
    _log_headline(outcome)
    with tempfile.TemporaryDirectory() as folder:
        _log(Outcome("", outputs=dict.fromkeys(outcome.shown)), values.run.bundle, Path(folder))
    return outcome


def _finished(step: Step, values: _Values) -> Outcome:
    """Runs one step, writes and logs what it hands back, and applies its effects.

    Raises: UserError: the outcome says that the run is refused; it is logged and shown before.
    """
    named = inspect.signature(step).parameters
    outcome = step(**{name: getattr(values, name) for name in named})
    store.write(values.run.bundle, outcome.outputs)
    with tempfile.TemporaryDirectory() as folder:
        config = {"config.yaml": as_yaml(values.run.config)} if values.command.writes_outputs else {}
        store.write(Path(folder), outcome.artifacts | config)
        _log(outcome, values.run.bundle, Path(folder))
    outcome = _applied(outcome, values)
    _log_headline(outcome)
    if outcome.table is not None:
        terminal.table(outcome.table)
    if outcome.refused:
        terminal.show([f"WARNING: {warning}" for warning in outcome.warnings] + list(outcome.lines))
        raise outcome.refused
    return outcome


def _log(outcome: Outcome, written: Path, artifacts: Path) -> None:
    """Logs an outcome to the open run: its outputs from the folder `written`, and all files of the folder `artifacts`."""
    for name in outcome.outputs:
        copy = artifacts / "outputs" / name
        if not copy.exists():
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(written / name, copy)
    if any(artifacts.iterdir()):
        tracking.current().files(artifacts)
    for part in outcome.parts:
        with tracking.nested(part.name, part.params) as log:
            log.log(metrics=part.metrics)


def _log_headline(outcome: Outcome) -> None:
    """Logs what a list of runs shows: metrics, tags, the data and a sentence. A nested step's parent has it too."""
    lines = [outcome.summary, *(f"**WARNING** {warning}" for warning in outcome.warnings)]
    log = tracking.current()
    log.log(tags=outcome.tags, metrics=outcome.metrics, series=outcome.series, lines=lines)
    if outcome.dataset:
        log.dataset(outcome.dataset)


def _applied(outcome: Outcome, values: _Values) -> Outcome:
    """The outcome with the tags, warnings and title that its effects left."""
    for effect in outcome.effects:
        consequence = effect.apply(values.run, values.standing)
        title = ": ".join(part for part in (consequence.title, outcome.title) if part)
        warnings = outcome.warnings + consequence.warnings
        outcome = replace(outcome, tags=outcome.tags | consequence.tags, warnings=warnings, title=title)
    return outcome


def _title(outcomes: list[Outcome]) -> str:
    """What the name of the command's run says: the version that it trained, or what its last step says."""
    trained = [outcome.title for outcome in outcomes if "candidate_version" in outcome.tags]
    return (trained or [outcome.title for outcome in outcomes] or [""])[0 if trained else -1]


def _flat(section: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """{"a": {"b": 1}} as {"a.b": 1}: one MLflow parameter for each key of conf/."""
    keys: dict[str, Any] = {}
    for key, value in section.items():
        keys |= _flat(value, f"{prefix}{key}.") if isinstance(value, dict) else {prefix + key: value}
    return keys


def _facts(outcomes: list[Outcome], values: _Values, run_id: str) -> list[str]:
    """Which run and history it was, and where the outputs are."""
    config, lines = values.run.config, [f"run {run_id}"]
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
