"""What `check` says of an export, and the profile that it writes. The exports are small and of the layouts that shops have."""

import datetime as dt
import io
import json
import sys

import duckdb
import pandas as pd
import pytest
from helpers import composed

from clv import data, settings
from clv.proposal import propose
from clv.proposal.profile import name_of, profile

USUAL = {"customer_id": "customer_id", "order_date": "order_date", "revenue": "revenue"}
DAYS = [f"2024-{month:02}-{day:02}" for month in range(1, 13) for day in (3, 11, 19, 27)]


def orders(row, rows=240, header="customer_id,order_date,revenue"):
    """An export: the row of each order, from its number, its customer, its day and its amount."""
    lines = [row(i, i * 7 % 60 + 1, DAYS[i * len(DAYS) // rows], 5 + i * 37 % 90) for i in range(rows)]
    return "\n".join([*([header] if header else []), *lines]) + "\n"


def proposal(tmp_path, text, encoding="utf-8", name="sales.csv"):
    path = tmp_path / name
    path.write_bytes(text.encode(encoding))
    given = data.Contract(USUAL, "2030-01-01")
    proposed = propose(str(path), given, duckdb.connect())
    return proposed, proposed.contract(given), str(path)


def reading(tmp_path, text, **more):
    """The proposal, and what the history is when it is read so."""
    proposed, contract, path = proposal(tmp_path, text, **more)
    return proposed, data.read(path, contract, duckdb.connect())


def net(transactions):
    return float(transactions.quality.net_revenue)


TOTAL = sum(5 + i * 37 % 90 for i in range(240))


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("customer_id,order_date,revenue", lambda i, c, d, a: f"C{c},{d},{a}.50"),
        ("Kundennr.;Bestelldatum;Umsatz", lambda i, c, d, a: f"{c:05};{d[8:]}.{d[5:7]}.{d[:4]};1.{a:03},50"),
        ("client\tdate commande\tmontant ttc", lambda i, c, d, a: f"{c}\t{d[8:]}/{d[5:7]}/{d[:4]}\t{a},50 €"),
        (
            "Customer No,Invoice Date,Net Amount,VAT Amount",
            lambda i, c, d, a: f'{c},{d[5:7]}/{d[8:]}/{d[2:4]},"$1,{a:03}.50",9.99',
        ),
        ("user,ts,amount", lambda i, c, d, a: f"u{c},{1704067200000 + i * 86400000},{a}.50"),
    ],
)
def test_columns_and_formats_of_an_export_are_proposed_so_that_every_row_is_read(tmp_path, header, row):
    _, transactions = reading(tmp_path, orders(row, header=header))
    thousand = 240_000 if "1." in row(0, 0, "", 0) or "1," in row(0, 0, "", 0) else 0
    assert transactions.quality.rejected_rows == 0 and net(transactions) == TOTAL + 120 + thousand
    assert transactions.quality.customers == 60


def test_a_header_is_not_needed(tmp_path):
    _, transactions = reading(tmp_path, orders(lambda i, c, d, a: f"C{c},{d},{a}.50", header=""))
    assert transactions.quality.rows == 240 and net(transactions) == TOTAL + 120


def test_fields_of_fixed_width_are_found(tmp_path):
    text = orders(lambda i, c, d, a: f"  {c:05} {d.replace('-', '')} {i % 3:2} {a:7}.50", header="")
    proposed, transactions = reading(tmp_path, text)
    assert proposed.settings["widths"] == [7, 9, 3, 11] and proposed.settings["date_format"] == "%Y%m%d"
    assert net(transactions) == TOTAL + 120


def test_lines_above_the_header_are_passed_over(tmp_path):
    text = "Sales report;;\nBranch Cologne;;\n" + orders(
        lambda i, c, d, a: f"C{c};{d};{a}", header="kunde;datum;betrag"
    )
    proposed, transactions = reading(tmp_path, text)
    assert proposed.settings["skip_rows"] == 2 and net(transactions) == TOTAL


@pytest.mark.parametrize(
    ("encoding", "word", "expected"),
    [("cp1252", "Köln", "cp1252"), ("cp1251", "Санкт-Петербург, город Москва", "cp1251"), ("utf-16", "Köln", None)],
)
def test_the_encoding_is_found(tmp_path, encoding, word, expected):
    text = orders(
        lambda i, c, d, a: f"C{c};{d};{a};{word}",
        header="customer_id;order_date;revenue;город" if "С" in word else "customer_id;order_date;revenue;city",
    )
    proposed, transactions = reading(tmp_path, text, encoding=encoding)
    assert proposed.settings.get("encoding") == expected and net(transactions) == TOTAL


def test_quantity_and_unit_price_make_the_revenue_where_no_column_is_a_total(tmp_path):
    text = orders(lambda i, c, d, a: f"C{c},{d},2,{a}", header="customer_id,order_date,quantity,unit_price")
    _, transactions = reading(tmp_path, text)
    assert net(transactions) == 2 * TOTAL


def test_a_total_that_is_repeated_on_each_line_of_an_order_is_not_taken_for_revenue(tmp_path):
    text = orders(
        lambda i, c, d, a: f"{i // 3},C{i // 3 % 40},{d},{900 + i // 3},{a},2",
        header="order_id,customer_id,order_date,order_total,item_price,qty",
    )
    _, transactions = reading(tmp_path, text)
    assert net(transactions) == 2 * TOTAL
    text = orders(
        lambda i, c, d, a: f"{i // 3},C{i // 3 % 40},{d},{900 + i // 3}",
        header="order_id,customer_id,order_date,order_total",
    )
    proposed, _, _ = proposal(tmp_path, text)
    assert any("looks like the total of the order" in sentence for sentence in proposed.traps)


def test_rows_of_orders_that_came_to_nothing_are_left_out(tmp_path):
    words = ["completed", "processing", "cancelled", "pending"]
    text = orders(lambda i, c, d, a: f"C{c},{d},{a},{words[i % 4]}", header="customer_id,order_date,revenue,status")
    proposed, transactions = reading(tmp_path, text)
    assert proposed.settings["where"] == "status in ('completed', 'processing')"
    assert "cancelled (25.0%)" in proposed.evidence["where"] and transactions.quality.rows == 120


def test_a_status_with_values_that_nobody_knows_is_for_a_person(tmp_path):
    text = orders(lambda i, c, d, a: f"C{c},{d},{a},Z{i % 3}", header="customer_id,order_date,revenue,status")
    proposed, _ = reading(tmp_path, text)
    assert "where" not in proposed.settings and "Z0 (33.3%)" in proposed.choices[0]


def test_of_several_currencies_one_is_kept_and_the_person_is_told(tmp_path):
    text = orders(
        lambda i, c, d, a: f"C{c},{d},{a},{'usd' if i % 4 == 0 else 'EUR'}",
        header="customer_id,order_date,revenue,currency",
    )
    proposed, transactions = reading(tmp_path, text)
    assert proposed.settings["currency"] == "EUR" and transactions.quality.rows == 180
    assert "USD (25.0% of rows)" in proposed.choices[0]


@pytest.mark.parametrize("guest", ["Guest Checkout", "0", "n/a", "Gast"])
def test_ids_that_stand_for_nobody_are_proposed_as_guests(tmp_path, guest):
    proposed, transactions = reading(tmp_path, orders(lambda i, c, d, a: f"{guest if i % 4 == 0 else c},{d},{a}"))
    assert proposed.settings["guest_ids"] == [guest] and transactions.quality.rows == 180


@pytest.mark.parametrize("name", ["Guesthouse Müller", "guest_8271", "0", "walkinshaw"])
def test_a_customer_whose_name_begins_like_that_of_a_guest_is_kept(tmp_path, name):
    text = orders(lambda i, c, d, a: f"{name if i in (3, 90) else f'C{c}'},{d},{a}")  # below 1 % of the rows
    proposed, transactions = reading(tmp_path, text)
    assert "guest_ids" not in proposed.settings and transactions.quality.rows == 240


def test_all_ids_that_stand_for_nobody_are_proposed(tmp_path):
    names = [f"Guest {number}" for number in range(12)]
    text = orders(lambda i, c, d, a: f"{names[i // 2 % 12] if i % 2 else f'C{c}'},{d},{a}")
    proposed, _ = reading(tmp_path, text)
    assert sorted(proposed.settings["guest_ids"]) == sorted(names)


def test_what_the_reading_warns_of_is_named_in_the_profile(tmp_path):
    proposed, transactions = reading(tmp_path, orders(lambda i, c, d, a: f"{'TILL 4' if i % 4 == 0 else c},{d},{a}"))
    (doubt,) = data.warnings(transactions, data.Limits(0.01, 10000, 0.01, 0.002, 0.001))
    assert "customer 'TILL 4' alone has" in doubt and not proposed.traps
    assert f"# LOOK: {doubt}\n" in profile("shop", "sales.csv", proposed, [], [doubt])


def test_rows_without_a_customer_are_left_out(tmp_path):
    proposed, transactions = reading(tmp_path, orders(lambda i, c, d, a: f"{'' if i % 4 == 0 else c},{d},{a}"))
    assert proposed.settings["missing_id"] == "drop" and transactions.quality.left_out["missing_id"].rows == 60


def test_two_formats_of_days_are_read_in_the_order_of_the_file(tmp_path):
    def row(i, c, d, a):
        return f"C{c},{f'{d[5:7]}-{d[8:]}-{d[2:4]}' if i % 2 else f'{d[5:7]}/{d[8:]}/{d[:4]}'},{a}"

    proposed, transactions = reading(tmp_path, orders(row))
    assert set(proposed.settings["date_format"].split("|")) == {"%m/%d/%Y", "%m-%d-%y"}
    assert transactions.quality.rejected_rows == 0 and transactions.quality.first_day == "2024-01-03"


def test_a_day_that_may_be_written_in_two_ways_is_for_a_person(tmp_path):
    text = orders(lambda i, c, d, a: f"C{c},{1 + i % 12:02}/{1 + i % 11:02}/2024,{a}")
    proposed, _, _ = proposal(tmp_path, text)
    assert "may be written as" in proposed.choices[0]


def test_a_column_of_few_whole_numbers_is_not_silently_money(tmp_path):
    proposed, _, _ = proposal(
        tmp_path, orders(lambda i, c, d, a: f"C{c},{d},{1 + i % 5},{a}", header="customer_id,order_date,amount,asset")
    )
    assert "it may count pieces, and not money" in proposed.traps[0]


def test_a_known_system_gives_refunds_statuses_and_what_to_know_of_it(tmp_path):
    text = orders(
        lambda i, c, d, a: (
            f"{i},{d} 09:00:00,{'wc-completed' if i % 3 else 'wc-cancelled'},{a},{'1' if i == 1 else '0'},EUR,{c if i % 5 else 0},c{c}@x.org"
        ),
        header="order_number,order_date,status,order_total,refunded_total,order_currency,customer_id,billing_email",
    )
    proposed, transactions = reading(tmp_path, text)
    assert proposed.roles.system.name == "WooCommerce orders" and proposed.settings["guest_ids"] == ["0"]
    counted = [5 + i * 37 % 90 for i in range(240) if i % 3 and i % 5]
    assert net(transactions) == sum(counted) - 1


def test_what_the_configuration_says_is_not_proposed_otherwise(tmp_path):
    path = tmp_path / "sales.csv"
    path.write_text(
        orders(
            lambda i, c, d, a: f"C{c},{d},{a},{'cancelled' if i % 4 else 'done'}",
            header="customer_id,order_date,revenue,status",
        )
    )
    given = data.Contract(USUAL, "2030-01-01", where="revenue > 0")
    assert propose(str(path), given, duckdb.connect()).settings == {"where": "revenue > 0"}


def test_every_column_is_shown_with_its_type(tmp_path):
    empty = ",".join(f"col{number}" for number in range(24))
    text = orders(lambda i, c, d, a: "," * 24 + f"C{c},{d},{a}.25", header=f"{empty},customer_id,order_date,umsatz")
    proposed, _, _ = proposal(tmp_path, text)
    assert [column.type for column in proposed.columns] == ["empty"] * 24 + ["text", "day", "number"]
    assert proposed.roles.columns["revenue"] == "umsatz"


def test_json_lines_are_read_by_their_keys(tmp_path):
    text = orders(
        lambda i, c, d, a: json.dumps(
            {"customer": {"id": c}, "userId": f"u{c}", "createdAt": f"{d}T10:00:00Z", "total": a}
        ),
        header="",
    )
    _, transactions = reading(tmp_path, text)
    assert net(transactions) == TOTAL and transactions.quality.customers == 60


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("sales.csv", "the beginning of the file, and some of every piece behind it"),
        ("sales.parquet", ""),
        ("sales.xlsx", "the first 100"),
    ],
)
def test_a_look_says_which_rows_it_looked_at(tmp_path, monkeypatch, name, part):
    monkeypatch.setattr(sys.modules["clv.proposal.look"], "WHOLE_ROWS", 101)  # with the header
    monkeypatch.setattr("clv.data.decoding.BLOCK", 1000)
    table = pd.read_csv(io.StringIO(orders(lambda i, c, d, a: f"C{c},{d},{a}.50")))
    writers = {"csv": table.to_csv, "parquet": table.to_parquet, "xlsx": table.to_excel}
    writers[name.partition(".")[2]](tmp_path / name, index=False)
    look = propose(str(tmp_path / name), data.Contract(USUAL, "2030-01-01"), duckdb.connect()).look
    assert look.part == part and (look.rows == 240) == (not part)


