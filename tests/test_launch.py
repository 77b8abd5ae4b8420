import pytest

from entrypoints.launch import hydra_arguments


@pytest.mark.parametrize("given, expected", [
    (["--data_path", "", "--as_of", "", "--overrides", ""], []),
    (["--data_path", "my file.csv"], ["data.path='my file.csv'"]),
    (["--data_path", "it's=odd,{x}.csv"], ["data.path='it\\'s=odd,{x}.csv'"]),
    (["--horizon_days", "30", "--overrides", "model.max_depth=4 data.path='a b.csv'"],
     ["window.horizon_days='30'", "model.max_depth=4", "data.path=a b.csv"]),
    (["--overrides", "data.columns.customer_id=Käufer"], ["data.columns.customer_id='Käufer'"]),
    (["data.columns.customer_id=Käufer"], ["data.columns.customer_id='Käufer'"]),
    (["--model.max_depth", "4"], ["model.max_depth=4"]),
    (["--hroizon", "30"], ["hroizon=30"]),
    (["model.max_depth=3,4", "--multirun"], ["model.max_depth=3,4", "--multirun"]),
    (["--version", "3", "--reviewer", "Ann Lee", "--reason", "beats 2; (RMSE -4 %)"],
     ["promote.version='3'", "promote.reviewer='Ann Lee'", "promote.reason='beats 2; (RMSE -4 %)'"]),
])
def test_mlflows_arguments_become_hydras(given, expected):
    assert hydra_arguments(given) == expected
