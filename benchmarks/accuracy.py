"""Our figures beside others' on the windows of a folder: python -m benchmarks.accuracy FOLDER [key=value ...]

The folder holds cutoffs.csv (window, file, cutoff, horizon_days, customers, label_sum), the files it names, and peers.csv
(window, recipe, rmse, normalized_gini, bias, ...). Every window runs in the one configuration given; nothing is logged.
"""

import datetime as dt
import math
import sys
from pathlib import Path

import pandas as pd
from hydra import compose, initialize_config_dir
from rich.console import Console
from rich.table import Table

from clv import config, settings, windows
from clv.evaluation import measure, metrics

REFERENCE = "BG/NBD + Gamma-Gamma"
SHOWN = ["rmse", "mae", "r2", "spearman", "normalized_gini", "bias"]


def main(folder: Path, overrides: list[str]) -> None:
    """Print a table for each window, and the geometric mean of our RMSE over the reference's."""
    peers, ratios = pd.read_csv(folder / "peers.csv"), {}
    for window in pd.read_csv(folder / "cutoffs.csv").itertuples():
        ours, theirs = figures(folder, window, overrides), peers[peers["window"] == window.window].set_index("recipe")
        ratios[window.window] = ours.loc[measure.OURS, "rmse"] / theirs.loc[REFERENCE, "rmse"]
        show(window.window, pd.concat([ours[SHOWN], theirs[SHOWN]]))
    Console().print(
        "RMSE over",
        REFERENCE,
        {name: round(ratio, 4) for name, ratio in ratios.items()},
        "geometric mean",
        round(math.exp(sum(map(math.log, ratios.values())) / len(ratios)), 4),
    )


def figures(folder: Path, window, overrides: list[str]) -> pd.DataFrame:
    """The figures of our recipes at the window's cutoff. Customers and label sum must match to the cent."""
    with initialize_config_dir(str(Path(__file__).resolve().parent.parent / "conf"), version_base="1.3"):
        values = config.load(
            compose(
                "config",
                [f"data.path={folder / window.file}", f"window.horizon_days={window.horizon_days}", *overrides],
            )
        )
    history = settings.history(values, dt.datetime.now(dt.UTC))
    as_of = dt.date.fromisoformat(window.cutoff) + dt.timedelta(days=window.horizon_days)
    plan = windows.plan(history.first_day, as_of, settings.rule(values))
    measured = measure.measure(history, plan, settings.recipe(values, plan, history))
    actual = measured.evaluation["actual_clv"]
    if (len(actual), round(actual.sum(), 2)) != (window.customers, window.label_sum):
        raise SystemExit(
            f"{window.window}: {len(actual)} customers and labels of {actual.sum():.2f}; "
            f"{window.customers} and {window.label_sum} are expected"
        )
    return pd.DataFrame({name: metrics.evaluate(actual, predicted) for name, predicted in measured.predicted.items()}).T


def show(title: str, rows: pd.DataFrame) -> None:
    table = Table("recipe", *SHOWN, title=title, title_justify="left")
    for name, row in rows.sort_values("rmse").iterrows():
        style = "bold" if name == measure.OURS else None
        table.add_row(str(name), *(f"{value:.4g}" for value in row), style=style)
    Console(width=150).print(table)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
