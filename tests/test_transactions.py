import gzip

import duckdb
import pandas as pd
import pytest

from clv import transactions
from clv.errors import InputError

COLUMNS = {"customer_id": "customer_id", "order_date": "order_date", "revenue": "revenue"}


def read(path, columns=COLUMNS):
    return transactions.read(str(path), columns, duckdb.connect(), tomorrow="2012-01-01")


def csv(folder, *lines, name="history.csv"):
    path = folder / name
    path.write_text("\n".join(["customer_id,order_date,revenue", *lines]) + "\n")
    return path


def purchases(found):
    rows = found.purchases.order("customer_id, order_date").fetchall()
    return [(customer, str(day), float(net), float(positive), orders) for customer, day, net, positive, orders in rows]


def test_rows_are_summed_by_customer_and_day_and_a_return_is_no_order(tmp_path):
    found = read(
        csv(tmp_path, "ann,2011-05-01,10.50", "ann,2011-05-01,2.25", "ann,2011-05-01,-2.25", "ann,2011-05-09,-4")
    )
    assert purchases(found) == [("ann", "2011-05-01", 10.5, 12.75, 1), ("ann", "2011-05-09", -4.0, 0.0, 0)]


def test_ids_stay_text_with_their_leading_zeros(tmp_path):
    found = read(csv(tmp_path, "00042,2011-05-01,1", "42,2011-05-01,1", "NA,2011-05-01,1"))
    assert [row[0] for row in purchases(found)] == ["00042", "42", "NA"]


def test_a_bad_row_is_set_aside_with_its_line_column_value_and_reason(tmp_path):
    found = read(
        csv(
            tmp_path,
            "ann,2011-05-01,10",
            "",
            ",2011-05-01,10",
            'bob,"2011-13-01",10',
            "bob,01/05/2011,10",
            "bob,2011-05-01,ten",
            "bob,2011-05-01,",
            "bob,2011-05-01,inf",
            "bob,2012-01-01,10",
            "bob,,10",
            '"eve\nb",2011-05-02,1',
            "bob,2011-05-02,1e3x",
        )
    )
    assert found.rejected.to_numpy().tolist() == [
        [4, "customer_id", "", "customer_id is missing"],
        [5, "order_date", "2011-13-01", "order_date is not a day written YYYY-MM-DD"],
        [6, "order_date", "01/05/2011", "order_date is not a day written YYYY-MM-DD"],
        [7, "revenue", "ten", "revenue is not a number like -1234.50 (below 100 trillion)"],
        [8, "revenue", "", "revenue is missing"],
        [9, "revenue", "inf", "revenue is not a number like -1234.50 (below 100 trillion)"],
        [10, "order_date", "2012-01-01", "order_date lies in the future"],
        [11, "order_date", "", "order_date is missing"],
        [12, "customer_id", "eve\nb", "customer_id holds a line break or another control character"],
        [14, "revenue", "1e3x", "revenue is not a number like -1234.50 (below 100 trillion)"],
    ]


def test_quality_counts_rows_customers_days_and_returns(tmp_path):
    quality = read(csv(tmp_path, "ann,2011-05-01,10", "bob,2011-05-03,-2", "bob,x,1")).quality
    assert {key: quality[key] for key in quality if key != "sha256"} == {
        "rows": 3,
        "rejected_rows": 1,
        "return_rows": 1,
        "customers": 2,
        "customers_with_an_order": 1,
        "first_day": "2011-05-01",
        "last_day": "2011-05-03",
        "net_revenue": 8.0,
    }


def test_above_the_allowed_share_the_history_is_refused_with_the_three_commonest_reasons(tmp_path):
    path = csv(
        tmp_path, *["ann,2011-05-01,10"] * 5, *["ann,May,1"] * 3, *["ann,2011-05-01,?"] * 2, ",2011-05-01,1", "ann,,1"
    )
    found = read(path)
    assert transactions.refusal(found, 0.6, str(path)) is None
    assert transactions.refusal(found, 0.01, "sales.csv") == (
        "sales.csv: 7 of 12 rows cannot be read, more than data.max_rejected_share=0.01 allows.\n"
        "  3 rows: order_date is not a day written YYYY-MM-DD, for example line 7: 'May'\n"
        "  2 rows: revenue is not a number like -1234.50 (below 100 trillion), for example line 10: '?'\n"
        "  1 rows: customer_id is missing, for example line 12: ''\n"
        "Hint: all of them are in data_quality/rejected_rows.csv under the outputs folder; "
        "repair the export, or raise data.max_rejected_share."
    )


