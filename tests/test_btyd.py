"""The probability models against their published parameters, and against simulation."""

from dataclasses import astuple
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from helpers import SHARED
from scipy.integrate import quad

from clv.errors import InputError
from clv.model import btyd
from clv.model.btyd.pareto_nbd import ParetoNbd

needs_real_sets = pytest.mark.skipif(not SHARED.exists(), reason=f"the real purchase histories are not in {SHARED}")


@pytest.fixture(scope="module")
def cdnow():
    """x, t_x, T in weeks at the end of September 1997, and the repeat orders' count and mean of those who have any."""
    rows = pd.read_csv(SHARED / "cdnow_sample.csv.gz", dtype={"customer_id": str}, parse_dates=["order_date"])
    days = (
        rows[rows["order_date"] <= "1997-09-30"].groupby(["customer_id", "order_date"], as_index=False)["revenue"].sum()
    )
    seen = days.groupby("customer_id")["order_date"].agg(["min", "max", "size"])
    repeat = (
        days[days["order_date"] > days["customer_id"].map(seen["min"])]
        .groupby("customer_id")["revenue"]
        .agg(["size", "mean"])
    )
    weeks = ((seen["max"] - seen["min"]).dt.days / 7, (pd.Timestamp("1997-09-30") - seen["min"]).dt.days / 7)
    return [(seen["size"] - 1).to_numpy(), *(values.to_numpy() for values in weeks)], repeat


@needs_real_sets
@pytest.mark.parametrize(
    "kind, parameters, log_likelihood",
    [
        ("bg_nbd", (0.243, 4.414, 0.793, 2.426), -9582.4),  # Fader, Hardie and Lee (2005), table 2
        ("pareto_nbd", (0.553, 10.578, 0.606, 11.669), -9595.0),  # the same table
    ],
)
def test_the_published_parameters_are_found(cdnow, kind, parameters, log_likelihood):
    purchases = btyd.fit_purchases(kind, *cdnow[0])
    assert astuple(purchases) == pytest.approx(parameters, rel=2e-3)
    assert purchases.log_likelihood(*cdnow[0]).sum() == pytest.approx(log_likelihood, abs=0.05)


@needs_real_sets
def test_the_published_spend_parameters_are_found(cdnow):
    spend = btyd.fit_spend(cdnow[1]["size"].to_numpy(), cdnow[1]["mean"].to_numpy())
    assert astuple(spend) == pytest.approx((6.25, 3.74, 15.44), abs=0.01)  # http://brucehardie.com/notes/025/, table 1


@needs_real_sets
def test_the_published_expectation_of_one_customer_is_found(cdnow):
    purchases = btyd.fit_purchases("bg_nbd", *cdnow[0])
    orders = purchases.expected_purchases(39, np.array([2.0]), np.array([30.43]), np.array([38.86]))
    assert orders[0] == pytest.approx(1.226, abs=1e-3)  # Fader, Hardie and Lee (2005), section 4


@needs_real_sets
@pytest.mark.parametrize("kind", ["bg_nbd", "mbg_nbd", "pareto_nbd"])
def test_days_and_weeks_give_the_same_model(cdnow, kind):
    x, t_x, T = cdnow[0]
    weeks, days = btyd.fit_purchases(kind, x, t_x, T), btyd.fit_purchases(kind, x, 7 * t_x, 7 * T)
    in_days = days.log_likelihood(x, 7 * t_x, 7 * T).sum()
    assert in_days == pytest.approx(weeks.log_likelihood(x, t_x, T).sum() - x.sum() * np.log(7), abs=0.01)
    assert days.expected_purchases(90, x, 7 * t_x, 7 * T) == pytest.approx(
        weeks.expected_purchases(90 / 7, x, t_x, T), rel=1e-4
    )


def histories(kind, customers, seed):
    """Customers who order at a gamma rate until their end, watched until T, and their orders in the 30 days after it."""
    chance = np.random.default_rng(seed)
    T, rate = chance.integers(100, 400, customers).astype(float), chance.gamma(0.8, 1 / 20, customers)
    x, t_x, after = np.zeros(customers), np.zeros(customers), np.zeros(customers)
    for i in range(customers):
        clock, alive, dropout = 0.0, True, chance.beta(1.2, 3.0)
        end = chance.exponential(1 / chance.gamma(1.5, 1 / 150)) if kind == "pareto_nbd" else np.inf
        if kind == "mbg_nbd":
            alive = chance.random() > dropout
        while alive and clock < T[i] + 30:
            clock += chance.exponential(1 / rate[i])
            if clock > end:
                break
            if clock < T[i]:
                x[i], t_x[i] = x[i] + 1, clock
            elif clock < T[i] + 30:
                after[i] += 1
            alive = kind == "pareto_nbd" or chance.random() > dropout
    return (x, t_x, T), after


