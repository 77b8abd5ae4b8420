"""The chains on snapshots of one simulated shop: what they predict, what they refuse, and that files give them back whole."""

from dataclasses import asdict, replace

import duckdb
import numpy as np
import pandas as pd
import pytest
import xgboost as xgb
from helpers import composed, day

from clv import data, features, model, simulate, windows
from clv.errors import InputError
from clv.evaluation import metrics, naive
from clv.features import OF_GAPS
from clv.model import binned, btyd, files, glm, intervals, training, trees
from clv.model.protocol import Lesson

CONFIG = composed("window.max_snapshots=3", "model.rounds=40", "model.probability_model=mbg_nbd")
CHAINS = ["btyd", "glm", "trees", "squared_error", "hurdle", "btyd+trees", "btyd+glm+trees"]


class Shop:
    """Snapshots of one simulated shop: three that train, and the one after them."""

    def __init__(self):
        rows = simulate.simulate(700, "2024-01-01", 730, seed=5)[0].assign(
            order_date=lambda table: pd.to_datetime(table["order_date"])
        )
        self.connection = duckdb.connect()
        purchases = data.daily(self.connection.from_df(rows))
        plan = windows.plan(day("2024-01-01"), day("2025-10-01"), windows.Rule(90, 30, 3, 90))
        self.definition = definition = features.Definition.within(
            200, [30, 90], [90], 90, asdict(CONFIG.features.lifecycle)
        )  # few columns, so that the tests are fast
        features.history(purchases).create("history")

        def snapshot(cutoff):
            table = features.snapshot(self.connection.table("history"), cutoff, definition)
            label = windows.actual_clv(table["customer_id"], purchases, cutoff, 90)
            return table.assign(actual_clv=label.to_numpy())

        self.training = [snapshot(cutoff) for cutoff in plan.training]
        self.evaluation = snapshot(plan.evaluation)
        self.columns = definition.columns(CONFIG.features.moving)
        self.options = model.Options(**asdict(CONFIG.model), seed=7, threads=1, horizon_days=90, cutoffs=plan.training)

    def fit(self, snapshots=None, **options):
        snapshots = self.training if snapshots is None else snapshots
        cutoffs = self.options.cutoffs[len(self.options.cutoffs) - len(snapshots) :]
        return model.fit(snapshots, self.evaluation, self.columns, replace(self.options, cutoffs=cutoffs, **options))


@pytest.fixture(scope="module")
def shop():
    return Shop()


@pytest.fixture(scope="module")
def blend(shop):
    return shop.fit()


@pytest.mark.parametrize("chain", CHAINS)
def test_every_chain_predicts_the_total_and_beats_the_mean(shop, chain):
    predicted = model.predict(shop.fit(chains=[chain]), shop.evaluation)["predicted_clv"].to_numpy()
    figures = metrics.evaluate(shop.evaluation["actual_clv"], predicted)
    assert figures["bias"] == pytest.approx(1, abs=0.35) and figures["r2"] > 0.15 and (predicted >= 0).all()


def test_the_prediction_is_the_mean_of_the_chains_times_the_level(shop, blend):
    each = [
        model.predict(replace(blend, chains=[chain], level=1.0), shop.evaluation)["predicted_clv"]
        for chain in blend.chains
    ]
    assert len(each) == 3
    together = model.predict(blend, shop.evaluation)["predicted_clv"]
    assert np.allclose(together, blend.level * np.mean(each, axis=0))


def test_a_chain_shares_the_stages_that_an_earlier_one_fitted(blend):
    assert set(blend.stages) == {"btyd", "btyd+trees", "btyd+glm", "btyd+glm+trees"}


def test_corrections_of_the_total_are_trusted_as_far_as_there_were_windows_to_see_them(shop):
    dearer = [table.assign(actual_clv=table["actual_clv"] * 2) for table in shop.training]
    trusted, doubted = (shop.fit(dearer, level_prior=prior) for prior in (0.0, 1e6))
    total = btyd.expected(doubted.customers, shop.evaluation, 90)["btyd_revenue"].sum()
    assert trusted.level == 1
    assert model.predict(trusted, shop.evaluation)["predicted_clv"].sum() / total == pytest.approx(2, rel=0.2)
    assert model.predict(doubted, shop.evaluation)["predicted_clv"].sum() / total == pytest.approx(1, rel=0.2)


