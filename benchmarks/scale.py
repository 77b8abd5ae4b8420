"""What a business costs by its size: python -m benchmarks.scale [--lines 1000000 10000000] [--folder FOLDER] [--kind parquet]

Histories of benchmarks/big_history.py are made in the folder, by default a temporary one. Each measurement runs in a process and
a project folder of its own. The first table has the figures by size, the second holds them to the aims.
"""

import argparse
import datetime as dt
import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
from rich.console import Console
from rich.table import Table

from benchmarks import big_history
from benchmarks.engine import configuration
from clv import config, model, settings
from clv import features as of_features
from clv.features import Definition
from clv.history import History

ROOT = Path(__file__).parents[1]
SAMPLE = ROOT / "data/raw/transactions.csv"
MEASUREMENTS = ("read", "features", "fit", "full_pipeline")
AIMS = (  # what, before, at most, where it stands among the figures
    ("full_pipeline, sample, CPU s", "37", "18", ("sample", "full_pipeline")),
    ("fit, 1 M lines, CPU s", "190 to 270", "60", ("1,000,000 lines", "fit")),
    ("fit, 10 M lines, CPU s", "190 to 270", "60", ("10,000,000 lines", "fit")),
    ("full_pipeline, 10 M lines, CPU s", "654", "250", ("10,000,000 lines", "full_pipeline")),
    ("full_pipeline, 10 M lines, GB", "8.0", "3", ("10,000,000 lines", "full_pipeline, GB")),
    ("full_pipeline, 100 M lines, CPU s", "does not fit", "2,000", ("100,000,000 lines", "full_pipeline")),
    ("full_pipeline, 100 M lines, GB", "does not fit", "6", ("100,000,000 lines", "full_pipeline, GB")),
    ("features / bare group-by, 10 M lines", "4.3", "4", ("10,000,000 lines", "features / group-by")),
    ("features / pandas, 10 M lines", "0.52", "0.5", ("10,000,000 lines", "features / pandas")),
    ("scoring 1 M customers, 10 M lines, CPU s", "-", "15", ("10,000,000 lines", "scoring 1 M customers")),
    ("scoring 1 M customers, 100 M lines, CPU s", "-", "15", ("100,000,000 lines", "scoring 1 M customers")),
)
_STEP = re.compile(
    r"(\w+) +[\d.:]+ (?:s|min)  "
)  # the line that a step leaves: its name, how long it took, what came out
_TICKS = os.sysconf("SC_CLK_TCK")
_GROUPED = "customer_id, COUNT(*), SUM(revenue), MIN(order_date), MAX(order_date)"


@dataclass
class Measured:
    """A process that has ended: CPU and wall seconds, peak of its memory in GB, CPU seconds by step, and the lines it wrote."""

    cpu: float
    wall: float
    gb: float
    steps: dict[str, float] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)


def measured(words: list[str]) -> Measured:
    """Runs a module in a process and a project folder of its own.

    Raises: RuntimeError: it fails; with the last of its lines.
    """
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    environment.pop("MLFLOW_TRACKING_URI", None)
    begun, before, steps, lines = time.monotonic(), 0.0, dict[str, float](), list[str]()
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", *words]
        pipe = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
        process = subprocess.Popen(command, cwd=folder, env=environment, text=True, **pipe)
        for line in process.stdout or ():
            lines.append(line.rstrip())
            if ended := _STEP.match(line):
                used = _cpu_of(process.pid)
                steps[ended[1] if steps else f"imports, {ended[1]}"] = used - before
                before = used
        _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise RuntimeError("\n".join([f"{' '.join(words)} failed:", *lines[-20:]]))
    return Measured(usage.ru_utime + usage.ru_stime, time.monotonic() - begun, usage.ru_maxrss / 1e6, steps, lines)


def _cpu_of(pid: int) -> float:
    """Its seconds of user and system time so far."""
    numbers = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(numbers[11]) + int(numbers[12])) / _TICKS


@contextmanager
def _timed(seconds: dict[str, float], name: str) -> Iterator[None]:
    """Adds the CPU seconds of what happens within."""
    begin = resource.getrusage(resource.RUSAGE_SELF)
    yield
    end = resource.getrusage(resource.RUSAGE_SELF)
    used = end.ru_utime + end.ru_stime - begin.ru_utime - begin.ru_stime
    seconds[name] = seconds.get(name, 0.0) + used


def _composed(file: str) -> tuple[config.Config, History]:
    values = configuration(f"data.path={file}")
    return values, settings.history(values, dt.datetime.now(dt.UTC))


def read(file: str) -> dict[str, float]:
    """Reads, in partitions as the default configuration has them."""
    seconds: dict[str, float] = {}
    _, history = _composed(file)
    with _timed(seconds, "read"):
        quality = history.quality
    return seconds | {"lines": quality.rows, "customers": quality.customers}


def features(file: str) -> dict[str, float]:
    """Part by part: the feature table at the as-of date, a bare group-by of its purchases, and its windows in pandas."""
    seconds: dict[str, float] = {}
    values, history = _composed(file)
    definition = settings.definition(values, settings.plan(values, history), history)
    for part in history.transactions.partitions:
        history.connection.execute("DROP TABLE IF EXISTS part")
        part.create("part")
        purchases = history.connection.table("part")
        with _timed(seconds, "features"):
            linked = of_features.history(purchases, definition.season)
            of_features.snapshot(linked, history.as_of, definition)
        with _timed(seconds, "group-by"):
            purchases.aggregate(_GROUPED, "customer_id").df()
        frame = purchases.df()
        with _timed(seconds, "pandas"):
            in_pandas(frame, pd.Timestamp(history.as_of), definition)
    ratios = {f"features / {name}": seconds["features"] / seconds[name] for name in ("group-by", "pandas")}
    return seconds | ratios


