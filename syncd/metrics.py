"""What Prometheus is told: one registry per process, under names that dashboards may rely on."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from syncd import __version__

CONTENT_TYPE = CONTENT_TYPE_LATEST
STATES = ("ok", "paused", "refused", "unreachable", "incomplete")


class Metrics:
    """The figures of one process; `render` is what /metrics answers."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        Info("syncd_build", "The version that runs.", registry=self.registry).info({"version": __version__})
        self.connection_state = self._gauge(
            "connection_state", "1 for the state a connection is in.", "connection", "state"
        )
        self.last_success = self._gauge(
            "last_success_timestamp_seconds", "When a connection was last pulled to the end.", "connection"
        )
        self.records = Counter(
            "syncd_records_total",
            "Records pulled, changed, created, updated, held and failed.",
            ("connection", "action"),
            registry=self.registry,
        )
        self.operations = self._gauge("operations", "Operations by state.", "connection", "state")
        self.reviews_open = self._gauge("reviews_open", "Reviews that wait for a person.")
        self.drift = self._gauge("drift_customers", "Customers that are not the same everywhere.")
        self.requests = Counter(
            "syncd_vendor_requests_total",
            "Requests sent, by kind and HTTP status (none: no answer).",
            ("connection", "kind", "status"),
            registry=self.registry,
        )
        self.request_seconds = self._times(
            "vendor_request_seconds", "How long requests took.", "connection", "kind"
        )
        self.run_seconds = self._times("run_seconds", "How long runs took.", "status")
        self.misses = Counter(
            "syncd_scheduler_misses_total",
            "Times a schedule could not be kept.",
            ("connection",),
            registry=self.registry,
        )

    def observer(self, connection: str) -> Callable[[str, int | None, float], None]:
        """Return what a connection's requests are told to: kind, status, seconds."""

        def observe(kind: str, status: int | None, seconds: float) -> None:
            self.requests.labels(connection, kind, "none" if status is None else str(status)).inc()
            self.request_seconds.labels(connection, kind).observe(seconds)

        return observe

    def set_state(self, connection: str, state: str) -> None:
        """Show the state a connection is in, and none other."""
        for known in STATES:
            self.connection_state.labels(connection, known).set(1 if known == state else 0)

    def render(self) -> bytes:
        """Return all figures in Prometheus' text format."""
        return generate_latest(self.registry)

    def _gauge(self, name: str, words: str, *labels: str) -> Gauge:
        return Gauge(f"syncd_{name}", words, labels, registry=self.registry)

    def _times(self, name: str, words: str, *labels: str) -> Histogram:
        return Histogram(f"syncd_{name}", words, labels, registry=self.registry)
