"""What a step hands back, and what it asks the outside to do: effects, applied after its outputs are written and logged."""

import datetime as dt
import json
import tempfile
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import duckdb
import numpy as np
import pandas as pd

from clv import alerts, hints, reports, store, tracking
from clv.compute import Compute
from clv.config import Config
from clv.errors import OutputsError, UserError
from clv.evaluation import metrics
from clv.monitor.verdict import PERSON_DECIDES
from clv.registry import alarms, ledger, ledger_store, pages, registration, reviews
from clv.registry.alarms import Alarm
from clv.registry.ledger import Decision
from clv.registry.registration import Candidate
from clv.registry.reviews import Review
from clv.registry.standing import Standing
from clv.registry.versions import Version
from clv.tracking import spool

RANKED, CLUSTERED, RANKINGS = "clv_ranked_predictions.csv", "clv_clustered_customers.csv", "clv_cluster_rankings.csv"
REPORT, CONTACTS = "report.html", "clv_contact_list.csv"
REPORTED = (REPORT, CONTACTS, "report/", "segments/")  # what the report writes; a name with / is a folder
METRICS = "clv_model_metrics.csv"
FEATURES, PICTURE = "clv_features.parquet", "clv_by_rank_and_cluster.png"
SAME_HISTORY = 0.2  # revenue of the same days may differ by this share (late returns) and be the same business


def raw(name: str) -> str:
    """Returns the name of the Parquet beside a CSV, which has the ids as they are: another step reads it."""
    return name.replace(".csv", ".parquet")


@dataclass
class Run:
    """The run of a command: its configuration, its one clock (UTC), the folder of its outputs, its means, and what it registered."""

    config: Config
    now: dt.datetime
    bundle: Path
    compute: Compute = field(default_factory=Compute)  # what it may use of the machine
    candidate: str | None = None  # number of the version that this run registered

    @property
    def stamp(self) -> str:
        """The clock as file names have it."""
        return self.now.strftime("%Y%m%dT%H%M%SZ")

    def table(self, name: str, made_by: str) -> duckdb.DuckDBPyRelation:
        """Returns a table that an earlier step made, in this run or in the current bundle, in its order.

        Raises: UserError: it is not there yet.
        """
        name = raw(name)
        current = Path(self.config.outputs) / store.CURRENT
        path = store.made(self.bundle if (self.bundle / name).exists() else current, name, made_by)
        return self.compute.connection.read_parquet(str(path))

    def loggable(self, table: pd.DataFrame) -> pd.DataFrame:
        """Returns the table as a run may keep it: without customer ids where the configuration says so."""
        return table if self.config.tracking.log_customer_ids else table.drop(columns="customer_id")

    def sample(self, table: pd.DataFrame, most: int) -> pd.DataFrame:
        """Returns at most so many rows, drawn with the seed."""
        return table.sample(min(most, len(table)), random_state=self.config.seed)

    def intervals(self, actual: pd.Series, predicted: np.ndarray) -> pd.DataFrame:
        """Returns the metrics with their bootstrap intervals."""
        section = self.config.evaluation
        return metrics.bootstrap(
            actual.to_numpy(), predicted, section.bootstrap_replicates, section.confidence, self.config.seed
        )


@dataclass(frozen=True)
class Consequence:
    """What an effect leaves to be shown: tags and metrics of the run, warnings, and words before the run's title."""

    tags: dict[str, str] = field(default_factory=dict)
    metrics: dict[str, float] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    title: str = ""


class Effect(Protocol):
    """Something that changes the world outside the outputs folder and the run's log."""

    def apply(self, run: Run, standing: Standing) -> Consequence: ...


@dataclass(frozen=True)
class Part:
    """A figure of its own in the list of runs: logged as a run nested in the step's."""

    name: str
    params: dict[str, str]
    metrics: dict[str, float]


@dataclass(frozen=True)
class Outcome:
    """What a step found; the step itself writes nothing.

    summary: one line for the terminal and the run.   title: the run's name; the step's where there is none.
    outputs: relative path -> table, text, JSON or figure, for people and the run.   artifacts: the same, for the run alone; one under
    outputs/ is logged in place of that output.   metrics: the few that a list of runs shows; one with a / in its name goes into a table,
    metrics/STEP.csv of the run.   series: metric -> day -> value, for a chart over days.   table: shown on the terminal.
    dataset: the data that were read.   warnings: what to know before using the outputs.   notes: what to know of the run.   effects: applied in order.
    lines: shown at the end as they are, such as the next command.   shown: outputs that the command's own run has as well.
    refused: raised after all this is logged and shown.
    """

    summary: str
    title: str = ""
    outputs: dict[str, Any] = field(default_factory=dict)
    artifacts: dict[str, Any] = field(default_factory=dict)
    metrics: dict[str, float] = field(default_factory=dict)
    series: dict[str, dict[dt.date, float]] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    table: pd.DataFrame | None = None
    dataset: dict[str, Any] | None = None
    parts: tuple[Part, ...] = ()
    effects: tuple[Effect, ...] = ()
    lines: tuple[str, ...] = ()
    shown: tuple[str, ...] = ()
    refused: UserError | None = None


