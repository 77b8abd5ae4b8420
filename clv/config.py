"""Types and ranges of every key in conf/; the values, their units and their reasons stand there."""

import datetime as dt
import re
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from typing import Any

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from clv.errors import UserError


def between(low: float, high: float) -> Any:
    return field(default=MISSING, metadata={"allowed": (low, high)})


def one_of(*values: str) -> Any:
    return field(default=MISSING, metadata={"choices": values})


def day_or_none() -> Any:
    return field(default=MISSING, metadata={"day": True})


def pattern(expression: str, says: str) -> Any:
    return field(default=MISSING, metadata={"pattern": (expression, says)})


@dataclass
class Columns:
    customer_id: str
    order_date: str
    revenue: str


@dataclass
class Data:
    path: str
    columns: Columns
    max_rejected_share: float = between(0, 1)


@dataclass
class Window:
    horizon_days: int = between(1, 3650)
    as_of: str | None = day_or_none()
    snapshot_step_days: int = between(1, 3650)
    max_snapshots: int = between(1, 100)
    min_history_days: int = between(1, 3650)
    max_silent_days: int = between(0, 3650)


@dataclass
class Lifecycle:
    new_days: int = between(1, 3650)
    lost_days: int = between(1, 36500)
    default_gap_days: float = between(1, 3650)
    min_gap_days: float = between(1, 3650)
    active_gaps: float = between(0, 1000)
    lagging_gaps: float = between(0, 1000)
    dormant_gaps: float = between(0, 1000)


@dataclass
class Features:
    windows_days: list[int] = between(1, 3650)
    half_lives_days: list[int] = between(1, 3650)
    lifecycle: Lifecycle = field(default=MISSING)
    moving: list[str] = field(default=MISSING)


@dataclass
class Model:
    chains: list[str] = pattern(
        r"(btyd|glm|trees|squared_error|hurdle)(\+(glm|trees|squared_error))*",
        "no chain of stages, like btyd+glm+trees; first btyd, glm, trees, squared_error or hurdle, then any of glm, trees, squared_error",
    )
    probability_model: str = one_of("bg_nbd", "mbg_nbd", "pareto_nbd")
    level_prior: float = between(0, 1e6)
    tweedie_power: float = between(1.01, 1.99)
    glm_alpha: float = between(1e-6, 1e6)
    rounds: int = between(1, 100_000)
    learning_rate: float = between(1e-6, 1)
    max_depth: int = between(1, 20)
    min_child_weight: float = between(0, 1e9)
    subsample: float = between(0.01, 1)
    colsample: float = between(0.01, 1)
    reg_lambda: float = between(0, 1e9)
    interval: float = between(0.01, 0.99)
    max_training_rows: int = between(1000, 1_000_000_000)
    min_customers: int = between(10, 1_000_000_000)


@dataclass
class Evaluation:
    bootstrap_replicates: int = between(20, 10_000)
    confidence: float = between(0.5, 0.999)


@dataclass
class Clusters:
    k: int = between(1, 1000)
    scale: str = one_of("log1p", "linear")


@dataclass
class Monitor:
    significance: float = between(0, 1)
    min_ks: float = between(0, 1)
    min_customers: int = between(2, 1_000_000_000)
    sample_customers: int = between(100, 1_000_000)
    max_error_increase: float = between(0, 100)
    max_r2_decrease: float = between(0, 100)
    min_z: float = between(0, 100)


@dataclass
class Tracking:
    model_name: str
    bootstrap: bool
    log_customer_ids: bool
    reference_customers: int = between(100, 1_000_000)


@dataclass
class Backtest:
    cutoffs: list[str] = day_or_none()
    origins: int = between(1, 100)


@dataclass
class Range:
    key: str
    low: float
    high: float


@dataclass
class Tune:
    name: str = pattern(r"\w+", "no plain name of letters, digits and _")
    folder: str = field(default=MISSING)
    origins: int = between(1, 100)
    trials: int = between(1, 100_000)
    minutes: float = between(0, 100_000)
    space: list[Range] = field(default=MISSING)


@dataclass
class Promote:
    version: str | None
    reviewer: str | None
    reason: str | None


@dataclass
class Simulate:
    path: str
    customers: int = between(1, 10_000_000)
    first_day: str = day_or_none()
    days: int = between(1, 36500)


@dataclass
class Compute:
    memory_limit: str
    temp_folder: str | None
    threads: int = between(1, 1024)


@dataclass
class Config:
    data: Data
    window: Window
    features: Features
    model: Model
    evaluation: Evaluation
    clusters: Clusters
    monitor: Monitor
    tracking: Tracking
    backtest: Backtest
    tune: Tune
    promote: Promote
    simulate: Simulate
    compute: Compute
    outputs: str
    seed: int = between(0, 2**31 - 1)
    keep_bundles: int = between(1, 10_000)


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
    stages = config.features.lifecycle
    if not stages.active_gaps <= stages.lagging_gaps <= stages.dormant_gaps:
        raise UserError(
            "configuration: features.lifecycle: active_gaps, lagging_gaps and dormant_gaps must not descend."
        )
    return config


def as_yaml(config: Config) -> str:
    """The resolved configuration, as a file that can be read beside conf/."""
    return OmegaConf.to_yaml(OmegaConf.structured(config))


def check(section: Any, prefix: str) -> None:
    """Walk the dataclasses and hold every value to the range that its field declares."""
    for entry in fields(section):
        name, value = prefix + entry.name, getattr(section, entry.name)
        if is_dataclass(value):
            check(value, name + ".")
        for item in value if isinstance(value, list) else [value]:
            check_value(name, item, entry.metadata)


def check_value(name: str, value: Any, rule: Any) -> None:
    if "allowed" in rule and not rule["allowed"][0] <= value <= rule["allowed"][1]:
        raise UserError(f"configuration: {name}={value} is outside {rule['allowed'][0]:g} to {rule['allowed'][1]:g}.")
    if "choices" in rule and value not in rule["choices"]:
        raise UserError(f"configuration: {name}={value} is none of {', '.join(rule['choices'])}.")
    if "pattern" in rule and not re.fullmatch(rule["pattern"][0], value):
        raise UserError(f"configuration: {name}={value} is {rule['pattern'][1]}.")
    if "day" in rule and value is not None:
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