def test_the_currency_changes_nothing_but_the_amounts(shop):
    amounts = [
        name for name in shop.evaluation if name.startswith(("revenue", "kept_revenue")) or name.endswith("_value")
    ]
    money = [name for name in amounts if name not in features.OF_THE_HORIZON]
    times = {name: (lambda table, name=name: table[name] * 128) for name in [*money, "actual_clv"]}
    cheap = model.predict(shop.fit(), shop.evaluation)
    dear = Shop.__new__(Shop)
    dear.__dict__ = shop.__dict__ | {
        "training": [table.assign(**times) for table in shop.training],
        "evaluation": shop.evaluation.assign(**times),
    }
    costly = model.predict(dear.fit(), dear.evaluation)
    assert np.allclose(costly["predicted_clv"], 128 * cheap["predicted_clv"], rtol=1e-3)
    wider = np.abs(costly - 128 * cheap).max(axis=1) > 0.02 * 128 * cheap["predicted_clv_high"]
    assert wider.mean() < 0.01


def test_net_returns_in_the_labels_never_make_a_negative_prediction(shop):
    returned = [table.assign(actual_clv=table["actual_clv"] - 30) for table in shop.training]
    predicted = model.predict(shop.fit(returned), shop.evaluation)
    assert (predicted >= 0).all(axis=None) and np.isfinite(predicted).all(axis=None)


def test_the_same_seed_gives_the_same_bytes(shop, blend, tmp_path):
    for name, fitted in (("one", blend), ("two", shop.fit())):
        (tmp_path / name).mkdir()
        files.save(fitted, tmp_path / name)
    first, second = ({path.name: path.read_bytes() for path in (tmp_path / name).iterdir()} for name in ("one", "two"))
    assert first == second and len(first) == 4


def test_a_model_from_files_predicts_the_same_numbers_and_nothing_is_pickled(shop, blend, tmp_path):
    files.save(blend, tmp_path)
    assert {path.suffix for path in tmp_path.iterdir()} == {".json", ".ubj"}
    assert model.predict(files.load(tmp_path), shop.evaluation).equals(model.predict(blend, shop.evaluation))


def test_a_row_is_predicted_alone_as_among_others(shop, blend):
    together = model.predict(blend, shop.evaluation)
    assert np.allclose(model.predict(blend, shop.evaluation.iloc[[17]]), together.iloc[[17]], rtol=1e-6)


def test_without_labels_the_answer_is_the_probability_model_with_a_rough_interval(shop):
    fitted = shop.fit(snapshots=[])
    assert fitted.chains == [["btyd"]] and fitted.intervals is None
    predicted = model.predict(fitted, shop.evaluation)
    assert np.allclose(
        predicted["predicted_clv"],
        btyd.expected(fitted.customers, shop.evaluation, 90)["btyd_revenue"],
    )
    covered = metrics.coverage(shop.evaluation["actual_clv"], predicted, shop.evaluation["lifecycle_stage"])
    assert 0.75 < covered.set_index("group").loc["all", "coverage"] < 0.99


@pytest.mark.parametrize("snapshots", [1, 3])
def test_intervals_hold_the_prediction_and_about_the_share_they_promise(shop, snapshots):
    predicted = model.predict(shop.fit(shop.training[-snapshots:]), shop.evaluation)
    assert (predicted["predicted_clv_low"] <= predicted["predicted_clv"]).all()
    assert (predicted["predicted_clv"] <= predicted["predicted_clv_high"]).all()
    covered = metrics.coverage(shop.evaluation["actual_clv"], predicted, shop.evaluation["lifecycle_stage"])
    covered = covered.set_index("group")["coverage"]
    assert 0.77 < covered["all"] < 0.95 and covered["top decile"] > 0.5


