import numpy as np
import pandas as pd
import pytest
from helpers import ROOT, composed

from clv import simulate
from clv.errors import UserError
from clv.run import run_command


def test_the_bundled_sample_is_what_simulate_writes_with_the_defaults(project):
    run_command("simulate", composed())
    written, bundled = (folder / "data/raw/transactions.csv" for folder in (project, ROOT))
    assert written.read_bytes() == bundled.read_bytes()
    assert bundled.stat().st_size < 1_000_000


def test_the_sample_is_a_shop_with_returns_and_seasons():
    rows = pd.read_csv(ROOT / "data/raw/transactions.csv", parse_dates=["order_date"])
    assert 2400 <= rows["customer_id"].nunique() <= 2600
    assert (rows["order_date"].max() - rows["order_date"].min()).days >= 3 * 365 - 1
    assert 0.03 < (rows["revenue"] < 0).mean() < 0.1
    by_month = rows.groupby(rows["order_date"].dt.month).size()
    assert by_month[12] > 1.2 * by_month[6]


def test_the_seed_decides_every_row():
    first, again, other = (simulate.simulate(50, "2024-01-01", 200, seed)[0] for seed in (1, 1, 2))
    assert first.equals(again) and not first.equals(other)


def test_the_true_clv_is_what_customers_bring_on_average():
    """The horizon simulated many times: its mean revenue is the expectation that true_clv gives."""
    ratios = []
    for seed in range(10):
        rows, truth = simulate.simulate(1500, "2024-01-01", 730, seed)
        clv = simulate.true_clv(truth, "2024-01-01", "2025-06-01", 120)
        seen = rows[rows["order_date"] < "2025-06-01"]["customer_id"].unique()
        came = rows[rows["order_date"].between("2025-06-01", "2025-09-28") & rows["customer_id"].isin(seen)][
            "revenue"
        ].sum()
        ratios.append(came / clv[seen].sum())
    assert np.mean(ratios) == pytest.approx(1, abs=0.04)


def test_a_file_with_other_content_is_never_overwritten(project):
    (project / "mine.csv").write_text("customer_id,order_date,revenue\n")
    with pytest.raises(UserError, match="mine.csv exists and holds something else; nothing was written"):
        run_command("simulate", composed("simulate.path=mine.csv"))
    assert (project / "mine.csv").read_text() == "customer_id,order_date,revenue\n"
