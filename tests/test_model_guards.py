"""The bounds that hold a model to what can be believed, and what it refuses: each on a small literal model."""

import datetime as dt
import json
from dataclasses import asdict, replace

import numpy as np
import pandas as pd
import pytest
from helpers import composed

from clv import features, model
from clv.errors import InputError, UserError
from clv.model import btyd, files, glm, intervals, training, trees
from clv.model.btyd.stage import Btyd
from clv.model.protocol import Lesson

OPTIONS = model.Options(**asdict(composed().model), seed=7, threads=1, horizon_days=90, cutoffs=[dt.date(2024, 1, 1)])
CUSTOMERS = btyd.Customers(
    btyd.MODELS["bg_nbd"](0.3, 30, 0.8, 2.5), btyd.GammaGamma(6.25, 3.74, 15.44), btyd.KeptShare(1.0, 0.0)
)
FEATURES = pd.DataFrame(
    {
        "lifecycle_stage": ["new", "active"],
        "frequency": [0.0, 3.0],
        "recency_days": [200.0, 10.0],
        "tenure_days": [200.0, 200.0],
        "average_order_value": [20.0, 50.0],
        "placed_order_value": [20.0, 50.0],
        "kept_revenue": [20.0, 200.0],
        "placed_orders": [1.0, 4.0],
        "placed_recency_days": [200.0, 10.0],
        "season_of_orders": [1.0, 1.0],
        "season_of_value": [1.0, 1.0],
    }
)
REVENUE = btyd.expected(CUSTOMERS, FEATURES, 90)["btyd_revenue"]


def scaled(scale, chains=(("btyd",),)):
    """A model that answers BTYD's revenue times the scale."""
    inputs = ["lifecycle_stage", *btyd.NEEDS]
    stages = {"btyd": Btyd(scale, unit=1.0, centre=0.0), "glm": glm.Glm([], 1.0, [], [], [], intercept=0.0)}
    return model.Model([list(chain) for chain in chains], inputs, 90, 1, 1.0, 1.0, 0.8, CUSTOMERS, stages, None)


@pytest.mark.parametrize("chain", ["btyd+tree", "btyd+glm+tree"])
def test_an_unknown_stage_is_refused_with_the_stages_there_are_and_the_closest_name(chain):
    message = f"model.chains={chain}: there is no stage tree; the stages are btyd, glm, trees, squared_error, hurdle."
    with pytest.raises(UserError) as error:
        model.check_chains(["btyd", chain])
    assert str(error.value) == f"configuration: {message}\nHint: the closest name is trees."


@pytest.mark.parametrize("chain, name", [("glm+btyd", "btyd"), ("btyd+hurdle", "hurdle"), ("btyd+btyd", "btyd")])
def test_a_stage_that_corrects_nothing_can_only_stand_first(chain, name):
    with pytest.raises(UserError) as error:
        model.check_chains([chain])
    assert f"model.chains={chain}: the stage {name} corrects nothing and can only stand first." in str(error.value)


def test_a_fit_refuses_an_unknown_stage_before_it_looks_at_a_table():
    with pytest.raises(UserError, match="there is no stage tree"):
        model.fit([], pd.DataFrame(), [], replace(OPTIONS, chains=["btyd+tree"]))


@pytest.mark.parametrize("actual, scale", [(100.0, 1), (200.0, 2), (1000.0, np.e), (1.0, 1 / np.e)])
def test_the_scale_of_the_total_is_its_ratio_between_one_over_e_and_e(actual, scale):
    rows = pd.DataFrame({"actual_clv": [actual, -50.0], "btyd_revenue": [60.0, 40.0]})
    assert training.totals([["btyd", "glm"]], rows, OPTIONS)[0] == pytest.approx(scale)
    assert training.totals([["btyd"], ["glm", "trees"]], rows, OPTIONS) == (1, 1)


def test_the_level_takes_back_the_part_of_the_scale_that_few_windows_cannot_prove():
    rows = pd.DataFrame({"actual_clv": [200.0], "btyd_revenue": [100.0]})
    first = dt.date(2024, 1, 1)
    two = replace(OPTIONS, cutoffs=[first, first + dt.timedelta(days=90)], level_prior=1.0)
    assert training.totals([["btyd", "glm"]], rows, two) == pytest.approx((2, 2 ** (-1 / 3)))
    single = replace(OPTIONS, level_prior=1.0)
    assert training.totals([["btyd", "glm"]], rows, single) == pytest.approx((2, 2**-0.5))


