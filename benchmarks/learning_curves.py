"""What more rows, snapshots, folds and customers of BTYD teach: python -m benchmarks.learning_curves FOLDER WINDOW CURVE ...

FOLDER holds cutoffs.csv and season_cutoffs.csv with the window (see benchmarks/accuracy.py); WINDOW may also be the number of
customers of a simulated shop, which is made in the temporary folder. Every setting is fitted on the same history and measured on the same
customers; the difference to the first one of its curve comes with a 90 % interval of the same resamples. Nothing is logged.
"""

import datetime as dt
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table

from benchmarks import engine
from clv.evaluation import measure, metrics
from clv.model import binned
from clv.model.btyd import likelihood
from clv.simulate import Shop, simulate

SHOWN = ["rmse", "normalized_gini", "bias"]
ROWS = "model.max_training_rows={}"
CURVES = {  # the first one is what the others are compared with
    "rows": [[ROWS.format(rows)] for rows in (400_000, 200_000, 100_000, 50_000)],
    "snapshots": [[f"window.max_snapshots={number}"] for number in (12, 6, 4)]
    + [["window.max_snapshots=6", "window.snapshot_step_days=60"]],
    "folds": [[f"folds={number}"] for number in (3, 2)],
    "btyd": [[f"btyd={customers}"] for customers in (50_000, 20_000, 10_000, 5_000)],
}
CONSTANTS = {"folds": (binned, "FOLDS"), "btyd": (likelihood, "MOST_CUSTOMERS")}  # they have no key


def main(folder: Path, window: str, curves: list[str]) -> None:
    """Print a table for each curve."""
    path, cutoff, horizon_days = _simulated(int(window)) if window.isdigit() else _public(folder, window)
    for curve in curves:
        table = Table(curve, *(f"{name}, difference" for name in SHOWN), "CPU s", title=window, title_justify="left")
        first = None
        for setting in CURVES[curve]:
            begin = time.process_time()
            actual, predicted = _predicted(path, cutoff, horizon_days, setting)
            seconds = time.process_time() - begin
            first = predicted if first is None else first
            table.add_row(" ".join(setting), *_compared(actual, predicted, first), f"{seconds:.1f}")
        Console(width=150).print(table)


def _predicted(path: Path, cutoff: str, horizon_days: int, setting: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """What customers brought after the cutoff, and what the model predicted, with the setting."""
    keys = [word for word in setting if word.split("=")[0] not in CONSTANTS]
    with ExitStack() as changed:
        for name, value in (word.split("=") for word in setting if word not in keys):
            changed.enter_context(patch.object(*CONSTANTS[name], int(value)))
        fitted = engine.measured(path, cutoff, horizon_days, keys)
    return fitted.evaluation["actual_clv"].to_numpy(), fitted.predicted[measure.OURS]


def _compared(actual: np.ndarray, predicted: np.ndarray, first: np.ndarray) -> list[str]:
    drawn, other = (metrics.resampled(actual, values, 200, seed=0) for values in (predicted, first))
    differences = metrics.intervals(drawn - other, 0.9)
    return [
        f"{drawn.loc[0, name]:.4g}, {row.value:+.2g} ({row.low:+.2g} to {row.high:+.2g})"
        for name, row in zip(SHOWN, differences.loc[SHOWN].itertuples(), strict=True)
    ]


def _public(folder: Path, name: str) -> tuple[Path, str, int]:
    tables = [pd.read_csv(folder / file) for file in ("cutoffs.csv", "season_cutoffs.csv")]
    window = pd.concat(tables).set_index("window").loc[name]
    return folder / window["file"], window["cutoff"], int(window["horizon_days"])


def _simulated(customers: int) -> tuple[Path, str, int]:
    """The shop of the bundled sample with more customers, a quarter before its end."""
    path, shop = Path(tempfile.gettempdir()) / f"simulated_{customers}.csv", asdict(engine.configuration().simulate)
    habits = {name: value for name, value in shop.items() if name in Shop.__dataclass_fields__}
    if not path.exists():
        simulate(customers, shop["first_day"], shop["days"], 5, Shop(**habits))[0].to_csv(path, index=False)
    end = dt.date.fromisoformat(shop["first_day"]) + dt.timedelta(days=shop["days"])
    return path, (end - dt.timedelta(days=90)).isoformat(), 90


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3:] or list(CURVES))
