"""Types and ranges of every key in conf/; the values, their units and their reasons stand there."""

from dataclasses import dataclass

from clv.config.monitor import Monitor
from clv.config.ranges import between, day_or_none, one_of, pattern, required, text


@dataclass
class Columns:
    customer_id: str = text()
    order_date: str = text()
    revenue: str = text()
    quantity: str | None = text()
    unit_price: str | None = text()
    refund: str | None = text()
    cost: str | None = text()
    currency: str | None = text()


@dataclass
class Data:
    path: str = text()
    columns: Columns = required()
    encoding: str | None = pattern(r"[\w-]+", "not the name of an encoding, like cp1252")
    query: str | None = text()
    sheet: str | None = text()
    delimiter: str | None = pattern(r"[^\w\s\"]|tab", "not one sign, like ~, or tab")
    skip_rows: int = between(0, 10_000)
    widths: list[int] | None = between(1, 100_000)
    date_format: str | None = pattern(
        r"excel|unix|unix_ms|((?=[^|]*%(d|-d|j))(?=[^|]*%(m|-m|b|B|j))(?=[^|]*%[Yy])[^|]*(\||$))+",
        "not a format with a day, a month and a year, like %d/%m/%Y, nor excel, unix or unix_ms",
    )
    timezone: str | None = pattern(r"[A-Za-z]\w*([/+-]\w+)*", "no name of a time zone, like Europe/Berlin")
    decimal: str | None = one_of(".", ",")
    thousands: str | None = one_of(",", ".", " ", "'")
    negative_style: str | None = one_of("parentheses", "trailing_minus")
    earliest_date: str = day_or_none()
    latest_date: str | None = day_or_none()
    max_abs_revenue: float = between(0.01, 9e13)
    where: str | None = text()
    currency: str | None = pattern(r"\S{1,4}", "not a currency, like EUR")
    rates: dict[str, float] | None = between(1e-9, 1e5)
    margin: float | None = between(0.0001, 1)
    missing_id: str = one_of("refuse", "drop")
    guest_ids: list[str] = text()
    max_customer_share: float = between(0, 1)
    allow_unique_ids: bool = required()
    max_rejected_share: float = between(0, 1)
    max_rejected_rows: int = between(0, 1_000_000_000_000)
    max_rejected_revenue_share: float = between(0, 1)
    max_lost_customers_share: float = between(0, 1)
    warn_share: float = between(0, 1)


@dataclass
class Window:
    horizon_days: int = between(1, 3650)
    as_of: str | None = day_or_none()
    snapshot_step_days: int = between(1, 3650)
    max_snapshots: int = between(1, 100)
    min_history_days: int = between(1, 3650)
    max_silent_days: int = between(0, 3650)
    discount_rate: float = between(0, 10)


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
    season: bool = required()
    lifecycle: Lifecycle = required()
    moving: list[str] = text()


@dataclass
class Model:
    chains: list[str] = pattern(r"\w+(\+\w+)*", "not a chain of stages, names joined by + like btyd+glm+trees")
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
    min_customers: int = between(2, 1_000_000_000)
    correct_from: int = between(2, 1_000_000_000)


@dataclass
class Evaluation:
    bootstrap_replicates: int = between(20, 10_000)
    confidence: float = between(0.5, 0.999)


@dataclass
class Clusters:
    k: int = between(1, 1000)
    scale: str = one_of("log1p", "linear")


@dataclass
class Segments:
    actions: dict[str, dict[str, str]] = text()


@dataclass
class Economics:
    contact_cost: float | None = between(0.0001, 1e9)
    response: float = between(0, 1)
    margin: float = between(0.0001, 1)
    discount_rate: float = between(0, 10)
    depths: list[float] = between(0.0001, 1)


@dataclass
class Tracking:
    model_name: str = pattern(r"[\w .-]+", "no plain name of letters, digits, blanks and _ . -")
    candidates: str | None = text()
    bootstrap: bool = required()
    log_customer_ids: bool = required()
    max_artifact_mb: float = between(1, 1e6)
    patience_seconds: float = between(1, 3600)


