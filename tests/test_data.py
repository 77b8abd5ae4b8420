import gzip
import json
import os
from decimal import Decimal

import duckdb
import pandas as pd
import pytest
from helpers import composed
from stores import artifacts, client, everywhere

from clv import data
from clv.data import container
from clv.errors import Code, InputError
from clv.run import run_command

COLUMNS = {"customer_id": "customer_id", "order_date": "order_date", "revenue": "revenue"}
LIMITS = data.Limits(0.01, 10000, 0.01, 0.002, 0.001)


def read(path, columns=COLUMNS, **settings):
    return data.read(str(path), data.Contract(columns, "2012-01-01", **settings), duckdb.connect())


def csv(folder, *lines, name="history.csv"):
    path = folder / name
    path.write_text("\n".join(["customer_id,order_date,revenue", *lines]) + "\n")
    return path


def purchases(history):
    rows = history.purchases.order("customer_id, order_date").fetchall()
    return [(customer, str(day), float(net), float(positive), orders) for customer, day, net, positive, orders in rows]


def refused(path, **settings):
    with pytest.raises(InputError) as error:
        read(path, **settings)
    return str(error.value).replace(f"{path.parent}/", "")


def test_rows_are_summed_by_customer_and_day_and_a_return_is_no_order(tmp_path):
    history = read(
        csv(tmp_path, "ann,2011-05-01,10.50", "ann,2011-05-01,2.25", "ann,2011-05-01,-2.25", "ann,2011-05-09,-4")
    )
    assert purchases(history) == [("ann", "2011-05-01", 10.5, 12.75, 1), ("ann", "2011-05-09", -4.0, 0.0, 0)]


def test_ids_stay_text_with_their_leading_zeros(tmp_path):
    history = read(csv(tmp_path, "00042,2011-05-01,1", "42,2011-05-01,1", "NA,2011-05-01,1"))
    assert [row[0] for row in purchases(history)] == ["00042", "42", "NA"]


def test_a_bad_row_is_set_aside_with_its_line_column_value_and_reason(tmp_path):
    bad = {
        ",2011-05-01,10": ["customer_id", "", "customer_id is missing"],
        '"eve\nb",2011-05-02,1': ["customer_id", "eve\nb", "customer_id holds a line break or another control character"],
        "e\u200bve,2011-05-02,1": ["customer_id", "e\u200bve", "customer_id holds a sign that cannot be seen"],
        "customer_id,order_date,revenue": ["customer_id", "customer_id", "customer_id repeats the header"],
        "2011-05-01,bob,1": ["customer_id", "2011-05-01", "customer_id looks like an amount or a day; most others do not"],
        "bob,,10": ["order_date", "", "order_date is missing"],
        'bob,"2011-02-30",10': ["order_date", "2011-02-30", "order_date is not a possible day and time"],
        "bob,2011-05-01 25:00,10": ["order_date", "2011-05-01 25:00", "order_date is not a possible day and time"],
        "bob,01/05/2011,10": ["order_date", "01/05/2011", "order_date is not a day written YYYY-MM-DD"],
        "bob,2012-01-01,10": ["order_date", "2012-01-01", "order_date lies in the future"],
        "bob,1989-12-31,10": ["order_date", "1989-12-31", "order_date lies before data.earliest_date=1990-01-01"],
        "bob,2011-05-01,": ["revenue", "", "revenue is missing"],
        "bob,2011-05-01,1e3x": ["revenue", "1e3x", "revenue is not a number like -1234.50"],
        "bob,2011-05-01,-inf": ["revenue", "-inf", "revenue is not finite"],
        "bob,2011-05-01,2e9": ["revenue", "2e9", "revenue is beyond data.max_abs_revenue=1e+09"],
    }  # fmt: skip
    history = read(csv(tmp_path, "ann,2011-05-01,10", "", *bad, "bob,2011-05-01,1"))
    lines = [4, 5, *range(7, 20)]  # one of them takes two lines
    assert history.rejected.to_numpy().tolist() == [[line, *row] for line, row in zip(lines, bad.values(), strict=True)]
    assert purchases(history) == [("ann", "2011-05-01", 10, 10, 1), ("bob", "2011-05-01", 1, 1, 1)]


