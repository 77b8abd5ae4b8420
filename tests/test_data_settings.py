"""What a person can say of an export in conf/data: amounts made of columns, several files, formats, and rows that do not count."""

import zipfile

import duckdb
import pandas as pd
import pytest

from clv import data
from clv.errors import InputError

NAMES = {"customer_id": "customer_id", "order_date": "order_date", "revenue": "revenue"}


def read(path, columns=None, **settings):
    contract = data.Contract(NAMES | (columns or {}), "2012-01-01", **settings)
    return data.read(str(path), contract, duckdb.connect())


def written(folder, *lines, name="sales.csv"):
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_text("".join(f"{line}\n" for line in lines))
    return path


def sums(history):
    """Net revenue by customer."""
    query = "SELECT customer_id, SUM(revenue) FROM purchases GROUP BY 1 ORDER BY 1"
    return {customer: float(net) for customer, net in history.purchases.query("purchases", query).fetchall()}


def refused(path, **settings):
    with pytest.raises(InputError) as error:
        read(path, **settings)
    return str(error.value).replace(f"{path.parent}/", "")


LINES = {"quantity": "qty", "unit_price": "price"}


def test_revenue_is_the_product_of_quantity_and_unit_price(tmp_path):
    path = written(
        tmp_path,
        "customer_id,order_date,qty,price",
        "ann,2011-05-01,3,2.50",
        "ann,2011-05-01,-1,2.50",
        "bob,2011-05-01,1,4",
    )
    history = read(path, LINES)
    assert sums(history) == {"ann": 5.0, "bob": 4.0} and history.quality.return_rows == 1


def test_a_quantity_or_price_that_cannot_be_read_is_named(tmp_path):
    rows = ("ann,2011-05-01,,2.50", "ann,2011-05-01,1,free", "ann,2011-05-01,1e6,1e6", "ann,2011-05-01,1,1")
    rejected = read(written(tmp_path, "customer_id,order_date,qty,price", *rows), LINES).rejected
    assert rejected[["column", "value", "reason"]].to_numpy().tolist() == [
        ["quantity", "", "quantity is missing"],
        ["unit_price", "free", "unit_price is not a number like -1234.50"],
        ["quantity", "1e6", "quantity makes a revenue beyond data.max_abs_revenue=1e+09"],
    ]


def test_quantity_without_a_unit_price_is_refused(tmp_path):
    path = written(tmp_path, "customer_id,order_date,qty,price", "ann,2011-05-01,3,2.50")
    assert refused(path, columns={"quantity": "qty"}) == (
        "[MISSING_COLUMN] data.columns.quantity is named and data.columns.unit_price is not: revenue is the product of both, "
        "sales.csv -- fix: data.columns.unit_price=NAME, or data.columns.quantity=null"
    )


def test_a_refund_is_subtracted_whatever_its_sign_and_an_order_refunded_whole_is_no_order(tmp_path):
    rows = ("ann,2011-05-01,10,10", "bob,2011-05-01,10,-4", "eve,2011-05-01,10,", "kim,2011-05-01,10,x")
    history = read(written(tmp_path, "customer_id,order_date,revenue,back", *rows), {"refund": "back"})
    assert sums(history) == {"ann": 0.0, "bob": 6.0, "eve": 10.0} and history.quality.customers_with_an_order == 2
    assert history.rejected["reason"].tolist() == ["refund is not a number like -1234.50"]


HEADER = "customer_id,order_date,revenue"


