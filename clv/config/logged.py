"""The part of a configuration that runs and artifacts may hold. It is a list of what may: a new key stays out until its field allows it."""

from dataclasses import fields, is_dataclass
from typing import Any

import yaml

from clv.config.schema import Config
from clv.errors import hidden

SECTIONS = (  # those that change a result; who asks, who decides and who is told do not
    *(
        "data",
        "window",
        "features",
        "model",
        "evaluation",
        "clusters",
        "economics",
        "monitor",
        "review",
        "tracking",
        "backtest",
    ),
    *("tune", "simulate", "profile", "compute", "outputs", "seed", "keep_bundles", "keep_reports", "lock_wait_seconds"),
)
_HELD = {"allowed", "choices", "pattern", "day", "text"}  # a text is logged where its field is held to one of these
LEFT_OUT = object()


def loggable(config: Config) -> dict[str, Any]:
    """Returns the configuration as plain values, section within section, as far as it may be logged."""
    return {name: value for name, value in plain(config).items() if name in SECTIONS}


def parameters(config: Config, keys: tuple[str, ...]) -> dict[str, Any]:
    """Returns what a run shows as its parameters: of loggable(), the values that stand under these keys or sections and say something.

    Args: keys: as in ("model", "window.as_of").
    """
    values = _flat(loggable(config))
    asked = {name: value for name, value in values.items() if any(f"{name}.".startswith(f"{key}.") for key in keys)}
    return {name: value for name, value in asked.items() if value is not None and value != []}


def _flat(section: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """{"a": {"b": 1}} as {"a.b": 1}."""
    keys: dict[str, Any] = {}
    for key, value in section.items():
        keys |= _flat(value, f"{prefix}{key}.") if isinstance(value, dict) else {prefix + key: value}
    return keys


def plain(value: Any, held: bool = False) -> Any:
    """Returns a value of the configuration as plain values, or LEFT_OUT. Of an address only the structure is left.

    Args: held: whether a text may be shown here; numbers, yes and no always may.
    """
    if is_dataclass(value):
        keys = {key.name: (getattr(value, key.name), bool(_HELD & key.metadata.keys())) for key in fields(value)}
        return _shown({name: plain(item, may_be_text) for name, (item, may_be_text) in keys.items()})
    if isinstance(value, dict):
        return _shown({key: plain(item, held) for key, item in value.items()})
    if isinstance(value, list):
        return [item for item in (plain(item, held) for item in value) if item is not LEFT_OUT]
    if isinstance(value, str):
        return hidden(value) if held else LEFT_OUT
    return value


def as_yaml(config: Config) -> str:
    """Returns loggable() as a file that can be read beside conf/."""
    return yaml.safe_dump(loggable(config), sort_keys=False, allow_unicode=True)


def _shown(values: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value is not LEFT_OUT}
