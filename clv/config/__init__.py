"""From a composed configuration to typed values, each held to its range."""

import datetime as dt
import re
from dataclasses import fields, is_dataclass
from typing import Any, cast, get_args, get_origin

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from clv.config.logged import as_yaml, loggable, parameters
from clv.config.recipes import recipe_name
from clv.config.schema import Config, Model, People, Person, Range
from clv.errors import UserError
from clv.wording import day_meant, meant

__all__ = [
    "Config",
    "Model",
    "People",
    "Person",
    "as_yaml",
    "from_yaml",
    "is_key",
    "load",
    "loggable",
    "names",
    "parameters",
    "recipe_name",
]

_SECRETS = "a secret comes by the name of an environment variable, as in conf/alerts/."
_PASSWORD = (  # in an address; what no name gives away is hidden where it is logged
    r"(?<!postgres:)(?<!postgresql:)//[^/\s]*@|//[^/\s@]*:[^/\s]*@|\b(password|pwd)\s*="
    r"|[?&][^=&\s]*(token|secret|passw|pwd|sig|auth|credential|key|code)[^=&\s]*="
)
_FILLED_IN = r"(?<!\\)(\\\\)*\$\{"  # an interpolation of OmegaConf, unless a backslash says that it is none


def load(composed: DictConfig) -> Config:
    """Returns the composed configuration as typed values.

    Raises: UserError: a key stands outside the schema, a value has the wrong type, lies outside its range, or is to be filled in.
    """
    _refuse_interpolation(OmegaConf.to_container(composed), "")
    try:
        config = cast(Config, OmegaConf.to_object(OmegaConf.merge(OmegaConf.structured(Config), composed)))
    except OmegaConfBaseException as error:
        raise UserError(
            f"configuration: {error.full_key or ''}: {str(error).splitlines()[0]}"
            f"\nHint: {_key_meant(error)}every key and its unit is listed in conf/."
        ) from error
    _check(config, "")
    _check_together(config)
    return config


def _key_meant(error: OmegaConfBaseException) -> str:
    """What a key that a file of conf/ misspells may stand for."""
    key = error.full_key or ""
    return "" if not key or is_key(key) else meant(key, names())


def from_yaml(text: str, later: Config) -> Config:
    """Returns a configuration that as_yaml() wrote. later: gives the keys that did not exist then."""
    return load(cast(DictConfig, OmegaConf.merge(OmegaConf.structured(later), OmegaConf.create(text))))


def is_key(name: str) -> bool:
    """Returns whether the schema has the key or section, written as in window.as_of."""
    section: Any = Config
    for part in name.split("."):
        if get_origin(section) is dict:
            section = get_args(section)[1]
        else:
            section = {key.name: key.type for key in fields(section)}.get(part) if is_dataclass(section) else None
        if section is None:
            return False
    return True


def names(section: Any = Config, prefix: str = "") -> list[str]:
    """Returns every key of the schema, written as in window.as_of."""
    keys = []
    for key in fields(section):
        keys += names(key.type, f"{prefix}{key.name}.") if is_dataclass(key.type) else [prefix + key.name]
    return keys


def _check_together(config: Config) -> None:
    """Holds values to one another."""
    for name, items in (("model.chains", config.model.chains), ("tune.space", config.tune.space)):
        if not items:
            raise UserError(f"configuration: {name} is empty.")
    _check_space(config.tune.space)
    if config.data.decimal and config.data.decimal == config.data.thousands:
        raise UserError("configuration: data.decimal and data.thousands are the same sign.")
    stages = config.features.lifecycle
    if not stages.active_gaps <= stages.lagging_gaps <= stages.dormant_gaps:
        raise UserError(
            "configuration: features.lifecycle: active_gaps, lagging_gaps and dormant_gaps must not descend."
        )


def _refuse_interpolation(value: Any, name: str) -> None:
    """${oc.env:PASSWORD} would be logged with the run; values stand for themselves."""
    if isinstance(value, str) and re.search(_FILLED_IN, value):
        raise UserError(f"configuration: {name}: ${{...}} is not filled in.\nHint: write the value itself; {_SECRETS}")
    for key, item in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        _refuse_interpolation(item, f"{name}.{key}" if name else str(key))


def _check(section: Any, prefix: str) -> None:
    """Walk the dataclasses and hold every value to the range that its field declares."""
    for entry in fields(section):
        name, value = prefix + entry.name, getattr(section, entry.name)
        if is_dataclass(value):
            _check(value, name + ".")
        items = value.items() if isinstance(value, dict) else ()
        for key, item in items:
            if is_dataclass(item):
                _check(item, f"{name}.{key}.")
            else:
                _check_value(f"{name}.{key}", item, entry.metadata)
        for item in value if isinstance(value, list) else [] if isinstance(value, dict) else [value]:
            _check_value(name, item, entry.metadata)


def _check_value(name: str, value: Any, rule: Any) -> None:
    if value is None:
        return
    if isinstance(value, str) and not value.isascii() and value != value.encode(errors="ignore").decode():
        raise UserError(f"configuration: {name} holds bytes that are not UTF-8 text.")
    if isinstance(value, str) and re.search(_PASSWORD, value, re.I):
        raise UserError(f"configuration: {name} holds an address with a password or a token in it.\nHint: {_SECRETS}")
    if "allowed" in rule and not rule["allowed"][0] <= value <= rule["allowed"][1]:
        raise UserError(f"configuration: {name}={value} is outside {rule['allowed'][0]:g} to {rule['allowed'][1]:g}.")
    if "choices" in rule and value not in rule["choices"]:
        raise UserError(
            f"configuration: {name}={value} is none of {', '.join(rule['choices'])}."
            + (f"\nHint: {near}" if (near := meant(str(value), rule["choices"]).strip()) else "")
        )
    if "pattern" in rule and not re.fullmatch(rule["pattern"][0], value):
        shown = name if rule["secret"] else f"{name}={value}"
        raise UserError(f"configuration: {shown} is {rule['pattern'][1]}.")
    if "day" in rule:
        try:
            dt.date.fromisoformat(value)
        except ValueError:
            near = f"\nHint: did you mean {day_meant(value)}?" if day_meant(value) else ""
            raise UserError(f"configuration: {name}={value} is not a day written YYYY-MM-DD.{near}") from None


def _check_space(space: list[Range]) -> None:
    """Hold both ends of every range to search to what the model's number may be."""
    numbers = {entry.name: entry.metadata for entry in fields(Model) if "allowed" in entry.metadata}
    for where in space:
        name = f"tune.space: {where.key}"
        if where.key not in numbers:
            raise UserError(f"configuration: {name} is not a number of conf/model/: {', '.join(sorted(numbers))}.")
        if not where.low < where.high:
            raise UserError(f"configuration: {name}: low={where.low:g} is not below high={where.high:g}.")
        for end in (where.low, where.high):
            _check_value(name, end, numbers[where.key])