@pytest.mark.parametrize("path", ["year", "year/*.csv", "year/a.csv;year/b.csv", "~/year"])
def test_several_files_are_one_history(tmp_path, path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    written(tmp_path, HEADER, "ann,2011-05-01,1", "bob,2011-05-01,2", name="year/a.csv")
    written(tmp_path, "revenue,customer_id,order_date", "4,ann,2011-05-02", "8,bob,soon", name="year/b.csv")
    written(tmp_path, "not a table", name="year/.hidden")
    history = read(path)
    assert sums(history) == {"ann": 5.0, "bob": 2.0}
    assert history.rejected["file"].str.endswith("year/b.csv").all() and history.rejected["line"].tolist() == [3]
    assert len(history.quality.sha256) == 64


def test_files_with_other_columns_are_refused(tmp_path):
    written(tmp_path, HEADER, "ann,2011-05-01,1", name="year/a.csv")
    written(tmp_path, HEADER + ",note", "ann,2011-05-01,1,x", name="year/b.csv")
    assert refused(tmp_path / "year").replace("year/", "") == (
        "[MIXED_HEADERS] the files have different columns: note not in all, b.csv -- fix: point data.path at files of one export, "
        "or read them one by one"
    )


def test_what_is_wrong_with_one_of_several_files_is_said_of_that_file(tmp_path):
    written(tmp_path, HEADER, "ann,2011-05-01T12:00Z,1", "bob,2011-05-01T12:00Z,1", name="year/a.csv")
    written(tmp_path, HEADER, "ann,2011-05-01T12:00+02:00,1", "bob,2011-05-01T12:00Z,1", name="year/b.csv")
    assert ", year/b.csv:2, order_date -- fix" in refused(tmp_path / "year")
    history = read(tmp_path / "year", timezone="UTC", decimal=",")
    limits = data.Limits(0, 10, 1, 1, 1)
    assert data.refusal(history, limits, "year") is None
    written(tmp_path, HEADER, "ann,soon,1", name="year/c.csv")
    message = str(data.refusal(read(tmp_path / "year", timezone="UTC"), limits, "year"))
    assert "year/c.csv:2, order_date -- fix" in message


def test_a_json_line_that_is_not_an_object_is_refused_by_its_line(tmp_path):
    path = written(tmp_path, '{"customer_id": "a", "order_date": "2011-05-01", "revenue": 1}', "", '{"customer_id": ')
    assert refused(path) == (
        "[RAGGED_ROW] the line is not a JSON object: '{\"customer_id\": ', sales.csv:3 -- fix: write one object a line, or export it as CSV"
    )


def test_a_row_beyond_the_widths_is_refused_by_its_line(tmp_path):
    path = written(tmp_path, "a  2011-05-01 1", "b  2011-05-01 12")
    columns = {"customer_id": "1", "order_date": "2", "revenue": "3"}
    assert refused(path, columns=columns, widths=(3, 10, 2)) == (
        "[RAGGED_ROW] the row has 16 characters, and data.widths has 15, sales.csv:2 -- fix: data.widths with the width of every field"
    )


def test_a_header_below_a_title_is_found_for_the_fix(tmp_path):
    path = written(tmp_path, "Sales of 2011", "", HEADER, "ann,2011-05-01,1")
    assert refused(path).endswith(", sales.csv:1 -- fix: data.skip_rows=2: the header stands below")
    assert sums(read(path, skip_rows=2)) == {"ann": 1.0}


def test_a_zip_archive_of_several_files_is_refused_with_their_names(tmp_path):
    with zipfile.ZipFile(tmp_path / "sales.zip", "w") as archive:
        archive.writestr("a.csv", HEADER)
        archive.writestr("b.csv", HEADER)
    assert refused(tmp_path / "sales.zip") == (
        "[NOT_A_TABLE] the zip archive holds 2 files: a.csv, b.csv, sales.zip -- fix: unpack it into a folder, and point data.path at the folder"
    )


def test_an_encoding_without_a_meaning_is_refused(tmp_path):
    assert refused(written(tmp_path, HEADER), encoding="klingon") == (
        "[WRONG_ENCODING] data.encoding=klingon is not the name of an encoding, sales.csv -- fix: data.encoding=cp1252, for example"
    )


def test_currency_signs_and_float_ids_that_were_read_are_counted(tmp_path):
    history = read(
        written(tmp_path, HEADER, '17850.0,2011-05-01,"$1.50"', "17851.0,2011-05-01,2.50 $", "17850.0,2011-05-02,€1")
    )
    assert sums(history) == {"17850": 1.5, "17851": 2.5}
    assert history.quality.normalisations == {"ids_floats": 3, "revenue_without_currency_sign": 2}
    assert history.rejected["value"].tolist() == ["€1"]


ORDERS = (
    "customer_id,order_date,revenue,Order Status,total",
    "ann,2011-05-01,10,completed,1",
    "bob,2011-05-02,20,cancelled,2",
    "bob,soon,5,cancelled,",
    "eve,2011-05-03,30,completed,-3",
    "eve,2011-05-03,40,,4.5",
)


@pytest.mark.parametrize(
    "where, kept",
    [
        ("\"Order Status\" = 'completed'", {"ann": 10, "eve": 30}),
        ("order_status == 'completed'", {"ann": 10, "eve": 30}),
        ("`order status` <> 'completed' and total > 0", {"bob": 20, "eve": 40}),
        ("order_status in ('completed', 'cancelled') AND NOT (total < 0)", {"ann": 10, "bob": 20}),
        ("order_status is null or total >= 2 and total <= 2", {"bob": 20, "eve": 40}),
        ("order_status not in ('cancelled') and order_status is not null", {"ann": 10, "eve": 30}),
        ("total in (1, 4.5)", {"ann": 10, "eve": 40}),
        ("total != 1 and customer_id >= 'c'", {"eve": 70}),
    ],
)
def test_rows_count_that_meet_a_condition(tmp_path, where, kept):
    assert sums(read(written(tmp_path, *ORDERS), where=where)) == kept


@pytest.mark.parametrize(
    "where",
    ["status", "status = ", "status = 'a' or", "status = paid", "(total > 1", "total > 1)", "total in ()", "1 = 1", "status is paid",
     "total > 1; drop table raw", "total > (select 1)", "lower(status) = 'a'", "status = 'a' -- b", "status = 'a"],
)  # fmt: skip
def test_what_is_not_such_a_condition_is_refused(tmp_path, where):
    message = refused(written(tmp_path, *ORDERS), where=where)
    assert (
        message.startswith("[CONDITION] data.where=")
        and " is not a condition: " in message
        and " belongs -- fix: data.where=" in message
    )


def test_a_condition_can_do_nothing_but_compare(tmp_path):
    text = "\"Order Status\" = 'it''s; drop table raw' or total = 1"
    assert sums(read(written(tmp_path, *ORDERS), where=text)) == {"ann": 10}


def test_a_condition_holds_for_parquet_as_for_text(tmp_path):
    table = pd.DataFrame(
        {
            **{name: ["a", "b"] for name in ("customer_id", "status")},
            "order_date": ["2011-05-01"] * 2,
            "revenue": [1.5, 2.5],
        }
    )
    table.to_parquet(tmp_path / "sales.parquet")
    assert sums(read(tmp_path / "sales.parquet", where="status = 'a' or revenue > 9")) == {"a": 1.5}


def test_rows_that_do_not_count_are_counted_apart_with_their_share_of_revenue(tmp_path):
    history = read(written(tmp_path, *ORDERS), where="order_status <> 'cancelled'")
    assert history.quality.left_out == {"where": data.LeftOut(2, 0.2381)}
    assert history.quality.rows == 3 and history.quality.rejected_rows == 0
    assert data.left_out(history.quality) == [
        "2 rows with 23.8% of absolute revenue do not meet data.where and are left out"
    ]


def test_a_condition_that_no_row_meets_or_on_no_column_is_refused(tmp_path):
    path = written(tmp_path, *ORDERS)
    assert refused(path, where="order_status = 'paid'").replace(str(tmp_path), "") == (
        "[CONDITION] no row is left to count: data.where leaves out 5, sales.csv -- fix: another value of the key; names and values stand "
        "in the file as they must stand there"
    )
    assert refused(path, where="state = 'paid'") == (
        "[MISSING_COLUMN] there is no column 'state'; the columns are: customer_id, order_date, revenue, Order Status, total, sales.csv:1 "
        "-- fix: data.where with a name of these, in double quotes where it holds blanks"
    )


MONEY = (
    "customer_id,order_date,revenue,currency",
    "ann,2011-05-01,10,EUR",
    "ann,2011-05-02,20,eur ",
    "bob,2011-05-03,30,MXN",
    "eve,2011-05-03,1,",
)


def test_amounts_in_several_currencies_are_refused_until_one_is_chosen(tmp_path):
    path = written(tmp_path, *MONEY)
    assert refused(path) == (
        "[CURRENCIES] the rows are in 2 currencies, and their amounts cannot be added: 2 rows in EUR, 1 rows in MXN, sales.csv:4, currency "
        '-- fix: data.currency=EUR leaves out the others; with "data.rates={MXN: RATE}" as well, a row in MXN counts RATE times its amount'
    )
    history = read(path, currency="eur")
    assert sums(history) == {"ann": 30.0, "eve": 1.0} and history.quality.left_out["currency"].rows == 1
    assert refused(path, currency="USD") == (
        "[CURRENCIES] no row is in data.currency=USD; there are: 2 rows in EUR, 1 rows in MXN, sales.csv -- fix: data.currency=NAME of these"
    )
    assert sums(read(path, where="currency = 'MXN'")) == {"bob": 30.0}


def test_rates_convert_the_other_currencies_and_each_needs_one(tmp_path):
    path = written(tmp_path, *MONEY)
    history = read(path, currency="eur", rates={"mxn": 0.05})
    assert sums(history) == {"ann": 30.0, "bob": 1.5, "eve": 1.0} and history.quality.left_out == {}
    assert sums(read(path, currency="eur", rates={"mxn": 0.05}, margin=0.5))["bob"] == 0.75
    assert refused(path, currency="USD", rates={"EUR": 1.08}) == (
        "[CURRENCIES] data.rates has no rate to USD for 1 rows in 'MXN', sales.csv:4, currency -- fix: a rate for each in data.rates, "
        "or data.where=\"currency <> 'MXN'\" leaves such rows out"
    )
    assert refused(path, rates={"EUR": 1.08}).startswith(
        "[CURRENCIES] data.rates says what currencies are worth, and not in"
    )


def test_a_margin_or_the_cost_of_each_row_makes_profit_of_revenue(tmp_path):
    path = written(
        tmp_path,
        "customer_id,order_date,revenue,c",
        "ann,2011-05-01,10,6",
        "ann,2011-05-02,-10,6",
        "bob,2011-05-01,10,12",
    )
    assert sums(read(path, margin=0.4)) == {"ann": 0.0, "bob": 4.0}
    large = written(tmp_path, HEADER, "ann,2011-05-01,87654321.25", name="large.csv")
    assert sums(read(large, margin=0.4)) == {"ann": 35061728.5}
    assert sums(read(path, columns={"cost": "c"})) == {"ann": 0.0, "bob": -2.0}
    assert refused(path, columns={"cost": "c"}, margin=0.4).startswith(
        "[DOUBLED_COLUMN] data.margin and data.columns.cost both"
    )


@pytest.mark.parametrize(
    "more, words",
    [
        ({}, "net revenue"),
        ({"margin": 0.4}, "profit, 0.4 of net revenue"),
        ({"columns": {"cost": "c"}}, "profit, net revenue less c"),
        ({"currency": "usd", "rates": {"eur": 1.08}}, "net revenue in USD (EUR x 1.08)"),
    ],
)
def test_what_amounts_are_is_said_in_words(more, words):
    assert data.Contract(**({"columns": {}, "latest": "2012-01-01"} | more)).money == words


def test_the_column_of_currencies_can_be_named_and_one_currency_is_no_matter(tmp_path):
    lines = [line.replace("currency", "money") for line in MONEY]
    assert sums(read(written(tmp_path, *lines)))["bob"] == 30.0
    assert refused(tmp_path / "sales.csv", columns={"currency": "money"}).startswith("[CURRENCIES] ")
    assert refused(tmp_path / "sales.csv", currency="EUR") == (
        "[MISSING_COLUMN] data.currency=EUR is given, and 0 columns are called currency, sales.csv:1 -- fix: data.columns.currency=NAME; none says "
        "that all amounts are in EUR"
    )
    assert sums(read(tmp_path / "sales.csv", currency="EUR", columns={"currency": "none"}))["bob"] == 30.0
    assert sums(read(written(tmp_path, *MONEY[:3]))) == {"ann": 30.0}


GUESTS = (HEADER, "Guest,2011-05-01,30", "guest ,2011-05-02,x", ",2011-05-01,20", "ann,2011-05-01,50")


def test_guests_and_rows_without_an_id_are_left_out_and_hit_no_limit(tmp_path):
    history = read(written(tmp_path, *GUESTS), missing_id="drop", guest_ids=("GUEST",))
    assert sums(history) == {"ann": 50.0} and history.quality.customers == 1 and history.quality.rejected_rows == 0
    assert data.refusal(history, data.Limits(0, 0, 0, 0, 0), "sales.csv") is None
    assert data.left_out(history.quality) == [
        "2 rows with 30.0% of absolute revenue have an id of data.guest_ids and are left out",
        "1 rows with 20.0% of absolute revenue have no customer id (data.missing_id=drop) and are left out",
    ]
    assert read(tmp_path / "sales.csv").quality.rejected_rows == 2


def test_guests_beside_ids_from_floats_are_left_out(tmp_path):
    path = written(tmp_path, HEADER, "0.0,2011-05-01,1", "17850.0,2011-05-01,2", "guest,2011-05-01,4")
    assert sums(read(path, guest_ids=("0", "guest"))) == {"17850": 2.0}


def test_a_customer_with_a_large_share_is_warned_of_with_the_setting_that_leaves_it_out(tmp_path):
    rows = [f"c{n},2011-05-01,1" for n in range(200)]
    limits = data.Limits(0.01, 10000, 0.01, 0.002, 0.001, max_customer_share=0.05)
    history = read(written(tmp_path, HEADER, *rows, *["guest's,2011-05-02,2"] * 20))
    leaves_out = "if it stands for nobody (guests, a till, a total), \"data.guest_ids=['guest\\'s']\" leaves it out; if it is a customer, raise data.max_customer_share"
    assert data.warnings(history, limits) == [
        f'customer "guest\'s" alone has 17% of all revenue and 9% of all orders: {leaves_out}'
    ]
    assert data.warnings(read(written(tmp_path, HEADER, *rows[:30], *rows[:2])), limits) == []


def test_duplicates_are_counted_on_accepted_rows(tmp_path):
    history = read(written(tmp_path, HEADER, "ann,2011-05-01,1", "ann,2011-05-01,1", *[",2011-05-01,"] * 9))
    assert history.quality.duplicate_rows == 1


def refusal(path, **settings):
    """The refusal for the rows that cannot be read."""
    message = str(data.refusal(read(path, **settings), data.Limits(0.01, 10000, 0.01, 0.002, 0.001), "sales.csv"))
    return message.replace(f"{path.parent}/", "")


def test_all_columns_that_are_wrong_are_named_in_one_answer(tmp_path):
    path = written(tmp_path, HEADER, "12.0,01.05.2011,1.234", "x,02.05.2011,2.345")
    assert refused(path) == (
        "[FLOAT_IDS] 1 rows have ids that a tool turned into floats, for example '12.0', sales.csv:2, customer_id -- fix: export customer_id "
        "as text; the lost digits cannot be guessed; also [AMBIGUOUS_REVENUE] 2 rows have revenue like '1.234', which is both a thousand and "
        "a number with decimals, sales.csv:2, revenue -- fix: data.decimal=. where the point is a decimal point, data.thousands=. where it "
        "separates thousands; also [DATE_FORMAT] 2 x order_date is not a day written YYYY-MM-DD, for example '01.05.2011', sales.csv:2, "
        "order_date -- fix: data.date_format=%d.%m.%Y"
    )


def test_the_fixes_of_all_columns_stand_in_one_answer(tmp_path):
    path = written(tmp_path, HEADER, 'ann,31.05.2011,"1,50"', 'bob,13.05.2011,"2,50"')
    assert refusal(path).endswith(""" -- fix: data.date_format=%d.%m.%Y; and "data.decimal=','\"""")
    assert refusal(path, date_format="%d.%m.%Y", decimal=",") == "None"


def test_all_missing_columns_are_named_at_once(tmp_path):
    assert refused(written(tmp_path, "customer_id,day,amount", "a,2011-05-01,1")).endswith(
        "there are no columns 'order_date' and 'revenue'; the columns are: customer_id, day, amount, sales.csv:1 "
        "-- fix: data.columns.order_date=NAME data.columns.revenue=NAME name the right ones"
    )


def test_ids_that_come_once_each_are_numbers_of_orders(tmp_path):
    rows = [f"order-{number},2011-05-01,{number}" for number in range(500)]
    assert refusal(written(tmp_path, HEADER, *rows)) == (
        "[UNIQUE_IDS] each of 500 customer ids comes once in the whole file: these are numbers of orders, not of customers, "
        "sales.csv, customer_id -- fix: data.columns.customer_id=NAME names the column of customers; data.allow_unique_ids=true, "
        "if every customer did buy once"
    )
    limits = data.Limits(0.01, 10_000, 0.01, 0.002, 0.001, allow_unique_ids=True)
    assert data.refusal(read(tmp_path / "sales.csv"), limits, "sales.csv") is None
    assert refusal(written(tmp_path, HEADER, *rows, rows[0])) == "None"


def test_orders_that_are_yet_to_come_can_be_left_out(tmp_path):
    path = written(tmp_path, HEADER, "ann,2011-05-01,1", "ann,2027-01-15,1", "ann,2026-12-31T10:00,1")
    assert (
        "(orders that are yet to come), sales.csv:3, order_date -- fix: data.latest_date=2026-12-30 leaves them out, and says their share; repair"
        in refusal(path)
    )
    history = read(path, latest_date="2026-12-30")
    assert sums(history) == {"ann": 1.0} and history.quality.left_out_share == 2 / 3
    assert data.left_out(history.quality) == [
        "2 rows with 66.7% of absolute revenue lie after data.latest_date and are left out"
    ]


def test_dates_that_are_months_are_said(tmp_path):
    rows = [f"ann,2011-0{month}-01,1" for month in (1, 2, 4)]
    limits = data.Limits(0.01, 10_000, 0.01, 0.002, 0.001)
    assert data.warnings(read(written(tmp_path, HEADER, *rows)), limits) == [
        "every row is dated on day 1 of a month: the dates are months, and what depends on days is coarse; a horizon of whole "
        "months fits (window.horizon_days=91, 182 or 365), and window.as_of on such a day"
    ]
    assert data.warnings(read(written(tmp_path, HEADER, *rows, "ann,2011-04-02,1")), limits) == []


def test_rows_without_an_id_are_refused_with_the_setting_that_leaves_them_out(tmp_path):
    path = written(tmp_path, HEADER, "ann,2011-05-01,1", ",2011-05-01,1")
    assert (
        " -- fix: data.missing_id=drop leaves such rows out, and says their share of revenue; repair the export"
        in refusal(path)
    )


def test_two_formats_in_one_column_are_named_as_two(tmp_path):
    days = [f"{month:02d}-{day:02d}-11" for day in (1, 13, 28) for month in (1, 9)] + [
        f"2011/{month:02d}/{day:02d}" for day in (2, 20) for month in (3, 8)
    ]
    path = written(tmp_path, HEADER, *(f"ann,{day},1" for day in days))
    assert refusal(path).endswith(""" -- fix: "data.date_format='%m-%d-%y|%Y/%m/%d'": two formats in one column""")
    assert sums(read(path, date_format="%m-%d-%y|%Y/%m/%d")) == {"ann": 10.0}


def test_a_price_that_is_read_as_revenue_beside_a_quantity_is_warned_of(tmp_path):
    path = written(tmp_path, "customer_id,order_date,Qty,Unit Price", "ann,2011-05-01,3,2.50")
    sentence = (
        "the file has a column 'Qty' beside 'Unit Price', which is read as revenue: \"data.columns.quantity='Qty'\" "
        "\"data.columns.unit_price='Unit Price'\" make revenue their product"
    )
    assert data.warnings(read(path, {"revenue": "unit_price"}), data.Limits(1, 1, 1, 1, 1)) == [sentence]
    assert data.warnings(read(path, {"quantity": "qty", "unit_price": "unit_price"}), data.Limits(1, 1, 1, 1, 1)) == []


def test_two_formats_of_several_meanings_are_ordered_by_what_ascends_with_the_file(tmp_path):
    days = [("01/13/11", "02-01-11")[day % 2] for day in range(2)] + [
        "03-01-11",
        "03/14/11",
        "04-02-11",
        "04/20/11",
        "05-03-11",
    ]
    message = refusal(written(tmp_path, HEADER, *(f"ann,{day},1" for day in days)))
    assert """ -- fix: "data.date_format='%m-%d-%y|%m/%d/%y'" or "data.date_format=""" in message
    assert message.endswith(
        ", whichever is meant: two formats in one column; the first is the one under which days ascend most with the file"
    )


@pytest.mark.parametrize(
    "member, sentence",
    [
        (b"PAR1", "[NOT_A_TABLE] the file is inside its zip archive another archive or a Parquet file, sales.zip -- fix: export it as CSV"),
        (b"%PDF-1.7", "[NOT_A_TABLE] the file is inside its zip archive a PDF document, sales.zip -- fix: export it as CSV"),
    ],
)  # fmt: skip
def test_a_zip_archive_of_another_kind_of_file_is_refused(tmp_path, member, sentence):
    with zipfile.ZipFile(tmp_path / "sales.zip", "w") as archive:
        archive.writestr("sales.csv", member)
    assert refused(tmp_path / "sales.zip").startswith(sentence)


def test_a_workbook_and_a_cut_archive_are_refused_for_what_they_are(tmp_path):
    with zipfile.ZipFile(tmp_path / "sales.xlsx", "w") as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
    assert refused(tmp_path / "sales.xlsx").startswith(
        "[UNREADABLE_FILE] the workbook cannot be read: Cannot detect file format, sales.xlsx -- fix: save it again "
    )
    content = (tmp_path / "sales.xlsx").read_bytes()
    (tmp_path / "cut.zip").write_bytes(content[:-20])
    assert refused(tmp_path / "cut.zip").startswith(
        "[DAMAGED_ZIP] the zip archive cannot be read: File is not a zip file, cut.zip"
    )


def test_files_whose_columns_have_other_types_are_refused(tmp_path):
    table = pd.DataFrame({"customer_id": ["a"], "order_date": ["2011-05-01"], "revenue": ["1"]})
    (tmp_path / "year").mkdir()
    table.to_parquet(tmp_path / "year/a.parquet")
    table.assign(revenue=1.0).to_parquet(tmp_path / "year/b.parquet")
    assert refused(tmp_path / "year").replace("year/", "") == (
        "[MIXED_HEADERS] the columns of the files are of different types, b.parquet -- fix: point data.path at files of one export, "
        "or read them one by one"
    )


def test_days_as_numbers_are_refused_with_the_format_that_reads_them(tmp_path):
    for number, fix in (
        ("40664", "data.date_format=excel, if these numbers count days"),
        ("1304208000000", "data.date_format=unix_ms, if these numbers count milliseconds"),
        ("1304208000000000", "export order_date as YYYY-MM-DD: these numbers count parts of a second"),
    ):
        assert refusal(written(tmp_path, HEADER, f"ann,{number},1")).endswith(f" -- fix: {fix}")


def test_ids_that_differ_only_by_case_are_warned_of_with_what_to_do(tmp_path):
    history = read(written(tmp_path, HEADER, "Ann,2011-05-01,1", "ann,2011-05-01,2", "NULL,2011-05-01,2"))
    assert data.warnings(history, data.Limits(1, 1, 1, 1, 1)) == [
        "2 customer ids differ only by case, inner blanks or a leading apostrophe, for example Ann and ann: each counts as a customer; write them alike in the export if they are one",
        "1 customer ids are words for nothing, for example NULL: \"data.guest_ids=['NULL']\" leaves such rows out",
    ]


def test_a_minus_behind_the_amount_is_named_with_its_setting(tmp_path):
    message = refusal(written(tmp_path, HEADER, "ann,2011-05-01,5.00-"))
    assert "'5.00-' (a negative number with its minus behind)" in message and message.endswith(
        "data.negative_style=trailing_minus"
    )
