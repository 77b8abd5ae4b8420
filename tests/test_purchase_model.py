"""The tables behind the pictures of the purchase model: what customers did, beside what the model expects."""

import numpy as np
import pandas as pd
import pytest
from helpers import SHARED, day, history

from clv.evaluation import purchase_model
from clv.model import btyd
from clv.season import NONE, Season

CUTOFF = day("2025-03-03")
PURCHASES = btyd.MODELS["pareto_nbd"](0.8, 20.0, 1.5, 150.0)
CUSTOMERS = btyd.Customers(PURCHASES, btyd.GammaGamma(6.25, 3.74, 15.44), btyd.KeptShare(1.0, 0.0))


def features(**columns):
    return pd.DataFrame(columns, dtype="float32")


def test_repeat_orders_are_counted_by_the_week_of_customers_who_are_known_at_the_cutoff():
    rows = history(
        ("ann", "2025-02-17", 5.0),  # a first order is no repeat order
        ("ann", "2025-02-25", 7.0),
        ("bob", "2025-03-02", 1.0),
        ("bob", "2025-03-03", 2.0),  # the day of the cutoff is after it
        ("ann", "2025-03-09", 4.0),
        ("ann", "2025-03-12", -4.0),  # a refund is no order
        ("eve", "2025-03-04", 9.0),  # nobody knew of her
        ("eve", "2025-03-05", 9.0),
        ("ann", "2025-03-17", 8.0),  # in a week that is not over
    )
    table = purchase_model.orders_by_week(rows, CUTOFF, day("2025-03-20"))
    assert table.to_dict("list") == {
        "week": [day("2025-02-17"), day("2025-02-24"), day("2025-03-03"), day("2025-03-10")],
        "orders": [0.0, 1.0, 2.0, 0.0],
        "revenue": [0.0, 7.0, 6.0, 0.0],
    }


def test_what_is_expected_is_that_of_new_customers_from_their_first_orders_on():
    weekly = pd.DataFrame({"week": [day("2025-02-17"), day("2025-02-24"), CUTOFF], "orders": 0.0, "revenue": 0.0})
    table = features(tenure_days=[14, 7, 3], placed_orders=[1, 3, 1], average_order_value=[10, 20, 30])
    found = purchase_model.tracking(CUSTOMERS, table, weekly, CUTOFF, NONE)
    until = {days: btyd.expected_orders_until(PURCHASES, np.array([float(days)]))[0] for days in (3, 7, 10, 14, 21)}
    assert found["expected_orders"].tolist() == pytest.approx(
        [
            until[7],
            until[14] - until[7] + until[7] + until[3],
            until[21] - until[14] + until[14] - until[7] + until[10] - until[3],
        ],
        abs=1e-6,
    )
    worth = np.average(CUSTOMERS.spend.expected(np.array([1, 3, 1]), np.array([10, 20, 30])), weights=[1, 3, 1])
    assert (found["expected_revenue"] / found["expected_orders"]).tolist() == pytest.approx([worth] * 3, rel=1e-5)
    assert found["is_holdout"].tolist() == [False, False, True]


def test_in_a_busy_week_more_orders_are_expected():
    busy = tuple(3.0 if number < 60 else 0.6 for number in range(365))  # January and February
    season = Season(tuple(rate / np.mean(busy) for rate in busy), why_not="")
    weekly = pd.DataFrame({"week": [day("2025-02-17"), day("2025-04-14")], "orders": 0.0, "revenue": 0.0})
    tenure = season.day(CUTOFF) - season.day(day("2024-12-01"))
    table = features(tenure_days=[tenure], placed_orders=[2], average_order_value=[10])
    winter, spring = (
        purchase_model.tracking(CUSTOMERS, table, weekly[weekly["week"] == week], CUTOFF, season)[
            "expected_orders"
        ].iloc[0]
        for week in weekly["week"]
    )
    assert winter > 4 * spring


def test_customers_are_counted_by_repeat_orders_beside_what_their_tenures_let_expect():
    table = features(tenure_days=[100, 100, 30], placed_orders=[1, 4, 12])
    found = purchase_model.by_repeat_orders(CUSTOMERS, table, most=3)
    assert found["repeat_orders"].tolist() == ["0", "1", "2", "3+"] and found["customers"].tolist() == [1, 0, 0, 2]
    assert found["expected"].sum() == pytest.approx(3)
    none = PURCHASES.p_count(0, np.array([100.0, 100.0, 30.0])).sum()
    assert found["expected"].iloc[0] == pytest.approx(none, abs=1e-6)


def test_orders_after_the_cutoff_are_those_of_customers_with_as_many_before_it():
    table = features(
        tenure_days=[100, 100, 30, 60],
        placed_recency_days=[100, 100, 5, 9],
        placed_orders=[1, 1, 12, 9],
        placed_order_value=[10] * 4,
        average_order_value=[10] * 4,
        recency_days=[100, 100, 5, 9],
        frequency=[0, 0, 11, 8],
        kept_revenue=[10, 10, 120, 90],
        season_of_orders=[1.5] * 4,
        season_of_value=[1] * 4,
    )
    ordered = pd.DataFrame({"orders": [0.0, 1.0, 6.0, 2.0]})
    found = purchase_model.by_orders_before(CUSTOMERS, table, ordered, 90, most=5)
    expected = btyd.expected(CUSTOMERS, table, 90)["btyd_orders"]
    assert found.drop(columns="expected").to_dict("list") == {
        "repeat_orders": ["0", "5+"],
        "customers": [2, 2],
        "orders": [0.5, 4.0],
        "error": [0.5, 2.0],
    }
    assert found["expected"].tolist() == pytest.approx([expected[:2].mean(), expected[2:].mean()], abs=1e-5)