def test_quality_counts_what_was_read_set_aside_and_normalised(tmp_path):
    rows = ["ann,2011-05-01,10", "ann,2011-05-01,10", "Ann,2011-05-03,\u22122", "bob,x,1", "bob,2011-05-03,0", "nan,2011-05-04,3"]  # fmt: skip
    quality = read(csv(tmp_path, *rows, "\xa0Jose\u0301,2011-05-04,1.23456"), as_of="2011-05-04").quality
    figures = quality.as_dict()
    assert {key: figures[key] for key in figures if key not in ("sha256", "duplicate_rows")} == {
        "rows": 7,
        "rejected_rows": 1,
        "return_rows": 1,
        "zero_rows": 1,
        "rows_after_as_of": 2,
        "customers": 5,
        "customers_with_an_order": 3,
        "known_customers": 5,
        "lost_customers": 0,
        "outlier_rows": 0,
        "first_day": "2011-05-01",
        "last_day": "2011-05-04",
        "only_day_of_month": None,
        "net_revenue": 22.2346,
        "accepted_absolute_revenue": 26.2346,
        "rejected_absolute_revenue": 1.0,
        "largest_customer": "ann",
        "largest_customer_share": 0.8253,
        "busiest_customer": "ann",
        "busiest_customer_share": 0.5,
        "case_variants": 2,
        "case_variants_example": "Ann and ann",
        "ids_for_nothing": 1,
        "ids_for_nothing_example": "nan",
        "normalisations": {
            "ids_composed": 1,
            "ids_other_blanks": 1,
            "ids_outer_blanks": 1,
            "revenue_other_minus": 1,
            "revenue_rounded_to_4_decimals": 1,
        },
        "left_out": {},
        "notes": [],
        "reasons": {"order_date is not a day written YYYY-MM-DD": 1},
    }
    assert quality.duplicate_rows == 1


def test_above_the_allowed_share_the_history_is_refused_with_the_three_commonest_reasons(tmp_path):
    path = csv(
        tmp_path, *["ann,2011-05-01,10"] * 5, *["ann,,1"] * 3, *["ann,2011-05-01,?"] * 2, ",2011-05-01,1", "ann,May,1"
    )
    history = read(path)
    assert data.refusal(history, data.Limits(0.6, 100, 1, 1, 1), "sales.csv") is None
    assert str(data.refusal(history, LIMITS, "sales.csv")) == (
        "[TOO_MANY_REJECTS] 7 of 12 rows cannot be read (more than data.max_rejected_share=0.01); "
        "rows with 9.09% of absolute revenue cannot be read (more than data.max_rejected_revenue_share=0.01): "
        "3 x order_date is missing, first line 7: ''; 2 x revenue is not a number like -1234.50, first line 10: '?'; "
        "1 x customer_id is missing, first line 12: '', sales.csv:7, order_date -- fix: repair the export "
        "(every such row is in data_quality/rejected_rows.csv), or raise data.max_rejected_share and data.max_rejected_revenue_share; "
        "and data.missing_id=drop leaves such rows out, and says their share of revenue"
    )


@pytest.mark.parametrize(
    "limit, name",
    [
        (data.Limits(0.4, 100, 1, 1, 1), "max_rejected_share=0.4"),
        (data.Limits(1, 1, 1, 1, 1), "max_rejected_rows=1"),
        (data.Limits(1, 100, 0.5, 1, 1), "max_rejected_revenue_share=0.5"),
        (data.Limits(1, 100, 1, 0.4, 1), "max_lost_customers_share=0.4"),
    ],
)
def test_each_limit_refuses_by_its_name(tmp_path, limit, name):
    history = read(
        csv(tmp_path, "ann,2011-05-01,10", "ann,2011-05-01,5", "bob,2999-01-01,10", 'eve,2011-05-01,"1.010,00 EUR"')
    )
    assert f"data.{name})" in str(data.refusal(history, limit, "sales.csv"))