@pytest.mark.parametrize("scale, believed", [(2, 2), (0.5, 0.5), (10, np.e), (0.01, 1 / np.e)])
def test_corrections_of_the_total_beyond_e_are_not_believed_where_the_model_is_used(scale, believed):
    held = training.bounded(scaled(scale), FEATURES)
    assert model.predict(held, FEATURES)["predicted_clv"].sum() == pytest.approx(believed * REVENUE.sum())


def test_a_chain_that_does_not_start_from_the_probability_model_has_no_total_to_be_held_to():
    free = scaled(10, [("btyd",), ("glm",)])
    assert training.bounded(free, FEATURES) == free


def test_what_a_stage_corrects_is_at_least_a_thousandth_of_the_mean_label():
    nothing = scaled(0.0, [("btyd", "glm")])
    nothing = replace(nothing, unit=50.0, stages=nothing.stages | {"btyd+glm": nothing.stages["glm"]})
    assert model.predict(nothing, FEATURES)["predicted_clv"].tolist() == pytest.approx([0.05, 0.05])


def test_contributions_of_chains_are_averaged_as_their_predictions_are():
    alone, twice = (model.contributions(scaled(2, [("btyd",)] * number), FEATURES) for number in (1, 2))
    assert np.allclose(alone, twice) and np.allclose(alone["btyd_revenue"], np.log(2 * REVENUE))


def in_season(orders=1.0, value=1.0):
    return FEATURES.assign(season_of_orders=orders, season_of_value=value)


@pytest.mark.parametrize("kind", btyd.MODELS)
def test_a_horizon_of_a_stronger_season_brings_more_and_one_of_dearer_orders_as_much_more(kind):
    customers = replace(CUSTOMERS, purchases=btyd.fit_purchases(kind, *HISTORIES))
    weak, average, strong = (
        btyd.expected(customers, in_season(orders), 90)["btyd_revenue"] for orders in (0.5, 1.0, 1.5)
    )
    assert (weak < average).all() and (average < strong).all()
    assert (strong < 1.5 * average).all()  # some customers leave on the way
    dear = btyd.expected(customers, in_season(value=1.3), 90)["btyd_revenue"]
    assert np.allclose(dear, 1.3 * average)


HISTORIES = np.array([0.0, 3.0, 1.0, 0.0, 5.0]), np.array([0.0, 190.0, 80.0, 0.0, 100.0]), np.array([200.0] * 5)


def test_a_horizon_of_a_season_is_one_of_as_many_days_of_season_time():
    in_the_season, longer = (
        btyd.expected(CUSTOMERS, table, days) for table, days in ((in_season(orders=1.5), 90), (FEATURES, 135))
    )
    assert np.allclose(in_the_season["btyd_orders"], longer["btyd_purchases"])


def test_an_average_horizon_is_predicted_as_without_a_season_and_corrections_never_read_the_season():
    answers = btyd.expected(CUSTOMERS, FEATURES, 90)
    assert answers["btyd_orders"].equals(answers["btyd_purchases"].rename("btyd_orders"))
    assert (answers["btyd_season"] == 1).all() and answers["btyd_revenue"].equals(REVENUE)
    read = list(btyd.READ)
    pd.testing.assert_frame_equal(btyd.expected(CUSTOMERS, in_season(1.7, 0.8), 90)[read], answers[read])
    columns = features.Definition.within(400, [30], [90], 90, {}).columns([])
    assert not set(columns) & {*features.OF_THE_HORIZON, *features.FOR_PEOPLE}


def test_the_season_is_a_part_of_its_own_in_what_a_prediction_is_made_of():
    effects = model.contributions(scaled(2), in_season(1.5, 1.2))
    prediction = model.predict(scaled(2), in_season(1.5, 1.2))["predicted_clv"]
    assert np.allclose(effects["btyd_revenue"], np.log(2 * REVENUE))  # of an average horizon
    assert np.allclose(effects.sum(axis=1), np.log(prediction))


