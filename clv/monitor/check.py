"""What a check of the monitor is."""

from collections.abc import Mapping
from typing import Any, Protocol, TypeVar

from clv.monitor.evidence import Evidence, Measured
from clv.monitor.finding import Finding

Limits = TypeVar("Limits")


class Check(Protocol[Limits]):
    """One question that the monitor asks. To add one, write a class with these members and put it into CHECKS (checks.py)."""

    @property
    def name(self) -> str:
        """Returns what a person reads, such as "Segment drift"."""

    @property
    def section(self) -> str:
        """Returns the name of its section in conf/monitor/ and of its part of the baseline."""

    @property
    def pictured(self) -> str:
        """Returns the heading above its pictures on the page; empty where it draws none."""

    def limits(self, settings: Mapping[str, Any]) -> Limits:
        """Returns its limits from its section of conf/monitor/, to which min_customers is added."""

    def describe(self, measured: Measured) -> dict[str, Any]:
        """Returns its part of the baseline, which training makes: JSON-ready, no row and no id; {} where it needs none."""

    def compare(self, part: dict[str, Any], evidence: Evidence, limits: Limits) -> Finding:
        """Returns what it finds. part: what describe() returned when the version was trained."""
