"""Counts of what was answered, and their Prometheus page."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

_BOUNDS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 15.0)
# What a caller can make up must not make new time series.
_METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))
METRICS_TYPE = b"text/plain; version=0.0.4; charset=utf-8"


Labels = tuple[tuple[str, str], ...]


class Gauge(NamedTuple):
    """A number that goes up and down, with its labels."""

    name: str
    description: str
    labels: Labels
    value: float


class Count(NamedTuple):
    """A number that only grows, with its labels; its name ends in `_total`."""

    name: str
    description: str
    labels: Labels
    value: int


@dataclass(slots=True)
class _Series:
    seconds: float = 0.0
    buckets: list[int] = field(default_factory=lambda: [0] * (len(_BOUNDS) + 1))


class Metrics:
    """Requests and their latency by function, method and status.

    Counting is a few additions; prometheus_client is imported when somebody asks for the page.
    """

    def __init__(self) -> None:
        self._series: dict[tuple[str, str, int], _Series] = {}

    def count(self, function: str, method: str, status: int, seconds: float) -> None:
        """One answered request."""
        key = (function, method if method in _METHODS else "other", status)
        series = self._series.get(key)
        if series is None:
            series = self._series[key] = _Series()
        series.seconds += seconds
        series.buckets[bisect_left(_BOUNDS, seconds)] += 1

    def page(self, numbers: Iterable[Gauge | Count]) -> bytes:
        """Everything in Prometheus' text format."""
        from prometheus_client import CollectorRegistry, generate_latest
        from prometheus_client.registry import Collector

        metrics = self

        class _Snapshot(Collector):
            def collect(self) -> Iterator[Any]:
                yield metrics._latencies()
                yield from _families(numbers)

        registry = CollectorRegistry(auto_describe=False)
        registry.register(_Snapshot())
        return generate_latest(registry)

    def _latencies(self) -> Any:
        from prometheus_client.core import HistogramMetricFamily

        family = HistogramMetricFamily(
            "http_request_duration_seconds",
            "Requests answered, and how long they took",
            labels=("function", "method", "status"),
        )
        for (function, method, status), series in self._series.items():
            family.add_metric((function, method, str(status)), _cumulative(series.buckets), series.seconds)
        return family


def _cumulative(buckets: list[int]) -> list[tuple[str, float]]:
    total, rows = 0, []
    for bound, count in zip((*map(str, _BOUNDS), "+Inf"), buckets, strict=True):
        total += count
        rows.append((bound, float(total)))
    return rows


def _families(numbers: Iterable[Gauge | Count]) -> Iterator[Any]:
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

    kinds = {Gauge: GaugeMetricFamily, Count: CounterMetricFamily}
    families: dict[str, Any] = {}
    for number in numbers:
        family = families.get(number.name)
        if family is None:
            names = [name for name, _ in number.labels]
            family = kinds[type(number)](number.name, number.description, labels=names)
            families[number.name] = family
        family.add_metric([value for _, value in number.labels], number.value)
    yield from families.values()
