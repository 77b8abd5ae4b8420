import numpy as np
import pandas as pd
import pytest
from helpers import ROOT, composed

from clv import simulate
from clv.errors import UserError
from clv.run import run_command

STRONG = (0.65, 0.65, 0.65, 0.85, 0.9, 0.9, 0.9, 0.9, 1.0, 1.15, 1.45, 2.0)
SHOP = simulate.Shop(STRONG, 0.25, 0.6, price_rise=0.12, price_rise_day="2025-08-01")


@pytest.fixture(scope="module")
def sample():
    """The rows of the bundled sample that are not returns."""
    rows = pd.read_csv(ROOT / "data/raw/transactions.csv", parse_dates=["order_date"])
    return rows[rows["revenue"] > 0]


@pytest.fixture(scope="module")
def customers(sample):
    """One row per customer of the sample: first day, days from it to the last order, orders, mean order value."""
    groups = sample.groupby("customer_id")
    first, last = groups["order_date"].min(), groups["order_date"].max()
    return pd.DataFrame(
        {"first": first, "days": (last - first).dt.days, "orders": groups.size(), "value": groups["revenue"].mean()}
    )


def test_the_bundled_sample_is_what_simulate_writes_with_the_defaults(project):
    run_command("simulate", composed())
    written, bundled = (folder / "data/raw/transactions.csv" for folder in (project, ROOT))
    assert written.read_bytes() == bundled.read_bytes()
    assert bundled.stat().st_size < 1_000_000


def test_the_sample_is_three_years_of_a_shop_with_returns():
    rows = pd.read_csv(ROOT / "data/raw/transactions.csv", parse_dates=["order_date"])
    assert 3000 <= rows["customer_id"].nunique() <= 3400
    assert (rows["order_date"].max() - rows["order_date"].min()).days >= 3 * 365 - 1
    assert 0.03 < (rows["revenue"] < 0).mean() < 0.1


def test_the_sample_sells_thrice_as_much_at_christmas_as_in_late_winter(sample):
    by_month = sample.groupby(sample["order_date"].dt.month).size() / [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    assert 2.5 < by_month[12] / by_month[[2, 3]].mean() < 3.7


def test_most_loyal_customers_of_the_sample_buy_in_a_rhythm(sample, customers):
    """Beside their mean, gaps of a Poisson process vary by 1, and those of a gamma distribution of shape 10 by 0.32; the season adds."""
    loyal = customers.index[customers["orders"] >= 10]
    gaps = (
        sample.groupby("customer_id")["order_date"].diff().dt.days.groupby(sample["customer_id"]).agg(["mean", "std"])
    )
    variation = (gaps["std"] / gaps["mean"])[loyal]
    assert 0.3 < variation.median() < 0.6
    assert 0.8 < (variation < 0.75).mean() < 1


def test_prices_of_the_sample_rise_in_the_last_october(sample):
    """The same customers before and after the day, so that who comes and goes does not count."""
    near = sample[sample["order_date"].between("2025-04-01", "2026-03-31")]
    means = near.groupby(["customer_id", near["order_date"] >= "2025-10-01"])["revenue"].mean().unstack().dropna()
    assert 1.08 < np.exp(np.log(means[True] / means[False]).mean()) < 1.16


def test_bargain_hunters_of_the_sample_come_for_a_sale_and_never_return(customers):
    """Customers whose first order is in the file, and ten months old at the end of the file."""
    new = customers[customers["first"].between("2024-01-01", "2025-08-31")]
    in_sale = new["first"].dt.month.isin([1, 7]) & (new["first"].dt.day <= 14)
    of_a_sale, others = new[in_sale], new[~in_sale]
    assert (of_a_sale["days"] <= 30).mean() > 0.6 > 0.4 > (others["days"] <= 30).mean()
    hunters = of_a_sale[of_a_sale["days"] <= 30]
    assert hunters["orders"].between(1, 3).mean() > 0.8
    assert 0.3 < hunters["value"].median() / others["value"].median() < 0.6


def test_the_seed_decides_every_row():
    first, again, other = (simulate.simulate(50, "2024-01-01", 200, seed, SHOP)[0] for seed in (1, 1, 2))
    assert first.equals(again) and not first.equals(other)


@pytest.mark.parametrize("shop", [simulate.Shop(), SHOP], ids=["a plain shop", "a shop with habits"])
def test_the_true_clv_is_what_customers_bring_on_average(shop):
    """The horizon simulated many times: its mean revenue is the expectation that true_clv gives."""
    ratios = []
    for seed in range(10):
        rows, truth = simulate.simulate(1500, "2024-01-01", 730, seed, shop)
        clv = simulate.true_clv(truth, "2024-01-01", "2025-06-01", 120, shop)
        seen = rows[rows["order_date"] < "2025-06-01"]["customer_id"].unique()
        came = rows[rows["order_date"].between("2025-06-01", "2025-09-28") & rows["customer_id"].isin(seen)][
            "revenue"
        ].sum()
        ratios.append(came / clv[seen].sum())
    assert np.mean(ratios) == pytest.approx(1, abs=0.04)


def test_a_bargain_hunter_is_worth_nothing_a_month_after_the_sale():
    _, truth = simulate.simulate(400, "2024-01-01", 730, 3, SHOP)
    clv = simulate.true_clv(truth, "2024-01-01", "2025-06-01", 120, SHOP)
    hunters = truth.set_index("customer_id")["is_bargain_hunter"]
    gone = hunters & (truth.set_index("customer_id")["last_day_alive"] < 517)
    assert gone.sum() > 50 and (clv[gone] == 0).all() and clv[~hunters].sum() > 0


def test_a_history_without_a_sale_has_no_bargain_hunters():
    _, truth = simulate.simulate(50, "2024-03-01", 30, 3, SHOP)
    assert not truth["is_bargain_hunter"].any()


def test_a_season_of_eleven_months_is_refused():
    with pytest.raises(UserError, match="The season has 11 months"):
        simulate.Shop(season=(1.0,) * 11)


def test_a_file_with_other_content_is_never_overwritten(project):
    (project / "mine.csv").write_text("customer_id,order_date,revenue\n")
    with pytest.raises(UserError, match="mine.csv exists and holds something else; nothing was written"):
        run_command("simulate", composed("simulate.path=mine.csv"))
    assert (project / "mine.csv").read_text() == "customer_id,order_date,revenue\n"