@dataclass(frozen=True)
class Register:
    """Register a trained model as a version that waits for a person. figures: its metric table, which gets the version's number."""

    candidate: Candidate
    figures: pd.DataFrame

    def apply(self, run: Run, standing: Standing) -> Consequence:
        run.candidate, model_id = registration.register(self.candidate, standing)
        standing.forget()
        pages.show_model(standing)
        self._number(run)
        return Consequence({"candidate_version": run.candidate, "model_id": model_id}, title=f"v{run.candidate}")

    def _number(self, run: Run) -> None:
        """Writes the number into the metric table: outputs/ also holds scores, which may be of another version."""
        table = {METRICS: self.figures.assign(model_version=run.candidate)}
        store.write(run.bundle, table)
        with tempfile.TemporaryDirectory() as folder:
            store.write(Path(folder), table)
            tracking.current().files(Path(folder), "outputs")


@dataclass(frozen=True)
class Attach:
    """Attach a review to the run that trained the version, and show it on the version."""

    review: Review

    def apply(self, run: Run, standing: Standing) -> Consequence:
        tags, metrics, link = reviews.attach(self.review)
        standing.forget()
        pages.show(standing, self.review.version.full_name, pages.of_review(self.review.content, link))
        return Consequence(tags, metrics)


@dataclass(frozen=True)
class Enter:
    """Enter a decision in the ledger, and bring about what it says."""

    decision: Decision

    def apply(self, run: Run, standing: Standing) -> Consequence:
        facts = {"at": dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds")} | tracking.who()
        ledger_store.record(standing, self.decision, facts)
        return Consequence()


@dataclass(frozen=True)
class ShowDecision:
    """Show a decision on the page of the review that it closed: in the run that trained the version, and in outputs/ while it has that review.

    version: that was reviewed.   review: of reviews.read().
    """

    version: Version
    review: dict[str, Any]

    def apply(self, run: Run, standing: Standing) -> Consequence:
        entry = ledger.closing(standing.decisions, self.review["sha256"])
        if entry is None:
            return Consequence()
        words = reports.decision(entry)
        reviews.rewrite(self.version, lambda page: reports.with_decision(page, words))
        page, content = (
            Path(run.config.outputs) / store.CURRENT / "review" / f"review.{kind}" for kind in ("html", "json")
        )
        with suppress(OSError, ValueError, OutputsError):
            if json.loads(content.read_text()) == {key: self.review[key] for key in self.review if key != "sha256"}:
                store.replace(page, reports.with_decision(page.read_text(), words), page.stat().st_mode & 0o777)
        return Consequence()


@dataclass(frozen=True)
class Open:
    """Open an alarm, which a person closes, and send one message to those whom conf/alerts names."""

    alarm: Alarm

    def apply(self, run: Run, standing: Standing) -> Consequence:
        run_id = alarms.open_alarm(self.alarm, run.now.isoformat(timespec="seconds"))
        variables = run.config.alerts.url_variables
        if not variables:
            return Consequence({"alarm_run": run_id})
        title = f"Alarm: model {self.alarm.model}, version {self.alarm.version}, as of {self.alarm.as_of}"
        where, how = tracking.link(run_id, run.config.alerts.ui), hints.acknowledge(run_id)
        delivery = alerts.send(variables, title, "\n\n".join([*self.alarm.reasons, where, how, PERSON_DECIDES]))
        status = "; ".join([f"delivered {delivery.delivered} of {delivery.asked}", *delivery.problems])
        warnings = tuple(f"alert: {problem}" for problem in delivery.problems)
        return Consequence({"alarm_run": run_id, "alert": status}, warnings=warnings)


@dataclass(frozen=True)
class Write:
    """Write a file outside the bundle of outputs, whole or not at all. private: its owner alone may read it."""

    path: Path
    content: pd.DataFrame | str
    private: bool = False

    def apply(self, run: Run, standing: Standing) -> Consequence:
        store.replace(self.path, self.content, 0o600 if self.private else 0o644)
        return Consequence()


@dataclass(frozen=True)
class Drop:
    """Drop what waits in the spool for a server that will not come. home: the outputs folder."""

    home: Path
    address: str

    def apply(self, run: Run, standing: Standing) -> Consequence:
        spool.drop(self.home, self.address)
        return Consequence()


@dataclass(frozen=True)
class Forget:
    """Forget the parts that were kept for a run that goes on after an interruption: the whole is done."""

    finished: store.Finished

    def apply(self, run: Run, standing: Standing) -> Consequence:
        self.finished.clear()
        return Consequence()