@pytest.mark.parametrize(
    "write",
    [
        lambda path, frame: frame.to_csv(path, index=False),
        lambda path, frame: path.write_bytes(gzip.compress(frame.to_csv(index=False).encode())),
        lambda path, frame: path.write_bytes(b"\xef\xbb\xbf" + frame.to_csv(index=False, sep=";").encode()),
        lambda path, frame: frame.to_parquet(path),
        lambda path, frame: frame.assign(when=pd.to_datetime(frame["when"])).to_parquet(path),
    ],
    ids=["csv", "gzip", "semicolons and BOM", "parquet", "parquet with time stamps"],
)
def test_the_format_is_known_by_content_and_the_columns_by_configuration(tmp_path, write):
    path = tmp_path / "export.dat"
    write(
        path,
        pd.DataFrame(
            {"note": ["a", "b"], "when": ["2011-05-01", "2011-05-02"], "who": ["007", "7"], "amount": [1.5, -2.0]}
        ),
    )
    found = read(path, {"customer_id": "who", "order_date": "when", "revenue": "amount"})
    assert purchases(found) == [("007", "2011-05-01", 1.5, 1.5, 1), ("7", "2011-05-02", -2.0, 0.0, 0)]


@pytest.mark.parametrize(
    "content, message",
    [
        (None, "does not exist"),
        (b"", "is empty"),
        (b"customer_id,order_date,revenue\n", "has a header and no rows"),
        (
            b"customer_id,when,revenue\na,2011-05-01,1\n",
            "has no column 'order_date'; its columns are: customer_id, when, revenue",
        ),
        (b"customer_id,order_date,revenue,revenue\na,2011-05-01,1,2\n", "has 2 columns 'revenue'"),
        (b"customer_id,order_date,revenue\na,2011-05-01,1\na,2011-05-01\n", "CSV Error on Line: 3"),
        (b"customer_id,order_date,revenue\n\xff\xfe,2011-05-01,1\n", "is not readable UTF-8 text"),
        (b"PAR1 broken", "is not a whole table"),
    ],
)
def test_a_file_that_is_no_purchase_history_names_the_path_and_the_next_move(tmp_path, content, message):
    path = tmp_path / "sales.csv"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError) as error:
        read(path)
    assert str(path) in str(error.value) and message in str(error.value) and "Hint: " in str(error.value)


def test_a_directory_is_no_purchase_history(tmp_path):
    with pytest.raises(InputError, match="is a directory, not a file.\nHint: "):
        read(tmp_path)


def test_a_name_with_glob_characters_is_one_file(tmp_path):
    csv(tmp_path, "wrong,2011-05-01,1", name="sales1.csv")
    assert purchases(read(csv(tmp_path, "right,2011-05-01,1", name="sales[1].csv")))[0][0] == "right"
    assert len(purchases(read(csv(tmp_path, "right,2011-05-01,1", name="sales*.csv")))) == 1


def test_amounts_up_to_the_promised_limit_are_summed(tmp_path):
    found = read(csv(tmp_path, *["ann,2011-05-01,90000000000000"] * 3, "ann,2011-05-02,100000000000000"))
    assert purchases(found)[0][2] == 270000000000000 and found.quality["rejected_rows"] == 1


def test_a_time_stamp_with_a_zone_is_the_same_day_on_every_machine(tmp_path):
    when = pd.to_datetime(["2024-01-01 23:00", "2024-01-02 01:00"], utc=True)
    pd.DataFrame({"customer_id": ["a", "b"], "order_date": when, "revenue": [1.0, 1.0]}).to_parquet(
        tmp_path / "zoned.parquet"
    )
    connection = duckdb.connect().execute("SET TimeZone = 'UTC'")
    found = transactions.read(str(tmp_path / "zoned.parquet"), COLUMNS, connection, tomorrow="2025-01-01")
    assert [row[1] for row in purchases(found)] == ["2024-01-01", "2024-01-02"]
