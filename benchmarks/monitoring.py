"""How often the monitor opens an alarm, changed or not: python -m benchmarks.monitoring [REPLAYS]

Part one draws customers with 40 heavy-tailed, tied, half-empty columns, a model, its SHAP values and what they then bring;
part two replays a stationary shop month by month through the engine's own features and a trained model; then come
the distances beside scipy's, and the cost of a million customers. Exit status 1 where a figure is out of its bound.
"""

import ctypes
import datetime as dt
import resource
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from itertools import repeat
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table
from scipy import stats

from benchmarks import engine
from benchmarks.drawn import MODEL, customers
from clv import clusters, config, simulate
from clv.evaluation import metrics
from clv.monitor import Finding, baseline, checks, sketches
from clv.monitor.evidence import Evidence, Matured, Measured, Recent
from clv.monitor.segment_drift import SegmentDrift
from clv.monitor.verdict import ALARM
from clv.monitor.verdict import verdict as judge

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


def reference(table: pd.DataFrame, settings: config.Config) -> baseline.Baseline:
    scored = MODEL.scored(table)
    figures = metrics.bootstrap(scored["actual_clv"].to_numpy(), scored["predicted_clv"].to_numpy(), 20, 0.9, 1)
    groups = clusters.assign(scored["predicted_clv"], settings.clusters.k, settings.clusters.scale)
    contributions = MODEL.contributions(scored, settings.monitor.shap_drift.customers)
    return baseline.describe({}, Measured(scored, groups, contributions, scored, figures, as_expected(len(scored))))


def as_expected(customers: int) -> pd.DataFrame:
    """Recent orders as the model expects them: one of value 1 of every customer."""
    names = ["orders", "revenue", "expected_orders", "expected_value"]
    return pd.DataFrame(1.0, index=range(customers), columns=names)


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
        columns=checks.columns(base.sketches, scored, None, [], "", limits),
        scored=scored,
        contributions=contributions,
        recent=Recent(dt.date.min, 30, as_expected(len(scored)), 0.0, pd.DataFrame()),
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


def stationary(seed: int, customers_count: int) -> pd.DataFrame:
    """The purchases of a shop without a season, from a day on which its oldest customers have long come and gone."""
    rows, _ = simulate.simulate(customers_count, "2018-01-01", SHOP_DAYS, seed, simulate.Shop(season=(1.0,) * 12))
    begin = dt.date(2018, 1, 1) + dt.timedelta(days=WARM_UP_DAYS)
    return rows[rows["order_date"] >= begin.isoformat()]


def months(seed: int, customers_count: int, verbose: bool = False) -> list[str]:
    """Verdicts of the months after a training in which nothing changed.

    customers_count: of the whole simulation; those of a month are fewer.   verbose: print why a month opens an alarm.
    """
    rows = stationary(seed, customers_count)
    end = dt.date.fromisoformat(rows["order_date"].max()) + dt.timedelta(days=1)
    days = [end - dt.timedelta(days=MONTH_DAYS * number) for number in reversed(range(MONTHS + 1))]
    looks = list(engine.replay(rows, days[0], days[1:], list(SMALL)))
    for look in looks:
        if verbose and look.word == ALARM:
            print(f"seed {seed}, {look.day}: {' '.join(look.reasons)}", flush=True)
    return [look.word for look in looks]


def monthly(seeds: int, processes: int, verbose: bool = True) -> float:
    """Share of stationary months that open an alarm."""
    with ProcessPoolExecutor(processes, get_context("spawn")) as pool:
        words = list(pool.map(months, range(seeds), repeat(SHOP_CUSTOMERS), repeat(verbose)))
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
    settings = engine.configuration()
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