def test_shifted_ends_hold_the_promised_share_of_the_customers_they_were_shifted_on():
    chance = np.random.default_rng(1)
    table = pd.DataFrame({"x": chance.normal(size=2000), "lifecycle_stage": "active"})
    table = table.assign(btyd_revenue=0.0, btyd_alive=1.0, btyd_orders=5.0)
    table["actual_clv"] = np.expm1(2 + table["x"] + chance.normal(0, 0.5, 2000)).clip(lower=0)
    data = trees.matrix(table, ["x"], 1)
    data.set_label(intervals.on_log(table["actual_clv"], 1.0) - 0.7)  # quantiles that are too low
    data.set_base_margin(intervals.start(table, 1.0))
    booster = trees.xgb.train({"objective": "reg:quantileerror", "quantile_alpha": [0.1, 0.8, 0.9]}, data, 30)
    shifted = intervals.Intervals(0.8, 1.0, ["x"], booster, {}, np.inf, 0.1, 1.0)
    predicted = np.expm1(2 + table["x"].to_numpy()).clip(min=0)  # the median: every interval holds it anyway
    shifted.shift.update(intervals.shifts(shifted, table, predicted))
    assert set(shifted.shift) == {"everybody", "active"} and shifted.shift["active"] > 0.1
    low, high = intervals.around(shifted, table, predicted)
    held = (low <= table["actual_clv"]) & (table["actual_clv"] <= high)
    assert held.mean() == pytest.approx(0.8, abs=0.02)


def test_the_total_has_an_interval_of_its_own_that_more_customers_make_narrower_down_to_how_periods_differ():
    limits = intervals.Intervals(0.8, 1.0, [], None, {}, 0.0, period_sd=0.1, customer_sd=3.0)
    few, many = (intervals.total(limits, np.full(n, 10.0)) for n in (100, 1_000_000))
    spread = 1.2816 * np.hypot(0.1, 3 / np.sqrt(100))
    assert np.log(np.array(few) / 1000) == pytest.approx([-spread, spread], rel=1e-3)
    assert np.log(many[1] / 1e7) == pytest.approx(1.2816 * 0.1, rel=1e-2)


def test_a_total_of_which_little_is_known_has_a_wide_interval_and_never_an_endless_one():
    limits = intervals.Intervals(0.8, 1.0, [], None, {}, 0.0, period_sd=50.0, customer_sd=1e9)
    assert intervals.total(limits, np.zeros(10)) == (0, 0)
    low, high = intervals.total(limits, np.full(10, 1.0))
    assert low == pytest.approx(10 / 3.6, rel=0.01) and high == pytest.approx(36, rel=0.01)


def test_a_customer_bigger_than_any_seen_has_room_above_the_prediction(shop, blend):
    whale = shop.evaluation.nlargest(1, "revenue_total").copy()
    money = [name for name in whale if name.startswith(("revenue", "kept_revenue")) or name.endswith("_value")]
    whale[money] *= 100
    predicted = model.predict(blend, whale).iloc[0]
    assert predicted["predicted_clv_high"] > 1.2 * predicted["predicted_clv"] > 0


def test_contributions_add_up_to_the_logarithm_of_a_chain(shop):
    fitted = shop.fit(chains=["btyd+glm+trees"], level_prior=0.0)
    added = model.contributions(fitted, shop.evaluation).sum(axis=1)
    predicted = model.predict(fitted, shop.evaluation)["predicted_clv"]
    usual = predicted > 0.05 * fitted.unit  # not where a base or a correction was cut off
    assert usual.mean() > 0.5 and np.ptp((np.log(predicted) - added)[usual]) < 1e-3


def lesson(table, base, **options):
    """Of a table with one column x."""
    options = model.Options(
        **asdict(CONFIG.model) | {"seed": 7, "threads": 1, "horizon_days": 90, "cutoffs": []} | options
    )
    return Lesson(table, base, ["x"], (), training.mean_label(table), 1.0, options)


