"""What a step hands back to be written, logged and shown; no step writes on the way."""

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

from clv.errors import UserError


@dataclass(frozen=True)
class Candidate:
    """A trained model on its way to the registry.

    model: of clv.model.   facts: JSON-ready; what scoring and monitoring need to use this version.
    example: a few rows of its inputs, for the signature.   description: Markdown that a reviewer reads.
    """

    model: Any
    facts: dict
    example: Any
    description: str


@dataclass(frozen=True)
class Part:
    """A figure of its own in the list of runs: logged as a run nested in the step's."""

    name: str
    params: dict[str, str]
    metrics: dict[str, float]


@dataclass(frozen=True)
class Review:
    """A question that waits for a person: which version, and why."""

    model: str
    version: str
    as_of: str
    reasons: list[str]


@dataclass(frozen=True)
class Decision:
    """What the ledger is to say.

    event: of clv.ledger.   by, why: as a person said it.   to: the version of the model that is in production from now on; None: nothing
    moves.   versions: MODEL/NUMBER of the versions that show it.   facts: JSON-ready; what it was based on.
    """

    event: str
    by: str
    why: str
    to: str | None
    versions: tuple[str, ...]
    facts: dict


@dataclass(frozen=True)
class Assessment:
    """A candidate beside the version in production, as a person reads it: goes to the candidate's own run and version.

    model, version, run_id: of the candidate.   against: version in production, None where there was none.   gates: passed or failed.
    page: HTML.   content: JSON-ready, with at (when).
    """

    model: str
    version: str
    run_id: str
    against: str | None
    gates: str
    page: str
    content: dict


@dataclass(frozen=True)
class Record:
    """summary: one line for the terminal and the run.   title: what the run's name says beside the step.   outputs: relative path -> table, text, JSON or figure, for people
    and the run.   artifacts: the same, for the run alone; one under outputs/ is logged in place of that output.
    series: metric -> day -> value, for a chart over days in one run.   review: opened on the version when this is logged.
    assessment: of a candidate.   decisions: for the ledger, in order.   table: shown on the terminal.
    dataset: name, digest, source and profile of the data that was read.   warnings: what to know before using the outputs.
    refused: raised after this is logged and shown."""

    summary: str
    title: str = ""
    outputs: dict[str, Any] = field(default_factory=dict)
    artifacts: dict[str, Any] = field(default_factory=dict)
    metrics: dict[str, float] = field(default_factory=dict)
    series: dict[str, dict[dt.date, float]] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    review: Review | None = None
    assessment: Assessment | None = None
    decisions: tuple[Decision, ...] = ()
    table: Any = None
    dataset: dict[str, Any] | None = None
    candidate: Candidate | None = None
    parts: tuple[Part, ...] = ()
    warnings: tuple[str, ...] = ()
    refused: UserError | None = None
