"""From a composed configuration to typed values, each held to its range."""

import datetime as dt
import re
from dataclasses import fields, is_dataclass
from typing import Any

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from clv.config.schema import Config, Model, Range
from clv.errors import UserError


def load(composed: DictConfig) -> Config:
    """The composed configuration as typed values.

    Raises: UserError: a key stands outside the schema, or a value has the wrong type or lies outside its range.
    """
    try:
        config = OmegaConf.to_object(OmegaConf.merge(OmegaConf.structured(Config), composed))
    except OmegaConfBaseException as error:
        raise UserError(
            f"configuration: {error.full_key or ''}: {str(error).splitlines()[0]}"
            "\nHint: every key and its unit is listed in conf/."
        ) from error
    check(config, "")
    for name, items in (("model.chains", config.model.chains), ("tune.space", config.tune.space)):
        if not items:
            raise UserError(f"configuration: {name} is empty.")
    check_space(config.tune.space)
    if config.data.decimal and config.data.decimal == config.data.thousands:
        raise UserError("configuration: data.decimal and data.thousands are the same sign.")
    stages = config.features.lifecycle
    if not stages.active_gaps <= stages.lagging_gaps <= stages.dormant_gaps:
        raise UserError(
            "configuration: features.lifecycle: active_gaps, lagging_gaps and dormant_gaps must not descend."
        )
    return config


def from_yaml(text: str, later: Config) -> Config:
    """A configuration that as_yaml() wrote. later: gives the keys that there were not then."""
    return load(OmegaConf.merge(OmegaConf.structured(later), OmegaConf.create(text)))


def as_yaml(config: Config) -> str:
    """The resolved configuration, as a file that can be read beside conf/."""
    return OmegaConf.to_yaml(OmegaConf.structured(config))


def check(section: Any, prefix: str) -> None:
    """Walk the dataclasses and hold every value to the range that its field declares."""
    for entry in fields(section):
        name, value = prefix + entry.name, getattr(section, entry.name)
        if is_dataclass(value):
            check(value, name + ".")
        for key, item in value.items() if isinstance(value, dict) else ():
            check(item, f"{name}.{key}.")
        for item in value if isinstance(value, list) else [value]:
            check_value(name, item, entry.metadata)


def check_value(name: str, value: Any, rule: Any) -> None:
    if value is None:
        return
    if isinstance(value, str) and not value.isascii() and value != value.encode(errors="ignore").decode():
        raise UserError(f"configuration: {name} holds bytes that are no UTF-8 text.")
    if "allowed" in rule and not rule["allowed"][0] <= value <= rule["allowed"][1]:
        raise UserError(f"configuration: {name}={value} is outside {rule['allowed'][0]:g} to {rule['allowed'][1]:g}.")
    if "choices" in rule and value not in rule["choices"]:
        raise UserError(f"configuration: {name}={value} is none of {', '.join(rule['choices'])}.")
    if "pattern" in rule and not re.fullmatch(rule["pattern"][0], value):
        shown = name if rule["secret"] else f"{name}={value}"
        raise UserError(f"configuration: {shown} is {rule['pattern'][1]}.")
    if "day" in rule:
        try:
            dt.date.fromisoformat(value)
        except ValueError:
            raise UserError(f"configuration: {name}={value} is not a day written YYYY-MM-DD.") from None


def check_space(space: list[Range]) -> None:
    """Hold both ends of every range to search to what the model's number may be."""
    numbers = {entry.name: entry.metadata for entry in fields(Model) if "allowed" in entry.metadata}
    for where in space:
        name = f"tune.space: {where.key}"
        if where.key not in numbers:
            raise UserError(f"configuration: {name} is no number of conf/model/: {', '.join(sorted(numbers))}.")
        if not where.low < where.high:
            raise UserError(f"configuration: {name}: low={where.low:g} is not below high={where.high:g}.")
        for end in (where.low, where.high):
            check_value(name, end, numbers[where.key])
