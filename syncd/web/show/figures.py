"""The figures that /metrics takes from the store: states, operations, reviews, drift."""

from __future__ import annotations

from syncd.metrics import Metrics
from syncd.store import Reading


def gauge(tx: Reading, metrics: Metrics) -> None:
    """Bring the gauges up to what the store says now."""
    for name, state in tx.connections.all().items():
        metrics.set_state(name, state.state)
        if state.last_success:
            metrics.last_success.labels(name).set(state.last_success.timestamp())
    metrics.operations.clear()
    for (name, word), count in tx.operations.open_counts().items():
        metrics.operations.labels(name, word).set(count)
    metrics.reviews_open.set(tx.reviews.count_open())
    metrics.drift.set(tx.holds.customers())
