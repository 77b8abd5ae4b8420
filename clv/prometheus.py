"""Figures of the last time that each step ended well, as a text file that Prometheus reads: the one place for prometheus_client."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field

NAME = "metrics.prom"  # in the outputs folder, where the textfile collector of the node exporter finds it
_VERDICTS = ("stable", "alarm", "insufficient")
_COMMON = ("model", "step")
_LABELS = {"clv_figure": (*_COMMON, "figure", "version"), "clv_verdict": (*_COMMON, "verdict")}
_HELP = {
    "clv_step_success_timestamp_seconds": "when the step ended well the last time, in seconds since 1970",
    "clv_step_seconds": "how long it took",
    "clv_production_version": "the version in production that the step used",
    "clv_newest_order_timestamp_seconds": "the day of the newest order that the step read, in seconds since 1970",
    "clv_verdict": "1 for what the monitor said, 0 for what it did not say",
    "clv_figure": "what the step found of a version: the metrics that the list of runs shows",
}


@dataclass(frozen=True)
class Ended:
    """A step that ended well.

    at: UTC.   figures: name -> value.   production: number of the version in production, where the step used one.   version: that the
    figures are of.   verdict: of the monitor.   newest_order: day, where the step read a history.
    """

    step: str
    at: dt.datetime
    seconds: float
    figures: dict[str, float] = field(default_factory=dict)
    production: str | None = None
    version: str = ""
    verdict: str | None = None
    newest_order: dt.date | None = None


def exposition(model: str, ended: Iterable[Ended], before: str = "") -> str:
    """Returns the text of the file: these steps, and the other steps of the same model from the file of before.

    Source: https://prometheus.io/docs/instrumenting/exposition_formats, version 0.0.4.
    """
    from prometheus_client import CollectorRegistry, Gauge, generate_latest

    steps, registry = list(ended), CollectorRegistry()
    gauges = {name: Gauge(name, text, _LABELS.get(name, _COMMON), registry=registry) for name, text in _HELP.items()}
    anew = {step.step for step in steps}
    for name, known, value in _samples(before):
        if known["model"] == model and known["step"] not in anew:
            gauges[name].labels(**known).set(value)
    for step in steps:
        for name, more, value in _of(step):
            gauges[name].labels(model=model, step=step.step, **more).set(value)
    return generate_latest(registry).decode()


def _of(step: Ended) -> Iterable[tuple[str, dict[str, str], float]]:
    """Family, labels beside model and step, and value of each sample."""
    yield "clv_step_success_timestamp_seconds", {}, step.at.timestamp()
    yield "clv_step_seconds", {}, step.seconds
    if step.production is not None:
        yield "clv_production_version", {}, float(step.production)
    if step.newest_order is not None:
        midnight = dt.datetime.combine(step.newest_order, dt.time(), dt.UTC)
        yield "clv_newest_order_timestamp_seconds", {}, midnight.timestamp()
    if step.verdict is not None:
        for verdict in _VERDICTS:
            yield "clv_verdict", {"verdict": verdict}, float(verdict == step.verdict)
    for figure, value in step.figures.items():
        yield "clv_figure", {"figure": figure, "version": step.version}, value


def _samples(text: str) -> list[tuple[str, dict[str, str], float]]:
    """Name, labels and value of what an earlier file says, as far as this engine says it; nothing of a file that is no longer one of these."""
    from prometheus_client.parser import text_string_to_metric_families

    try:
        found = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    except Exception:  # noqa: BLE001 whatever somebody made of the file must not stop a command
        return []
    ours = [sample for sample in found if sample.name in _HELP]
    return [(one.name, one.labels, one.value) for one in ours if set(one.labels) == set(_LABELS.get(one.name, _COMMON))]
