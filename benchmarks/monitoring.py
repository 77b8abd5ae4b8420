"""How often the monitor opens an alarm, changed or not: python -m benchmarks.monitoring [REPLAYS]

Part one draws customers with 40 heavy-tailed, tied, half-empty columns, a model, its SHAP values and what they then bring;
part two replays a stationary shop month by month through the engine's own features and a trained model; then come
the distances beside scipy's, and the cost of a million customers. Exit status 1 where a figure is out of its bound.
"""

import ctypes
import datetime as dt
import resource
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, replace
from itertools import repeat
from multiprocessing import get_context
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import patch

import numpy as np
import pandas as pd
from hydra import compose, initialize_config_dir
from rich.console import Console
from rich.table import Table
from scipy import stats

from benchmarks.drawn import MODEL, customers
from clv import clusters, config, model, settings, simulate
from clv.evaluation import measure, metrics
from clv.evaluation.leaderboard import resampled
from clv.history import History
from clv.monitor import Finding, baseline, checks, sketches
from clv.monitor.evidence import Evidence, Matured, Measured
from clv.monitor.segment_drift import SegmentDrift
from clv.monitor.verdict import ALARM, Verdict
from clv.monitor.verdict import verdict as judge
from clv.outcome import Run
from clv.registry.versions import Version
from clv.steps import monitoring
from clv.steps.training import facts_of
from clv.steps.vintages import Watch

SMALL = (
    "model.rounds=40",
    "model.probability_model=mbg_nbd",
    "evaluation.bootstrap_replicates=20",
    "window.max_snapshots=4",
    "compute.threads=1",
)
SHOP_DAYS, WARM_UP_DAYS = 2550, 900
MONTHS, MONTH_DAYS = 12, 30
SEEDS, SHOP_CUSTOMERS = 10, 12_000  # about 5,000 of them are seen in a month
KS_TABLES = 400


def configuration(*overrides: str) -> config.Config:
    with initialize_config_dir(str(Path(__file__).resolve().parent.parent / "conf"), version_base="1.3"):
        return config.load(compose("config", list(overrides)))


def reference(table: pd.DataFrame, settings: config.Config) -> baseline.Baseline:
    scored = MODEL.scored(table)
    figures = metrics.bootstrap(scored["actual_clv"].to_numpy(), scored["predicted_clv"].to_numpy(), 20, 0.9, 1)
    groups = clusters.assign(scored["predicted_clv"], settings.clusters.k, settings.clusters.scale)
    contributions = MODEL.contributions(scored, settings.monitor.shap_drift.customers)
    return baseline.describe({}, Measured(scored, groups, contributions, scored, figures))


def evidence(
    base: baseline.Baseline,
    scored: pd.DataFrame,
    contributions: pd.DataFrame,
    matured: pd.DataFrame | None,
    settings: config.Config,
) -> Evidence:
    """What the checks look at; no scores are stored. scored: a feature table with predictions.   matured: one with actual_clv."""
    limits = checks.limits(asdict(settings.monitor))
    return Evidence(
        version="1",
        sketches=base.sketches,
        columns=checks.columns(base.sketches, scored, [], limits),
        scored=scored,
        contributions=contributions,
        matured=Matured(dt.date.min, matured, "Labels not matured."),
        vintages=[],
    )


def verdict(
    base: baseline.Baseline, now: pd.DataFrame, matured: pd.DataFrame | None, settings: config.Config
) -> tuple[str, dict[str, Finding], pd.DataFrame]:
    """The word of the verdict, the findings, and every column. now: a feature table, perhaps spoilt.   matured: one with actual_clv."""
    scored = MODEL.scored(now)
    contributions = MODEL.contributions(scored, settings.monitor.shap_drift.customers)
    seen = evidence(base, scored, contributions, None if matured is None else MODEL.scored(matured), settings)
    findings = checks.compare(base.parts, seen, checks.limits(asdict(settings.monitor)))
    return judge(findings, settings.monitor.alarm_at).word, findings, seen.columns


def spend(table: pd.DataFrame, times: float) -> pd.DataFrame:
    money = table.columns.str.contains("revenue|order_value") | (table.columns == "actual_clv")
    return table.assign(**{name: table[name] * times for name in table.columns[money]})


def broken(table: pd.DataFrame, column: str, how: str) -> pd.DataFrame:
    spoilt = {"constant": table[column].median(), "all missing": np.nan, "times 100": table[column] * 100}[how]
    return table.assign(**{column: spoilt})


