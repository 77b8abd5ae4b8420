"""Types and ranges of the keys in conf/monitor/: a class for each section, which is named after the check that it sets."""

from dataclasses import dataclass

from clv.config.ranges import between, one_of, required


@dataclass
class Thresholds:
    warn_ks: float = between(0, 1)
    alert_ks: float = between(0, 1)
    warn_share: float = between(0, 1)
    alert_share: float = between(0, 1)


@dataclass
class FeatureDrift:
    significance: float = between(0, 1)
    positives_apart: float = between(0, 1)
    same_days: float = between(0, 3650)
    same_share: float = between(0, 1)
    usual: Thresholds = required()
    overrides: dict[str, Thresholds] = required()


@dataclass
class Change:
    """Of a figure beside its own, in standard errors and as a share of it."""

    min_z: float = between(0, 100)
    warn: float = between(0, 100)
    alert: float = between(0, 100)


@dataclass
class PerformanceOverTime:
    most: int = between(1, 1000)
    days_apart: int = between(0, 3650)
    min_z: float = between(0, 100)
    warn_bias: float = between(0, 100)
    alert_bias: float = between(0, 100)
    warn_gini: float = between(0, 2)
    alert_gini: float = between(0, 2)


@dataclass
class SegmentDrift:
    significance: float = between(0, 1)
    warn: float = between(0, 1)
    alert: float = between(0, 1)


@dataclass
class ShapDrift:
    customers: int = between(10, 1_000_000)
    significance: float = between(0, 1)
    warn: float = between(0, 1)
    alert: float = between(0, 1)
    low: float = between(0, 1)
    high: float = between(1, 1000)


@dataclass
class RecentOrders(Change):
    days: int = between(7, 365)
    windows: int = between(1, 100)


@dataclass
class Monitor:
    alarm_at: str = one_of("warn", "alert")
    min_customers: int = between(2, 1_000_000_000)
    least_history: float = between(0, 1)
    report_customers: int = between(100, 50_000)
    evidently: str = one_of("full", "drift", "off")
    season_doubts: float = between(0, 10)
    recent_orders: RecentOrders = required()
    feature_drift: FeatureDrift = required()
    prediction_drift: Change = required()
    performance_over_time: PerformanceOverTime = required()
    segment_drift: SegmentDrift = required()
    shap_drift: ShapDrift = required()