AWKWARD = ["Käufer's €, ${x}: #1.csv", "a b\\c.csv", 'say "hi".csv', "sales.csv"]


@pytest.mark.parametrize("name", AWKWARD)
def test_a_profile_is_read_back_as_it_was_proposed(tmp_path, name):
    header = "Customer: No #,order date,'total' ${paid},currency"
    proposed, contract, path = proposal(
        tmp_path, orders(lambda i, c, d, a: f"C{c},{d},{a}.5,EUR", header=header), name=name
    )
    folder = tmp_path / "conf" / "experiment"
    folder.mkdir(parents=True)
    (folder / "shop.yaml").write_text(profile("shop", path, proposed, ["found: everything"], []))
    config = composed(f"hydra.searchpath=[file://{tmp_path}/conf]", "experiment=shop")
    assert (config.profile, config.data.path, config.outputs) == ("shop", path, "outputs/shop")
    assert config.tracking.model_name == "clv_shop"
    again = settings.contract(config, dt.datetime(2029, 12, 30, tzinfo=dt.UTC))
    assert again.names == contract.names and again.columns["currency"] == contract.columns["currency"] == "currency"


def test_a_profile_without_a_column_is_read_as_well(tmp_path):
    proposed, _, path = proposal(tmp_path, "colour;size;shape\n")
    folder = tmp_path / "conf" / "experiment"
    folder.mkdir(parents=True)
    (folder / "shop.yaml").write_text(profile("shop", path, proposed, [], []))
    assert proposed.missing == ["customer_id", "order_date", "revenue"]
    assert composed(f"hydra.searchpath=[file://{tmp_path}/conf]", "experiment=shop").data.path == path


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("exports/Sales Report 2026-11-26.csv.gz", "sales_report"),
        ("sales_20261126T101112.parquet", "sales"),
        ("/data/shop/", "shop"),
        ("sales-*.csv", "sales"),
        ("2024.csv", "history"),
        ("3com.csv", "history_3com"),
        ("Käufer.csv", "k_ufer"),
    ],
)
def test_a_history_is_named_after_its_file_without_the_day_of_the_export(path, name):
    assert name_of(path) == name
