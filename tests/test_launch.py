import pytest
from helpers import ROOT
from hydra import compose, initialize_config_dir
from hypothesis import given as examples
from hypothesis import settings
from hypothesis import strategies as st

from clv.errors import UserError
from entrypoints.words import hydra_arguments


@pytest.mark.parametrize(
    "given, expected",
    [
        (["--data_path", "", "--as_of", "", "--overrides", ""], []),
        (["--data_path", "my file.csv"], ["data.path='my file.csv'"]),
        (["--data_path", "it's=odd,{x}.csv"], ["data.path='it\\'s=odd,{x}.csv'"]),
        (
            ["--horizon_days", "30", "--overrides", "model.max_depth=4 data.path='a b.csv'"],
            ["window.horizon_days='30'", "model.max_depth=4", "data.path=a b.csv"],
        ),
        (["--overrides", "data.columns.customer_id=Käufer"], ["data.columns.customer_id='Käufer'"]),
        (["data.columns.customer_id=Käufer"], ["data.columns.customer_id='Käufer'"]),
        (["--model.max_depth", "4"], ["model.max_depth=4"]),
        (
            ["features.windows_days=[7,30]", "model.max_depth=range(2,4)"],
            ["features.windows_days=[7,30]", "model.max_depth=range(2,4)"],
        ),
        (["--cutoffs", "2011-09-11, 2011-06-11"], ["backtest.cutoffs=['2011-09-11','2011-06-11']"]),
        (["--hroizon", "30"], ["hroizon=30"]),
        (["model.max_depth=3,4", "--multirun"], ["--multirun", "model.max_depth=3,4"]),
        (
            ["--version", "3", "--reviewer", "Ann Lee", "--reason", "beats 2; (RMSE -4 %)"],
            ["person.version='3'", "person.reviewer='Ann Lee'", "person.reason='beats 2; (RMSE -4 %)'"],
        ),
        (
            ["version=2", "reviewer=Ann Lee", "reason=beats 2; (RMSE -4 %)"],
            ["person.version='2'", "person.reviewer='Ann Lee'", "person.reason='beats 2; (RMSE -4 %)'"],
        ),
        (["--overrides", "version=2 reason='it is'"], ["person.version='2'", "person.reason='it is'"]),
        (["cutoffs=2011-09-11,2011-06-11"], ["backtest.cutoffs=['2011-09-11','2011-06-11']"]),
        (["cutoffs=[2011-09-11]", "reason='as it is'"], ["backtest.cutoffs=[2011-09-11]", "person.reason='as it is'"]),
        (
            ["as_of=2026-07-01", "horizon_days=30,60", "--multirun"],
            ["--multirun", "window.as_of='2026-07-01'", "window.horizon_days=30,60"],
        ),
        (
            ["--data_path", "x.csv", "--overrides", "--multirun model.max_depth=3,4"],
            ["--multirun", "data.path='x.csv'", "model.max_depth=3,4"],
        ),
    ],
)
def test_mlflows_arguments_become_hydras(given, expected):
    assert hydra_arguments(given) == expected


@settings(max_examples=30)
@examples(st.text(min_size=1, max_size=30).filter(lambda text: "\x00" not in text))
def test_a_named_parameter_is_taken_literally_whatever_is_in_it(reason):
    with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        composed = compose("config", hydra_arguments(["--reason", reason]))
    assert composed.person.reason == reason


@pytest.mark.parametrize("value", ["Käufer", "o'brien.csv", "a=b.csv", "a;b.csv", "sales [1].csv"])
def test_an_override_is_taken_literally_where_hydras_grammar_would_stumble(value):
    with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        composed = compose("config", hydra_arguments([f"data.path={value}"]))
    assert composed.data.path == value


def test_overrides_that_are_no_shell_words_are_an_error_with_the_way_out():
    with pytest.raises(
        UserError, match="No closing quotation.\nHint: a value with a quote in it goes into escaped double quotes"
    ):
        hydra_arguments(["--overrides", "data.path=o'brien.csv"])
