"""What the engine makes of seasons: python -m benchmarks.seasons FOLDER [--only christmas,charity] [--seeds 4,5] [--json FILE] [--against FILE] [key=value ...]

FOLDER holds season_cutoffs.csv, cutoffs.csv, peers.csv and the files that they name. Every window is trained and measured as `train`
does it as of the window's end, and stands beside `btyd` alone and, in simulated shops, beside a clairvoyant and beside one who is informed as
far as a history allows (informed.py). --only names groups: the shapes of
season_shops, charity, visible (the windows of cutoffs.csv). --seeds draws new shops instead, four quarters of 2024 each:
`--seeds 4,5,6,7,8 --only christmas,summer` are 40 windows, enough for the coverage of the total's interval.
--json saves the rows; --against reads rows of before, and flat's RMSE is compared with theirs. Nothing is logged.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table

from benchmarks import engine
from benchmarks.informed import informed
from benchmarks.season_shops import LEVELS, Shop, clairvoyant, draw
from clv.evaluation import breakdown, measure, metrics

REFERENCE = "BG/NBD + Gamma-Gamma"
GIVEN, SEASONAL = ("christmas", "summer", "flat", "charity", "visible"), ("christmas", "summer")
QUARTERS = ("2024-01-01", "2024-04-01", "2024-07-01", "2024-10-01")
SHOWN = ("bias", "rmse", "over_oracle", "over_informed", "over_btyd", "over_peer", "low", "high", "held", "seconds")


@dataclass(frozen=True)
class Window:
    """A cutoff of a file or of a drawn shop. customers, label_sum: check figures; None where there are none.   peer: RMSE of the reference."""

    group: str
    name: str
    path: Path
    cutoff: str
    horizon_days: int
    customers: int | None = None
    label_sum: float | None = None
    peer: float = np.nan
    seed: int | None = None


def given(folder: Path, only: list[str]) -> Iterator[Window]:
    """Yields the windows of season_cutoffs.csv and of cutoffs.csv that belong to the groups."""
    for row in pd.read_csv(folder / "season_cutoffs.csv").itertuples():
        group = row.window.split("_")[0]
        if group in only:
            yield Window(
                group, row.window, folder / row.file, row.cutoff, row.horizon_days, row.customers, row.label_sum
            )
    peers = pd.read_csv(folder / "peers.csv")
    peers = peers[peers["recipe"] == REFERENCE].set_index("window")["rmse"]
    for row in pd.read_csv(folder / "cutoffs.csv").itertuples() if "visible" in only else ():
        window = Window(
            "visible", row.window, folder / row.file, row.cutoff, row.horizon_days, row.customers, row.label_sum
        )
        yield replace(window, peer=peers[row.window])


def drawn(seeds: list[int], only: list[str]) -> Iterator[Window]:
    """Yields four quarters of a shop of each shape and seed."""
    for shape in (shape for shape in only if shape in LEVELS):
        for seed in seeds:
            for cutoff in QUARTERS:
                yield Window(shape, f"{shape}_{seed}_{cutoff[5:7]}", Path(), cutoff, 90, seed=seed)


def row(window: Window, overrides: list[str]) -> dict:
    """Returns the figures of a window.

    Raises: SystemExit: customers or label sum are not the check figures.
    """
    begin = time.perf_counter()
    if window.seed is None:
        truth = _truth_of(window)
        return _row(window, truth, overrides) | {"seconds": time.perf_counter() - begin}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "history.csv"
        rows, truth = draw(Shop(window.group), window.seed)
        rows.to_csv(path, index=False)
        return _row(replace(window, path=path), truth, overrides) | {"seconds": time.perf_counter() - begin}


def _truth_of(window: Window) -> pd.DataFrame | None:
    """The truth beside a file of a simulated shop."""
    return pd.read_csv(str(window.path).replace(".csv.gz", "_truth.csv.gz")) if window.group in LEVELS else None


def _row(window: Window, truth: pd.DataFrame | None, overrides: list[str]) -> dict:
    measured = engine.measured(window.path, window.cutoff, window.horizon_days, overrides)
    actual = measured.evaluation["actual_clv"]
    checks = len(actual), round(actual.sum(), 2)
    if window.customers is not None and checks != (window.customers, window.label_sum):
        raise SystemExit(
            f"{window.name}: {checks[0]} customers and labels of {checks[1]:.2f}; {window.customers} and {window.label_sum} are expected"
        )
    ours, alone = (metrics.evaluate(actual, measured.predicted[name]) for name in (measure.OURS, "btyd"))
    total = breakdown.break_down(measured).metrics
    return {
        "group": window.group,
        "window": window.name,
        "bias": ours["bias"],
        "rmse": ours["rmse"],
        "over_oracle": ours["rmse"] / _oracle_rmse(window, truth, measured.evaluation),
        "over_informed": ours["rmse"] / _informed_rmse(window, measured.evaluation),
        "over_btyd": ours["rmse"] / alone["rmse"],
        "over_peer": ours["rmse"] / window.peer,
        "low": total["total/low"] / total["total/actual"],
        "high": total["total/high"] / total["total/actual"],
        "held": total["total/held"],
    }


def _oracle_rmse(window: Window, truth: pd.DataFrame | None, evaluation: pd.DataFrame) -> float:
    """NaN where nobody knows the truth."""
    if truth is None:
        return np.nan
    best = clairvoyant(truth, Shop(window.group), window.cutoff, window.horizon_days)
    return _rmse(best, evaluation)


def _informed_rmse(window: Window, evaluation: pd.DataFrame) -> float:
    """NaN where nobody knows how the customers were made."""
    if window.group not in LEVELS:
        return np.nan
    rows = pd.read_csv(window.path, dtype={"customer_id": str})
    return _rmse(informed(rows, Shop(window.group), window.cutoff, window.horizon_days), evaluation)


def _rmse(best: pd.Series, evaluation: pd.DataFrame) -> float:
    predicted = best[evaluation["customer_id"].astype(str)].to_numpy()
    return metrics.evaluate(evaluation["actual_clv"], predicted)["rmse"]


def summary(rows: pd.DataFrame, before: pd.DataFrame | None) -> list[tuple[str, str, float]]:
    """Returns what, the bound, and the figure, of what the rows hold."""
    seasonal, flat, charity = (rows[rows["group"].isin(names)] for names in (SEASONAL, ["flat"], ["charity"]))
    skilled = rows[rows["window"] != "superstore"]  # nothing beats the mean there
    peak = seasonal[(seasonal["group"] == "christmas") & seasonal["window"].str.endswith("_10")]
    lines = [
        ("christmas, summer: lowest bias", ">= .90", seasonal["bias"].min()),
        ("christmas, summer: highest bias", "<= 1.10", seasonal["bias"].max()),
        ("christmas, summer: RMSE over clairvoyant", "<= 1.20", mean(seasonal["over_oracle"])),
        ("christmas Q4: RMSE over clairvoyant", "<= 1.28", mean(peak["over_oracle"])),
        ("christmas, summer: RMSE over informed", "", mean(seasonal["over_informed"])),
        ("flat: RMSE over clairvoyant", "", mean(flat["over_oracle"])),
        ("flat: RMSE over informed", "", mean(flat["over_informed"])),
    ]
    if before is not None:
        pairs = flat.merge(before, on="window", suffixes=("", "_before"))
        lines += [("flat: RMSE over before", "<= 1.005", mean(pairs["rmse"] / pairs["rmse_before"]))]
    lines += [
        ("charity: lowest bias", ">= .80", charity["bias"].min()),
        ("charity: highest bias", "<= 1.25", charity["bias"].max()),
        ("charity: RMSE over btyd", "<= .93", mean(charity["over_btyd"])),
        ("charity: worst RMSE over btyd", "<= 1.02", charity["over_btyd"].max()),
        (f"visible with skill: RMSE over {REFERENCE}", "<= .915", mean(skilled["over_peer"].dropna())),
    ]
    for shape in sorted(set(rows["group"]) - set(GIVEN)):
        others = rows[rows["group"] == shape]
        lines += [(f"{shape}: RMSE over informed", "", mean(others["over_informed"]))]
        lines += [
            (f"{shape}: {word} bias", "", getattr(others["bias"], end)())
            for word, end in (("lowest", "min"), ("highest", "max"))
        ]
    simulated = rows[rows["group"].isin(LEVELS)]
    lines += [
        (f"total's 80 % interval holds, {len(simulated)} simulated windows", ".70 to .95", simulated["held"].mean())
    ]
    return [line for line in lines if np.isfinite(line[2])]


def mean(ratios: pd.Series) -> float:
    """Returns the geometric mean; NaN of nothing."""
    return float(np.exp(np.log(ratios).mean()))


def show(lines: list[tuple[str, str, float]]) -> None:
    table = Table("what", "figure", "must")
    for what, must, figure in lines:
        table.add_row(what, f"{figure:.4g}", must)
    Console(width=110).print(table)


def main(arguments: argparse.Namespace) -> None:
    """Prints a row for each window when it is done, then the summary."""
    only = arguments.only.split(",") if arguments.only else list(GIVEN)
    seeds = [int(seed) for seed in arguments.seeds.split(",")] if arguments.seeds else []
    windows = list(drawn(seeds, only) if seeds else given(Path(arguments.folder), only))
    rows = []
    print(f"{'window':24}", *(f"{name:>11}" for name in SHOWN))
    with ProcessPoolExecutor(arguments.processes, get_context("spawn")) as pool:
        for figures in pool.map(row, windows, [arguments.overrides] * len(windows)):
            print(f"{figures['window']:24}", *(f"{figures[name]:11.4g}" for name in SHOWN), flush=True)
            rows.append(figures)
            if arguments.json:
                Path(arguments.json).write_text(json.dumps(rows, indent=1))
    before = pd.DataFrame(json.loads(Path(arguments.against).read_text())) if arguments.against else None
    show(summary(pd.DataFrame(rows), before))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    for flag in ("--only", "--seeds", "--json", "--against"):
        parser.add_argument(flag)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("overrides", nargs="*")
    main(parser.parse_intermixed_args())
