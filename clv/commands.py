"""The commands: which steps each runs, whether it needs the tracking server, what it does to the outputs."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass

from clv import steps
from clv.outcome import CLUSTERED, FEATURES, PICTURE, RANKINGS, REPORTED, Outcome, Run, raw
from clv.registry.standing import Standing
from clv.tracking.journal import Logged

Step = Callable[..., Outcome]


@dataclass(frozen=True)
class Command:
    """A row of the table of commands.

    steps: in order; each takes, among run, history, production and standing, what its parameters name.
    needs_server: it stops without the tracking server; else it finishes, and its log waits in the spool.
    writes_outputs: it waits for other commands that write the outputs folder.   makes_stale: outputs of earlier runs that it makes untrue.
    catches_up: it first enters a move that was made outside the ledger.   settles: it finishes an interrupted decision, because a person decides.
    nested: each step has a run of its own within the command's run.   logged: when it gets a run.
    """

    steps: tuple[Step, ...]
    needs_server: bool = True
    writes_outputs: bool = True
    makes_stale: tuple[str, ...] = ()
    catches_up: bool = False
    settles: bool = False
    nested: bool = False
    logged: Logged = Logged.ALWAYS

    @property
    def logged_keys(self) -> tuple[str, ...]:
        """The keys of conf/ that are the parameters of its run: those of its steps; a pipeline's runs differ by what they trained."""
        return READS[steps.train] if self.nested else tuple(key for step in self.steps for key in READS.get(step, ()))

    @property
    def may_bootstrap(self) -> bool:
        """Whether it puts the first version of a model into production."""
        return steps.bootstrap in self.steps

    @property
    def reads_history(self) -> bool:
        """Whether it works on the purchases of a history, for one model; check works on a file that has none yet."""
        steps_with_a_model = [step for step in self.steps if step is not steps.check]
        return any("history" in inspect.signature(step).parameters for step in steps_with_a_model)


# Sections and keys of conf/ that a step's result depends on: they are the parameters of its run. All of conf/ is in config.yaml of the run.
_LABELS = ("window.horizon_days", "window.discount_rate")
_PLAN = (*_LABELS, "window", "features", "model", "seed")
READS: dict[Step, tuple[str, ...]] = {
    steps.read: ("data", "window.as_of"),
    steps.features: ("window", "features"),
    steps.train: ("data", *_PLAN, "evaluation", "clusters", "monitor.shap_drift", "monitor.recent_orders"),
    steps.review: (*_LABELS, "evaluation", "review", "seed"),
    steps.score: ("window", "monitor.least_history"),
    steps.cluster: ("clusters",),
    steps.report: ("data.currency", "economics", "segments", "evaluation", "seed"),
    steps.monitor: ("window", "features.moving", "evaluation", "monitor", "seed"),
    steps.backtest: (*_PLAN, "evaluation", "backtest"),
    steps.tune: (*_PLAN, "evaluation", "tune"),
    steps.promote: ("review",),
    steps.simulate: ("window.horizon_days", "simulate", "seed"),
}

COMMANDS = {
    "check": Command((steps.check,), needs_server=False, writes_outputs=False, logged=Logged.NEVER),
    "full_pipeline": Command(
        (
            *(steps.read, steps.features, steps.train, steps.review, steps.bootstrap),
            *(steps.score, steps.cluster, steps.rank_clusters, steps.monitor, steps.report),
        ),
        makes_stale=REPORTED,
        catches_up=True,
        nested=True,
    ),
    "features": Command((steps.read, steps.features), needs_server=False),
    "train": Command((steps.read, steps.train, steps.review), catches_up=True),
    "score": Command(
        (steps.read, steps.score),
        needs_server=False,
        makes_stale=(CLUSTERED, raw(CLUSTERED), RANKINGS, PICTURE, FEATURES, *REPORTED),
        catches_up=True,
    ),
    "cluster": Command((steps.cluster,), needs_server=False, makes_stale=(RANKINGS, PICTURE, *REPORTED)),
    "rank_clusters": Command((steps.rank_clusters,), needs_server=False),
    "monitor": Command((steps.read, steps.monitor), needs_server=False, catches_up=True),
    "report": Command((steps.read, steps.report), needs_server=False, makes_stale=REPORTED),
    "backtest": Command((steps.read, steps.backtest), needs_server=False),
    "tune": Command((steps.read, steps.tune), needs_server=False),
    "review": Command((steps.read, steps.review), catches_up=True),
    "promote": Command((steps.promote,), writes_outputs=False, catches_up=True, settles=True, logged=Logged.WHEN_DONE),
    "reject": Command((steps.reject,), writes_outputs=False, catches_up=True, settles=True, logged=Logged.WHEN_DONE),
    "rollback": Command(
        (steps.rollback,), writes_outputs=False, catches_up=True, settles=True, logged=Logged.WHEN_DONE
    ),
    "acknowledge": Command((steps.acknowledge,), writes_outputs=False, logged=Logged.WHEN_DONE),
    "ledger": Command((steps.ledger,), writes_outputs=False, logged=Logged.NEVER),
    "reproduce": Command((steps.reproduce,), writes_outputs=False, logged=Logged.WHEN_DONE),
    "explain": Command((steps.read, steps.explain), logged=Logged.NEVER),
    "readiness": Command((steps.readiness,), writes_outputs=False, logged=Logged.NEVER),
    "sync": Command((steps.sync,), writes_outputs=False, logged=Logged.NEVER),
    "serve": Command((steps.serve,), needs_server=False, writes_outputs=False, logged=Logged.NEVER),
    "simulate": Command((steps.simulate,), needs_server=False, writes_outputs=False),
}


def steps_of(name: str, run: Run, standing: Standing) -> list[Step]:
    """Returns the steps that apply: the first version ever becomes Production by itself, later ones wait for a person."""
    first_ever = COMMANDS[name].may_bootstrap and run.config.tracking.bootstrap and not standing.was_promoted
    return [step for step in COMMANDS[name].steps if step is not steps.bootstrap or first_ever]


def run_name(step: str, outcome: Outcome) -> str:
    """Returns the name of a step's run. What differs comes first, because a list of runs cuts names after some twenty characters.

    It is `v10 blend 90d` for a training, `v2 score 2026-07-01` for what the version in production did, and else what the step says.
    """
    tags = outcome.tags
    if "production_version" in tags:
        return f"v{tags['production_version']} {step} {tags['as_of']}"
    if "reviewed_version" in tags:
        return f"v{tags['reviewed_version']} {step}"
    return outcome.title or step
