"""Both engines on the same purchases: every column, label, score and rank."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from helpers import CONNECTION, SMALL, composed
from histories import CUTOFF, HORIZON, SETS, all_of_them, rows
from test_features import LIFECYCLE, wave

from clv import data, features, settings
from clv.engine import DuckDB
from clv.evaluation import measure
from clv.season import NONE

pytestmark = pytest.mark.slow
SEASONS = {"calendar": NONE, "season": wave(0.6, 1.0, 0.3)}


def definition(name):
    return features.Definition.within(800, [7, 30, 90, 365], [30, 365], HORIZON, LIFECYCLE, SEASONS[name])


def model_of_the_sample():
    """A model and the definition of what it learnt from."""
    config = composed("data.path=data/raw/transactions.csv", *SMALL)
    history = settings.history(config, dt.datetime.now(dt.UTC))
    plan = settings.plan(config, history)
    recipe = settings.recipe(config, plan, history)
    return measure.measure(history, plan, recipe).model, recipe.definition


def purchases_of_the_sample():
    return data.daily(CONNECTION.from_df(rows(SETS["sample"])))


@pytest.fixture(scope="session")
def fitted():
    return model_of_the_sample()


@pytest.fixture(scope="session")
def sides(session, tmp_path_factory):
    """Each engine with its table of the same purchases."""
    from clv.spark import Spark

    path = str(tmp_path_factory.mktemp("purchases") / "purchases.parquet")
    all_of_them().write_parquet(path)
    return (DuckDB(CONNECTION), CONNECTION.read_parquet(path)), (
        Spark(session),
        session.read.parquet(path).repartition(3),
    )


def in_memory(engine, table, by="customer_id"):
    return engine.arrow(table).to_pandas().sort_values(by, ignore_index=True)


def differences(one, other):
    """Rows in which a column differs by more than 1e-9, and rows in which a bit does."""
    assert list(one) == list(other) and one["customer_id"].tolist() == other["customer_id"].tolist()
    texts = one.select_dtypes(exclude="number").columns
    pd.testing.assert_frame_equal(one[texts], other[texts], check_dtype=False)
    mine, theirs = (table.drop(columns=texts).to_numpy("float64") for table in (one, other))
    beyond = ~np.isclose(mine, theirs, rtol=1e-9, atol=1e-9, equal_nan=True)
    same = (mine == theirs) | (np.isnan(mine) & np.isnan(theirs))
    return int(beyond.any(axis=1).sum()), int((~same).any(axis=1).sum())


@pytest.mark.parametrize("season", SEASONS)
def test_every_feature_is_equal_to_the_last_bit(sides, season):
    chosen = definition(season)
    one, other = (
        in_memory(engine, engine.snapshot(engine.history(purchases, chosen.season), CUTOFF, chosen))
        for engine, purchases in sides
    )
    assert len(one) > 2_000
    assert differences(one, other) == (0, 0)


@pytest.mark.parametrize("discount_rate", [0.0, 0.1])
def test_every_label_is_equal(sides, discount_rate):
    one, other = (
        in_memory(engine, engine.labels(purchases, CUTOFF, HORIZON, discount_rate)) for engine, purchases in sides
    )
    assert len(one) > 500 and differences(one, other)[0] == 0


def test_every_customer_has_the_same_scores_and_rank(sides, fitted, session, tmp_path):
    (model, chosen), tables = fitted, []
    for engine, purchases in sides:
        scored = engine.predict(
            model, engine.snapshot(engine.history(purchases, chosen.season), CUTOFF, chosen), CUTOFF
        )
        if not isinstance(engine, DuckDB):
            scored.write.parquet(str(tmp_path / "scores"))
            scored = session.read.parquet(str(tmp_path / "scores"))
        tables.append(in_memory(engine, engine.rank(scored, {"model_version": "3"}), "clv_rank"))
    assert tables[0]["clv_rank"].tolist() == list(range(1, len(tables[0]) + 1))
    assert differences(*tables) == (0, 0)


IDS = [
    "ann",
    "Ann",
    "Zoë",
    "zoe",
    "É",
    "é",
    "😀",
    "\uffee",
    "a'b",
    "a\\b",
    'a"b',
    " a",
    "a b",
    "00042",
    "42",
    "-",
    "{x}",
    "%",
    "$x",
]


@pytest.mark.parametrize("customers", [1, 40, 20_000])
def test_ties_have_the_order_of_their_ids_as_bytes(session, customers):
    from clv.spark import Spark

    chance = np.random.default_rng(customers)
    names = [f"{IDS[number % len(IDS)]}{number // len(IDS) or ''}" for number in range(customers)]
    scored = pd.DataFrame(
        {"customer_id": names, "predicted_clv": chance.choice([0.0, 0.0, 1.5, 7.25, -3.0], customers)}
    )
    known = {"model_version": "3", "horizon_days": 90}
    one = DuckDB(CONNECTION).rank(CONNECTION.from_df(scored), known).df()
    other = Spark(session).rank(
        session.createDataFrame(
            list(scored.itertuples(index=False, name=None)), "customer_id string, predicted_clv double"
        ),
        known,
    )
    pd.testing.assert_frame_equal(
        one, other.toArrow().to_pandas().sort_values("clv_rank", ignore_index=True), check_dtype=False
    )


def test_a_panel_is_the_same_customers_on_both_sides(sides):
    share = 0.2
    one, other = (
        set(engine.arrow(purchases.filter(data.drawn(share)))["customer_id"].to_pylist()) for engine, purchases in sides
    )
    assert one == other and 0.1 < len(one) / len(set(sides[0][0].arrow(sides[0][1])["customer_id"].to_pylist())) < 0.3
