"""The engine as `train`, `score` and `monitor` run it, on files and without a tracking store."""

import datetime as dt
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import pandas as pd
from hydra import compose, initialize_config_dir

import clv
from clv import config, model, settings
from clv.evaluation import measure, metrics
from clv.evaluation.leaderboard import resampled
from clv.history import History
from clv.monitor import baseline, checks
from clv.monitor.diagnosis import diagnosis
from clv.monitor.evidence import ACTUAL, PREDICTED, Vintage
from clv.monitor.verdict import ALARM, verdict
from clv.outcome import Run
from clv.registry.production import Production
from clv.registry.versions import Version
from clv.steps.evidence import gathered
from clv.steps.training import baseline_of, facts_of
from clv.steps.vintages import Watch

CONF = Path(clv.__file__).resolve().parent.parent / "conf"  # of the engine that is imported, wherever this file lies


def configuration(*overrides: str) -> config.Config:
    """Returns the default configuration with `key=value` overrides."""
    with initialize_config_dir(str(CONF), version_base="1.3"):
        return config.load(compose("config", list(overrides)))


def measured(path: Path, cutoff: str, horizon_days: int, overrides: list[str]) -> measure.Measured:
    """Returns what `train` measures when it runs as of the day on which the horizon after the cutoff ends."""
    as_of = dt.date.fromisoformat(cutoff) + dt.timedelta(days=horizon_days)
    values = configuration(
        f"data.path={path}", f"window.horizon_days={horizon_days}", f"window.as_of={as_of}", *overrides
    )
    return _measured(values, settings.history(values, dt.datetime.now(dt.UTC)))


def _measured(values: config.Config, history: History) -> measure.Measured:
    plan = settings.plan(values, history)
    return measure.measure(history, plan, settings.recipe(values, plan, history))


@dataclass(frozen=True)
class Trained:
    """A version as the monitor meets it in production.   scores, vintages: of earlier looks, by the day of scoring, and once they matured."""

    run: Run
    production: Production
    base: baseline.Baseline
    scores: dict[dt.date, pd.DataFrame] = field(default_factory=dict)
    vintages: dict[dt.date, Vintage] = field(default_factory=dict)


@dataclass(frozen=True)
class Look:
    """What the monitor says on a day. fired: the checks that warn or alert, with their sentences."""

    day: dt.date
    word: str
    reasons: tuple[str, ...]
    fired: dict[str, str]


def train(values: config.Config, folder: Path) -> Trained:
    """Returns the version that `train` makes as of window.as_of, with the baseline that it keeps for the monitor."""
    run = Run(values, dt.datetime.now(dt.UTC), folder)
    history = settings.history(values, run.now)
    fitted = _measured(values, history)
    draws = resampled(fitted, values.evaluation.bootstrap_replicates, values.seed)
    figures = {name: metrics.intervals(drawn, values.evaluation.confidence) for name, drawn in draws.items()}
    facts = facts_of(run, history, fitted)
    production = Production.__new__(Production)  # filled by hand: there is no registry to ask
    vars(production).update(version=Version("shop", "1", "", "", facts, {}), model=fitted.model, warning=None)
    return Trained(run, production, baseline_of(run, history, facts, fitted, figures[measure.OURS]))


def look(history: History, version: Trained, as_of: dt.date) -> Look:
    """Returns what `monitor` says of the version on that day; what `score` says on it is kept, and judged once it has matured."""
    watch, section = Watch(version.run, history, version.production), version.run.config.monitor
    limits = checks.limits(asdict(section))
    seen = gathered(watch, version.base, limits, _matured(version, history, as_of))
    findings = checks.compare(version.base.parts, seen, limits)
    decided = verdict(findings, section.alarm_at, seen.incomplete)
    reasons = (*decided.reasons, diagnosis(findings, seen)) if decided.word == ALARM else decided.reasons
    fired = {name: finding.reason for name, finding in findings.items() if finding.status in ("warn", "alert")}
    table = history.panel.snapshot(as_of, version.production.definition)
    predicted = model.predict(version.production.model, table)[PREDICTED]
    version.scores[as_of] = table[["customer_id"]].assign(**{PREDICTED: predicted})
    return Look(as_of, decided.word, reasons, fired)


def _matured(version: Trained, history: History, as_of: dt.date) -> list[Vintage]:
    """The scores of earlier looks whose horizon has passed."""
    horizon = version.production.horizon_days
    for day, scores in version.scores.items():
        if day not in version.vintages and day + dt.timedelta(days=horizon) <= as_of:
            actual = history.with_actual(scores, day, horizon)[[ACTUAL]]
            predicted = scores[PREDICTED].to_numpy()
            figures = version.run.intervals(actual[ACTUAL], predicted)
            deciles = metrics.deciles(actual[ACTUAL].to_numpy(), predicted)
            version.vintages[day] = Vintage(day, "1", "run", figures, deciles, actual, float(predicted.sum()))
    return list(version.vintages.values())


def replay(rows: pd.DataFrame, begin: dt.date, days: list[dt.date], overrides: list[str]) -> Iterator[Look]:
    """Yields what the monitor says on each day of a version that was trained as of `begin`; each time the file ends the day before.

    Args: rows: customer_id, order_date (YYYY-MM-DD, or a day), revenue.
    """
    with tempfile.TemporaryDirectory() as folder:
        values = configuration(*overrides)
        version = train(_cut(rows, begin, Path(folder), values), Path(folder))
        for day in days:
            values = _cut(rows, day, Path(folder), values)
            yield look(settings.history(values, version.run.now), version, day)


def _cut(rows: pd.DataFrame, day: dt.date, folder: Path, values: config.Config) -> config.Config:
    """The configuration for a file with the rows before the day."""
    path = folder / f"until_{day}.csv"
    rows.loc[rows["order_date"] < day.isoformat(), ["customer_id", "order_date", "revenue"]].to_csv(path, index=False)
    data, window = replace(values.data, path=str(path)), replace(values.window, as_of=day.isoformat())
    return replace(values, data=data, window=window)
