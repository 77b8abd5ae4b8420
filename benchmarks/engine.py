"""The engine as `train` runs it, on a file and without a tracking store."""

import datetime as dt
from pathlib import Path

from hydra import compose, initialize_config_dir

import clv
from clv import config, settings
from clv.evaluation import measure

CONF = Path(clv.__file__).resolve().parent.parent / "conf"  # of the engine that is imported, wherever this file lies


def configuration(*overrides: str) -> config.Config:
    """Returns the default configuration with `key=value` overrides."""
    with initialize_config_dir(str(CONF), version_base="1.3"):
        return config.load(compose("config", list(overrides)))


def measured(path: Path, cutoff: str, horizon_days: int, overrides: list[str]) -> measure.Measured:
    """Returns what `train` measures when it runs as of the day on which the horizon after the cutoff ends."""
    as_of = dt.date.fromisoformat(cutoff) + dt.timedelta(days=horizon_days)
    values = configuration(
        f"data.path={path}", f"window.horizon_days={horizon_days}", f"window.as_of={as_of}", *overrides
    )
    history = settings.history(values, dt.datetime.now(dt.UTC))
    plan = settings.plan(values, history)
    return measure.measure(history, plan, settings.recipe(values, plan))
