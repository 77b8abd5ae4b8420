"""The statements for warehouses: each dialect's own parser takes them, and says the same again."""

import datetime as dt

import pytest
from test_features import DEFINITION, wave

from clv import dialects, features, windows
from clv.errors import UserError

sqlglot = pytest.importorskip("sqlglot", reason='sqlglot is not installed: pip install "clv[spark]"')
CUTOFF = dt.date(2011, 6, 1)


@pytest.mark.parametrize("dialect", dialects.NAMES)
def test_each_dialect_parses_its_statements(dialect):
    for statement in features.statements(dialect, "shop.purchases", CUTOFF, DEFINITION):
        tree = sqlglot.parse_one(statement, read=dialect)
        again = sqlglot.parse_one(tree.sql(dialect), read=dialect)
        assert again == tree and "shop.purchases" in statement
        assert not list(tree.find_all(sqlglot.exp.Command))


@pytest.mark.parametrize("dialect", dialects.NAMES)
def test_the_columns_are_those_of_the_feature_table(dialect):
    _, statement = features.statements(dialect, "purchases", CUTOFF, DEFINITION)
    columns = sqlglot.parse_one(statement, read=dialect).named_selects
    assert columns == ["customer_id", "lifecycle_stage", *DEFINITION.numbers(CUTOFF)]


def test_functions_have_the_names_of_the_dialect():
    postgres, snowflake = (
        "\n".join(features.statements(name, "purchases", CUTOFF, DEFINITION)) for name in ("postgres", "snowflake")
    )
    assert (
        "PERCENTILE_CONT(0.5) WITHIN GROUP" in postgres
        and "EXTRACT(DOY FROM" in postgres
        and "AS DOUBLE PRECISION" in postgres
    )
    assert "MEDIAN(" in snowflake and "DATEDIFF(DAY," in snowflake


@pytest.mark.parametrize("dialect", ["bigquery", "trino"])
def test_a_dialect_without_an_exact_median_is_refused(dialect):
    with pytest.raises(
        UserError,
        match=f"cannot be said in {dialect}, which has no exact median among its aggregates.\nHint: one of spark, ",
    ):
        features.statements(dialect, "purchases", CUTOFF, DEFINITION)


def test_a_name_that_is_no_dialect_is_refused():
    with pytest.raises(
        UserError, match="The features cannot be said in klingon.\nHint: one of spark, databricks, snowflake, postgres."
    ):
        features.statements("klingon", "purchases", CUTOFF, DEFINITION)


@pytest.mark.parametrize(
    "query",
    [
        features.history_query(wave(0.5, 1.0, 0.2)),
        features.snapshot_query(CUTOFF, DEFINITION),
        windows.label_query(CUTOFF, 90, 0.1),
    ],
)
def test_no_word_of_one_dialect_alone_is_in_the_text(query):
    """IGNORE NULLS, named windows, FILTER, list indices and integer division differ between engines or are missing."""
    tree = sqlglot.parse_one(query, read="duckdb")
    kinds = (sqlglot.exp.IgnoreNulls, sqlglot.exp.Filter, sqlglot.exp.Bracket, sqlglot.exp.IntDiv, sqlglot.exp.Qualify)
    assert not list(tree.find_all(*kinds)) and not any(
        select.args.get("windows") for select in tree.find_all(sqlglot.exp.Select)
    )


def test_without_sqlglot_the_message_says_what_to_install(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "sqlglot", None)
    with pytest.raises(UserError, match='sqlglot is not installed.\nHint: pip install "clv\\[spark\\]"'):
        features.statements("spark", "purchases", CUTOFF, DEFINITION)
