"""Our RMSE over that of one who knows how the customers were made: python -m benchmarks.oracle SEED [key=value ...]

Three shops are simulated with the seed, each with the model of the papers (Pareto/NBD and Gamma-Gamma) and no season:
sparse (one order or two), active, regular (long-lived, all much alike). The oracle knows the parameters of the population and
each history, and predicts the conditional expectation; no recipe can be better in the long run. Nothing is logged.
"""

import datetime as dt
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
from hydra import compose, initialize_config_dir
from rich.console import Console
from rich.table import Table

from clv import config, settings
from clv.evaluation import measure, metrics
from clv.model import btyd

DAYS, FIRST = 900, pd.Timestamp("2023-01-01")
# customers; Pareto/NBD r, alpha, s, beta (days); Gamma-Gamma p, q, gamma
SHOPS = {
    "sparse": (8000, (0.6, 200.0, 0.8, 120.0), (6.0, 4.0, 15.0)),
    "active": (4000, (1.5, 40.0, 1.2, 300.0), (3.0, 3.5, 20.0)),
    "regular": (4000, (12.0, 360.0, 1.5, 1500.0), (6.0, 4.0, 20.0)),
}
Shop = tuple[int, tuple[float, float, float, float], tuple[float, float, float]]


def main(seed: int, overrides: list[str]) -> None:
    """Print RMSE over the oracle's for every recipe and shop."""
    table = Table(
        "shop", "customers", *(recipe for recipe in ("clv", "btyd", "naive_mean", "naive_rate")), "oracle RMSE"
    )
    for name, shop in SHOPS.items():
        actual, predicted, oracle = compared(shop, seed, overrides)
        best = metrics.evaluate(actual, oracle)["rmse"]
        ratios = [metrics.evaluate(actual, predicted[column.header])["rmse"] / best for column in table.columns[2:6]]
        table.add_row(name, f"{len(actual):,}", *(f"{ratio:.4f}" for ratio in ratios), f"{best:.4g}")
    Console(width=110).print(table)


def compared(shop: Shop, seed: int, overrides: list[str]) -> tuple[np.ndarray, dict[str, np.ndarray], np.ndarray]:
    """What came in the newest matured horizon, what each recipe predicted, what the oracle did."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "history.csv"
        history(shop, seed).to_csv(path, index=False)
        with initialize_config_dir(str(Path(__file__).resolve().parent.parent / "conf"), version_base="1.3"):
            values = config.load(compose("config", [f"data.path={path}", *overrides]))
        past = settings.history(values, dt.datetime.now(dt.UTC))
        plan = settings.plan(values, past)
        measured = measure.measure(past, plan, settings.recipe(values, plan, past))
    truth = btyd.Customers(
        btyd.MODELS["pareto_nbd"](*shop[1]), btyd.GammaGamma(*shop[2]), kept=btyd.KeptShare(1.0, 0.0)
    )
    oracle = btyd.expected(truth, measured.evaluation, values.window.horizon_days)["btyd_revenue"].to_numpy()
    return measured.evaluation["actual_clv"].to_numpy(), measured.predicted, oracle


def history(shop: Shop, seed: int) -> pd.DataFrame:
    """customer_id, order_date, revenue: customers arrive evenly, order at their own rate until their own end."""
    customers, (r, alpha, s, beta), (p, q, gamma) = shop
    chance = np.random.default_rng(seed)
    first = np.floor(chance.uniform(0, DAYS, customers))
    alive = np.minimum(chance.exponential(1 / chance.gamma(s, 1 / beta, customers)), DAYS - first)
    count = chance.poisson(chance.gamma(r, 1 / alpha, customers) * alive)
    value = chance.gamma(q, 1 / gamma, customers)
    who = np.concatenate([np.arange(customers), np.repeat(np.arange(customers), count)])
    day = np.concatenate([first, np.repeat(first, count) + chance.random(count.sum()) * np.repeat(alive, count)])
    rows = pd.DataFrame({"who": who, "day": np.floor(day)}).drop_duplicates()
    rows["revenue"] = np.maximum(chance.gamma(p, 1 / value[rows["who"]]), 0.01).round(2)
    rows["customer_id"] = rows["who"].map("C{:06d}".format)
    rows["order_date"] = (FIRST + pd.to_timedelta(rows["day"], unit="D")).dt.strftime("%Y-%m-%d")
    return rows.sort_values(["order_date", "customer_id"])[["customer_id", "order_date", "revenue"]]


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