@pytest.mark.parametrize("kind", ["bg_nbd", "mbg_nbd", "pareto_nbd"])
def test_expected_purchases_are_what_simulated_customers_do(kind):
    seen, after = histories(kind, 8000, seed=3)
    expected = btyd.fit_purchases(kind, *seen).expected_purchases(30, *seen)
    assert expected.sum() == pytest.approx(after.sum(), rel=0.06)
    buyers, chance = (after > 0).sum(), btyd.fit_purchases(kind, *seen).p_order(30, *seen)
    assert chance.sum() == pytest.approx(buyers, rel=0.06)
    often = seen[0] >= 5
    assert chance[often].sum() == pytest.approx((after[often] > 0).sum(), rel=0.08)
    assert expected[often].sum() == pytest.approx(after[often].sum(), rel=0.08)


@pytest.mark.parametrize("kind", ["bg_nbd", "mbg_nbd", "pareto_nbd"])
def test_the_chance_of_an_order_is_below_that_of_being_alive_and_below_the_expected_number(kind):
    model, history = (
        btyd.MODELS[kind](0.5, 10, 0.8, 3.0),
        (np.array([0.0, 9.0]), np.array([0.0, 50.0]), np.array([60.0, 60.0])),
    )
    for horizon in (1, 30, 3000):
        chance = model.p_order(horizon, *history)
        assert (chance <= model.p_alive(*history)).all()
        assert (chance <= model.expected_purchases(horizon, *history)).all()
    assert model.p_order(0.001, *history) == pytest.approx(model.expected_purchases(0.001, *history), rel=1e-2)


def test_a_single_order_says_alive_under_bg_nbd_and_in_doubt_under_the_modified_model():
    single = np.array([0.0]), np.array([0.0]), np.array([300.0])
    assert btyd.MODELS["bg_nbd"](0.3, 10, 0.8, 2.5).p_alive(*single)[0] == 1
    assert btyd.MODELS["mbg_nbd"](0.3, 10, 0.8, 2.5).p_alive(*single)[0] < 0.9


def test_expected_spend_lies_between_the_customers_mean_and_everybodys():
    spend = btyd.GammaGamma(6.25, 3.74, 15.44).expected(np.array([1.0, 50.0]), np.array([100.0, 100.0]))
    everybody = 6.25 * 15.44 / 2.74
    assert everybody < spend[0] < spend[1] < 100


def test_a_dropout_parameter_of_exactly_one_has_a_finite_expectation():
    history = np.array([3.0]), np.array([50.0]), np.array([60.0])
    near = [
        btyd.MODELS[kind](0.5, 10, third, 3.0).expected_purchases(30, *history)[0]
        for kind in ("bg_nbd", "mbg_nbd", "pareto_nbd")
        for third in (1.0, 1.001)
    ]
    assert near[::2] == pytest.approx(near[1::2], rel=1e-2)


def test_a_history_without_positive_orders_has_no_spend_to_model():
    with pytest.raises(InputError, match="No customer has an order of positive value"):
        btyd.fit_spend(np.array([1, 2]), np.array([0.0, -3.0]))


@pytest.mark.parametrize("parameters", [(0.55, 10.6, 0.61, 11.7), (0.81, 27.2, 4.2, 1366.0), (0.8, 300.0, 0.5, 20.0)])
@pytest.mark.parametrize("x, t_x", [(0, 0.0), (5, 10.0), (60, 30.0)])
def test_the_chance_of_an_earlier_end_is_the_integral_it_stands_for(parameters, x, t_x):
    """notes/009, eq. 19: A_0 = integral over the end, worked out by quadrature."""
    r, alpha, s, beta = parameters
    at = (r + x) * np.log(alpha + t_x) + (s + 1) * np.log(beta + t_x)  # keeps the integrand of order one
    area = quad(lambda t: np.exp(at - (r + x) * np.log(alpha + t) - (s + 1) * np.log(beta + t)), t_x, 39.0)[0]
    log_ended = ParetoNbd(*parameters).log_ended(np.array([float(x)]), np.array([t_x]), np.array([39.0]))
    assert log_ended[0] == pytest.approx(np.log(area * (r + s + x)) - at, abs=1e-8)


def test_a_customer_with_hundreds_of_orders_has_a_chance_of_being_alive():
    purchases = ParetoNbd(0.81, 27.2, 4.2, 1366.0)
    alive = purchases.p_alive(np.array([300.0, 700.0, 3000.0]), np.full(3, 728.0), np.full(3, 730.0))
    assert ((alive > 0) & (alive < 1)).all() and (np.diff(alive) < 0).all()