@dataclass
class Review:
    metrics: list[str] = one_of("rmse", "mae", "r2", "spearman", "normalized_gini", "top_decile_share", "bias")
    worth_a_change: float = between(0, 1)
    bias_worse: float = between(0, 1000)
    against_btyd: str = one_of("not_worse", "better")
    bias_low: float = between(0, 1)
    bias_high: float = between(1, 1000)
    coverage_low: float = between(0, 1)
    coverage_high: float = between(0, 1)
    movers: int = between(0, 1000)
    worth_in_money: float = between(0, 1e15)
    four_eyes: bool = required()
    require_record: bool = required()


@dataclass
class People:
    analyst: str | None
    data_scientist: str | None
    platform_engineer: str | None
    auditor: str | None


@dataclass
class Readiness:
    max_age_days: int = between(0, 36500)
    min_free_gb: float = between(0, 1e6)
    people: People = required()


@dataclass
class Ask:
    at: str | None
    verify: bool
    settle: bool
    customer: str | None
    before: str | None
    after: str | None
    drop: str | None


@dataclass
class Backtest:
    cutoffs: list[str] = day_or_none()
    origins: int = between(1, 100)


@dataclass
class Range:
    key: str = text()
    low: float = required()
    high: float = required()


@dataclass
class Tune:
    name: str = pattern(r"\w+", "no plain name of letters, digits and _")
    folder: str = text()
    origins: int = between(1, 100)
    trials: int = between(1, 100_000)
    minutes: float = between(0, 100_000)
    space: list[Range] = required()


@dataclass
class Check:
    name: str | None = pattern(r"[A-Za-z]\w*", "no plain name of letters, digits and _ that begins with a letter")
    folder: str = text()


@dataclass
class Person:
    reviewer: str | None
    reason: str | None
    version: str | None
    run_id: str | None
    decision: str | None
    despite_gates: bool


@dataclass
class Alerts:
    url_variables: list[str] = pattern(r"[A-Za-z_]\w*", "no name of an environment variable", secret=True)
    ui: str | None = required()


@dataclass
class Simulate:
    path: str = text()
    customers: int = between(1, 10_000_000)
    first_day: str = day_or_none()
    days: int = between(1, 36500)
    season: list[float] = between(0.01, 100)
    bargain_share: float = between(0, 1)
    regular_share: float = between(0, 1)
    customer_spread: float = between(0, 3)
    order_spread: float = between(0, 3)
    price_rise: float = between(-0.9, 10)
    price_rise_day: str | None = day_or_none()


@dataclass
class Serve:
    host: str = pattern(r"[\w.:-]+", "no address of this machine, like 127.0.0.1")
    port: int = between(0, 65535)
    look_seconds: float = between(0.1, 86_400)
    workers: int = between(1, 256)
    waiting: int = between(1, 10_000)
    max_body_mb: float = between(0.001, 1000)
    body_seconds: float = between(0.1, 3600)
    max_rows: int = between(1, 10_000_000)
    pinned_versions: int = between(1, 100)


@dataclass
class Compute:
    dialect: str | None = one_of("spark", "databricks", "snowflake", "postgres")
    engine: str = one_of("duckdb", "spark")
    memory_limit: str = text()
    partition_customers: int = between(100, 10**9)
    remote: str | None = required()
    temp_folder: str | None = text()
    threads: int = between(1, 1024)


@dataclass
class Config:
    data: Data = required()
    window: Window = required()
    features: Features = required()
    model: Model = required()
    evaluation: Evaluation = required()
    clusters: Clusters = required()
    segments: Segments = required()
    economics: Economics = required()
    monitor: Monitor = required()
    review: Review = required()
    tracking: Tracking = required()
    backtest: Backtest = required()
    tune: Tune = required()
    person: Person = required()
    ask: Ask = required()
    check: Check = required()
    readiness: Readiness = required()
    alerts: Alerts = required()
    simulate: Simulate = required()
    serve: Serve = required()
    compute: Compute = required()
    outputs: str = text()
    profile: str | None = pattern(r"\w+", "no plain name of letters, digits and _")
    seed: int = between(0, 2**31 - 1)
    keep_bundles: int = between(1, 10_000)
    keep_reports: int = between(1, 10_000)
    lock_wait_seconds: float = between(0, 86_400)