def test_from_a_tenth_of_a_percent_of_rejects_there_is_a_warning(tmp_path):
    rows = ["ann,2011-05-01,10.00"] * 998
    history = read(csv(tmp_path, *rows, ",2011-05-01,0", ",2011-05-01,0"))
    assert data.warnings(history, LIMITS)[0].startswith("0.20% of the rows could not be read")
    assert data.warnings(read(csv(tmp_path, "ann,2011-05-01,1")), LIMITS) == []


def test_a_format_that_is_not_the_files_is_named_in_the_fix(tmp_path):
    either = read(csv(tmp_path, "ann,01/05/2011,10", "bob,02/05/2011,10"))
    message = str(data.refusal(either, LIMITS, "sales.csv"))
    assert message.startswith("[DATE_FORMAT] ") and "=%d/%m/%Y or data.date_format=%m/%d/%Y, whichever" in message
    path = csv(tmp_path, "ann,1319025600,10", "bob,1319025601,10")
    assert "fix: data.date_format=unix, if these numbers count seconds" in str(
        data.refusal(read(path), LIMITS, "sales.csv")
    )
    short = read(csv(tmp_path, "ann,19/10/11,10", "bob,20/10/11,10"), date_format="%d/%m/%Y")
    assert "fix: data.date_format=%d/%m/%y" in str(data.refusal(short, LIMITS, "sales.csv"))
    path = csv(tmp_path, "ann,2011-05-01,1.234", "ann,2011-05-01,12")
    assert refused(path) == (
        "[AMBIGUOUS_REVENUE] 1 rows have revenue like '1.234', which is both a thousand and a number with decimals, "
        "history.csv:2, revenue -- fix: data.decimal=. where the point is a decimal point, data.thousands=. where it separates thousands"
    )
    assert purchases(read(path, thousands="."))[0][2] == 1246 and purchases(read(path, decimal="."))[0][2] == 13.234


@pytest.mark.parametrize(
    "amounts, settings, code, fix",
    [
        (["12,50", "1 584,93"], {}, "DECIMAL_COMMA", """"data.decimal=','" and "data.thousands=' '\""""),
        (["12,50", "1 584,93"], {"decimal": ","}, "THOUSANDS", """"data.thousands=' '\""""),
        (["1,234.50", "12.50"], {}, "THOUSANDS", """"data.thousands=','\""""),
        (["1,234", "2,500"], {}, "THOUSANDS", """"data.thousands=','" or "data.decimal=','", whichever is meant"""),
        (["12.50", "13.50"], {"thousands": "."}, "DECIMAL_POINT", "data.decimal=. and data.thousands=null"),
        (["15.33 €", "12.00 kr."], {}, "CURRENCY", "export revenue as plain numbers, in one currency"),
        (["(12.50)", "(3.00)"], {}, "MINUS_STYLE", "data.negative_style=parentheses"),
        (["12.50-", "3.00 -"], {}, "MINUS_STYLE", "data.negative_style=trailing_minus"),
        (["15.", "12."], {}, "DECIMAL_POINT", "export revenue as plain numbers, 15 or 15.00"),
        (["1,23,456.00"], {}, "THOUSANDS", "export revenue as plain numbers, without separators"),
        (["\u0661\u0665.\u0663"], {}, "DECIMAL_POINT", "export revenue as plain numbers, with the digits 0 to 9"),
    ],
)
def test_amounts_in_another_style_are_refused_with_what_would_read_them(tmp_path, amounts, settings, code, fix):
    history = read(csv(tmp_path, *(f'ann,2011-05-01,"{amount}"' for amount in amounts)), **settings)
    error = str(data.refusal(history, LIMITS, "sales.csv"))
    assert error.startswith(f"[{code}] ") and error.endswith(f" -- fix: {fix}")