def replay(scenario: str, n: int, number: int, settings: config.Config) -> bool:
    """Whether one replay did what it should."""
    chance = np.random.default_rng([number, n, *scenario.encode()])
    base, now = reference(customers(n, chance), settings), customers(n, chance)
    if scenario == "nothing changed":
        return verdict(base, now, customers(n, chance), settings)[0] == ALARM
    if scenario == "spend +30 %":
        return verdict(base, spend(now, 1.3), None, settings)[0] == ALARM
    if scenario == "churn +30 %":
        return verdict(base, now, customers(n, chance, churn=0.65), settings)[0] == ALARM
    if scenario == "stages moved by 5 points":
        now = customers(n, chance)
        active, moved = now["lifecycle_stage"] == "active", chance.random(n)
        share = 0.05 / active.mean()
        now.loc[active & (moved < share), "lifecycle_stage"] = "lagging"
        finding = verdict(base, now, None, settings)[1][SegmentDrift.name]
        return finding.status in ("warn", "alert")
    if scenario == "same verdict on 25 %":
        changed = spend(now, chance.choice([1.0, 1.2, 1.3]))
        return verdict(base, changed, None, settings)[0] == verdict(base, changed.head(n // 4), None, settings)[0]
    columns = [name for name in now if name not in ("actual_clv", "lifecycle_stage")]
    column, how = columns[number % len(columns)], ["constant", "all missing", "times 100"][number % 3]
    word, _, table = verdict(base, broken(now, column, how), None, settings)
    return word == ALARM and table.set_index("feature").loc[column, "status"] in ("warn", "alert")


MUST = [  # scenario, customers, at most or at least, share of replays
    ("nothing changed", 500, "at most", 0.02),
    ("nothing changed", 5_000, "at most", 0.02),
    ("nothing changed", 50_000, "at most", 0.02),
    ("spend +30 %", 5_000, "at least", 0.99),
    ("spend +30 %", 50_000, "at least", 0.99),
    ("churn +30 %", 5_000, "at least", 0.99),
    ("churn +30 %", 50_000, "at least", 0.99),
    ("a feature broken", 5_000, "at least", 1.0),
    ("stages moved by 5 points", 5_000, "at least", 0.99),
    ("same verdict on 25 %", 50_000, "at least", 0.95),
]


def table_of(rows: list[tuple], replays: int, settings: config.Config) -> pd.DataFrame:
    """scenario, customers, must (at most, at least), limit, and the share of replays in which it happened."""
    with ProcessPoolExecutor(settings.compute.threads, get_context("spawn")) as pool:
        results = [
            list(pool.map(replay, repeat(scenario), repeat(n), range(replays), repeat(settings)))
            for scenario, n, *_ in rows
        ]
    return pd.DataFrame(rows, columns=["scenario", "customers", "must", "limit"]).assign(
        found=[np.mean(replays) for replays in results]
    )


def stationary(seed: int, customers_count: int, path: Path) -> None:
    """Write the purchases of a shop without a season, from a day on which its oldest customers have long come and gone."""
    with patch.object(simulate, "SEASON", np.ones(12)):
        rows, _ = simulate.simulate(customers_count, "2018-01-01", SHOP_DAYS, seed)
    begin = dt.date(2018, 1, 1) + dt.timedelta(days=WARM_UP_DAYS)
    rows[rows["order_date"] >= begin.isoformat()].to_csv(path, index=False)


def trained(run: Run, history: History, day: dt.date) -> tuple[baseline.Baseline, measure.Measured]:
    """What training as of that day keeps for the monitor, without a tracking store."""
    values, plan = run.config, settings.plan(run.config, history, day)
    measured = measure.measure(history, plan, settings.recipe(values, plan, history))
    evaluation = measured.evaluation.assign(predicted_clv=measured.predicted[measure.OURS])
    draws = resampled(measured, values.evaluation.bootstrap_replicates, values.seed)
    figures = metrics.intervals(draws[measure.OURS], values.evaluation.confidence)
    newest = history.snapshot(day, settings.definition(values, plan, history))
    scored = newest.assign(predicted_clv=model.predict(measured.model, newest)["predicted_clv"])
    groups = clusters.assign(scored["predicted_clv"], values.clusters.k, values.clusters.scale).to_numpy()
    contributions = model.contributions(measured.model, run.sample(newest, values.monitor.shap_drift.customers))
    made_on = Measured(scored, groups, contributions, evaluation, figures)
    return baseline.describe(facts_of(run, history, measured), made_on), measured


def months(seed: int, customers_count: int, values: config.Config, verbose: bool = False) -> list[str]:
    """Verdicts of the months after a training in which nothing changed; performance over time is left out.

    customers_count: of the whole simulation; those of a month are fewer.   verbose: print why a month opens an alarm.
    """
    with tempfile.TemporaryDirectory() as folder:
        path, now = Path(folder) / "history.csv", dt.datetime.now(dt.UTC)
        stationary(seed, customers_count, path)
        run = Run(replace(values, data=replace(values.data, path=str(path))), now, path.parent)
        history = settings.history(run.config, now)
        begin = history.as_of - dt.timedelta(days=MONTHS * MONTH_DAYS)
        base, measured = trained(run, history, begin)
        version = Version("shop", "1", "", "", base.facts, {})
        production = SimpleNamespace(
            version=version,
            model=measured.model,
            definition=version.definition,
            learnt_until=version.learnt_until,
            horizon_days=version.horizon_days,
        )
        days = [begin + dt.timedelta(days=MONTH_DAYS * number) for number in range(1, MONTHS + 1)]
        verdicts = [month(Watch(run, history, production), base, day) for day in days]
    for number, verdict in enumerate(verdicts, 1):
        if verbose and verdict.word == ALARM:
            print(f"seed {seed}, month {number}: {' '.join(verdict.reasons)}", flush=True)
    return [verdict.word for verdict in verdicts]


def month(watch: Watch, base: baseline.Baseline, day: dt.date) -> Verdict:
    """Verdict as of a day."""
    vars(watch.history)["as_of"] = day
    limits = checks.limits(asdict(watch.run.config.monitor))
    evidence_now = monitoring.look(watch, base, limits, [])
    if evidence_now.too_short:
        raise SystemExit(evidence_now.too_short)
    return judge(checks.compare(base.parts, evidence_now, limits), watch.run.config.monitor.alarm_at)


def monthly(seeds: int, processes: int, verbose: bool = True) -> float:
    """Share of stationary months that open an alarm."""
    with ProcessPoolExecutor(processes, get_context("spawn")) as pool:
        values = repeat(configuration(*SMALL))
        words = list(pool.map(months, range(seeds), repeat(SHOP_CUSTOMERS), values, repeat(verbose)))
    return float(np.mean(np.array(words) == ALARM))


def scale(settings: config.Config, customers_count: int = 1_000_000) -> dict[str, float]:
    """CPU seconds of all checks on that many customers with labels, and MB of the peak beyond what was held before."""
    chance = np.random.default_rng(1)
    base = reference(customers(200_000, chance), settings)
    scored = MODEL.scored(customers(customers_count, chance))
    numbers = scored.select_dtypes("number").columns
    scored = scored.astype(dict.fromkeys(numbers, "float32"))
    contributions = MODEL.contributions(scored, settings.monitor.shap_drift.customers)
    limits = checks.limits(asdict(settings.monitor))
    ctypes.CDLL(None).malloc_trim(0)  # else what was freed before is used again and not seen
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins at what is held now
    before, begin = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    checks.compare(base.parts, evidence(base, scored, contributions, scored, settings), limits)
    seconds = time.process_time() - begin
    return {"seconds": seconds, "MB": (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024}


def sample(chance: np.random.Generator) -> np.ndarray:
    """20 to 5,000 heavy-tailed values, rounded so that they tie, with zeros and missing ones."""
    n, digits = int(np.exp(chance.uniform(np.log(20), np.log(5_000)))), int(chance.integers(-1, 3))
    values = np.round(np.exp(chance.normal(chance.normal(3, 0.2), 1.0, n)), digits)
    return np.where(chance.random(n) < 0.1, np.nan, values * (chance.random(n) < chance.uniform(0.3, 1)))


def distances(tables: int = KS_TABLES) -> dict[str, float]:
    """Largest differences from scipy: of D and p on the rows, of D on the sketch, and how far that is beyond its bound."""
    chance, differences = np.random.default_rng(2), []
    for _ in range(tables):
        before, now = sample(chance), sample(chance)
        rows = [values[~np.isnan(values)] for values in (before, now)]
        scipys = stats.ks_2samp(*rows, method="asymp")
        (exact, p), (short, _) = (
            sketches.distance(sketch.cells, sketches.counted(now, sketch.at).cells)
            for sketch in (sketches.exact(before), sketches.sketch(before))
        )
        bound = max(1 / sketches.POINTS, sketches.HIDDEN / len(rows[0]))
        off = abs(short - scipys.statistic)
        differences.append((abs(exact - scipys.statistic), abs(p - scipys.pvalue), off, off - bound))
    names = ("D on rows", "p on rows", "D on sketch", "D on sketch beyond its bound")
    return dict(zip(names, np.max(differences, 0), strict=True))


def measured(replays: int) -> list[tuple[str, str, float, float]]:
    """What was measured, at most or at least, the bound, and the figure."""
    settings = configuration()
    rows = [
        (f"{row.scenario}, {row.customers:,} customers", row.must, row.limit, row.found)
        for row in table_of(MUST, replays, settings).itertuples()
    ]
    rows += [
        (f"alarms in {SEEDS} x {MONTHS} stationary months", "at most", 0.05, monthly(SEEDS, settings.compute.threads))
    ]
    off, cost = distances(), scale(settings)
    bounds = {"D on rows": 1e-12, "p on rows": 1e-9, "D on sketch beyond its bound": 1e-12}
    rows += [
        (f"difference from scipy: {name}", "at most", bounds.get(name, np.inf), value) for name, value in off.items()
    ]
    rows += [("1,000,000 x 40: CPU seconds of all checks", "at most", 15.0, cost["seconds"])]
    return rows + [("1,000,000 x 40: MB beyond the table", "at most", 1000.0, cost["MB"])]


def main(replays: int) -> int:
    """Print every figure beside its bound. Returns: 1 where one is out of it, else 0."""
    shown, failed = Table("what", "found", "must", "ok?", title=f"{replays} replays", title_justify="left"), 0
    for what, must, bound, value in measured(replays):
        good = value <= bound if must == "at most" else value >= bound
        failed |= not good
        shown.add_row(what, f"{value:.4g}", f"{must} {bound:g}" if np.isfinite(bound) else "", "yes" if good else "NO")
    Console(width=120).print(shown)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 200))