@pytest.mark.parametrize("actual", [150.0, 60.0])
def test_a_season_in_doubt_draws_the_correction_of_the_total_to_one(actual):
    rows = pd.DataFrame({"actual_clv": [actual], "btyd_revenue": [100.0]})
    corrections = [
        scale * level
        for scale, level in (
            training.totals([["btyd", "glm"]], rows, replace(OPTIONS, season_doubt=doubt))
            for doubt in (None, 0.0, 0.15, 0.6, 9.0)
        )
    ]
    sizes = np.abs(np.log(corrections))
    assert sizes[0] == sizes[1] and (np.diff(sizes[1:]) < 0).all() and sizes[-1] < 0.001


def test_the_interval_of_the_total_is_wide_where_no_season_is_known_and_else_as_wide_as_its_doubt():
    unknown, sure, doubtful, hardly = (
        intervals.period_sd([1.0], replace(OPTIONS, season_doubt=doubt)) for doubt in (None, 0.0, 0.1, 0.5)
    )
    assert sure == pytest.approx(0.05) and sure < doubtful < unknown < hardly


def test_a_glm_multiplies_by_e_squared_at_most():
    steep = glm.Glm(["x"], 1.0, [0.0], [1.0], [100.0], 0.0)
    table = pd.DataFrame({"x": [50.0, -50.0, np.nan]})
    assert steep.predict(table, np.full(3, 10.0), 1) == pytest.approx([10 * np.e**2, 10 * np.e**-2, 10])


def test_a_feature_far_from_all_others_says_no_more_to_a_glm_than_five_standard_deviations():
    gentle = glm.Glm(["x"], 1.0, [0.0], [1.0], [0.1], 0.0)
    assert gentle.effects(pd.DataFrame({"x": [1e9, -1e9]}), 1)["x"].tolist() == pytest.approx([0.5, -0.5])


def test_amounts_reach_a_glm_in_tenths_of_the_mean_label():
    dear, cheap = (glm.Glm(["spend", "x"], unit, [0, 0], [1, 1], [1, 1], 0.0) for unit in (100.0, 1.0))
    in_cents, in_euros = (pd.DataFrame({"spend": [amount], "x": [3.0]}) for amount in (700.0, 7.0))
    assert dear.effects(in_cents, 1).equals(cheap.effects(in_euros, 1))


def lesson(label, base, **options):
    table = pd.DataFrame({"x": np.arange(len(label), dtype=float), "actual_clv": label})
    return Lesson(table, np.array(base), ["x"], (), 1.0, 1.0, replace(OPTIONS, **options))


def test_customers_weigh_in_a_glm_by_their_base_to_the_power_that_tweedie_asks_for():
    same = lesson([2.0, 100.0], [1.0, 100.0], tweedie_power=1.5)
    same = replace(same, rows=same.rows.assign(x=1.0))  # nothing but the intercept is left
    mean = (1 * 2 + 10 * 1) / (1 + 10)  # of label / base, with weights base^0.5
    assert glm.Glm.fit(same).intercept == pytest.approx(np.log(mean), abs=1e-4)


def test_a_glm_without_a_finite_solution_is_refused_with_the_next_move():
    with pytest.raises(InputError) as error:
        glm.Glm.fit(lesson([1e308, 0.0, 1.0], [1e-3, 1.0, 1.0]))
    assert "[NO_SOLUTION] The GLM has no finite solution on 3 rows: Input y contains infinity" in str(error.value)
    assert "fix: a larger model.glm_alpha, or model=xgboost_tweedie" in str(error.value)


def test_histories_without_a_likelihood_are_refused_with_the_next_move():
    history = np.array([0.0, 1.0]), np.array([0.0, 5.0]), np.array([30.0, np.nan])
    with pytest.raises(InputError, match=r"\[NO_SOLUTION\] The likelihood of pareto_nbd has no maximum on 2 customers"):
        btyd.fit_purchases("pareto_nbd", *history)
    with pytest.raises(InputError, match="The likelihood of Gamma-Gamma has no maximum on 2 customers"):
        btyd.fit_spend(np.array([1.0, 2.0]), np.array([np.inf, 3.0]))


def learnt():
    """Intervals of customers who bring 50 to 150 where BTYD expects 100."""
    actual = np.random.default_rng(1).uniform(50, 150, 1000)
    table = pd.DataFrame({"x": np.zeros(1000), "lifecycle_stage": "active", "actual_clv": actual})
    table = table.assign(btyd_revenue=100.0, btyd_alive=1.0, btyd_orders=5.0)
    booster = intervals.quantile_trees(table, ["x"], 100.0, OPTIONS)
    return intervals.Intervals(0.8, 100.0, ["x"], booster, {"everybody": 0.0}, np.inf, 0.1, 1.0), table.head(1)