def in_pandas(purchases: pd.DataFrame, cutoff: pd.Timestamp, definition: Definition) -> pd.DataFrame:
    """The same windows, half-lives and gaps by the calendar, as one would write them: days, sums and counts of each customer."""
    before = purchases[purchases["order_date"] < cutoff].sort_values(["customer_id", "order_date"])
    before = before.assign(
        revenue=before["revenue"].astype(float).clip(lower=0), age=(cutoff - before["order_date"]).dt.days
    )
    customers = before.groupby("customer_id")
    columns = {
        "recency_days": customers["age"].min(),
        "tenure_days": customers["age"].max(),
        "frequency": customers["orders"].sum() - 1,
        "revenue_total": customers["revenue"].sum(),
    }
    for days in definition.windows_days:
        inside = before[before["age"] <= days].groupby("customer_id")
        columns |= {f"revenue_{days}d": inside["revenue"].sum(), f"orders_{days}d": inside["orders"].sum()}
    for days in definition.half_lives_days:
        decayed = before.assign(weight=0.5 ** (before["age"] / days))
        decayed = decayed.assign(
            money=decayed["revenue"] * decayed["weight"], count=decayed["orders"] * decayed["weight"]
        )
        sums = decayed.groupby("customer_id")[["money", "count"]].sum()
        columns |= {f"revenue_decayed_{days}d": sums["money"], f"orders_decayed_{days}d": sums["count"]}
    gaps = before.assign(gap=-before.groupby("customer_id")["age"].diff()).groupby("customer_id")["gap"]
    columns |= {"gap_mean_days": gaps.mean(), "gap_median_days": gaps.median(), "gap_std_days": gaps.std()}
    columns |= {"gap_max_days": gaps.max(), "gap_last_days": gaps.last()}
    return pd.DataFrame(columns)


def fit(file: str) -> dict[str, float]:
    """What `train` fits, without the snapshots that it learns from and without its measurement."""
    seconds: dict[str, float] = {}
    values, history = _composed(file)
    plan = settings.plan(values, history)
    recipe = settings.recipe(values, plan, history)
    rows = sum(history.panel.customers(cutoff) for cutoff in plan.training)
    learning = history.panel.thinned(recipe.options.max_training_rows / max(rows, 1))
    with _timed(seconds, "snapshots"):
        snapshots = [learning.labelled(cutoff, recipe.definition) for cutoff in plan.training]
        current = history.panel.snapshot(plan.evaluation, recipe.definition)
    with _timed(seconds, "fit"):
        model.fit(snapshots, current, recipe.columns, recipe.options)
    return seconds


def full_pipeline(file: str) -> dict[str, float]:
    """The whole command as it is typed, and its steps."""
    run = measured(["entrypoints.full_pipeline", f"data.path={file}"])
    seconds = {"full_pipeline": run.cpu, "full_pipeline, GB": run.gb, "full_pipeline, wall": run.wall}
    return seconds | {f"  {name}": used for name, used in run.steps.items()}


def figures_of(file: Path, names: list[str]) -> dict[str, float]:
    """Returns all figures of a history, each by its name."""
    figures: dict[str, float] = {}
    for name in names:
        if name == "full_pipeline":
            figures |= full_pipeline(str(file))
        else:
            run = measured(["benchmarks.scale", "--within", name, str(file)])
            figures |= json.loads(run.lines[-1]) | {f"{name}, GB": run.gb, f"{name}, wall": run.wall}
    if "  score" in figures and "customers" in figures:
        figures["scoring 1 M customers"] = figures["  score"] / figures["customers"] * 1e6
    return figures


def show(figures: dict[str, dict[str, float]]) -> None:
    """Prints both tables. figures: name of the history -> name of the figure -> CPU seconds, GB, or a ratio."""
    by_size = Table("CPU s, unless it says otherwise", *figures)
    for name in dict.fromkeys(name for each in figures.values() for name in each):
        by_size.add_row(name, *(f"{each[name]:,.2f}" if name in each else "" for each in figures.values()))
    aims = Table("", "before", "at most", "measured")
    for what, before, most, (history, name) in AIMS:
        number = figures.get(history, {}).get(name)
        aims.add_row(what, before, most, "" if number is None else f"{number:,.2f}")
    console = Console(width=160)
    console.print(by_size)
    console.print(aims)


def main(sizes: list[int], names: list[str], folder: Path, kind: str) -> None:
    """Prints the tables after each size: a large one takes long."""
    figures = {"sample": figures_of(SAMPLE, names)}
    show(figures)
    for lines in sizes:
        file = folder / f"history-{lines}.{kind}"
        if not file.exists():
            big_history.write(file, lines)
        figures[f"{lines:,} lines"] = figures_of(file, names)
        show(figures)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", type=int, nargs="*", default=[1_000_000, 10_000_000], help="of the histories")
    parser.add_argument("--only", nargs="*", default=list(MEASUREMENTS), choices=MEASUREMENTS, help="measurements")
    parser.add_argument("--folder", type=Path, help="for the histories; one that is there is taken")
    parser.add_argument("--kind", default="csv", choices=["csv", "parquet"], help="of file")
    parser.add_argument("--within", nargs=2, metavar=("NAME", "FILE"), help="one measurement in this process")
    given = parser.parse_args()
    if given.within:
        print(json.dumps({"read": read, "features": features, "fit": fit}[given.within[0]](given.within[1])))
    else:
        with tempfile.TemporaryDirectory() as temporary:
            main(given.lines, given.only, given.folder or Path(temporary), given.kind)
