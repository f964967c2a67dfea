"""Metrics of the API for Prometheus. Labels never contain values of a profile."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import NamedTuple

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Metric,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from vatspolicy.server.api.bundle_store import BundleStore
from vatspolicy.server.serve import METRICS

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper bounds of the histogram, in seconds."""


class DecisionCount(NamedTuple):
    """One decision of a request."""

    outcome: str
    seconds: float
    """Its time, without waiting time."""


class Metrics:
    """The metrics of one application, in their own registry; with `share_metrics`, of all workers."""

    def __init__(self, store: BundleStore) -> None:
        # Otherwise every counter gets a gauge `…_created`.
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self._registry = registry = CollectorRegistry()
        self._requests = Counter(
            "vatspolicy_requests_total", "Answers by route and status.", ("route", "code"), registry=registry
        )
        self._decisions = Counter("vatspolicy_decisions_total", "Decisions by word.", ("decision",), registry=registry)
        self._refused = Counter(
            "vatspolicy_refused_total",
            "Requests that were not answered, by the code of the error.",
            ("code",),
            registry=registry,
        )
        self._seconds = Histogram(
            "vatspolicy_decision_seconds",
            "Time to read, decide and explain one profile.",
            registry=registry,
            buckets=BUCKETS,
        )
        self._pending = Gauge(
            "vatspolicy_decisions_pending",
            "Decisions under way or waiting.",
            registry=registry,
            multiprocess_mode="livesum",
        )
        if METRICS in os.environ:
            self._registry = CollectorRegistry()
            MultiProcessCollector(self._registry)  # type: ignore[no-untyped-call]
        self._registry.register(_BundleCollector(store))

    def note_pending(self, count: int) -> None:
        """Record the number of running or waiting decisions in this process."""
        self._pending.set(count)

    def count_response(self, route: str, status: int, code: str | None) -> None:
        """Count a response; `route` is the name of a route, never a path, and `code` that of an error."""
        self._requests.labels(route, str(status)).inc()
        if code is not None:
            self._refused.labels(code).inc()

    def count_decision(self, outcome: str, seconds: float) -> None:
        """Count a decision and its time, without waiting time."""
        self._decisions.labels(outcome).inc()
        self._seconds.observe(seconds)

    def render(self) -> bytes:
        """Return all metrics in the text format of Prometheus."""
        return generate_latest(self._registry)


class _BundleCollector(Collector):
    """Metrics of the bundle in use, read on request."""

    def __init__(self, store: BundleStore) -> None:
        self._store = store

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics."""
        bundle = self._store.loaded.bundle
        info = GaugeMetricFamily("vatspolicy_bundle_info", "The bundle in use.", labels=("version", "digest"))
        info.add_metric((bundle.version, bundle.digest), 1)
        yield info
        text = "1 if the bundle in use is the one in the files; 0: the last good."
        yield GaugeMetricFamily("vatspolicy_bundle_current", text, int(self._store.current))
        reloads = CounterMetricFamily(
            "vatspolicy_bundle_reloads", "Attempts to take another bundle.", labels=("result",)
        )
        for result, count in sorted(self._store.reloads.items()):
            reloads.add_metric((result,), count)
        yield reloads