def test_a_glm_finds_the_coefficients_of_a_tweedie_with_an_offset():
    chance = np.random.default_rng(3)
    table = pd.DataFrame({"x": chance.normal(0, 1, 20_000)})
    base, logs = chance.gamma(2, 10, 20_000), np.sign(table["x"]) * np.log1p(np.abs(table["x"]))
    mean = base * np.exp(0.3 + 0.5 * (logs - logs.mean()) / logs.std())
    table["actual_clv"] = np.where(chance.random(20_000) < 0.4, mean / 0.4 * chance.gamma(2, 0.5, 20_000), 0)
    fitted = glm.Glm.fit(lesson(table, base, glm_alpha=1e-6))
    assert fitted.intercept == pytest.approx(0.3, abs=0.03) and fitted.coefficients[0] == pytest.approx(0.5, abs=0.03)


def test_a_constant_or_empty_column_teaches_nothing_and_breaks_nothing(shop):
    spoilt = Shop.__new__(Shop)
    spoilt.__dict__ = shop.__dict__ | {
        name: [table.assign(revenue_30d=np.float32(1), gap_std_days=np.float32("nan")) for table in tables]
        for name, tables in (("training", shop.training), ("all", [shop.evaluation]))
    }
    spoilt.evaluation = spoilt.all[0]
    assert np.isfinite(model.predict(spoilt.fit(), spoilt.evaluation)).all(axis=None)


def test_a_customer_is_in_one_fold_in_every_snapshot_whatever_the_other_customers_are():
    some, more = pd.Series(["ann", "00042", "42"]), pd.Series(["bob", "42", "ann", "00042"])
    first, second = binned.folds(some, seed=7), binned.folds(more, seed=7)
    assert dict(zip(some, first, strict=True)).items() <= dict(zip(more, second, strict=True)).items()
    many = binned.folds(pd.Series([f"c{i}" for i in range(9000)]), seed=7)
    assert np.bincount(many) == pytest.approx(3000, rel=0.06)


def test_stages_that_share_their_bins_learn_what_each_learns_alone():
    chance = np.random.default_rng(4)
    rows = pd.DataFrame({"customer_id": [f"c{number}" for number in range(900)], "x": chance.normal(size=900)})
    rows["actual_clv"] = np.where(chance.random(900) < 0.5, chance.gamma(2, 5 * np.exp(rows["x"])), 0.0)
    alone = lesson(rows, np.exp(chance.normal(2, 1, 900)))
    shared = replace(alone, binned=binned.Binned(rows, ["x"], alone.options))
    for stage in (
        trees.Tweedie,
        trees.Hurdle,
        trees.SquaredError,
        trees.Tweedie,
    ):  # a hurdle forgets the base before it
        one, other = stage.fit(alone), stage.fit(shared)
        assert [booster.save_raw() for booster in one.boosters] == [booster.save_raw() for booster in other.boosters]


def test_the_number_of_trees_is_that_of_a_search_through_all_of_them():
    chance = np.random.default_rng(5)
    rows = pd.DataFrame({"customer_id": [f"c{number}" for number in range(600)], "x": chance.normal(size=600).round(1)})
    rows["actual_clv"] = chance.gamma(1, 10 * np.exp(0.5 * rows["x"]))
    taught = lesson(rows, np.full(600, 10.0), learning_rate=0.1, max_depth=6, min_child_weight=0.0, reg_lambda=0.0)
    data, fold = xgb.DMatrix(rows[["x"]], label=rows["actual_clv"] / taught.unit), binned.folds(rows["customer_id"], 7)
    data.set_base_margin(np.log(taught.base / taught.unit))
    splits = [(np.flatnonzero(fold != number), np.flatnonzero(fold == number)) for number in range(binned.FOLDS)]
    losses = xgb.cv(trees.parameters("reg:tweedie", taught.options), data, 150, folds=splits).filter(like="test-")
    best = 1 + int(losses.iloc[:, 0].argmin())
    assert 1 < best < 100 and trees.Tweedie.fit(taught).boosters[0].num_boosted_rounds() == best


