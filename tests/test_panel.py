"""A panel: some customers of a history, seen from any cutoff."""

from dataclasses import asdict

import pandas as pd
import pytest
from helpers import CONNECTION, composed, day, history

from clv import data, features
from clv.compute import Compute
from clv.history import History
from clv.panel import Panel

DEFINITION = features.Definition.within(200, [30, 90], [90], 90, asdict(composed().features.lifecycle))
ROWS = [
    (f"c{number:03}", f"2024-{month:02}-{1 + number % 28:02}", 10.0) for number in range(400) for month in (1, 3, 6)
]


def ids(table):
    return set(table["customer_id"])


def test_a_thinned_panel_has_the_same_customers_at_every_cutoff():
    panel = Panel(history(*ROWS), CONNECTION)
    few, fewer = panel.thinned(0.5), panel.thinned(0.5).thinned(0.5)
    early, late = (few.snapshot(day(cutoff), DEFINITION) for cutoff in ("2024-02-01", "2024-07-01"))
    assert ids(early) == ids(late) and len(early) == pytest.approx(200, rel=0.15)
    assert ids(fewer.snapshot(day("2024-07-01"), DEFINITION)) < ids(late)
    assert panel.thinned(1.5) is panel


def test_the_features_of_a_customer_do_not_depend_on_who_else_is_in_the_panel():
    panel = Panel(history(*ROWS), CONNECTION)
    whole, some = (each.snapshot(day("2024-07-01"), DEFINITION) for each in (panel, panel.thinned(0.3)))
    expected = whole[whole["customer_id"].isin(some["customer_id"])].reset_index(drop=True)
    pd.testing.assert_frame_equal(some, expected)


@pytest.fixture
def cut(tmp_path):
    """A history of 400 customers in parts of about 100."""
    path = tmp_path / "purchases.csv"
    pd.DataFrame(ROWS, columns=["customer_id", "order_date", "revenue"]).to_csv(path, index=False)
    contract = data.Contract({name: name for name in ("customer_id", "order_date", "revenue")}, "2025-01-01")
    return History(str(path), contract, Compute(partition_customers=100))


def test_purchases_wait_in_a_private_folder_until_they_are_forgotten(cut, tmp_path):
    cut.keep_in(tmp_path / "kept")
    assert len(cut.parts) == 4 and len(list((tmp_path / "kept").glob("part-*.parquet"))) == 4
    assert (tmp_path / "kept").stat().st_mode & 0o777 == 0o700
    cut.forget()
    assert not (tmp_path / "kept").exists()


def test_every_customer_is_in_one_part_and_the_panel_is_the_first(cut):
    parts = [ids(part.snapshot(cut.as_of, DEFINITION)) for part in cut.parts]
    assert len(parts) == 4 and sum(map(len, parts)) == len(set.union(*parts)) == cut.customers(cut.as_of) == 400
    assert ids(cut.panel.snapshot(cut.as_of, DEFINITION)) == parts[0]
    everybody = pd.DataFrame({"customer_id": sorted(set.union(*parts))})
    assert ids(cut.panel.drawn(everybody)) == parts[0]


def test_what_customers_of_any_part_brought_is_known(cut):
    table = pd.DataFrame({"customer_id": ["c000", "c399", "nobody"]})
    brought = cut.only(table["customer_id"]).with_actual(table, day("2024-03-01"), 90)
    assert brought["actual_clv"].tolist() == [10.0, 10.0, 0.0]
    assert set(cut.known(table["customer_id"])) == {"c000", "c399"}


def test_totals_are_those_of_all_customers(cut):
    assert cut.net_revenue(day("2024-03-01"), day("2024-04-01")) == 4000.0
    assert cut.net_revenue(day("2024-03-01"), day("2024-04-01"), known_before=day("2024-01-15")) == 2000.0 + 10 * (
        sum(1 for number in range(400) if 1 + number % 28 < 15) - 200
    )