def test_a_customer_with_a_quarter_of_all_revenue_and_ids_behind_an_apostrophe_are_warned_of(tmp_path):
    rows = [f"c{n:02d},2011-05-01,1" for n in range(20)]
    history = read(csv(tmp_path, *rows, "Total,2011-05-01,20", "'c01,2011-05-01,1", "[NULL],2011-05-01,1"))
    sentences = "\n".join(data.warnings(history, LIMITS))
    assert "customer 'Total' alone has 48% of all revenue" in sentences
    assert (
        "2 customer ids differ only by case, inner blanks or a leading apostrophe, for example 'c01 and c01"
        in sentences
    )
    assert "2 customer ids are words for nothing, for example Total" in sentences


def test_ids_as_formulas_of_excel_are_the_text_in_them_and_counted(tmp_path):
    history = read(csv(tmp_path, '="0017",2011-05-01,1', '"=""0017""",2011-05-01,2', "0017,2011-05-01,3"))
    assert purchases(history) == [("0017", "2011-05-01", 6, 6, 1)]
    assert history.quality.normalisations == {"ids_excel_formulas": 2}


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
    days = ["2011-05-01", "2011-05-02"]
    write(path, pd.DataFrame({"note": ["a", "b"], "when": days, "who": ["007", "7"], "amount": [1.5, -2.0]}))
    history = read(path, {"customer_id": "who", "order_date": "when", "revenue": "amount"})
    assert purchases(history) == [("007", "2011-05-01", 1.5, 1.5, 1), ("7", "2011-05-02", -2.0, 0.0, 0)]