def test_the_expectation_of_a_new_customer_is_that_of_the_published_spreadsheet():
    """http://brucehardie.com/notes/004/, the BG/NBD model in a spreadsheet: E[X(t)], t in weeks."""
    purchases = btyd.MODELS["bg_nbd"](0.243, 4.414, 0.793, 2.426)
    weeks = np.array([0.1429, 1, 3, 31.8571, 32, 78])
    published = [0.0078, 0.0532, 0.1506, 1.0405, 1.0437, 1.8576]
    assert btyd.expected_orders_until(purchases, weeks) == pytest.approx(published, rel=5e-3)


def test_the_expectation_of_a_new_customer_under_pareto_nbd_is_its_closed_form():
    r, alpha, s, beta = 0.553, 10.578, 0.606, 11.669
    t = np.array([1.0, 39.0, 78.0])
    closed = r * beta / alpha / (s - 1) * (1 - (beta / (beta + t)) ** (s - 1))  # http://brucehardie.com/notes/009/
    assert btyd.expected_orders_until(ParetoNbd(r, alpha, s, beta), t) == pytest.approx(closed, rel=1e-9)


def test_the_probabilities_of_numbers_of_orders_are_the_published_ones():
    """BTYD's reference manual, bgnbd.pmf: 10 orders in (0, 2], none in (0, 39], 11 to 20 orders in (0, 30]."""
    purchases = btyd.MODELS["bg_nbd"](0.243, 4.414, 0.793, 2.426)
    assert purchases.p_count(10, np.array([2.0]))[0] == pytest.approx(1.07869e-07, rel=1e-5)
    assert purchases.p_count(0, np.array([39.0]))[0] == pytest.approx(0.5737864, abs=1e-7)
    published = [0.0019995214, 0.0015170236, 0.0011633150, 0.0009003148, 0.0007023638]
    published += [0.0005517902, 0.0004361913, 0.0003467171, 0.0002769613, 0.0002222260]
    assert [purchases.p_count(n, np.array([30.0]))[0] for n in range(11, 21)] == pytest.approx(published, abs=1e-9)


PURCHASES = {
    "bg_nbd": (0.8, 20.0, 1.2, 3.0),
    "mbg_nbd": (0.8, 20.0, 1.2, 3.0),
    "pareto_nbd": (0.8, 20.0, 1.5, 150.0),
}  # the customers of histories()


@pytest.mark.parametrize("kind", PURCHASES)
def test_the_probabilities_of_all_numbers_sum_to_one_and_their_mean_is_the_expectation(kind):
    purchases, t = btyd.MODELS[kind](*PURCHASES[kind]), np.array([5.0, 60.0])
    chances = np.array([purchases.p_count(n, t) for n in range(200)])
    assert chances.sum(axis=0) == pytest.approx(1, abs=1e-5)
    assert np.arange(200) @ chances == pytest.approx(btyd.expected_orders_until(purchases, t), rel=1e-3)


@pytest.mark.parametrize("kind", PURCHASES)
def test_simulated_customers_place_as_many_orders_as_a_new_customer_is_expected_to(kind):
    (x, _, T), _ = histories(kind, 6000, seed=5)
    purchases = btyd.MODELS[kind](*PURCHASES[kind])
    assert btyd.expected_orders_until(purchases, T).sum() == pytest.approx(x.sum(), rel=0.05)
    for n in range(4):
        noise = 3 * np.sqrt((x == n).sum())
        assert purchases.p_count(n, T).sum() == pytest.approx((x == n).sum(), abs=noise)


@pytest.mark.parametrize("parameters", [(0.55, 10.6, 0.61, 11.7), (0.05, 0.01, 0.1, 0.01), (1.3, 71.0, 300.0, 1000.0)])
@pytest.mark.parametrize("n", [0, 1, 12])
def test_the_probability_under_pareto_nbd_is_the_integral_over_the_ends(parameters, n):
    r, alpha, s, beta = parameters
    t = 300.0

    def placed(until):
        return btyd.MODELS["bg_nbd"](r, alpha, 1e-9, 1e9).p_count(n, np.array([until]))[0]  # nobody ends

    edges = [0.0, *np.geomspace(1e-5 * beta / (1 + s), t, 12)]
    ended = sum(
        quad(lambda end: s / beta * (1 + end / beta) ** (-s - 1) * placed(end), low, high)[0]
        for low, high in pairwise(edges)
    )
    chance = ParetoNbd(*parameters).p_count(n, np.array([t]))[0]
    assert chance == pytest.approx(ended + (1 + t / beta) ** -s * placed(t), abs=1e-7)


def test_the_density_of_mean_order_values_has_the_area_one():
    spend = btyd.GammaGamma(6.25, 3.74, 15.44)
    for orders in (1.0, 8.0):
        assert quad(lambda mean: spend.density(np.array([orders]), np.array([mean]))[0], 0, np.inf)[0] == pytest.approx(
            1, abs=1e-6
        )
