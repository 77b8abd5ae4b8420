from pathlib import Path

import pytest
from helpers import ROOT, composed
from hydra.errors import ConfigCompositionException
from omegaconf import OmegaConf

from clv.errors import UserError

GROUPS = [path for path in sorted((ROOT / "conf").rglob("*.yaml")) if path.parent.name not in ("conf", "experiment")]


@pytest.mark.parametrize("path", GROUPS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_every_file_of_every_group_composes(path: Path):
    composed(f"{path.parent.name}={path.stem}")


@pytest.mark.parametrize("name", [path.stem for path in (ROOT / "conf/experiment").glob("*.yaml")])
def test_every_experiment_composes(name):
    assert composed(f"experiment={name}") != composed()


@pytest.mark.parametrize(
    "override, message",
    [
        ("window.horizon_days=-5", "configuration: window.horizon_days=-5 is outside 1 to 3650"),
        ("window.horizon_days=soon", "configuration: window.horizon_days: "),
        ("+window.hroizon_days=5", "configuration: window.hroizon_days: "),
        ("window.as_of=yesterday", "window.as_of=yesterday is not a day written YYYY-MM-DD"),
        ("window.as_of=2026-7-1", "is not a day written YYYY-MM-DD.\nHint: did you mean 2026-07-01?"),
        ("window.as_of=01.07.2026", "is not a day written YYYY-MM-DD.\nHint: did you mean 2026-07-01?"),
        ("review.against_btyd=beter", "is none of not_worse, better.\nHint: did you mean better?"),
        ("+model.max_deph=5", "\nHint: did you mean model.max_depth? every key"),
        ("model.chains=[btyd+]", "model.chains=btyd+ is not a chain of stages, names joined by + like btyd+glm+trees"),
        ("model.chains=[]", "model.chains is empty"),
        ("tune.space=[]", "tune.space is empty"),
        ("features.windows_days=[7,0]", "features.windows_days=0 is outside 1 to 3650"),
        ("features.lifecycle.active_gaps=5", "active_gaps, lagging_gaps and dormant_gaps must not descend"),
        ("model.learning_rate=nan", "model.learning_rate=nan is outside"),
    ],
)
def test_a_wrong_value_or_an_unknown_key_stops_the_run_by_name(override, message):
    with pytest.raises(UserError) as error:
        composed(override)
    assert message in str(error.value)


def test_a_misspelt_override_stops_the_run_by_name():
    with pytest.raises(ConfigCompositionException, match="hroizon_days"):
        composed("window.hroizon_days=5")


@pytest.mark.parametrize("path", GROUPS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_every_key_is_explained_where_it_stands(path):
    values = [line for line in path.read_text().splitlines() if not line.startswith(("#", " ", "defaults:"))]
    assert [line for line in values if "#" not in line] == []


def test_no_setting_of_hydra_leaves_folders_among_the_outputs():
    hydra = OmegaConf.load(ROOT / "conf/config.yaml").hydra
    assert (hydra.run.dir, hydra.output_subdir, hydra.job.chdir) == (".", None, False)


def test_rates_are_given_on_the_command_line_as_they_are_in_a_file():
    assert composed("data.rates={EUR: 1.08, GBP: 1.27}").data.rates == {"EUR": 1.08, "GBP": 1.27}
    with pytest.raises(UserError, match="data.rates.EUR=-1.0 is outside"):
        composed("data.rates={EUR: -1}")