def test_what_is_no_file_is_refused_by_what_it_is(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    assert "does not exist" in refused(tmp_path / "nowhere.csv")
    assert "does not exist" in refused(tmp_path / "n\0where.csv")
    (tmp_path / "transactions.csv").write_text("customer_id\n")
    near = "fix: did you mean transactions.csv? Otherwise put your purchases there"
    assert near in refused(tmp_path / "transaction.csv")
    (tmp_path / "empty").mkdir()
    assert "is a folder without files -- fix: " in refused(tmp_path / "empty")
    assert "is not a regular file" in refused(tmp_path / "pipe")
    long = tmp_path / ("x" * 300)
    assert refused(long).startswith("[UNREADABLE_FILE] the file cannot be read: File name too long, ")
    assert refused(long).endswith(
        " -- fix: put your purchases there, or point data.path at a CSV, gzipped CSV or Parquet file"
    )


def test_an_error_is_one_line_whatever_the_name_of_the_file(tmp_path):
    path = tmp_path / "two\nlines\x1b[31m.csv"
    path.write_text("customer_id,order_date\n")
    assert refused(path).isprintable() and "[MISSING_COLUMN]" in refused(path)


def appended(path):
    path.write_text(path.read_text() + "bob,2011-05-01,10\n")


def replaced(path):
    path.write_text("customer_id,order_date,revenue\n")


def changed_at_the_same_size_and_time(path):
    before = path.stat()
    path.write_text(path.read_text().replace("10", "99"))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def read_while(change, path, refused=None):
    """Reads the file, changes it, and ends with the refusal, if there is one."""
    with container.opened(str(path)) as file:
        list(file.texts())
        change(path)
        if refused:
            raise refused


@pytest.mark.parametrize("change", [appended, replaced, changed_at_the_same_size_and_time])
def test_a_file_that_changes_while_it_is_read_is_refused(tmp_path, change):
    with pytest.raises(
        InputError,
        match="^\\[FILE_CHANGED\\] the file changed while it was read, .* -- fix: run again when the export is complete; ",
    ):
        read_while(change, csv(tmp_path, "ann,2011-05-01,10"))


def test_a_file_that_is_still_written_is_refused_for_that(tmp_path):
    ragged = InputError(Code.RAGGED_ROW, what="the row has 2 fields", fix="repair it")
    with pytest.raises(InputError, match="^\\[FILE_CHANGED\\] "):
        read_while(appended, csv(tmp_path, "ann,2011-05-01,10"), refused=ragged)


def test_a_private_copy_is_removed(tmp_path):
    path = tmp_path / "sales.parquet"
    pd.DataFrame({"customer_id": ["a"], "order_date": ["2011-05-01"], "revenue": [1.0]}).to_parquet(path)
    with container.opened(str(path)) as file, file.copied() as copy:
        assert copy.stat().st_mode & 0o077 == 0 and copy.read_bytes() == path.read_bytes()
    assert not copy.exists()


def test_a_name_with_glob_characters_is_one_file(tmp_path):
    csv(tmp_path, "wrong,2011-05-01,1", name="sales1.csv")
    assert purchases(read(csv(tmp_path, "right,2011-05-01,1", name="sales[1].csv")))[0][0] == "right"
    for name in ("sales[1].parquet", "sale's*.parquet"):
        row = {"customer_id": ["right"], "order_date": ["2011-05-01"], "revenue": [Decimal("1.5")]}
        pd.DataFrame(row).to_parquet(tmp_path / name)
        assert purchases(read(tmp_path / name))[0][:3] == ("right", "2011-05-01", 1.5)


def test_sums_do_not_depend_on_the_order_of_the_rows(tmp_path):
    rows = ["ann,2011-05-01,0.1", "ann,2011-05-01,1e8", "ann,2011-05-01,0.2", "ann,2011-05-01,-1e8"]
    sums = {read(csv(tmp_path, *some)).purchases.fetchall()[0][2] for some in (rows, rows[::-1], sorted(rows))}
    assert sums == {Decimal("0.3")}


def test_amounts_up_to_the_promised_limit_are_summed(tmp_path):
    rows = ["ann,2011-05-01,90000000000000"] * 3
    history = read(csv(tmp_path, *rows, "ann,2011-05-02,100000000000000"), max_abs_revenue=9e13)
    assert purchases(history)[0][2] == 270000000000000 and history.quality.rejected_rows == 1


def test_a_time_stamp_with_a_zone_is_the_day_in_that_zone(tmp_path):
    when = pd.to_datetime(["2011-01-01 23:00", "2011-01-02 01:00"], utc=True)
    frame = pd.DataFrame({"customer_id": ["a", "b"], "order_date": when, "revenue": [1.0, 1.0]})
    frame.to_parquet(tmp_path / "zoned.parquet")
    assert [row[1] for row in purchases(read(tmp_path / "zoned.parquet"))] == ["2011-01-01", "2011-01-02"]
    moved = read(tmp_path / "zoned.parquet", timezone="Asia/Tokyo")
    assert [row[1] for row in purchases(moved)] == ["2011-01-02", "2011-01-02"]


@pytest.mark.parametrize(
    "content", ["customer_id,order_date\na,2011-05-01\n", "customer_id,order_date,revenue\na,x,1\n"]
)
def test_a_refused_run_keeps_its_quality_and_its_rejects_for_their_owner_alone(project, content):
    (project / "bad.csv").write_text(content)
    with pytest.raises(InputError) as error:
        run_command("features", composed("data.path=bad.csv"))
    quality = json.loads((project / "outputs/data_quality/data_quality.json").read_text())
    assert quality["refused"] == str(error.value) and len(quality["sha256"]) == 64
    run = client().search_runs(everywhere())[0]
    logged = run.info.artifact_uri.removeprefix("file://")
    assert artifacts(run.info.run_id) >= {"data_quality/rejected_rows.csv", "data_quality/data_quality.json"}
    for folder in (project / "outputs", logged):
        for name in ("rejected_rows.csv", "data_quality.json"):
            assert os.stat(f"{folder}/data_quality/{name}").st_mode & 0o077 == 0
