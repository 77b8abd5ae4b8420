"""What of a configuration goes into runs and artifacts. A list of what may: a key that is new is left out until its field says otherwise."""

from dataclasses import fields, is_dataclass
from typing import Any

import yaml

from clv.config.schema import Config

SECTIONS = (  # they make a result another; who asks, who decides and who is told are no part of it
    *("data", "window", "features", "model", "evaluation", "clusters", "monitor", "review", "tracking", "backtest"),
    *("tune", "simulate", "compute", "outputs", "seed", "keep_bundles", "keep_reports", "lock_wait_seconds"),
)
HELD = {"allowed", "choices", "pattern", "day", "text"}  # a text is logged where its field is held to one of these
LEFT_OUT = object()


def loggable(config: Config) -> dict[str, Any]:
    """The configuration as plain values, section within section, as far as it may be logged."""
    return {name: value for name, value in plain(config).items() if name in SECTIONS}


def plain(value: Any, held: bool = False) -> Any:
    """held: whether a text may be shown here; numbers, yes and no always may."""
    if is_dataclass(value):
        return shown(
            {one.name: plain(getattr(value, one.name), bool(HELD & one.metadata.keys())) for one in fields(value)}
        )
    if isinstance(value, dict):
        return shown({key: plain(item, held) for key, item in value.items()})
    if isinstance(value, list):
        return [item for item in (plain(one, held) for one in value) if item is not LEFT_OUT]
    return value if held or not isinstance(value, str) else LEFT_OUT


def shown(values: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value is not LEFT_OUT}


def as_yaml(config: Config) -> str:
    """loggable() as a file that can be read beside conf/."""
    return yaml.safe_dump(loggable(config), sort_keys=False, allow_unicode=True)