def test_the_table_by_orders_and_recency_is_the_model_itself():
    table = features(tenure_days=np.full(50, 200), placed_orders=np.arange(50) % 9 + 1)
    found = purchase_model.by_orders_and_recency(CUSTOMERS, table, 90)
    assert found["orders"].min() == 2 and found["orders"].max() == 9 and found["days_since_last_order"].max() == 199
    row = found.iloc[-1]
    given = np.array([row["orders"] - 1]), np.array([200 - row["days_since_last_order"]]), np.array([200.0])
    assert row["alive"] == pytest.approx(PURCHASES.p_alive(*given)[0], abs=1e-6)
    assert row["expected_orders"] == pytest.approx(PURCHASES.expected_purchases(90, *given)[0], abs=1e-6)
    short = purchase_model.by_orders_and_recency(CUSTOMERS, features(tenure_days=[1], placed_orders=[1]), 90)
    assert len(short) and not short.duplicated(["orders", "days_since_last_order"]).any()


def test_customers_who_spend_as_the_model_says_are_as_many_in_each_range_as_it_expects():
    chance, orders = np.random.default_rng(3), np.repeat([1, 5], 4000)
    scale = chance.gamma(3.74, 1 / 15.44, len(orders))
    mean = chance.gamma(6.25 * orders) / scale / orders
    found = purchase_model.by_spend(CUSTOMERS, features(placed_orders=orders, average_order_value=mean))
    assert found["customers"].sum() == pytest.approx(8000, abs=20)
    assert found["expected"].sum() == pytest.approx(8000, rel=0.01)
    large = found["expected"] > 100
    assert (abs(found["customers"] - found["expected"])[large] < 4 * np.sqrt(found["expected"])[large]).all()


def test_a_silent_customer_fades_and_an_order_brings_back():
    orders = pd.DataFrame({"order_date": pd.to_datetime(["2025-01-01", "2025-01-11", "2025-05-01"])})
    found = purchase_model.timeline(PURCHASES, orders, NONE, day("2025-05-03"), days_ahead=30).set_index("day")
    assert found.index[0] == day("2025-01-02") and found.index[-1] == day("2025-06-02")
    alive = found["alive"]
    assert alive[day("2025-05-01")] < alive[day("2025-03-01")] < alive[day("2025-01-13")] < 1
    assert alive[day("2025-05-02")] > 0.95 and alive.iloc[-1] < alive[day("2025-05-03")]
    assert found["is_known"].sum() == (day("2025-05-03") - day("2025-01-01")).days
    of_today = PURCHASES.p_alive(np.array([1.0]), np.array([10.0]), np.array([59.0]))[0]
    assert alive[day("2025-03-01")] == pytest.approx(of_today, abs=1e-6)


@pytest.mark.skipif(not SHARED.exists(), reason=f"the real purchase histories are not in {SHARED}")
@pytest.mark.parametrize(
    "kind, parameters",
    [("bg_nbd", (0.243, 4.414 * 7, 0.793, 2.426)), ("pareto_nbd", (0.553, 10.578 * 7, 0.606, 11.669 * 7))],
)
def test_the_published_models_of_cdnow_track_its_repeat_orders_over_78_weeks(kind, parameters):
    """The parameters of Fader, Hardie and Lee (2005), table 2, in days: fitted on 39 weeks, watched for 78."""
    rows = pd.read_csv(SHARED / "cdnow_sample.csv.gz", dtype={"customer_id": str})
    rows, cutoff = rows[["customer_id", "order_date", "revenue"]], day("1997-10-01")
    weekly = purchase_model.orders_by_week(history(*rows.itertuples(index=False, name=None)), cutoff, day("1998-07-01"))
    seen = rows[rows["order_date"] < str(cutoff)].drop_duplicates(["customer_id", "order_date"])
    seen = seen.groupby("customer_id")["order_date"].agg(["min", "size"])
    tenure = (pd.Timestamp(cutoff) - pd.to_datetime(seen["min"])).dt.days
    table = features(tenure_days=tenure, placed_orders=seen["size"], average_order_value=np.full(len(seen), 35.0))
    model = btyd.Customers(btyd.MODELS[kind](*parameters), CUSTOMERS.spend, CUSTOMERS.kept)
    found = purchase_model.tracking(model, table, weekly, cutoff, NONE)
    before = found[~found["is_holdout"]]
    assert before["orders"].sum() == 2457 and before["expected_orders"].sum() == pytest.approx(2457, rel=0.04)
    assert found["expected_orders"].sum() == pytest.approx(found["orders"].sum(), rel=0.05)
    repeats = purchase_model.by_repeat_orders(model, table)
    assert repeats["customers"].tolist() == [1411, 439, 214, 100, 62, 38, 29, 64]
    assert abs(repeats["expected"] - repeats["customers"]).max() < 50