def test_with_few_customers_btyd_stands_alone_and_says_why(shop):
    newest = shop.training[-1]
    few, enough = (shop.fit([*shop.training[:2], newest.head(customers)]) for customers in (199, 200))
    assert (
        few.chains == [["btyd"]]
        and few.intervals is None
        and enough.chains == [chain.split("+") for chain in CONFIG.model.chains]
    )
    assert few.alone.startswith(
        "the newest training snapshot has 199 customers, and corrections are learnt from model.correct_from=200 on"
    )
    assert enough.alone == ""
    answers = btyd.expected(few.customers, shop.evaluation, 90)["btyd_revenue"]
    assert np.allclose(model.predict(few, shop.evaluation)["predicted_clv"], answers)


def test_early_snapshots_with_a_handful_of_customers_are_left_out(shop):
    first, *others = shop.training
    assert np.allclose(
        model.predict(shop.fit([first.head(5), *others]), shop.evaluation),
        model.predict(shop.fit(others), shop.evaluation),
    )


def test_too_few_customers_and_no_revenue_at_all_are_errors_with_the_next_move(shop):
    tiny = Shop.__new__(Shop)
    tiny.__dict__ = shop.__dict__ | {"evaluation": shop.evaluation.head(9)}
    with pytest.raises(
        InputError, match="9 customers ordered before .* model.min_customers=10 are needed.* -- fix: purchases of all"
    ):
        tiny.fit()
    with pytest.raises(InputError, match="Nobody brought revenue in any training label window"):
        shop.fit([shop.training[0].assign(actual_clv=0.0)])


def test_a_table_without_a_learnt_column_is_refused_by_name(shop, blend):
    with pytest.raises(InputError, match="lacks 1 column the model learnt on: revenue_90d"):
        model.predict(blend, shop.evaluation.drop(columns="revenue_90d"))


@pytest.mark.parametrize(
    ("column", "values", "message"),
    [
        ("revenue_90d", [1.0, np.nan, 2.0], "1 of 3 rows of the feature table have nothing in revenue_90d"),
        ("lifecycle_stage", ["new", "vip", None], "2 of 3 rows have a lifecycle_stage like 'vip'"),
        ("frequency", [1.0, -2.0, 2.0], "1 of 3 rows of the feature table have frequency below 0, like -2.0"),
        (
            "recency_days",
            [1.0, 9999.0, 2.0],
            "1 of 3 rows of the feature table have recency_days above tenure_days, like 9999.0",
        ),
    ],
)
def test_rows_that_no_history_gives_are_refused_by_name(shop, blend, column, values, message):
    table = shop.evaluation[shop.evaluation["tenure_days"] > 10].head(3)
    with pytest.raises(InputError, match=message):
        model.predict(blend, table.assign(**{column: values}))


def test_columns_of_gaps_may_be_missing(shop, blend):
    table = shop.evaluation[shop.evaluation["placed_orders"] == 1].head(20)
    gaps = [name for name in blend.inputs if name in OF_GAPS]
    assert gaps and model.predict(blend, table.drop(columns=gaps)).equals(model.predict(blend, table))


def test_infinite_values_are_refused(shop, blend):
    with pytest.raises(InputError, match="1 of 3 rows of the feature table hold infinite values"):
        model.predict(blend, shop.evaluation.head(3).assign(average_order_value=[1.0, np.inf, 2.0]))


def test_naive_predictions_are_the_mean_the_rate_and_the_last_horizon():
    table = pd.DataFrame({"calendar_revenue_total": [120.0, -60.0, 15.0], "calendar_tenure_days": [60, 60, 2]})
    predicted = naive.predictions(table, training_mean=5.0, last_horizon=np.array([7.0, 0.0, 1.0]), horizon_days=30)
    assert {name: values.tolist() for name, values in predicted.items()} == {
        "naive_mean": [5, 5, 5],
        "naive_rate": [60, 0, 15],  # over 30 days at least
        "naive_last": [7, 0, 1],
    }


def test_the_group_mean_is_that_of_training_customers_with_as_many_orders():
    training = pd.DataFrame({"frequency": [0, 0, 1, 4], "actual_clv": [0.0, 2.0, 10.0, 30.0]})
    means = naive.group_means(training, pd.DataFrame({"frequency": [0, 1, 2, 3, 4, 9]}))
    assert means.tolist() == [1, 10, 30, 30, 30, 10.5]  # nobody had 6 orders or more: the mean of all