def test_the_interval_of_a_customer_who_may_well_bring_nothing_begins_at_zero_and_leaves_nothing_out_below():
    held, table = learnt()
    low, high = intervals.around(held, table, np.array([100.0]))
    assert low[0] == pytest.approx(60, abs=6) and high[0] == pytest.approx(140, abs=6)
    low, high = intervals.around(held, table.assign(btyd_orders=0.6), np.array([100.0]))  # e^-0.6 = 0.55
    assert low[0] == 0 and high[0] == pytest.approx(130, abs=6)


def test_no_shift_makes_an_end_of_an_interval_negative():
    held, table = learnt()
    low, high = intervals.around(replace(held, shift={"everybody": 9.0}), table, np.array([100.0]))
    assert low[0] == 0 and high[0] > 1000
    low, high = intervals.around(replace(held, shift={"everybody": -9.0}), table, np.array([100.0]))
    assert low[0] == high[0] == 100  # an interval holds its prediction


def test_customers_from_the_top_on_have_a_shift_of_their_own():
    held, table = learnt()
    held = replace(held, top=100.0, shift={"everybody": 0.0, "top decile": 0.5})
    both = pd.concat([table, table])
    high = intervals.around(held, both, np.array([99.9, 100.0]))[1]
    assert (1 + high[1] / 100) / (1 + high[0] / 100) == pytest.approx(np.exp(0.5))


def test_a_group_needs_200_customers_for_a_shift_of_its_own():
    held, table = learnt()
    rows = pd.concat([table] * 399).assign(lifecycle_stage=["new"] * 200 + ["lost"] * 199)
    assert set(intervals.shifts(held, rows, np.full(399, 1.0))) == {"everybody", "new"}


def test_a_shift_is_the_smallest_that_holds_the_promised_share_of_n_plus_one():
    held, table = learnt()
    upper = np.log1p(intervals.around(held, table, np.array([1.0]))[1] / 100)
    missed = np.linspace(0.01, 0.10, 10)  # on the log scale, beyond the upper end
    rows = pd.concat([table] * 10).assign(actual_clv=100 * np.expm1(upper + missed))
    assert intervals.shifts(held, rows, np.full(10, 1.0))["everybody"] == pytest.approx(0.09)  # the 9th: 11 x 0.8 = 8.8


def test_periods_differ_as_their_totals_did_beside_one_assumed_period():
    first = dt.date(2024, 1, 1)
    three = replace(OPTIONS, cutoffs=[first, first + dt.timedelta(days=180)])
    assert intervals.period_sd([1.0], OPTIONS) == 0.25
    assert intervals.period_sd([1.0, np.e], three) == pytest.approx(np.sqrt((0.25**2 + 2 * 0.5) / 3))


def test_without_labels_what_is_left_out_of_an_interval_from_zero_lies_above_it():
    low, high = intervals.rough(np.array([0.1]), np.array([10.0]), 0.8)
    chance, size = 1 - np.exp(-0.1), 10 / (1 - np.exp(-0.1))
    assert low[0] == 0 and high[0] == 10  # 90 % bring nothing: the prediction is the end
    low, high = intervals.rough(np.array([1.0]), np.array([10.0]), 0.8)
    chance, size = 1 - np.exp(-1), 10 / (1 - np.exp(-1))
    assert low[0] == 0 and chance * np.exp(-high[0] / size) == pytest.approx(0.2)
    low, high = intervals.rough(np.array([5.0]), np.array([10.0]), 0.8)
    chance, size = 1 - np.exp(-5), 10 / (1 - np.exp(-5))
    assert chance * np.exp(-high[0] / size) == pytest.approx(0.1)
    assert chance * np.exp(-low[0] / size) == pytest.approx(0.9)


def test_left_out_customers_say_how_many_trees_there_are_and_one_is_the_least():
    chance = np.random.default_rng(2)
    rows = pd.DataFrame({"x": chance.normal(size=300), "actual_clv": chance.gamma(1, 10, 300)})  # nothing to learn
    rows = rows.assign(customer_id=[f"c{number}" for number in range(300)])
    noise = replace(OPTIONS, rounds=30, learning_rate=1.0, max_depth=6, min_child_weight=0.0, reg_lambda=0.0)
    base = np.full(300, training.mean_label(rows))
    stage = trees.Tweedie.fit(Lesson(rows, base, ["x"], (), base[0], 1.0, noise))
    assert stage.boosters[0].num_boosted_rounds() == 1


def test_squared_error_trees_promise_no_negative_revenue():
    rows = pd.DataFrame({"x": [0.0, 1.0] * 200, "actual_clv": [-100.0, 120.0] * 200})
    rows = rows.assign(customer_id=[f"c{number}" for number in range(400)])
    base = np.full(400, 60.0)
    fast = replace(OPTIONS, rounds=100, learning_rate=0.5, reg_lambda=0.0)
    stage = trees.SquaredError.fit(Lesson(rows, base, ["x"], (), 60.0, 1.0, fast))
    assert stage.predict(rows.head(2), base[:2], 1) == pytest.approx([0, 120], abs=10)


def test_a_model_is_not_fitted_to_fewer_customers_than_it_needs():
    with pytest.raises(InputError, match="9 customers ordered before .* model.min_customers=10 are needed"):
        model.fit([], pd.concat([FEATURES.head(1)] * 9), [], OPTIONS)
    assert model.fit([], pd.concat([FEATURES] * 25, ignore_index=True), [], OPTIONS).chains == [["btyd"]]


def test_the_spend_model_learns_from_all_orders_the_first_one_too():
    table = pd.concat([FEATURES, FEATURES.assign(average_order_value=[5.0, 90.0])] * 20, ignore_index=True)
    orders, value = table["frequency"].to_numpy() + 1, table["average_order_value"].to_numpy()
    assert btyd.fit(table, "mbg_nbd").spend == btyd.fit_spend(orders, value)


def test_returned_value_lowers_what_btyd_expects_by_its_share():
    table = pd.concat([FEATURES] * 25, ignore_index=True)
    orders = (table["frequency"] + 1) * table["average_order_value"]
    half = btyd.fit(table.assign(kept_revenue=orders / 2), "mbg_nbd")
    assert half.kept.everybody == 0.5
    whole = btyd.expected(
        replace(half, kept=btyd.KeptShare(1.0, half.kept.prior)), table.assign(kept_revenue=orders), 90
    )
    assert np.allclose(
        btyd.expected(half, table.assign(kept_revenue=orders / 2), 90)["btyd_revenue"], whole["btyd_revenue"] / 2
    )
    assert btyd.fit(table.assign(kept_revenue=orders), "mbg_nbd").kept.everybody == 1
    assert btyd.fit(table.assign(kept_revenue=0.0), "mbg_nbd").kept.everybody == 0


def test_text_in_a_learnt_column_is_refused_by_name():
    message = "1 column of the feature table is not of the numbers that the model learnt on: frequency"
    with pytest.raises(InputError, match=message):
        model.predict(scaled(1), FEATURES.assign(frequency=["0", "3"]))


def test_a_prediction_that_is_not_a_number_is_refused():
    with pytest.raises(InputError, match="1 of 2 predictions are not numbers"):
        model.predict(scaled(1), FEATURES.assign(average_order_value=[1e308, 50.0], placed_order_value=[1e308, 50.0]))


def test_a_model_of_an_earlier_format_and_files_elsewhere_are_refused(tmp_path):
    files.save(scaled(1), tmp_path)
    content = json.loads((tmp_path / "model.json").read_text())
    assert model.predict(files.load(tmp_path), FEATURES).equals(model.predict(scaled(1), FEATURES))
    (tmp_path / "model.json").write_text(json.dumps({name: content[name] for name in content if name != "format"}))
    with pytest.raises(ValueError, match="model.json has format 1, and this engine reads format 4"):
        files.load(tmp_path)
    outside = {"trees": {"columns": [], "unit": 1.0, "files": ["../trees-0.ubj"]}}
    (tmp_path / "model.json").write_text(json.dumps(content | {"stages": outside}))
    with pytest.raises(ValueError, match="names files outside of its folder: ../trees-0.ubj"):
        files.load(tmp_path)
    (tmp_path / "model.json").write_text(json.dumps(content | {"stages": {"forest": {}}}))
    with pytest.raises(KeyError, match="forest"):
        files.load(tmp_path)
